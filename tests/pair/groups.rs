//! External groups: who makes them, who is in, who may do what, who is out and why (P12 to P17).

use crate::harness::{
    org::{Org, Pair},
    person::Person,
    until,
};
use serde_json::{Value, json};

fn roles(rows: &[(&Person, &str)]) -> Vec<String> {
    let mut rows: Vec<String> = rows.iter().map(|(person, role)| format!("{} {role}", person.address)).collect();
    rows.sort();
    rows
}

async fn all_see(people: &[&Person], room: &str, expected: &[(&Person, &str)]) {
    for person in people {
        person.wait_roles(room, &roles(expected)).await;
    }
}

/// Two of the host's people and two of the partner's in a group that the first has made.
struct Four {
    maker: Person,
    colleague: Person,
    guest: Person,
    second: Person,
    room: String,
}

impl Four {
    async fn gather(host: &Org, partner: &Org) -> Self {
        let (maker, colleague) = (host.person("maker").await, host.person("colleague").await);
        let (guest, second) = (partner.person("guest").await, partner.person("second").await);
        let room = maker.group("Launch", &[&colleague, &guest, &second]).await;
        Self { maker, colleague, guest, second, room }
    }

    fn all(&self) -> [&Person; 4] {
        [&self.maker, &self.colleague, &self.guest, &self.second]
    }
}

#[tokio::test]
async fn p12_a_group_has_a_host_a_partner_a_name_and_a_description() {
    let pair = Pair::open().await;
    for (host, partner) in pair.both_ways() {
        let (maker, guest) = (host.person("maker").await, partner.person("guest").await);
        maker.befriend(&guest).await;
        let wish = json!({ "name": "Launch 🚀", "description": "All about it", "members": [guest.address] });
        let made = maker.http.post("/api/v1/rooms", &wish).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let room = made.body["id"].as_str().expect("an id").to_owned();
        for person in [&maker, &guest] {
            person.wait_members(&room, 2).await;
            let seen = person.wait_room(&room).await;
            let expected =
                json!({ "kind": "group", "host": host.domain, "name": "Launch 🚀", "description": "All about it" });
            for (key, value) in expected.as_object().expect("an object") {
                assert_eq!(seen[key], *value, "{seen}");
            }
            assert_eq!(seen["created_by"], json!(maker.address));
        }
        assert_eq!(maker.wait_room(&room).await["partner"], partner.domain);
        assert_eq!(guest.wait_room(&room).await["partner"], host.domain);
        guest.wait_notifications("joined", 1).await;
    }
}

#[tokio::test]
async fn p12_names_descriptions_and_members_are_checked() {
    let pair = Pair::open().await;
    let (alice, bob) = (pair.acme.person("alice").await, pair.globex.person("bob").await);
    let ask = async |wish: Value| alice.http.post("/api/v1/rooms", &wish).await;
    let field = |problem: Value| problem["field"].as_str().map(str::to_owned);
    for (key, value) in [("name", json!("x".repeat(101))), ("name", json!("")), ("description", json!("x".repeat(301)))]
    {
        let mut wish = json!({ "name": "Launch", "members": [] });
        wish[key] = value;
        assert_eq!(field(ask(wish).await.refused("INVALID")).as_deref(), Some(key));
    }
    let refused = alice.ask_group("Launch", &[&bob]).await.refused("NOT_CONTACT");
    assert!(refused["detail"].as_str().is_some_and(|text| text.contains("bob@globex.example")), "{refused}");
    alice.befriend(&bob).await;
    pair.acme.person("forbidden").await;
    pair.acme.change_user("forbidden", &json!({ "external": false })).await;
    let wish = json!({ "name": "Launch", "members": [bob.address, "forbidden@acme.example"] });
    ask(wish).await.refused("NOT_PERMITTED");
    let rooms = alice.http.read("/api/v1/rooms").await.done();
    assert_eq!(rooms["items"].as_array().map(Vec::len), Some(1), "only the direct room: {rooms}");
}

#[tokio::test]
async fn p12_a_room_with_the_same_people_is_offered_before_another_is_made() {
    let pair = Pair::open().await;
    for (host, partner) in pair.both_ways() {
        let (maker, guest) = (host.person("maker").await, partner.person("guest").await);
        let room = maker.group("Launch", &[&guest]).await;
        for person in [&maker, &guest] {
            if person.address == guest.address {
                guest.befriend(&maker).await;
            }
            let other = if person.address == maker.address { &guest } else { &maker };
            let offered = person.ask_group("Another", &[other]).await.refused("EXISTS");
            assert_eq!(offered["rooms"][0]["id"], json!(room), "{offered}");
        }
        let wish = json!({ "name": "Another", "members": [guest.address], "new": true });
        let second = maker.http.post("/api/v1/rooms", &wish).await.done();
        assert_ne!(second["id"], json!(room));
    }
}

