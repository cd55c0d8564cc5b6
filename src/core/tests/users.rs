//! Users, sessions, permission and policy (P3, P4, P15).

use crate::{
    core::command::{AdminOp, UserChange, UserOp},
    model::{
        Code, Digest, Domain, Millis,
        contact::ContactState,
        journal::Entry,
        limits,
        notice::NoticeKind,
        user::{Audience, Policy, Session},
    },
    testing::{
        Org, Pair,
        fixtures::{local, parsed},
    },
};

fn session(user: &str, created_at: u64) -> Session {
    Session { user: local(user), label: "test".to_owned(), created_at: Millis(created_at), ends_at: Millis(u64::MAX) }
}

fn digest(n: usize) -> Digest {
    let mut digest = Digest([0; 32]);
    digest.0[..8].copy_from_slice(&n.to_be_bytes());
    digest
}

fn change(pair: &mut Pair, org: Org, user: &str, change: UserChange) {
    pair.admin(org, AdminOp::ChangeUser { local: local(user), change }).expect("the user is there");
}

fn with_contact() -> Pair {
    let mut pair = Pair::open();
    let bob = pair.address(Org::Globex, "bob");
    pair.user(Org::Acme, "alice", UserOp::AddContact(bob)).expect("bob can be added");
    pair.sync();
    pair
}

fn globex() -> Domain {
    Org::Globex.domain()
}

#[test]
fn a_user_can_be_made_once() {
    let mut pair = Pair::pinned();
    let make = || AdminOp::CreateUser { local: local("zoe"), name: parsed("Zoe"), password: None };
    pair.admin(Org::Acme, make()).expect("the name is free");
    assert_eq!(pair.admin(Org::Acme, make()).unwrap_err().code, Code::Exists);
    assert_eq!(pair.acme.audited("user.created").len(), 1);
}

#[test]
fn p3_newcomers_are_chosen_as_the_policy_says() {
    let mut pair = Pair::pinned();
    let policy = Policy { audience: Audience::Chosen, newcomers: false, ..Policy::default() };
    pair.admin(Org::Acme, AdminOp::SetPolicy(policy)).expect("a policy can be set");
    let make = AdminOp::CreateUser { local: local("zoe"), name: parsed("Zoe"), password: None };
    pair.admin(Org::Acme, make).expect("the name is free");
    assert!(!pair.acme.state.users[&local("zoe")].is_permitted(policy));
    assert!(pair.acme.state.users[&local("alice")].is_permitted(policy));
}

#[test]
fn p4_a_new_user_is_told_with_whom_they_can_talk() {
    let mut pair = Pair::open();
    let make = AdminOp::CreateUser { local: local("zoe"), name: parsed("Zoe"), password: None };
    pair.admin(Org::Acme, make).expect("the name is free");
    assert_eq!(pair.acme.notices_of("zoe"), [&NoticeKind::Available { peer: globex() }]);
}

#[test]
fn p4_losing_and_regaining_the_permission_is_told_to_the_user() {
    let mut pair = Pair::open();
    for external in [false, true] {
        change(&mut pair, Org::Acme, "alice", UserChange { external: Some(external), ..UserChange::default() });
    }
    let told = pair.acme.notices_of("alice");
    let [NoticeKind::Available { .. }, NoticeKind::Ended { peer, code }, NoticeKind::Available { .. }] = told[..]
    else {
        panic!("available at the opening, ended, available again, not {told:?}");
    };
    assert_eq!((peer, *code), (&globex(), Code::NotPermitted));
    assert_eq!(pair.acme.notices_of("carol").len(), 1, "nobody else is told");
}

#[test]
fn p4_a_policy_change_is_told_to_those_whom_it_concerns() {
    let mut pair = Pair::open();
    change(&mut pair, Org::Acme, "carol", UserChange { chosen: Some(false), ..UserChange::default() });
    let policy = Policy { audience: Audience::Chosen, newcomers: true, ..Policy::default() };
    pair.admin(Org::Acme, AdminOp::SetPolicy(policy)).expect("a policy can be set");
    assert_eq!(pair.acme.notices_of("alice").len(), 1);
    let ended = NoticeKind::Ended { peer: globex(), code: Code::NotPermitted };
    assert_eq!(pair.acme.notices_of("carol").last(), Some(&&ended));
}

#[test]
fn p15_the_partner_hears_that_somebody_cannot_be_reached_any_more() {
    let mut pair = with_contact();
    let alice = pair.address(Org::Acme, "alice");
    for active in [false, true] {
        change(&mut pair, Org::Acme, "alice", UserChange { active: Some(active), ..UserChange::default() });
        pair.sync();
        assert_eq!(pair.globex.state.profiles[&alice].available, active);
    }
}

