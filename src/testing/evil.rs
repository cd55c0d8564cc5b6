//! A peer with valid keys that does what it likes: for tests that send a real daemon what no honest one would.

mod link;
mod server;

pub use link::{EvilLink, MADE_AT, Reply};
pub use server::EvilServer;

use super::node::soon;
use crate::{
    clock::SystemRandom,
    crypto::SigningKey,
    model::{
        Digest, Domain, Millis,
        org::{Card, KeyUse, SignedCard, SigningKey as CardKey},
    },
    net::{
        cert::{self, TlsIdentity},
        stream::{BoxStream, Dial as _, TcpDial},
        tls::{ALPN, provider},
    },
    wire,
};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{
    Request, StatusCode,
    client::conn::http1,
    header::{CONTENT_TYPE, HOST},
};
use hyper_util::rt::TokioIo;
use rustls::{
    ClientConfig, DigitallySignedStruct, Error, HandshakeKind, SignatureScheme,
    client::{
        Resumption,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject as _},
    sign::{CertifiedKey, SingleCertAndKey},
};
use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};
use tokio::{net::TcpSocket, task::JoinHandle};
use tokio_rustls::{TlsConnector, client::TlsStream};

/// The keys of an org under the control of a test.
#[derive(Clone, Debug)]
pub struct OrgKeys {
    /// Its domain.
    pub domain: Domain,
    /// Signs its cards.
    pub identity: SigningKey,
    /// Signs everything else.
    pub signing: SigningKey,
    /// Its TLS certificate, PEM.
    pub certificate_pem: String,
    /// The key to it, PEM.
    pub key_pem: String,
}

/// What a connection shows in its handshake.
#[derive(Clone, Debug)]
pub struct Handshake {
    /// The client certificate and key, PEM; none to show none.
    pub shown: Option<(String, String)>,
    /// Application protocols.
    pub protocols: Vec<Vec<u8>>,
    /// Where sessions for a resumption are kept.
    pub resumption: Resumption,
    /// From which of the machine's addresses; any when none.
    pub from: Option<IpAddr>,
}

/// An HTTP connection of an evil org.
#[derive(Debug)]
pub struct EvilConnection {
    sender: http1::SendRequest<Full<Bytes>>,
    driver: JoinHandle<()>,
}

impl OrgKeys {
    /// An org with fresh keys.
    ///
    /// # Panics
    /// When the domain is malformed.
    #[must_use]
    pub fn new(domain: &str) -> Self {
        let domain: Domain = domain.parse().expect("the test names a valid domain");
        let (certificate_pem, key_pem) = cert::generate(&domain).expect("a certificate can be made");
        let identity = SigningKey::generate(&mut SystemRandom);
        let signing = SigningKey::generate(&mut SystemRandom);
        Self { domain, identity, signing, certificate_pem, key_pem }
    }

    /// The pin of its TLS key.
    #[must_use]
    pub fn pin(&self) -> Digest {
        self.tls().pin().expect("our own certificate is well-formed")
    }

    /// Its TLS identity.
    #[must_use]
    pub fn tls(&self) -> TlsIdentity {
        TlsIdentity::parse(&self.certificate_pem, &self.key_pem).expect("our own PEM is readable")
    }

    /// Its card.
    #[must_use]
    pub fn card(&self, version: u64, endpoint: &str) -> SignedCard {
        let card = Card {
            domain: self.domain.clone(),
            name: "Evil".parse().expect("a valid name"),
            identity: self.identity.public(),
            version,
            signing_keys: vec![CardKey { key: self.signing.public(), state: KeyUse::Current }],
            tls_pins: vec![self.pin()],
            endpoints: vec![endpoint.to_owned()],
            features: Vec::new(),
            issued_at: Millis(1_700_000_000_000),
        };
        wire::proof::seal_card(card, &self.identity).expect("the card keeps to the rules")
    }

    /// The handshake of an honest daemon.
    #[must_use]
    pub fn handshake(&self) -> Handshake {
        Handshake {
            shown: Some((self.certificate_pem.clone(), self.key_pem.clone())),
            protocols: vec![ALPN.to_vec()],
            resumption: Resumption::disabled(),
            from: None,
        }
    }

    /// Connects as an honest daemon would.
    ///
    /// # Errors
    /// When the daemon does not want to.
    pub async fn connect(&self, to: SocketAddr) -> io::Result<EvilConnection> {
        self.handshake().connect(to).await
    }
}