#[tokio::test]
async fn p12_a_third_organization_never_comes_in() {
    let pair = Pair::open().await;
    let initech = Org::raise("initech.example", "Initech").await;
    for (one, other) in [(&pair.acme, &initech), (&initech, &pair.acme)] {
        one.pin(other).await;
        one.grant(other).await;
    }
    pair.acme.wait_link(&initech, "open").await;
    initech.wait_link(&pair.acme, "open").await;
    let (alice, bob) = (pair.acme.person("alice").await, pair.globex.person("bob").await);
    let zoe = initech.person("zoe").await;
    alice.befriend(&zoe).await;
    let room = alice.group("Launch", &[&bob]).await;
    alice.ask_group("All", &[&bob, &zoe]).await.refused("THIRD_ORG");
    alice.add_members(&room, &[&zoe]).await.refused("THIRD_ORG");
    // Nor does one partner learn anything of the other's room.
    alice.say(&room, "for us two").await;
    bob.wait_text(&room, "for us two").await;
    assert!(zoe.room(&room).await.is_none());
}

#[tokio::test]
async fn p13_only_masters_manage_and_masters_of_either_side_can() {
    let pair = Pair::open().await;
    for (host, partner) in pair.both_ways() {
        let four = Four::gather(host, partner).await;
        let (maker, colleague, guest, second, room) =
            (&four.maker, &four.colleague, &four.guest, &four.second, &four.room);
        all_see(&four.all(), room, &[(maker, "master"), (colleague, "member"), (guest, "member"), (second, "member")])
            .await;
        for member in [colleague, guest] {
            member.remove(room, second).await.refused("NOT_MASTER");
            member.set_role(room, member, "master").await.refused("NOT_MASTER");
            member.add_members(room, &[second]).await.refused("NOT_MASTER");
            let change = json!({ "name": "Mine" });
            member.http.patch(&format!("/api/v1/rooms/{room}"), &change).await.refused("NOT_MASTER");
        }
        // A master of the partner's does what the host's master does.
        maker.set_role(room, guest, "master").await.done();
        all_see(&four.all(), room, &[(maker, "master"), (colleague, "member"), (guest, "master"), (second, "member")])
            .await;
        guest.http.patch(&format!("/api/v1/rooms/{room}"), &json!({ "name": "Ours", "description": "" })).await.done();
        guest.remove(room, colleague).await.done();
        colleague.wait_out(room).await;
        guest.set_role(room, second, "master").await.done();
        all_see(&[maker, guest, second], room, &[(maker, "master"), (guest, "master"), (second, "master")]).await;
        for person in [maker, guest] {
            assert_eq!(person.wait_room(room).await["name"], "Ours");
        }
        second.set_role(room, maker, "member").await.done();
        second.set_role(room, guest, "member").await.done();
        all_see(&[maker, guest, second], room, &[(maker, "member"), (guest, "member"), (second, "master")]).await;
        second.set_role(room, second, "member").await.refused("LAST_MASTER");
        maker.remove(room, guest).await.refused("NOT_MASTER");
    }
}

#[tokio::test]
async fn p13_a_master_of_the_partners_adds_people_of_both_sides() {
    let pair = Pair::open().await;
    for (host, partner) in pair.both_ways() {
        let (maker, late) = (host.person("maker").await, host.person("late").await);
        let (guest, second) = (partner.person("guest").await, partner.person("second").await);
        let room = maker.group("Launch", &[&guest]).await;
        maker.set_role(&room, &guest, "master").await.done();
        guest.wait_roles(&room, &roles(&[(&maker, "master"), (&guest, "master")])).await;
        guest.add_members(&room, &[&second]).await.done();
        second.wait_members(&room, 3).await;
        guest.add_members(&room, &[&late]).await.refused("NOT_CONTACT");
        guest.befriend(&late).await;
        guest.add_members(&room, &[&late]).await.done();
        for person in [&maker, &guest, &second, &late] {
            person.wait_members(&room, 4).await;
        }
        late.wait_notifications("joined", 1).await;
        late.say(&room, "hello all").await;
        second.wait_text(&room, "hello all").await;
    }
}

