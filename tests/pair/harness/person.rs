//! A signed-in person: talking, reading, and waiting for what they should see.

use super::{
    http::{Answer, Http},
    sse::Events,
    until,
};
use serde_json::{Value, json};

/// A person.
pub struct Person {
    /// Whole address.
    pub address: String,
    /// The client API, signed in.
    pub http: Http,
}

impl Person {
    /// Somebody with a token.
    pub fn new(address: String, http: Http) -> Self {
        Self { address, http }
    }

    /// The part before the `@`.
    pub fn local(&self) -> &str {
        self.address.split('@').next().expect("an address")
    }

    /// Asks to add somebody.
    pub async fn add(&self, address: &str) -> Answer {
        self.http.post("/api/v1/contacts", &json!({ "address": address })).await
    }

    /// A contact.
    pub async fn contact(&self, address: &str) -> Value {
        self.http.read(&format!("/api/v1/contacts/{address}")).await.done()
    }

    /// Waits until a contact is in a state.
    pub async fn wait_contact(&self, address: &str, state: &str) -> Value {
        let what = format!("{address} is {state} for {}", self.address);
        until(&what, || async { Some(self.contact(address).await).filter(|contact| contact["state"] == state) }).await
    }

    /// Adds somebody and waits for the direct room on both sides.
    pub async fn befriend(&self, other: &Self) -> String {
        self.add(&other.address).await.done();
        let contact = self.wait_contact(&other.address, "added").await;
        let room = contact["room"].as_str().expect("a contact has a room").to_owned();
        other.wait_room(&room).await;
        room
    }

    /// Asks for a group.
    pub async fn ask_group(&self, name: &str, others: &[&Self]) -> Answer {
        let members: Vec<&str> = others.iter().map(|other| other.address.as_str()).collect();
        self.http.post("/api/v1/rooms", &json!({ "name": name, "members": members })).await
    }

    /// Makes a group, adds whom it needs to one's contacts before, and waits until all are in it.
    pub async fn group(&self, name: &str, others: &[&Self]) -> String {
        for other in others.iter().filter(|other| !other.is_colleague(self)) {
            self.befriend(other).await;
        }
        let room = self.ask_group(name, others).await.done();
        let id = room["id"].as_str().expect("an id").to_owned();
        for person in others.iter().chain([&self]) {
            person.wait_members(&id, others.len() + 1).await;
        }
        id
    }

    fn is_colleague(&self, other: &Self) -> bool {
        self.address.split('@').next_back() == other.address.split('@').next_back()
    }

    /// A room, if one is in it.
    pub async fn room(&self, room: &str) -> Option<Value> {
        let answer = self.http.read(&format!("/api/v1/rooms/{room}")).await;
        if answer.code() == Some("NOT_FOUND") { None } else { Some(answer.done()) }
    }

    /// Waits until one is in a room.
    pub async fn wait_room(&self, room: &str) -> Value {
        until(&format!("{} is in the room", self.address), || self.room(room)).await
    }

    /// Waits until one is not in a room any more.
    pub async fn wait_out(&self, room: &str) {
        until(&format!("{} is out of the room", self.address), || async {
            self.room(room).await.is_none().then_some(())
        })
        .await;
    }

    /// Waits until one can write, or not.
    pub async fn wait_writable(&self, room: &str, writable: bool) -> Value {
        let what = format!("writable is {writable} for {}", self.address);
        until(&what, || async { self.room(room).await.filter(|room| room["writable"] == writable) }).await
    }

    /// The members of a room with their roles, as `address role`, sorted; none when one is not in it.
    pub async fn try_members(&self, room: &str) -> Option<Vec<String>> {
        let answer = self.http.read(&format!("/api/v1/rooms/{room}/members?limit=200")).await;
        let items = if answer.code() == Some("NOT_FOUND") { return None } else { answer.done()["items"].clone() };
        let text = |item: &Value| {
            format!("{} {}", item["address"].as_str().expect("text"), item["role"].as_str().expect("text"))
        };
        Some(items.as_array().expect("items").iter().map(text).collect())
    }

    /// The members of a room with their roles.
    pub async fn members(&self, room: &str) -> Vec<String> {
        self.try_members(room).await.expect("one's own room")
    }

    /// Waits until the room has so many members.
    pub async fn wait_members(&self, room: &str, count: usize) -> Vec<String> {
        let what = format!("{} sees {count} members", self.address);
        until(&what, || async { self.try_members(room).await.filter(|members| members.len() == count) }).await
    }

    /// Waits until the room has exactly these members with these roles.
    pub async fn wait_roles(&self, room: &str, roles: &[String]) {
        let what = format!("{} sees {roles:?}", self.address);
        until(&what, || async { self.try_members(room).await.filter(|members| members == roles) }).await;
    }

    /// Asks a room to add people.
    pub async fn add_members(&self, room: &str, others: &[&Self]) -> Answer {
        let users: Vec<&str> = others.iter().map(|other| other.address.as_str()).collect();
        self.http.post(&format!("/api/v1/rooms/{room}/members"), &json!({ "users": users })).await
    }

    /// Asks a room to remove somebody.
    pub async fn remove(&self, room: &str, other: &Self) -> Answer {
        self.http.delete(&format!("/api/v1/rooms/{room}/members/{}", other.address)).await
    }

