//! The one place that changes the state: each effect changes the draft and notes what the store has to write.
//!
//! A decision works on a draft; when it refuses, the draft is dropped and nothing has happened.

mod change;
mod files;
mod keep;
mod past;

pub use change::{Appended, Change, Queued, Sent};
pub use keep::Keep;
pub use past::Past;

use super::{
    command::Ref,
    facts::{Facts, ItemFact},
    state::{Link, Quota, Room, State},
};
use crate::{
    clock::Random,
    crypto::digest::{chain, sha256},
    model::{
        Address, Code, Digest, Domain, EventId, LocalPart, Millis, RoomId,
        audit::{AuditEntry, AuditNote},
        contact::Contact,
        event::{Content, Event, ItemKind, Sealed},
        item::Item,
        journal::Entry,
        link::{Parted, Peer, Streams},
        notice::{Notice, NoticeKind},
        record::{Epoch, Evidence, RecordBody},
        room::{FormerMember, Invitation, Member, RoomInfo},
        text::DisplayName,
        user::{Feed, Policy, Profile, Session, User},
    },
    wire,
};
use std::sync::Arc;

/// A state under change.
pub struct Draft<'a> {
    /// The state as it will be.
    pub state: State,
    /// Now, by our clock.
    pub now: Millis,
    random: &'a mut dyn Random,
    changes: Vec<Change>,
    facts: Facts,
    /// Whether what happens is put into an archive.
    is_past: bool,
    /// Whether the peers were told of what happens before it was lost here.
    is_told: bool,
}

impl<'a> Draft<'a> {
    /// A draft of a state.
    pub fn new(state: State, now: Millis, random: &'a mut dyn Random) -> Self {
        Self { state, now, random, changes: Vec::new(), facts: Facts::default(), is_past: false, is_told: false }
    }

    /// The same draft, with what is known of the items that the command is about.
    #[must_use]
    pub fn knowing(self, facts: Facts) -> Self {
        Self { facts, ..self }
    }

    /// An item as it stands after everything that was decided so far; none when it is not here.
    #[must_use]
    pub fn item(&self, room: RoomId, index: u64) -> Option<&ItemFact> {
        self.facts.item((room, index))
    }

    /// The new state and what the store has to write.
    #[must_use]
    pub fn finish(self) -> (State, Vec<Change>) {
        (self.state, self.changes)
    }

    /// Sixteen random bytes.
    pub fn random_16(&mut self) -> [u8; 16] {
        crate::clock::random_16(self.random)
    }

    /// Sets the policy.
    pub fn put_policy(&mut self, policy: Policy) {
        self.state.policy = policy;
        self.changes.push(Change::Policy(policy));
    }

    /// Makes or replaces a user.
    pub fn put_user(&mut self, user: User) {
        let user = Arc::new(user);
        self.state.users.insert(user.local.clone(), user.clone());
        self.changes.push(Change::User(user));
    }

    /// Opens, replaces or ends a session.
    pub fn put_session(&mut self, secret: Digest, session: Option<Session>) {
        let session = session.map(Arc::new);
        match &session {
            Some(session) => self.state.sessions.insert(secret, session.clone()),
            None => self.state.sessions.remove(&secret),
        };
        self.changes.push(Change::Session(secret, session));
    }

    /// Opens or ends a calendar feed.
    pub fn put_feed(&mut self, secret: Digest, feed: Option<Feed>) {
        let feed = feed.map(Arc::new);
        match &feed {
            Some(feed) => self.state.feeds.insert(secret, feed.clone()),
            None => self.state.feeds.remove(&secret),
        };
        self.changes.push(Change::Feed(secret, feed));
    }

    /// Pins or replaces a peer.
    pub fn put_peer(&mut self, peer: Peer) {
        let domain = peer.domain.clone();
        self.keep_papers(&peer);
        let peer = Arc::new(peer);
        let link = match self.state.links.get(&domain) {
            Some(link) => Link { peer: peer.clone(), ..Link::clone(link) },
            None => Link { peer: peer.clone(), streams: Streams::default(), last_refusal: None },
        };
        self.state.links.insert(domain.clone(), Arc::new(link));
        self.changes.push(Change::Peer(domain, Some(peer)));
    }

