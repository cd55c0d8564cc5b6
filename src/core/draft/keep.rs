//! The changes of what is kept: retention, holds, papers, cases, erasures (P29, P30).

use super::{Change, Draft};
use crate::{
    core::state::Link,
    model::{
        Digest, Domain, LocalPart, Millis, RoomId,
        journal::Entry,
        keeping::{Case, Erasure, Held, Hold, PaperKind, Proof, Retention},
        link::Peer,
    },
};
use std::sync::Arc;

/// One thing that the store has to write. What is an `Option` is a row that goes when none.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each variant is the row of the model type that it holds")]
pub enum Keep {
    Retention(Retention),
    Hold(Held, Option<Hold>),
    Paper(Domain, PaperKind, u64, Arc<str>),
    Case(Case),
    Proof(u64, Proof),
    Erasure(LocalPart, Erasure),
    /// A timeline begins with a later event.
    Trim {
        room: RoomId,
        before: u64,
        next_index: u64,
        head: Digest,
    },
    /// The texts of these events are gone.
    Erase(RoomId, Vec<u64>),
    /// A user's marks and notices are gone.
    Forget(LocalPart, Vec<RoomId>),
}

impl Draft<'_> {
    /// Sets or lifts the hold on all links (D7).
    pub fn put_unconfirmed(&mut self, unconfirmed: bool) {
        self.state.unconfirmed = unconfirmed;
        self.changes.push(Change::Unconfirmed(unconfirmed));
    }

    /// Sets or takes away the mark of a database that was put back to an earlier state.
    pub fn put_restored(&mut self, restored: bool) {
        self.state.restored = restored;
        self.changes.push(Change::Restored(restored));
    }

    /// Sets how long timelines are kept.
    pub fn put_retention(&mut self, retention: Retention) {
        self.state.keeping.retention = retention;
        self.keep_change(Keep::Retention(retention));
    }

    /// Sets or releases a legal hold.
    pub fn put_hold(&mut self, held: Held, hold: Option<Hold>) {
        match &hold {
            Some(hold) => self.state.keeping.holds.insert(held.clone(), hold.clone()),
            None => self.state.keeping.holds.remove(&held),
        };
        self.keep_change(Keep::Hold(held, hold));
    }

    /// Makes or changes a case.
    pub fn put_case(&mut self, case: Case) {
        self.state.keeping.cases.insert(case.n, Arc::new(case.clone()));
        self.keep_change(Keep::Case(case));
    }

    /// Keeps what proves a case.
    pub fn put_proof(&mut self, n: u64, proof: Proof) {
        self.keep_change(Keep::Proof(n, proof));
    }

    /// Begins an erasure, or notes how far it is.
    pub fn put_erased_user(&mut self, user: &LocalPart, erasure: Erasure) {
        self.state.keeping.erasures.insert(user.clone(), erasure.clone());
        self.keep_change(Keep::Erasure(user.clone(), erasure));
    }

    /// Deletes the events of a room before an index. The chain goes on.
    pub fn trim(&mut self, id: RoomId, before: u64) {
        let Some(room) = self.state.rooms.get_mut(&id) else { return };
        let room = Arc::make_mut(room);
        room.begins = before;
        let (next_index, head) = (room.next_index, room.head);
        self.keep_change(Keep::Trim { room: id, before, next_index, head });
        let is_in = |(_, room, index): &&(Millis, RoomId, u64)| *room == id && *index < before;
        let trash: Vec<_> = self.state.trash.iter().filter(is_in).copied().collect();
        for (until, room, index) in trash {
            self.put_trash(room, index, Some(until), None);
        }
        self.journal(Entry::Room { room: id });
    }

    /// Replaces the texts of events by their digests. The chain goes on.
    pub fn erase(&mut self, id: RoomId, indices: Vec<u64>) {
        self.keep_change(Keep::Erase(id, indices));
    }

    /// Forgets what a user has read and what they were told.
    pub fn forget_reading(&mut self, user: &LocalPart) {
        let marks = self.state.marks.keys().filter(|(of, _)| of == user).map(|(_, room)| *room);
        let rooms: Vec<RoomId> = marks.collect();
        for room in &rooms {
            self.state.marks.remove(&(user.clone(), *room));
        }
        self.state.notices.remove(user);
        self.keep_change(Keep::Forget(user.clone(), rooms));
    }

    /// Keeps each card and grant of a link that is new: old envelopes are proven by the papers of their time (P29).
    pub(super) fn keep_papers(&mut self, peer: &Peer) {
        let known = self.state.links.get(&peer.domain).map(|link: &Arc<Link>| link.peer.clone());
        let known = known.as_deref();
        let card = (known.map(|known| &known.card) != Some(&peer.card))
            .then(|| (PaperKind::Card, peer.card.card.version, peer.card.document.clone()));
        let grant = |kind, known: Option<&Option<crate::model::grant::SignedGrant>>, now: &Option<_>| {
            let new: Option<&crate::model::grant::SignedGrant> = now.as_ref().filter(|_| known != Some(now));
            new.map(|signed| (kind, signed.grant.serial, signed.document.clone()))
        };
        let ours = grant(PaperKind::Ours, known.map(|known| &known.ours), &peer.ours);
        let theirs = grant(PaperKind::Theirs, known.map(|known| &known.theirs), &peer.theirs);
        for (kind, n, document) in [card, ours, theirs].into_iter().flatten() {
            self.keep_change(Keep::Paper(peer.domain.clone(), kind, n, document));
        }
    }

    fn keep_change(&mut self, keep: Keep) {
        self.changes.push(Change::Keep(keep));
    }
}