impl Handshake {
    /// Shakes hands and opens an HTTP connection. In TLS 1.3 a server's refusal of a client shows only at the first read.
    ///
    /// # Errors
    /// When the handshake fails.
    pub async fn connect(&self, to: SocketAddr) -> io::Result<EvilConnection> {
        let (sender, connection) =
            http1::Builder::new().handshake(TokioIo::new(self.tls(to).await?)).await.map_err(io::Error::other)?;
        let driver = tokio::spawn(async move {
            // How it ends shows at the request.
            let _ = connection.await;
        });
        Ok(EvilConnection { sender, driver })
    }

    /// The bare TLS stream.
    ///
    /// # Errors
    /// When the handshake fails.
    pub async fn tls(&self, to: SocketAddr) -> io::Result<TlsStream<BoxStream>> {
        self.over(self.dial(to).await?).await
    }

    /// The same over a stream that is there already.
    ///
    /// # Errors
    /// When the handshake fails.
    pub async fn over(&self, stream: BoxStream) -> io::Result<TlsStream<BoxStream>> {
        let name = ServerName::try_from("anything.example").expect("a valid name");
        soon("for a handshake", TlsConnector::from(Arc::new(self.config())).connect(name, stream)).await
    }

    /// The bare TCP stream.
    ///
    /// # Errors
    /// When nobody listens there.
    pub async fn dial(&self, to: SocketAddr) -> io::Result<BoxStream> {
        let Some(from) = self.from else { return TcpDial.dial(&to.to_string()).await };
        let socket = if to.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        socket.bind((from, 0).into())?;
        Ok(Box::new(socket.connect(to).await?))
    }

    /// Whether a second connection resumed the session of a first one.
    ///
    /// # Errors
    /// When a handshake fails.
    pub async fn resumes(&self, to: SocketAddr, request: &[u8]) -> io::Result<bool> {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let config = Arc::new(self.config());
        let mut kinds = Vec::new();
        for _ in 0..2 {
            let stream = TcpDial.dial(&to.to_string()).await?;
            let name = ServerName::try_from("anything.example").expect("a valid name");
            let mut stream = TlsConnector::from(config.clone()).connect(name, stream).await?;
            stream.write_all(request).await?;
            // Tickets, if any, come before the first answer.
            stream.read_u8().await?;
            kinds.push(stream.get_ref().1.handshake_kind());
        }
        Ok(kinds.iter().any(|kind| *kind != Some(HandshakeKind::Full)))
    }

    fn config(&self) -> ClientConfig {
        let builder = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&rustls::version::TLS13])
            .expect("the provider speaks TLS 1.3")
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(TrustsAnybody));
        let mut config = match &self.shown {
            Some((certificate, key)) => {
                builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(shown(certificate, key))))
            }
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = self.protocols.clone();
        config.resumption = self.resumption.clone();
        config.enable_early_data = true;
        config
    }
}

/// A certificate with a key that need not belong to it.
fn shown(certificate_pem: &str, key_pem: &str) -> CertifiedKey {
    let certificate = CertificateDer::from_pem_slice(certificate_pem.as_bytes()).expect("readable PEM");
    let key = PrivateKeyDer::from_pem_slice(key_pem.as_bytes()).expect("readable PEM");
    let key = provider().key_provider.load_private_key(key).expect("a usable key");
    CertifiedKey::new(vec![certificate], key)
}

impl EvilConnection {
    /// Posts bytes and takes the whole answer.
    ///
    /// # Errors
    /// When the connection breaks.
    pub async fn post(&mut self, path: &str, body: impl Into<Bytes>) -> Result<(StatusCode, Bytes), hyper::Error> {
        let request = Request::post(path)
            .header(HOST, "anything.example")
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(body.into()))
            .expect("the test builds a valid request");
        self.send(request).await
    }

    /// Sends any request and takes the whole answer.
    ///
    /// # Errors
    /// When the connection breaks.
    pub async fn send(&mut self, request: Request<Full<Bytes>>) -> Result<(StatusCode, Bytes), hyper::Error> {
        let asking = async {
            self.sender.ready().await?;
            let answer = self.sender.send_request(request).await?;
            let status = answer.status();
            Ok((status, answer.into_body().collect().await?.to_bytes()))
        };
        soon("for an answer of the daemon", asking).await
    }

    /// Waits until the daemon has closed the connection.
    pub async fn closed(&mut self) {
        // The task only moves bytes; however it ended, the connection is gone.
        let _ = soon("until the daemon closes the connection", &mut self.driver).await;
    }
}

#[derive(Debug)]
struct TrustsAnybody;

impl ServerCertVerifier for TrustsAnybody {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        provider().signature_verification_algorithms.supported_schemes()
    }
}
