//! The HTTP client of the command line, for the client and the admin API: TCP or Unix socket, JSON, bearer token.

use super::failure::{Done, Failure, Problem};
use crate::api::{admin::ACTOR_HEADER, paging::Page};
use reqwest::{Client, Method, RequestBuilder, Response};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject as _},
};
use serde::{Serialize, de::DeserializeOwned};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

const CONNECT: Duration = Duration::from_secs(5);
const REQUEST: Duration = Duration::from_secs(60);

/// Where an API is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// A URL without a path: `http://127.0.0.1:8080`.
    Url(String),
    /// A Unix socket.
    Socket(PathBuf),
}

impl Endpoint {
    /// The endpoint for a listener's address, `host:port` or `unix:PATH`.
    #[must_use]
    pub fn parse(listen: &str) -> Self {
        match listen.strip_prefix("unix:") {
            Some(path) => Self::Socket(path.into()),
            None if listen.contains("://") => Self::Url(listen.trim_end_matches('/').to_owned()),
            None => Self::Url(format!("http://{}", dialable(listen))),
        }
    }
}

/// A listener on every address is dialed on loopback.
fn dialable(listen: &str) -> String {
    match listen.parse::<std::net::SocketAddr>() {
        Ok(addr) if addr.ip().is_unspecified() && addr.is_ipv4() => format!("127.0.0.1:{}", addr.port()),
        Ok(addr) if addr.ip().is_unspecified() => format!("[::1]:{}", addr.port()),
        _ => listen.to_owned(),
    }
}

impl std::fmt::Display for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Url(url) => f.write_str(url),
            Self::Socket(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// A client for one API of one daemon. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Http {
    client: Client,
    endpoint: Endpoint,
    token: Option<String>,
    actor: Option<String>,
}

impl Http {
    /// A client without a token. HTTPS trusts whom the system trusts.
    ///
    /// # Errors
    /// When TLS is needed and the system has no root certificates.
    pub fn new(endpoint: Endpoint) -> Done<Self> {
        Self::trusting(endpoint, None)
    }

    /// The same, where HTTPS trusts the certificates in this file and no others.
    ///
    /// # Errors
    /// When the file has no certificates, or HTTPS is not what the endpoint speaks.
    pub fn trusting(endpoint: Endpoint, authorities: Option<&Path>) -> Done<Self> {
        // Fails only when another provider was installed before; then that one serves.
        let _ = ring::default_provider().install_default();
        let builder = Client::builder().connect_timeout(CONNECT).no_proxy().http1_only();
        let is_https = matches!(&endpoint, Endpoint::Url(url) if url.starts_with("https:"));
        let builder = match (&endpoint, authorities) {
            (_, Some(file)) if is_https => builder.tls_backend_preconfigured(tls_with(roots_of(file)?)?),
            (_, Some(_)) => return Err(Failure::usage(format!("--ca is for HTTPS, and {endpoint} is not"))),
            (_, None) if is_https => builder,
            (Endpoint::Url(_), None) => builder.tls_backend_preconfigured(tls_with(RootCertStore::empty())?),
            (Endpoint::Socket(path), None) => {
                builder.unix_socket(path.clone()).tls_backend_preconfigured(tls_with(RootCertStore::empty())?)
            }
        };
        let client = builder.build().map_err(Failure::config)?;
        Ok(Self { client, endpoint, token: None, actor: None })
    }

    /// The same with a bearer token.
    #[must_use]
    pub fn with_token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// The same in the name of this admin, for the audit log; in nobody's when there is none.
    #[must_use]
    pub fn with_actor(mut self, actor: Option<String>) -> Self {
        self.actor = actor;
        self
    }

    /// The bearer token, if one is set.
    #[must_use]
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let base = match &self.endpoint {
            Endpoint::Url(url) => url.as_str(),
            Endpoint::Socket(_) => "http://localhost",
        };
        let mut request = self.client.request(method, format!("{base}{path}"));
        if let Some(actor) = &self.actor {
            request = request.header(ACTOR_HEADER, actor);
        }
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    async fn send(&self, request: RequestBuilder) -> Done<Response> {
        request.send().await.map_err(|error| {
            let cause = root_cause(&error);
            let next = match cause.contains("certificate") {
                true => "name the file with the server's own certificate, or with that of its issuer: --ca FILE",
                false => "is it running? handclasp serve, or: systemctl status handclasp",
            };
            Failure::unreachable(format!("no daemon answers at {}: {cause}", self.endpoint)).next(next)
        })
    }

    async fn body(&self, request: RequestBuilder) -> Done<bytes::Bytes> {
        let response = self.send(request.timeout(REQUEST)).await?;
        let status = response.status();
        let body = response.bytes().await.map_err(|error| {
            Failure::unreachable(format!(
                "the daemon at {} broke off its answer: {}",
                self.endpoint,
                root_cause(&error)
            ))
        })?;
        if status.is_success() { Ok(body) } else { Err(Problem::parse(status.as_u16(), &body).into()) }
    }

    async fn call<T: DeserializeOwned>(&self, request: RequestBuilder) -> Done<T> {
        let body = self.body(request).await?;
        let body: &[u8] = if body.is_empty() { b"null" } else { &body };
        serde_json::from_slice(body).map_err(|error| {
            Failure::fault(format!("the daemon at {} answered in another form: {error}", self.endpoint))
        })
    }

    /// GET.
    pub async fn read<T: DeserializeOwned>(&self, path: &str) -> Done<T> {
        self.call(self.request(Method::GET, path)).await
    }

