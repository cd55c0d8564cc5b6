//! What the daemon's answers change in the state, and how rooms are opened and letters sent.

use super::{
    state::{Focus, Overlay, Question, State},
    timeline::Timeline,
    wish::{Answer, Letter, Wish},
};
use crate::{
    api::client::dto::{Contact, Me, Member, Messages, Posted, Readers, Room},
    cli::{
        failure::{Done, Exit, Failure},
        screen::clean,
    },
};

impl State {
    /// Takes an answer.
    pub fn take(&mut self, answer: Answer) -> Vec<Wish> {
        match answer {
            Answer::All(all) => self.take_all(all),
            Answer::Opened(room, read) => self.take_opened(&room, read),
            Answer::Older(room, page) => self.take_older(&room, page),
            Answer::Sent(key, posted) => self.take_sent(&key, posted),
            Answer::Told(words) => {
                self.tell(words);
                Vec::new()
            }
            Answer::Found(found) => self.take_found(found),
            Answer::Page(tool, room, lines) => {
                let is_open = self.is_open(&room);
                if let Some(Overlay::Page { tool: shown, lines: shown_lines, .. }) = &mut self.overlay
                    && *shown == tool
                    && is_open
                {
                    *shown_lines = Some(lines.unwrap_or_else(|failure| vec![in_words(&failure)]));
                }
                Vec::new()
            }
            Answer::Did(Ok(told)) => {
                if !told.is_empty() {
                    self.remark(told);
                }
                Vec::new()
            }
            Answer::Did(Err(failure)) => self.fail(&failure),
        }
    }

    fn fail(&mut self, failure: &Failure) -> Vec<Wish> {
        self.complain(in_words(failure));
        Vec::new()
    }

    fn tell(&mut self, words: String) {
        match &mut self.overlay {
            Some(Overlay::Ask { told, .. }) => *told = vec![words],
            _ => self.remark(words),
        }
    }

    fn take_all(&mut self, all: Done<(Me, Vec<Room>, Vec<Contact>)>) -> Vec<Wish> {
        let (me, rooms, contacts) = match all {
            Ok(all) => all,
            Err(failure) => return self.fail(&failure),
        };
        self.me = me;
        self.rooms.retain(|known| rooms.iter().any(|room| room.id == known.id));
        rooms.into_iter().for_each(|room| self.put_room(room));
        self.contacts = contacts.into_iter().map(|contact| (contact.address.clone(), contact)).collect();
        if self.picked.as_ref().is_none_or(|picked| self.room_of(picked).is_none()) {
            self.picked = None;
            self.pick_room(0);
        }
        // The delivery of what stood in the open room may have come to an end with its link.
        self.open.as_ref().map(|open| Wish::Open(open.room.clone())).into_iter().collect()
    }

    /// Opens a room; what was begun in the one before stays there.
    pub fn open_room(&mut self, id: &str) -> Vec<Wish> {
        self.focus = Focus::Composer;
        if self.is_open(id) {
            return Vec::new();
        }
        self.close_room();
        let Some(room) = self.room_of(id) else { return Vec::new() };
        let first_unread = (room.unread > 0).then(|| room.read_index.map_or(0, |index| index + 1));
        let mut open = Timeline::new(id.to_owned(), first_unread);
        open.is_theirs = room.host != self.me.org;
        self.open = Some(open);
        self.picked = Some(id.to_owned());
        self.composer = self.drafts.remove(id).unwrap_or_default();
        vec![Wish::Open(id.to_owned())]
    }

    /// Leaves the room that is open.
    pub fn close_room(&mut self) {
        let Some(open) = self.open.take() else { return };
        self.about = None;
        let draft = std::mem::take(&mut self.composer);
        if !draft.is_blank() {
            self.drafts.insert(open.room, draft);
        }
    }

    fn take_opened(&mut self, room: &str, read: Done<(Messages, Vec<Member>, Option<Readers>)>) -> Vec<Wish> {
        let (page, members, readers) = match read {
            Ok(read) => read,
            Err(failure) => return self.fail(&failure),
        };
        self.take_members(members);
        let Some(open) = self.open.as_mut().filter(|open| open.room == room) else { return Vec::new() };
        open.take_page(page, true);
        open.take_readers(readers.map(|readers| readers.items).unwrap_or_default());
        self.read_if_in_sight()
    }

    fn take_older(&mut self, room: &str, page: Done<Messages>) -> Vec<Wish> {
        let Some(open) = self.open.as_mut().filter(|open| open.room == room) else { return Vec::new() };
        open.is_reading = false;
        match page {
            Ok(page) => open.take_page(page, false),
            Err(failure) => return self.fail(&failure),
        }
        Vec::new()
    }

    /// Puts a letter into the queue.
    pub fn post(&mut self, key: String, text: String, reply_to: Option<u64>) -> Vec<Wish> {
        let Some(open) = &mut self.open else { return Vec::new() };
        open.place = super::timeline::Place::End;
        let room = open.room.clone();
        self.letters.push_back(Letter { key, room, text, reply_to, is_sending: false });
        self.next_letter()
    }

    /// One letter is under way at a time, so that they arrive in their order.
    pub fn next_letter(&mut self) -> Vec<Wish> {
        match self.letters.front_mut() {
            Some(letter) if !letter.is_sending => {
                letter.is_sending = true;
                vec![Wish::Send(letter.clone())]
            }
            _ => Vec::new(),
        }
    }

    fn take_sent(&mut self, key: &str, posted: Done<Posted>) -> Vec<Wish> {
        match posted {
            // The live stream brings it to its place; until it does, nobody misses it.
            Ok(_) => self.letters.retain(|letter| letter.key != key),
            // It is sent again, under the same key, when the connection is back.
            Err(failure) if failure.exit == Exit::Unreachable => {
                if let Some(letter) = self.letters.front_mut() {
                    letter.is_sending = false;
                }
                return Vec::new();
            }
            Err(failure) => {
                let refused = self.letters.iter().position(|letter| letter.key == key);
                if let Some(letter) = refused.and_then(|at| self.letters.remove(at)) {
                    self.give_back(letter);
                }
                self.complain(in_words(&failure));
            }
        }
        self.next_letter()
    }

    /// What was refused is not lost: it stands where one writes again.
    fn give_back(&mut self, letter: Letter) {
        let composer = match self.is_open(&letter.room) {
            true => &mut self.composer,
            false => self.drafts.entry(letter.room).or_default(),
        };
        if composer.is_blank() {
            composer.insert(&letter.text);
        }
    }

    fn take_found(&mut self, found: Done<Box<Room>>) -> Vec<Wish> {
        match (found, &mut self.overlay) {
            (Ok(room), _) => {
                let id = room.id.clone();
                self.put_room(*room);
                self.overlay = None;
                self.search = None;
                let mut wishes = self.open_room(&id);
                wishes.push(Wish::ReadAll);
                wishes
            }
            (Err(failure), Some(Overlay::Ask { question: Question::Contact, told, .. })) => {
                *told = vec![clean(&failure.message)];
                told.extend(failure.next.as_deref().map(clean));
                Vec::new()
            }
            (Err(failure), _) => self.fail(&failure),
        }
    }
}

fn in_words(failure: &Failure) -> String {
    let next = failure.next.as_deref().map(|next| format!(" ({next})")).unwrap_or_default();
    clean(&format!("{}{next}", failure.message))
}
