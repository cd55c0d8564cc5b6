//! A person of the story: signed in, talking, and looking until they see what they expect.

use crate::{
    api::{
        client::dto::{Event, File, Member, Messages, NewMessage, NewSession, Posted, Room, SignIn, TimelineItem},
        paging::Page,
        password::Password,
    },
    cli::{
        chat,
        failure::{Done, Failure},
        http::Http,
        transfer,
        twin::{self, Org},
    },
};
use std::io::Cursor;

/// A person.
#[derive(Debug)]
pub struct Person {
    /// What the story calls them.
    pub called: &'static str,
    /// Whole address.
    pub address: String,
    /// The client API, signed in.
    pub http: Http,
}

/// Whom the story needs.
#[derive(Clone, Copy, Debug)]
pub struct Cast {
    /// The user name.
    pub local: &'static str,
    /// What they are called.
    pub name: &'static str,
}

impl Person {
    /// Makes the account and signs in.
    pub async fn join(org: &Org, cast: Cast, password: &str) -> Done<Self> {
        org.add_user(cast.local, cast.name, password).await?;
        let http = org.client()?;
        let label = Some("handclasp demo".to_owned());
        let sign_in = SignIn { user: cast.local.to_owned(), password: Password::new(password.to_owned()), label };
        let session: NewSession = http.post("/api/v1/session", &sign_in).await?;
        chat::remember(&org.dir, cast.local, &session.token)?;
        Ok(Self { called: cast.name, address: session.address, http: http.with_token(session.token) })
    }

    /// Says something.
    pub async fn say(&self, room: &str, text: &str) -> Done<Posted> {
        let message = NewMessage { text: text.into(), ..NewMessage::default() };
        self.http.post(&format!("/api/v1/rooms/{room}/messages"), &message).await
    }

    /// Sends some bytes as a file.
    pub async fn sends(&self, room: &str, name: &str, bytes: &[u8], text: &str) -> Done<Posted> {
        let upload = transfer::upload(&self.http, name, bytes.len() as u64, &mut Cursor::new(bytes)).await?;
        transfer::post(&self.http, room, &[upload], text).await
    }

    /// Waits until this person can read exactly these bytes of the file of a message.
    pub async fn receives(&self, room: &str, item: &TimelineItem, bytes: &[u8]) -> Done<File> {
        let file = event_of(item).and_then(|event| event.files.into_iter().next());
        let file = file.ok_or_else(|| Failure::fault("the message has no file"))?;
        let what = format!("{} has the file {}", self.called, file.name);
        twin::wait_for(&what, async || match self.http.read_bytes(&transfer::path_of(room, &file.digest)).await {
            Ok(got) => Ok((got == bytes).then_some(())),
            Err(failure) if failure.has_code("FILE_AWAITED") => Ok(None),
            Err(failure) => Err(failure),
        })
        .await?;
        Ok(file)
    }

    /// The newest part of a room's timeline.
    pub async fn messages(&self, room: &str) -> Done<Messages> {
        self.http.read(&format!("/api/v1/rooms/{room}/messages?limit=100")).await
    }

    /// Waits until this person sees a message with this text.
    pub async fn sees(&self, room: &str, text: &str) -> Done<TimelineItem> {
        let what = format!("{} sees \"{text}\"", self.called);
        twin::wait_for(&what, async || {
            let messages = match self.messages(room).await {
                Err(failure) if is_outside(&failure) => return Ok(None),
                messages => messages?,
            };
            Ok(messages.items.into_iter().find(|item| text_of(item).as_deref() == Some(text)))
        })
        .await
    }

    /// Waits until one's own message has come to this state of delivery.
    pub async fn delivery(&self, room: &str, id: &str, state: &str) -> Done {
        let what = format!("the message of {} is {state}", self.called);
        twin::wait_for(&what, async || {
            let messages = self.messages(room).await?;
            let placed = messages.items.iter().find(|item| event_of(item).is_some_and(|event| event.id == id));
            let delivery = placed.and_then(|item| item.delivery.as_ref());
            // A message in a room of the partner's has arrived when it has its place.
            let is_placed = placed.is_some_and(|item| item.delivery.is_none()) && state == "delivered";
            Ok((is_placed || delivery.is_some_and(|delivery| delivery.state == state)).then_some(()))
        })
        .await
    }

    /// The texts of a room's messages, in the order in which this person sees them.
    pub async fn texts(&self, room: &str) -> Done<Vec<String>> {
        Ok(self.messages(room).await?.items.iter().filter_map(text_of).collect())
    }

    /// Waits until this person sees that the room has so many members.
    pub async fn sees_members(&self, room: &str, members: usize) -> Done<Vec<Member>> {
        let what = format!("{} sees {members} members", self.called);
        twin::wait_for(&what, async || {
            let seen: Done<Page<Member>> = self.http.read(&format!("/api/v1/rooms/{room}/members?limit=100")).await;
            match seen {
                Ok(page) => Ok((page.items.len() == members).then_some(page.items)),
                Err(failure) if is_outside(&failure) => Ok(None),
                Err(failure) => Err(failure),
            }
        })
        .await
    }

    /// Waits until this person is no longer a member.
    pub async fn is_out(&self, room: &str) -> Done {
        let what = format!("{} is no longer a member", self.called);
        twin::wait_for(&what, async || {
            let seen: Done<Room> = self.http.read(&format!("/api/v1/rooms/{room}")).await;
            match seen {
                Ok(room) => Ok(room.you.is_none().then_some(())),
                Err(failure) if is_outside(&failure) => Ok(Some(())),
                Err(failure) => Err(failure),
            }
        })
        .await
    }

    /// Waits until this person can write in the room.
    pub async fn can_write(&self, room: &str) -> Done {
        let what = format!("{} can write again", self.called);
        twin::wait_for(&what, async || {
            let room: Room = self.http.read(&format!("/api/v1/rooms/{room}")).await?;
            Ok(room.writable.then_some(()))
        })
        .await
    }
}

/// The refusal that was expected; anything else is a failure of the story.
pub fn refused<T>(done: Done<T>, code: &str) -> Done<Failure> {
    match done {
        Err(failure) if failure.has_code(code) => Ok(failure),
        Err(failure) => {
            Err(Failure::fault(format!("expected the refusal {code}, got {:?}: {}", failure.code, failure.message)))
        }
        Ok(_) => Err(Failure::fault(format!("expected the refusal {code}, and it was done"))),
    }
}

fn is_outside(failure: &Failure) -> bool {
    failure.has_code("NOT_FOUND") || failure.has_code("NOT_MEMBER")
}

/// The event of an item.
#[must_use]
pub fn event_of(item: &TimelineItem) -> Option<Event> {
    serde_json::from_str(item.event.get()).ok()
}

fn text_of(item: &TimelineItem) -> Option<String> {
    event_of(item)?.text
}
