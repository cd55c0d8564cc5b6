//! Groups: making them, masters, invitations, settings, history (P12 to P14, P16, P17).

use super::*;
use crate::{
    core::{
        command::{AdminOp, BlockSwitch, UserChange},
        groups, rooms,
    },
    model::{event::SettingsChange, limits, notice::NoticeKind, room::RoomKind},
    testing::fixtures::local,
};

fn addresses(users: &[&str]) -> Vec<Address> {
    users.iter().map(|user| address(user)).collect()
}

#[test]
fn p12_a_group_comes_to_be_on_both_sides() {
    for host in [ACME, GLOBEX] {
        let (pair, id) = group(host);
        assert_in_step(&pair, id);
        assert_eq!(members(&pair, ACME, id), ["alice", "bob", "carol", "dave"]);
        assert_eq!(masters(&pair, ACME, id), [if host == ACME { "alice" } else { "bob" }], "the creator (P13)");
        for org in [ACME, GLOBEX] {
            let room = room(&pair, org, id);
            assert_eq!((room.info.kind, &room.info.host), (RoomKind::Group, &host.domain()));
            assert!(room.invited.is_empty());
        }
        let guest = if host == ACME { "dave" } else { "carol" };
        assert!(pair.side(host.other()).notices_of(guest).contains(&&NoticeKind::Joined { room: id }));
    }
}

#[test]
fn p12_each_condition_of_a_new_group_has_its_refusal() {
    let mut pair = Pair::open();
    acquaint(&mut pair, ACME, "alice", "bob");
    let bob = "bob@globex.example";
    let id = room_id(1);
    let cases: [(&[&str], Code); 5] = [
        (&[bob, "eve@third.example"], Code::ThirdOrg),
        (&["dave@globex.example"], Code::NotContact),
        (&[bob, "nobody@acme.example"], Code::Invalid),
        (&["eve@third.example"], Code::UnknownPeer),
        (&["nobody@acme.example"], Code::Invalid),
    ];
    for (members, expected) in cases {
        assert_eq!(code(create(&mut pair, ACME, "alice", id, addresses(members))), expected, "{members:?}");
    }
    let many: Vec<Address> =
        (0..=limits::MEMBERS_PER_ADD_MAX).map(|n| address(&format!("u{n}@acme.example"))).collect();
    assert_eq!(code(create(&mut pair, ACME, "alice", id, many)), Code::TooLarge);
    let off = UserChange { external: Some(false), ..UserChange::default() };
    pair.admin(ACME, AdminOp::ChangeUser { local: local("carol"), change: off.clone() }).expect("changed");
    assert_eq!(code(create(&mut pair, ACME, "alice", id, addresses(&[bob, "carol@acme.example"]))), Code::NotPermitted);
    create(&mut pair, ACME, "alice", room_id(2), addresses(&["carol@acme.example"])).expect("internal rooms need none");
    assert_eq!(code(create(&mut pair, ACME, "alice", room_id(2), Vec::new())), Code::Exists);
    pair.user(ACME, "alice", UserOp::Block(address(bob), BlockSwitch::On)).expect("own affair");
    assert_eq!(code(create(&mut pair, ACME, "alice", id, addresses(&[bob]))), Code::Blocked);
    pair.user(ACME, "alice", UserOp::Block(address(bob), BlockSwitch::Off)).expect("own affair");
    pair.admin(ACME, AdminOp::ChangeUser { local: local("alice"), change: off }).expect("changed");
    assert_eq!(code(create(&mut pair, ACME, "alice", id, addresses(&[bob]))), Code::NotPermitted);
}

#[test]
fn p12_rooms_with_the_same_people_are_offered() {
    let (mut pair, id) = group(ACME);
    let state = |pair: &Pair| pair.side(ACME).state.clone();
    let same = addresses(&["bob@globex.example", "carol@acme.example", "dave@globex.example"]);
    assert_eq!(groups::rooms_with_exactly(&state(&pair), &local("alice"), &same), [id]);
    assert!(groups::rooms_with_exactly(&state(&pair), &local("alice"), &same[..2]).is_empty());
    assert!(groups::rooms_with_exactly(&state(&pair), &local("erin"), &same).is_empty());
    create(&mut pair, ACME, "alice", room_id(10), same.clone()).expect("made all the same");
    assert_eq!(groups::rooms_with_exactly(&state(&pair), &local("alice"), &same), [id, room_id(10)], "invited count");
}

