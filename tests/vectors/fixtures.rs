//! Two orgs with fixed keys, and one of each object of the protocol between them. The golden files are made from this.

use handclasp::{
    clock::Random,
    crypto::{SigningKey, digest},
    model::{
        Address, CallId, Code, DeviceId, Digest, EpochId, EventId, InstanceId, LinkId, Millis, RoomId,
        audit::AuditEntry,
        calendar::{Attendance, When},
        call::{
            CallEntry, CallSignal, CallWord, Candidate, Leg, Media, MediaContent, Medium, Outcome, Ring, Seat, Shows,
            Why,
        },
        event::{
            Act, Calendar, Content, DateBody, Edit, Event, Folder, Message, Note, NoteBody, React, Recall, Role,
            Sealed, SettingsChange,
        },
        file::{FilePolicy, FileRef, ImageSize, Photo},
        grant::{Grant, GrantState, Scope, SignedGrant},
        org::{self, Card, KeyUse, SignedCard},
        record::{Ack, Ask, Epoch, Hello, InPosition, OutPosition, RecordBody},
        room::{History, MemberImage, RoomImage, RoomKind},
        signal::{Presence, Sign, Signal, SignalBatch, Typing},
        text::MessageText,
        tool::{Callers, RulesChange},
    },
    wire::{self, envelope::EnvelopeHead, proof},
};
use std::str::FromStr;

/// 2026-01-02T03:04:05.678Z.
pub const NOW: Millis = Millis(1_767_323_045_678);
pub const ROOM: RoomId = RoomId([0x52; 16]);
pub const EPOCH: Epoch = Epoch { n: 2, id: EpochId([0xe2; 16]) };

/// Randomness that gives one byte for ever: the seed of a key.
struct Seed(u8);

impl Random for Seed {
    fn fill(&mut self, bytes: &mut [u8]) {
        bytes.fill(self.0);
    }
}

/// The key whose 32 seed bytes are all this byte.
pub fn key(seed: u8) -> SigningKey {
    SigningKey::generate(&mut Seed(seed))
}

pub fn text<T: FromStr>(text: &str) -> T
where
    T::Err: std::fmt::Debug,
{
    text.parse().expect("a fixture keeps the rules")
}

/// One of the two orgs, with the seeds of its keys.
#[derive(Clone, Copy)]
pub struct Org {
    pub domain: &'static str,
    pub name: &'static str,
    pub identity: u8,
    pub signing: u8,
}

pub const ACME: Org = Org { domain: "acme.example", name: "Acme", identity: 1, signing: 2 };
pub const GLOBEX: Org = Org { domain: "globex.example", name: "Globex", identity: 3, signing: 4 };

impl Org {
    pub fn signing_key(self) -> SigningKey {
        key(self.signing)
    }

    pub fn user(self, local: &str) -> Address {
        text(&format!("{local}@{}", self.domain))
    }

    pub fn card(self) -> Card {
        Card {
            domain: text(self.domain),
            name: text(self.name),
            identity: key(self.identity).public(),
            version: 3,
            signing_keys: vec![
                org::SigningKey { key: self.signing_key().public(), state: KeyUse::Current },
                org::SigningKey { key: key(self.signing + 0x10).public(), state: KeyUse::Next },
                org::SigningKey { key: key(self.signing + 0x20).public(), state: KeyUse::Retired },
                org::SigningKey { key: key(self.signing + 0x30).public(), state: KeyUse::Revoked },
            ],
            tls_pins: vec![digest::sha256(self.domain.as_bytes()), digest::sha256(self.name.as_bytes())],
            endpoints: vec![format!("link.{}:7443", self.domain), "[2001:db8::7]:7443".to_owned()],
            features: vec![],
            issued_at: NOW,
        }
    }

    pub fn signed_card(self) -> SignedCard {
        proof::seal_card(self.card(), &key(self.identity)).expect("the card keeps the rules")
    }
}

