//! The end of a link, from either side, under traffic, in flight, unheard; and its re-opening (P18, P26, F20 to F23, F32).

use crate::harness::{
    org::{Org, Pair},
    person::Person,
    proxy::Weather,
    until,
};
use serde_json::json;

/// A group of two of each side, made by the host's first.
async fn four(host: &Org, partner: &Org) -> ([Person; 4], String) {
    let people = [
        host.person("maker").await,
        host.person("colleague").await,
        partner.person("guest").await,
        partner.person("second").await,
    ];
    let room = people[0].group("Launch", &[&people[1], &people[2], &people[3]]).await;
    (people, room)
}

async fn excluded(person: &Person, room: &str) -> Vec<String> {
    let timeline = person.timeline(room).await;
    let items = timeline["items"].as_array().expect("items").clone();
    let events = items.iter().filter(|item| item["event"]["kind"] == "excluded");
    events
        .flat_map(|item| item["event"]["users"].as_array().expect("users").clone())
        .map(|user| user.as_str().expect("text").to_owned())
        .collect()
}

#[tokio::test]
async fn p26_whoever_revokes_both_sides_end_it_and_each_keeps_what_it_had() {
    // Host or follower of the group, and the one or the other revokes: four cases.
    for (acme_hosts, host_revokes) in [(true, true), (true, false), (false, true), (false, false)] {
        let pair = Pair::open().await;
        let [acme_hosting, globex_hosting] = pair.both_ways();
        let (host, partner) = if acme_hosts { acme_hosting } else { globex_hosting };
        {
            let ([maker, colleague, guest, second], room) = four(host, partner).await;
            let direct = maker.contact(&guest.address).await["room"].as_str().expect("a room").to_owned();
            guest.say(&room, "before").await;
            maker.wait_text(&room, "before").await;
            let (revoker, other) = if host_revokes { (host, partner) } else { (partner, host) };
            let answer = revoker.revoke(other).await;
            assert_eq!(answer["state"], "closed_by_us", "it holds when it is answered");
            // At once on the side that revoked: no waiting here.
            let (near, code) = if host_revokes { (&maker, "CLOSED_BY_US") } else { (&guest, "CLOSED_BY_US") };
            near.try_say(&direct, "no more").await.refused(code);
            let group_now = near.try_say(&room, "still?").await;
            if host_revokes {
                assert_eq!(group_now.status, 201, "the host's people go on alone: {}", group_now.body);
                assert_eq!(maker.members(&room).await.len(), 2, "the partner's people are hidden at once");
            } else {
                group_now.refused("NOT_FOUND");
            }
            // Then on both.
            tokio::join!(revoker.wait_link(other, "closed_by_us"), other.wait_link(revoker, "closed_by_them"));
            for person in [&guest, &second] {
                person.wait_out(&room).await;
                person.wait_notifications("removed", 1).await;
                person.wait_notifications("ended", 1).await;
            }
            for person in [&maker, &colleague] {
                person.wait_members(&room, 2).await;
                person.wait_notifications("ended", 1).await;
                assert!(person.texts(&room).await.contains(&"before".to_owned()));
            }
            until("the timeline names the excluded", || async {
                let mut names = excluded(&maker, &room).await;
                names.sort();
                (names == [guest.address.clone(), second.address.clone()]).then_some(())
            })
            .await;
            // The direct room stays to be read on both sides.
            guest.try_say(&direct, "no more").await.refused(if host_revokes {
                "CLOSED_BY_THEM"
            } else {
                "CLOSED_BY_US"
            });
            for person in [&maker, &guest] {
                person.timeline(&direct).await;
            }
            for org in [host, partner] {
                assert!(!org.audit("link.closed").await.is_empty());
            }
            pair.check_audits().await;
        }
    }
}

