//! Everything the daemon decides by, in persistent maps: a clone is a snapshot and costs nothing.
//!
//! Message bodies, outbox records, audit entries and notices are not here; they stand in logs of the store.

use super::keeping::Keeping;
use crate::model::{
    Address, Code, Digest, Domain, LocalPart, Millis, RoomId,
    contact::Contact,
    file::{Erasure, FilePolicy},
    link::{Parted, Peer, Streams},
    org::{Card, OwnOrg},
    record::Epoch,
    room::{FormerMember, Invitation, Member, RoomInfo},
    user::{Feed, Policy, Profile, Session, User},
};
use imbl::{OrdMap, OrdSet};
use std::sync::Arc;

/// A link as the core sees it.
#[derive(Clone, Debug)]
pub struct Link {
    /// Pins, grants, verdicts.
    pub peer: Arc<Peer>,
    /// Stream positions.
    pub streams: Streams,
    /// The last refusal that the peer gave us, for the admin. Not stored.
    pub last_refusal: Option<(Millis, String)>,
}

/// A room as the core sees it.
#[derive(Clone, Debug)]
pub struct Room {
    /// Its row.
    pub info: Arc<RoomInfo>,
    /// Present members.
    pub members: OrdMap<Address, Member>,
    /// Those who were members.
    pub former: OrdMap<Address, FormerMember>,
    /// Those who are asked in.
    pub invited: OrdMap<Address, Invitation>,
    /// The index of the next event.
    pub next_index: u64,
    /// The chain head before it.
    pub head: Digest,
    /// The first index that our copy holds; `next_index` when it holds none. Earlier events were deleted by retention, or
    /// never came here. Told by the timeline itself, not stored.
    pub begins: u64,
    /// One past the highest index whose item was touched: whoever reads above it need not look for items.
    pub touched_end: u64,
}

/// A sliding count of something that is limited in time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Quota {
    /// When the window began.
    pub since: Millis,
    /// How many since.
    pub count: u32,
}

/// The state.
#[derive(Clone, Debug)]
pub struct State {
    /// Ourselves.
    pub org: Arc<OwnOrg>,
    /// Who may use external messaging.
    pub policy: Policy,
    /// What files may be sent and taken.
    pub file_policy: Arc<FilePolicy>,
    /// Files that peers have announced and that are not here yet: peer, file, room, event. Their lengths, bytes.
    pub awaited: OrdMap<(Domain, Digest, RoomId, u64), u64>,
    /// Erasures of files of which something is still to be done, by room and event.
    pub erasures: OrdMap<(RoomId, u64), Arc<Erasure>>,
    /// Deleted entries of folders that can still be brought back: until when, room, entry.
    pub trash: OrdSet<(Millis, RoomId, u64)>,
    /// Bytes of files that each peer has announced since a time within the last day.
    pub file_bytes_by_link: OrdMap<Domain, (Millis, u64)>,
    /// Our users.
    pub users: OrdMap<LocalPart, Arc<User>>,
    /// Sessions and tokens, by the SHA-256 of their secret.
    pub sessions: OrdMap<Digest, Arc<Session>>,
    /// Calendar feeds, by the SHA-256 of their secret.
    pub feeds: OrdMap<Digest, Arc<Feed>>,
    /// Links, by the peer's domain.
    pub links: OrdMap<Domain, Arc<Link>>,
    /// What is remembered of unpinned peers.
    pub parted: OrdMap<Domain, Arc<Parted>>,
    /// Rooms.
    pub rooms: OrdMap<RoomId, Arc<Room>>,
    /// Rooms of each of our users.
    pub rooms_of: OrdMap<LocalPart, OrdSet<RoomId>>,
    /// Contacts of our users.
    pub contacts: OrdMap<(LocalPart, Address), Arc<Contact>>,
    /// People of partner orgs.
    pub profiles: OrdMap<Address, Arc<Profile>>,
    /// How far each of our users has read each room: the last read index plus one.
    pub marks: OrdMap<(LocalPart, RoomId), u64>,
    /// Number of the next notice of each user, and how many are read.
    pub notices: OrdMap<LocalPart, (u64, u64)>,
    /// Refused records of our streams: peer, epoch number, seq.
    pub refused: OrdMap<(Domain, u64, u64), Code>,
    /// Contact adds per user.
    pub adds_by_user: OrdMap<LocalPart, Quota>,
    /// Contact adds per link, ours and theirs.
    pub adds_by_link: OrdMap<(Domain, bool), Quota>,
    /// Number of the next audit entry, and the hash of the last.
    pub audit: (u64, Digest),
    /// How long what is kept, for whom it is held, what was reported.
    pub keeping: Keeping,
    /// Grows whenever submissions lose their chance of a place. Not stored.
    pub unplaced_times: u64,
    /// Set when database and anchor disagree: all links stay closed until an admin confirms (D7).
    pub unconfirmed: bool,
    /// Set when the database was put back to an earlier state and no peer was asked yet (W10).
    pub restored: bool,
    /// Our own card, as it is shown to peers: its keys and pins are nobody else's. Told at every start, not stored.
    pub own_card: Option<Arc<Card>>,
}

/// Whether an event of our org has reached the partner (P21).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Durable here, waits for the partner.
    Queued,
    /// Durable at the partner.
    Delivered,
    /// The partner refused it.
    Refused(Code),
    /// The link closed before it crossed.
    Undelivered,
}

