//! What arrives while one talks: messages, delivery, closed and opened links, changes of the room.

use super::{show, talk::Talk};
use crate::{
    api::client::dto::{
        Call, Delivered, Delivery, LinkChanged, Messages, MessagesFrame, Notification, Refused, Room, RoomLeft,
        Unplaced,
    },
    cli::{
        failure::Done,
        screen::clean,
        sse::{Frame, Live},
    },
};
use serde::de::DeserializeOwned;
use std::borrow::Cow;

/// The data of a frame; none from a daemon that says it in another way.
fn parse<T: DeserializeOwned>(frame: &Frame) -> Option<T> {
    serde_json::from_str(&frame.data).ok()
}

impl Talk {
    /// Takes what the stream of events tells.
    pub async fn hear(&mut self, live: Live) -> Done {
        match live {
            Live::Event(frame) => {
                self.tell_frame(&frame)?;
                self.hear_frame(&frame).await
            }
            Live::Lost(failure) => {
                self.say(&format!("!! The connection is lost ({}); trying again ...", failure.message))
            }
            Live::Back => self.say("-- connected again --"),
        }
    }

    fn tell_frame(&mut self, frame: &Frame) -> Done {
        if !self.is_json() {
            return Ok(());
        }
        let data: serde_json::Value = serde_json::from_str(&frame.data).unwrap_or_default();
        self.tell(&frame.event, &data)
    }

    async fn hear_frame(&mut self, frame: &Frame) -> Done {
        match frame.event.as_str() {
            "messages" => match parse(frame) {
                Some(frame) => self.hear_messages(frame).await,
                None => Ok(()),
            },
            "delivered" => parse(frame).map_or(Ok(()), |it| self.hear_delivered(&it)),
            "refused" => parse(frame).map_or(Ok(()), |it| self.hear_refused(&it)),
            "unplaced" => parse(frame).map_or(Ok(()), |it| self.hear_unplaced(&it)),
            "link" => match parse(frame) {
                Some(it) => self.hear_link(&it).await,
                None => Ok(()),
            },
            "room" => parse(frame).map_or(Ok(()), |it| self.hear_room(it)),
            "room_left" => parse(frame).map_or(Ok(()), |it| self.hear_left(&it)),
            "call" => parse(frame).map_or(Ok(()), |it| self.hear_call(it)),
            "notification" => match parse::<Notification>(frame) {
                Some(it) => self.say(&format!("-- {}", show::notice(&it))),
                None => Ok(()),
            },
            "reset" => self.catch_up().await,
            _ => Ok(()),
        }
    }

    fn is_present(&self, room: &str) -> bool {
        self.room.as_ref().is_some_and(|present| present.id == room)
    }

    async fn hear_messages(&mut self, frame: MessagesFrame) -> Done {
        if !self.is_present(&frame.room) {
            return Ok(());
        }
        for item in &frame.items {
            let event: Option<crate::api::client::dto::Event> = serde_json::from_str(item.event.get()).ok();
            if event.as_ref().is_some_and(|event| event.kind != "message") {
                self.refresh_names().await;
            }
            self.show_item(item.index, item.at, item.event.get())?;
            let Some(waiting) = event.as_ref().and_then(|event| self.waiting.get_mut(&event.id)) else { continue };
            // What the partner's daemon has put in its place is there.
            if waiting.pending.is_some() {
                waiting.index = Some(item.index);
                let id = event.map(|event| event.id).unwrap_or_default();
                self.settle(&id, &delivery("delivered", None))?;
            }
        }
        self.mark_read().await;
        Ok(())
    }

    fn settle_all(&mut self, delivery: &Delivery, which: impl Fn(&super::talk::Waiting) -> bool) -> Done {
        let ids: Vec<String> = self.waiting.iter().filter(|(_, it)| which(it)).map(|(id, _)| id.clone()).collect();
        ids.iter().try_for_each(|id| self.settle(id, delivery))
    }