    /// Unpins a peer, and remembers where its numbers stood.
    pub fn remove_peer(&mut self, domain: &Domain) {
        let Some(link) = self.state.links.remove(domain) else { return };
        self.changes.push(Change::Peer(domain.clone(), None));
        self.changes.push(Change::Streams(domain.clone(), None));
        let parted = Parted { peer: Peer::clone(&link.peer), streams: link.streams.clone() };
        self.put_parted(domain, Some(parted));
    }

    /// Remembers an unpinned peer, or forgets it because it is pinned again.
    pub fn put_parted(&mut self, domain: &Domain, parted: Option<Parted>) {
        let parted = parted.map(Arc::new);
        match &parted {
            Some(parted) => self.state.parted.insert(domain.clone(), parted.clone()),
            None => self.state.parted.remove(domain),
        };
        self.changes.push(Change::Parted(domain.clone(), parted));
    }

    /// Replaces the stream positions of a link.
    pub fn put_streams(&mut self, domain: &Domain, streams: Streams) {
        if let Some(link) = self.state.links.get_mut(domain) {
            Arc::make_mut(link).streams = streams.clone();
            self.changes.push(Change::Streams(domain.clone(), Some(Box::new(streams))));
        }
    }

    /// Notes a refusal that a peer gave us. Not stored.
    pub fn note_refusal(&mut self, domain: &Domain, what: String) {
        let now = self.now;
        if let Some(link) = self.state.links.get_mut(domain) {
            Arc::make_mut(link).last_refusal = Some((now, what));
        }
    }

    /// Makes or replaces a room's row. A new room has an empty timeline.
    pub fn put_room(&mut self, info: RoomInfo) {
        let id = info.id;
        let info = Arc::new(info);
        if let Some(room) = self.state.rooms.get_mut(&id) {
            Arc::make_mut(room).info = info.clone();
        } else {
            let room = Room {
                info: info.clone(),
                members: imbl::OrdMap::new(),
                former: imbl::OrdMap::new(),
                invited: imbl::OrdMap::new(),
                next_index: 0,
                head: Digest::ZERO,
                begins: 0,
                touched_end: 0,
            };
            self.state.rooms.insert(id, Arc::new(room));
        }
        self.changes.push(Change::Room(info));
    }

    /// Changes a room's row in place. Nothing happens when the room does not exist.
    pub fn change_room(&mut self, id: RoomId, change: impl FnOnce(&mut RoomInfo)) {
        if let Some(room) = self.state.rooms.get(&id) {
            let mut info = RoomInfo::clone(&room.info);
            change(&mut info);
            if info != *room.info {
                self.put_room(info);
            }
        }
    }

    /// Makes somebody a member, or replaces their entry. They are neither former nor invited any more.
    pub fn put_member(&mut self, id: RoomId, user: &Address, member: Member) {
        if let Some(room) = self.state.rooms.get_mut(&id) {
            let room = Arc::make_mut(room);
            room.members.insert(user.clone(), member.clone());
            self.changes.push(Change::Member(id, user.clone(), Some(member)));
            if room.former.remove(user).is_some() {
                self.changes.push(Change::Former(id, user.clone(), None));
            }
            if room.invited.remove(user).is_some() {
                self.changes.push(Change::Invitation(id, user.clone(), None));
            }
        }
        if self.state.is_ours(user) {
            self.state.rooms_of.entry(user.local()).or_default().insert(id);
        }
    }

    /// Ends a membership.
    pub fn end_member(&mut self, id: RoomId, user: &Address, former: FormerMember) {
        if let Some(room) = self.state.rooms.get_mut(&id) {
            let room = Arc::make_mut(room);
            room.members.remove(user);
            room.former.insert(user.clone(), former.clone());
        }
        self.changes.push(Change::Member(id, user.clone(), None));
        self.changes.push(Change::Former(id, user.clone(), Some(former)));
        if self.state.is_ours(user) {
            self.state.rooms_of.entry(user.local()).or_default().remove(&id);
        }
    }

    /// Asks somebody in, or forgets that they were asked.
    pub fn put_invitation(&mut self, id: RoomId, user: &Address, invitation: Option<Invitation>) {
        if let Some(room) = self.state.rooms.get_mut(&id) {
            let room = Arc::make_mut(room);
            match &invitation {
                Some(invitation) => room.invited.insert(user.clone(), invitation.clone()),
                None => room.invited.remove(user),
            };
            self.changes.push(Change::Invitation(id, user.clone(), invitation));
        }
    }

