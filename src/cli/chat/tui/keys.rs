//! What keys change in the state, and what they wish for.

use super::{
    composer::{Composer, Step},
    state::{About, Focus, Overlay, Question, State},
    timeline::Place,
    view,
    wish::{Tool, Verb, Wish},
    work::message_path,
};
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use serde_json::{Value, json};

/// How often others are told that one goes on typing, milliseconds.
const TYPING_AGAIN_MS: u64 = 3_000;

impl State {
    /// Takes a key. `key` is for a letter that it may send.
    pub fn press(&mut self, event: KeyEvent, key: impl FnOnce() -> String) -> Vec<Wish> {
        if self.remark.as_ref().is_some_and(|remark| remark.is_bad) {
            self.remark = None;
        }
        let has_control = event.modifiers.contains(KeyModifiers::CONTROL);
        if has_control && matches!(event.code, KeyCode::Char('c' | 'q')) {
            return self.give_up(event.code);
        }
        if has_control && event.code == KeyCode::Char('l') {
            return vec![Wish::Redraw];
        }
        if self.overlay.is_some() {
            return self.press_in_overlay(event);
        }
        if let Some(wishes) = self.press_anywhere(event) {
            return wishes;
        }
        match self.focus {
            Focus::Rooms => self.press_in_rooms(event),
            Focus::Messages => self.press_in_messages(event),
            Focus::Composer => self.press_in_composer(event, key),
        }
    }

    /// Takes what was pasted.
    pub fn paste(&mut self, text: &str) -> Vec<Wish> {
        match &mut self.overlay {
            Some(Overlay::Ask { line, .. }) => line.insert(&text.replace('\n', " ")),
            Some(_) => {}
            None if self.open.is_some() => {
                self.focus = Focus::Composer;
                self.composer.insert(text);
            }
            None => {}
        }
        Vec::new()
    }

    /// Ctrl-C empties what is being written first; only then does it end.
    fn give_up(&mut self, code: KeyCode) -> Vec<Wish> {
        let is_writing = self.focus == Focus::Composer && !self.composer.text().is_empty();
        if code == KeyCode::Char('c') && self.overlay.is_none() && is_writing {
            self.composer.take();
            self.remark("Ctrl-C again ends.");
            return Vec::new();
        }
        vec![Wish::Quit]
    }

    /// Keys that do the same wherever one is.
    fn press_anywhere(&mut self, event: KeyEvent) -> Option<Vec<Wish>> {
        let has = |modifier| event.modifiers.contains(modifier);
        let (alt, control) = (has(KeyModifiers::ALT), has(KeyModifiers::CONTROL));
        match event.code {
            KeyCode::F(1) => self.overlay = Some(Overlay::Help { from: 0 }),
            KeyCode::F(2) => return Some(self.read(Tool::Notes)),
            KeyCode::F(3) => return Some(self.read(Tool::Calendar)),
            KeyCode::F(4) => return Some(self.read(Tool::Folder)),
            KeyCode::F(5) => return Some(self.read(Tool::Members)),
            KeyCode::Char('k') if control => self.find_room(),
            KeyCode::Char('t') if control => self.ask(Question::Contact),
            KeyCode::Down if alt => return Some(self.next_room(1)),
            KeyCode::Up if alt => return Some(self.next_room(-1)),
            KeyCode::Char('n') if control => return Some(self.next_room(1)),
            KeyCode::Char('p') if control => return Some(self.next_room(-1)),
            KeyCode::PageUp => return Some(self.scroll(-self.page())),
            KeyCode::PageDown => return Some(self.scroll(self.page())),
            KeyCode::Tab | KeyCode::BackTab => self.next_focus(event.code == KeyCode::Tab),
            _ => return None,
        }
        Some(Vec::new())
    }

    fn next_focus(&mut self, is_on: bool) {
        let order = match self.open.is_some() {
            true => [Focus::Rooms, Focus::Messages, Focus::Composer].as_slice(),
            false => [Focus::Rooms].as_slice(),
        };
        let at = order.iter().position(|focus| *focus == self.focus).unwrap_or(0);
        let step = if is_on { 1 } else { order.len() - 1 };
        self.focus = order[(at + step) % order.len()];
    }

    fn find_room(&mut self) {
        self.focus = Focus::Rooms;
        self.search = Some(Composer::default());
    }

    /// Asks for a line.
    pub fn ask(&mut self, question: Question) {
        self.overlay = Some(Overlay::Ask { question, line: Composer::default(), told: Vec::new() });
    }

