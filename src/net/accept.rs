//! The accept loop of the federation listener: handshakes within limits, then one HTTP/1.1 connection a peer's stream.

use super::{
    admission::{Admission, Pass},
    connections::{Connections, Direction},
    paced::{Answered, Pace, Paced},
    stop::Stop,
    stream::{BoxStream, Listen},
    tls::{PeerIdentity, PeerTls, TlsError},
};
use crate::model::limits;
use bytes::Bytes;
use http_body_util::Full;
use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use std::{convert::Infallible, io, pin::pin, sync::Arc, time::Duration};
use tokio::task::JoinSet;

/// The answer to a peer's request: whole bodies only.
pub type PeerResponse = Response<Full<Bytes>>;

/// Pause after a failed accept: the usual cause is that the process has no file descriptors left for a moment.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// How long a connection that is cut may still write the answer to the request that it is in.
const CUT_GRACE: Duration = Duration::from_millis(500);
/// Read buffer of a connection, bytes: a few TLS records.
const READ_BUFFER_BYTES: usize = 64 * 1024;
/// An honest peer greets more often than this.
const IDLE: Duration = Duration::from_millis(2 * limits::HELLO_EVERY_MS);

/// What the accept loop allows; the defaults stand in [`limits`].
#[derive(Clone, Copy, Debug)]
pub struct AcceptLimits {
    /// Handshakes at once.
    pub handshakes_at_once_max: usize,
    /// Of them, those of addresses from which no peer has come yet.
    pub strangers_at_once_max: usize,
    /// The same in a second.
    pub strangers_per_second_max: u32,
    /// Handshakes per address and second.
    pub handshakes_per_address_per_second_max: u32,
    /// Handshakes per address at once.
    pub handshakes_per_address_at_once_max: usize,
    /// Connections per peer.
    pub peer_connections_max: usize,
    /// Time for a handshake, milliseconds.
    pub handshake_ms_max: u64,
    /// Time to the first byte on a fresh connection, milliseconds.
    pub first_byte_ms_max: u64,
    /// Time for one whole request, milliseconds.
    pub request_ms_max: u64,
}

impl Default for AcceptLimits {
    fn default() -> Self {
        Self {
            handshakes_at_once_max: limits::HANDSHAKES_AT_ONCE_MAX,
            strangers_at_once_max: limits::STRANGERS_AT_ONCE_MAX,
            strangers_per_second_max: limits::STRANGERS_PER_SECOND_MAX,
            handshakes_per_address_per_second_max: limits::HANDSHAKES_PER_ADDRESS_PER_SECOND_MAX,
            handshakes_per_address_at_once_max: limits::HANDSHAKES_PER_ADDRESS_AT_ONCE_MAX,
            peer_connections_max: limits::PEER_CONNECTIONS_MAX,
            handshake_ms_max: limits::HANDSHAKE_MS_MAX,
            first_byte_ms_max: limits::FIRST_BYTE_MS_MAX,
            request_ms_max: limits::REQUEST_MS_MAX,
        }
    }
}

/// What all connections of the listener share.
#[derive(Debug)]
pub struct PeerListener {
    /// Our TLS role.
    pub tls: Arc<PeerTls>,
    /// Where connections are entered.
    pub connections: Arc<Connections>,
    /// What is allowed.
    pub limits: AcceptLimits,
}

impl PeerListener {
    /// Accepts until the stop is requested, then lets requests under way finish. The caller sets the deadline for that.
    pub async fn run<H, F>(self: Arc<Self>, mut listener: Box<dyn Listen>, handler: H, mut stop: Stop)
    where
        H: Fn(Arc<PeerIdentity>, Request<Incoming>) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = PeerResponse> + Send + 'static,
    {
        let mut admission = Admission::new(self.limits);
        let mut tasks = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                () = stop.requested() => break,
                Some(_) = tasks.join_next() => continue,
                accepted = listener.accept() => accepted,
            };
            let (stream, from) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    pause_after(&error).await;
                    continue;
                }
            };
            let Some(pass) = admission.admit(from) else {
                refused("busy");
                continue;
            };
            let (this, handler, stop) = (self.clone(), handler.clone(), stop.clone());
            tasks.spawn(async move {
                match this.admitted(stream, pass).await {
                    Ok((stream, answered, identity)) => this.serve(stream, answered, identity, handler, stop).await,
                    Err(error) => {
                        refused("tls");
                        tracing::debug!(%error, from = ?from, "handshake refused");
                    }
                }
            });
        }
        drop(listener);
        while tasks.join_next().await.is_some() {}
    }

    /// One handshake, and then its place is free.
    async fn admitted(
        &self,
        stream: BoxStream,
        pass: Pass,
    ) -> Result<(PacedTls, Answered, PeerIdentity), HandshakeError> {
        let greeted = self.handshake(stream).await;
        if let Ok((.., identity)) = &greeted {
            pass.proven(&identity.domain);
        }
        greeted
    }

    async fn handshake(&self, stream: BoxStream) -> Result<(PacedTls, Answered, PeerIdentity), HandshakeError> {
        let deadline = Duration::from_millis(self.limits.handshake_ms_max);
        let stream = tokio::time::timeout(deadline, self.tls.acceptor().accept(stream))
            .await
            .map_err(|_| HandshakeError::Slow)??;
        let identity = self.tls.identify(stream.get_ref().1)?;
        let pace = Pace {
            first_byte: Duration::from_millis(self.limits.first_byte_ms_max),
            request: Duration::from_millis(self.limits.request_ms_max),
            idle: IDLE,
        };
        let (stream, answered) = Paced::new(stream, pace);
        Ok((stream, answered, identity))
    }

    async fn serve<H, F>(
        &self,
        stream: PacedTls,
        answered: Answered,
        identity: PeerIdentity,
        handler: H,
        mut stop: Stop,
    ) where
        H: Fn(Arc<PeerIdentity>, Request<Incoming>) -> F + Send + Sync + 'static,
        F: Future<Output = PeerResponse> + Send + 'static,
    {
        let mut place = self.connections.register(&identity, Direction::Inbound, self.limits.peer_connections_max);
        let identity = Arc::new(identity);
        let service = service_fn(move |request| {
            let (answer, answered) = (handler(identity.clone(), request), answered.clone());
            async move {
                let answer = answer.await;
                answered.mark();
                Ok::<_, Infallible>(answer)
            }
        });
        let connection = http1::Builder::new()
            .max_header_size(limits::HEADER_BYTES_MAX)
            .max_buf_size(READ_BUFFER_BYTES)
            .header_read_timeout(None)
            .serve_connection(TokioIo::new(stream), service);
        let mut connection = pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = place.cut() => {
                connection.as_mut().graceful_shutdown();
                // Whoever closed the link by this very request hears the answer; nothing further is read.
                tokio::time::timeout(CUT_GRACE, connection).await.unwrap_or(Ok(()))
            }
            () = stop.requested() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "connection ended");
        }
    }
}

type PacedTls = Paced<tokio_rustls::server::TlsStream<BoxStream>>;

#[derive(Debug, thiserror::Error)]
enum HandshakeError {
    #[error("too slow")]
    Slow,
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Tls(#[from] TlsError),
}

fn refused(reason: &'static str) {
    metrics::counter!("handclasp_handshakes_refused_total", "reason" => reason).increment(1);
}

pub(super) async fn pause_after(error: &io::Error) {
    tracing::warn!(%error, "a connection could not be accepted");
    tokio::time::sleep(ACCEPT_PAUSE).await;
}
