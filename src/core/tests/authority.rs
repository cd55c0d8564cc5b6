//! The authority table, one row a cell (W14, A16 to A18).

use crate::{
    core::{
        ingest::{authority, scope_of},
        state::State,
    },
    crypto::digest::direct_room,
    model::{
        Address, Code, Digest, Domain, EventId, Millis, RoomId,
        event::{Content, Event, Message, Role, Sealed, SettingsChange},
        grant::Scope,
        record::{Ask, RecordBody},
        room::{History, MemberImage, PendingRange, RoomImage, RoomInfo, RoomKind},
        text::DisplayName,
    },
    testing::fixtures::{address, domain, org_with_users, parsed, room_id},
    wire::event::seal,
};

const ALICE: &str = "alice@acme.example";
const BOB: &str = "bob@globex.example";
const DAVE: &str = "dave@globex.example";
const THIRD: &str = "x@other.example";

/// A group that we host, one that the peer hosts, both with it.
const OURS: u8 = 1;
const THEIRS: u8 = 2;
/// A group that we host with a third org; an internal room; no room at all.
const WITH_THIRD: u8 = 3;
const INTERNAL: u8 = 4;
const NONE: u8 = 9;

/// We are globex, the peer is acme, which sorts first.
fn us() -> Domain {
    domain("globex.example")
}

fn peer() -> Domain {
    domain("acme.example")
}

fn room(id: RoomId, kind: RoomKind, host: &Domain, partner: Option<&Domain>) -> RoomInfo {
    RoomInfo {
        id,
        kind,
        host: host.clone(),
        partner: partner.cloned(),
        name: None,
        description: parsed(""),
        history: History::All,
        rules: crate::model::tool::Rules::default(),
        photo: None,
        photo_asked: None,
        created_by: address(ALICE),
        created_at: Millis(1),
        synced_epoch: None,
        partner_present: true,
        frozen: None,
        pending: PendingRange::default(),
        unplaced: Vec::new(),
        joins: 0,
    }
}

fn state() -> State {
    let (us, peer) = (us(), peer());
    let mut random = crate::testing::Seeded::new(1);
    let mut draft = crate::core::Draft::new(org_with_users(&us, &["bob", "dave"]), Millis(1), &mut random);
    let third = domain("other.example");
    draft.put_room(room(room_id(OURS), RoomKind::Group, &us, Some(&peer)));
    draft.put_room(room(room_id(THEIRS), RoomKind::Group, &peer, Some(&us)));
    draft.put_room(room(room_id(WITH_THIRD), RoomKind::Group, &us, Some(&third)));
    draft.put_room(room(room_id(INTERNAL), RoomKind::Internal, &us, None));
    draft.put_room(room(direct_room(&address(ALICE), &address(BOB)), RoomKind::Direct, &peer, Some(&us)));
    draft.finish().0
}

fn direct() -> RoomId {
    direct_room(&address(ALICE), &address(BOB))
}

fn name() -> DisplayName {
    parsed("Name")
}

fn event(author: Option<&str>, content: Content) -> Sealed {
    seal(Event { id: EventId([1; 16]), author: author.map(address), made_at: Millis(1), content })
}

fn message(author: Option<&str>) -> Sealed {
    event(author, Message::plain(parsed("hello")).into())
}

fn image(id: RoomId, kind: RoomKind, members: &[&str]) -> RecordBody {
    let member = |user: &&str| MemberImage { user: address(user), name: None, role: Role::Member, visible_from: 0 };
    RecordBody::RoomState(Box::new(RoomImage {
        id,
        kind,
        name: None,
        description: parsed(""),
        history: History::All,
        rules: crate::model::tool::Rules::default(),
        photo: None,
        created_by: address(members.first().copied().unwrap_or(ALICE)),
        created_at: Millis(1),
        members: members.iter().map(member).collect(),
        next_index: 0,
        head: Digest::ZERO,
    }))
}

fn addresses(users: &[&str]) -> Vec<Address> {
    users.iter().map(|user| address(user)).collect()
}