    /// Reads something beside the messages.
    pub fn read(&mut self, tool: Tool) -> Vec<Wish> {
        let Some(open) = &self.open else {
            self.complain("Go into a room first.");
            return Vec::new();
        };
        self.overlay = Some(Overlay::Page { tool, lines: None, from: 0 });
        vec![Wish::Page(tool, open.room.clone())]
    }

    /// Opens the room before or after the one that is open.
    fn next_room(&mut self, by: isize) -> Vec<Wish> {
        self.pick_room(by);
        self.open_picked()
    }

    fn open_picked(&mut self) -> Vec<Wish> {
        match self.picked.clone() {
            Some(room) => self.open_room(&room),
            None => Vec::new(),
        }
    }

    fn press_in_rooms(&mut self, event: KeyEvent) -> Vec<Wish> {
        let is_searching = self.search.is_some();
        match event.code {
            KeyCode::Down => self.pick_room(1),
            KeyCode::Up => self.pick_room(-1),
            KeyCode::Enter => {
                self.search = None;
                return self.open_picked();
            }
            KeyCode::Esc if is_searching => self.search = None,
            KeyCode::Esc if self.open.is_some() => self.focus = Focus::Composer,
            KeyCode::Right if !is_searching && self.open.is_some() => self.focus = Focus::Messages,
            KeyCode::Char('/') if !is_searching => self.find_room(),
            KeyCode::Char('?') if !is_searching => self.overlay = Some(Overlay::Help { from: 0 }),
            KeyCode::Char('a') if !is_searching => self.ask(Question::Contact),
            KeyCode::Char('q') if !is_searching => return vec![Wish::Quit],
            KeyCode::Char('j') if !is_searching => self.pick_room(1),
            KeyCode::Char('k') if !is_searching => self.pick_room(-1),
            _ => {
                if let Some(search) = &mut self.search {
                    edit(search, event);
                    self.picked = None;
                    self.pick_room(0);
                }
            }
        }
        Vec::new()
    }

    fn press_in_messages(&mut self, event: KeyEvent) -> Vec<Wish> {
        match event.code {
            KeyCode::Up | KeyCode::Char('k') => return self.pick_message(-1),
            KeyCode::Down | KeyCode::Char('j') => return self.pick_message(1),
            KeyCode::Home | KeyCode::Char('g') => return self.scroll(isize::MIN / 2),
            KeyCode::End | KeyCode::Char('G') => return self.scroll(isize::MAX / 2),
            KeyCode::Left => self.focus = Focus::Rooms,
            KeyCode::Char('?') => self.overlay = Some(Overlay::Help { from: 0 }),
            KeyCode::Esc | KeyCode::Char('i') => {
                self.focus = Focus::Composer;
                self.unpick();
            }
            _ => return self.press_at_message(event.code),
        }
        Vec::new()
    }

    fn unpick(&mut self) {
        if let Some(open) = &mut self.open {
            open.picked = None;
        }
    }

    /// What can be done with the message that is chosen.
    fn press_at_message(&mut self, code: KeyCode) -> Vec<Wish> {
        let Some((index, author, text)) = self.open.as_ref().and_then(|open| {
            let item = open.items.get(&open.picked?)?;
            Some((open.picked?, item.event.author.clone().unwrap_or_default(), item.text().to_owned()))
        }) else {
            return Vec::new();
        };
        let is_mine = author == self.me.address;
        match code {
            KeyCode::Char('r') | KeyCode::Enter => {
                self.about = Some(About::Answer(index));
                self.focus = Focus::Composer;
            }
            KeyCode::Char('e') if is_mine => {
                self.about = Some(About::Edit(index));
                self.composer = Composer::new(text);
                self.focus = Focus::Composer;
            }
            KeyCode::Char('e') => self.complain("Only its author changes a message."),
            KeyCode::Char('d') => self.ask(Question::Recall(index)),
            KeyCode::Char('+') => self.ask(Question::Reaction(index)),
            KeyCode::Char('s') => return self.save_files(index, "."),
            _ => {}
        }
        Vec::new()
    }

