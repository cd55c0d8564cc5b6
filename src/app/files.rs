//! From the configuration's files to the parts of a daemon: every file is read and checked before a port is bound.

use super::{daemon::Keys, serve::ServeError};
use crate::{
    api::admin::token::{self, AdminToken},
    config::{AdminAddress, CallsConfig, Config, KeyFiles, TlsFiles, key_file},
    crypto::{
        SigningKey,
        keys::read_secret,
        turn::{IceServers, Secret},
    },
    model::{limits, org::SignedCard},
    net::{
        Listen,
        cert::TlsIdentity,
        serve::ServerTls,
        stream::{TcpListen, UnixListen},
    },
    wire,
};
use std::{
    fmt, fs,
    net::SocketAddr,
    path::{Path, PathBuf},
};

fn unusable(path: &Path, error: impl fmt::Display) -> ServeError {
    ServeError::Config(format!("{}: {error}", path.display()))
}

/// Reads all keys.
pub fn load_keys(files: &KeyFiles) -> Result<Keys, ServeError> {
    let signing =
        SigningKey::load(&files.path(key_file::SIGNING)).map_err(|error| ServeError::Config(error.to_string()))?;
    let token_path = files.path(token::FILE);
    let admin_token = AdminToken::load(&token_path).map_err(|error| ServeError::Config(error.to_string()))?;
    Ok(Keys { signing, card: load_card(&files.path(key_file::CARD))?, tls: load_peer_tls(files)?, admin_token })
}

/// STUN and TURN servers, with the relay's secret.
pub fn ice_servers(config: &CallsConfig) -> Result<IceServers, ServeError> {
    let read = |path: &PathBuf| {
        let text = fs::read_to_string(path).map_err(|error| unusable(path, error))?;
        match text.trim() {
            "" => Err(unusable(path, "is empty; it must hold the static-auth-secret of the relay")),
            text => Ok(Secret::new(text.to_owned())),
        }
    };
    let secret = config.turn_secret.as_ref().map(read).transpose()?;
    Ok(IceServers { stun: config.stun.clone(), turn: config.turn.clone(), secret })
}

fn load_card(path: &Path) -> Result<SignedCard, ServeError> {
    let document = fs::read(path).map_err(|error| unusable(path, error))?;
    if document.len() > limits::CARD_BYTES_MAX {
        return Err(unusable(path, "is too large for a card"));
    }
    let card = wire::proof::open_card(&document, None).map_err(|error| unusable(path, error.detail()))?;
    Ok(card.into_inner())
}

/// Key and certificate of the federation listener.
pub fn load_peer_tls(files: &KeyFiles) -> Result<TlsIdentity, ServeError> {
    load_tls(&files.path(key_file::TLS_CERTIFICATE), &files.path(key_file::TLS_KEY))
}

/// Key and certificate of the client listener.
pub fn load_client_tls(files: &TlsFiles) -> Result<TlsIdentity, ServeError> {
    load_tls(&files.certificate, &files.key)
}

fn load_tls(certificate: &Path, key: &Path) -> Result<TlsIdentity, ServeError> {
    let chain = fs::read_to_string(certificate).map_err(|error| unusable(certificate, error))?;
    let secret = read_secret(key).map_err(|error| ServeError::Config(error.to_string()))?;
    TlsIdentity::parse(&chain, &secret).map_err(|error| unusable(key, error))
}

/// The certificate of the client listener, if it has one.
pub fn client_server_tls(config: &Config) -> Result<Option<ServerTls>, ServeError> {
    let Some(files) = &config.client.tls else { return Ok(None) };
    let tls = ServerTls::new(&load_client_tls(files)?).map_err(|error| unusable(&files.certificate, error))?;
    Ok(Some(tls))
}

/// Binds a TCP port.
pub async fn bind(key: &str, address: SocketAddr) -> Result<Box<dyn Listen>, ServeError> {
    match TcpListen::bind(address).await {
        Ok(listener) => Ok(Box::new(listener)),
        Err(error) => Err(ServeError::Fault(format!("cannot listen on {address} ({key}): {error}"))),
    }
}

/// Binds the admin listener.
pub async fn bind_admin(address: &AdminAddress) -> Result<Box<dyn Listen>, ServeError> {
    match address {
        AdminAddress::Loopback(address) => bind("admin.listen", *address).await,
        AdminAddress::Unix(path) => match UnixListen::bind(path) {
            Ok(listener) => Ok(Box::new(listener)),
            Err(error) => {
                Err(ServeError::Fault(format!("cannot listen on {} (admin.listen): {error}", path.display())))
            }
        },
    }
}
