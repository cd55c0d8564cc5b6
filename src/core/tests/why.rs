//! Why not? One row a condition (P5, P8).

use crate::{
    core::{
        command::{AdminOp, BlockSwitch, PeerOp, UserChange, UserOp},
        why::{Who, why_not},
    },
    model::{
        Address, Code,
        grant::{Scope, Scopes},
    },
    testing::{
        Org, Pair,
        fixtures::{address, local},
    },
};

fn reasons(pair: &Pair, to: &str, scope: Scope) -> Vec<(Code, Who)> {
    let to: Address = address(to);
    let reasons = why_not(&pair.acme.state, &local("alice"), &to, scope, pair.now);
    reasons.into_iter().map(|reason| (reason.code, reason.who)).collect()
}

const BOB: &str = "bob@globex.example";

fn with_contact() -> Pair {
    let mut pair = Pair::open();
    pair.user(Org::Acme, "alice", UserOp::AddContact(address(BOB))).expect("bob can be added");
    pair.sync();
    pair
}

#[test]
fn p5_nothing_stands_between_contacts_on_an_open_link() {
    assert_eq!(reasons(&with_contact(), BOB, Scope::Messages), []);
    assert_eq!(reasons(&Pair::open(), BOB, Scope::Contacts), [], "an add needs no contact");
}

#[test]
fn p5_inside_the_org_only_the_accounts_count() {
    let pair = Pair::pinned();
    assert_eq!(reasons(&pair, "carol@acme.example", Scope::Messages), []);
    assert_eq!(reasons(&pair, "nobody@acme.example", Scope::Messages), [(Code::NotFound, Who::YourAdmin)]);
}

#[test]
fn p5_an_unknown_partner() {
    let unknown = reasons(&Pair::open(), "x@other.example", Scope::Contacts);
    assert_eq!(unknown, [(Code::UnknownPeer, Who::YourAdmin)]);
}

#[test]
fn p5_each_grant_that_is_missing_names_its_admin() {
    let mut pair = Pair::pinned();
    let both = [(Code::ClosedByUs, Who::YourAdmin), (Code::ClosedByThem, Who::TheirAdmin)];
    assert_eq!(reasons(&pair, BOB, Scope::Contacts), both);
    pair.grant(Org::Acme, Scopes::all());
    assert_eq!(reasons(&pair, BOB, Scope::Contacts), both[1..]);
}

#[test]
fn p5_both_granted_and_not_greeted_yet() {
    let mut pair = Pair::pinned();
    pair.grant(Org::Acme, Scopes::all());
    pair.grant(Org::Globex, Scopes::all());
    pair.greet(Org::Globex).expect("hellos are taken");
    let mut fresh = Pair::pinned();
    fresh.grant(Org::Acme, Scopes::all());
    let theirs = pair.globex.state.links[&Org::Acme.domain()].peer.ours.clone().expect("globex has granted");
    fresh.peer(Org::Acme, PeerOp::HeardGrant(Box::new(theirs))).expect("a grant is heard");
    assert_eq!(reasons(&fresh, BOB, Scope::Contacts), [(Code::Opening, Who::Nobody)]);
}

#[test]
fn p5_a_scope_names_the_admin_whose_grant_lacks_it() {
    let contacts_only: Scopes = [Scope::Contacts].into_iter().collect();
    for (org, who) in [(Org::Acme, Who::YourAdmin), (Org::Globex, Who::TheirAdmin)] {
        let mut pair = with_contact();
        pair.grant(org, contacts_only);
        pair.sync();
        assert_eq!(reasons(&pair, BOB, Scope::Messages), [(Code::Scope, who)]);
    }
}

#[test]
fn p5_holds_of_the_whole_link() {
    let mut pair = with_contact();
    pair.acme.state.unconfirmed = true;
    assert_eq!(reasons(&pair, BOB, Scope::Messages), [(Code::Unconfirmed, Who::YourAdmin)]);
    let mut pair = with_contact();
    let found = PeerOp::Contradiction { code: Code::Fork, detail: "seen".to_owned(), evidence: Vec::new() };
    pair.peer(Org::Acme, found).unwrap_err();
    assert_eq!(reasons(&pair, BOB, Scope::Messages), [(Code::Quarantined, Who::YourAdmin)]);
}

#[test]
fn p5_ones_own_permission() {
    let mut pair = with_contact();
    let change = UserChange { external: Some(false), ..UserChange::default() };
    pair.admin(Org::Acme, AdminOp::ChangeUser { local: local("alice"), change }).expect("alice is there");
    assert_eq!(reasons(&pair, BOB, Scope::Messages), [(Code::NotPermitted, Who::YourAdmin)]);
}

#[test]
fn p5_ones_own_block_and_contacts() {
    let mut pair = Pair::open();
    assert_eq!(reasons(&pair, BOB, Scope::Messages), [(Code::NotContact, Who::You)]);
    pair.user(Org::Acme, "alice", UserOp::AddContact(address(BOB))).expect("bob can be added");
    assert_eq!(reasons(&pair, BOB, Scope::Messages), [(Code::NotContact, Who::Nobody)], "the answer is awaited");
    pair.sync();
    pair.user(Org::Acme, "alice", UserOp::Block(address(BOB), BlockSwitch::On)).expect("bob can be blocked");
    assert_eq!(reasons(&pair, BOB, Scope::Messages), [(Code::Blocked, Who::You)]);
}

#[test]
fn p8_every_cause_on_the_other_side_has_the_same_answer() {
    let unknown = {
        let mut pair = Pair::open();
        let nobody = "nobody@globex.example";
        pair.user(Org::Acme, "alice", UserOp::AddContact(address(nobody))).expect("the question is taken");
        pair.sync();
        reasons(&pair, nobody, Scope::Messages)
    };
    let mut pair = with_contact();
    let change = UserChange { active: Some(false), ..UserChange::default() };
    pair.admin(Org::Globex, AdminOp::ChangeUser { local: local("bob"), change }).expect("bob is there");
    pair.sync();
    assert_eq!(reasons(&pair, BOB, Scope::Messages), unknown);
    assert_eq!(unknown, [(Code::Unavailable, Who::Nobody)]);
}
