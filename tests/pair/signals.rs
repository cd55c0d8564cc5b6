//! Typing, presence and read markers across the border: in both roles, after reconnects, and after a revocation (P22).

use crate::harness::{org::Pair, person::Person, until};
use serde_json::{Value, json};

async fn readers(person: &Person, room: &str) -> Value {
    person.http.read(&format!("/api/v1/rooms/{room}/readers")).await.done()["items"].clone()
}

async fn types(person: &Person, room: &str) {
    person.http.post(&format!("/api/v1/rooms/{room}/typing"), &json!({ "typing": true })).await.done();
}

async fn reads(person: &Person, room: &str, index: u64) {
    person.http.put(&format!("/api/v1/rooms/{room}/read"), &json!({ "index": index })).await.done();
}

async fn wait_reader(viewer: &Person, room: &str, of: &Person, index: u64) {
    let wanted = json!([{ "address": of.address, "index": index }]);
    until(&format!("{} sees that {} has read {index}", viewer.address, of.address), || async {
        Some(readers(viewer, room).await).filter(|found| *found == wanted)
    })
    .await;
}

#[tokio::test]
async fn p22_both_sides_see_who_types_reads_and_is_there_in_both_roles() {
    let pair = Pair::open().await;
    let (alice, bob) = (pair.acme.person("alice").await, pair.globex.person("bob").await);
    let direct = alice.befriend(&bob).await;
    // The direct room is hosted by acme, the group by globex.
    let group = bob.group("Launch", &[&alice]).await;
    let (mut at_alice, mut at_bob) = (alice.events().await, bob.events().await);
    let online = |person: &Person| {
        let address = person.address.clone();
        move |data: &Value| data["address"] == address.as_str() && data["state"] == "online"
    };
    at_alice.next_signal("presence", online(&bob)).await;
    let seen = alice.http.read(&format!("/api/v1/rooms/{direct}/presence")).await.done();
    assert_eq!(seen["items"], json!([{ "address": bob.address, "state": "online" }]));
    for room in [&direct, &group] {
        for (from, to, events) in [(&alice, &bob, &mut at_bob), (&bob, &alice, &mut at_alice)] {
            types(from, room).await;
            let wanted = |data: &Value| data["room"] == room.as_str() && data["address"] == from.address.as_str();
            assert_eq!(events.next_signal("typing", wanted).await["typing"], true);
            from.say(room, &format!("from {}", from.local())).await;
            to.wait_text(room, &format!("from {}", from.local())).await;
            let index = to.timeline(room).await["items"].as_array().expect("items").len() as u64 - 1;
            reads(to, room, index).await;
            wait_reader(from, room, to, index).await;
        }
    }
}

#[tokio::test]
async fn p22_after_a_restart_it_becomes_current_again() {
    let mut pair = Pair::open().await;
    let (alice, bob) = (pair.acme.person("alice").await, pair.globex.person("bob").await);
    let room = alice.befriend(&bob).await;
    alice.say(&room, "hello").await;
    bob.wait_text(&room, "hello").await;
    let at_bob = bob.events().await;
    reads(&bob, &room, 0).await;
    wait_reader(&alice, &room, &bob, 0).await;
    pair.acme.daemon.kill().await;
    pair.acme.restart().await;
    // Alice's daemon has forgotten; bob's tells it anew.
    wait_reader(&alice, &room, &bob, 0).await;
    let online = json!([{ "address": bob.address, "state": "online" }]);
    until("bob is there again", || async {
        let seen = alice.http.read(&format!("/api/v1/rooms/{room}/presence")).await.done();
        (seen["items"] == online).then_some(())
    })
    .await;
    drop(at_bob);
    pair.globex.daemon.kill().await;
    pair.globex.restart().await;
    wait_reader(&alice, &room, &bob, 0).await;
}

#[tokio::test]
async fn p26_after_a_revocation_nothing_is_told_or_shown() {
    for acme_revokes in [true, false] {
        let pair = Pair::open().await;
        let (alice, bob) = (pair.acme.person("alice").await, pair.globex.person("bob").await);
        let room = alice.befriend(&bob).await;
        alice.say(&room, "hello").await;
        bob.wait_text(&room, "hello").await;
        let (mut at_alice, at_bob) = (alice.events().await, bob.events().await);
        reads(&bob, &room, 0).await;
        wait_reader(&alice, &room, &bob, 0).await;
        let (revoker, other) = if acme_revokes { (&pair.acme, &pair.globex) } else { (&pair.globex, &pair.acme) };
        revoker.revoke(other).await;
        other.wait_link(revoker, "closed_by_them").await;
        at_alice.next_signal("presence", |data| data["state"] == "offline").await;
        assert_eq!(readers(&alice, &room).await, json!([]));
        let code = if acme_revokes { "CLOSED_BY_US" } else { "CLOSED_BY_THEM" };
        alice.http.post(&format!("/api/v1/rooms/{room}/typing"), &json!({ "typing": true })).await.refused(code);
        // And is there again when the link opens again.
        revoker.grant(other).await;
        pair.wait("open", "open").await;
        wait_reader(&alice, &room, &bob, 0).await;
        drop(at_bob);
    }
}

#[tokio::test]
async fn p22_switches_of_people_and_admins_hold_across_the_border() {
    let pair = Pair::open().await;
    let (alice, bob) = (pair.acme.person("alice").await, pair.globex.person("bob").await);
    let room = alice.befriend(&bob).await;
    alice.say(&room, "hello").await;
    bob.wait_text(&room, "hello").await;
    reads(&bob, &room, 0).await;
    reads(&alice, &room, 0).await;
    wait_reader(&alice, &room, &bob, 0).await;
    wait_reader(&bob, &room, &alice, 0).await;
    let settings = |receipts: bool| json!({ "receipts": receipts, "typing": true, "presence": true });
    bob.http.put("/api/v1/me/presence-settings", &settings(false)).await.done();
    assert_eq!(readers(&bob, &room).await, json!([]), "who does not tell does not see");
    until("what bob told is taken back", || async { (readers(&alice, &room).await == json!([])).then_some(()) }).await;
    bob.http.put("/api/v1/me/presence-settings", &settings(true)).await.done();
    wait_reader(&alice, &room, &bob, 0).await;
    let mut policy = pair.globex.admin.read("/admin/v1/policy").await.done();
    policy["receipts"] = json!(false);
    pair.globex.admin.put("/admin/v1/policy", &policy).await.done();
    assert_eq!(readers(&bob, &room).await, json!([]));
    until("what globex told is taken back", || async { (readers(&alice, &room).await == json!([])).then_some(()) })
        .await;
    let settings = bob.http.read("/api/v1/me/presence-settings").await.done();
    assert_eq!((&settings["receipts"], &settings["organization"]["receipts"]), (&json!(true), &json!(false)));
}