    fn press_in_composer(&mut self, event: KeyEvent, key: impl FnOnce() -> String) -> Vec<Wish> {
        let has = |modifier| event.modifiers.contains(modifier);
        match event.code {
            KeyCode::Enter if !has(KeyModifiers::ALT) && !has(KeyModifiers::SHIFT) => return self.submit(key),
            KeyCode::Enter => self.composer.insert("\n"),
            KeyCode::Char('j') if has(KeyModifiers::CONTROL) => self.composer.insert("\n"),
            KeyCode::Char('d') if has(KeyModifiers::CONTROL) && self.composer.text().is_empty() => {
                return vec![Wish::Quit];
            }
            KeyCode::Esc if self.about.is_some() => self.leave_about(),
            KeyCode::Esc => self.focus = Focus::Rooms,
            KeyCode::Up => {
                if !self.composer.step(Step::Up) && self.composer.text().is_empty() {
                    self.focus = Focus::Messages;
                    return self.pick_message(-1);
                }
            }
            KeyCode::Down => drop(self.composer.step(Step::Down)),
            _ => {
                edit(&mut self.composer, event);
                return self.say_typing();
            }
        }
        Vec::new()
    }

    fn leave_about(&mut self) {
        if matches!(self.about.take(), Some(About::Edit(_))) {
            self.composer.take();
        }
    }

    /// Tells others that one types, now and then.
    fn say_typing(&mut self) -> Vec<Wish> {
        let Some(open) = &self.open else { return Vec::new() };
        let room = open.room.clone();
        let is_command = self.composer.text().starts_with('/');
        match self.typing_told {
            _ if self.composer.is_blank() || is_command => {
                let was_told = self.typing_told.take().is_some();
                if was_told { vec![Wish::Typing(room, false)] } else { Vec::new() }
            }
            Some(at) if self.now.since(at) < TYPING_AGAIN_MS => Vec::new(),
            _ => {
                self.typing_told = Some(self.now);
                vec![Wish::Typing(room, true)]
            }
        }
    }

    fn submit(&mut self, key: impl FnOnce() -> String) -> Vec<Wish> {
        if self.composer.is_blank() {
            return Vec::new();
        }
        let text = self.composer.take();
        let text = text.trim();
        self.typing_told = None;
        match (text.strip_prefix('/'), self.about.take()) {
            (Some(command), None) if !command.starts_with('/') => self.run(command, key),
            (_, Some(About::Edit(index))) => self.deed(index, None, Verb::Patch, json!({ "text": text })),
            (double, about) => {
                let text = if double.is_some_and(|rest| rest.starts_with('/')) { &text[1..] } else { text };
                let reply_to =
                    about.and_then(|about| if let About::Answer(index) = about { Some(index) } else { None });
                if self.room().is_some_and(|room| !room.writable) {
                    self.composer.insert(text);
                    self.complain("Nothing can be written here now; the line above the messages says why.");
                    return Vec::new();
                }
                self.post(key(), text.to_owned(), reply_to)
            }
        }
    }

    /// Something about a message of the open room, or a reaction to it.
    pub fn deed(&self, index: u64, emoji: Option<&str>, verb: Verb, body: Value) -> Vec<Wish> {
        let Some(open) = &self.open else { return Vec::new() };
        vec![Wish::Deed { verb, path: message_path(&open.room, index, emoji), body, told: String::new() }]
    }

    /// Saves the files of a message.
    pub fn save_files(&self, index: u64, dir: &str) -> Vec<Wish> {
        let Some(open) = &self.open else { return Vec::new() };
        vec![Wish::SaveFiles(open.room.clone(), index, dir.into())]
    }

    /// Chooses the message so many places further on.
    fn pick_message(&mut self, by: isize) -> Vec<Wish> {
        let Some(open) = &mut self.open else { return Vec::new() };
        let messages: Vec<u64> = open.messages().map(|(index, _)| index).collect();
        let at = open.picked.and_then(|picked| messages.iter().position(|index| *index == picked));
        let next = match at {
            None => messages.len().checked_sub(1),
            Some(at) => at.checked_add_signed(by),
        };
        match next {
            Some(next) if next >= messages.len() => {
                self.focus = Focus::Composer;
                self.unpick();
                return self.scroll(isize::MAX / 2);
            }
            Some(next) => open.picked = messages.get(next).copied(),
            None => {}
        }
        view::show_picked(self);
        self.read_older()
    }

    /// Moves what is in sight by so many lines.
    fn scroll(&mut self, by: isize) -> Vec<Wish> {
        view::scroll(self, by);
        let mut wishes = self.read_older();
        wishes.extend(self.read_if_in_sight());
        wishes
    }

    fn page(&self) -> isize {
        isize::try_from(view::messages_height(self)).unwrap_or(isize::MAX).max(2) - 1
    }

