//! How rooms, people and events look in the terminal.

use crate::{
    api::client::dto::{Delivery, Event, File, Member, Notification, Room},
    cli::screen::{clean, clock},
    model::Millis,
};
use std::collections::HashMap;

/// Who is who in a room.
#[derive(Debug, Default)]
pub struct Names {
    members: HashMap<String, Member>,
}

impl Names {
    /// From the members of a room.
    #[must_use]
    pub fn new(members: Vec<Member>) -> Self {
        Self { members: members.into_iter().map(|member| (member.address.clone(), member)).collect() }
    }

    /// A person: name, address, and their organization when it is another one (P11).
    #[must_use]
    pub fn person(&self, address: &str) -> String {
        let member = self.members.get(address);
        let org = member.filter(|it| it.external).and_then(|it| it.org_name.as_deref());
        let org = org.map(|org| format!(" [{}]", clean(org))).unwrap_or_default();
        match member.and_then(|it| it.name.as_deref()) {
            Some(name) => format!("{} <{}>{org}", clean(name), clean(address)),
            None => format!("{}{org}", clean(address)),
        }
    }
}

/// An event of a timeline as lines.
#[must_use]
pub fn event(names: &Names, index: Option<u64>, at: u64, event: &Event) -> String {
    let place = index.map_or_else(|| "  - ".to_owned(), |index| format!("#{index:<3}"));
    let head = format!("{} {place}", clock(Millis(at)));
    if event.kind != "message" {
        return format!("{head} * {}", happening(event, |address| names.person(address)));
    }
    let author = event.author.as_deref().map(|author| names.person(author));
    let reply = event.reply_to.map(|index| format!(" (to #{index})")).unwrap_or_default();
    let mut text = text(event.text.as_deref().unwrap_or_default(), head.chars().count() + 1);
    for file in &event.files {
        text.push_str(&format!(" [{}]", clean(&self::file(file))));
    }
    format!("{head} {}{reply}: {text}", author.unwrap_or_default())
}

/// What an event that is no message has brought about. `person` calls people by their names.
#[must_use]
pub fn happening(event: &Event, person: impl Fn(&str) -> String) -> String {
    let people = || event.users.iter().map(|address| person(address)).collect::<Vec<_>>().join(", ");
    let by = event.author.as_deref().map(|author| format!(" by {}", person(author))).unwrap_or_default();
    match event.kind.as_str() {
        "created" => format!("the room was made{by}"),
        "joined" => format!("{} joined, added{by}", people()),
        "removed" => format!("{} was removed{by}", people()),
        "excluded" => {
            let cause = event.cause.as_deref().map(|cause| format!(": {}", cause_words(cause))).unwrap_or_default();
            format!("{} was excluded{cause}", people())
        }
        "role" => {
            let user = person(event.user.as_deref().unwrap_or_default());
            match event.role.as_deref() {
                Some("master") => format!("{user} is a master now{by}"),
                _ => format!("{user} is no master any more{by}"),
            }
        }
        "settings" => format!("the room's settings were changed{by}"),
        "note" => format!("the note \"{}\" was posted{by}", quoted(event.title.as_ref())),
        "note_comment" => format!("\"{}\" was said about a note{by}", quoted(event.text.as_ref())),
        "call" => format!("{}{by}", super::calls::entry(event)),
        "date" => format!("\"{}\" was put into the calendar{by}", quoted(event.title.as_ref())),
        "folder_make" => format!("the subfolder \"{}\" was made{by}", quoted(event.name.as_ref())),
        "folder_add" => format!("{} was put into the folder{by}", files_of(event)),
        "folder_version" => format!("a file of the folder has another version, {}{by}", files_of(event)),
        other => format!("({})", clean(other)),
    }
}

fn quoted(text: Option<&String>) -> String {
    text.map(|text| clean(text)).unwrap_or_default()
}

fn files_of(event: &Event) -> String {
    event.files.iter().map(|it| clean(&file(it))).collect::<Vec<_>>().join(", ")
}

/// A message's text: line breaks stay and are indented, everything else that could command the terminal goes.
fn text(text: &str, indent: usize) -> String {
    let blank = " ".repeat(indent);
    text.lines().map(clean).collect::<Vec<_>>().join(&format!("\n{blank}"))
}

/// A file: its name and size, and what it is when it is a picture.
#[must_use]
pub fn file(file: &File) -> String {
    let size = match file.bytes {
        bytes @ 0..1_024 => format!("{bytes} bytes"),
        bytes @ 1_024..1_048_576 => format!("{} KiB", bytes / 1_024),
        bytes => format!("{} MiB", bytes / 1_048_576),
    };
    let image = file.image.map(|image| format!(", {}×{}", image.width, image.height)).unwrap_or_default();
    format!("{} ({size}{image})", file.name)
}

/// The rule behind an exclusion or refusal, in words.
#[must_use]
pub fn cause_words(code: &str) -> &str {
    match code {
        "CLOSED_BY_US" => "our admin closed the link",
        "CLOSED_BY_THEM" => "the partner's admin closed the link",
        "NOT_PERMITTED" => "the permission for external messaging ended",
        "NOT_MEMBER" => "not a member of the room",
        "SCOPE" => "the admins' grants do not name this",
        "UNAVAILABLE" => "cannot be reached",
        "BLOCKED" => "blocked",
        other => other,
    }
}

