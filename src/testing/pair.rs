//! Two cores that talk to each other in memory: greetings, envelopes and acks are carried by hand, one step at a time.

mod recovery;

use super::fixtures::{Seeded, card, domain, local, org_with_users, signed_grant};
use crate::{
    core::{
        Change, Command, Facts, State,
        command::{AdminOp, Answer, GrantRequest, Greeting, PeerOp, PendingFact, Ref, UserOp},
        decide,
        draft::{Keep, Queued},
        facts::{self, ItemFact, ItemId},
        features, grants,
    },
    model::{
        Address, Digest, Domain, Millis, Reject, RoomId,
        audit::AuditEntry,
        event::ItemKind,
        file::{Erasure, FilePolicy},
        grant::Scopes,
        id::PublicKey,
        item::Item,
        journal::Entry,
        keeping::PaperKind,
        limits,
        link::{LinkState, OutStream},
        notice::NoticeKind,
        record::{Ack, Envelope, Epoch, Evidence, Hello, Record},
        text::Reason,
    },
    wire,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// One of the two orgs of a [`Pair`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Org {
    /// `acme.example`, with alice, carol and erin. Sorts first: hosts the direct rooms.
    Acme,
    /// `globex.example`, with bob, dave and frank.
    Globex,
}

impl Org {
    /// The other one.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Acme => Self::Globex,
            Self::Globex => Self::Acme,
        }
    }

    /// Its domain.
    #[must_use]
    pub fn domain(self) -> Domain {
        match self {
            Self::Acme => domain("acme.example"),
            Self::Globex => domain("globex.example"),
        }
    }
}

/// One org's core, with the logs that a store would hold.
#[derive(Clone, Debug)]
pub struct Side {
    /// The state.
    pub state: State,
    /// All records ever queued, by epoch number and seq.
    pub outbox: BTreeMap<(u64, u64), Queued>,
    /// Submissions that wait for their place.
    pub pending: BTreeMap<(RoomId, u64), PendingFact>,
    /// What the tools of rooms list.
    pub listed: BTreeSet<(RoomId, ItemKind, u64)>,
    /// Items that were touched.
    pub items: BTreeMap<ItemId, Item>,
    /// Which events name which files.
    pub file_uses: BTreeSet<(Digest, RoomId, u64)>,
    /// Erasures of files.
    pub erasures: BTreeMap<ItemId, Erasure>,
    /// Events by room and index.
    pub timelines: BTreeMap<(RoomId, u64), Arc<[u8]>>,
    /// Notices of each user, oldest first.
    pub notices: Vec<(String, NoticeKind)>,
    /// The audit log.
    pub audit: Vec<AuditEntry>,
    /// The journal.
    pub journal: Vec<Entry>,
    /// Cards and grants that were kept, by version or serial.
    pub papers: Vec<(PaperKind, u64)>,
    /// What arrived of the other side's stream, as it was sent.
    pub kept: BTreeMap<(u64, u64), (Epoch, Queued)>,
    random: Seeded,
}

impl Side {
    /// A core on a state.
    #[must_use]
    pub fn new(state: State, seed: u64) -> Self {
        Self {
            state,
            outbox: BTreeMap::new(),
            pending: BTreeMap::new(),
            listed: BTreeSet::new(),
            items: BTreeMap::new(),
            file_uses: BTreeSet::new(),
            erasures: BTreeMap::new(),
            timelines: BTreeMap::new(),
            notices: Vec::new(),
            audit: Vec::new(),
            journal: Vec::new(),
            papers: Vec::new(),
            kept: BTreeMap::new(),
            random: Seeded::new(seed),
        }
    }

    /// Decides a command and keeps what a store would keep.
    ///
    /// # Errors
    /// The refusal.
    pub fn decide(&mut self, command: Command, now: Millis) -> Result<Answer, Reject> {
        let facts = self.look_up(&command);
        let decision = decide(&self.state, command, facts, now, &mut self.random);
        self.state = decision.state;
        for change in decision.changes {
            self.keep(change);
        }
        decision.result
    }

