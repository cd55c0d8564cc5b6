//! The driver's reader of live events: it counts numbered messages by scanning bytes, and resumes after a loss.

use super::{
    connection::{Body, Connection, scan},
    tally::Tally,
};
use std::{io, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{sync::oneshot, task::JoinHandle};

const RETRY: Duration = Duration::from_millis(20);

/// Takes the bytes of a chunked body and gives what they carry.
#[derive(Debug, Default)]
struct Dechunker {
    /// Bytes left of the present chunk and its line end.
    left: usize,
    line: Vec<u8>,
}

impl Dechunker {
    fn push(&mut self, mut bytes: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
        while !bytes.is_empty() {
            if self.left > 0 {
                let taken = self.left.min(bytes.len());
                // The last two bytes of a chunk are its line end.
                let payload = taken.min(self.left.saturating_sub(2));
                out.extend_from_slice(&bytes[..payload]);
                self.left -= taken;
                bytes = &bytes[taken..];
                continue;
            }
            let end = bytes.iter().position(|byte| *byte == b'\n');
            let taken = end.map_or(bytes.len(), |end| end + 1);
            self.line.extend_from_slice(&bytes[..taken]);
            bytes = &bytes[taken..];
            if end.is_some() {
                self.left = chunk_bytes(&self.line)? + 2;
                self.line.clear();
            }
        }
        Ok(())
    }
}

fn chunk_bytes(line: &[u8]) -> io::Result<usize> {
    let text = std::str::from_utf8(line).unwrap_or_default().trim();
    match usize::from_str_radix(text.split(';').next().unwrap_or_default(), 16) {
        Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
        Ok(bytes) => Ok(bytes),
        Err(_) => Err(io::Error::new(io::ErrorKind::InvalidData, "a chunk without a size")),
    }
}

/// Finds numbered messages in a stream of events. A frame counts when it is whole: only then a resumed stream leaves it out.
#[derive(Debug, Default)]
struct Scanner {
    carry: Vec<u8>,
    position: Option<u64>,
    frame_position: Option<u64>,
    frame_counts: bool,
    found: Vec<usize>,
}

impl Scanner {
    /// Forgets an unfinished frame; the position stays.
    fn restart(&mut self) {
        *self = Self { position: self.position, ..Self::default() };
    }

    fn push(&mut self, bytes: &[u8], mut each: impl FnMut(&[usize])) {
        let mut rest = bytes;
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            if self.carry.is_empty() {
                self.line(&rest[..end], &mut each);
            } else {
                let mut line = std::mem::take(&mut self.carry);
                line.extend_from_slice(&rest[..end]);
                self.line(&line, &mut each);
            }
            rest = &rest[end + 1..];
        }
        self.carry.extend_from_slice(rest);
    }

    fn line(&mut self, line: &[u8], each: &mut impl FnMut(&[usize])) {
        if line.is_empty() {
            self.position = self.frame_position.take().or(self.position);
            if !self.found.is_empty() {
                each(&self.found);
                self.found.clear();
            }
            self.frame_counts = false;
        } else if let Some(event) = line.strip_prefix(b"event:") {
            self.frame_counts = event.trim_ascii() == b"messages";
        } else if let Some(id) = line.strip_prefix(b"id:") {
            self.frame_position = std::str::from_utf8(id).ok().and_then(|id| id.trim().parse().ok());
        } else if let (true, Some(data)) = (self.frame_counts, line.strip_prefix(b"data:")) {
            scan(data, |n| self.found.push(n));
        }
    }
}

