//! Mutual TLS between daemons (W3): TLS 1.3, one protocol, no resumption, and a key that a pinned card names.

use super::cert::{TlsIdentity, ends_at, spki_pin};
use crate::model::{Digest, Domain, Millis};
use arc_swap::ArcSwap;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, DistinguishedName, Error, ServerConfig, SignatureScheme,
    client::{
        Resumption,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::CryptoProvider,
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::{
        NoServerSessionStorage,
        danger::{ClientCertVerified, ClientCertVerifier},
    },
};
use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// The one application protocol.
pub const ALPN: &[u8] = b"handclasp/1";

/// Which peer a TLS pin belongs to now, if any. Asked at every handshake, so that a removed pin counts at once.
pub type PinLookup = Arc<dyn Fn(&Digest) -> Option<Domain> + Send + Sync>;

/// Why TLS with a peer did not come about.
#[derive(Clone, Debug, thiserror::Error)]
pub enum TlsError {
    /// Our own certificate or key cannot be used.
    #[error("the TLS certificate cannot be used: {0}")]
    Certificate(String),
    /// The configuration was refused.
    #[error("TLS cannot be set up: {0}")]
    Setup(#[from] Error),
    /// The other side did not agree on the protocol.
    #[error("the other side does not speak handclasp/1")]
    Protocol,
    /// The other side's key is not pinned.
    #[error("the other side's TLS key is not one of the peer's pins")]
    Unpinned,
    /// The name cannot stand in a handshake.
    #[error("the domain cannot be used as a server name")]
    Name,
}

/// Who is on the other end of a connection: taken from the TLS key, never from a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerIdentity {
    /// The peer.
    pub domain: Domain,
    /// The pin that proved it.
    pub pin: Digest,
}

/// Both TLS roles of our org towards its peers.
pub struct PeerTls {
    provider: Arc<CryptoProvider>,
    pins: PinLookup,
    server: ArcSwap<ServerConfig>,
    own: ArcSwap<TlsIdentity>,
    /// When the certificate ends that each peer showed last.
    ends: Mutex<BTreeMap<Domain, Millis>>,
}

impl fmt::Debug for PeerTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PeerTls").finish_non_exhaustive()
    }
}

/// The one source of algorithms.
#[must_use]
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

impl PeerTls {
    /// Sets both roles up.
    ///
    /// # Errors
    /// When certificate and key do not fit each other.
    pub fn new(own: TlsIdentity, pins: PinLookup) -> Result<Self, TlsError> {
        let provider = provider();
        let server = server_config(&provider, &own, &pins)?;
        Ok(Self {
            provider,
            pins,
            server: ArcSwap::from_pointee(server),
            own: ArcSwap::from_pointee(own),
            ends: Mutex::default(),
        })
    }

    /// Takes a new certificate and key; connections that stand stay.
    ///
    /// # Errors
    /// When they do not fit each other; the present ones stay in use.
    pub fn reload(&self, own: TlsIdentity) -> Result<(), TlsError> {
        let server = server_config(&self.provider, &own, &self.pins)?;
        client_config(&self.provider, &own, Verifier::new(&self.provider, &self.pins, None))?;
        self.server.store(Arc::new(server));
        self.own.store(Arc::new(own));
        Ok(())
    }

    /// Accepts any pinned peer.
    #[must_use]
    pub fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.server.load_full())
    }

    /// Connects to exactly one peer.
    ///
    /// # Errors
    /// When the domain cannot be a server name.
    pub fn connector(&self, peer: &Domain) -> Result<(TlsConnector, ServerName<'static>), TlsError> {
        let name = ServerName::try_from(peer.to_string()).map_err(|_| TlsError::Name)?;
        let verifier = Verifier::new(&self.provider, &self.pins, Some(peer.clone()));
        let config = client_config(&self.provider, &self.own.load(), verifier)?;
        Ok((TlsConnector::from(Arc::new(config)), name))
    }

    /// Who is on the other end, after the handshake.
    ///
    /// # Errors
    /// When the protocol was not agreed on, or the key is not pinned any more.
    pub fn identify(&self, connection: &rustls::CommonState) -> Result<PeerIdentity, TlsError> {
        if connection.alpn_protocol() != Some(ALPN) {
            return Err(TlsError::Protocol);
        }
        let certificate = connection.peer_certificates().and_then(<[_]>::first).ok_or(TlsError::Unpinned)?;
        let pin = spki_pin(certificate)?;
        let domain = (self.pins)(&pin).ok_or(TlsError::Unpinned)?;
        if let Some(end) = ends_at(certificate) {
            self.ends.lock().unwrap_or_else(PoisonError::into_inner).insert(domain.clone(), end);
        }
        Ok(PeerIdentity { domain, pin })
    }

    /// When our own certificate ends, or the one that a peer showed last since the daemon began, by their own words.
    #[must_use]
    pub fn certificate_end(&self, peer: Option<&Domain>) -> Option<Millis> {
        match peer {
            Some(peer) => self.ends.lock().unwrap_or_else(PoisonError::into_inner).get(peer).copied(),
            None => self.own.load().chain.first().and_then(ends_at),
        }
    }
}

fn server_config(
    provider: &Arc<CryptoProvider>,
    own: &TlsIdentity,
    pins: &PinLookup,
) -> Result<ServerConfig, TlsError> {
    let mut config = ServerConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_client_cert_verifier(Arc::new(Verifier::new(provider, pins, None)))
        .with_single_cert(own.chain.clone(), own.key.clone_key())?;
    config.alpn_protocols = vec![ALPN.to_vec()];
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    config.max_early_data_size = 0;
    Ok(config)
}

fn client_config(
    provider: &Arc<CryptoProvider>,
    own: &TlsIdentity,
    verifier: Verifier,
) -> Result<ClientConfig, TlsError> {
    let mut config = ClientConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_client_auth_cert(own.chain.clone(), own.key.clone_key())?;
    config.alpn_protocols = vec![ALPN.to_vec()];
    config.resumption = Resumption::disabled();
    config.enable_early_data = false;
    Ok(config)
}

/// Accepts a certificate by its key alone: names, dates and issuers of certificates mean nothing here.
struct Verifier {
    provider: Arc<CryptoProvider>,
    pins: PinLookup,
    /// The one peer that was dialed; none when any pinned peer may come.
    dialed: Option<Domain>,
}

impl Verifier {
    fn new(provider: &Arc<CryptoProvider>, pins: &PinLookup, dialed: Option<Domain>) -> Self {
        Self { provider: provider.clone(), pins: pins.clone(), dialed }
    }

    fn check(&self, certificate: &CertificateDer<'_>) -> Result<(), Error> {
        let refused = Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure);
        let pin = spki_pin(certificate).map_err(|_| Error::InvalidCertificate(CertificateError::BadEncoding))?;
        match ((self.pins)(&pin), &self.dialed) {
            (Some(owner), Some(dialed)) if owner == *dialed => Ok(()),
            (Some(_), None) => Ok(()),
            _ => Err(refused),
        }
    }

    fn check_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").field("dialed", &self.dialed).finish_non_exhaustive()
    }
}

fn no_tls12() -> Error {
    Error::PeerIncompatible(rustls::PeerIncompatible::Tls13RequiredForQuic)
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.check(end_entity).map(|()| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(no_tls12())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.check_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

impl ClientCertVerifier for Verifier {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.check(end_entity).map(|()| ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(no_tls12())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.check_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
