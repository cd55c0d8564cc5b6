//! A small JSON client for the client and admin APIs.

use reqwest::{Client, Method, Response};
use serde_json::Value;
use std::{sync::OnceLock, time::Duration};

/// One API of one daemon, with a token.
#[derive(Clone)]
pub struct Http {
    client: Client,
    base: String,
    token: String,
}

/// What a daemon answered.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body; null when there is none.
    pub body: Value,
    /// The media type.
    pub media_type: String,
}

impl Answer {
    /// The body of a success.
    pub fn done(self) -> Value {
        assert!((200..300).contains(&self.status), "{} {}", self.status, self.body);
        self.body
    }

    /// The problem document of a refusal with this code.
    pub fn refused(self, code: &str) -> Value {
        assert_eq!(self.body["code"], code, "{} {}", self.status, self.body);
        assert!(self.status >= 400);
        self.body
    }

    /// The code of a refusal, or none.
    pub fn code(&self) -> Option<&str> {
        self.body["code"].as_str().filter(|_| self.status >= 400)
    }
}

fn tls() -> rustls::ClientConfig {
    static TLS: OnceLock<rustls::ClientConfig> = OnceLock::new();
    let make = || {
        let builder = rustls::ClientConfig::builder_with_provider(rustls::crypto::ring::default_provider().into());
        let builder = builder.with_safe_default_protocol_versions().expect("the provider has them");
        builder.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth()
    };
    TLS.get_or_init(make).clone()
}

impl Http {
    /// A client for an API at `host:port`.
    pub fn new(address: &str, token: &str) -> Self {
        let client =
            Client::builder().no_proxy().http1_only().pool_max_idle_per_host(0).tls_backend_preconfigured(tls());
        let client = client.timeout(Duration::from_secs(60)).build().expect("plain HTTP needs nothing");
        Self { client, base: format!("http://{address}"), token: token.to_owned() }
    }

    /// The same API as somebody else, on connections of their own.
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: token.to_owned(), ..self.clone() }
    }

    fn request(&self, method: Method, path: &str, body: Option<&Value>) -> reqwest::RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token);
        match body {
            Some(body) => request.json(body),
            None => request,
        }
    }

    async fn answer(response: Response) -> Option<Answer> {
        let status = response.status().as_u16();
        let media_type = response.headers().get("content-type").and_then(|value| value.to_str().ok());
        let media_type = media_type.unwrap_or_default().to_owned();
        let bytes = response.bytes().await.ok()?;
        let text = || Value::String(String::from_utf8_lossy(&bytes).into_owned());
        let body =
            if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).unwrap_or_else(|_| text()) };
        Some(Answer { status, body, media_type })
    }

    async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let response = self.request(method.clone(), path, body).send().await;
        let response = response.unwrap_or_else(|error| panic!("{method} {}{path}: {error:?}", self.base));
        Self::answer(response).await.expect("a whole answer")
    }

    /// GET.
    pub async fn read(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, None).await
    }

    /// POST.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.ask(Method::POST, path, Some(body)).await
    }

    /// PUT.
    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.ask(Method::PUT, path, Some(body)).await
    }

    /// PATCH.
    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.ask(Method::PATCH, path, Some(body)).await
    }

    /// DELETE.
    pub async fn delete(&self, path: &str) -> Answer {
        self.ask(Method::DELETE, path, None).await
    }

    /// POST under an idempotency key; none when the daemon is not there or dies before it has answered.
    pub async fn try_post(&self, path: &str, body: &Value, key: &str) -> Option<Answer> {
        let request = self.request(Method::POST, path, Some(body)).header("idempotency-key", key);
        Self::answer(request.send().await.ok()?).await
    }

    /// POST under an idempotency key.
    pub async fn post_once(&self, path: &str, body: &Value, key: &str) -> Answer {
        self.try_post(path, body, key).await.expect("the daemon answers")
    }

    /// A body as it is, of whatever form.
    pub async fn post_raw(&self, path: &str, media_type: &str, body: &str) -> Answer {
        let request = self.request(Method::POST, path, None).header("content-type", media_type).body(body.to_owned());
        Self::answer(request.send().await.expect("the daemon answers")).await.expect("a whole answer")
    }

    /// GET, as bytes.
    pub async fn bytes(&self, path: &str) -> (u16, Vec<u8>) {
        let response = self.request(Method::GET, path, None).send().await.expect("the daemon answers");
        let status = response.status().as_u16();
        (status, response.bytes().await.expect("a whole answer").to_vec())
    }

    /// Under which name a file would be saved.
    pub async fn saved_as(&self, path: &str) -> String {
        let response = self.request(Method::GET, path, None).send().await.expect("the daemon answers");
        let header = response.headers().get("content-disposition").and_then(|value| value.to_str().ok());
        header.unwrap_or_default().to_owned()
    }

    /// Begins an upload; returns its id.
    pub async fn begin_upload(&self, name: &str, bytes: usize) -> String {
        let name = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, name);
        let request = self.request(Method::POST, "/api/v1/uploads", None).header("tus-resumable", "1.0.0");
        let request = request.header("upload-length", bytes).header("upload-metadata", format!("filename {name}"));
        let answer = Self::answer(request.send().await.expect("the daemon answers")).await.expect("a whole answer");
        answer.done()["id"].as_str().expect("an id").to_owned()
    }

    /// Sends bytes of an upload.
    pub async fn push_upload(&self, id: &str, offset: usize, bytes: Vec<u8>) {
        self.try_push_upload(id, offset, bytes).await.done();
    }

    /// The same; it may be refused.
    pub async fn try_push_upload(&self, id: &str, offset: usize, bytes: Vec<u8>) -> Answer {
        let request = self.request(Method::PATCH, &format!("/api/v1/uploads/{id}"), None);
        let request = request.header("tus-resumable", "1.0.0").header("upload-offset", offset);
        let request = request.header("content-type", "application/offset+octet-stream").body(bytes);
        Self::answer(request.send().await.expect("the daemon answers")).await.expect("a whole answer")
    }

    /// The stream of live events, from now on or after a position.
    pub async fn events(&self, after: Option<&str>) -> Option<Response> {
        let request = self.request(Method::GET, "/api/v1/events", None).timeout(Duration::from_secs(600));
        let request = match after {
            Some(after) => request.header("last-event-id", after),
            None => request,
        };
        request.send().await.ok().filter(|response| response.status().is_success())
    }
}