/// One open stream of events, read by its own task until it is dropped.
#[derive(Debug)]
pub struct Reader {
    task: JoinHandle<()>,
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Reader {
    /// Opens a user's stream; returns when the daemon has accepted it. What it shows is counted under `stream`.
    ///
    /// # Errors
    /// When the daemon cannot be reached or refuses.
    pub async fn open(address: SocketAddr, token: &str, stream: usize, tally: Arc<Tally>) -> io::Result<Self> {
        let (opened, is_open) = oneshot::channel();
        let token = token.to_owned();
        let task = tokio::spawn(async move { read_on(address, &token, stream, &tally, opened).await });
        is_open.await.map_err(|_| io::Error::other("the stream of events ended before it began"))??;
        Ok(Self { task })
    }
}

async fn read_on(
    address: SocketAddr,
    token: &str,
    stream: usize,
    tally: &Tally,
    opened: oneshot::Sender<io::Result<()>>,
) {
    let mut scanner = Scanner::default();
    let mut opened = Some(opened);
    loop {
        let error = match subscribe(address, token, scanner.position).await {
            Ok((mut connection, body)) => {
                if let Some(opened) = opened.take() {
                    let _ = opened.send(Ok(()));
                }
                read(&mut connection, &body, &mut scanner, |found| tally.shown(stream, found)).await
            }
            Err(error) => error,
        };
        if let Some(opened) = opened.take() {
            let _ = opened.send(Err(error));
            return;
        }
        scanner.restart();
        tokio::time::sleep(RETRY).await;
    }
}

async fn subscribe(address: SocketAddr, token: &str, after: Option<u64>) -> io::Result<(Connection, Body)> {
    let after = after.map(|position| format!("last-event-id: {position}\r\n")).unwrap_or_default();
    let request = format!(
        "GET /api/v1/events HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\
         accept: text/event-stream\r\n{after}\r\n"
    );
    let mut connection = Connection::open(address).await?;
    let body = connection.subscribe(request.as_bytes()).await?;
    Ok((connection, body))
}

/// Reads until the connection breaks; returns why.
async fn read(
    connection: &mut Connection,
    body: &Body,
    scanner: &mut Scanner,
    mut each: impl FnMut(&[usize]),
) -> io::Error {
    let mut dechunker = Dechunker::default();
    let mut plain = Vec::new();
    loop {
        let bytes = connection.body();
        match body {
            Body::Chunked => {
                plain.clear();
                let pushed = dechunker.push(bytes, &mut plain);
                scanner.push(&plain, &mut each);
                if let Err(error) = pushed {
                    return error;
                }
            }
            _ => scanner.push(bytes, &mut each),
        }
        if let Err(error) = connection.next().await {
            return error;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &[u8] = b"id: 5\nevent: messages\ndata: {\"t\":\"~0000000001~x\"}\n\n: ping\n\nevent: pending\n\
        data: \"~0000000009~\"\n\nid: 6\nevent: messages\ndata: \"~0000000002~\",\"~0000000003~\"\n\nid: 7\nevent: messages\n\
        data: \"~0000000004~\"\n";

    fn scanned(chunks: &[&[u8]]) -> (Vec<usize>, Scanner) {
        let mut scanner = Scanner::default();
        let mut found = Vec::new();
        for chunk in chunks {
            scanner.push(chunk, |numbers| found.extend_from_slice(numbers));
        }
        (found, scanner)
    }

    #[test]
    fn only_whole_frames_of_messages_count_and_move_the_position() {
        for cut in 0..STREAM.len() {
            let (found, scanner) = scanned(&[&STREAM[..cut], &STREAM[cut..]]);
            assert_eq!(found, [1, 2, 3], "cut at {cut}");
            assert_eq!(scanner.position, Some(6));
        }
    }

    #[test]
    fn after_a_loss_the_unfinished_frame_is_forgotten() {
        let (_, mut scanner) = scanned(&[STREAM]);
        scanner.restart();
        let mut found = Vec::new();
        scanner.push(b"id: 7\nevent: messages\ndata: \"~0000000004~\"\n\n", |numbers| found.extend_from_slice(numbers));
        assert_eq!(found, [4]);
    }

    #[test]
    fn chunks_carry_the_same_bytes_wherever_they_are_cut() {
        let chunked = b"5\r\nhello\r\n6;x=y\r\n world\r\n";
        for cut in 0..chunked.len() {
            let (mut dechunker, mut plain) = (Dechunker::default(), Vec::new());
            dechunker.push(&chunked[..cut], &mut plain).expect("chunks");
            dechunker.push(&chunked[cut..], &mut plain).expect("chunks");
            assert_eq!(plain, b"hello world", "cut at {cut}");
        }
    }

    #[test]
    fn the_last_chunk_ends_the_stream() {
        let mut plain = Vec::new();
        let error = Dechunker::default().push(b"2\r\nhi\r\n0\r\n\r\n", &mut plain).expect_err("the end");
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        assert_eq!(plain, b"hi");
    }
}