    fn hear_delivered(&mut self, it: &Delivered) -> Done {
        let is_there = |index: Option<u64>| index.is_some_and(|index| index <= it.through);
        self.settle_all(&delivery("delivered", None), |waiting| {
            waiting.room == it.room && waiting.pending.is_none() && is_there(waiting.index)
        })
    }

    fn hear_refused(&mut self, it: &Refused) -> Done {
        self.settle_all(&delivery("refused", Some(&it.code)), |waiting| {
            waiting.room == it.room && waiting.pending.is_none() && waiting.index == Some(it.index)
        })
    }

    fn hear_unplaced(&mut self, it: &Unplaced) -> Done {
        let verdict = match &it.code {
            Some(code) => delivery("refused", Some(code)),
            None => delivery("undelivered", None),
        };
        self.settle_all(&verdict, |waiting| waiting.room == it.room && waiting.pending == Some(it.pending))
    }

    async fn hear_link(&mut self, it: &LinkChanged) -> Done {
        let peer = &it.peer;
        // The daemon says a state again when its reason changed; a person needs it once.
        if self.links.insert(peer.clone(), it.state.clone()).is_some_and(|before| before == it.state) {
            return Ok(());
        }
        let text = match it.state.as_deref() {
            Some("open") => format!("-- The link with {peer} is open."),
            Some("stale") => format!("-- {peer} cannot be reached at the moment; messages wait."),
            Some("closed_by_us") => format!("!! Our admin has closed the link with {peer}. Nothing crosses any more."),
            Some("closed_by_them") => format!("!! The admin of {peer} has closed the link. Nothing crosses any more."),
            Some("quarantined") => {
                format!("!! The link with {peer} is held until the admins have cleared a contradiction.")
            }
            Some(_) => return Ok(()),
            None => format!("!! {peer} is no partner any more."),
        };
        self.say(&text)?;
        match self.room.as_ref().filter(|room| room.partner.as_ref() == Some(peer)).map(|room| room.id.clone()) {
            Some(room) => {
                let room = self.http.read(&format!("/api/v1/rooms/{room}")).await;
                room.map_or(Ok(()), |room| self.hear_room(room))
            }
            None => Ok(()),
        }
    }

    fn hear_call(&mut self, call: Call) -> Done {
        let names = &self.names;
        match self.ringing.hear(&self.me.address, call, |address| names.person(address)) {
            Some(words) => self.say(&format!("** {words}")),
            None => Ok(()),
        }
    }

    fn hear_room(&mut self, room: Room) -> Done {
        if !self.is_present(&room.id) {
            return Ok(());
        }
        let was_writable = self.room.as_ref().is_some_and(|before| before.writable);
        let is_writable = room.writable;
        self.room = Some(room);
        match (was_writable, is_writable) {
            (true, false) => self.say_writable(),
            (false, true) => self.say("-- You can write here again."),
            _ => Ok(()),
        }
    }

    fn hear_left(&mut self, it: &RoomLeft) -> Done {
        if !self.is_present(&it.room) {
            return Ok(());
        }
        let name = self.room.as_ref().map(show::room_name).unwrap_or_default();
        self.say(&format!("!! You are no longer a member of {}.", clean(&name)))
    }

    /// Too much happened while the connection was lost: what is missing is read from the timeline.
    async fn catch_up(&mut self) -> Done {
        let Some(room) = self.room.as_ref().map(|room| room.id.clone()) else { return Ok(()) };
        let Some(last) = self.next_index.checked_sub(1) else { return Ok(()) };
        let path = format!("/api/v1/rooms/{room}/messages?after={last}&limit=200");
        let messages: Messages = self.http.read(&path).await?;
        for item in &messages.items {
            self.show_item(item.index, item.at, item.event.get())?;
        }
        // Whether each message has arrived can be read in the timeline; here it is no longer followed.
        self.waiting.clear();
        Ok(())
    }
}

fn delivery(state: &'static str, code: Option<&str>) -> Delivery {
    Delivery { state: state.into(), code: code.map(|code| Cow::Owned(code.to_owned())) }
}