pub fn link() -> LinkId {
    let (acme, globex) = (ACME.card(), GLOBEX.card());
    digest::link_id((&acme.domain, &acme.identity), (&globex.domain, &globex.identity))
}

pub fn grant(issuer: Org, subject: Org) -> Grant {
    Grant {
        link: link(),
        issuer: text(issuer.domain),
        subject: text(subject.domain),
        subject_identity: key(subject.identity).public(),
        serial: 5,
        since: 4,
        state: GrantState::Active,
        scopes: [Scope::Contacts, Scope::Messages, Scope::Rooms].into_iter().collect(),
        not_after: Some(NOW.plus(86_400_000)),
        issued_at: NOW,
        reason: text("trade fair"),
    }
}

pub fn revocation(issuer: Org, subject: Org) -> Grant {
    let scopes = [].into_iter().collect();
    Grant { serial: 6, state: GrantState::Revoked, scopes, not_after: None, ..grant(issuer, subject) }
}

pub fn signed_grant(issuer: Org, subject: Org) -> SignedGrant {
    proof::seal_grant(grant(issuer, subject), &issuer.signing_key()).expect("the grant keeps the rules")
}

pub fn hello() -> Hello {
    Hello {
        link: link(),
        origin: text(ACME.domain),
        destination: text(GLOBEX.domain),
        sent_at: NOW,
        instance: InstanceId([0x1a; 16]),
        run: None,
        card: ACME.signed_card(),
        grant: Some(signed_grant(ACME, GLOBEX)),
        seen_card: 1,
        seen_serial: 5,
        outgoing: Some(OutPosition { epoch: EPOCH, term: (4, 4), next_seq: 18, head: Digest([0x0a; 32]) }),
        incoming: Some(InPosition {
            epoch: Epoch { n: 3, id: EpochId([0xe3; 16]) },
            cursor: 9,
            head: Digest([0x0b; 32]),
            backed_up: 0,
        }),
        follows: Vec::new(),
        through: None,
        ended: Some(InPosition {
            epoch: Epoch { n: 2, id: EpochId([0xe4; 16]) },
            cursor: 4,
            head: Digest([0x0c; 32]),
            backed_up: 4,
        }),
        features: vec!["files".to_owned()],
        envelope_max: (512, 1_048_576),
        files: Some(FilePolicy { forbidden: vec![text("application/x-elf")], ..FilePolicy::default() }),
    }
}

/// A hello to an org that has lost the end of an epoch, which has been followed by another since.
pub fn hello_resending() -> Hello {
    let features = vec!["epochs".to_owned(), "kept".to_owned()];
    Hello { features, follows: vec![(1, 20)], through: Some((3, 5)), ..hello() }
}

/// A hello of an org that has nothing to say yet.
pub fn first_hello() -> Hello {
    Hello { grant: None, seen_serial: 0, outgoing: None, incoming: None, ended: None, files: None, ..hello() }
}

fn event(author: Option<Address>, id: u8, content: Content) -> Sealed {
    wire::event::seal(Event { id: EventId([id; 16]), author, made_at: NOW, content })
}

