//! Automatic exclusion, succession, and what the end of a link does to rooms (P15, P18, P26).

use super::*;
use crate::{
    core::{
        command::{AdminOp, UserChange},
        rooms,
    },
    model::{grant::Scopes, limits, notice::NoticeKind},
    testing::fixtures::local,
};

fn switch(pair: &mut Pair, org: Org, user: &str, external: bool) {
    let change = UserChange { external: Some(external), ..UserChange::default() };
    pair.admin(org, AdminOp::ChangeUser { local: local(user), change }).expect("an admin changes a user");
}

#[test]
fn p15_who_loses_the_permission_is_out_on_both_sides_whoever_hosts() {
    for (host, org, user) in
        [(ACME, ACME, "carol"), (ACME, GLOBEX, "dave"), (GLOBEX, ACME, "carol"), (GLOBEX, GLOBEX, "dave")]
    {
        let (mut pair, id) = group(host);
        switch(&mut pair, org, user, false);
        assert!(!members(&pair, org, id).contains(&user.to_owned()), "at home at once");
        let out = NoticeKind::Removed { room: id, cause: Some(Code::NotPermitted) };
        assert!(pair.side(org).notices_of(user).contains(&&out));
        pair.sync();
        assert_in_step(&pair, id);
        assert!(!members(&pair, org.other(), id).contains(&user.to_owned()));
        assert_eq!(pair.side(org).notices_of(user).iter().filter(|kind| ***kind == out).count(), 1, "told once");
        switch(&mut pair, org, user, true);
        pair.sync();
        assert!(!members(&pair, host, id).contains(&user.to_owned()), "a master adds them again (P18)");
    }
}

#[test]
fn p15_the_last_masters_loss_passes_the_role_on() {
    // The longest-standing of the host org first: carol stands after alice.
    let (mut pair, id) = group(ACME);
    switch(&mut pair, ACME, "alice", false);
    pair.sync();
    assert_in_step(&pair, id);
    assert_eq!(masters(&pair, GLOBEX, id), ["carol"]);
    // Nobody of the host org is left: the partner's longest-standing.
    switch(&mut pair, ACME, "carol", false);
    pair.sync();
    assert_in_step(&pair, id);
    assert_eq!(masters(&pair, ACME, id), ["bob"]);
    // And back to nobody at all.
    for user in ["bob", "dave"] {
        switch(&mut pair, GLOBEX, user, false);
    }
    pair.sync();
    assert!(members(&pair, ACME, id).is_empty());
}

#[test]
fn p15_the_partners_loss_of_the_last_master_reaches_both() {
    let (mut pair, id) = group(GLOBEX);
    pair.user(GLOBEX, "bob", UserOp::SetRole(id, address("alice@acme.example"), Role::Master)).expect("named");
    pair.sync();
    pair.user(ACME, "alice", UserOp::SetRole(id, address("bob@globex.example"), Role::Member)).expect("asked");
    pair.sync();
    assert_eq!(masters(&pair, GLOBEX, id), ["alice"]);
    switch(&mut pair, ACME, "alice", false);
    pair.sync();
    assert_in_step(&pair, id);
    assert_eq!(masters(&pair, ACME, id), ["bob"]);
}

#[test]
fn p26_a_closed_link_ends_the_partners_part_in_groups() {
    for host in [ACME, GLOBEX] {
        for closer in [ACME, GLOBEX] {
            let (mut pair, id) = group(host);
            pair.revoke(closer);
            pair.sync();
            let (ours, guest) = if host == ACME { (["alice", "carol"], "bob") } else { (["bob", "dave"], "alice") };
            assert_eq!(members(&pair, host, id), ours, "the host's people stay");
            assert!(members(&pair, host.other(), id).is_empty(), "the partner's copy is over");
            let cause = if closer == host.other() { Code::ClosedByUs } else { Code::ClosedByThem };
            let out = NoticeKind::Removed { room: id, cause: Some(cause) };
            assert_eq!(pair.side(host.other()).notices_of(guest).iter().filter(|kind| ***kind == out).count(), 1);
            let speaker = ours[0];
            post(&mut pair, host, speaker, id, "among ourselves").expect("the room goes on");
            assert_eq!(code(post(&mut pair, host.other(), guest, id, "hello?")), Code::NotFound);
        }
    }
}