impl State {
    /// An empty state of an org.
    #[must_use]
    pub fn new(org: OwnOrg) -> Self {
        Self {
            org: Arc::new(org),
            policy: Policy::default(),
            file_policy: Arc::default(),
            unplaced_times: 0,
            awaited: OrdMap::new(),
            erasures: OrdMap::new(),
            trash: OrdSet::new(),
            file_bytes_by_link: OrdMap::new(),
            users: OrdMap::new(),
            sessions: OrdMap::new(),
            feeds: OrdMap::new(),
            links: OrdMap::new(),
            parted: OrdMap::new(),
            rooms: OrdMap::new(),
            rooms_of: OrdMap::new(),
            contacts: OrdMap::new(),
            profiles: OrdMap::new(),
            marks: OrdMap::new(),
            notices: OrdMap::new(),
            refused: OrdMap::new(),
            adds_by_user: OrdMap::new(),
            adds_by_link: OrdMap::new(),
            audit: (1, Digest::ZERO),
            keeping: Keeping::default(),
            unconfirmed: false,
            restored: false,
            own_card: None,
        }
    }

    /// Whether the address is of our org.
    #[must_use]
    pub fn is_ours(&self, address: &Address) -> bool {
        address.is_of(&self.org.domain)
    }

    /// The address of one of our users.
    #[must_use]
    pub fn address(&self, user: &LocalPart) -> Address {
        Address::new(user, &self.org.domain)
    }

    /// The user behind one of our addresses.
    #[must_use]
    pub fn user_at(&self, address: &Address) -> Option<&Arc<User>> {
        if self.is_ours(address) { self.users.get(&address.local()) } else { None }
    }

    /// The delivery state of something that was sent to a peer under this epoch number and seq.
    #[must_use]
    pub fn delivery(&self, peer: &Domain, epoch_n: u64, seq: u64) -> Delivery {
        if let Some(code) = self.refused.get(&(peer.clone(), epoch_n, seq)) {
            return Delivery::Refused(*code);
        }
        let present = self.links.get(peer).map(|link| &link.streams);
        let Some(streams) = present.or_else(|| self.parted.get(peer).map(|parted| &parted.streams)) else {
            return Delivery::Undelivered;
        };
        if let Some(ended) = streams.ended.iter().find(|ended| ended.epoch.n == epoch_n) {
            return if seq <= ended.acked { Delivery::Delivered } else { Delivery::Undelivered };
        }
        match streams.outgoing_in(epoch_n) {
            Some(out) if seq <= out.acked => Delivery::Delivered,
            Some(_) => Delivery::Queued,
            None => Delivery::Undelivered,
        }
    }

    /// Which of these records of our stream to a peer are voided (W13).
    pub fn voided(
        &self,
        peer: &Domain,
        epoch_n: u64,
        seqs: std::ops::RangeInclusive<u64>,
    ) -> impl Iterator<Item = u64> + use<'_> {
        let (first, last) = seqs.into_inner();
        // An empty range is none of the map's.
        let range = (peer.clone(), epoch_n, first)..=(peer.clone(), epoch_n, last.max(first));
        let within = move |seq: &u64| *seq <= last;
        let voided = self.refused.range(range).filter(|(_, code)| **code == Code::Void);
        voided.map(|((_, _, seq), _)| *seq).filter(within)
    }

    /// The files that a peer has announced and that are not here yet: file, a room that names it, bytes.
    pub fn awaited_from<'a>(&'a self, peer: &'a Domain) -> impl Iterator<Item = (Digest, RoomId, u64)> + 'a {
        let from = (peer.clone(), Digest::ZERO, RoomId([0; 16]), 0);
        let theirs = self.awaited.range(from..).take_while(move |(key, _)| key.0 == *peer);
        theirs.map(|(key, bytes)| (key.1, key.2, *bytes))
    }

    /// Whether some event waits for this file from the peer.
    #[must_use]
    pub fn awaits(&self, peer: &Domain, digest: Digest) -> bool {
        let from = (peer.clone(), digest, RoomId([0; 16]), 0);
        self.awaited.range(from..).next().is_some_and(|(key, _)| key.0 == *peer && key.1 == digest)
    }

    /// What a person is called, if we know.
    #[must_use]
    pub fn name_of(&self, address: &Address) -> Option<&crate::model::text::DisplayName> {
        if self.is_ours(address) {
            self.user_at(address).map(|user| &user.name)
        } else {
            self.profiles.get(address).map(|profile| &profile.name)
        }
    }
}

impl Room {
    /// Whether our org orders the room's events.
    #[must_use]
    pub fn is_hosted_by(&self, org: &Domain) -> bool {
        self.info.host == *org
    }

    /// The other org of the room as `org` sees it.
    #[must_use]
    pub fn other(&self, org: &Domain) -> Option<&Domain> {
        if self.info.host == *org { self.info.partner.as_ref() } else { Some(&self.info.host) }
    }

    /// Our users among the members.
    pub fn members_of<'a>(&'a self, org: &'a Domain) -> impl Iterator<Item = (&'a Address, &'a Member)> {
        self.members.iter().filter(move |(address, _)| address.is_of(org))
    }
}

impl Link {
    /// The number and id of our present outgoing epoch.
    #[must_use]
    pub fn out_epoch(&self) -> Option<Epoch> {
        self.streams.out.map(|out| out.epoch)
    }
}
