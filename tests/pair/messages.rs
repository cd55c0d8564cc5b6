//! Messages: what they can say, in which order they stand, and where they are (P20, P21, P23, P24).

use crate::harness::{org::Pair, person::Person, proxy::Weather, until};
use serde_json::{Value, json};

async fn post(person: &Person, room: &str, message: Value) -> crate::harness::http::Answer {
    person.http.post(&format!("/api/v1/rooms/{room}/messages"), &message).await
}

#[tokio::test]
async fn p20_texts_cross_byte_for_byte_up_to_the_limit() {
    let pair = Pair::open().await;
    let (alice, bob) = (pair.acme.person("alice").await, pair.globex.person("bob").await);
    let room = alice.befriend(&bob).await;
    let longest = "x".repeat(16 * 1024);
    let widest = "\u{1F680}".repeat(4 * 1024);
    let texts = [
        longest.as_str(),
        widest.as_str(),
        "\"quotes\" \\ back/slash\nlines\ttabs",
        "\u{202e}right to left\u{202c} \u{200d} e\u{301} ﷽",
        "{\"text\":\"JSON in JSON\"}",
        " spaces ",
        "\u{0}\u{1}\u{7f}",
    ];
    for (from, to) in [(&alice, &bob), (&bob, &alice)] {
        for text in texts {
            let answer = from.try_say(&room, text).await;
            if answer.code() == Some("INVALID") {
                assert!(text.contains('\u{0}'), "{text:?}: {}", answer.body);
                continue;
            }
            let id = answer.done()["id"].as_str().expect("an id").to_owned();
            let there = until("it arrives", || async {
                let timeline = to.timeline(&room).await;
                timeline["items"].as_array()?.iter().find(|item| item["event"]["id"] == json!(id)).cloned()
            })
            .await;
            assert_eq!(there["event"]["text"], text);
            from.wait_text(&room, text).await;
        }
        let problem = from.try_say(&room, &format!("{longest}x")).await.refused("INVALID");
        assert_eq!(problem["field"], "text");
        assert_eq!(from.try_say(&room, "").await.refused("INVALID")["field"], "text");
    }
}

#[tokio::test]
async fn p20_replies_and_mentions_point_to_the_same_on_both_sides() {
    let pair = Pair::open().await;
    for (host, partner) in pair.both_ways() {
        let (maker, guest) = (host.person("maker").await, partner.person("guest").await);
        let room = maker.group("Launch", &[&guest]).await;
        for (from, to) in [(&maker, &guest), (&guest, &maker)] {
            let question = format!("what says {}?", to.local());
            post(from, &room, json!({ "text": question, "mentions": [to.address] })).await.done();
            let index = to.wait_text(&room, &question).await["index"].clone();
            let told = to.wait_notifications("mentioned", 1).await;
            assert_eq!((&told[0]["room"], &told[0]["index"]), (&json!(room), &index));
            let answer = format!("{} says yes", to.local());
            post(to, &room, json!({ "text": answer, "reply_to": index })).await.done();
            let seen = from.wait_text(&room, &answer).await;
            assert_eq!(seen["event"]["reply_to"], index);
            assert_eq!(from.wait_text(&room, &question).await["index"], index);
        }
        let refused =
            post(&guest, &room, json!({ "text": "to what?", "reply_to": 10_000 })).await.refused("NO_SUCH_MESSAGE");
        assert_eq!(refused["field"], "reply_to");
        let stranger = json!({ "text": "who?", "mentions": [format!("nobody@{}", host.domain)] });
        assert_eq!(post(&guest, &room, stranger).await.refused("INVALID")["field"], "mentions");
    }
}

