//! What of a room can be read beside its messages, as lines.

use crate::{
    api::client::dto::{Comment, Date, Entry, Member, Note, Reaction},
    cli::{
        chat::show,
        screen::{clean, time},
    },
    model::Millis,
};

/// Notes with their comments, those that are pinned first.
#[must_use]
pub fn notes(notes: &[(Note, Vec<Comment>)]) -> Vec<String> {
    let mut lines = Vec::new();
    let (pinned, others): (Vec<_>, Vec<_>) = notes.iter().partition(|(note, _)| note.pinned);
    for (note, comments) in pinned.into_iter().chain(others) {
        let pin = if note.pinned { " [pinned]" } else { "" };
        let edited = if note.edited_at.is_some() { ", edited" } else { "" };
        lines.push(format!("#{} {}{pin}", note.index, clean(&note.title)));
        lines.push(format!("  {}, {}{edited}", clean(&note.author), time(Millis(note.made_at))));
        lines.extend(text(note.text.as_deref(), "  "));
        lines.extend(note.files.iter().map(|it| format!("  [{}]", clean(&show::file(&it.file)))));
        lines.extend(reactions(&note.reactions));
        for comment in comments {
            lines.push(format!("    {}, {}:", clean(&comment.author), time(Millis(comment.made_at))));
            lines.extend(text(Some(&comment.text), "      "));
        }
        lines.push(String::new());
    }
    or_nothing(lines, "There are no notes yet.")
}

/// Dates, by their beginning.
#[must_use]
pub fn dates(dates: &[Date]) -> Vec<String> {
    let mut sorted: Vec<(String, &Date)> = dates.iter().map(|date| (when(date), date)).collect();
    sorted.sort_by(|a, b| a.0.cmp(&b.0));
    let mut lines = Vec::new();
    for (when, date) in sorted {
        let off = if date.cancelled { " [called off]" } else { "" };
        lines.push(format!("#{} {}{off}", date.index, clean(&date.body.title)));
        lines.push(format!("  {when}"));
        lines.extend(date.body.place.as_deref().map(|place| format!("  at {}", clean(place))));
        lines.extend(date.body.repeats.as_deref().map(|rule| format!("  repeats: {}", clean(rule))));
        lines.extend(date.body.reminder_minutes.map(|minutes| format!("  reminder {minutes} min before")));
        lines.extend(text(date.body.text.as_deref(), "  "));
        for answer in &date.answers {
            lines.push(format!("  {}: {}", clean(&answer.address), clean(&answer.answer)));
        }
        lines.extend(reactions(&date.reactions));
        lines.push(String::new());
    }
    or_nothing(lines, "There are no dates yet.")
}

fn when(date: &Date) -> String {
    match (&date.body.days, &date.body.times) {
        (Some(days), _) if days.first == days.last => clean(&days.first),
        (Some(days), _) => clean(&format!("{} to {}", days.first, days.last)),
        (None, Some(times)) => clean(&format!("{} to {} ({})", times.start, times.end, times.zone)).replace('T', " "),
        (None, None) => String::new(),
    }
}

/// The folder as a tree.
#[must_use]
pub fn folder(entries: &[Entry]) -> Vec<String> {
    let mut lines = Vec::new();
    list(entries, None, 0, &mut lines);
    or_nothing(lines, "The folder is empty.")
}

fn list(entries: &[Entry], inside: Option<u64>, depth: usize, lines: &mut Vec<String>) {
    // What a daemon says of itself is a tree; what another says must not send us round in circles.
    if depth > 64 {
        return;
    }
    let mut here: Vec<&Entry> =
        entries.iter().filter(|entry| entry.inside == inside && entry.deleted.is_none()).collect();
    here.sort_by_key(|entry| (entry.kind != "folder", entry.name.to_lowercase()));
    let blank = "  ".repeat(depth);
    for entry in here {
        match &entry.version {
            Some(version) => {
                let versions = entry.versions.filter(|n| *n > 1).map(|n| format!(", {n} versions")).unwrap_or_default();
                let by = format!("{}, {}", clean(&version.author), time(Millis(version.made_at)));
                lines.push(format!("{blank}{}{versions}, {by}", clean(&show::file(&version.file))));
            }
            None => lines.push(format!("{blank}{}/", clean(&entry.name))),
        }
        if entry.kind == "folder" {
            list(entries, Some(entry.index), depth + 1, lines);
        }
    }
}

/// Who is here.
#[must_use]
pub fn members(members: &[Member]) -> Vec<String> {
    let line = |member: &Member| {
        let org = member.org_name.as_deref().map(|org| format!(" [{}]", clean(org))).unwrap_or_default();
        let role = if member.role == "master" { ", Group Master" } else { "" };
        let name = clean(member.name.as_deref().unwrap_or(&member.address));
        format!("{name}{org} <{}>{role}", clean(&member.address))
    };
    members.iter().map(line).collect()
}

fn text(text: Option<&str>, blank: &str) -> Vec<String> {
    text.unwrap_or_default().lines().map(|line| format!("{blank}{}", clean(line))).collect()
}

fn reactions(reactions: &[Reaction]) -> Option<String> {
    let words: Vec<String> = reactions.iter().map(|it| format!("{} {}", clean(&it.emoji), it.people.len())).collect();
    (!words.is_empty()).then(|| format!("  {}", words.join("  ")))
}

fn or_nothing(mut lines: Vec<String>, nothing: &str) -> Vec<String> {
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    if lines.is_empty() { vec![nothing.to_owned()] } else { lines }
}