#[tokio::test]
async fn p14_nobody_leaves_by_themselves() {
    let pair = Pair::open().await;
    for (host, partner) in pair.both_ways() {
        let four = Four::gather(host, partner).await;
        for person in four.all() {
            person.remove(&four.room, person).await.refused("NO_LEAVING");
        }
        // Not from a direct room either, whether master or not.
        let direct = four.maker.contact(&four.guest.address).await["room"].as_str().expect("a room").to_owned();
        for person in [&four.maker, &four.guest] {
            person.remove(&direct, person).await.refused("NO_LEAVING");
        }
        four.guest.wait_members(&four.room, 4).await;
    }
}

#[tokio::test]
async fn p15_who_loses_the_permission_is_excluded_on_both_sides() {
    let pair = Pair::open().await;
    for (host, partner) in pair.both_ways() {
        let four = Four::gather(host, partner).await;
        let (maker, colleague, guest, second, room) =
            (&four.maker, &four.colleague, &four.guest, &four.second, &four.room);
        partner.change_user("guest", &json!({ "external": false })).await;
        guest.wait_out(room).await;
        all_see(&[maker, colleague, second], room, &[(maker, "master"), (colleague, "member"), (second, "member")])
            .await;
        host.change_user("colleague", &json!({ "external": false })).await;
        colleague.wait_out(room).await;
        all_see(&[maker, second], room, &[(maker, "master"), (second, "member")]).await;
        for person in [guest, colleague] {
            person.try_say(room, "me too").await.refused("NOT_FOUND");
            let told = person.wait_notifications("removed", 1).await;
            assert_eq!(told[0]["code"], "NOT_PERMITTED");
        }
        // Both timelines say who was excluded, by the rule and by nobody.
        for person in [maker, second] {
            let timeline = person.timeline(room).await;
            let excluded =
                timeline["items"].as_array().expect("items").iter().filter(|item| item["event"]["kind"] == "excluded");
            let excluded: Vec<_> =
                excluded.map(|item| (item["event"]["users"].clone(), item["event"]["author"].clone())).collect();
            assert_eq!(excluded, [(json!([guest.address]), Value::Null), (json!([colleague.address]), Value::Null)]);
        }
        let logged = host.audit("member.excluded").await;
        let here = logged.iter().filter(|entry| entry["detail"].as_str().is_some_and(|text| text.contains(room)));
        assert_eq!(here.count(), 2, "{logged:?}");
        // Given back, the permission brings nobody back: a master adds them again.
        partner.change_user("guest", &json!({ "external": true })).await;
        until("maker can add the guest again", || async {
            (maker.add_members(room, &[guest]).await.status == 202).then_some(())
        })
        .await;
        guest.wait_members(room, 3).await;
        host.change_user("colleague", &json!({ "external": true })).await;
        partner.change_user("guest", &json!({ "active": false })).await;
        all_see(&[maker, second], room, &[(maker, "master"), (second, "member")]).await;
    }
}

#[tokio::test]
async fn p15_the_last_masters_loss_passes_the_role_to_the_longest_standing_of_the_host_then_of_the_partner() {
    let pair = Pair::open().await;
    for (host, partner) in pair.both_ways() {
        let four = Four::gather(host, partner).await;
        let (maker, colleague, guest, second, room) =
            (&four.maker, &four.colleague, &four.guest, &four.second, &four.room);
        let third = host.person("third").await;
        maker.add_members(room, &[&third]).await.done();
        third.wait_members(room, 5).await;
        host.change_user("maker", &json!({ "external": false })).await;
        all_see(
            &[colleague, &third, guest, second],
            room,
            &[(colleague, "master"), (&third, "member"), (guest, "member"), (second, "member")],
        )
        .await;
        host.change_user("colleague", &json!({ "active": false })).await;
        all_see(&[&third, guest, second], room, &[(&third, "master"), (guest, "member"), (second, "member")]).await;
        host.change_user("third", &json!({ "external": false })).await;
        all_see(&[guest, second], room, &[(guest, "master"), (second, "member")]).await;
        partner.change_user("guest", &json!({ "external": false })).await;
        all_see(&[second], room, &[(second, "master")]).await;
        second.say(room, "alone").await;
        second.wait_text(room, "alone").await;
    }
}

