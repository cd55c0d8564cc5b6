//! Does what the client wishes: asks the daemon, and gives back what it answered.

use super::{
    pages,
    wish::{Answer, Letter, Tool, Verb, Wish},
};
use crate::{
    api::client::dto::{Event, Me, Messages, NewMessage, NewRoom, Posted, Room},
    cli::{
        chat::{show, target},
        failure::{Done, Failure},
        http::{Http, encode},
        screen::clean,
        transfer,
    },
};
use serde_json::{Value, json};
use std::path::Path;
use tokio::sync::mpsc::UnboundedSender;

const PAGE: u32 = 80;

/// Does a wish, and says what came of it. What is to be told meanwhile goes to `told`.
pub async fn fulfil(http: Http, me: Me, wish: Wish, told: UnboundedSender<String>) -> Answer {
    match wish {
        Wish::ReadAll => Answer::All(read_all(&http).await),
        Wish::Open(room) => {
            let read = open(&http, &room).await;
            Answer::Opened(room, read)
        }
        Wish::Older(room, before) => {
            let path = format!("/api/v1/rooms/{room}/messages?before={before}&limit={PAGE}");
            let page = http.read(&path).await;
            Answer::Older(room, page)
        }
        Wish::Send(letter) => {
            let posted = send(&http, &letter).await;
            Answer::Sent(letter.key, posted)
        }
        Wish::Find(with) => {
            let tell = |words: String| drop(told.send(words));
            Answer::Found(target::find(&http, &me, &with, tell).await.map(Box::new))
        }
        Wish::Page(tool, room) => {
            let lines = page(&http, tool, &room).await;
            Answer::Page(tool, room, lines)
        }
        Wish::Group { name, members } => {
            let new = NewRoom { name, members, ..NewRoom::default() };
            Answer::Found(http.post("/api/v1/rooms", &new).await.map(Box::new).map_err(exists))
        }
        Wish::Deed { verb, path, body, told } => Answer::Did(deed(&http, verb, &path, &body).await.map(|_| told)),
        // A lost marker does no harm.
        Wish::Read(room, index) => {
            quiet(http.put(&format!("/api/v1/rooms/{room}/read"), &json!({ "index": index }))).await
        }
        Wish::Typing(room, on) => {
            quiet(http.post(&format!("/api/v1/rooms/{room}/typing"), &json!({ "typing": on }))).await
        }
        Wish::SendFile(room, path) => Answer::Did(send_file(&http, &room, &path).await),
        Wish::SaveFiles(room, index, dir) => Answer::Did(save_files(&http, &room, index, &dir).await),
        Wish::Redraw | Wish::Quit => Answer::Did(Ok(String::new())),
    }
}

async fn quiet(asked: impl Future<Output = Done<Value>>) -> Answer {
    let _ = asked.await;
    Answer::Did(Ok(String::new()))
}

async fn read_all(http: &Http) -> Done<(Me, Vec<Room>, Vec<crate::api::client::dto::Contact>)> {
    tokio::try_join!(http.read("/api/v1/me"), http.read_all("/api/v1/rooms"), http.read_all("/api/v1/contacts"))
}

type Opened = (Messages, Vec<crate::api::client::dto::Member>, Option<crate::api::client::dto::Readers>);

async fn open(http: &Http, room: &str) -> Done<Opened> {
    let messages = format!("/api/v1/rooms/{room}/messages?limit={PAGE}");
    let members = format!("/api/v1/rooms/{room}/members");
    let (messages, members) = tokio::try_join!(http.read(&messages), http.read_all(&members))?;
    // An organization can switch these off.
    let readers = http.read(&format!("/api/v1/rooms/{room}/readers")).await.ok();
    Ok((messages, members, readers))
}

async fn send(http: &Http, letter: &Letter) -> Done<Posted> {
    let message = NewMessage { text: letter.text.as_str().into(), reply_to: letter.reply_to, ..NewMessage::default() };
    http.post_once(&format!("/api/v1/rooms/{}/messages", letter.room), &message, &letter.key).await
}

async fn deed(http: &Http, verb: Verb, path: &str, body: &Value) -> Done<Value> {
    match verb {
        Verb::Post => http.post(path, body).await,
        Verb::Put => http.put(path, body).await,
        Verb::Patch => http.patch(path, body).await,
        Verb::Delete => http.delete(path).await,
    }
}

fn exists(failure: Failure) -> Failure {
    match failure.has_code("EXISTS") {
        true => failure.next("there is a room with exactly these people: it is in the list"),
        false => failure,
    }
}

async fn page(http: &Http, tool: Tool, room: &str) -> Done<Vec<String>> {
    let path = format!("/api/v1/rooms/{room}");
    match tool {
        Tool::Members => Ok(pages::members(&http.read_all(&format!("{path}/members")).await?)),
        Tool::Calendar => Ok(pages::dates(&http.read_all(&format!("{path}/calendar")).await?)),
        Tool::Folder => Ok(pages::folder(&http.read_all(&format!("{path}/folder")).await?)),
        Tool::Notes => {
            let mut notes = Vec::new();
            for note in http.read_all::<crate::api::client::dto::Note>(&format!("{path}/notes")).await? {
                let comments = match note.comments_count {
                    0 => Vec::new(),
                    _ => http.read_all(&format!("{path}/notes/{}/comments", note.index)).await?,
                };
                notes.push((note, comments));
            }
            Ok(pages::notes(&notes))
        }
    }
}

async fn send_file(http: &Http, room: &str, path: &Path) -> Done<String> {
    transfer::send(http, room, path, "").await?;
    Ok(format!("{} is sent.", clean(&path.display().to_string())))
}

async fn save_files(http: &Http, room: &str, index: u64, dir: &Path) -> Done<String> {
    let item: Value = http.read(&format!("/api/v1/rooms/{room}/messages/{index}")).await?;
    let event: Option<Event> = item.get("event").cloned().and_then(|event| serde_json::from_value(event).ok());
    let files = event.map(|event| event.files).unwrap_or_default();
    if files.is_empty() {
        return Err(Failure::refused(format!("message #{index} has no files that you can see")));
    }
    let mut saved = Vec::new();
    for file in &files {
        let path = transfer::save(http, room, (&file.digest, &file.name), dir).await?;
        saved.push(format!("{} as {}", clean(&show::file(file)), path.display()));
    }
    Ok(format!("Saved {}.", saved.join(", ")))
}

/// The path of a message, or of a reaction to it.
#[must_use]
pub fn message_path(room: &str, index: u64, emoji: Option<&str>) -> String {
    let reaction = emoji.map(|emoji| format!("/reactions/{}", encode(emoji))).unwrap_or_default();
    format!("/api/v1/rooms/{room}/messages/{index}{reaction}")
}