pub fn events() -> Vec<Sealed> {
    let (alice, bob) = (ACME.user("alice"), GLOBEX.user("bob"));
    let message =
        |words: &str, reply_to, mentions| Content::from(Message { reply_to, mentions, ..Message::plain(text(words)) });
    let note = |note: Note| Content::Act(note.into());
    let calendar = |calendar: Calendar| Content::Act(calendar.into());
    let body = NoteBody { title: text("Stand 12"), text: Some(text("Hall 3")), files: Vec::new() };
    let edit = Edit { target: 1, text: text("Tab again"), mentions: vec![alice.clone()] };
    let settings = SettingsChange {
        name: Some(text("Fair 2027")),
        description: Some(text("")),
        history: Some(History::All),
        ..SettingsChange::default()
    };
    let mut events = vec![
        event(Some(alice.clone()), 1, message("Hello Bob", None, vec![])),
        event(Some(bob.clone()), 2, message("Tab\t\"quoted\" \\ \n\u{1F91D} \u{e9}", Some(0), vec![alice.clone()])),
        event(Some(alice.clone()), 3, Content::Created { name: text("Fair 2026") }),
        event(Some(alice.clone()), 4, Content::Joined { users: vec![bob.clone(), GLOBEX.user("carol")] }),
        event(Some(alice.clone()), 5, Content::Removed { users: vec![bob.clone()] }),
        event(None, 6, Content::Excluded { users: vec![bob.clone()], cause: Code::ClosedByThem }),
        event(None, 7, Content::Role { user: alice.clone(), role: Role::Master }),
        event(Some(alice.clone()), 8, Content::Settings(settings)),
        event(Some(bob.clone()), 9, Message { all: true, ..Message::plain(text("All of you")) }.into()),
        event(Some(bob.clone()), 10, Act::Edit(edit).into()),
        event(Some(alice.clone()), 11, Act::Recall(Recall { target: 1 }).into()),
        event(Some(bob.clone()), 12, Act::React(React { target: 0, emoji: text("\u{1F44D}"), on: true }).into()),
        event(Some(bob.clone()), 13, note(Note::Posted(body.clone()))),
        event(Some(bob.clone()), 14, note(Note::Edited { target: 12, body })),
        event(Some(bob.clone()), 15, note(Note::Commented { target: 12, text: text("Good") })),
        event(Some(bob.clone()), 16, note(Note::Pinned { target: 12, on: true })),
        event(Some(bob.clone()), 17, note(Note::Deleted { target: 12 })),
        event(Some(bob.clone()), 18, calendar(Calendar::Posted(weekly()))),
        event(Some(bob.clone()), 19, calendar(Calendar::Changed { target: 17, body: days() })),
        event(Some(bob.clone()), 20, calendar(Calendar::Answered { target: 17, answer: Attendance::Maybe })),
        event(Some(bob.clone()), 21, calendar(Calendar::Cancelled { target: 17 })),
        event(Some(bob.clone()), 22, Content::Settings(rules())),
        event(Some(alice), 23, Message { files: files(), ..Message::plain(MessageText::none()) }.into()),
    ];
    events.extend(folder(&bob));
    for (id, photo) in (32..).zip([Some(photo()), None]) {
        let change = SettingsChange { photo: Some(photo), ..SettingsChange::default() };
        events.push(event(None, id, Content::Settings(change)));
    }
    let body = NoteBody { title: text("Photos"), text: None, files: files() };
    events.push(event(Some(bob), 31, note(Note::Posted(body))));
    events.push(event(Some(ACME.user("alice")), 34, Act::Call(call_entry()).into()));
    events
}

fn photo() -> Photo {
    Photo { digest: Digest([0x3f; 32]), bytes: 20_000 }
}

fn folder(bob: &Address) -> Vec<Sealed> {
    let file = |at: usize| files().swap_remove(at);
    let acts = [
        Folder::Made { name: text("Plans"), inside: None },
        Folder::Added { file: file(1), inside: Some(23) },
        Folder::Version { target: 24, file: file(0) },
        Folder::Renamed { target: 24, name: text("Plan B.pdf") },
        Folder::Moved { target: 24, inside: None },
        Folder::Deleted { target: 24, kept_days: 30 },
        Folder::Restored { target: 24 },
    ];
    acts.into_iter().zip(24..).map(|(act, id)| event(Some(bob.clone()), id, Content::Act(act.into()))).collect()
}

fn weekly() -> DateBody {
    let times = ["2026-03-02T09:00", "2026-03-02T10:30"].map(text);
    DateBody {
        title: text("Weekly"),
        text: Some(text("Bring numbers")),
        place: Some(text("Room 5")),
        when: When::Times { start: times[0], end: times[1], zone: text("Europe/Berlin") },
        repeats: Some(text("FREQ=WEEKLY;BYDAY=MO;COUNT=6")),
        reminder_minutes: Some(15),
    }
}

