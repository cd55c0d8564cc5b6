//! The driver's own HTTP/1.1 connection: hand-built requests and a minimal parser, so that it takes little of the
//! processors that the daemons share with it.

use std::{io, net::SocketAddr};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

const READ_BYTES: usize = 64 * 1024;
const HEAD_BYTES_MAX: usize = 16 * 1024;
const NUMBER_DIGITS: usize = 10;
/// Stands on both sides of a message's number, and nowhere else in a stream of events.
pub const MARK: u8 = b'~';
/// How long the messages are, bytes.
pub const TEXT_BYTES: usize = 200;

/// The head of a response.
#[derive(Debug, PartialEq, Eq)]
pub struct Head {
    /// Status code.
    pub status: u16,
    /// Where the body begins.
    pub body_from: usize,
    /// How long the body is.
    pub body: Body,
}

/// How a body ends.
#[derive(Debug, PartialEq, Eq)]
pub enum Body {
    /// After so many bytes.
    Bytes(usize),
    /// With its last chunk.
    Chunked,
    /// With the connection.
    Open,
}

/// Parses a response's head; none while it is not complete.
///
/// # Errors
/// When it is no response.
pub fn parse_head(bytes: &[u8]) -> io::Result<Option<Head>> {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
        return if bytes.len() > HEAD_BYTES_MAX { Err(malformed("a head larger than 16 KiB")) } else { Ok(None) };
    };
    let text = std::str::from_utf8(&bytes[..end]).map_err(|_| malformed("a head that is not ASCII"))?;
    let mut lines = text.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|status| status.parse().ok());
    let status = status.ok_or_else(|| malformed("no status line"))?;
    let mut body = if status == 204 { Body::Bytes(0) } else { Body::Open };
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        let value = value.trim();
        if name.eq_ignore_ascii_case("content-length") {
            body = Body::Bytes(value.parse().map_err(|_| malformed("a content-length that is no number"))?);
        } else if name.eq_ignore_ascii_case("transfer-encoding") && value.eq_ignore_ascii_case("chunked") {
            body = Body::Chunked;
        }
    }
    Ok(Some(Head { status, body_from: end + 4, body }))
}

fn malformed(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the daemon answered with {what}"))
}

/// One keep-alive connection that carries one request at a time.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    /// Connects.
    ///
    /// # Errors
    /// When nobody listens.
    pub async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(READ_BYTES) })
    }

    /// Sends a request and reads the whole response; returns its status. The body is left in [`Self::body`].
    ///
    /// # Errors
    /// When the connection breaks.
    pub async fn exchange(&mut self, request: &[u8]) -> io::Result<u16> {
        self.buffer.clear();
        self.stream.write_all(request).await?;
        let head = self.read_head().await?;
        let Body::Bytes(body_bytes) = head.body else { return Err(malformed("a body of unknown length")) };
        while self.buffer.len() < head.body_from + body_bytes {
            self.read_some().await?;
        }
        self.buffer.drain(..head.body_from);
        Ok(head.status)
    }

    /// The body of the last response.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.buffer
    }

    /// Sends a request whose response does not end; returns how the body is framed, and leaves its beginning in
    /// [`Self::body`].
    ///
    /// # Errors
    /// When the connection breaks or the daemon refuses.
    pub async fn subscribe(&mut self, request: &[u8]) -> io::Result<Body> {
        self.buffer.clear();
        self.stream.write_all(request).await?;
        let head = self.read_head().await?;
        if head.status != 200 {
            return Err(io::Error::other(format!(
                "the daemon refused the stream of events with status {}",
                head.status
            )));
        }
        self.buffer.drain(..head.body_from);
        Ok(head.body)
    }

    /// Replaces the buffer by the next bytes of a response that does not end.
    ///
    /// # Errors
    /// When the connection breaks.
    pub async fn next(&mut self) -> io::Result<&[u8]> {
        self.buffer.clear();
        self.read_some().await?;
        Ok(&self.buffer)
    }

    async fn read_head(&mut self) -> io::Result<Head> {
        loop {
            self.read_some().await?;
            if let Some(head) = parse_head(&self.buffer)? {
                return Ok(head);
            }
        }
    }

    async fn read_some(&mut self) -> io::Result<()> {
        self.buffer.reserve(READ_BYTES);
        match self.stream.read_buf(&mut self.buffer).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

/// Whether a message may be sent again when its answer was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// Not: it would be a second message.
    Never,
    /// Under its idempotency key.
    UnderKey,
}

/// A request that posts a numbered message of 200 bytes. It is built once; only the number in it changes.
#[derive(Debug)]
pub struct Post {
    bytes: Vec<u8>,
    slots: Vec<usize>,
}

