//! Contacts and direct rooms (P6 to P11).

use crate::harness::{org::Pair, until};
use serde_json::{Value, json};

#[tokio::test]
async fn p6_adding_somebody_saves_the_card_and_makes_the_room_on_both_sides() {
    let pair = Pair::open().await;
    for (own, partner) in pair.both_ways() {
        let (adder, added) = (own.person("adder").await, partner.person("added").await);
        let room = adder.befriend(&added).await;
        let contact = adder.contact(&added.address).await;
        assert_eq!((&contact["name"], &contact["writable"]), (&json!("Added"), &json!(true)), "{contact}");
        adder.wait_notifications("contact_added", 1).await;
        let told = added.wait_notifications("direct_room", 1).await;
        assert_eq!((&told[0]["address"], &told[0]["room"]), (&json!(adder.address), &json!(room)));
        // The other can write without adding anybody.
        added.say(&room, "hello").await;
        adder.wait_text(&room, "hello").await;
        // Asking again changes nothing.
        assert_eq!(adder.add(&added.address).await.done()["state"], "added");
    }
}

#[tokio::test]
async fn p6_only_exact_addresses_of_partners_are_added() {
    let pair = Pair::open().await;
    let alice = pair.acme.person("alice").await;
    for (bad, code) in [
        ("bob", "INVALID"),
        ("Bob@globex.example", "INVALID"),
        ("*@globex.example", "INVALID"),
        ("alice@acme.example", "INVALID"),
        ("bob@initech.example", "UNKNOWN_PEER"),
    ] {
        let problem = alice.add(bad).await.refused(code);
        assert!(code != "INVALID" || problem["field"] == "address", "{problem}");
    }
}

#[tokio::test]
async fn p7_there_is_one_direct_room_even_when_both_add_each_other_at_once() {
    let pair = Pair::open().await;
    for round in 0..5 {
        let alice = pair.acme.person(&format!("alice{round}")).await;
        let bob = pair.globex.person(&format!("bob{round}")).await;
        let (one, other) = tokio::join!(alice.add(&bob.address), bob.add(&alice.address));
        one.done();
        other.done();
        let (one, other) =
            tokio::join!(alice.wait_contact(&bob.address, "added"), bob.wait_contact(&alice.address, "added"));
        assert_eq!(one["room"], other["room"]);
        let room = one["room"].as_str().expect("a room");
        for person in [&alice, &bob] {
            let rooms = person.http.read("/api/v1/rooms").await.done();
            assert_eq!(rooms["items"].as_array().map(Vec::len), Some(1), "{rooms}");
            // The organization whose domain sorts first orders the room.
            assert_eq!(person.wait_room(room).await["host"], "acme.example");
        }
    }
}

#[tokio::test]
async fn p8_everybody_who_cannot_be_reached_gives_the_same_answer() {
    let pair = Pair::open().await;
    for (own, partner) in pair.both_ways() {
        let asker = own.person("asker").await;
        let blocker = partner.person("blocker").await;
        for local in ["forbidden", "inactive"] {
            partner.person(local).await;
        }
        blocker.http.put(&format!("/api/v1/contacts/{}/block", asker.address), &json!({})).await.done();
        partner.change_user("forbidden", &json!({ "external": false })).await;
        partner.change_user("inactive", &json!({ "active": false })).await;
        let mut answers = Vec::new();
        for local in ["nobody", "blocker", "forbidden", "inactive"] {
            let address = format!("{local}@{}", partner.domain);
            asker.add(&address).await.done();
            let contact = asker.wait_contact(&address, "unavailable").await;
            let text = contact.to_string().replace(local, "WHO");
            answers.push((text, asker.why_not(&address, "messages").await));
        }
        assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:#?}");
        let told = asker.wait_notifications("contact_unavailable", 4).await;
        assert!(told.iter().all(|notice| notice["code"] == "UNAVAILABLE"), "{told:?}");
        assert!(blocker.notifications("direct_room").await.is_empty());
    }
}

#[tokio::test]
async fn p8_contact_adds_are_limited_per_user() {
    let pair = Pair::open().await;
    let alice = pair.acme.person("alice").await;
    for number in 0..30 {
        alice.add(&format!("nobody{number}@globex.example")).await.done();
    }
    alice.add("nobody30@globex.example").await.refused("RATE_LIMITED");
    // Others are not hindered.
    pair.acme.person("carol").await.add("nobody30@globex.example").await.done();
}