#[tokio::test]
async fn p16_the_removed_cannot_enter_and_what_they_said_stays() {
    let pair = Pair::open().await;
    for (host, partner) in pair.both_ways() {
        let four = Four::gather(host, partner).await;
        let (maker, colleague, guest, second, room) =
            (&four.maker, &four.colleague, &four.guest, &four.second, &four.room);
        for person in [colleague, guest] {
            let text = format!("{} was here", person.local());
            person.say(room, &text).await;
            for other in four.all() {
                other.wait_text(room, &text).await;
            }
        }
        maker.remove(room, guest).await.done();
        maker.remove(room, colleague).await.done();
        for person in [colleague, guest] {
            person.wait_out(room).await;
            for path in ["", "/messages", "/members", "/former"] {
                person.http.read(&format!("/api/v1/rooms/{room}{path}")).await.refused("NOT_FOUND");
            }
            let rooms = person.http.read("/api/v1/rooms").await.done();
            assert!(rooms["items"].as_array().expect("items").iter().all(|item| item["id"] != json!(room)));
            person.wait_notifications("removed", 1).await;
        }
        for person in [maker, second] {
            person.wait_members(room, 2).await;
            assert_eq!(person.texts(room).await, ["colleague was here", "guest was here"]);
            let former = person.http.read(&format!("/api/v1/rooms/{room}/former")).await.done();
            assert_eq!(former["items"].as_array().map(Vec::len), Some(2), "{former}");
        }
        // Both sides keep it: the removed are added again with the history that the rule gives them.
        maker.remove(room, second).await.done();
        second.wait_out(room).await;
        maker.say(room, "alone here").await;
        maker.add_members(room, &[second]).await.done();
        second.wait_members(room, 2).await;
        maker.say(room, "welcome back").await;
        second.wait_text(room, "welcome back").await;
        assert_eq!(second.texts(room).await, ["welcome back"]);
    }
}

#[tokio::test]
async fn p17_newcomers_see_from_their_arrival_on_unless_the_setting_says_all() {
    let pair = Pair::open().await;
    for (host, partner) in pair.both_ways() {
        let maker = host.person("maker").await;
        let mut guests = Vec::new();
        for local in ["guest", "early", "late", "last"] {
            guests.push(partner.person(local).await);
        }
        let colleague = host.person("colleague").await;
        let room = maker.group("Launch", &[&guests[0]]).await;
        for guest in &guests[1..] {
            maker.befriend(guest).await;
        }
        let say = async |text: &str| {
            maker.say(&room, text).await;
            guests[0].wait_text(&room, text).await;
        };
        say("one").await;
        maker.add_members(&room, &[&guests[1]]).await.done();
        guests[1].wait_members(&room, 3).await;
        say("two").await;
        maker.http.patch(&format!("/api/v1/rooms/{room}"), &json!({ "history": "all" })).await.done();
        maker.add_members(&room, &[&guests[2], &colleague]).await.done();
        guests[2].wait_members(&room, 5).await;
        say("three").await;
        maker.http.patch(&format!("/api/v1/rooms/{room}"), &json!({ "history": "arrival" })).await.done();
        maker.add_members(&room, &[&guests[3]]).await.done();
        guests[3].wait_members(&room, 6).await;
        say("four").await;
        for (person, expected) in [
            (&guests[0], &["one", "two", "three", "four"][..]),
            (&guests[1], &["two", "three", "four"]),
            (&guests[2], &["one", "two", "three", "four"]),
            (&colleague, &["one", "two", "three", "four"]),
            (&guests[3], &["four"]),
        ] {
            person.wait_text(&room, "four").await;
            assert_eq!(person.texts(&room).await, expected, "{}", person.address);
        }
    }
}

#[tokio::test]
async fn an_invitation_that_the_partner_declines_is_told_and_taken_back() {
    let mut pair = Pair::open().await;
    let (alice, bob) = (pair.acme.person("alice").await, pair.globex.person("bob").await);
    let dave = pair.globex.person("dave").await;
    let room = alice.group("Launch", &[&bob]).await;
    alice.befriend(&dave).await;
    pair.globex.daemon.stop().await;
    alice.add_members(&room, &[&dave]).await.done();
    let asked = alice.http.read(&format!("/api/v1/rooms/{room}/invitations")).await.done();
    assert_eq!(asked["items"][0]["address"], json!(dave.address));
    alice.remove(&room, &dave).await.done();
    let asked = alice.http.read(&format!("/api/v1/rooms/{room}/invitations")).await.done();
    assert_eq!(asked["items"], json!([]));
    pair.globex.restart().await;
    alice.say(&room, "without dave").await;
    bob.wait_text(&room, "without dave").await;
    assert!(dave.room(&room).await.is_none());
    assert_eq!(alice.members(&room).await.len(), 2);
}
