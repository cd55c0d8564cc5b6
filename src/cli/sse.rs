//! Server-sent events: the parser, and a stream that resumes where it broke off.

use super::{
    failure::{Done, Exit, Failure},
    http::Http,
};
use reqwest::Response;
use std::time::Duration;

/// The largest frame that is taken, bytes.
const FRAME_BYTES_MAX: usize = 16 * 1024 * 1024;
const RETRY_MIN: Duration = Duration::from_millis(100);
const RETRY_MAX: Duration = Duration::from_secs(10);
/// The daemon writes a comment every 25 s; a stream that is silent for longer than two of them is dead.
const SILENCE_MAX: Duration = Duration::from_secs(60);

/// One event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    /// The position after it, to resume from.
    pub id: Option<String>,
    /// Its kind.
    pub event: String,
    /// Its JSON.
    pub data: String,
}

/// Takes bytes as they come and gives whole frames.
#[derive(Debug, Default)]
pub struct Parser {
    buffer: Vec<u8>,
    frame: Frame,
    is_started: bool,
}

impl Parser {
    /// Takes some bytes; calls back for each frame that they complete.
    ///
    /// # Errors
    /// When a frame exceeds 16 MiB.
    pub fn push(&mut self, bytes: &[u8], mut each: impl FnMut(Frame)) -> Done {
        self.buffer.extend_from_slice(bytes);
        let buffer = std::mem::take(&mut self.buffer);
        let mut rest: &[u8] = &buffer;
        while let Some(end) = rest.iter().position(|b| *b == b'\n') {
            let line = rest[..end].strip_suffix(b"\r").unwrap_or(&rest[..end]);
            if let Some(frame) = self.line(&String::from_utf8_lossy(line)) {
                each(frame);
            }
            rest = &rest[end + 1..];
        }
        self.buffer = rest.to_vec();
        if self.buffer.len() + self.frame.data.len() > FRAME_BYTES_MAX {
            return Err(Failure::fault("the daemon sent an event larger than 16 MiB"));
        }
        Ok(())
    }

    fn line(&mut self, line: &str) -> Option<Frame> {
        if line.is_empty() {
            let frame = std::mem::take(&mut self.frame);
            return std::mem::take(&mut self.is_started).then_some(frame);
        }
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "id" => self.frame.id = Some(value.to_owned()),
            "event" => self.frame.event = value.to_owned(),
            "data" if self.frame.data.is_empty() => self.frame.data = value.to_owned(),
            "data" => {
                self.frame.data.push('\n');
                self.frame.data.push_str(value);
            }
            _ => return None,
        }
        self.is_started = true;
        None
    }
}

/// What the stream of events tells.
#[derive(Debug)]
pub enum Live {
    /// An event.
    Event(Frame),
    /// The stream is there again after a loss.
    Back,
    /// The stream broke; it is being tried again.
    Lost(Failure),
}

/// Live events that survive a lost connection and a restarted daemon.
#[derive(Debug)]
pub struct Events {
    http: Http,
    after: Option<String>,
    open: Option<Response>,
    parser: Parser,
    ready: std::collections::VecDeque<Frame>,
    retry: Duration,
}

impl Events {
    /// Opens the stream; from now on, or after a position.
    ///
    /// # Errors
    /// When the daemon cannot be reached or refuses.
    pub async fn open(http: &Http, after: Option<String>) -> Done<Self> {
        let open = Some(http.events(after.as_deref()).await?);
        let ready = std::collections::VecDeque::new();
        Ok(Self { http: http.clone(), after, open, parser: Parser::default(), ready, retry: RETRY_MIN })
    }

    /// The next event, loss or return. Never ends unless the sign-in is no longer valid.
    ///
    /// # Errors
    /// When the daemon refuses the stream.
    pub async fn next(&mut self) -> Done<Live> {
        loop {
            if let Some(frame) = self.ready.pop_front() {
                if frame.id.is_some() {
                    self.after.clone_from(&frame.id);
                }
                return Ok(Live::Event(frame));
            }
            if self.open.is_none() {
                return self.reopen().await;
            }
            if let Err(failure) = self.fill().await {
                self.open = None;
                self.parser = Parser::default();
                return Ok(Live::Lost(failure));
            }
        }
    }

    async fn fill(&mut self) -> Done {
        let Some(response) = &mut self.open else { return Ok(()) };
        let chunk = tokio::time::timeout(SILENCE_MAX, response.chunk()).await;
        let chunk = chunk.map_err(|_| Failure::unreachable("the daemon has been silent for a minute"))?;
        let bytes = chunk.map_err(Failure::unreachable)?;
        let bytes = bytes.ok_or_else(|| Failure::unreachable("the daemon closed the stream of events"))?;
        self.parser.push(&bytes, |frame| self.ready.push_back(frame))
    }

    async fn reopen(&mut self) -> Done<Live> {
        loop {
            tokio::time::sleep(self.retry).await;
            match self.http.events(self.after.as_deref()).await {
                Ok(response) => {
                    self.open = Some(response);
                    self.retry = RETRY_MIN;
                    return Ok(Live::Back);
                }
                Err(failure) if failure.exit != Exit::Unreachable && !is_passing(&failure) => return Err(failure),
                Err(_) => self.retry = (self.retry * 2).min(RETRY_MAX),
            }
        }
    }
}

fn is_passing(failure: &Failure) -> bool {
    failure.has_code("OVERLOADED") || failure.has_code("STOPPING")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(chunks: &[&[u8]]) -> Vec<Frame> {
        let mut parser = Parser::default();
        let mut frames = Vec::new();
        for chunk in chunks {
            parser.push(chunk, |frame| frames.push(frame)).expect("small frames");
        }
        frames
    }

    #[test]
    fn frames_are_the_same_wherever_the_bytes_are_cut() {
        let text = ": ping\n\nid: 7\nevent: messages\ndata: {\"a\":\"\u{e4}\"}\n\nevent:x\r\ndata:1\r\ndata:2\r\n\r\n"
            .as_bytes();
        let whole = frames(&[text]);
        assert_eq!(whole.len(), 2);
        assert_eq!(
            whole[0],
            Frame { id: Some("7".into()), event: "messages".into(), data: "{\"a\":\"\u{e4}\"}".into() }
        );
        assert_eq!(whole[1], Frame { id: None, event: "x".into(), data: "1\n2".into() });
        for cut in 0..text.len() {
            assert_eq!(frames(&[&text[..cut], &text[cut..]]), whole, "cut at {cut}");
        }
    }

    #[test]
    fn a_comment_alone_is_no_frame() {
        assert!(frames(&[b": ping\n\n: ping\n\n"]).is_empty());
    }

    #[test]
    fn an_unfinished_frame_is_not_given() {
        assert!(frames(&[b"id: 7\nevent: messages\ndata: {}\n"]).is_empty());
    }

    #[test]
    fn a_frame_without_end_is_refused() {
        let mut parser = Parser::default();
        let chunk = vec![b'x'; FRAME_BYTES_MAX + 1];
        assert!(parser.push(&chunk, |_| ()).is_err());
    }
}