#[test]
fn p18_a_re_opened_link_revives_no_membership_and_masters_add_again() {
    let (mut pair, id) = group(ACME);
    let guests = [address("bob@globex.example"), address("dave@globex.example")];
    pair.revoke(GLOBEX);
    pair.sync();
    pair.grant(GLOBEX, Scopes::all());
    pair.sync();
    assert_eq!(members(&pair, ACME, id), ["alice", "carol"]);
    let former: Vec<_> = room(&pair, ACME, id).former.keys().cloned().collect();
    assert_eq!(former, guests, "offered in one step");
    post(&mut pair, ACME, "alice", id, "while they were away").expect("host only");
    pair.user(ACME, "carol", UserOp::AddMembers(id, Vec::new())).expect_err("not a master");
    pair.user(ACME, "alice", UserOp::AddMembers(id, former)).expect("one step");
    pair.sync();
    assert_in_step(&pair, id);
    assert_eq!(members(&pair, GLOBEX, id), ["alice", "bob", "carol", "dave"]);
    assert!(texts(&pair, GLOBEX, id).is_empty(), "from their arrival on (P17)");
    post(&mut pair, GLOBEX, "bob", id, "back").expect("in again");
    pair.sync();
    assert_in_step(&pair, id);
}

#[test]
fn p18_any_master_may_add_a_former_member_again() {
    let (mut pair, id) = group(ACME);
    pair.user(ACME, "alice", UserOp::SetRole(id, address("carol@acme.example"), Role::Master)).expect("named");
    pair.user(ACME, "alice", UserOp::RemoveMember(id, address("bob@globex.example"))).expect("removed");
    pair.sync();
    // Carol does not have bob among her contacts.
    pair.user(ACME, "carol", UserOp::AddMembers(id, vec![address("bob@globex.example")])).expect("a former member");
    pair.sync();
    assert_in_step(&pair, id);
    assert!(members(&pair, GLOBEX, id).contains(&"bob".to_owned()));
}

#[test]
fn p26_before_the_clean_up_has_come_to_a_room_its_guests_are_out_already() {
    let (mut pair, _) = group(ACME);
    let bob = address("bob@globex.example");
    let rooms_wanted = limits::CLEANUP_ROOMS_PER_STEP as u8 + 4;
    for n in 0..rooms_wanted {
        create(&mut pair, ACME, "alice", room_id(100 + n), vec![bob.clone()]).expect("made");
    }
    pair.sync();
    pair.revoke(ACME);
    let last = room_id(100 + rooms_wanted - 1);
    let state = &pair.side(ACME).state;
    let present: Vec<_> =
        rooms::present_members(state, room(&pair, ACME, last)).map(|(user, _)| user.local_str()).collect();
    assert_eq!(present, ["alice"], "bob counts as gone");
    post(&mut pair, ACME, "alice", last, "among ourselves").expect("host only");
    pair.greet(GLOBEX).ok();
    assert_eq!(code(post(&mut pair, GLOBEX, "bob", last, "hello?")), Code::NotFound);
    pair.sync();
    assert_eq!(members(&pair, ACME, last), ["alice"]);
    assert!(members(&pair, GLOBEX, last).is_empty());
}

#[test]
fn p15_an_exclusion_that_crosses_an_invitation_ends_in_step() {
    let mut pair = Pair::open();
    for guest in ["bob", "dave"] {
        acquaint(&mut pair, ACME, "alice", guest);
    }
    let id = room_id(9);
    let guests = vec![address("bob@globex.example"), address("dave@globex.example")];
    create(&mut pair, ACME, "alice", id, guests).expect("made");
    pair.deliver(ACME);
    // The answer is under way with bob's yes when he loses the permission.
    switch(&mut pair, GLOBEX, "bob", false);
    pair.sync();
    assert_in_step(&pair, id);
    assert_eq!(members(&pair, ACME, id), ["alice", "dave"]);
    // And the other way: he loses it before the question arrives.
    pair.user(ACME, "alice", UserOp::RemoveMember(id, address("dave@globex.example"))).expect("removed");
    pair.user(ACME, "alice", UserOp::AddMembers(id, vec![address("dave@globex.example")])).expect("re-added");
    switch(&mut pair, GLOBEX, "dave", false);
    pair.sync();
    assert_eq!(members(&pair, ACME, id), ["alice"]);
    assert_eq!(room(&pair, GLOBEX, id).info.frozen, None);
}

#[test]
fn p15_words_that_were_under_way_when_their_author_lost_the_permission_keep_the_order() {
    let (mut pair, id) = group(GLOBEX);
    post(&mut pair, ACME, "carol", id, "last words").expect("open");
    switch(&mut pair, ACME, "carol", false);
    post(&mut pair, ACME, "alice", id, "after").expect("open");
    post(&mut pair, GLOBEX, "bob", id, "host").expect("open");
    pair.sync();
    assert_in_step(&pair, id);
    assert_eq!(texts(&pair, ACME, id), texts(&pair, GLOBEX, id));
    assert_eq!(texts(&pair, ACME, id).len(), 3);
}

#[test]
fn p15_what_changed_while_the_link_was_closed_is_told_when_it_opens_again() {
    let (mut pair, id) = acquainted();
    pair.revoke(ACME);
    pair.sync();
    switch(&mut pair, GLOBEX, "bob", false);
    pair.grant(ACME, Scopes::all());
    pair.sync();
    assert_eq!(code(post(&mut pair, ACME, "alice", id, "hello?")), Code::Unavailable);
}