#[tokio::test]
async fn p18_a_reopened_link_revives_no_membership_and_offers_the_former_members() {
    let pair = Pair::open().await;
    let ([maker, colleague, guest, second], room) = four(&pair.globex, &pair.acme).await;
    let direct = maker.contact(&guest.address).await["room"].as_str().expect("a room").to_owned();
    guest.say(&room, "first time").await;
    maker.wait_text(&room, "first time").await;
    pair.acme.revoke(&pair.globex).await;
    pair.wait("closed_by_us", "closed_by_them").await;
    guest.wait_out(&room).await;
    maker.wait_members(&room, 2).await;
    maker.say(&room, "between us").await;
    pair.acme.grant(&pair.globex).await;
    pair.wait("open", "open").await;

    maker.wait_writable(&direct, true).await;
    guest.wait_writable(&direct, true).await;
    assert!(guest.room(&room).await.is_none(), "nobody is back by themselves");
    assert_eq!(maker.members(&room).await.len(), 2);
    let former = maker.http.read(&format!("/api/v1/rooms/{room}/former")).await.done();
    let users: Vec<_> = former["items"].as_array().expect("items").iter().map(|item| item["address"].clone()).collect();
    assert_eq!(users, [json!(guest.address), json!(second.address)]);
    maker.http.post(&format!("/api/v1/rooms/{room}/members"), &json!({ "users": users })).await.done();
    for person in [&maker, &colleague, &guest, &second] {
        person.wait_members(&room, 4).await;
    }
    maker.say(&room, "welcome back").await;
    second.say(&room, "thanks").await;
    for person in [&guest, &second, &maker] {
        person.wait_text(&room, "thanks").await;
        person.wait_text(&room, "welcome back").await;
    }
    assert!(!guest.texts(&room).await.contains(&"between us".to_owned()), "what was said meanwhile is not theirs");
    assert!(maker.texts(&room).await.contains(&"between us".to_owned()));
}

#[tokio::test]
async fn f20_a_revocation_that_nobody_could_hear_closes_the_other_side_at_the_first_contact() {
    for acme_revokes in [true, false] {
        let pair = Pair::open().await;
        let (alice, bob) = (pair.acme.person("alice").await, pair.globex.person("bob").await);
        let room = alice.befriend(&bob).await;
        pair.acme.network.set(Weather::Cut);
        pair.globex.network.set(Weather::Cut);
        let (revoker, other, said) =
            if acme_revokes { (&pair.acme, &pair.globex, &bob) } else { (&pair.globex, &pair.acme, &alice) };
        revoker.revoke(other).await;
        // The other side does not know yet: it queues, and nothing crosses.
        let id = said.say(&room, "into the void").await;
        said.wait_delivery(&room, &id, "queued").await;
        assert_eq!(other.link(revoker).await["state"], "open");
        pair.acme.network.set(Weather::Fair);
        pair.globex.network.set(Weather::Fair);
        other.wait_link(revoker, "closed_by_them").await;
        said.wait_delivery(&room, &id, "undelivered").await;
        let heard = if acme_revokes { alice.texts(&room).await } else { bob.texts(&room).await };
        assert!(heard.is_empty(), "{heard:?}");
        assert_eq!(other.link(revoker).await["theirs"]["state"], "revoked");
    }
}

