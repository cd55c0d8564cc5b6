//! What the stream of live events changes in the state.

use super::{
    state::{Person, State},
    wish::Wish,
};
use crate::{
    api::client::dto::{
        Call, Contact, Delivered, Event, LinkChanged, Me, MessagesFrame, Notification, PendingFrame, Present,
        ProfileChanged, ReaderMoved, Refused, Room, RoomLeft, RoomRead, Signals, TimelineItem, Typing, Unplaced,
    },
    cli::{
        chat::show,
        screen::clean,
        sse::{Frame, Live},
    },
};
use serde::de::DeserializeOwned;

impl State {
    /// Takes what the stream tells.
    pub fn hear(&mut self, live: Live) -> Vec<Wish> {
        match live {
            Live::Event(frame) => self.hear_frame(&frame),
            Live::Lost(_) => {
                self.is_connected = false;
                self.typing.clear();
                self.presence.clear();
                Vec::new()
            }
            Live::Back => {
                self.is_connected = true;
                self.next_letter()
            }
        }
    }

    fn hear_frame(&mut self, frame: &Frame) -> Vec<Wish> {
        match frame.event.as_str() {
            "messages" => parse(frame).map_or_else(Vec::new, |it| self.hear_messages(it)),
            "link" => parse(frame).map_or_else(Vec::new, |it| self.hear_link(&it)),
            "reset" => {
                self.close_room();
                vec![Wish::ReadAll]
            }
            "pending" | "unplaced" | "delivered" | "refused" | "reader" => {
                self.hear_of_room(frame);
                Vec::new()
            }
            "signals" | "presence" | "typing" => {
                self.hear_signal(frame);
                Vec::new()
            }
            _ => {
                self.hear_of_things(frame);
                Vec::new()
            }
        }
    }

    fn hear_messages(&mut self, frame: MessagesFrame) -> Vec<Wish> {
        let MessagesFrame { room: id, items } = frame;
        let Some(last) = items.last().map(|item| (item.index, item.at)) else { return Vec::new() };
        let me = self.me.address.clone();
        let is_open = self.is_open(&id);
        for item in &items {
            let author = author_of(item);
            if let Some(author) = &author {
                self.typing.remove(&(id.clone(), author.clone()));
            }
            if let Some(room) = self.room_mut(&id)
                && item.index >= room.next_index
                && item.target.is_none()
                && author.as_ref() != Some(&me)
            {
                room.unread += 1;
            }
        }
        match self.room_mut(&id) {
            Some(room) => {
                room.next_index = room.next_index.max(last.0 + 1);
                room.last_event_at = Some(last.1);
            }
            None => return vec![Wish::ReadAll],
        }
        if !is_open {
            return Vec::new();
        }
        if let Some(open) = &mut self.open {
            items.into_iter().for_each(|item| open.take_item(item));
        }
        self.read_if_in_sight()
    }

    /// What is at the end of the open room, and in sight, counts as read.
    pub fn read_if_in_sight(&mut self) -> Vec<Wish> {
        let Some(open) = self.open.as_ref().filter(|open| open.is_read && open.place == super::timeline::Place::End)
        else {
            return Vec::new();
        };
        let id = open.room.clone();
        let Some(room) = self.room_mut(&id).filter(|room| room.unread > 0) else { return Vec::new() };
        room.unread = 0;
        let last = room.next_index.saturating_sub(1);
        room.read_index = Some(last);
        vec![Wish::Read(id, last)]
    }

    /// A link decides what can be written: everything is read afresh.
    fn hear_link(&mut self, it: &LinkChanged) -> Vec<Wish> {
        let org = self.peer(&it.peer).map_or_else(|| clean(&it.peer), |peer| clean(&peer.org_name));
        let before = self.peer(&it.peer).map(|peer| peer.state.clone());
        if before != it.state {
            match it.state.as_deref() {
                Some("open") => self.remark(format!("Messaging with {org} is open.")),
                Some("stale") => self.complain(format!("{org} cannot be reached at the moment; messages wait.")),
                Some("closed_by_us") => self.complain(format!("Our admin has closed the link with {org}.")),
                Some("closed_by_them") => self.complain(format!("The admin of {org} has closed the link.")),
                Some("quarantined") => self.complain(format!("The link with {org} is held after a contradiction.")),
                Some(_) => {}
                None => self.complain(format!("{org} is no partner any more.")),
            }
        }
        vec![Wish::ReadAll]
    }