#[test]
fn p9_a_new_name_arrives_at_the_partner() {
    let mut pair = with_contact();
    pair.user(Org::Acme, "alice", UserOp::Rename(parsed("Alice L."))).expect("a name can be changed");
    pair.sync();
    let alice = pair.address(Org::Acme, "alice");
    assert_eq!(pair.globex.state.profiles[&alice].name.as_str(), "Alice L.");
    assert!(pair.acme.journal.contains(&Entry::Me { user: local("alice") }));
}

#[test]
fn a_name_is_not_told_to_partners_who_do_not_know_the_user() {
    let mut pair = with_contact();
    let sent = pair.acme.outbox.len();
    pair.user(Org::Acme, "carol", UserOp::Rename(parsed("Carol C."))).expect("a name can be changed");
    assert_eq!(pair.acme.outbox.len(), sent);
}

#[test]
fn a_deactivated_user_can_do_nothing_and_has_no_sessions() {
    let mut pair = with_contact();
    pair.user(Org::Acme, "alice", UserOp::OpenSession(digest(1), session("alice", 1))).expect("alice signs in");
    change(&mut pair, Org::Acme, "alice", UserChange { active: Some(false), ..UserChange::default() });
    assert!(pair.acme.state.sessions.is_empty());
    let refused = pair.user(Org::Acme, "alice", UserOp::ReadNotices(1)).unwrap_err();
    assert_eq!(refused.code, Code::Unauthenticated);
}

#[test]
fn the_oldest_session_ends_when_there_are_too_many() {
    let mut pair = Pair::pinned();
    for n in 1..=limits::SESSIONS_PER_USER_MAX + 1 {
        let open = UserOp::OpenSession(digest(n), session("alice", n as u64));
        pair.user(Org::Acme, "alice", open).expect("alice signs in");
    }
    assert_eq!(pair.acme.state.sessions.len(), limits::SESSIONS_PER_USER_MAX);
    assert!(!pair.acme.state.sessions.contains_key(&digest(1)));
    assert!(pair.acme.state.sessions.contains_key(&digest(2)));
}

#[test]
fn a_new_password_ends_all_other_sessions() {
    let mut pair = Pair::pinned();
    for n in 1..=3 {
        pair.user(Org::Acme, "alice", UserOp::OpenSession(digest(n), session("alice", 1))).expect("alice signs in");
    }
    pair.user(Org::Acme, "carol", UserOp::OpenSession(digest(9), session("carol", 1))).expect("carol signs in");
    let set = UserOp::SetPassword { hash: "hash".to_owned(), keep: digest(2) };
    pair.user(Org::Acme, "alice", set).expect("a password can be set");
    let left: Vec<Digest> = pair.acme.state.sessions.keys().copied().collect();
    assert_eq!(left, [digest(2), digest(9)]);
    assert_eq!(pair.acme.state.users[&local("alice")].password.as_deref(), Some("hash"));
    assert!(pair.acme.audit.iter().all(|entry| !entry.detail.contains("hash")), "no secret in the audit log");
}

#[test]
fn nobody_ends_a_session_of_somebody_else() {
    let mut pair = Pair::pinned();
    pair.user(Org::Acme, "alice", UserOp::OpenSession(digest(1), session("alice", 1))).expect("alice signs in");
    pair.user(Org::Acme, "carol", UserOp::EndSession(digest(1))).expect("nothing to do");
    assert!(pair.acme.state.sessions.contains_key(&digest(1)));
    pair.user(Org::Acme, "alice", UserOp::EndSession(digest(1))).expect("alice signs out");
    assert!(pair.acme.state.sessions.is_empty());
}

#[test]
fn a_token_needs_an_active_user() {
    let mut pair = Pair::pinned();
    change(&mut pair, Org::Acme, "carol", UserChange { active: Some(false), ..UserChange::default() });
    let mut issue = |user: &str| pair.admin(Org::Acme, AdminOp::IssueToken(digest(1), session(user, 1)));
    assert_eq!(issue("nobody").unwrap_err().code, Code::NotFound);
    assert_eq!(issue("carol").unwrap_err().code, Code::Unauthenticated);
    issue("alice").expect("alice is active");
}

#[test]
fn p28_each_admin_act_is_audited_with_its_actor() {
    let mut pair = Pair::pinned();
    change(&mut pair, Org::Acme, "alice", UserChange { external: Some(false), ..UserChange::default() });
    let entry = pair.acme.audited("user.changed")[0];
    assert_eq!((entry.actor.as_str(), entry.subject.as_str()), ("admin:root", "alice"));
    assert_eq!(entry.detail, "external off");
}

#[test]
fn p4_nothing_changes_for_contacts_when_only_a_name_changes() {
    let mut pair = with_contact();
    let bob = pair.address(Org::Globex, "bob");
    change(&mut pair, Org::Acme, "alice", UserChange { name: Some(parsed("A")), ..UserChange::default() });
    assert_eq!(pair.acme.state.contacts[&(local("alice"), bob)].state, ContactState::Added);
    assert!(!pair.acme.notices_of("alice").iter().any(|kind| matches!(kind, NoticeKind::Ended { .. })));
}