    fn keep(&mut self, change: Change) {
        match change {
            Change::Send(queued) => {
                let reused = self.outbox.insert((queued.epoch_n, queued.seq), queued);
                assert!(reused.is_none(), "no number of a stream is used twice (F14)");
            }
            Change::Pend { room, p, sent, author, bytes } => {
                let event = wire::event::open(&bytes).expect("a submission is an event");
                let fact = PendingFact { room, p: Some(p), seq: sent.seq, epoch_n: sent.epoch_n, author, event };
                self.pending.insert((room, p), fact);
            }
            Change::PendingDone { room, before } => self.pending.retain(|(of, p), _| *of != room || *p >= before),
            Change::Append(event) => {
                let reused = self.timelines.insert((event.room, event.index), event.event.bytes.clone());
                assert!(reused.is_none(), "no index of a room is used twice");
            }
            Change::Listed(room, kind, index) => drop(self.listed.insert((room, kind, index))),
            Change::Item(room, index, item) => drop(self.items.insert((room, index), Item::clone(&item))),
            Change::FileUse(digest, room, index, true) => drop(self.file_uses.insert((digest, room, index))),
            Change::FileUse(digest, room, index, false) => drop(self.file_uses.remove(&(digest, room, index))),
            Change::Erasure(room, index, erasure) => {
                self.erasures.insert((room, index), Erasure::clone(&erasure));
            }
            Change::Notice { user, notice, .. } => self.notices.push((user.to_string(), notice.kind)),
            Change::Audit(entry) => self.audit.push(*entry),
            Change::Journal(entry) => self.journal.push(entry),
            Change::Keep(Keep::Paper(_, kind, n, _)) => self.papers.push((kind, n)),
            Change::Keep(Keep::Trim { room, before, .. }) => {
                let stays = |id: &ItemId| id.0 != room || id.1 >= before;
                self.timelines.retain(|id, _| stays(id));
                self.items.retain(|id, _| stays(id));
                self.listed.retain(|(of, _, index)| stays(&(*of, *index)));
            }
            _ => {}
        }
    }

    /// What a user was told.
    #[must_use]
    pub fn notices_of(&self, user: &str) -> Vec<&NoticeKind> {
        self.notices.iter().filter(|(whose, _)| whose == user).map(|(_, kind)| kind).collect()
    }

    /// Audit entries of an action.
    #[must_use]
    pub fn audited(&self, action: &str) -> Vec<&AuditEntry> {
        self.audit.iter().filter(|entry| entry.action == action).collect()
    }

    /// What has become of an item.
    #[must_use]
    pub fn item(&self, room: RoomId, index: u64) -> Item {
        self.items.get(&(room, index)).cloned().unwrap_or_default()
    }

    /// The indices of a room at which events name a file.
    #[must_use]
    pub fn uses(&self, digest: Digest, room: RoomId) -> Vec<u64> {
        let all = self.file_uses.range((digest, room, 0)..=(digest, room, u64::MAX));
        all.map(|(_, _, index)| *index).collect()
    }

    fn look_up(&self, command: &Command) -> Facts {
        let fact = |id: &ItemId| {
            let event = wire::event::open(self.timelines.get(id)?).expect("a stored event can be read").event;
            Some(ItemFact { event, item: self.item(id.0, id.1) })
        };
        let found: Result<Facts, std::convert::Infallible> = facts::gather(command, |id| Ok(fact(&id)));
        found.unwrap_or_else(|never| match never {})
    }
}

/// Two orgs that are pinned to each other.
#[derive(Clone, Debug)]
pub struct Pair {
    /// `acme.example`.
    pub acme: Side,
    /// `globex.example`.
    pub globex: Side,
    /// The time of both.
    pub now: Millis,
}

impl Default for Pair {
    fn default() -> Self {
        Self::pinned()
    }
}

impl Pair {
    /// Two orgs that have pinned each other and granted nothing.
    #[must_use]
    pub fn pinned() -> Self {
        let acme = org_with_users(&Org::Acme.domain(), &["alice", "carol", "erin"]);
        let globex = org_with_users(&Org::Globex.domain(), &["bob", "dave", "frank"]);
        let mut pair = Self { acme: Side::new(acme, 1), globex: Side::new(globex, 2), now: Millis(1_000_000) };
        for org in [Org::Acme, Org::Globex] {
            pair.admin(org, AdminOp::PinPeer(Box::new(card(&org.other().domain(), 1)))).expect("a card can be pinned");
        }
        pair
    }

    /// Two orgs with an open link and all scopes.
    #[must_use]
    pub fn open() -> Self {
        let mut pair = Self::pinned();
        pair.grant(Org::Acme, Scopes::all());
        pair.grant(Org::Globex, Scopes::all());
        pair.sync();
        assert_eq!(pair.link_state(Org::Acme), LinkState::Open);
        assert_eq!(pair.link_state(Org::Globex), LinkState::Open);
        pair
    }

    /// One side.
    #[must_use]
    pub fn side(&self, org: Org) -> &Side {
        match org {
            Org::Acme => &self.acme,
            Org::Globex => &self.globex,
        }
    }