#[tokio::test]
async fn p21_a_message_is_queued_while_the_partner_is_away_and_then_delivered() {
    let mut pair = Pair::open().await;
    let (alice, bob) = (pair.acme.person("alice").await, pair.globex.person("bob").await);
    let room = alice.befriend(&bob).await;
    pair.globex.daemon.stop().await;
    let posted = alice.try_say(&room, "are you there?").await.done();
    assert_eq!(posted["delivery"]["state"], "queued");
    let id = posted["id"].as_str().expect("an id");
    alice.wait_delivery(&room, id, "queued").await;
    pair.globex.restart().await;
    bob.wait_text(&room, "are you there?").await;
    alice.wait_delivery(&room, id, "delivered").await;
    // From the side that follows: queued without a place, then placed by the host.
    pair.acme.daemon.stop().await;
    let posted = bob.try_say(&room, "yes!").await.done();
    assert_eq!((&posted["delivery"]["state"], &posted["index"]), (&json!("queued"), &Value::Null));
    let timeline = bob.timeline(&room).await;
    assert_eq!(timeline["pending"][0]["event"]["text"], "yes!", "one's own message shows at once");
    pair.acme.restart().await;
    alice.wait_text(&room, "yes!").await;
    let placed = bob.wait_text(&room, "yes!").await;
    assert_eq!(placed["index"], 1);
    assert_eq!(bob.timeline(&room).await["pending"], json!([]));
}

#[tokio::test]
async fn p21_a_message_that_the_partner_refuses_says_why() {
    let mut pair = Pair::open().await;
    // While the host is away, the guest is removed there: the host's clock goes first.
    for domain in ["acme.example", "globex.example"] {
        let (host, partner) = if domain == "acme.example" {
            (&mut pair.acme, &mut pair.globex)
        } else {
            (&mut pair.globex, &mut pair.acme)
        };
        let (maker, guest) = (host.person("maker").await, partner.person("guest").await);
        let room = maker.group("Launch", &[&guest]).await;
        let direct = maker.contact(&guest.address).await["room"].as_str().expect("a room").to_owned();
        // Both directions are cut: each side decides without the other.
        host.network.set(Weather::Cut);
        partner.network.set(Weather::Cut);
        guest.say(&room, "too late").await;
        maker.remove(&room, &guest).await.done();
        host.network.set(Weather::Fair);
        partner.network.set(Weather::Fair);
        guest.wait_out(&room).await;
        let told = guest.wait_notifications("refused", 1).await;
        assert_eq!((&told[0]["room"], &told[0]["code"]), (&json!(room), &json!("NOT_MEMBER")));
        assert!(maker.texts(&room).await.is_empty());
        // The link itself goes on.
        guest.say(&direct, "and now?").await;
        maker.wait_text(&direct, "and now?").await;
    }
}

#[tokio::test]
async fn p21_what_the_host_sent_and_the_partner_refuses_is_shown_to_the_author() {
    let pair = Pair::open().await;
    let (alice, bob) = (pair.acme.person("alice").await, pair.globex.person("bob").await);
    let room = alice.befriend(&bob).await;
    // Bob's submission crosses Acme's withdrawal of the scope: it was queued while both grants named it.
    pair.acme.network.set(Weather::Cut);
    pair.globex.network.set(Weather::Cut);
    let id = bob.say(&room, "one more thing").await;
    let fewer = json!({ "state": "active", "scopes": ["contacts", "rooms"] });
    pair.acme.put_grant(&pair.globex, &fewer).await.done();
    pair.acme.network.set(Weather::Fair);
    pair.globex.network.set(Weather::Fair);
    let code = bob.wait_delivery(&room, &id, "refused").await;
    assert_eq!(code.as_deref(), Some("SCOPE"));
    let told = bob.wait_notifications("refused", 1).await;
    assert_eq!(told[0]["code"], "SCOPE");
    assert!(alice.texts(&room).await.is_empty());
}

