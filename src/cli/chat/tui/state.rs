//! What the terminal client knows. Nothing here touches the terminal, the network or the clock.

use super::{
    composer::Composer,
    timeline::Timeline,
    wish::{Letter, Tool},
};
use crate::{
    api::client::dto::{Contact, Me, Member, PeerLink, Room},
    cli::{chat::calls::Ringing, screen::clean},
    model::Millis,
};
use jiff::tz::TimeZone;
use std::collections::{BTreeMap, VecDeque};

/// How long a remark at the bottom stays.
const REMARK_MS: u64 = 8_000;

/// Where the keys go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Focus {
    /// The list of rooms.
    Rooms,
    /// The messages.
    Messages,
    /// Where one writes.
    Composer,
}

/// What the next message is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// It answers the message at this index.
    Answer(u64),
    /// It replaces the text of this one.
    Edit(u64),
}

/// What lies over everything else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Overlay {
    /// The keys and commands.
    Help {
        /// The first line in sight.
        from: usize,
    },
    /// Something of the room to read.
    Page {
        /// What it is.
        tool: Tool,
        /// Its lines; none while they are on their way.
        lines: Option<Vec<String>>,
        /// The first line in sight.
        from: usize,
    },
    /// One line is asked for.
    Ask {
        /// What for.
        question: Question,
        /// What was typed.
        line: Composer,
        /// What came of it.
        told: Vec<String>,
    },
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// The address of a new contact.
    Contact,
    /// The emoji for the message at this index.
    Reaction(u64),
    /// Whether to take back the message at this index.
    Recall(u64),
}

/// A remark at the bottom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// What it says.
    pub text: String,
    /// Whether something was refused.
    pub is_bad: bool,
    /// When it was made.
    pub at: Millis,
}

/// How a person is called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// Their name.
    pub name: Option<String>,
    /// Their organization's name, when it is another one.
    pub org: Option<String>,
}

/// Everything.
#[derive(Debug)]
pub struct State {
    /// Who one is.
    pub me: Me,
    /// The zone in which times are shown.
    pub zone: TimeZone,
    /// The time of the last step.
    pub now: Millis,
    /// The terminal's width and height, cells.
    pub size: (u16, u16),
    /// One's rooms.
    pub rooms: Vec<Room>,
    /// One's contacts, by address.
    pub contacts: BTreeMap<String, Contact>,
    /// Who is who, by address.
    pub people: BTreeMap<String, Person>,
    /// Where the keys go.
    pub focus: Focus,
    /// The room that is chosen in the list.
    pub picked: Option<String>,
    /// What the list of rooms is searched for.
    pub search: Option<Composer>,
    /// The room that is open.
    pub open: Option<Timeline>,
    /// Where one writes.
    pub composer: Composer,
    /// What was begun in other rooms, by room.
    pub drafts: BTreeMap<String, Composer>,
    /// What the next message is about.
    pub about: Option<About>,
    /// What lies over everything else.
    pub overlay: Option<Overlay>,
    /// Messages that the daemon has not taken yet, in order.
    pub letters: VecDeque<Letter>,
    /// A remark at the bottom.
    pub remark: Option<Remark>,
    /// Whether live events come.
    pub is_connected: bool,
    /// Until when somebody types, by room and person.
    pub typing: BTreeMap<(String, String), Millis>,
    /// Who is there or away, by address.
    pub presence: BTreeMap<String, String>,
    /// Calls that ring.
    pub ringing: Ringing,
    /// When it was last said that one types.
    pub typing_told: Option<Millis>,
}

impl State {
    /// Of somebody who has just signed in.
    #[must_use]
    pub fn new(me: Me, zone: TimeZone, now: Millis, size: (u16, u16)) -> Self {
        Self {
            me,
            zone,
            now,
            size,
            rooms: Vec::new(),
            contacts: BTreeMap::new(),
            people: BTreeMap::new(),
            focus: Focus::Rooms,
            picked: None,
            search: None,
            open: None,
            composer: Composer::default(),
            drafts: BTreeMap::new(),
            about: None,
            overlay: None,
            letters: VecDeque::new(),
            remark: None,
            is_connected: true,
            typing: BTreeMap::new(),
            presence: BTreeMap::new(),
            ringing: Ringing::default(),
            typing_told: None,
        }
    }

    /// Time has passed: what is past is forgotten. Whether anything looks different.
    pub fn pass(&mut self, now: Millis) -> bool {
        self.now = now;
        let typing = self.typing.len();
        self.typing.retain(|_, until| *until > now);
        let is_stale = self.remark.as_ref().is_some_and(|it| !it.is_bad && now.since(it.at) > REMARK_MS);
        if is_stale {
            self.remark = None;
        }
        is_stale || typing != self.typing.len()
    }

