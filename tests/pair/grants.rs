//! Both admins' grants, their scopes, who may use them, and why something is not possible (P1 to P5).

use crate::harness::{
    org::{Org, Pair},
    until,
};
use serde_json::json;

#[tokio::test]
async fn p1_nothing_crosses_by_default_nor_by_one_grant_alone() {
    let pair = Pair::pinned().await;
    let (alice, bob) = (pair.acme.person("alice").await, pair.globex.person("bob").await);
    for (state, refusal) in [("pinned", "CLOSED_BY_US"), ("closed_by_them", "CLOSED_BY_THEM")] {
        pair.acme.wait_link(&pair.globex, state).await;
        alice.add(&bob.address).await.refused(refusal);
        if state == "pinned" {
            pair.acme.grant(&pair.globex).await;
        }
    }
    pair.globex.wait_link(&pair.acme, "closed_by_us").await;
    bob.add(&alice.address).await.refused("CLOSED_BY_US");
    pair.globex.grant(&pair.acme).await;
    pair.wait("open", "open").await;
    alice.befriend(&bob).await;
}

#[tokio::test]
async fn p1_each_admin_closes_alone_and_only_the_same_admin_opens_again() {
    let pair = Pair::open().await;
    for (one, other) in pair.both_ways() {
        one.revoke(other).await;
        tokio::join!(one.wait_link(other, "closed_by_us"), other.wait_link(one, "closed_by_them"));
        // A new grant of the other side changes nothing.
        other.grant(one).await;
        assert_eq!(other.link(one).await["state"], "closed_by_them");
        one.grant(other).await;
        pair.wait("open", "open").await;
    }
    pair.check_audits().await;
}

#[tokio::test]
async fn p2_what_may_cross_is_what_both_grants_name() {
    let pair = Pair::pinned().await;
    let (alice, bob) = (pair.acme.person("alice").await, pair.globex.person("bob").await);
    let grant = |scopes: &[&str]| json!({ "state": "active", "scopes": scopes });
    pair.acme.put_grant(&pair.globex, &grant(&["contacts", "messages"])).await.done();
    pair.globex.put_grant(&pair.acme, &grant(&["contacts", "rooms"])).await.done();
    pair.wait("open", "open").await;

    let room = alice.befriend(&bob).await;
    assert_eq!(alice.why_not(&bob.address, "messages").await, ["SCOPE their_admin"]);
    assert_eq!(bob.why_not(&alice.address, "messages").await, ["SCOPE your_admin"]);
    assert_eq!(alice.why_not(&bob.address, "rooms").await, ["SCOPE your_admin"]);
    for person in [&alice, &bob] {
        person.try_say(&room, "hello").await.refused("SCOPE");
    }
    alice.ask_group("Launch", &[&bob]).await.refused("SCOPE");

    // More scopes take effect without a new term: contacts and rooms stay.
    pair.globex.put_grant(&pair.acme, &grant(&["contacts", "messages", "rooms"])).await.done();
    for person in [&alice, &bob] {
        person.wait_writable(&room, true).await;
    }
    alice.say(&room, "hello").await;
    bob.wait_text(&room, "hello").await;
    bob.befriend(&alice).await;
    bob.ask_group("Launch", &[&alice]).await.refused("SCOPE");
    // Fewer do as well.
    pair.acme.put_grant(&pair.globex, &grant(&["contacts", "rooms"])).await.done();
    alice.try_say(&room, "hello?").await.refused("SCOPE");
    bob.wait_writable(&room, false).await;
    bob.try_say(&room, "hello?").await.refused("SCOPE");
    bob.group("Launch", &[&alice]).await;
}