#[test]
fn p12_a_group_holds_no_third_org_and_an_internal_room_no_second() {
    let (mut pair, id) = group(ACME);
    let add = |room, users: &[&str]| UserOp::AddMembers(room, addresses(users));
    assert_eq!(code(pair.user(ACME, "alice", add(id, &["eve@third.example"]))), Code::ThirdOrg);
    create(&mut pair, ACME, "alice", room_id(3), Vec::new()).expect("a room of one's own");
    let refused = pair.user(ACME, "alice", add(room_id(3), &["bob@globex.example"])).expect_err("internal");
    assert_eq!((refused.code, refused.field), (Code::Invalid, Some("members")));
}

#[test]
fn p13_only_masters_manage_and_everybody_else_is_told_so() {
    for (host, org, user) in [(ACME, ACME, "carol"), (ACME, GLOBEX, "dave"), (GLOBEX, ACME, "carol")] {
        let (mut pair, id) = group(host);
        let other = address("bob@globex.example");
        let ops = [
            UserOp::AddMembers(id, Vec::new()),
            UserOp::RemoveMember(id, other.clone()),
            UserOp::SetRole(id, other.clone(), Role::Master),
            UserOp::ChangeRoom(id, SettingsChange::default()),
        ];
        for op in ops {
            assert_eq!(code(pair.user(org, user, op)), Code::NotMaster);
        }
        let stranger = if org == ACME { "erin" } else { "frank" };
        assert_eq!(code(pair.user(org, stranger, UserOp::RemoveMember(id, other))), Code::NotFound);
    }
}

#[test]
fn p13_masters_of_either_org_manage_the_room() {
    let (mut pair, id) = group(ACME);
    let (bob, carol) = (address("bob@globex.example"), address("carol@acme.example"));
    pair.user(ACME, "alice", UserOp::SetRole(id, bob.clone(), Role::Master)).expect("named");
    pair.sync();
    assert_eq!(masters(&pair, GLOBEX, id), ["alice", "bob"]);
    acquaint(&mut pair, GLOBEX, "bob", "erin");
    let add = UserOp::AddMembers(id, addresses(&["frank@globex.example", "erin@acme.example"]));
    pair.user(GLOBEX, "bob", add).expect("a follower's master asks the host");
    pair.user(GLOBEX, "bob", UserOp::RemoveMember(id, carol)).expect("asked");
    pair.user(GLOBEX, "bob", UserOp::SetRole(id, address("dave@globex.example"), Role::Master)).expect("asked");
    let settings = SettingsChange { name: Some(parsed("New name")), ..SettingsChange::default() };
    pair.user(GLOBEX, "bob", UserOp::ChangeRoom(id, settings)).expect("asked");
    assert_eq!(members(&pair, GLOBEX, id), ["alice", "bob", "carol", "dave"], "nothing before the host has ordered it");
    pair.sync();
    assert_in_step(&pair, id);
    assert_eq!(members(&pair, GLOBEX, id), ["alice", "bob", "dave", "erin", "frank"]);
    assert_eq!(masters(&pair, ACME, id), ["alice", "bob", "dave"]);
    for org in [ACME, GLOBEX] {
        assert_eq!(room(&pair, org, id).info.name, Some(parsed("New name")));
    }
    assert!(pair.side(ACME).notices_of("carol").contains(&&NoticeKind::Removed { room: id, cause: None }));
}

#[test]
fn p13_there_is_always_a_master() {
    for (host, master) in [(ACME, "alice"), (GLOBEX, "bob")] {
        let (mut pair, id) = group(host);
        let own = pair.address(host, master);
        let step_down = || UserOp::SetRole(id, own.clone(), Role::Member);
        assert_eq!(code(pair.user(host, master, step_down())), Code::LastMaster);
        let heir = pair.address(host.other(), if host == ACME { "dave" } else { "carol" });
        pair.user(host, master, UserOp::SetRole(id, heir, Role::Master)).expect("named");
        pair.sync();
        pair.user(host, master, step_down()).expect("another is there");
        pair.sync();
        assert_in_step(&pair, id);
        assert_eq!(masters(&pair, ACME, id).len(), 1);
    }
}