    /// Makes, replaces or removes a contact, and tells its owner.
    pub fn put_contact(&mut self, owner: &LocalPart, address: &Address, contact: Option<Contact>) {
        let key = (owner.clone(), address.clone());
        let contact = contact.map(Arc::new);
        match &contact {
            Some(contact) => self.state.contacts.insert(key, contact.clone()),
            None => self.state.contacts.remove(&key),
        };
        self.changes.push(Change::Contact(owner.clone(), address.clone(), contact));
        self.journal(Entry::Contact { user: owner.clone(), address: address.clone() });
    }

    /// Makes or replaces what we know of a partner's person. Nothing happens when it is known already.
    pub fn put_profile(&mut self, profile: Profile) {
        if self.state.profiles.get(&profile.user).is_some_and(|known| **known == profile) {
            return;
        }
        let profile = Arc::new(profile);
        self.state.profiles.insert(profile.user.clone(), profile.clone());
        self.journal(Entry::Profile { address: profile.user.clone() });
        self.changes.push(Change::Profile(profile));
    }

    /// A partner's person is called so; what else we know of them stays.
    pub fn put_person(&mut self, user: &Address, name: DisplayName, available: bool) {
        let photo = self.state.profiles.get(user).and_then(|known| known.photo);
        self.put_profile(Profile { user: user.clone(), name, available, photo });
    }

    /// Notes how far a user has read: the last read index plus one.
    pub fn put_mark(&mut self, user: &LocalPart, room: RoomId, read: u64) {
        self.state.marks.insert((user.clone(), room), read);
        self.changes.push(Change::Mark(user.clone(), room, read));
    }

    /// Notes that all notices of a user before this number are read.
    pub fn read_notices(&mut self, user: &LocalPart, before: u64) {
        let entry = self.state.notices.entry(user.clone()).or_insert((0, 0));
        entry.1 = before.min(entry.0).max(entry.1);
        self.changes.push(Change::NoticesRead(user.clone(), entry.1));
    }

    /// Notes that a record of ours was refused.
    pub fn put_refused(&mut self, peer: &Domain, epoch_n: u64, seq: u64, code: Code) {
        self.state.refused.insert((peer.clone(), epoch_n, seq), code);
        self.changes.push(Change::Refused(peer.clone(), epoch_n, seq, code));
    }

    /// Replaces a user's count of contact adds.
    pub fn put_user_quota(&mut self, user: &LocalPart, quota: Quota) {
        self.state.adds_by_user.insert(user.clone(), quota);
        self.changes.push(Change::UserQuota(user.clone(), quota));
    }

    /// Replaces a link's count of contact adds: ours to them, or theirs to us.
    pub fn put_link_quota(&mut self, peer: &Domain, theirs: bool, quota: Quota) {
        self.state.adds_by_link.insert((peer.clone(), theirs), quota);
        self.changes.push(Change::LinkQuota(peer.clone(), theirs, quota));
    }

    /// Seals an event of our own making.
    pub fn seal(&mut self, author: Option<Address>, content: Content) -> Sealed {
        let id = EventId(self.random_16());
        wire::event::seal(Event { id, author, made_at: self.now, content })
    }

    /// Gives the event the next index of a room, as its host or for an internal room. It is not sent: see
    /// `rooms::order`, which does both.
    pub fn append(&mut self, id: RoomId, event: Sealed, sent: Option<Sent>) -> u64 {
        let now = self.now;
        let Some(room) = self.state.rooms.get_mut(&id) else { return 0 };
        let room = Arc::make_mut(room);
        let index = room.next_index;
        room.next_index += 1;
        room.head = chain(room.head, sha256(&event.bytes));
        let (head, regards) = (room.head, event.event.content.regards());
        self.facts.note_event((id, index), &event.event);
        let event = Arc::new(event);
        self.changes.push(Change::Append(Appended { room: id, index, at: now, sent, head, regards, event }));
        self.journal(Entry::Events { room: id, from: index, to: index + 1 });
        index
    }

    /// Notes what has become of an item.
    pub fn put_item(&mut self, id: RoomId, index: u64, item: Item) {
        if let Some(room) = self.state.rooms.get_mut(&id).filter(|room| room.touched_end <= index) {
            Arc::make_mut(room).touched_end = index + 1;
        }
        self.facts.note_item((id, index), &item);
        self.changes.push(Change::Item(id, index, Arc::new(item)));
    }