    fn hear_of_room(&mut self, frame: &Frame) {
        let Some(open) = &mut self.open else { return };
        match frame.event.as_str() {
            "pending" => {
                if let Some(PendingFrame { room, item }) = parse(frame)
                    && open.room == room
                {
                    open.take_pending(item);
                }
            }
            "unplaced" => {
                if let Some(Unplaced { room, pending, code }) = parse(frame)
                    && open.room == room
                {
                    open.unplaced(pending, code);
                }
            }
            "delivered" => {
                if let Some(Delivered { room, through }) = parse(frame)
                    && open.room == room
                {
                    open.delivered(through);
                }
            }
            "refused" => {
                if let Some(Refused { room, index, code }) = parse(frame)
                    && open.room == room
                {
                    open.refused(index, code);
                }
            }
            _ => {
                if let Some(ReaderMoved { room, address, index }) = parse(frame)
                    && open.room == room
                {
                    open.readers.insert(address, index);
                }
            }
        }
    }

    fn hear_signal(&mut self, frame: &Frame) {
        match frame.event.as_str() {
            "signals" => {
                let Some(Signals { presence, typing }) = parse(frame) else { return };
                self.presence = presence.into_iter().map(|it| (it.address, it.state)).collect();
                self.typing.clear();
                typing.into_iter().for_each(|it| self.hear_typing(it));
            }
            "presence" => {
                let Some(Present { address, state }) = parse(frame) else { return };
                self.presence.insert(address, state);
            }
            _ => parse(frame).into_iter().for_each(|it| self.hear_typing(it)),
        }
    }

    fn hear_typing(&mut self, it: Typing) {
        let until = crate::model::Millis(self.now.0.saturating_add(it.ends_in_ms.unwrap_or_default()));
        match it.typing {
            true => self.typing.insert((it.room, it.address), until),
            false => self.typing.remove(&(it.room, it.address)),
        };
    }

    fn hear_of_things(&mut self, frame: &Frame) {
        match frame.event.as_str() {
            "room" => parse(frame).into_iter().for_each(|room| self.put_room(room)),
            "room_left" => {
                let Some(RoomLeft { room }) = parse(frame) else { return };
                if let Some(left) = self.room_of(&room).map(|room| self.room_name(room)) {
                    self.complain(format!("You are no longer a member of {left}."));
                }
                self.rooms.retain(|known| known.id != room);
                if self.is_open(&room) {
                    self.close_room();
                }
            }
            "contact" => {
                let Some(contact) = parse::<Contact>(frame) else { return };
                match contact.state.as_str() {
                    "none" if !contact.blocked => self.contacts.remove(&contact.address),
                    _ => self.contacts.insert(contact.address.clone(), contact),
                };
            }
            "notification" => {
                let Some(notice) = parse::<Notification>(frame) else { return };
                self.remark(show::notice(&notice));
            }
            "call" => {
                let Some(call) = parse::<Call>(frame) else { return };
                let name = self.name(&call.starter);
                if let Some(words) = self.ringing.hear(&self.me.address, call, |_| name.clone()) {
                    self.remark(words);
                }
            }
            "profile" => {
                let Some(ProfileChanged { address, name, .. }) = parse(frame) else { return };
                if let Some(contact) = self.contacts.get_mut(&address) {
                    contact.name = Some(name.clone());
                }
                let org = self.people.get(&address).and_then(|person| person.org.clone());
                self.people.insert(address, Person { name: Some(name), org });
            }
            "me" => parse::<Me>(frame).into_iter().for_each(|me| self.me = me),
            "read" => {
                let Some(RoomRead { room, index }) = parse(frame) else { return };
                if let Some(room) = self.room_mut(&room) {
                    room.read_index = Some(index);
                    room.unread = room.unread.min(room.next_index.saturating_sub(1).saturating_sub(index));
                }
            }
            _ => {}
        }
    }

    /// Notes how a room is now.
    pub fn put_room(&mut self, room: Room) {
        match self.room_mut(&room.id) {
            // What came into it meanwhile stays.
            Some(known) if known.next_index > room.next_index => {
                let (next_index, last_event_at, unread) = (known.next_index, known.last_event_at, known.unread);
                *known = Room { next_index, last_event_at, unread, ..room };
            }
            Some(known) => *known = room,
            None => self.rooms.push(room),
        }
    }
}

/// The data of a frame; none from a daemon that says it in another way.
fn parse<T: DeserializeOwned>(frame: &Frame) -> Option<T> {
    serde_json::from_str(&frame.data).ok()
}

fn author_of(item: &TimelineItem) -> Option<String> {
    serde_json::from_str::<Event>(item.event.get()).ok()?.author
}
