//! A reader of live events that can be paused, and resumed after what it has seen.

use super::{http::Http, until, within};
use reqwest::Response;
use serde_json::Value;
use std::collections::VecDeque;

/// One live event.
#[derive(Clone, Debug)]
pub struct Frame {
    /// The position to resume after.
    pub id: String,
    /// Its name.
    pub event: String,
    /// Its data.
    pub data: Value,
}

/// A stream of live events.
pub struct Events {
    response: Response,
    text: Vec<u8>,
    frames: VecDeque<Frame>,
    /// What came without a position.
    signals: VecDeque<(String, Value)>,
    /// The position of the last frame that was taken.
    pub position: Option<String>,
}

impl Events {
    /// Opens the stream, from now on or after a position.
    pub async fn open(http: &Http, after: Option<&str>) -> Self {
        let response = until("the stream of events opens", || http.events(after)).await;
        let position = after.map(str::to_owned);
        let mut events =
            Self { response, text: Vec::new(), frames: VecDeque::new(), signals: VecDeque::new(), position };
        if after.is_none() {
            assert_eq!(events.next().await.event, "hello");
        }
        events
    }

    /// The next event.
    pub async fn next(&mut self) -> Frame {
        self.try_next().await.expect("the stream goes on")
    }

    /// The next event; none when the daemon has ended the stream.
    pub async fn try_next(&mut self) -> Option<Frame> {
        within("for a live event or the stream's end", self.read_next()).await
    }

    async fn read_next(&mut self) -> Option<Frame> {
        loop {
            if let Some(frame) = self.frames.pop_front() {
                self.position = Some(frame.id.clone());
                return Some(frame);
            }
            let chunk = self.response.chunk().await.ok().flatten()?;
            self.text.extend_from_slice(&chunk);
            self.take_frames();
        }
    }

    /// The next event of this name; others are passed over.
    pub async fn next_of(&mut self, event: &str) -> Value {
        let found = async {
            loop {
                let frame = self.next().await;
                if frame.event == event {
                    return frame.data;
                }
            }
        };
        within(&format!("for an event `{event}`"), found).await
    }

    /// The next signal of this name that is as wanted; others are passed over.
    pub async fn next_signal(&mut self, event: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let found = async {
            loop {
                while let Some((name, data)) = self.signals.pop_front() {
                    if name == event && wanted(&data) {
                        return data;
                    }
                }
                let chunk = self.response.chunk().await.ok().flatten().expect("the stream goes on");
                self.text.extend_from_slice(&chunk);
                self.take_frames();
            }
        };
        within(&format!("for a signal `{event}`"), found).await
    }

    fn take_frames(&mut self) {
        while let Some(end) = self.text.windows(2).position(|pair| pair == b"\n\n") {
            let rest = self.text.split_off(end + 2);
            let text = String::from_utf8(std::mem::replace(&mut self.text, rest)).expect("UTF-8");
            let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
            let (Some(event), Some(data)) = (field("event:"), field("data:")) else { continue };
            let data = serde_json::from_str(data).expect("data is JSON");
            match field("id:") {
                Some(id) => self.frames.push_back(Frame { id: id.to_owned(), event: event.to_owned(), data }),
                None => self.signals.push_back((event.to_owned(), data)),
            }
        }
    }
}

/// The texts of the messages in a `messages` event.
pub fn texts_of(data: &Value) -> Vec<String> {
    let items = data["items"].as_array().expect("items");
    items.iter().filter_map(|item| item["event"]["text"].as_str().map(str::to_owned)).collect()
}