fn check(rows: impl IntoIterator<Item = (&'static str, RecordBody, Result<(), Code>)>) {
    let state = state();
    for (what, body, expected) in rows {
        assert_eq!(authority(&state, &peer(), &body), expected, "{what}");
    }
}

const NO: Result<(), Code> = Err(Code::Authority);
const THIRD_ORG: Result<(), Code> = Err(Code::ThirdOrg);

#[test]
fn w14_an_org_adds_and_answers_for_its_own_people() {
    let add = |from, to| RecordBody::ContactAdd { from: address(from), name: name(), to: address(to) };
    let accepted = |from, to| RecordBody::ContactAccepted { from: address(from), name: name(), to: address(to) };
    check([
        ("its own adds ours", add(ALICE, BOB), Ok(())),
        ("ours adds ours", add(DAVE, BOB), NO),
        ("a third org's adds ours", add(THIRD, BOB), NO),
        ("its own adds its own", add(ALICE, ALICE), NO),
        ("its own adds a third org's", add(ALICE, THIRD), NO),
        ("its own accepts ours", accepted(ALICE, BOB), Ok(())),
        ("ours accepts ours", accepted(DAVE, BOB), NO),
        ("a third org's accepts ours", accepted(THIRD, BOB), NO),
        ("its own accepts a third org's", accepted(ALICE, THIRD), NO),
    ]);
}

#[test]
fn w14_nobody_touches_another_orgs_profiles() {
    let profile = |user| RecordBody::Profile { user: address(user), name: name(), available: false, photo: None };
    check([
        ("its own", profile(ALICE), Ok(())),
        ("ours (A18)", profile(BOB), NO),
        ("a third org's", profile(THIRD), NO),
    ]);
}

#[test]
fn w14_only_the_host_describes_a_room() {
    let group = |id: u8, members: &[&str]| image(room_id(id), RoomKind::Group, members);
    check([
        ("a new group", group(NONE, &[ALICE, BOB]), Ok(())),
        ("a group that it hosts", group(THEIRS, &[ALICE, BOB]), Ok(())),
        ("a group that we host (A17)", group(OURS, &[ALICE, BOB]), NO),
        ("a group of ours with a third org", group(WITH_THIRD, &[ALICE, BOB]), NO),
        ("an internal room of ours", group(INTERNAL, &[ALICE, BOB]), NO),
        ("an internal room at all", image(room_id(NONE), RoomKind::Internal, &[ALICE]), NO),
        ("a group with a third org's member", group(NONE, &[ALICE, BOB, THIRD]), THIRD_ORG),
        ("a direct room as a group", image(direct(), RoomKind::Group, &[ALICE, BOB]), NO),
        ("the direct room", image(direct(), RoomKind::Direct, &[ALICE, BOB]), Ok(())),
        ("the direct room under another id", image(room_id(NONE), RoomKind::Direct, &[ALICE, BOB]), NO),
        ("a direct room of our two", image(room_id(NONE), RoomKind::Direct, &[BOB, DAVE]), NO),
        ("a direct room of three", image(direct(), RoomKind::Direct, &[ALICE, BOB, DAVE]), Err(Code::Malformed)),
    ]);
}

#[test]
fn w14_the_direct_room_is_hosted_by_the_org_that_sorts_first() {
    let mut state = org_with_users(&domain("aaa.example"), &["bob"]);
    let (bob, alice) = ("bob@aaa.example", ALICE);
    let id = direct_room(&address(bob), &address(alice));
    let body = image(id, RoomKind::Direct, &[alice, bob]);
    assert_eq!(authority(&state, &peer(), &body), NO);
    state.org = std::sync::Arc::new(crate::testing::fixtures::own_org(&domain("zzz.example")));
    let id = direct_room(&address("bob@zzz.example"), &address(alice));
    let body = image(id, RoomKind::Direct, &[alice, "bob@zzz.example"]);
    assert_eq!(authority(&state, &peer(), &body), Ok(()));
}

#[test]
fn w14_only_the_host_asks_our_people_in() {
    let invite = |id: u8, by, users: &[&str]| RecordBody::RoomInvite {
        room: room_id(id),
        by: address(by),
        users: addresses(users),
    };
    check([
        ("its master, our people", invite(THEIRS, ALICE, &[BOB, DAVE]), Ok(())),
        ("our master, our people", invite(THEIRS, DAVE, &[BOB]), Ok(())),
        ("a third org's master", invite(THEIRS, THIRD, &[BOB]), THIRD_ORG),
        ("its own people", invite(THEIRS, ALICE, &[ALICE]), NO),
        ("a third org's people", invite(THEIRS, ALICE, &[THIRD]), NO),
        ("into a room that we host (A17)", invite(OURS, ALICE, &[BOB]), NO),
        ("into a room with a third org", invite(WITH_THIRD, ALICE, &[BOB]), NO),
        ("into an internal room", invite(INTERNAL, ALICE, &[BOB]), NO),
        ("into no room", invite(NONE, ALICE, &[BOB]), NO),
    ]);
    let body = RecordBody::RoomInvite { room: direct(), by: address(ALICE), users: addresses(&[DAVE]) };
    check([("into a direct room", body, NO)]);
}

#[test]
fn w14_the_follower_answers_for_its_own_people() {
    let answer = |id: u8, accepted: &[&str], declined: &[&str]| RecordBody::RoomAnswer {
        room: room_id(id),
        accepted: addresses(accepted).into_iter().map(|user| (user, name())).collect(),
        declined: addresses(declined),
    };
    check([
        ("its own come", answer(OURS, &[ALICE], &[]), Ok(())),
        ("its own cannot", answer(OURS, &[], &[ALICE]), Ok(())),
        ("ours come (A18)", answer(OURS, &[BOB], &[]), NO),
        ("ours cannot", answer(OURS, &[], &[BOB]), NO),
        ("a third org's come", answer(OURS, &[THIRD], &[]), NO),
        ("in a room that it hosts", answer(THEIRS, &[ALICE], &[]), NO),
        ("in a room with a third org", answer(WITH_THIRD, &[ALICE], &[]), NO),
        ("in no room", answer(NONE, &[ALICE], &[]), NO),
    ]);
}

#[test]
fn w14_only_the_host_orders_events() {
    let order = |room| RecordBody::RoomEvent { room, index: 0, event: message(Some(ALICE)) };
    let placed = |room| RecordBody::RoomPlaced { room, index: 0, epoch_n: None, submits: vec![(1, 1)] };
    for of in [order, placed] as [fn(RoomId) -> RecordBody; 2] {
        check([
            ("in a group that it hosts", of(room_id(THEIRS)), Ok(())),
            ("in a direct room that it hosts", of(direct()), Ok(())),
            ("in a group that we host (A17)", of(room_id(OURS)), NO),
            ("in a room with a third org", of(room_id(WITH_THIRD)), NO),
            ("in an internal room", of(room_id(INTERNAL)), NO),
            ("in no room", of(room_id(NONE)), NO),
        ]);
    }
}

#[test]
fn w14_the_follower_submits_messages_of_its_own_people() {
    let submit = |id: u8, event| RecordBody::RoomSubmit { room: room_id(id), event };
    let removal = |author| event(Some(author), Content::Removed { users: addresses(&[BOB]) });
    check([
        ("its own", submit(OURS, message(Some(ALICE))), Ok(())),
        ("ours (A16)", submit(OURS, message(Some(BOB))), NO),
        ("a third org's (A16)", submit(OURS, message(Some(THIRD))), NO),
        ("nobody's", submit(OURS, message(None)), NO),
        ("a removal (A18)", submit(OURS, removal(ALICE)), NO),
        ("into a room that it hosts", submit(THEIRS, message(Some(ALICE))), NO),
        ("into a room with a third org", submit(WITH_THIRD, message(Some(ALICE))), NO),
        ("into an internal room", submit(INTERNAL, message(Some(ALICE))), NO),
        ("into no room", submit(NONE, message(Some(ALICE))), NO),
    ]);
}

#[test]
fn w14_a_followers_master_asks_and_never_brings_a_third_org() {
    let ask = |id: u8, by, ask| RecordBody::RoomAsk { room: room_id(id), by: address(by), ask };
    let add = |users: &[&str]| Ask::Add { users: addresses(users).into_iter().map(|user| (user, None)).collect() };
    let remove = |users: &[&str]| Ask::Remove { users: addresses(users) };
    let role = |user| Ask::Role { user: address(user), role: Role::Master };
    let settings = || Ask::Settings(SettingsChange::default());
    check([
        ("adds its own", ask(OURS, ALICE, add(&[ALICE])), Ok(())),
        ("adds ours", ask(OURS, ALICE, add(&[BOB])), Ok(())),
        ("adds a third org's", ask(OURS, ALICE, add(&[THIRD])), THIRD_ORG),
        ("removes ours", ask(OURS, ALICE, remove(&[BOB])), Ok(())),
        ("removes a third org's", ask(OURS, ALICE, remove(&[THIRD])), THIRD_ORG),
        ("names ours a master", ask(OURS, ALICE, role(BOB)), Ok(())),
        ("names a third org's a master", ask(OURS, ALICE, role(THIRD)), THIRD_ORG),
        ("changes settings", ask(OURS, ALICE, settings()), Ok(())),
        ("speaks as ours", ask(OURS, BOB, settings()), NO),
        ("speaks as a third org's", ask(OURS, THIRD, settings()), NO),
        ("in a room that it hosts", ask(THEIRS, ALICE, settings()), NO),
        ("in a room with a third org", ask(WITH_THIRD, ALICE, settings()), NO),
        ("in an internal room", ask(INTERNAL, ALICE, settings()), NO),
        ("in no room", ask(NONE, ALICE, settings()), NO),
    ]);
}

#[test]
fn w14_a_void_touches_nothing() {
    check([("a void", RecordBody::Void { digest: crate::model::Digest::ZERO }, Ok(()))]);
}

#[test]
fn p2_each_record_needs_its_scope() {
    let group = image(room_id(NONE), RoomKind::Group, &[ALICE]);
    let invite = RecordBody::RoomInvite { room: room_id(THEIRS), by: address(ALICE), users: Vec::new() };
    let answer = RecordBody::RoomAnswer { room: room_id(OURS), accepted: Vec::new(), declined: Vec::new() };
    let settings = Ask::Settings(SettingsChange::default());
    let ask = RecordBody::RoomAsk { room: room_id(OURS), by: address(ALICE), ask: settings };
    let add = RecordBody::ContactAdd { from: address(ALICE), name: name(), to: address(BOB) };
    let accepted = RecordBody::ContactAccepted { from: address(ALICE), name: name(), to: address(BOB) };
    let submit = RecordBody::RoomSubmit { room: room_id(OURS), event: message(Some(ALICE)) };
    let profile = RecordBody::Profile { user: address(ALICE), name: name(), available: false, photo: None };
    let placed = RecordBody::RoomPlaced { room: room_id(THEIRS), index: 0, epoch_n: None, submits: vec![(1, 1)] };
    for (body, scope) in [
        (add, Some(Scope::Contacts)),
        (accepted, Some(Scope::Contacts)),
        (group, Some(Scope::Rooms)),
        (invite, Some(Scope::Rooms)),
        (answer, Some(Scope::Rooms)),
        (ask, Some(Scope::Rooms)),
        (submit, Some(Scope::Messages)),
        (profile, None),
        (placed, None),
        (image(direct(), RoomKind::Direct, &[ALICE, BOB]), None),
        (RecordBody::Void { digest: crate::model::Digest::ZERO }, None),
    ] {
        assert_eq!(scope_of(&body), scope, "{body:?}");
    }
}
