//! A connection of one of the people that stays open, so that what is measured is the daemon.

use super::harness::{org::Org, within};
use http_body_util::{BodyExt as _, Full};
use hyper::{Request, body::Bytes, client::conn::http1};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::TcpStream;

/// The connection, with a token.
pub struct Line {
    sender: http1::SendRequest<Full<Bytes>>,
    token: String,
}

impl Line {
    pub async fn open(org: &Org, user: &str) -> Self {
        let path = format!("/admin/v1/users/{user}/tokens");
        let token = org.admin.post(&path, &json!({ "label": "line" })).await.done();
        let stream = TcpStream::connect(&org.client).await.expect("the client listener is there");
        stream.set_nodelay(true).expect("TCP");
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.expect("HTTP");
        tokio::spawn(connection);
        Self { sender, token: token["token"].as_str().expect("a token").to_owned() }
    }

    /// Says something; the status and the body of the answer.
    pub async fn say(&mut self, room: &str, text: &str) -> (u16, Bytes) {
        let request = Request::post(format!("/api/v1/rooms/{room}/messages"))
            .header("host", "localhost")
            .header("authorization", format!("Bearer {}", self.token))
            .header("content-type", "application/json")
            .body(Full::new(json!({ "text": text }).to_string().into()))
            .expect("a request in form");
        let asking = async {
            self.sender.ready().await.expect("the connection stands");
            let answer = self.sender.send_request(request).await.expect("an answer");
            let status = answer.status().as_u16();
            (status, answer.into_body().collect().await.expect("a whole answer").to_bytes())
        };
        within("for the answer to a message", asking).await
    }
}