    /// One side, to be changed.
    pub fn side_mut(&mut self, org: Org) -> &mut Side {
        match org {
            Org::Acme => &mut self.acme,
            Org::Globex => &mut self.globex,
        }
    }

    /// How a side sees the link.
    #[must_use]
    pub fn link_state(&self, org: Org) -> LinkState {
        let state = &self.side(org).state;
        crate::core::permit::link_state(state, &state.links[&org.other().domain()], self.now)
    }

    /// Decides a command on one side.
    ///
    /// # Errors
    /// The refusal.
    pub fn command(&mut self, org: Org, command: Command) -> Result<Answer, Reject> {
        self.now = self.now.plus(1);
        let now = self.now;
        self.side_mut(org).decide(command, now)
    }

    /// A user of one side asks.
    ///
    /// # Errors
    /// The refusal.
    pub fn user(&mut self, org: Org, user: &str, op: UserOp) -> Result<Answer, Reject> {
        self.command(org, Command::User { user: local(user), op })
    }

    /// The admin of one side asks.
    ///
    /// # Errors
    /// The refusal.
    pub fn admin(&mut self, org: Org, op: AdminOp) -> Result<Answer, Reject> {
        self.command(org, Command::Admin { actor: "root".to_owned(), op })
    }

    /// The peer of `org` asks or tells `org`.
    ///
    /// # Errors
    /// The refusal.
    pub fn peer(&mut self, org: Org, op: PeerOp) -> Result<Answer, Reject> {
        self.command(org, Command::Peer { peer: org.other().domain(), op })
    }

    /// The admin of one side gives a grant.
    pub fn grant(&mut self, org: Org, scopes: Scopes) {
        self.put_grant(org, Some(scopes), None).expect("a grant can be given");
    }

    /// The admin of one side revokes.
    pub fn revoke(&mut self, org: Org) {
        self.put_grant(org, None, None).expect("a grant can be revoked");
    }

    /// The admin of one side puts a grant in force.
    ///
    /// # Errors
    /// The refusal.
    pub fn put_grant(&mut self, org: Org, scopes: Option<Scopes>, not_after: Option<Millis>) -> Result<Answer, Reject> {
        let peer = org.other().domain();
        let request =
            GrantRequest { peer: peer.clone(), scopes, not_after, reason: Reason::default(), expected_serial: None };
        let grant = grants::build_own(&self.side(org).state, &request, self.now)?;
        let expected_serial = grant.serial - 1;
        let grant = Box::new(signed_grant(grant));
        self.admin(org, AdminOp::PutGrant { peer, expected_serial, grant })
    }

    /// What one side says of itself now.
    pub fn hello(&mut self, from: Org) -> Hello {
        let Ok(Answer::Greeting(greeting)) = self.peer(from, PeerOp::Greet) else {
            panic!("a pinned peer is greeted");
        };
        let Greeting { grant, seen_serial, outgoing, incoming, follows, through, ended } = *greeting;
        let org = &self.side(from).state.org;
        let (own, peer) = (from.domain(), from.other().domain());
        Hello {
            link: self.side(from).state.links[&peer].peer.link,
            instance: org.instance,
            run: None,
            card: card(&own, 1),
            origin: own,
            destination: peer,
            sent_at: self.now,
            grant,
            seen_card: 1,
            seen_serial,
            outgoing,
            incoming,
            follows,
            through,
            ended,
            features: features::offered(&self.side(from).state),
            files: Some(FilePolicy::clone(&self.side(from).state.file_policy)),
            envelope_max: (limits::ENVELOPE_RECORDS_MAX as u64, limits::ENVELOPE_BYTES_MAX as u64),
        }
    }

    /// One exchange: `from` greets, the other hears and answers with its own hello. Says whether another is due.
    ///
    /// # Errors
    /// The refusal of either side.
    pub fn greet(&mut self, from: Org) -> Result<bool, Reject> {
        let hello = self.hello(from);
        self.peer(from.other(), PeerOp::Heard(Box::new(hello)))?;
        let answer = self.hello(from.other());
        match self.peer(from, PeerOp::Heard(Box::new(answer)))? {
            Answer::Heard { again } => Ok(again),
            other => panic!("a hello is heard, not {other:?}"),
        }
    }