#[tokio::test]
async fn p9_an_overlay_stays_at_home_and_the_partners_own_changes_arrive_beside_it() {
    let pair = Pair::open().await;
    for (own, partner) in pair.both_ways() {
        let (owner, friend) = (own.person("owner").await, partner.person("friend").await);
        let room = owner.befriend(&friend).await;
        let path = format!("/api/v1/contacts/{}", friend.address);
        let note = format!("plays chess on Fridays with {}", own.domain);
        let overlay =
            json!({ "name": "Frida from Sales", "phone": "+1 555 0100", "email": "f@home.example", "note": note });
        owner.http.patch(&path, &overlay).await.done();
        assert_eq!(owner.contact(&friend.address).await["overlay"], overlay);
        owner.http.patch(&path, &json!({ "phone": "" })).await.done();
        friend.http.patch("/api/v1/me", &json!({ "name": "Frida Friend" })).await.done();
        until("the new name arrives", || async {
            Some(owner.contact(&friend.address).await).filter(|contact| contact["name"] == "Frida Friend")
        })
        .await;
        let kept = owner.contact(&friend.address).await["overlay"].clone();
        assert_eq!(kept, json!({ "name": "Frida from Sales", "email": "f@home.example", "note": note }));
        // Something crosses after it, so whatever should have crossed before has.
        owner.say(&room, "hello").await;
        friend.wait_text(&room, "hello").await;
        for file in ["db", "wal.0", "wal.1"] {
            let theirs = std::fs::read(partner.dir().join("data").join(file)).expect("the partner's database");
            assert!(!theirs.windows(note.len()).any(|part| part == note.as_bytes()), "{file}");
        }
    }
}

#[tokio::test]
async fn p10_nothing_of_a_blocked_person_is_shown_and_they_are_not_told() {
    let pair = Pair::open().await;
    for (own, partner) in pair.both_ways() {
        let (blocker, blocked) = (own.person("blocker").await, partner.person("blocked").await);
        let room = blocker.befriend(&blocked).await;
        blocked.say(&room, "before").await;
        blocker.wait_text(&room, "before").await;
        let path = format!("/api/v1/contacts/{}/block", blocked.address);
        blocker.http.put(&path, &json!({})).await.done();
        blocker.try_say(&room, "why?").await.refused("BLOCKED");
        let listed = blocker.http.read("/api/v1/contacts?blocked=true").await.done();
        assert_eq!(listed["items"][0]["address"], json!(blocked.address));

        let mut events = blocker.events().await;
        let hidden = blocked.say(&room, "meanwhile").await;
        blocked.wait_delivery(&room, &hidden, "delivered").await;
        blocked.wait_text(&room, "meanwhile").await;
        blocker.http.delete(&path).await.done();
        blocked.say(&room, "after").await;
        blocker.wait_text(&room, "after").await;
        // What was written meanwhile stays hidden, also in the live events; the blocked person sees it all.
        assert_eq!(blocker.texts(&room).await, ["before", "after"]);
        let live = crate::harness::sse::texts_of(&events.next_of("messages").await);
        assert_eq!(live, ["after"]);
        blocked.wait_text(&room, "after").await;
        assert_eq!(blocked.texts(&room).await, ["before", "meanwhile", "after"]);
        let listed = blocker.http.read("/api/v1/contacts?blocked=true").await.done();
        assert_eq!(listed["items"], json!([]));
    }
}

#[tokio::test]
async fn p11_contacts_rooms_and_members_carry_the_external_marker_and_the_organizations_name() {
    let pair = Pair::open().await;
    for (own, partner) in pair.both_ways() {
        let name = if partner.domain == "globex.example" { "Globex" } else { "Acme" };
        let (person, friend) = (own.person("person").await, partner.person("friend").await);
        let group = person.group("Launch", &[&friend]).await;
        let contact = person.contact(&friend.address).await;
        assert_eq!((&contact["external"], &contact["org_name"]), (&json!(true), &json!(name)));
        let rooms = person.http.read("/api/v1/rooms").await.done();
        let rooms = rooms["items"].as_array().expect("items").clone();
        assert_eq!(rooms.len(), 2);
        assert!(rooms.iter().all(|room| room["external"] == true && room["partner_name"] == name), "{rooms:?}");
        let members = person.http.read(&format!("/api/v1/rooms/{group}/members")).await.done();
        for member in members["items"].as_array().expect("items") {
            let external = member["address"] == json!(friend.address);
            assert_eq!(member["external"], external);
            assert_eq!(member["org_name"], if external { json!(name) } else { Value::Null });
        }
        // Every message names its author with the organization's domain.
        friend.say(&group, "hello").await;
        let item = person.wait_text(&group, "hello").await;
        assert_eq!(item["event"]["author"], json!(friend.address));
    }
}

#[tokio::test]
async fn a_removed_contact_leaves_the_room_and_can_be_added_again() {
    let pair = Pair::open().await;
    let (alice, bob) = (pair.acme.person("alice").await, pair.globex.person("bob").await);
    let room = alice.befriend(&bob).await;
    alice.http.delete(&format!("/api/v1/contacts/{}", bob.address)).await.done();
    assert_eq!(alice.http.read(&format!("/api/v1/contacts/{}", bob.address)).await.status, 404);
    bob.say(&room, "still here").await;
    alice.wait_text(&room, "still here").await;
    assert_eq!(alice.befriend(&bob).await, room);
}
