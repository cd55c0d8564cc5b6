//! The commands that begin with a slash, as at the plain prompt.

use super::{
    state::{About, Overlay, Question, State},
    wish::{Tool, Verb, Wish},
};
use crate::cli::screen::clean;
use serde_json::{Value, json};

/// The commands, for the help.
pub const COMMANDS: &[(&str, &str)] = &[
    ("/room NAME or ADDRESS", "go into a room; a person who is no contact is asked"),
    ("/contact ADDRESS", "add somebody of a partner organization"),
    ("/notes  /calendar  /folder  /members", "read them (F2 to F5)"),
    ("/reply N TEXT", "answer message #N"),
    ("/edit N TEXT, /recall N", "change your message, take it back"),
    ("/react N EMOJI", "react; again: take the reaction back"),
    ("/new NAME ADDRESS ...", "make a group; carol@ is a colleague"),
    ("/add ADDRESS ..., /remove ADDRESS", "masters: add and remove people"),
    ("/master ADDRESS, /unmaster ADDRESS", "masters: name one, end the role"),
    ("/send FILE, /save N [DIR]", "send a file, save those of message #N"),
    ("/block ADDRESS, /unblock ADDRESS", "hear nothing of somebody, or again"),
    ("/quit", "end; //TEXT says something with a slash"),
];

impl State {
    /// Runs a command. `key` is for a letter that it may send.
    pub fn run(&mut self, command: &str, key: impl FnOnce() -> String) -> Vec<Wish> {
        let (name, words) = command.split_once(char::is_whitespace).unwrap_or((command, ""));
        let words = words.trim();
        match name {
            "quit" | "q" | "exit" => return vec![Wish::Quit],
            "help" | "h" | "?" => self.overlay = Some(Overlay::Help { from: 0 }),
            "notes" => return self.read(Tool::Notes),
            "calendar" | "dates" => return self.read(Tool::Calendar),
            "folder" => return self.read(Tool::Folder),
            "members" => return self.read(Tool::Members),
            "contact" if words.is_empty() => self.ask(Question::Contact),
            "room" | "r" | "contact" if !words.is_empty() => return vec![Wish::Find(words.to_owned())],
            "new" => return self.make_group(words),
            "reply" | "edit" | "react" | "recall" | "save" => return self.run_at_message(name, words, key),
            "add" | "remove" | "master" | "unmaster" | "send" => return self.run_in_room(name, words),
            "block" | "unblock" => return self.block(name == "block", words),
            "decline" => return self.decline(),
            _ => self.complain(format!("There is no such command: /{}. F1 lists them.", clean(command))),
        }
        Vec::new()
    }

    fn run_at_message(&mut self, name: &str, words: &str, key: impl FnOnce() -> String) -> Vec<Wish> {
        let (number, rest) = words.split_once(char::is_whitespace).unwrap_or((words, ""));
        let rest = rest.trim();
        let Ok(index) = number.trim_start_matches('#').parse::<u64>() else {
            self.complain(format!("Of which message? Write /{name} N: the numbers stand beside the messages."));
            return Vec::new();
        };
        match name {
            "recall" => self.deed(index, None, Verb::Delete, Value::Null),
            "save" => self.save_files(index, if rest.is_empty() { "." } else { rest }),
            "reply" if rest.is_empty() => {
                self.about = Some(About::Answer(index));
                Vec::new()
            }
            _ if rest.is_empty() => {
                self.complain(format!("Something is missing: /{name} {index} ..."));
                Vec::new()
            }
            "edit" => self.deed(index, None, Verb::Patch, json!({ "text": rest })),
            "react" => self.react(index, rest),
            _ => self.post(key(), rest.to_owned(), Some(index)),
        }
    }

    fn run_in_room(&mut self, name: &str, words: &str) -> Vec<Wish> {
        let Some(room) = self.open.as_ref().map(|open| open.room.clone()) else {
            self.complain("Go into a room first.");
            return Vec::new();
        };
        if words.is_empty() {
            self.complain(format!("Something is missing: /{name} ..."));
            return Vec::new();
        }
        let address = self.complete(words);
        let members = format!("/api/v1/rooms/{room}/members");
        let deed = |verb, path, body, told: &str| vec![Wish::Deed { verb, path, body, told: told.to_owned() }];
        let role = |role: &str| json!({ "role": role });
        match name {
            "send" => vec![Wish::SendFile(room, words.into())],
            "add" => {
                let users: Vec<String> = words.split_whitespace().map(|word| self.complete(word)).collect();
                deed(Verb::Post, members, json!({ "users": users }), "Asked in; their organization answers.")
            }
            "remove" => deed(Verb::Delete, format!("{members}/{address}"), Value::Null, "Removed."),
            "master" => deed(Verb::Put, format!("{members}/{address}/role"), role("master"), "Named a Group Master."),
            _ => deed(Verb::Put, format!("{members}/{address}/role"), role("member"), "The role has ended."),
        }
    }

    fn make_group(&mut self, words: &str) -> Vec<Wish> {
        let (people, name): (Vec<&str>, Vec<&str>) = words.split_whitespace().partition(|word| word.contains('@'));
        if people.is_empty() || name.is_empty() {
            self.complain("Write /new NAME ADDRESS ...");
            return Vec::new();
        }
        let members = people.into_iter().map(|address| self.complete(address)).collect();
        vec![Wish::Group { name: name.join(" "), members }]
    }

    /// Calls are had in the web app; here one can only say no.
    fn decline(&mut self) -> Vec<Wish> {
        let Some(path) = self.ringing.decline_path() else {
            self.complain("No call rings.");
            return Vec::new();
        };
        vec![Wish::Deed { verb: Verb::Post, path, body: json!({}), told: String::new() }]
    }

    fn block(&mut self, on: bool, words: &str) -> Vec<Wish> {
        if words.is_empty() {
            self.complain("Whom?");
            return Vec::new();
        }
        let path = format!("/api/v1/contacts/{}/block", self.complete(words));
        let (verb, told) = match on {
            true => (Verb::Put, "Blocked: nothing from them is shown, and they are not told."),
            false => (Verb::Delete, "No longer blocked."),
        };
        vec![Wish::Deed { verb, path, body: json!({}), told: told.to_owned() }, Wish::ReadAll]
    }

    /// An address; `carol@` is a colleague.
    fn complete(&self, text: &str) -> String {
        let whole = if text.ends_with('@') { format!("{text}{}", self.me.org) } else { text.to_owned() };
        crate::cli::http::encode(&whole).replace("%40", "@")
    }
}