    /// What `from` would send next: everything that waits, up to the limit; none when nothing waits.
    #[must_use]
    pub fn next_envelope(&self, from: Org) -> Option<Envelope> {
        let link = &self.side(from).state.links[&from.other().domain()];
        let out = link.streams.out.filter(|out| out.confirmed && link.streams.recovery.is_none())?;
        // A receiver that lost its tail is sent it again.
        let held = self.cursor(from.other()).filter(|(epoch, _)| *epoch == out.epoch).map(|(_, cursor)| cursor);
        let first = held.map_or(out.acked, |held| held.min(out.acked)) + 1;
        if first >= out.next_seq {
            return None;
        }
        let end = out.next_seq.min(first + limits::ENVELOPE_RECORDS_MAX as u64);
        Some(self.envelope(from, out, first, end))
    }

    /// An envelope with the records `[first, end)` of the present epoch.
    #[must_use]
    pub fn envelope(&self, from: Org, out: OutStream, first: u64, end: u64) -> Envelope {
        let side = self.side(from);
        let peer = &side.state.links[&from.other().domain()].peer;
        let head_before = |seq: u64| side.outbox.get(&(out.epoch.n, seq - 1)).map_or(Digest::ZERO, |item| item.head);
        let serial = |grant: &Option<crate::model::grant::SignedGrant>| grant.as_ref().map_or(0, |it| it.grant.serial);
        Envelope {
            link: peer.link,
            origin: from.domain(),
            destination: from.other().domain(),
            epoch: out.epoch,
            from_seq: first,
            prev: head_before(first),
            grants: (serial(&peer.ours), serial(&peer.theirs)),
            settled: out.acked,
            sent_at: self.now,
            records: (first..end).map(|seq| record(&side.outbox[&(out.epoch.n, seq)].bytes)).collect(),
        }
    }

    /// Hands an envelope to the receiver.
    ///
    /// # Errors
    /// The refusal.
    pub fn ingest(&mut self, to: Org, envelope: Envelope) -> Result<Ack, Reject> {
        let facts = self.facts(to, &envelope);
        match self.peer(to, PeerOp::Ingest(Box::new(envelope), evidence(), facts))? {
            Answer::Applied(ack) => {
                self.note_kept(to, &ack);
                Ok(ack)
            }
            other => panic!("an envelope is applied, not {other:?}"),
        }
    }

    /// Hands an ack to the sender.
    ///
    /// # Errors
    /// The refusal.
    pub fn settle(&mut self, sender: Org, ack: Ack) -> Result<Answer, Reject> {
        let side = self.side(sender);
        let acked = side.state.links[&sender.other().domain()].streams.out.map_or(0, |out| out.acked);
        let refs = side
            .outbox
            .range((ack.epoch.n, acked + 1)..=(ack.epoch.n, ack.cursor.max(acked + 1)))
            .map(|((_, seq), item)| (*seq, item.reference.clone()))
            .collect::<Vec<(u64, Ref)>>();
        self.peer(sender, PeerOp::Settle(ack, refs))
    }

    /// Carries everything that waits from one side to the other, and says how many records crossed.
    pub fn deliver(&mut self, from: Org) -> usize {
        let mut crossed = 0;
        while let Some(envelope) = self.next_envelope(from) {
            let (records, arrived) = (envelope.records.len(), self.cursor(from.other()));
            let Ok(ack) = self.ingest(from.other(), envelope) else { break };
            let before = (self.acked(from), arrived);
            self.settle(from, ack).expect("an honest ack is settled");
            if (self.acked(from), self.cursor(from.other())) == before {
                break;
            }
            crossed += records;
        }
        crossed
    }

    /// Time, hellos and records, until nothing changes any more: both sides have done what they can.
    pub fn sync(&mut self) {
        for _ in 0..1_000 {
            let mut busy = false;
            for org in [Org::Acme, Org::Globex] {
                while crate::core::links::is_due(&self.side(org).state, self.now) {
                    self.command(org, Command::Tick).expect("a tick is never refused");
                }
                while self.greet(org).unwrap_or(false) {
                    busy = true;
                }
                let recovers = self.recovers(org);
                busy |= self.take_back(org) > 0 || recovers != self.recovers(org);
                busy |= self.deliver(org) > 0;
            }
            if !busy {
                return;
            }
        }
        panic!("the two sides do not come to rest");
    }

    /// The address of a user of one side.
    #[must_use]
    pub fn address(&self, org: Org, user: &str) -> Address {
        self.side(org).state.address(&local(user))
    }
}

/// A record as the wire would parse it.
///
/// # Panics
/// When the bytes are not of a record of ours.
#[must_use]
pub fn record(bytes: &[u8]) -> Record {
    wire::record::decode(bytes).expect("a record of ours can be read")
}

/// Evidence that proves nothing.
#[must_use]
pub fn evidence() -> Evidence {
    Evidence { payload: Arc::from(&b"{}"[..]), key: PublicKey([7; 32]), signature: [7; 64] }
}