impl Post {
    /// The request of an author in a room.
    #[must_use]
    pub fn new(token: &str, room: &str, repeat: Repeat) -> Self {
        let number = "0".repeat(NUMBER_DIGITS);
        let mark = char::from(MARK);
        let filler = "x".repeat(TEXT_BYTES - NUMBER_DIGITS - 2);
        let body = format!("{{\"text\":\"{mark}{number}{mark}{filler}\"}}");
        let key = match repeat {
            Repeat::Never => String::new(),
            Repeat::UnderKey => format!("idempotency-key: {room}-{number}\r\n"),
        };
        let bytes = format!(
            "POST /api/v1/rooms/{room}/messages HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\
             {key}content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes();
        let mut slots = vec![bytes.len() - body.len() + "{\"text\":\"~".len()];
        let key_slot = bytes.windows(3).position(|three| three == b"\r\ni");
        slots.extend(key_slot.map(|at| at + 2 + "idempotency-key: ".len() + room.len() + 1));
        Self { bytes, slots }
    }

    /// The request with this number in it.
    pub fn numbered(&mut self, n: usize) -> &[u8] {
        let mut digits = [b'0'; NUMBER_DIGITS];
        let mut rest = n;
        for digit in digits.iter_mut().rev() {
            *digit = b'0' + u8::try_from(rest % 10).expect("a digit");
            rest /= 10;
        }
        for slot in &self.slots {
            self.bytes[*slot..*slot + NUMBER_DIGITS].copy_from_slice(&digits);
        }
        &self.bytes
    }
}

/// Calls back for each numbered message in some JSON.
pub fn scan(mut json: &[u8], mut each: impl FnMut(usize)) {
    while let Some(at) = json.iter().position(|byte| *byte == MARK) {
        json = &json[at + 1..];
        if json.get(NUMBER_DIGITS) == Some(&MARK) && json[..NUMBER_DIGITS].iter().all(u8::is_ascii_digit) {
            each(json[..NUMBER_DIGITS].iter().fold(0, |n, digit| n * 10 + usize::from(digit - b'0')));
            json = &json[NUMBER_DIGITS + 1..];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_parsed_when_it_is_whole() {
        let text = b"HTTP/1.1 201 Created\r\nContent-Length: 12\r\nx: y\r\n\r\nbody";
        for cut in 0..text.len() - 4 {
            assert_eq!(parse_head(&text[..cut]).expect("so far so good"), None);
        }
        let head = parse_head(text).expect("a response").expect("whole");
        assert_eq!(head, Head { status: 201, body_from: text.len() - 4, body: Body::Bytes(12) });
    }

    #[test]
    fn bodies_end_by_length_chunk_or_connection() {
        let body = |headers: &str| {
            let text = format!("HTTP/1.1 200 OK\r\n{headers}\r\n");
            parse_head(text.as_bytes()).expect("a response").expect("whole").body
        };
        assert_eq!(body("transfer-encoding: chunked\r\n"), Body::Chunked);
        assert_eq!(body(""), Body::Open);
        assert!(parse_head(b"SSH-2.0\r\n\r\n").is_err());
        assert!(parse_head(b"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n").is_err());
    }

    #[test]
    fn the_number_of_a_post_stands_in_its_text_and_its_key() {
        let mut post = Post::new("TOKEN", "abcd", Repeat::UnderKey);
        let text = String::from_utf8(post.numbered(1234).to_vec()).expect("ASCII");
        assert!(text.contains("idempotency-key: abcd-0000001234\r\n"), "{text}");
        let (head, body) = text.split_once("\r\n\r\n").expect("a body");
        assert!(head.contains(&format!("content-length: {}", body.len())));
        let body: serde_json::Value = serde_json::from_str(body).expect("JSON");
        let text = body["text"].as_str().expect("a text");
        assert!(text.starts_with("~0000001234~x"));
        assert_eq!(text.len(), TEXT_BYTES);
        assert!(!String::from_utf8_lossy(Post::new("T", "abcd", Repeat::Never).numbered(1)).contains("idempotency"));
    }

    #[test]
    fn numbers_are_found_wherever_they_stand() {
        let mut found = Vec::new();
        scan(br#"{"a":"~0000000007~xx","b":"~12~","c":["~0000000008~"]}"#, |n| found.push(n));
        assert_eq!(found, [7, 8]);
    }

    #[tokio::test]
    async fn requests_follow_each_other_on_one_connection() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("loopback");
        let address = listener.local_addr().expect("bound");
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("the driver");
            for status in ["201 Created", "403 Forbidden"] {
                let mut seen = vec![0; 4];
                stream.read_exact(&mut seen).await.expect("a request");
                let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 2\r\n\r\n{{}}");
                for byte in answer.as_bytes() {
                    stream.write_all(&[*byte]).await.expect("the driver reads");
                }
            }
        });
        let mut connection = Connection::open(address).await.expect("it listens");
        assert_eq!(connection.exchange(b"ping").await.expect("answered"), 201);
        assert_eq!(connection.body(), b"{}");
        assert_eq!(connection.exchange(b"ping").await.expect("answered"), 403);
        server.await.expect("done");
    }
}