fn days() -> DateBody {
    let when = When::Days { first: text("2026-03-02"), last: text("2026-03-03") };
    DateBody { title: text("Fair"), text: None, place: None, when, repeats: None, reminder_minutes: None }
}

fn rules() -> SettingsChange {
    let callers = Some(Callers::Masters);
    let rules = RulesChange { note: Some(false), callers, file_bytes_max: Some(5_000), ..RulesChange::default() };
    SettingsChange { rules, ..SettingsChange::default() }
}

fn files() -> Vec<FileRef> {
    let file = |n: u8, name: &str, media_type: &str, image| FileRef {
        digest: Digest([n; 32]),
        bytes: 1_048_577,
        name: text(name),
        media_type: text(media_type),
        image,
    };
    let size = ImageSize { width: 1_200, height: 800 };
    vec![file(0x1f, "Stand 12.jpg", "image/jpeg", Some(size)), file(0x2f, "Plan.pdf", "application/pdf", None)]
}

fn image() -> RoomImage {
    let member = |user: Address, name: Option<&str>, role, visible_from| MemberImage {
        user,
        name: name.map(text),
        role,
        visible_from,
    };
    RoomImage {
        id: ROOM,
        kind: RoomKind::Group,
        name: Some(text("Fair 2026")),
        description: text("Who brings what"),
        history: History::Arrival,
        rules: handclasp::model::tool::Rules::default(),
        photo: None,
        created_by: ACME.user("alice"),
        created_at: NOW,
        members: vec![
            member(ACME.user("alice"), Some("Alice A."), Role::Master, 0),
            member(GLOBEX.user("bob"), None, Role::Member, 2),
        ],
        next_index: 7,
        head: Digest([0x0d; 32]),
    }
}

pub fn bodies() -> Vec<RecordBody> {
    let (alice, bob, carol) = (ACME.user("alice"), GLOBEX.user("bob"), GLOBEX.user("carol"));
    let [first, second, ..] = &events()[..] else { unreachable!("there are eight") };
    let ask = |ask| RecordBody::RoomAsk { room: ROOM, by: alice.clone(), ask };
    vec![
        RecordBody::ContactAdd { from: alice.clone(), name: text("Alice A."), to: bob.clone() },
        RecordBody::ContactAccepted { from: alice.clone(), name: text("Alice A."), to: bob.clone() },
        RecordBody::Profile { user: alice.clone(), name: text("Alice B."), available: true, photo: None },
        RecordBody::Profile { user: alice.clone(), name: text("Alice B."), available: true, photo: Some(photo()) },
        RecordBody::RoomState(Box::new(image())),
        RecordBody::RoomInvite { room: ROOM, by: alice.clone(), users: vec![bob.clone(), carol.clone()] },
        RecordBody::RoomAnswer {
            room: ROOM,
            accepted: vec![(bob.clone(), text("Bob"))],
            declined: vec![carol.clone()],
        },
        RecordBody::RoomEvent { room: ROOM, index: 7, event: first.clone() },
        RecordBody::RoomSubmit { room: ROOM, event: second.clone() },
        RecordBody::RoomPlaced { room: ROOM, index: 8, epoch_n: None, submits: vec![(1, 3), (5, 5)] },
        ask(Ask::Add { users: vec![(alice.clone(), Some(text("Alice A."))), (carol.clone(), None)] }),
        ask(Ask::Remove { users: vec![carol] }),
        ask(Ask::Role { user: bob, role: Role::Master }),
        ask(Ask::Settings(SettingsChange { description: Some(text("Stand 12")), ..SettingsChange::default() })),
        RecordBody::Void { digest: handclasp::model::Digest([0x0c; 32]) },
        RecordBody::FilesErased { room: ROOM, index: 7 },
    ]
}

/// One record of each type, numbered from 4.
pub fn records() -> Vec<Vec<u8>> {
    bodies().iter().zip(4..).map(|(body, seq)| wire::record::encode(seq, NOW, body)).collect()
}