    /// Lists an item among those of its kind.
    pub fn list(&mut self, id: RoomId, kind: ItemKind, index: u64) {
        self.changes.push(Change::Listed(id, kind, index));
    }

    /// Lets the follower's copy of a room go on at another index, as its host says.
    pub fn skip_to(&mut self, id: RoomId, next_index: u64, head: Digest) {
        if let Some(room) = self.state.rooms.get_mut(&id) {
            let room = Arc::make_mut(room);
            if room.next_index != next_index || room.head != head {
                if room.begins == room.next_index {
                    room.begins = next_index;
                }
                room.next_index = next_index;
                room.head = head;
                self.changes.push(Change::Skip { room: id, next_index, head });
            }
        }
    }

    /// Queues a submission of our user in a room that the peer hosts, and returns its number.
    pub fn pend(&mut self, id: RoomId, author: &LocalPart, bytes: Arc<[u8]>, sent: Sent) -> u64 {
        let mut p = 0;
        self.change_room(id, |info| {
            p = info.pending.to;
            info.pending.to += 1;
        });
        self.changes.push(Change::Pend { room: id, p, sent, author: author.clone(), bytes });
        self.journal(Entry::Pending { room: id, p, user: author.clone() });
        p
    }

    /// Notes that all submissions of a room before this number are settled.
    pub fn pending_done(&mut self, id: RoomId, before: u64) {
        self.change_room(id, |info| info.pending.from = before.max(info.pending.from));
        self.changes.push(Change::PendingDone { room: id, before });
    }

    /// Appends a record to a peer's outbox, and returns under which number.
    /// The caller holds a [`super::permit::Permit`]: without a present epoch nothing is queued, and none is returned.
    pub fn send(&mut self, peer: &Domain, body: &RecordBody, reference: Ref) -> Option<Sent> {
        if self.is_told {
            return None;
        }
        let now = self.now;
        let link = self.state.links.get_mut(peer)?;
        let link = Arc::make_mut(link);
        let out = link.streams.written_mut()?;
        let (epoch_n, seq) = (out.epoch.n, out.next_seq);
        let bytes: Arc<[u8]> = wire::record::encode(seq, now, body).into();
        out.next_seq += 1;
        out.head = chain(out.head, sha256(&bytes));
        let head = out.head;
        self.changes.push(Change::Send(Queued {
            peer: peer.clone(),
            epoch_n,
            seq,
            head,
            made_at: now,
            reference,
            bytes,
        }));
        Some(Sent { epoch_n, seq })
    }

    /// Keeps an applied envelope as evidence.
    pub fn keep(&mut self, peer: &Domain, epoch: Epoch, from_seq: u64, to_seq: u64, evidence: Evidence) {
        self.changes.push(Change::Received { peer: peer.clone(), epoch, from_seq, to_seq, evidence });
    }

    /// Tells one of our users something.
    pub fn notify(&mut self, user: &LocalPart, kind: NoticeKind) {
        if self.is_past {
            return;
        }
        let entry = self.state.notices.entry(user.clone()).or_insert((0, 0));
        let n = entry.0;
        entry.0 += 1;
        let notice = Notice { at: self.now, kind };
        self.changes.push(Change::Notice { user: user.clone(), n, notice });
        self.journal(Entry::Notice { user: user.clone(), n });
    }

    /// Writes into the audit log.
    pub fn audit(&mut self, note: AuditNote) {
        let (seq, prev) = self.state.audit;
        let AuditNote { actor, action, subject, code, detail } = note;
        let entry = AuditEntry { seq, at: self.now, actor, action: action.to_owned(), subject, code, detail, prev };
        self.state.audit = (seq + 1, wire::audit::entry_hash(&entry));
        self.changes.push(Change::Audit(Box::new(entry)));
    }

    /// Notes something in the journal, for the live feeds.
    pub fn journal(&mut self, entry: Entry) {
        // A group's consecutive events of one room make one entry, so that a burst is one frame.
        if let Entry::Events { room, from, to } = &entry
            && let Some(Change::Journal(Entry::Events { room: last, to: end, .. })) =
                self.changes.iter_mut().rev().find(|change| matches!(change, Change::Journal(_)))
            && last == room
            && end == from
        {
            *end = *to;
            return;
        }
        self.changes.push(Change::Journal(entry));
    }
}
