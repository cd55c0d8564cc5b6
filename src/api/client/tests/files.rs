//! Uploads, messages that name files, and reading them back (A22, A33).

use super::*;
use crate::crypto::digest::sha256;
use axum::http::{HeaderName, HeaderValue};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::json;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR and so on";

pub(super) struct Raw {
    status: u16,
    headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Raw {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("ASCII"))
    }
}

impl Daemon {
    pub(super) async fn raw(&self, user: &str, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Raw {
        let mut request = self.request(user, method, path).body(Body::from(body.to_vec())).expect("a request");
        for (name, value) in headers {
            let name = HeaderName::try_from(*name).expect("a name");
            request.headers_mut().insert(name, HeaderValue::try_from(*value).expect("a value"));
        }
        let response = self.router.clone().oneshot(request).await.expect("infallible");
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.expect("a body in memory").to_vec();
        Raw { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    async fn begin(&self, user: &str, bytes: usize, name: &str, media_type: &str) -> Raw {
        let metadata = format!("filename {},filetype {}", STANDARD.encode(name), STANDARD.encode(media_type));
        let bytes = bytes.to_string();
        let headers = [("tus-resumable", "1.0.0"), ("upload-length", &bytes), ("upload-metadata", &metadata)];
        self.raw(user, "POST", "uploads", &headers, b"").await
    }

    async fn push(&self, user: &str, id: &str, from: usize, bytes: &[u8]) -> Raw {
        let from = from.to_string();
        let headers = [
            ("tus-resumable", "1.0.0"),
            ("upload-offset", from.as_str()),
            ("content-type", "application/offset+octet-stream"),
        ];
        self.raw(user, "PATCH", &format!("uploads/{id}"), &headers, bytes).await
    }

    pub(super) async fn upload(&self, user: &str, bytes: &[u8], name: &str, media_type: &str) -> String {
        let begun = self.begin(user, bytes.len(), name, media_type).await;
        assert_eq!(begun.status, 201, "{}", String::from_utf8_lossy(&begun.body));
        let id = begun.header("location").rsplit('/').next().expect("an id").to_owned();
        assert_eq!(self.push(user, &id, 0, bytes).await.status, 204);
        id
    }

    async fn send_file(&self, user: &str, room: &str, file: Value) -> Reply {
        let body = json!({ "text": "", "files": [file] });
        self.write(user, "POST", &format!("rooms/{room}/messages"), &body).await
    }
}

#[tokio::test]
async fn an_upload_by_the_tus_protocol_becomes_a_file_of_a_message() {
    let daemon = Daemon::alone(&["alice", "carol"]);
    let room = daemon.room("alice", &["carol"]).await;
    let offer = daemon.raw("alice", "OPTIONS", "uploads", &[], b"").await;
    assert_eq!((offer.status, offer.header("tus-version")), (204, "1.0.0"));
    assert_eq!(offer.header("tus-extension"), "creation,expiration,termination");
    let begun = daemon.begin("alice", PNG.len(), "../secret/holiday.png", "image/png").await;
    assert_eq!((begun.status, begun.header("tus-resumable")), (201, "1.0.0"));
    assert!(begun.header("upload-expires").ends_with(" GMT"), "{}", begun.header("upload-expires"));
    let id = begun.header("location").rsplit('/').next().expect("an id").to_owned();
    let half = daemon.push("alice", &id, 0, &PNG[..10]).await;
    assert_eq!((half.status, half.header("upload-offset")), (204, "10"));
    let probe = daemon.raw("alice", "HEAD", &format!("uploads/{id}"), &[], b"").await;
    assert_eq!((probe.status, probe.header("upload-offset")), (200, "10"));
    daemon.send_file("alice", &room, json!({ "upload": id })).await.refused(422, "NO_SUCH_FILE");
    let wrong = daemon.push("alice", &id, 5, &PNG[5..]).await;
    assert_eq!(wrong.status, 409);
    assert_eq!(daemon.push("alice", &id, 10, &PNG[10..]).await.header("upload-offset"), PNG.len().to_string());
    let upload = daemon.read("alice", &format!("uploads/{id}")).await.expect(200);
    let digest = sha256(PNG).to_string();
    assert_eq!(upload["file"]["digest"], json!(digest));
    assert_eq!(upload["file"]["name"], "holiday.png");
    daemon.send_file("alice", &room, json!({ "upload": id })).await.expect(201);
    let page = daemon.read("carol", &format!("rooms/{room}/messages")).await.expect(200);
    let event = page["items"].as_array().expect("items").last().expect("one")["event"].clone();
    assert_eq!(event["files"][0], upload["file"]);
    assert_eq!(event["text"], Value::Null);
    let got = daemon.raw("carol", "GET", &format!("rooms/{room}/files/{digest}"), &[], b"").await;
    assert_eq!((got.status, got.body.as_slice(), got.header("content-type")), (200, PNG, "image/png"));
}

#[tokio::test]
async fn a22_files_are_served_so_that_nothing_in_them_runs() {
    let daemon = Daemon::alone(&["alice"]);
    let room = daemon.room("alice", &[]).await;
    let page = b"<html><script>alert(1)</script>";
    let id = daemon.upload("alice", page, "x.html", "text/html").await;
    daemon.send_file("alice", &room, json!({ "upload": id })).await.expect(201);
    let path = format!("rooms/{room}/files/{}", sha256(page));
    let got = daemon.raw("alice", "GET", &path, &[], b"").await;
    assert_eq!(got.header("content-type"), "application/octet-stream");
    assert!(got.header("content-disposition").starts_with("attachment; filename=\"x.html\""));
    assert_eq!(got.header("x-content-type-options"), "nosniff");
    let policy = got.header("content-security-policy");
    assert!(policy.contains("sandbox") && policy.contains("default-src 'none'"), "{policy}");
    daemon.read("alice", &format!("{path}/thumbnail")).await.refused(404, "NOT_FOUND");
    let disguised = daemon.begin("alice", page.len(), "x.png", "image/png").await;
    let id = disguised.header("location").rsplit('/').next().expect("an id").to_owned();
    let refused = daemon.push("alice", &id, 0, page).await;
    assert_eq!(refused.status, 422);
    assert!(String::from_utf8_lossy(&refused.body).contains("FILE_TYPE"));
}

#[tokio::test]
async fn files_are_read_in_ranges() {
    let daemon = Daemon::alone(&["alice"]);
    let room = daemon.room("alice", &[]).await;
    let bytes: Vec<u8> = (0..700_000u32).map(|at| (at % 251) as u8).collect();
    let id = daemon.upload("alice", &bytes, "x.bin", "").await;
    daemon.send_file("alice", &room, json!({ "upload": id })).await.expect(201);
    let path = format!("rooms/{room}/files/{}", sha256(&bytes));
    let whole = daemon.raw("alice", "GET", &path, &[], b"").await;
    assert_eq!((whole.status, whole.body == bytes, whole.header("accept-ranges")), (200, true, "bytes"));
    let part = daemon.raw("alice", "GET", &path, &[("range", "bytes=300000-599999")], b"").await;
    assert_eq!((part.status, part.body == bytes[300_000..600_000]), (206, true));
    assert_eq!(part.header("content-range"), "bytes 300000-599999/700000");
    let none = daemon.raw("alice", "GET", &path, &[("range", "bytes=700000-")], b"").await;
    assert_eq!((none.status, none.header("content-range")), (416, "bytes */700000"));
    let tag = whole.header("etag").to_owned();
    assert_eq!(daemon.raw("alice", "GET", &path, &[("if-none-match", &tag)], b"").await.status, 304);
    let stale = [("range", "bytes=0-1"), ("if-range", "\"other\"")];
    assert_eq!(daemon.raw("alice", "GET", &path, &stale, b"").await.status, 200);
}

#[tokio::test]
async fn a20_only_members_who_see_the_message_read_its_file() {
    let daemon = Daemon::alone(&["alice", "carol", "erin"]);
    let room = daemon.room("alice", &["carol"]).await;
    let other = daemon.room("alice", &["erin"]).await;
    let id = daemon.upload("alice", b"hello", "x.txt", "text/plain").await;
    daemon.send_file("carol", &room, json!({ "upload": id })).await.refused(422, "NO_SUCH_FILE");
    let posted = daemon.send_file("alice", &room, json!({ "upload": id })).await.expect(201);
    let digest = sha256(b"hello").to_string();
    daemon.read("erin", &format!("rooms/{room}/files/{digest}")).await.refused(404, "NOT_FOUND");
    daemon.read("erin", &format!("rooms/{other}/files/{digest}")).await.refused(404, "NOT_FOUND");
    daemon.read("carol", &format!("uploads/{id}")).await.refused(404, "NOT_FOUND");
    // Passed on by who sees it, and by nobody else.
    let known = json!({ "room": room, "index": posted["index"], "digest": digest });
    daemon.send_file("erin", &other, known.clone()).await.refused(422, "NO_SUCH_FILE");
    daemon.send_file("alice", &other, known).await.expect(201);
    let got = daemon.raw("erin", "GET", &format!("rooms/{other}/files/{digest}"), &[], b"").await;
    assert_eq!((got.status, got.body.as_slice()), (200, b"hello".as_slice()));
}

#[tokio::test]
async fn a_post_under_a_key_names_its_upload_once() {
    let daemon = Daemon::alone(&["alice"]);
    let room = daemon.room("alice", &[]).await;
    let id = daemon.upload("alice", b"hello", "x.txt", "text/plain").await;
    let (path, body) = (format!("rooms/{room}/messages"), json!({ "text": "see", "files": [{ "upload": id }] }));
    let first = daemon.write_once("alice", "POST", &path, &body, Some("k1")).await.expect(201);
    let again = daemon.write_once("alice", "POST", &path, &body, Some("k1")).await.expect(201);
    assert_eq!(first["index"], again["index"]);
}

#[tokio::test]
async fn what_is_wrong_with_an_upload_is_said() {
    let daemon = Daemon::alone(&["alice"]);
    let no_version = daemon.raw("alice", "POST", "uploads", &[("upload-length", "1")], b"").await;
    assert_eq!(no_version.status, 412);
    let huge = daemon.begin("alice", 200 * 1024 * 1024, "x", "").await;
    assert_eq!((huge.status, String::from_utf8_lossy(&huge.body).contains("TOO_LARGE")), (413, true));
    let begun = daemon.begin("alice", 3, "x", "").await;
    let id = begun.header("location").rsplit('/').next().expect("an id").to_owned();
    assert_eq!(daemon.push("alice", &id, 0, b"four").await.status, 413);
    let headers = [("tus-resumable", "1.0.0"), ("upload-offset", "0"), ("content-type", "text/plain")];
    assert_eq!(daemon.raw("alice", "PATCH", &format!("uploads/{id}"), &headers, b"abc").await.status, 415);
    assert_eq!(daemon.raw("alice", "DELETE", &format!("uploads/{id}"), &[], b"").await.status, 204);
    assert_eq!(daemon.raw("alice", "HEAD", &format!("uploads/{id}"), &[], b"").await.status, 404);
    let room = daemon.room("alice", &[]).await;
    let both = json!({ "upload": id, "room": room });
    assert_eq!(daemon.send_file("alice", &room, both).await.refused(400, "INVALID")["field"], "files[0]");
    let limits = daemon.read("alice", "limits").await.expect(200);
    let named = |name: &str| limits["items"].as_array().expect("items").iter().any(|limit| limit["name"] == name);
    assert!(named("file") && named("message_files") && named("uploads"));
}