#[tokio::test]
async fn p2_a_grant_ends_by_itself_on_both_sides() {
    let pair = Pair::pinned().await;
    let (alice, bob) = (pair.acme.person("alice").await, pair.globex.person("bob").await);
    pair.globex.grant(&pair.acme).await;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_millis();
    let end = u64::try_from(now).expect("fits") + 2_500;
    pair.acme.put_grant(&pair.globex, &json!({ "state": "active", "not_after": end })).await.done();
    pair.wait("open", "open").await;
    let room = alice.befriend(&bob).await;
    pair.wait("closed_by_us", "closed_by_them").await;
    alice.try_say(&room, "late").await.refused("CLOSED_BY_US");
    bob.try_say(&room, "late").await.refused("CLOSED_BY_THEM");
    assert_eq!(pair.acme.link(&pair.globex).await["ours"]["in_force"], false);
}

#[tokio::test]
async fn p3_the_admin_chooses_who_may_use_external_messaging() {
    let pair = Pair::open().await;
    let policy = json!({ "audience": "chosen", "newcomers": false });
    for (own, partner) in pair.both_ways() {
        own.admin.put("/admin/v1/policy", &policy).await.done();
        let (insider, outsider) =
            (own.person("insider").await, partner.person(&format!("{}-friend", &own.domain[..4])).await);
        insider.add(&outsider.address).await.refused("NOT_PERMITTED");
        assert_eq!(insider.why_not(&outsider.address, "contacts").await, ["NOT_PERMITTED your_admin"]);
        // From outside it is the same as if there were no such person (P8).
        if own.domain == "globex.example" {
            outsider.add(&insider.address).await.refused("NOT_PERMITTED");
            partner.change_user(outsider.local(), &json!({ "chosen": true })).await;
        }
        outsider.add(&insider.address).await.done();
        outsider.wait_contact(&insider.address, "unavailable").await;
        own.change_user("insider", &json!({ "chosen": true })).await;
        insider.befriend(&outsider).await;
    }
}

#[tokio::test]
async fn p4_everybody_is_told_when_external_messaging_begins_and_ends() {
    let pair = Pair::pinned().await;
    let people = [pair.acme.person("alice").await, pair.globex.person("bob").await];
    for person in &people {
        assert!(person.notifications("available").await.is_empty());
    }
    pair.acme.grant(&pair.globex).await;
    pair.globex.grant(&pair.acme).await;
    for person in &people {
        person.wait_notifications("available", 1).await;
    }
    pair.acme.change_user("alice", &json!({ "external": false })).await;
    let ended = people[0].wait_notifications("ended", 1).await;
    assert_eq!((&ended[0]["code"], &ended[0]["peer"]), (&json!("NOT_PERMITTED"), &json!("globex.example")));
    pair.acme.change_user("alice", &json!({ "external": true })).await;
    people[0].wait_notifications("available", 2).await;
    pair.globex.revoke(&pair.acme).await;
    let ended = people[1].wait_notifications("ended", 1).await;
    assert_eq!(ended[0]["code"], "CLOSED_BY_US");
    let ended = people[0].wait_notifications("ended", 2).await;
    assert!(ended.iter().any(|notice| notice["code"] == "CLOSED_BY_THEM"));
}