/// A line under a message that has not arrived; none under one that has.
#[must_use]
pub fn delivery(delivery: &Delivery) -> Option<String> {
    match (&*delivery.state, delivery.code.as_deref()) {
        ("delivered", _) => None,
        ("queued", _) => Some("   … queued: safe here, and sent when the partner can be reached".to_owned()),
        ("refused", Some(code)) => Some(format!("   ✗ refused by the partner: {}", cause_words(code))),
        ("undelivered", _) => Some("   ✗ undelivered: the link closed before it crossed".to_owned()),
        (other, _) => Some(format!("   ✗ {}", clean(other))),
    }
}

/// What a room is called.
#[must_use]
pub fn room_name(room: &Room) -> String {
    match (&room.with, &room.name) {
        (Some(with), _) => clean(with),
        (None, Some(name)) => clean(name),
        (None, None) => room.id.clone(),
    }
}

/// A room's kind, with the external marker and the partner's name (P11).
#[must_use]
pub fn room_kind(room: &Room) -> String {
    let partner = room.partner_name.as_deref().or(room.partner.as_deref()).filter(|_| room.external);
    match partner {
        Some(partner) => format!("{}, external with {}", room.kind, clean(partner)),
        None => room.kind.clone(),
    }
}

/// A notification in a sentence.
#[must_use]
pub fn notice(it: &Notification) -> String {
    let peer = it.peer.as_deref().unwrap_or("a partner");
    let who = it.address.as_deref().map(clean).unwrap_or_default();
    match it.kind.as_str() {
        "available" => format!("External messaging with {peer} is available."),
        "ended" => format!("External messaging with {peer} has ended."),
        "contact_added" => format!("{who} is among your contacts now."),
        "contact_unavailable" => format!("{who} cannot be reached."),
        "direct_room" => format!("{who} has added you: /rooms shows the room."),
        "joined" => "You were added to a room: /rooms shows it.".to_owned(),
        "removed" => "You are no longer a member of a room.".to_owned(),
        "invitation_declined" => format!("{who} could not be added to a room."),
        "mentioned" => format!("{who} mentioned you."),
        "note" => "There is a new note.".to_owned(),
        "comment" => "Somebody commented on your note.".to_owned(),
        "date" => "A date was made, changed or called off.".to_owned(),
        "refused" => {
            let why = it.code.as_deref().map(|code| format!(": {}", cause_words(code))).unwrap_or_default();
            format!("The partner refused something of yours{why}.")
        }
        "frozen" => "A room is frozen after a contradiction; tell your admin.".to_owned(),
        other => clean(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        let member = |address: &str, name: &str, org: Option<&str>| Member {
            address: address.to_owned(),
            name: Some(name.to_owned()),
            external: org.is_some(),
            org_name: org.map(str::to_owned),
            photo: None,
            role: "member".to_owned(),
            joined_at: 0,
        };
        Names::new(vec![
            member("alice@acme.example", "Alice", None),
            member("bob@globex.example", "Bob", Some("Globex")),
        ])
    }

    fn parsed(json: &str) -> Event {
        serde_json::from_str(json).expect("an event")
    }

    #[test]
    fn p11_an_external_author_is_shown_with_address_and_organization() {
        let message = parsed(r#"{"id":"1","author":"bob@globex.example","made_at":0,"kind":"message","text":"Hi"}"#);
        let line = event(&names(), Some(4), 0, &message);
        assert!(line.ends_with("#4   Bob <bob@globex.example> [Globex]: Hi"), "{line}");
    }

    #[test]
    fn a_message_cannot_pose_as_another_line_or_command_the_terminal() {
        let text = "one\\n12:00 #9   Alice <alice@acme.example>: forged\\u001b[2J";
        let json =
            format!(r#"{{"id":"1","author":"bob@globex.example","made_at":0,"kind":"message","text":"{text}"}}"#);
        let lines = event(&names(), Some(4), 0, &parsed(&json));
        let second = lines.lines().nth(1).expect("two lines");
        assert!(second.starts_with("           12:00 #9"), "{second:?}");
        assert!(!lines.contains('\u{1b}'));
    }

    #[test]
    fn an_exclusion_says_who_and_why() {
        let json = r#"{"id":"1","made_at":0,"kind":"excluded","users":["bob@globex.example"],"cause":"CLOSED_BY_US"}"#;
        let line = event(&names(), Some(4), 0, &parsed(json));
        assert!(
            line.ends_with("* Bob <bob@globex.example> [Globex] was excluded: our admin closed the link"),
            "{line}"
        );
    }

    #[test]
    fn what_is_put_into_the_folder_is_named_with_its_size() {
        let file = r#"{"digest":"00","bytes":2048,"name":"plan.pdf","media_type":"application/pdf"}"#;
        let json =
            format!(r#"{{"id":"1","author":"alice@acme.example","made_at":0,"kind":"folder_add","files":[{file}]}}"#);
        let line = event(&names(), Some(4), 0, &parsed(&json));
        assert!(line.ends_with("* plan.pdf (2 KiB) was put into the folder by Alice <alice@acme.example>"), "{line}");
    }

    #[test]
    fn kinds_of_a_newer_daemon_are_passed_over_in_peace() {
        let line = event(&names(), None, 0, &parsed(r#"{"id":"1","made_at":0,"kind":"reaction"}"#));
        assert!(line.ends_with("* (reaction)"), "{line}");
    }
}