#[test]
fn p14_nobody_leaves_by_themselves() {
    let (mut pair, id) = group(ACME);
    for (org, user) in [(ACME, "alice"), (ACME, "carol"), (GLOBEX, "bob")] {
        let own = pair.address(org, user);
        assert_eq!(code(pair.user(org, user, UserOp::RemoveMember(id, own))), Code::NoLeaving);
    }
    let bob = address("bob@globex.example");
    let direct = direct_room(&address("alice@acme.example"), &bob);
    assert_eq!(code(pair.user(ACME, "alice", UserOp::RemoveMember(direct, bob))), Code::NotMaster);
}

#[test]
fn p14_an_internal_room_can_be_left_but_not_without_a_master() {
    let mut pair = Pair::open();
    let id = room_id(2);
    create(&mut pair, ACME, "alice", id, addresses(&["carol@acme.example"])).expect("made");
    let leave = |pair: &mut Pair, user: &str| {
        let own = pair.address(ACME, user);
        pair.user(ACME, user, UserOp::RemoveMember(id, own))
    };
    assert_eq!(code(leave(&mut pair, "alice")), Code::LastMaster);
    leave(&mut pair, "carol").expect("a member may");
    leave(&mut pair, "alice").expect("the last one may");
    assert!(members(&pair, ACME, id).is_empty());
}

#[test]
fn p16_who_was_removed_sees_nothing_more_until_added_again() {
    let (mut pair, id) = group(ACME);
    let bob = address("bob@globex.example");
    pair.user(ACME, "alice", UserOp::RemoveMember(id, bob.clone())).expect("removed");
    pair.sync();
    assert_in_step(&pair, id);
    assert_eq!(members(&pair, GLOBEX, id), ["alice", "carol", "dave"]);
    let bobs = |pair: &Pair| rooms::visible_range(&pair.side(GLOBEX).state, &local("bob"), room(pair, GLOBEX, id));
    assert_eq!(bobs(&pair), (0, 0));
    assert_eq!(code(post(&mut pair, GLOBEX, "bob", id, "let me in")), Code::NotFound);
    for org in [ACME, GLOBEX] {
        assert!(room(&pair, org, id).former.contains_key(&bob), "a master can add them again (P18)");
    }
    let from = room(&pair, ACME, id).next_index;
    pair.user(ACME, "alice", UserOp::AddMembers(id, vec![bob])).expect("re-added");
    pair.sync();
    assert_in_step(&pair, id);
    assert_eq!(bobs(&pair), (from, from + 1), "from the new arrival on (P17)");
}

#[test]
fn w18_the_org_that_lost_its_last_member_hears_of_it_and_a_re_add_is_self_contained() {
    let (mut pair, id) = group(ACME);
    for user in ["bob", "dave"] {
        let gone = pair.address(GLOBEX, user);
        pair.user(ACME, "alice", UserOp::RemoveMember(id, gone)).expect("removed");
    }
    pair.sync();
    assert_eq!(members(&pair, GLOBEX, id), ["alice", "carol"]);
    assert!(!room(&pair, ACME, id).info.partner_present);
    let sent = pair.side(ACME).outbox.len();
    post(&mut pair, ACME, "alice", id, "among ourselves").expect("the host's people go on");
    let settings = SettingsChange { name: Some(parsed("Later")), ..SettingsChange::default() };
    pair.user(ACME, "alice", UserOp::ChangeRoom(id, settings)).expect("changed");
    pair.user(ACME, "alice", UserOp::RemoveMember(id, address("carol@acme.example"))).expect("removed");
    assert_eq!(pair.side(ACME).outbox.len(), sent, "nothing of it crosses");
    pair.user(ACME, "alice", UserOp::AddMembers(id, addresses(&["bob@globex.example"]))).expect("re-added");
    pair.sync();
    assert_in_step(&pair, id);
    assert_eq!(members(&pair, GLOBEX, id), ["alice", "bob"]);
    assert_eq!(room(&pair, GLOBEX, id).info.name, Some(parsed("Later")));
    assert!(texts(&pair, GLOBEX, id).is_empty());
}