    /// GET, as it came.
    pub async fn read_bytes(&self, path: &str) -> Done<bytes::Bytes> {
        self.body(self.request(Method::GET, path)).await
    }

    /// GET of all pages of a list.
    pub async fn read_all<T: DeserializeOwned>(&self, path: &str) -> Done<Vec<T>> {
        let mut all: Vec<T> = Vec::new();
        let mut cursor = String::new();
        loop {
            let page: Page<T> = self.read(&format!("{path}?limit=200{cursor}")).await?;
            all.extend(page.items);
            match page.next {
                Some(next) => cursor = format!("&cursor={}", encode(&next)),
                None => return Ok(all),
            }
        }
    }

    /// POST.
    pub async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Done<T> {
        self.call(self.request(Method::POST, path).json(body)).await
    }

    /// POST that may be repeated under the same key without being done twice.
    pub async fn post_once<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize, key: &str) -> Done<T> {
        self.call(self.request(Method::POST, path).header("idempotency-key", key).json(body)).await
    }

    /// PUT.
    pub async fn put<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Done<T> {
        self.call(self.request(Method::PUT, path).json(body)).await
    }

    /// PATCH.
    pub async fn patch<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Done<T> {
        self.call(self.request(Method::PATCH, path).json(body)).await
    }

    /// DELETE.
    pub async fn delete<T: DeserializeOwned>(&self, path: &str) -> Done<T> {
        self.call(self.request(Method::DELETE, path)).await
    }

    /// GET of something long, to be read as it comes.
    pub async fn stream(&self, path: &str) -> Done<Response> {
        self.checked(self.send(self.request(Method::GET, path)).await?).await
    }

    /// Any request with its headers and bytes, however long it takes; the answer's body is still to be read.
    pub async fn raw(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: bytes::Bytes,
    ) -> Done<Response> {
        let mut request = self.request(method, path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.send(if body.is_empty() { request } else { request.body(body) }).await?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let body = response.bytes().await.unwrap_or_default();
        Err(Problem::parse(status.as_u16(), &body).into())
    }

    /// Opens the stream of live events, after this position or from now on.
    pub async fn events(&self, after: Option<&str>) -> Done<Response> {
        let mut request = self.request(Method::GET, "/api/v1/events").header("accept", "text/event-stream");
        if let Some(after) = after {
            request = request.header("last-event-id", after);
        }
        self.checked(self.send(request).await?).await
    }

    /// The answer, unless it is a refusal.
    async fn checked(&self, response: Response) -> Done<Response> {
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let body = response.bytes().await.unwrap_or_default();
        Err(Problem::parse(status.as_u16(), &body).into())
    }
}

/// Plain HTTP needs no root certificates, and some containers have none.
fn tls_with(roots: RootCertStore) -> Done<ClientConfig> {
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(Failure::fault)?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

fn roots_of(file: &Path) -> Done<RootCertStore> {
    let unusable =
        |error: String| Failure::config(format!("cannot use the certificates in {}: {error}", file.display()));
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file).map_err(|error| unusable(error.to_string()))? {
        let certificate = certificate.map_err(|error| unusable(error.to_string()))?;
        roots.add(certificate).map_err(|error| unusable(error.to_string()))?;
    }
    match roots.is_empty() {
        false => Ok(roots),
        true => Err(unusable("there are none; it must be PEM".to_owned())),
    }
}

fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

/// Percent-encodes what may not stand in a query.
#[must_use]
pub fn encode(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(char::from(byte)),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
        encoded
    })
}

/// Reads a token file: one line.
///
/// # Errors
/// When it cannot be read or is empty.
pub fn token_of(path: &Path) -> Done<String> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        Failure::config(format!("cannot read the token file {}: {error}", path.display()))
            .next("run the command as the user that the daemon runs as, or choose the right --dir")
    })?;
    let token = text.trim();
    if token.is_empty() {
        return Err(Failure::config(format!("the token file {} is empty", path.display())));
    }
    Ok(token.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_dialed_where_they_listen() {
        assert_eq!(Endpoint::parse("127.0.0.1:81"), Endpoint::Url("http://127.0.0.1:81".into()));
        assert_eq!(Endpoint::parse("0.0.0.0:81"), Endpoint::Url("http://127.0.0.1:81".into()));
        assert_eq!(Endpoint::parse("[::]:81"), Endpoint::Url("http://[::1]:81".into()));
        assert_eq!(Endpoint::parse("unix:/run/a.sock"), Endpoint::Socket("/run/a.sock".into()));
        assert_eq!(Endpoint::parse("https://chat.acme.example/"), Endpoint::Url("https://chat.acme.example".into()));
    }

    #[test]
    fn what_is_asked_for_cannot_leave_its_place_in_the_query() {
        assert_eq!(encode("peer:globex.example"), "peer%3Aglobex.example");
        assert_eq!(encode("a&limit=9 #"), "a%26limit%3D9%20%23");
    }

    #[tokio::test]
    async fn a_daemon_that_is_not_there_is_reported_as_unreachable() {
        let free = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback").local_addr().expect("bound");
        let http = Http::new(Endpoint::parse(&free.to_string())).expect("plain HTTP needs nothing");
        let failure = http.read::<()>("/admin/v1/status").await.expect_err("nobody listens");
        assert_eq!(failure.exit, super::super::failure::Exit::Unreachable);
        assert!(failure.next.is_some());
    }
}
