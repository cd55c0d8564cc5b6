//! One kept-alive HTTP/1.1 connection to a peer, over mutual TLS, with a deadline for every step.

use super::{
    connections::{Connections, Direction, Registration},
    stream::{BoxStream, Dial},
    tls::{PeerTls, TlsError},
};
use crate::model::{Domain, limits};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{
    Request, Response, StatusCode,
    body::Incoming,
    client::conn::http1,
    header::{CONTENT_TYPE, HOST, HeaderValue},
};
use hyper_util::rt::TokioIo;
use std::{io, sync::Arc, time::Duration};
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;

/// Why a request to a peer got no answer. Whether it had an effect there is unknown.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The peer cannot be connected to.
    #[error("cannot connect: {0}")]
    Connect(io::Error),
    /// The handshake failed.
    #[error("the TLS handshake failed: {0}")]
    Handshake(io::Error),
    /// The other side is not the peer that was dialed.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// A step took longer than it may.
    #[error("no {0} in time")]
    Late(&'static str),
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Http(#[from] hyper::Error),
    /// The answer is larger than any of the protocol.
    #[error("the answer is too large")]
    Large,
}

/// An answer of a peer.
#[derive(Debug)]
pub struct PeerAnswer {
    /// HTTP status.
    pub status: StatusCode,
    /// The whole body.
    pub body: Bytes,
}

/// Where and as whom to connect.
#[derive(Clone)]
pub struct Dialer {
    /// How streams come to be.
    pub dial: Arc<dyn Dial>,
    /// Our TLS role.
    pub tls: Arc<PeerTls>,
    /// Where connections are entered.
    pub connections: Arc<Connections>,
}

impl std::fmt::Debug for Dialer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dialer").finish_non_exhaustive()
    }
}

/// A connection to a peer. After an error it is of no more use.
#[derive(Debug)]
pub struct PeerConnection {
    sender: http1::SendRequest<Full<Bytes>>,
    host: HeaderValue,
}

impl Dialer {
    /// Connects to a peer at one of its endpoints.
    ///
    /// # Errors
    /// When a step fails or takes too long, or when the other side is not this peer.
    pub async fn connect(&self, peer: &Domain, endpoint: &str) -> Result<PeerConnection, ClientError> {
        let stream = timeout(Duration::from_millis(limits::CONNECT_MS_MAX), self.dial.dial(endpoint))
            .await
            .map_err(|_| ClientError::Late("connection"))?
            .map_err(ClientError::Connect)?;
        let (connector, name) = self.tls.connector(peer)?;
        let stream = timeout(Duration::from_millis(limits::HANDSHAKE_MS_MAX), connector.connect(name, stream))
            .await
            .map_err(|_| ClientError::Late("TLS handshake"))?
            .map_err(ClientError::Handshake)?;
        let identity = self.tls.identify(stream.get_ref().1)?;
        if identity.domain != *peer {
            return Err(TlsError::Unpinned.into());
        }
        let place = self.connections.register(&identity, Direction::Outbound, usize::MAX);
        let (sender, connection) = http1::Builder::new().handshake(TokioIo::new(stream)).await?;
        tokio::spawn(drive(connection, place));
        let host = HeaderValue::try_from(peer.as_str()).map_err(|_| TlsError::Name)?;
        Ok(PeerConnection { sender, host })
    }
}

/// Moves the bytes of a connection until it ends, is cut, or nobody holds its sending half.
async fn drive(connection: http1::Connection<TokioIo<TlsStream<BoxStream>>, Full<Bytes>>, mut place: Registration) {
    tokio::select! {
        ended = connection => {
            if let Err(error) = ended {
                tracing::debug!(%error, "connection ended");
            }
        }
        () = place.cut() => {}
    }
}

impl PeerConnection {
    /// Whether the connection still stands, as far as is known without using it.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        !self.sender.is_closed()
    }

    /// Posts JSON and takes the whole answer.
    ///
    /// # Errors
    /// When the connection breaks, a deadline passes, or the answer is too large.
    pub async fn post(&mut self, path: &'static str, body: impl Into<Bytes> + Send) -> Result<PeerAnswer, ClientError> {
        let request = Request::post(path)
            .header(HOST, self.host.clone())
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .body(Full::new(body.into()))
            .expect("a static path and checked headers make a valid request");
        timeout(Duration::from_millis(limits::REQUEST_MS_MAX), self.exchange(request))
            .await
            .map_err(|_| ClientError::Late("whole answer"))?
    }

    async fn exchange(&mut self, request: Request<Full<Bytes>>) -> Result<PeerAnswer, ClientError> {
        self.sender.ready().await?;
        let answer = timeout(Duration::from_millis(limits::FIRST_BYTE_MS_MAX), self.sender.send_request(request))
            .await
            .map_err(|_| ClientError::Late("answer"))??;
        collect(answer).await
    }
}

async fn collect(answer: Response<Incoming>) -> Result<PeerAnswer, ClientError> {
    let (head, body) = answer.into_parts();
    let body = Limited::new(body, limits::FEDERATION_BODY_BYTES_MAX)
        .collect()
        .await
        .map_err(|error| match error.downcast::<hyper::Error>() {
            Ok(error) => ClientError::Http(*error),
            Err(_) => ClientError::Large,
        })?
        .to_bytes();
    Ok(PeerAnswer { status: head.status, body })
}