    /// Says something at the bottom.
    pub fn remark(&mut self, text: impl Into<String>) {
        self.remark = Some(Remark { text: text.into(), is_bad: false, at: self.now });
    }

    /// Says at the bottom what went wrong. It stays until a key is pressed.
    pub fn complain(&mut self, text: impl Into<String>) {
        self.remark = Some(Remark { text: text.into(), is_bad: true, at: self.now });
    }

    /// The room that is open.
    #[must_use]
    pub fn room(&self) -> Option<&Room> {
        self.room_of(&self.open.as_ref()?.room)
    }

    /// A room by its id.
    #[must_use]
    pub fn room_of(&self, id: &str) -> Option<&Room> {
        self.rooms.iter().find(|room| room.id == id)
    }

    /// The same, to be changed.
    pub fn room_mut(&mut self, id: &str) -> Option<&mut Room> {
        self.rooms.iter_mut().find(|room| room.id == id)
    }

    /// Whether that room is open.
    #[must_use]
    pub fn is_open(&self, room: &str) -> bool {
        self.open.as_ref().is_some_and(|open| open.room == room)
    }

    /// The rooms that the search leaves, the newest first.
    #[must_use]
    pub fn listed(&self) -> Vec<&Room> {
        let wanted = self.search.as_ref().map(|search| search.text().to_lowercase()).unwrap_or_default();
        let is_wanted = |room: &&Room| {
            let org = room.partner_name.as_deref().unwrap_or_default().to_lowercase();
            let with = room.with.as_deref().unwrap_or_default();
            self.room_name(room).to_lowercase().contains(&wanted) || with.contains(&wanted) || org.contains(&wanted)
        };
        let mut listed: Vec<&Room> = self.rooms.iter().filter(is_wanted).collect();
        listed.sort_by_key(|room| std::cmp::Reverse(room.last_event_at.unwrap_or(room.created_at)));
        listed
    }

    /// Chooses the room so many places further down in the list.
    pub fn pick_room(&mut self, by: isize) {
        let listed: Vec<String> = self.listed().into_iter().map(|room| room.id.clone()).collect();
        let last = listed.len().saturating_sub(1);
        let at = self.picked.as_ref().and_then(|picked| listed.iter().position(|id| id == picked));
        let next = at.map_or(0, |at| at.saturating_add_signed(by).min(last));
        self.picked = listed.get(next).cloned();
    }

    /// What a room is called.
    #[must_use]
    pub fn room_name(&self, room: &Room) -> String {
        match (&room.with, &room.name) {
            (Some(with), _) => self.name(with),
            (None, Some(name)) => clean(name),
            (None, None) => room.id.clone(),
        }
    }

    /// What a person is called: one's own name for them, their organization's, else the address.
    #[must_use]
    pub fn name(&self, address: &str) -> String {
        if address == self.me.address {
            return clean(&self.me.name);
        }
        let contact = self.contacts.get(address);
        let own = contact.and_then(|it| it.overlay.name.as_deref().or(it.name.as_deref()));
        let known = self.people.get(address).and_then(|person| person.name.as_deref());
        clean(own.or(known).unwrap_or(address))
    }

    /// The name of a person's organization, when it is not one's own (P11).
    #[must_use]
    pub fn org(&self, address: &str) -> Option<String> {
        let domain = address.split('@').nth(1)?;
        if domain == self.me.org {
            return None;
        }
        let known = self.people.get(address).and_then(|person| person.org.as_deref());
        Some(clean(known.or_else(|| self.peer(domain).map(|peer| peer.org_name.as_str())).unwrap_or(domain)))
    }

    /// The link with a partner.
    #[must_use]
    pub fn peer(&self, domain: &str) -> Option<&PeerLink> {
        self.me.peers.iter().find(|peer| peer.peer == domain)
    }

    /// Notes who the members of a room are.
    pub fn take_members(&mut self, members: Vec<Member>) {
        let known = members.into_iter().map(|it| (it.address, Person { name: it.name, org: it.org_name }));
        self.people.extend(known);
    }

    /// Who types in a room.
    #[must_use]
    pub fn typing_in(&self, room: &str) -> Vec<String> {
        let there = self.typing.keys().filter(|(at, _)| at == room);
        there.map(|(_, address)| self.name(address)).collect()
    }

    /// How many messages one has not read, in all rooms.
    #[must_use]
    pub fn unread(&self) -> u64 {
        self.rooms.iter().map(|room| room.unread).sum()
    }
}
