//! One conversation: the room one is in, what was sent and has not arrived yet, and what is typed.

use super::{
    calls::Ringing,
    input::Printer,
    show::{self, Names},
};
use crate::{
    api::client::dto::{Delivery, Event, Me, Messages, NewMessage, Posted, Room},
    cli::{
        failure::{Done, Exit, Failure},
        http::Http,
        screen::Screen,
    },
    clock::{SystemRandom, random_16},
    model::id::hex,
};
use serde::Serialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

const HISTORY: u32 = 20;
/// A message that has not arrived after this time is remarked on.
const QUEUED: Duration = Duration::from_secs(2);

/// Whether the conversation goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// It does.
    On,
    /// It is over.
    End,
}

/// One of one's own messages that the partner has not confirmed.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) room: String,
    pub(super) index: Option<u64>,
    pub(super) pending: Option<u64>,
    since: Instant,
    is_remarked: bool,
}

/// The conversation.
#[derive(Debug)]
pub struct Talk {
    pub(super) http: Http,
    pub(super) me: Me,
    pub(super) room: Option<Room>,
    pub(super) names: Names,
    /// The rooms as they were listed last, so that `/room 2` means one of them.
    pub(super) listed: Vec<Room>,
    /// The index of the next event that has not been shown.
    pub(super) next_index: u64,
    /// The last known state of each link.
    pub(super) links: BTreeMap<String, Option<String>>,
    /// Events that stand above the prompt already, because they were typed there.
    typed: BTreeSet<String>,
    pub(super) ringing: Ringing,
    /// By event id.
    pub(super) waiting: BTreeMap<String, Waiting>,
    pub(super) refused: u64,
    printer: Printer,
    screen: Screen,
}

impl Talk {
    /// A conversation in no room yet.
    #[must_use]
    pub fn new(http: Http, me: Me, printer: Printer, screen: Screen) -> Self {
        Self {
            links: me.peers.iter().map(|peer| (peer.peer.clone(), Some(peer.state.clone()))).collect(),
            http,
            me,
            room: None,
            names: Names::default(),
            listed: Vec::new(),
            next_index: 0,
            typed: BTreeSet::new(),
            ringing: Ringing::default(),
            waiting: BTreeMap::new(),
            refused: 0,
            printer,
            screen,
        }
    }

    /// Says something to the person; nothing to a script that reads JSON.
    pub fn say(&mut self, text: &str) -> Done {
        if self.screen.is_json() { Ok(()) } else { self.printer.line(text) }
    }

    /// Tells a script that reads JSON.
    pub fn tell(&mut self, event: &str, document: &impl Serialize) -> Done {
        if !self.screen.is_json() {
            return Ok(());
        }
        self.printer.line(&serde_json::json!({ "event": event, "data": document }).to_string())
    }

    /// Whether the answers are JSON.
    #[must_use]
    pub fn is_json(&self) -> bool {
        self.screen.is_json()
    }

    /// Goes into a room and shows its last messages.
    pub async fn enter(&mut self, room: Room) -> Done {
        self.tell("entered", &room)?;
        self.say(&format!("-- {} ({}) -- /help lists the commands", show::room_name(&room), show::room_kind(&room)))?;
        self.next_index = 0;
        let id = room.id.clone();
        self.room = Some(room);
        self.refresh_names().await;
        let messages: Messages = self.http.read(&format!("/api/v1/rooms/{id}/messages?limit={HISTORY}")).await?;
        for item in &messages.items {
            self.tell("history", item)?;
            self.show_item(item.index, item.at, item.event.get())?;
            if let Some(remark) = item.delivery.as_ref().and_then(show::delivery) {
                self.say(&remark)?;
            }
        }
        for item in &messages.pending {
            if let Ok(event) = serde_json::from_str::<Event>(item.event.get()) {
                self.say(&show::event(&self.names, None, event.made_at, &event))?;
                self.say(&show::delivery(&item.delivery).unwrap_or_default())?;
            }
        }
        self.say_writable()?;
        self.mark_read().await;
        Ok(())
    }

    /// Who is who; the conversation works without it too.
    pub(super) async fn refresh_names(&mut self) {
        let Some(room) = &self.room else { return };
        if let Ok(members) = self.http.read_all(&format!("/api/v1/rooms/{}/members", room.id)).await {
            self.names = Names::new(members);
        }
    }

    pub(super) fn say_writable(&mut self) -> Done {
        let Some(room) = &self.room else { return Ok(()) };
        match &room.why_not {
            Some(why) if !room.writable => {
                let text =
                    format!("!! You cannot write here now: {} ({})", crate::cli::screen::clean(&why.detail), why.code);
                self.say(&text)
            }
            _ => Ok(()),
        }
    }

    /// Shows an event of the present room once.
    pub(super) fn show_item(&mut self, index: u64, at: u64, event: &str) -> Done {
        if index < self.next_index {
            return Ok(());
        }
        self.next_index = index + 1;
        let Ok(event) = serde_json::from_str::<Event>(event) else { return Ok(()) };
        if self.typed.remove(&event.id) { Ok(()) } else { self.say(&show::event(&self.names, Some(index), at, &event)) }
    }