    /// Asks a room to give somebody a role.
    pub async fn set_role(&self, room: &str, other: &Self, role: &str) -> Answer {
        self.http.put(&format!("/api/v1/rooms/{room}/members/{}/role", other.address), &json!({ "role": role })).await
    }

    /// Says something, or is refused.
    pub async fn try_say(&self, room: &str, text: &str) -> Answer {
        self.http.post(&format!("/api/v1/rooms/{room}/messages"), &json!({ "text": text })).await
    }

    /// Says something; returns the event's id.
    pub async fn say(&self, room: &str, text: &str) -> String {
        let posted = self.try_say(room, text).await;
        assert_eq!(posted.status, 201, "{}", posted.body);
        posted.body["id"].as_str().expect("an id").to_owned()
    }

    /// Says something under a key that follows from the text; the status, or none when the daemon does not answer.
    pub async fn say_once(&self, room: &str, text: &str) -> Option<u16> {
        let key: String = format!("{text}@{room}").chars().map(|c| if c == ' ' { '-' } else { c }).collect();
        let path = format!("/api/v1/rooms/{room}/messages");
        let status = self.http.try_post(&path, &json!({ "text": text }), &key).await?.status;
        assert!(status != 400 && status != 422, "{text} is not taken in form");
        Some(status)
    }

    /// Says something under a key again and again until it is accepted.
    pub async fn insist(&self, room: &str, text: &str) {
        let what = format!("\"{text}\" of {} is accepted", self.address);
        until(&what, || async { self.say_once(room, text).await.filter(|status| *status == 201) }).await;
    }

    /// The newest part of a room's timeline.
    pub async fn timeline(&self, room: &str) -> Value {
        self.http.read(&format!("/api/v1/rooms/{room}/messages?limit=200")).await.done()
    }

    /// The texts of the newest messages, in order.
    pub async fn texts(&self, room: &str) -> Vec<String> {
        super::sse::texts_of(&self.timeline(room).await)
    }

    /// All events of a room that one may see, as they are on the wire, read page by page.
    pub async fn whole_timeline(&self, room: &str) -> Vec<Value> {
        let (mut events, mut after) = (Vec::new(), None);
        loop {
            let part = after.map_or_else(|| "before=1".to_owned(), |after| format!("after={after}"));
            let page = self.http.read(&format!("/api/v1/rooms/{room}/messages?limit=200&{part}")).await.done();
            let items = page["items"].as_array().expect("items");
            after = items.last().map(|item| item["index"].as_u64().expect("a number")).or(after.or(Some(0)));
            let is_last = items.is_empty() && !events.is_empty() || page["next_after"].is_null() && part != "before=1";
            events.extend(items.iter().cloned());
            if is_last {
                return events;
            }
        }
    }

    /// Waits until one sees a message with this text; returns the item.
    pub async fn wait_text(&self, room: &str, text: &str) -> Value {
        until(&format!("{} sees \"{text}\"", self.address), || async {
            self.room(room).await?;
            let timeline = self.timeline(room).await;
            let mut items = timeline["items"].as_array().expect("items").iter();
            items.find(|item| item["event"]["text"] == text).cloned()
        })
        .await
    }

    /// Where a message of one's own stands: its state and code, or `placed` in a room that the partner hosts.
    pub async fn delivery(&self, room: &str, id: &str) -> Option<(String, Option<String>)> {
        let timeline = self.timeline(room).await;
        let of = |part: &str| {
            timeline[part].as_array().expect("items").iter().find(|item| item["event"]["id"] == id).cloned()
        };
        let item = of("items").or_else(|| of("pending"))?;
        let text = |value: &Value| value.as_str().map(str::to_owned);
        Some((text(&item["delivery"]["state"]).unwrap_or_else(|| "none".to_owned()), text(&item["delivery"]["code"])))
    }

    /// Waits until a message of one's own has come to this state; returns the code of a refusal.
    pub async fn wait_delivery(&self, room: &str, id: &str, state: &str) -> Option<String> {
        until(&format!("a message of {} is {state}", self.address), || async {
            self.delivery(room, id).await.filter(|(now, _)| now == state)
        })
        .await
        .1
    }

    /// One's notifications of a kind.
    pub async fn notifications(&self, kind: &str) -> Vec<Value> {
        let page = self.http.read("/api/v1/notifications?limit=200").await.done();
        page["items"].as_array().expect("items").iter().filter(|item| item["kind"] == kind).cloned().collect()
    }

    /// Waits until one has so many notifications of a kind.
    pub async fn wait_notifications(&self, kind: &str, count: usize) -> Vec<Value> {
        until(&format!("{} has {count} times {kind}", self.address), || async {
            Some(self.notifications(kind).await).filter(|found| found.len() == count)
        })
        .await
    }

    /// Why one cannot exchange something with somebody: `CODE who`, in order.
    pub async fn why_not(&self, address: &str, scope: &str) -> Vec<String> {
        let answer = self.http.read(&format!("/api/v1/why-not?address={address}&scope={scope}")).await.done();
        let reasons = answer["reasons"].as_array().expect("reasons");
        assert_eq!(answer["possible"], reasons.is_empty());
        let text = |reason: &Value| {
            format!("{} {}", reason["code"].as_str().expect("text"), reason["who"].as_str().expect("text"))
        };
        reasons.iter().map(text).collect()
    }

    /// One's live events from now on.
    pub async fn events(&self) -> Events {
        Events::open(&self.http, None).await
    }
}
