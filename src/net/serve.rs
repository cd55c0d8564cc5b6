//! The client and admin listeners: an axum router on HTTP/1.1, plain or with an ordinary server certificate.

use super::{
    accept::pause_after,
    cert::{TlsIdentity, ends_at},
    stop::Stop,
    stream::{BoxStream, Listen, Stream},
    tls::{TlsError, provider},
};
use crate::model::{Millis, limits};
use arc_swap::ArcSwap;
use axum::Router;
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::ServerConfig;
use std::{net::IpAddr, pin::pin, sync::Arc, time::Duration};
use tokio::{sync::Semaphore, task::JoinSet};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt as _;

/// Where a request comes from, as an extension of it; none on a Unix socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddress(pub Option<IpAddr>);

/// An ordinary server certificate, replaceable while connections stand.
#[derive(Clone, Debug)]
pub struct ServerTls(Arc<ArcSwap<Shown>>);

#[derive(Debug)]
struct Shown {
    config: Arc<ServerConfig>,
    ends_at: Option<Millis>,
}

impl ServerTls {
    /// TLS 1.3 and HTTP/1.1 with this certificate.
    ///
    /// # Errors
    /// When certificate and key do not fit each other.
    pub fn new(identity: &TlsIdentity) -> Result<Self, TlsError> {
        Ok(Self(Arc::new(ArcSwap::from_pointee(Shown::new(identity)?))))
    }

    /// Takes a new certificate and key.
    ///
    /// # Errors
    /// When they do not fit each other; the present ones stay in use.
    pub fn reload(&self, identity: &TlsIdentity) -> Result<(), TlsError> {
        self.0.store(Arc::new(Shown::new(identity)?));
        Ok(())
    }

    /// When the certificate ends, by its own words.
    #[must_use]
    pub fn ends_at(&self) -> Option<Millis> {
        self.0.load().ends_at
    }
}

impl Shown {
    fn new(identity: &TlsIdentity) -> Result<Self, TlsError> {
        let ends_at = identity.chain.first().and_then(ends_at);
        Ok(Self { config: Arc::new(server_config(identity)?), ends_at })
    }
}

fn server_config(identity: &TlsIdentity) -> Result<ServerConfig, TlsError> {
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_no_client_auth()
        .with_single_cert(identity.chain.clone(), identity.key.clone_key())?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// What a listener allows.
#[derive(Clone, Copy, Debug)]
pub struct ServeLimits {
    /// Connections at once; further ones wait to be accepted.
    pub connections_max: usize,
    /// Time for a TLS handshake, milliseconds.
    pub handshake_ms_max: u64,
    /// Time for the head of a request, also the longest pause between two on one connection, milliseconds.
    pub header_ms_max: u64,
}

impl Default for ServeLimits {
    fn default() -> Self {
        Self {
            connections_max: limits::API_CONNECTIONS_MAX,
            handshake_ms_max: limits::HANDSHAKE_MS_MAX,
            header_ms_max: 4 * limits::REQUEST_MS_MAX,
        }
    }
}

/// Serves a router until the stop is requested, then lets requests under way finish. The caller sets the deadline for
/// that, and ends event streams itself.
pub async fn serve(
    mut listener: Box<dyn Listen>,
    tls: Option<ServerTls>,
    router: Router,
    allowed: ServeLimits,
    mut stop: Stop,
) {
    let room = Arc::new(Semaphore::new(allowed.connections_max));
    let mut tasks = JoinSet::new();
    loop {
        let next = async {
            let permit = room.clone().acquire_owned().await.expect("the semaphore is never closed");
            (permit, listener.accept().await)
        };
        let (permit, accepted) = tokio::select! {
            () = stop.requested() => break,
            Some(_) = tasks.join_next() => continue,
            next = next => next,
        };
        match accepted {
            Ok((stream, from)) => {
                let (tls, router, stop) = (tls.clone(), router.clone(), stop.clone());
                tasks.spawn(async move {
                    connection(stream, ClientAddress(from), tls, router, allowed, stop).await;
                    drop(permit);
                });
            }
            Err(error) => pause_after(&error).await,
        }
    }
    drop(listener);
    while tasks.join_next().await.is_some() {}
}

async fn connection(
    stream: BoxStream,
    from: ClientAddress,
    tls: Option<ServerTls>,
    router: Router,
    allowed: ServeLimits,
    stop: Stop,
) {
    let Some(tls) = tls else { return requests(stream, from, router, allowed, stop).await };
    let handshake = TlsAcceptor::from(tls.0.load().config.clone()).accept(stream);
    match tokio::time::timeout(Duration::from_millis(allowed.handshake_ms_max), handshake).await {
        Ok(Ok(stream)) => requests(stream, from, router, allowed, stop).await,
        Ok(Err(error)) => tracing::debug!(%error, "handshake refused"),
        Err(_) => tracing::debug!("handshake too slow"),
    }
}

async fn requests(stream: impl Stream, from: ClientAddress, router: Router, allowed: ServeLimits, mut stop: Stop) {
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(from);
        router.clone().oneshot(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_millis(allowed.header_ms_max))
        .max_header_size(4 * limits::HEADER_BYTES_MAX)
        .pipeline_flush(true)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.requested() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "connection ended");
    }
}