    /// Whoever is near the beginning of what is known gets more of it.
    fn read_older(&mut self) -> Vec<Wish> {
        let is_near = view::is_near_top(self);
        let Some(open) = &mut self.open else { return Vec::new() };
        match open.next_before {
            Some(before) if is_near && !open.is_reading && open.place != Place::End => {
                open.is_reading = true;
                vec![Wish::Older(open.room.clone(), before)]
            }
            _ => Vec::new(),
        }
    }

    fn press_in_overlay(&mut self, event: KeyEvent) -> Vec<Wish> {
        let page = usize::from(self.size.1.saturating_sub(6)).max(1);
        match &mut self.overlay {
            Some(Overlay::Help { from } | Overlay::Page { from, .. }) => match event.code {
                KeyCode::Down | KeyCode::Char('j') => *from += 1,
                KeyCode::Up | KeyCode::Char('k') => *from = from.saturating_sub(1),
                KeyCode::PageDown | KeyCode::Char(' ') => *from += page,
                KeyCode::PageUp => *from = from.saturating_sub(page),
                KeyCode::Home => *from = 0,
                KeyCode::Esc | KeyCode::Char('q') | KeyCode::Enter | KeyCode::F(_) => self.overlay = None,
                _ => {}
            },
            Some(Overlay::Ask { line, .. }) => match event.code {
                KeyCode::Esc => self.overlay = None,
                KeyCode::Enter => return self.answer_question(),
                _ => edit(line, event),
            },
            None => {}
        }
        view::keep_in_overlay(self);
        Vec::new()
    }

    fn answer_question(&mut self) -> Vec<Wish> {
        let Some(Overlay::Ask { question, line, told }) = &mut self.overlay else { return Vec::new() };
        let (question, said) = (*question, line.text().trim().to_owned());
        match question {
            Question::Contact if said.contains('@') => {
                *told = vec!["Asking ...".to_owned()];
                return vec![Wish::Find(said.to_lowercase())];
            }
            Question::Contact => {
                *told = vec!["An address has the form name@organization.".to_owned()];
                return Vec::new();
            }
            Question::Reaction(index) if !said.is_empty() => {
                self.overlay = None;
                return self.react(index, &said);
            }
            Question::Recall(index) if matches!(said.as_str(), "yes" | "y") => {
                self.overlay = None;
                return self.deed(index, None, Verb::Delete, Value::Null);
            }
            _ => {}
        }
        self.overlay = None;
        Vec::new()
    }

    /// Reacts to a message; the same reaction again takes it back.
    pub fn react(&self, index: u64, emoji: &str) -> Vec<Wish> {
        let item = self.open.as_ref().and_then(|open| open.items.get(&index));
        let known = item.and_then(|item| item.now.reactions.iter().find(|it| it.emoji == emoji));
        let is_on = known.is_some_and(|it| it.people.contains(&self.me.address));
        self.deed(index, Some(emoji), if is_on { Verb::Delete } else { Verb::Put }, json!({}))
    }
}

/// Changes a text as keys usually do.
fn edit(text: &mut Composer, event: KeyEvent) {
    let has = |modifier| event.modifiers.contains(modifier);
    let (alt, control) = (has(KeyModifiers::ALT), has(KeyModifiers::CONTROL));
    match event.code {
        KeyCode::Char('a') if control => drop(text.step(Step::LineStart)),
        KeyCode::Char('e') if control => drop(text.step(Step::LineEnd)),
        KeyCode::Char('w') if control => text.erase_to(Step::WordLeft),
        KeyCode::Char('u') if control => text.erase_to(Step::LineStart),
        KeyCode::Char('h') if control => text.erase_before(),
        KeyCode::Char('b') if alt => drop(text.step(Step::WordLeft)),
        KeyCode::Char('f') if alt => drop(text.step(Step::WordRight)),
        KeyCode::Char(c) if !control && !alt => text.insert(c.encode_utf8(&mut [0; 4])),
        KeyCode::Backspace if alt || control => text.erase_to(Step::WordLeft),
        KeyCode::Backspace => text.erase_before(),
        KeyCode::Delete => text.erase_after(),
        KeyCode::Left if control => drop(text.step(Step::WordLeft)),
        KeyCode::Right if control => drop(text.step(Step::WordRight)),
        KeyCode::Left => drop(text.step(Step::Left)),
        KeyCode::Right => drop(text.step(Step::Right)),
        KeyCode::Home => drop(text.step(Step::LineStart)),
        KeyCode::End => drop(text.step(Step::LineEnd)),
        _ => {}
    }
}