#[tokio::test]
async fn p5_every_state_says_why_not_and_who_can_change_it() {
    let pair = Pair::pinned().await;
    let (alice, bob) = (pair.acme.person("alice").await, pair.globex.person("bob").await);
    let why = async |scope: &str| alice.why_not(&bob.address, scope).await;
    assert_eq!(alice.why_not("zoe@initech.example", "contacts").await, ["UNKNOWN_PEER your_admin"]);
    assert_eq!(why("contacts").await, ["CLOSED_BY_US your_admin", "CLOSED_BY_THEM their_admin"]);
    pair.acme.grant(&pair.globex).await;
    assert_eq!(why("contacts").await, ["CLOSED_BY_THEM their_admin"]);
    pair.globex.grant(&pair.acme).await;
    pair.wait("open", "open").await;
    assert!(why("contacts").await.is_empty());
    assert_eq!(why("messages").await, ["NOT_CONTACT you"]);
    let room = alice.befriend(&bob).await;
    assert!(why("messages").await.is_empty());
    pair.acme.change_user("alice", &json!({ "external": false })).await;
    assert_eq!(why("messages").await, ["NOT_PERMITTED your_admin"]);
    alice.try_say(&room, "hello").await.refused("NOT_PERMITTED");
    // The partner's settings stay its own: whatever the reason is, it is one answer.
    pair.acme.change_user("alice", &json!({ "external": true })).await;
    pair.globex.change_user("bob", &json!({ "external": false })).await;
    until("acme hears that bob cannot be reached", || async {
        Some(why("messages").await).filter(|why| *why == ["UNAVAILABLE nobody"])
    })
    .await;
    alice.try_say(&room, "hello").await.refused("UNAVAILABLE");
    // The admin asks the same for a user.
    let path = format!("/admin/v1/why-not?user=alice&address={}", bob.address);
    let answer = pair.acme.admin.read(&path).await.done();
    assert_eq!(answer["reasons"][0]["code"], "UNAVAILABLE", "{answer}");
}

#[tokio::test]
async fn p27_the_consequences_of_a_revocation_are_told_before_it() {
    let mut pair = Pair::open().await;
    let (alice, carol) = (pair.acme.person("alice").await, pair.acme.person("carol").await);
    let (bob, dave) = (pair.globex.person("bob").await, pair.globex.person("dave").await);
    let room = alice.befriend(&bob).await;
    let group = alice.group("Launch", &[&carol, &bob, &dave]).await;
    alice.wait_members(&group, 4).await;
    until("everything is acknowledged", || async {
        (pair.acme.link(&pair.globex).await["lag_records"] == 0).then_some(())
    })
    .await;
    pair.globex.daemon.stop().await;
    alice.say(&room, "one").await;
    alice.say(&room, "two").await;
    let path = "/admin/v1/peers/globex.example/grant/consequences";
    let told = pair.acme.admin.read(path).await.done();
    let expected = json!({
        "peer": "globex.example", "direct_rooms": 2, "groups": 1, "people_ours": 2, "people_theirs": 2, "queued_records": 2,
    });
    assert_eq!(told, expected);
    assert_eq!(pair.acme.link(&pair.globex).await["ours"]["state"], "active", "asking changes nothing");
    pair.globex.restart().await;
    let path = "/admin/v1/peers/acme.example/grant/consequences";
    bob.wait_text(&room, "two").await;
    let told = pair.globex.admin.read(path).await.done();
    assert_eq!((&told["direct_rooms"], &told["groups"], &told["queued_records"]), (&json!(2), &json!(1), &json!(0)));
}

#[tokio::test]
async fn a_grant_that_somebody_else_changed_meanwhile_is_not_overwritten() {
    let pair = Pair::open().await;
    let grant = json!({ "state": "active", "expected_serial": 1 });
    assert_eq!(pair.acme.put_grant(&pair.globex, &grant).await.done()["serial"], 2);
    let refused = pair.acme.put_grant(&pair.globex, &grant).await.refused("CONFLICT");
    assert_eq!(refused["serial"], 2, "{refused}");
}

#[tokio::test]
async fn a_third_organization_opens_nothing_between_the_two() {
    let pair = Pair::open().await;
    let initech = Org::raise("initech.example", "Initech").await;
    initech.pin(&pair.acme).await;
    initech.grant(&pair.acme).await;
    let zoe = initech.person("zoe").await;
    let alice = pair.acme.person("alice").await;
    // Acme has never pinned Initech: its hello is refused, and nothing of it is kept.
    initech.wait_link(&pair.acme, "closed_by_them").await;
    zoe.add(&alice.address).await.refused("CLOSED_BY_THEM");
    alice.add(&zoe.address).await.refused("UNKNOWN_PEER");
    assert_eq!(pair.acme.admin.read("/admin/v1/peers/initech.example").await.status, 404);
}