#[tokio::test]
async fn f21_after_each_revoke_nothing_is_applied_until_the_next_opening() {
    let pair = Pair::open().await;
    let (alice, bob) = (pair.acme.person("alice").await, pair.globex.person("bob").await);
    let room = alice.befriend(&bob).await;
    let toggles = 25;
    let done = std::cell::Cell::new(false);
    let talk = async |person: &Person| {
        let mut accepted = Vec::new();
        for number in 0.. {
            if done.get() {
                break;
            }
            let text = format!("{} {number}", person.local());
            match person.try_say(&room, &text).await.status {
                201 => accepted.push(text),
                _ => tokio::time::sleep(std::time::Duration::from_millis(5)).await, // between polls
            }
        }
        accepted
    };
    let toggle = async {
        for _ in 0..toggles {
            let mark = alice.texts(&room).await.len().max(1);
            until("something arrives", || async { (alice.texts(&room).await.len() > mark.min(190)).then_some(()) })
                .await;
            pair.acme.revoke(&pair.globex).await;
            let next = async || bob_events(&alice, &room).await;
            let at_revoke = next().await;
            pair.globex.wait_link(&pair.acme, "closed_by_them").await;
            assert_eq!(next().await, at_revoke, "something was applied after the revocation was answered");
            pair.acme.grant(&pair.globex).await;
            pair.wait("open", "open").await;
        }
        for person in [&alice, &bob] {
            person.wait_writable(&room, true).await;
        }
        done.set(true);
    };
    let (from_alice, from_bob, ()) = tokio::join!(talk(&alice), talk(&bob), toggle);
    bob.say(&room, "the end").await;
    alice.wait_text(&room, "the end").await;
    bob.wait_text(&room, "the end").await;
    // Once at most, in order, and never what its author was told is undelivered.
    for (person, accepted) in [(&bob, &from_alice), (&alice, &from_bob)] {
        let seen = texts(&person.whole_timeline(&room).await);
        let author = if person.local() == "bob" { "alice" } else { "bob" };
        let crossed: Vec<&String> = seen.iter().filter(|text| text.starts_with(author)).collect();
        let mut rest = accepted.iter();
        assert!(crossed.iter().all(|text| rest.any(|accepted| accepted == *text)), "in order, each once");
        assert!(!crossed.is_empty());
    }
    let at_host = alice.whole_timeline(&room).await;
    let undelivered = at_host.iter().filter(|item| item["delivery"]["state"] == "undelivered");
    let theirs = bob.whole_timeline(&room).await;
    for item in undelivered {
        assert!(theirs.iter().all(|other| other["event"]["id"] != item["event"]["id"]), "{item}");
    }
}

fn texts(timeline: &[serde_json::Value]) -> Vec<String> {
    timeline.iter().filter_map(|item| item["event"]["text"].as_str().map(str::to_owned)).collect()
}

/// How many events of Bob's stand in the room.
async fn bob_events(person: &Person, room: &str) -> usize {
    let timeline = person.whole_timeline(room).await;
    timeline.iter().filter(|item| item["event"]["author"] == "bob@globex.example").count()
}

#[tokio::test]
async fn f22_of_what_is_in_flight_at_a_revocation_everybody_knows_the_fate_at_the_next_contact() {
    for weather in [Weather::LosesAnswers, Weather::CutsRequests] {
        let pair = Pair::open().await;
        let (alice, bob) = (pair.acme.person("alice").await, pair.globex.person("bob").await);
        let room = alice.befriend(&bob).await;
        let mut ids = Vec::new();
        pair.globex.network.set(weather);
        for number in 0..20 {
            ids.push(alice.say(&room, &format!("in flight {number}")).await);
        }
        pair.globex.revoke(&pair.acme).await;
        let applied = bob.texts(&room).await;
        pair.globex.network.set(Weather::Fair);
        pair.acme.wait_link(&pair.globex, "closed_by_them").await;
        assert_eq!(bob.texts(&room).await, applied, "nothing after the revocation");
        for (number, id) in ids.iter().enumerate() {
            let arrived = number < applied.len();
            let state = alice.delivery(&room, id).await.expect("one's own message").0;
            // What arrived may be known or not; what did not is never shown as delivered.
            assert!(
                state == "undelivered" || (state == "delivered" && arrived),
                "{number}: {state}, arrived: {arrived}"
            );
        }
    }
}