#[test]
fn p12_an_invitation_can_be_declined_and_taken_back() {
    let mut pair = Pair::open();
    for guest in ["bob", "dave"] {
        acquaint(&mut pair, ACME, "alice", guest);
    }
    pair.user(GLOBEX, "bob", UserOp::Block(address("alice@acme.example"), BlockSwitch::On)).expect("own affair");
    let id = room_id(9);
    create(&mut pair, ACME, "alice", id, addresses(&["bob@globex.example", "dave@globex.example"])).expect("made");
    pair.user(ACME, "alice", UserOp::RemoveMember(id, address("dave@globex.example"))).expect("taken back");
    pair.sync();
    assert_eq!(members(&pair, ACME, id), ["alice"], "bob blocks alice, dave was taken back");
    assert!(room(&pair, ACME, id).invited.is_empty());
    assert!(!room(&pair, ACME, id).info.partner_present);
    let declined = NoticeKind::InvitationDeclined { room: id, user: address("bob@globex.example") };
    assert!(pair.side(ACME).notices_of("alice").contains(&&declined));
}

#[test]
fn p17_the_history_rule_counts_for_those_who_are_added_later() {
    let (mut pair, id) = group(ACME);
    post(&mut pair, ACME, "alice", id, "early").expect("open");
    let all = SettingsChange { history: Some(History::All), ..SettingsChange::default() };
    pair.user(ACME, "alice", UserOp::ChangeRoom(id, all)).expect("changed");
    pair.sync();
    let bob = address("bob@globex.example");
    let before = room(&pair, GLOBEX, id).members[&bob].visible_from;
    assert!(before > 0);
    acquaint(&mut pair, ACME, "alice", "frank");
    pair.user(ACME, "alice", UserOp::AddMembers(id, addresses(&["frank@globex.example", "erin@acme.example"])))
        .expect("added");
    pair.sync();
    assert_in_step(&pair, id);
    let from = |user: &str| room(&pair, GLOBEX, id).members[&address(user)].visible_from;
    assert_eq!((from("frank@globex.example"), from("erin@acme.example"), from("bob@globex.example")), (0, 0, before));
}

#[test]
fn p13_a_refused_request_is_told_to_the_master_who_made_it() {
    let (mut pair, id) = group(ACME);
    let bob = address("bob@globex.example");
    pair.user(ACME, "alice", UserOp::SetRole(id, bob.clone(), Role::Master)).expect("named");
    pair.sync();
    pair.user(ACME, "alice", UserOp::SetRole(id, bob, Role::Member)).expect("ended, bob does not know yet");
    pair.user(GLOBEX, "bob", UserOp::RemoveMember(id, address("dave@globex.example"))).expect("asked");
    pair.sync();
    assert_in_step(&pair, id);
    assert!(members(&pair, ACME, id).contains(&"dave".to_owned()));
    let refused = NoticeKind::Refused { room: id, code: Code::NotMaster };
    assert!(pair.side(GLOBEX).notices_of("bob").contains(&&refused));
}

#[test]
fn p12_a_group_has_a_limit_of_members() {
    let mut pair = Pair::open();
    let id = room_id(2);
    create(&mut pair, ACME, "alice", id, Vec::new()).expect("made");
    let mut added = 1;
    for n in 0..limits::MEMBERS_MAX {
        let name = format!("u{n}");
        pair.side_mut(ACME).state.users.insert(local(&name), crate::testing::fixtures::user(&name).into());
    }
    for chunk in (0..limits::MEMBERS_MAX).collect::<Vec<_>>().chunks(limits::MEMBERS_PER_ADD_MAX) {
        let users = chunk.iter().map(|n| address(&format!("u{n}@acme.example"))).collect::<Vec<_>>();
        let result = pair.user(ACME, "alice", UserOp::AddMembers(id, users));
        if added + chunk.len() > limits::MEMBERS_MAX {
            assert_eq!(code(result), Code::TooLarge);
        } else {
            result.expect("within the limit");
            added += chunk.len();
        }
    }
    assert_eq!(room(&pair, ACME, id).members.len(), added);
}