    /// What was shown counts as read. A lost marker does no harm.
    pub(super) async fn mark_read(&mut self) {
        if let (Some(room), Some(index)) = (&self.room, self.next_index.checked_sub(1)) {
            let path = format!("/api/v1/rooms/{}/read", room.id);
            let _: Done<serde_json::Value> = self.http.put(&path, &serde_json::json!({ "index": index })).await;
        }
    }

    /// Takes a line: a command, or something to say. A refusal is shown, and the conversation goes on.
    pub async fn take(&mut self, line: &str) -> Done<Flow> {
        let line = line.trim_end();
        let done = match line.strip_prefix('/') {
            Some(rest) if !rest.starts_with('/') => {
                let (command, words) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
                self.run_command(command, words.trim()).await
            }
            Some(rest) => self.post(rest, None).await.map(|()| Flow::On),
            None if line.trim().is_empty() => Ok(Flow::On),
            None => self.post(line, None).await.map(|()| Flow::On),
        };
        done.or_else(|failure| self.survive(failure).map(|()| Flow::On))
    }

    fn survive(&mut self, failure: Failure) -> Done {
        if !matches!(failure.exit, Exit::Refused | Exit::Usage | Exit::Unreachable)
            || failure.has_code("UNAUTHENTICATED")
        {
            return Err(failure);
        }
        self.refused += 1;
        self.tell("error", &serde_json::json!({ "code": failure.code, "detail": failure.message }))?;
        let code = failure.code.as_deref().map(|code| format!(" ({code})")).unwrap_or_default();
        self.say(&format!("!! {}{code}", failure.message))?;
        match failure.next {
            Some(next) => self.say(&format!("   next: {next}")),
            None => Ok(()),
        }
    }

    /// Says something in the present room.
    pub async fn post(&mut self, text: &str, reply_to: Option<u64>) -> Done {
        let room = self.present()?.id.clone();
        let message = NewMessage { text: text.into(), reply_to, ..NewMessage::default() };
        let path = format!("/api/v1/rooms/{room}/messages");
        let key = hex(&random_16(&mut SystemRandom));
        let posted: Posted = match self.http.post_once(&path, &message, &key).await {
            // The answer may have been lost on the way back; under the same key nothing is said twice.
            Err(failure) if failure.exit == Exit::Unreachable => self.http.post_once(&path, &message, &key).await?,
            posted => posted?,
        };
        self.posted(posted)
    }

    /// Something of one's own is durable here.
    pub(super) fn posted(&mut self, posted: Posted) -> Done {
        self.tell("posted", &posted)?;
        if matches!(self.printer, Printer::AbovePrompt(_)) {
            self.typed.insert(posted.id.clone());
        }
        let has_to_cross = posted.pending.is_some() || posted.delivery.as_ref().is_some_and(|it| it.state == "queued");
        if has_to_cross {
            let Posted { room, id, index, pending, .. } = posted;
            let since = Instant::now();
            self.waiting.insert(id, Waiting { room, index, pending, since, is_remarked: false });
        }
        Ok(())
    }

    /// The room one is in.
    pub(super) fn present(&self) -> Done<&Room> {
        self.room
            .as_ref()
            .ok_or_else(|| Failure::usage("you are in no room").next("/rooms lists them, /room N goes into one"))
    }

    /// A message's delivery has come to an end.
    pub(super) fn settle(&mut self, id: &str, delivery: &Delivery) -> Done {
        let Some(waiting) = self.waiting.remove(id) else { return Ok(()) };
        let place = waiting.index.map(|index| format!(" #{index}")).unwrap_or_default();
        match (&*delivery.state, &delivery.code) {
            ("delivered", _) => self.say(&format!("   ✓ delivered{place}")),
            ("refused", code) => {
                self.refused += 1;
                let why = code.as_deref().map(|code| format!(": {}", show::cause_words(code))).unwrap_or_default();
                self.say(&format!("   ✗ refused by the partner{place}{why}"))
            }
            (state, _) => {
                self.refused += 1;
                self.say(&format!("   ✗ {state}{place}: the link closed before it crossed"))
            }
        }
    }

    /// Whether something that was sent has not been confirmed.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Remarks once on each message that takes long.
    pub fn remark_waiting(&mut self) -> Done {
        let late = self.waiting.values_mut().filter(|it| !it.is_remarked && it.since.elapsed() > QUEUED);
        let places: Vec<String> = late
            .map(|it| {
                it.is_remarked = true;
                it.index.map(|index| format!(" #{index}")).unwrap_or_default()
            })
            .collect();
        for place in places {
            self.say(&format!("   … queued{place}: safe here, and sent when the partner can be reached"))?;
        }
        Ok(())
    }

    /// The end, with messages that the partner has not confirmed.
    pub fn remark_unconfirmed(&mut self) -> Done {
        let waiting = self.waiting.len();
        self.tell("unconfirmed", &serde_json::json!({ "messages": waiting }))?;
        eprintln!("handclasp: {waiting} queued: safe here, and sent when the partner can be reached");
        self.verdict()
    }

    /// Whether everything that was asked for was done.
    pub fn verdict(&self) -> Done {
        match self.refused {
            0 => Ok(()),
            n => Err(Failure::refused(format!("{n} of what was asked for was refused; the reasons are above"))),
        }
    }
}