#[tokio::test]
async fn p21_a_message_that_waits_when_the_link_closes_is_undelivered() {
    let mut pair = Pair::open().await;
    let (alice, bob) = (pair.acme.person("alice").await, pair.globex.person("bob").await);
    let room = alice.befriend(&bob).await;
    pair.globex.daemon.stop().await;
    let from_host = alice.say(&room, "too late").await;
    pair.acme.revoke(&pair.globex).await;
    alice.wait_delivery(&room, &from_host, "undelivered").await;
    pair.globex.restart().await;
    pair.wait("closed_by_us", "closed_by_them").await;
    pair.acme.grant(&pair.globex).await;
    pair.wait("open", "open").await;
    pair.acme.daemon.stop().await;
    let from_follower = bob.say(&room, "also too late").await;
    pair.globex.revoke(&pair.acme).await;
    bob.wait_delivery(&room, &from_follower, "undelivered").await;
    pair.acme.restart().await;
    pair.wait("closed_by_them", "closed_by_us").await;
    pair.globex.grant(&pair.acme).await;
    pair.wait("open", "open").await;
    // It stays undelivered, and does not cross later (P18).
    for (from, to, text) in [(&alice, &bob, "on time"), (&bob, &alice, "as well")] {
        from.wait_writable(&room, true).await;
        from.say(&room, text).await;
        // In a room that the partner hosts, one's own message has its place only when the host has told it.
        for person in [from, to] {
            person.wait_text(&room, text).await;
        }
    }
    assert_eq!(bob.texts(&room).await, ["on time", "as well"]);
    assert_eq!(alice.texts(&room).await, ["too late", "on time", "as well"]);
    alice.wait_delivery(&room, &from_host, "undelivered").await;
    bob.wait_delivery(&room, &from_follower, "undelivered").await;
}

#[tokio::test]
async fn p23_both_sides_show_the_same_events_in_the_hosts_order() {
    let pair = Pair::open().await;
    for (host, partner) in pair.both_ways() {
        let (maker, colleague) = (host.person("maker").await, host.person("colleague").await);
        let (guest, second) = (partner.person("guest").await, partner.person("second").await);
        let room = maker.group("Launch", &[&colleague, &guest, &second]).await;
        let talk = async |person: &Person| {
            for number in 0..25 {
                person.say(&room, &format!("{} {number}", person.local())).await;
            }
        };
        tokio::join!(talk(&maker), talk(&colleague), talk(&guest), talk(&second));
        for person in [&maker, &colleague, &guest, &second] {
            until("all hundred are there", || async { (person.texts(&room).await.len() == 100).then_some(()) }).await;
        }
        let order = async |person: &Person| {
            let events = person.whole_timeline(&room).await;
            events.iter().map(|item| (item["index"].clone(), item["event"].to_string())).collect::<Vec<_>>()
        };
        let at_host = order(&maker).await;
        assert_eq!(order(&colleague).await, at_host);
        for person in [&guest, &second] {
            // Events before their arrival are not theirs to see; the rest is the same, bytes and all.
            let theirs = order(person).await;
            assert!(theirs.len() >= 100);
            assert_eq!(theirs, at_host[at_host.len() - theirs.len()..]);
        }
        let texts = maker.texts(&room).await;
        for person in [&maker, &colleague, &guest, &second] {
            let own: Vec<&String> = texts.iter().filter(|text| text.starts_with(person.local())).collect();
            let expected: Vec<String> = (0..25).map(|number| format!("{} {number}", person.local())).collect();
            assert!(own.iter().copied().eq(&expected), "each author's own order stands: {own:?}");
        }
    }
}

#[tokio::test]
async fn p24_the_time_of_the_last_contact_is_shown() {
    let mut pair = Pair::open().await;
    let alice = pair.acme.person("alice").await;
    let seen =
        async || alice.http.read("/api/v1/me").await.done()["peers"][0]["last_contact_at"].as_u64().expect("a time");
    let before = seen().await;
    pair.globex.daemon.stop().await;
    let away = seen().await;
    let bob_was_there = pair.acme.link(&pair.globex).await;
    assert_eq!(bob_was_there["last_contact_at"], json!(away));
    pair.globex.restart().await;
    until("a later contact is shown", || async { (seen().await > away).then_some(()) }).await;
    assert!(before <= away);
}
