//! One live event stream as it sees signals: the latest of each, and the whole picture where that is simpler.

use super::{ForDevice, Inner, Shown, Signals};
use crate::{
    core::{State, signals, state::Room},
    model::{
        Address, CallId, LocalPart, Millis, RoomId, limits,
        signal::{Presence, SignKind, Typing},
    },
};
use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{sync::Notify, time::Instant};

/// What a stream has to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// All that is true now; what was shown before counts no longer.
    Picture(Picture),
    /// Somebody is there or not.
    Presence(Address, Presence),
    /// Somebody types or ceased to.
    Typing(RoomId, Address, Typing),
    /// Somebody has read a room up to this index.
    Read(RoomId, Address, u64),
    /// A call began, changed or ended.
    Call(Shown),
    /// Something for a browser.
    Media(ForDevice),
}

/// Who is there and who types, of those whom the viewer may see. Who is not named is offline.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Picture {
    /// Who is there, or away.
    pub presence: Vec<(Address, Presence)>,
    /// Who types where.
    pub typing: Vec<(RoomId, Address)>,
}

/// A live event stream.
#[derive(Debug)]
pub struct Viewer {
    user: LocalPart,
    queue: Mutex<Queue>,
    bell: Notify,
}

#[derive(Debug, Default)]
struct Queue {
    news: BTreeMap<(SignKind, Option<RoomId>, Address), News>,
    /// What the stream last showed of others.
    shown: HashMap<Address, Presence>,
    picture: bool,
    calls: BTreeMap<CallId, Shown>,
    media: VecDeque<(Instant, ForDevice)>,
}

impl Viewer {
    fn new(user: LocalPart) -> Self {
        let queue = Queue { picture: true, ..Queue::default() };
        let bell = Notify::new();
        bell.notify_one();
        Self { user, queue: Mutex::new(queue), bell }
    }

    pub fn user(&self) -> &LocalPart {
        &self.user
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A whole picture is due.
    pub fn show_all(&self) {
        let mut queue = self.lock();
        queue.news.clear();
        queue.picture = true;
        drop(queue);
        self.bell.notify_one();
    }

    pub fn put_presence(&self, about: &Address, presence: Presence) {
        let mut queue = self.lock();
        if queue.picture || queue.shown.get(about).copied().unwrap_or_default() == presence {
            return;
        }
        match presence {
            Presence::Offline => queue.shown.remove(about),
            _ => queue.shown.insert(about.clone(), presence),
        };
        queue.put((SignKind::Presence, None, about.clone()), News::Presence(about.clone(), presence));
        drop(queue);
        self.bell.notify_one();
    }

    pub fn put_typing(&self, room: RoomId, about: &Address, typing: Typing) {
        let key = (SignKind::Typing, Some(room), about.clone());
        self.lock().put(key, News::Typing(room, about.clone(), typing));
        self.bell.notify_one();
    }

    pub fn put_call(&self, shown: &Shown) {
        let mut queue = self.lock();
        queue.calls.insert(shown.call.id, shown.clone());
        if queue.calls.len() > limits::CALLS_MAX {
            queue.calls.pop_first();
        }
        drop(queue);
        self.bell.notify_one();
    }

    pub fn put_media(&self, media: &ForDevice) {
        let mut queue = self.lock();
        queue.media.push_back((Instant::now(), media.clone()));
        if queue.media.len() > limits::CALL_SIGNALS_PER_STREAM_MAX {
            queue.media.pop_front();
        }
        drop(queue);
        self.bell.notify_one();
    }

    pub fn put_read(&self, room: RoomId, about: &Address, index: u64) {
        let key = (SignKind::Read, Some(room), about.clone());
        self.lock().put(key, News::Read(room, about.clone(), index));
        self.bell.notify_one();
    }
}

impl Queue {
    fn put(&mut self, key: (SignKind, Option<RoomId>, Address), news: News) {
        if self.news.len() >= limits::SIGNALS_PER_STREAM_MAX {
            self.news.clear();
            self.picture = true;
        }
        self.news.insert(key, news);
    }

    /// What is new of calls: first where everybody stands, then what browsers tell each other, unless it is too old.
    fn take_calls(&mut self) -> Vec<News> {
        let fresh = |at: &Instant| at.elapsed() < Duration::from_millis(limits::CALL_SIGNAL_MS);
        let media = std::mem::take(&mut self.media).into_iter().filter(|(at, _)| fresh(at));
        let calls = std::mem::take(&mut self.calls).into_values().map(News::Call);
        calls.chain(media.map(|(_, media)| News::Media(media))).collect()
    }
}

/// A live event stream's share; dropping it says that the stream ended.
pub struct Viewing {
    signals: Signals,
    viewer: Arc<Viewer>,
}

impl Signals {
    /// A live event stream of a user begins. The first news is the whole picture.
    #[must_use]
    pub fn attach(&self, user: &LocalPart) -> Viewing {
        let (state, now) = (self.state(), self.0.engine.now());
        let viewer = Arc::new(Viewer::new(user.clone()));
        let mut inner = self.lock();
        inner.viewers.entry(user.clone()).or_default().push(viewer.clone());
        inner.arrive(&state, user, now);
        self.person_due(&mut inner, user);
        drop(inner);
        Viewing { signals: self.clone(), viewer }
    }

