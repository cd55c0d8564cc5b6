//! Which organization on this machine a command is about: its directory, configuration, and admin API.

use super::{
    failure::{Done, Failure},
    http::{Endpoint, Http, token_of},
};
use crate::{
    api::admin::{self, token},
    config::{AdminAddress, Config},
};
use std::{
    fs,
    net::SocketAddr,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

/// The name of the configuration file in an org's directory.
pub const CONFIG_FILE: &str = "handclasp.toml";
const SYSTEM_DIR: &str = "/var/lib/handclasp";

/// The directory that was named, or the one that is meant when none is.
#[derive(Clone, Debug)]
pub struct Place {
    named: Option<PathBuf>,
    config: Option<PathBuf>,
}

impl Place {
    /// From `--dir` and `--config`.
    #[must_use]
    pub fn new(dir: Option<PathBuf>, config: Option<PathBuf>) -> Self {
        Self { named: dir, config }
    }

    /// The directory that `--dir` names, if it does.
    #[must_use]
    pub fn named(&self) -> Option<&Path> {
        self.named.as_deref()
    }

    /// The directory: `--dir`, else that of `--config`, else `$HANDCLASP_DIR`, else `.` when it holds a configuration, else
    /// `/var/lib/handclasp`.
    #[must_use]
    pub fn dir(&self) -> PathBuf {
        let of_config = || self.config.as_deref().and_then(Path::parent).map(Path::to_owned);
        let of_environment = || std::env::var_os("HANDCLASP_DIR").filter(|dir| !dir.is_empty()).map(PathBuf::from);
        let here = || Path::new(CONFIG_FILE).is_file().then(|| PathBuf::from("."));
        self.named
            .clone()
            .or_else(of_config)
            .or_else(of_environment)
            .or_else(here)
            .unwrap_or_else(|| PathBuf::from(SYSTEM_DIR))
    }

    /// The configuration file.
    #[must_use]
    pub fn config_file(&self) -> PathBuf {
        self.config.clone().unwrap_or_else(|| self.dir().join(CONFIG_FILE))
    }

    /// The checked configuration.
    pub fn config(&self) -> Done<Config> {
        let file = self.config_file();
        Config::load(&file).map_err(|error| {
            let next = if file.exists() {
                "correct it and run the command again"
            } else {
                "name the org's directory with --dir, or make one: handclasp init --domain YOUR.DOMAIN --dir DIR"
            };
            Failure::config(error).next(next)
        })
    }

    /// For commands that write the organization's files themselves: refuses to leave files of another user than the owner
    /// of the directory there, such as root's, which the daemon could not read.
    pub fn as_owner(&self) -> Done<&Self> {
        let (dir, me) = (self.dir(), rustix::process::geteuid().as_raw());
        match fs::metadata(&dir) {
            Ok(found) if found.uid() != me => Err(Failure::usage(format!(
                "{} belongs to the user {}, and what you make there the daemon could not read",
                dir.display(),
                found.uid()
            ))
            .next("run it as that user: runuser -u handclasp -- handclasp …")),
            _ => Ok(self),
        }
    }

    /// The admin API of the org's daemon.
    pub fn admin(&self) -> Done<Http> {
        let config = self.config()?;
        let token = token_of(&config.keys.path(token::FILE))?;
        Ok(Http::new(admin_endpoint(&config.admin))?.with_token(token).with_actor(local_user()))
    }

    /// The client API of the org's daemon.
    pub fn client_endpoint(&self) -> Done<Endpoint> {
        let config = self.config()?;
        let scheme = if config.client.tls.is_some() { "https" } else { "http" };
        Ok(Endpoint::Url(format!("{scheme}://{}", loopback(config.client.listen))))
    }
}

/// Who asks, for the audit log: the person behind `sudo`, else the user of the session. The token is what proves.
fn local_user() -> Option<String> {
    let named = |variable| std::env::var(variable).ok().filter(|name| admin::is_actor_name(name));
    ["SUDO_USER", "USER", "LOGNAME"].into_iter().find_map(named)
}

fn admin_endpoint(address: &AdminAddress) -> Endpoint {
    match address {
        AdminAddress::Loopback(address) => Endpoint::Url(format!("http://{address}")),
        AdminAddress::Unix(path) => Endpoint::Socket(path.clone()),
    }
}

/// A listener on every address is dialed on loopback.
fn loopback(listen: SocketAddr) -> SocketAddr {
    match listen {
        SocketAddr::V4(_) if listen.ip().is_unspecified() => ([127, 0, 0, 1], listen.port()).into(),
        SocketAddr::V6(_) if listen.ip().is_unspecified() => (std::net::Ipv6Addr::LOCALHOST, listen.port()).into(),
        _ => listen,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_directory_comes_before_everything_else() {
        let place = Place::new(Some("/srv/acme".into()), Some("/etc/handclasp/acme.toml".into()));
        assert_eq!(place.dir(), PathBuf::from("/srv/acme"));
        assert_eq!(place.config_file(), PathBuf::from("/etc/handclasp/acme.toml"));
    }

    #[test]
    fn a_configuration_alone_names_its_directory() {
        let place = Place::new(None, Some("/srv/acme/handclasp.toml".into()));
        assert_eq!(place.dir(), PathBuf::from("/srv/acme"));
    }

    #[test]
    fn a_directory_without_configuration_says_how_to_make_one() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let failure = Place::new(Some(dir.path().to_owned()), None).config().expect_err("nothing is there");
        assert_eq!(failure.exit, super::super::failure::Exit::Config);
        assert!(failure.next.expect("a hint").contains("handclasp init"));
    }

    #[test]
    fn files_are_made_only_by_the_owner_of_the_directory() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let own = Place::new(Some(dir.path().to_owned()), None);
        assert!(own.as_owner().is_ok() && Place::new(Some(dir.path().join("new")), None).as_owner().is_ok());
        // Whoever runs this: one of the two belongs to somebody else.
        let others = [dir.path(), Path::new("/")].map(|dir| fs::metadata(dir).expect("is there").uid());
        let root = Place::new(Some("/".into()), None);
        assert_eq!(root.as_owner().is_ok(), others[0] == others[1]);
    }

    #[test]
    fn listeners_on_all_addresses_are_dialed_on_loopback() {
        assert_eq!(loopback("0.0.0.0:1".parse().expect("address")).to_string(), "127.0.0.1:1");
        assert_eq!(loopback("[::]:1".parse().expect("address")).to_string(), "[::1]:1");
        assert_eq!(loopback("10.0.0.1:1".parse().expect("address")).to_string(), "10.0.0.1:1");
    }
}
