//! The chapters of a group's tools: a note, a date, the folder; each made on one side and used on the other.

use super::{narrator::Narrator, person::Person};
use crate::{
    api::{
        client::dto::{
            Comment, Date, DateBody, Days, Entry, NewAnswer, NewComment, NewEntry, NewFile, NewNote, Note, Posted,
        },
        paging::Page,
    },
    cli::{
        failure::{Done, Failure},
        transfer,
        twin::wait_for,
    },
};
use serde_json::Value;
use std::io::Cursor;

/// What two people of two organizations do in a group.
pub async fn tell(alice: &Person, bob: &Person, room: &str, narrator: &mut Narrator) -> Done {
    narrator.chapter("They plan together: a note, a date, a folder")?;
    narrator.step("a note with a comment", note(alice, bob, room)).await?;
    narrator.step("a date with an answer", date(alice, bob, room)).await?;
    narrator.step("a file in the folder", folder(alice, bob, room)).await
}

/// The first item of a tool that fits, once this person sees it.
async fn found<T: serde::de::DeserializeOwned>(
    person: &Person,
    path: &str,
    what: &str,
    fits: impl Fn(&T) -> bool,
) -> Done<T> {
    wait_for(&format!("{} sees {what}", person.called), async || {
        let page: Page<T> = person.http.read(path).await?;
        Ok(page.items.into_iter().find(|item| fits(item)))
    })
    .await
}

async fn note(alice: &Person, bob: &Person, room: &str) -> Done<((), String)> {
    let path = format!("/api/v1/rooms/{room}/notes");
    let text = "Acme brings the stand, Globex brings the robots.";
    let new = NewNote { title: "Who brings what".to_owned(), text: Some(text.to_owned()), files: Vec::new() };
    let _: Posted = alice.http.post(&path, &new).await?;
    let seen: Note = found(bob, &path, "the note", |note: &Note| note.title == new.title).await?;
    let comments = format!("{path}/{}/comments", seen.index);
    let words = "Two robots, and a spare one.";
    let _: Posted = bob.http.post(&comments, &NewComment { text: words.to_owned() }).await?;
    found(alice, &comments, "the comment", |comment: &Comment| comment.text == words).await?;
    Ok(((), format!("Alice posts the note \"{}\". Bob comments \"{words}\", and Alice reads it", new.title)))
}

async fn date(alice: &Person, bob: &Person, room: &str) -> Done<((), String)> {
    let path = format!("/api/v1/rooms/{room}/calendar");
    let days = Days { first: "2027-03-01".to_owned(), last: "2027-03-04".to_owned() };
    let new = DateBody { title: "Trade fair".to_owned(), days: Some(days), ..DateBody::default() };
    let _: Posted = bob.http.post(&path, &new).await?;
    let seen: Date = found(alice, &path, "the date", |date: &Date| date.body.title == "Trade fair").await?;
    let answer = NewAnswer { answer: "yes".to_owned() };
    let _: Value = alice.http.put(&format!("{path}/{}/answer", seen.index), &answer).await?;
    let comes = |date: &Date| date.answers.iter().any(|it| it.address == alice.address && it.answer == "yes");
    found(bob, &path, "who comes", comes).await?;
    Ok(((), "Bob puts the trade fair into the calendar. Alice will come, and Bob sees it".to_owned()))
}

async fn folder(alice: &Person, bob: &Person, room: &str) -> Done<((), String)> {
    let path = format!("/api/v1/rooms/{room}/folder");
    let sub = NewEntry { name: Some("Drawings".to_owned()), ..NewEntry::default() };
    let _: Posted = alice.http.post(&path, &sub).await?;
    let sub: Entry = found(bob, &path, "the subfolder", |entry: &Entry| entry.name == "Drawings").await?;
    let bytes = "Hall 3, stand 12\n".repeat(2_000).into_bytes();
    let upload = transfer::upload(&bob.http, "stand.txt", bytes.len() as u64, &mut Cursor::new(&bytes)).await?;
    let file = NewFile { upload: Some(upload.id), ..NewFile::default() };
    let new = NewEntry { file: Some(file), inside: Some(sub.index), ..NewEntry::default() };
    let _: Posted = bob.http.post(&path, &new).await?;
    let inside = format!("{path}?in={}", sub.index);
    let here = |entry: &Entry| entry.version.as_ref().is_some_and(|version| version.state == "here");
    let seen: Entry = found(alice, &inside, "the file in the folder", here).await?;
    let digest = seen.version.map(|version| version.file.digest).unwrap_or_default();
    if alice.http.read_bytes(&transfer::path_of(room, &digest)).await? != bytes {
        return Err(Failure::fault("the file in the folder is another on the other side"));
    }
    let told =
        format!("Alice makes the subfolder \"Drawings\"; Bob puts {} there, and Alice has it byte for byte", seen.name);
    Ok(((), told))
}