    /// Who is there, of the members of a room, as one of them may know.
    #[must_use]
    pub fn presence_in(&self, viewer: &LocalPart, room: &Room) -> Vec<(Address, Presence)> {
        let (state, now) = (self.state(), self.0.engine.now());
        let inner = self.lock();
        let own = state.address(viewer);
        let others = room.members.keys().filter(|member| **member != own);
        others.map(|about| (about.clone(), inner.presence_for(&state, viewer, about, now))).collect()
    }
}

impl Viewing {
    /// What is new, the latest of each; waits for it. May be dropped and asked again without losing anything.
    pub async fn next(&self) -> Vec<News> {
        loop {
            let news = self.take();
            if !news.is_empty() {
                return news;
            }
            self.viewer.bell.notified().await;
        }
    }

    /// Rooms, contacts or links of the user changed: shows and tells what that lets others see.
    pub fn review(&self) {
        let (state, now) = (self.signals.state(), self.signals.0.engine.now());
        let mut inner = self.signals.lock();
        inner.tell_presence(&state, &self.viewer.user, now);
        let picture = inner.picture(&state, &self.viewer.user, now);
        let present: HashMap<Address, Presence> = picture.presence.into_iter().collect();
        let gone: Vec<Address> = self.viewer.lock().shown.keys().cloned().collect();
        for about in gone.iter().filter(|about| !present.contains_key(*about)) {
            self.viewer.put_presence(about, Presence::Offline);
        }
        for (about, presence) in &present {
            self.viewer.put_presence(about, *presence);
        }
    }

    fn take(&self) -> Vec<News> {
        let (state, now) = (self.signals.state(), self.signals.0.engine.now());
        let inner = self.signals.lock();
        let mut queue = self.viewer.lock();
        if !queue.picture {
            let news = std::mem::take(&mut queue.news).into_values();
            return news.chain(queue.take_calls()).collect();
        }
        let picture = inner.picture(&state, &self.viewer.user, now);
        queue.picture = false;
        queue.shown = picture.presence.iter().cloned().collect();
        // Read markers are not part of the picture.
        let rest = std::mem::take(&mut queue.news).into_values().filter(|news| matches!(news, News::Read(..)));
        for shown in inner.calls_for(&state, &self.viewer.user, now) {
            queue.calls.entry(shown.call.id).or_insert(shown);
        }
        std::iter::once(News::Picture(picture)).chain(rest).chain(queue.take_calls()).collect()
    }
}

impl Drop for Viewing {
    fn drop(&mut self) {
        let mut inner = self.signals.lock();
        if let Some(viewers) = inner.viewers.get_mut(&self.viewer.user) {
            viewers.retain(|other| !Arc::ptr_eq(other, &self.viewer));
            if viewers.is_empty() {
                inner.viewers.remove(&self.viewer.user);
            }
        }
        inner.depart(&self.viewer.user);
        self.signals.person_due(&mut inner, &self.viewer.user);
    }
}

impl Inner {
    /// Calls for each stream of the room's members.
    pub(super) fn each_viewer(&self, state: &State, room: &Room, mut show: impl FnMut(&Viewer)) {
        if room.members.len() < self.viewers.len() {
            let ours = room.members.keys().filter(|member| state.is_ours(member));
            ours.filter_map(|member| self.viewers.get(&member.local())).flatten().for_each(|viewer| show(viewer));
        } else {
            let inside = |user: &LocalPart| room.members.contains_key(&state.address(user));
            let viewers = self.viewers.iter().filter(|(user, _)| inside(user)).flat_map(|(_, viewers)| viewers);
            viewers.for_each(|viewer| show(viewer));
        }
    }

    /// The presence of a person as one of our users sees it.
    pub(super) fn presence_for(&self, state: &State, viewer: &LocalPart, about: &Address, now: Millis) -> Presence {
        if state.is_ours(about) {
            return self.own_presence(state, viewer, &about.local());
        }
        match self.heard.get(&about.domain()) {
            Some(heard) => signals::presence_seen(state, viewer, about, heard.presence_of(about), now),
            None => Presence::Offline,
        }
    }

    fn picture(&self, state: &State, viewer: &LocalPart, now: Millis) -> Picture {
        let known = signals::acquaintances(state, viewer).into_iter();
        let present = known.map(|about| (self.presence_for(state, viewer, &about, now), about));
        let present = present.filter(|(presence, _)| *presence != Presence::Offline);
        let presence = present.map(|(presence, about)| (about, presence)).collect();
        let seen = |(room, about): &&(RoomId, Address)| {
            let room = state.rooms.get(room);
            room.is_some_and(|room| signals::sees(state, viewer, room, about, SignKind::Typing, now))
        };
        Picture { presence, typing: self.typing.keys().filter(seen).cloned().collect() }
    }
}