#[tokio::test]
async fn f23_a_crash_in_the_middle_of_the_clean_up_of_many_rooms() {
    const ROOMS: usize = 60;
    for victim_is_host in [true, false] {
        let mut pair = Pair::open().await;
        let (alice, bob) = (pair.acme.person("alice").await, pair.globex.person("bob").await);
        alice.befriend(&bob).await;
        let mut rooms = Vec::new();
        for number in 0..ROOMS {
            let wish = json!({ "name": format!("Room {number}"), "members": [bob.address], "new": true });
            let made = alice.http.post("/api/v1/rooms", &wish).await.done();
            rooms.push(made["id"].as_str().expect("an id").to_owned());
        }
        for room in &rooms {
            bob.wait_members(room, 2).await;
        }
        pair.globex.network.set(Weather::Cut);
        pair.acme.network.set(Weather::Cut);
        let (victim, other) =
            if victim_is_host { (&mut pair.acme, &pair.globex) } else { (&mut pair.globex, &pair.acme) };
        victim.revoke(other).await;
        victim.daemon.kill().await;
        victim.restart().await;
        // The filter holds before the job is done.
        if victim_is_host {
            for room in &rooms {
                assert_eq!(alice.members(room).await.len(), 1);
            }
        } else {
            for room in &rooms {
                assert!(bob.room(room).await.is_none());
            }
        }
        pair.globex.network.set(Weather::Fair);
        pair.acme.network.set(Weather::Fair);
        let states =
            if victim_is_host { ("closed_by_us", "closed_by_them") } else { ("closed_by_them", "closed_by_us") };
        pair.wait(states.0, states.1).await;
        // Once on both sides: one exclusion a room.
        for room in &rooms {
            until("the exclusion stands in the timeline", || async {
                (excluded(&alice, room).await == [bob.address.clone()]).then_some(())
            })
            .await;
            bob.wait_out(room).await;
        }
        bob.wait_notifications("removed", ROOMS).await;
        assert_eq!(pair.acme.audit("member.excluded").await.len(), ROOMS);
        assert_eq!(pair.globex.audit("member.excluded").await.len(), ROOMS);
        pair.check_audits().await;
    }
}

#[tokio::test]
async fn f32_what_changes_while_the_partner_is_away_is_applied_there_in_order() {
    for host_is_acme in [true, false] {
        let mut pair = Pair::open().await;
        let (host, partner) =
            if host_is_acme { (&mut pair.acme, &mut pair.globex) } else { (&mut pair.globex, &mut pair.acme) };
        let ([maker, colleague, guest, second], room) = four(host, partner).await;
        partner.daemon.stop().await;
        maker.say(&room, "one").await;
        host.change_user("colleague", &json!({ "external": false })).await;
        maker.http.patch(&format!("/api/v1/rooms/{room}"), &json!({ "name": "Second act" })).await.done();
        maker.set_role(&room, &second, "master").await.done();
        maker.remove(&room, &guest).await.done();
        maker.say(&room, "two").await;
        maker.http.patch("/api/v1/me", &json!({ "name": "Maker the Second" })).await.done();
        partner.restart().await;
        second.wait_text(&room, "two").await;
        guest.wait_out(&room).await;
        let roles = [format!("{} master", maker.address), format!("{} master", second.address)];
        let mut roles = roles.to_vec();
        roles.sort();
        second.wait_roles(&room, &roles).await;
        maker.wait_roles(&room, &roles).await;
        let kinds = |timeline: &serde_json::Value| {
            let items = timeline["items"].as_array().expect("items").clone();
            items.iter().map(|item| item["event"].to_string()).collect::<Vec<_>>()
        };
        let (here, there) = (kinds(&maker.timeline(&room).await), kinds(&second.timeline(&room).await));
        assert_eq!(there, here[here.len() - there.len()..]);
        assert_eq!(second.wait_room(&room).await["name"], "Second act");
        until("the new name is known", || async {
            let members = second.http.read(&format!("/api/v1/rooms/{room}/members")).await.done();
            let names: Vec<_> = members["items"].as_array()?.iter().map(|item| item["name"].clone()).collect();
            names.contains(&json!("Maker the Second")).then_some(())
        })
        .await;
        colleague.wait_out(&room).await;

        // And the other way: a user of the partner is deactivated while the host is away.
        host.daemon.stop().await;
        partner.change_user("second", &json!({ "active": false })).await;
        host.restart().await;
        maker.wait_members(&room, 1).await;
    }
}