pub fn envelope_head() -> EnvelopeHead {
    EnvelopeHead {
        link: link(),
        origin: text(ACME.domain),
        destination: text(GLOBEX.domain),
        epoch: EPOCH,
        from_seq: 4,
        prev: Digest([0x0e; 32]),
        grants: (5, 7),
        settled: 3,
        sent_at: NOW,
    }
}

pub fn envelope_document(records: &[Vec<u8>]) -> String {
    proof::seal_envelope(&envelope_head(), records.iter().map(Vec::as_slice), &ACME.signing_key())
}

/// Globex acknowledges what Acme sent.
pub fn ack() -> Ack {
    Ack {
        link: link(),
        origin: text(GLOBEX.domain),
        destination: text(ACME.domain),
        epoch: EPOCH,
        cursor: 17,
        head: Digest([0x0f; 32]),
        rejects: vec![(8, Code::NotMember), (11, Code::Scope)],
        credit: handclasp::model::record::Credit::FULL,
        sent_at: NOW,
    }
}

pub fn audit_entries() -> Vec<AuditEntry> {
    let first = AuditEntry {
        seq: 1,
        at: NOW,
        actor: "admin:root".to_owned(),
        action: "grant.active".to_owned(),
        subject: GLOBEX.domain.to_owned(),
        code: None,
        detail: "serial 5".to_owned(),
        prev: Digest::ZERO,
    };
    let second = AuditEntry {
        seq: 2,
        actor: "peer:globex.example".to_owned(),
        action: "record.refused".to_owned(),
        code: Some(Code::Authority),
        detail: String::new(),
        prev: wire::audit::entry_hash(&first),
        ..first.clone()
    };
    vec![first, second]
}

/// One signal of each kind.
pub fn signals() -> SignalBatch {
    let signal = |sign| Signal { room: ROOM, user: ACME.user("alice"), sign };
    let signs = [Sign::Presence(Presence::Online), Sign::Typing(Typing::On), Sign::Read(7)];
    SignalBatch {
        link: link(),
        origin: text(ACME.domain),
        destination: text(GLOBEX.domain),
        sent_at: NOW,
        session: EpochId([0x5e; 16]),
        n: 1,
        signals: signs.map(signal).to_vec(),
        calls: call_signals(),
        unknown: 0,
    }
}

/// One call signal of each kind.
fn call_signals() -> Vec<CallSignal> {
    let signal = |word| CallSignal { room: ROOM, user: ACME.user("alice"), call: CALL, word };
    let ring = Ring { medium: Medium::Video, age_ms: 25, invited: vec![GLOBEX.user("bob")] };
    let shows = Shows { muted: true, camera: false, screen: true };
    let device = DeviceId([0xd1; 16]);
    let legs = [Leg::Ringing, Leg::Joined(Seat { device, shows }), Leg::Out(Why::HungUp)];
    let offer = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\na=fingerprint:sha-256 AB:CD\r\n";
    let candidate = "candidate:1 1 udp 1 198.51.100.1 9 typ relay raddr 0.0.0.0 rport 0";
    let contents = [
        MediaContent::Offer(text(offer)),
        MediaContent::Answer(text(offer)),
        MediaContent::Candidates(vec![Candidate { text: text(candidate), line: 1 }]),
    ];
    let media = |content| Media { device, to: GLOBEX.user("bob"), to_device: DeviceId([0xd2; 16]), content };
    let legs = legs.map(CallWord::Leg).into_iter();
    let words = [CallWord::Ring(ring)].into_iter().chain(legs);
    words.chain(contents.map(media).map(CallWord::Media)).map(signal).collect()
}

fn call_entry() -> CallEntry {
    CallEntry {
        call: CALL,
        medium: Medium::Video,
        started_at: NOW,
        outcome: Outcome::Answered,
        length_ms: 61_000,
        joined: vec![GLOBEX.user("bob")],
    }
}

const CALL: CallId = CallId([0xca; 16]);

pub fn signals_document() -> String {
    proof::seal_signals(&signals(), &ACME.signing_key())
}
