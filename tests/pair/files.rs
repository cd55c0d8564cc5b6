//! Files between two daemons, from both sides and in both roles: crossing, resuming, ending, and going away (W19, P20, A20).

use crate::harness::{
    http::Http,
    org::{Org, Pair},
    person::Person,
    proxy::Weather,
    sse::Events,
    until,
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::path::PathBuf;

const MIB: usize = 1024 * 1024;

fn content(seed: u8, bytes: usize) -> Vec<u8> {
    (0..bytes).map(|at| ((at * 31) % 251) as u8 ^ seed).collect()
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn upload(http: &Http, name: &str, bytes: &[u8]) -> String {
    let id = http.begin_upload(name, bytes.len()).await;
    http.push_upload(&id, 0, bytes.to_vec()).await;
    id
}

/// Sends a file; returns the answer to the post.
async fn send(person: &Person, room: &str, name: &str, bytes: &[u8]) -> Value {
    let id = upload(&person.http, name, bytes).await;
    let message = json!({ "text": name, "files": [{ "upload": id }] });
    person.http.post(&format!("/api/v1/rooms/{room}/messages"), &message).await.done()
}

async fn try_read(person: &Person, room: &str, digest: &str) -> (u16, Vec<u8>) {
    person.http.bytes(&format!("/api/v1/rooms/{room}/files/{digest}")).await
}

async fn wait_file(person: &Person, room: &str, bytes: &[u8]) {
    let digest = digest(bytes);
    let got = until(&format!("{} has the file", person.address), || async {
        let (status, got) = try_read(person, room, &digest).await;
        (status == 200).then_some(got)
    })
    .await;
    assert!(got == bytes, "the bytes are the same");
}

/// Waits until one is told that the partner has removed the files of a message too.
async fn wait_erased(events: &mut Events, index: u64) {
    let done = json!({ "here": true, "partner": true });
    loop {
        let data = events.next_of("files").await;
        if data["index"] == index && data["erasure"] == done {
            assert_eq!(data["files"][0]["state"], "erased");
            return;
        }
    }
}

fn blob(org: &Org, bytes: &[u8]) -> PathBuf {
    let hex = digest(bytes);
    org.dir().join("files").join(&hex[..2]).join(&hex)
}

/// The database is put back to before the files were sent, and their bytes are lost as well: the partner has them.
#[tokio::test]
async fn f14_files_that_were_sent_after_the_backup_come_back_from_the_partner() {
    let mut pair = Pair::open().await;
    let (alice, bob) = (pair.acme.person("alice").await, pair.globex.person("bob").await);
    let direct = alice.befriend(&bob).await;
    let group = bob.group("Plans", &[&alice]).await;
    alice.wait_room(&group).await;
    let backup = crate::backup::take(&pair.acme).await;
    let sent = [(1, &direct), (2, &group)].map(|(seed, room)| (room, content(seed, MIB + 5)));
    for (room, bytes) in &sent {
        send(&alice, room, "plan.bin", bytes).await;
        wait_file(&bob, room, bytes).await;
        std::fs::remove_file(blob(&pair.acme, bytes)).expect("it is there");
    }
    crate::backup::restore(&mut pair.acme, &backup).await;
    for (room, bytes) in &sent {
        wait_file(&alice, room, bytes).await;
    }
}

#[tokio::test]
async fn w19_files_cross_in_both_directions_and_stand_once() {
    let pair = Pair::open().await;
    let (alice, bob) = (pair.acme.person("alice").await, pair.globex.person("bob").await);
    let room = alice.befriend(&bob).await;
    for (seed, from, to) in [(1, &alice, &bob), (2, &bob, &alice)] {
        let bytes = content(seed, 3 * MIB + 17);
        let name = format!("plan{seed}.bin");
        send(from, &room, &name, &bytes).await;
        let item = to.wait_text(&room, &name).await;
        assert_eq!(item["event"]["files"][0]["digest"], digest(&bytes));
        wait_file(to, &room, &bytes).await;
        wait_file(from, &room, &bytes).await;
        for org in [&pair.acme, &pair.globex] {
            assert!(std::fs::read(blob(org, &bytes)).expect("it stands there") == bytes);
        }
    }
}

#[tokio::test]
async fn w19_a_file_that_is_on_its_way_says_so_and_comes_when_the_partner_is_back() {
    let pair = Pair::open().await;
    for (host, partner) in pair.both_ways() {
        let (sender, reader) = (host.person("sender").await, partner.person("reader").await);
        let room = sender.befriend(&reader).await;
        let bytes = content(host.domain.len() as u8, 2 * MIB);
        // The reader's daemon cannot reach the sender's: the message crosses, its file does not.
        host.network.set(Weather::Cut);
        send(&sender, &room, "later.bin", &bytes).await;
        if host.domain == "acme.example" {
            reader.wait_text(&room, "later.bin").await;
            let path = format!("/api/v1/rooms/{room}/files/{}", digest(&bytes));
            reader.http.read(&path).await.refused("FILE_AWAITED");
        }
        host.network.set(Weather::Fair);
        wait_file(&reader, &room, &bytes).await;
    }
}

#[tokio::test]
async fn a20_what_was_delivered_before_a_revocation_stays_and_what_was_not_is_refused() {
    let pair = Pair::open().await;
    let (alice, bob) = (pair.acme.person("alice").await, pair.globex.person("bob").await);
    let room = alice.befriend(&bob).await;
    let (before, late) = (content(1, MIB), content(2, MIB));
    send(&alice, &room, "before.bin", &before).await;
    wait_file(&bob, &room, &before).await;
    pair.acme.network.set(Weather::Cut);
    send(&alice, &room, "late.bin", &late).await;
    bob.wait_text(&room, "late.bin").await;
    pair.acme.revoke(&pair.globex).await;
    pair.acme.network.set(Weather::Fair);
    pair.wait("closed_by_us", "closed_by_them").await;
    wait_file(&bob, &room, &before).await;
    let (status, _) = try_read(&bob, &room, &digest(&late)).await;
    assert_eq!(status, 409, "it never crossed");
    assert!(!blob(&pair.globex, &late).exists());
    // Opened again, what was awaited is fetched: its message had crossed.
    pair.acme.grant(&pair.globex).await;
    pair.wait("open", "open").await;
    wait_file(&bob, &room, &late).await;
}

#[tokio::test]
async fn p20_a_recall_removes_the_bytes_on_both_sides_and_the_partner_says_so() {
    let pair = Pair::open().await;
    let (alice, bob) = (pair.acme.person("alice").await, pair.globex.person("bob").await);
    let room = alice.befriend(&bob).await;
    for (seed, from, to) in [(1, &alice, &bob), (2, &bob, &alice)] {
        let bytes = content(seed, MIB);
        let name = format!("oops{seed}.bin");
        send(from, &room, &name, &bytes).await;
        wait_file(to, &room, &bytes).await;
        let index = from.wait_text(&room, &name).await["index"].as_u64().expect("a number");
        let mut events = from.events().await;
        from.http.delete(&format!("/api/v1/rooms/{room}/messages/{index}")).await.done();
        wait_erased(&mut events, index).await;
        for org in [&pair.acme, &pair.globex] {
            assert!(!blob(org, &bytes).exists(), "no bytes are left at {}", org.domain);
        }
        for person in [from, to] {
            assert_eq!(try_read(person, &room, &digest(&bytes)).await.0, 404);
        }
    }
}

#[tokio::test]
async fn a_file_in_another_message_outlives_the_recall_of_one() {
    let pair = Pair::open().await;
    let (alice, bob) = (pair.acme.person("alice").await, pair.globex.person("bob").await);
    let room = alice.befriend(&bob).await;
    let bytes = content(7, MIB);
    send(&alice, &room, "twice.bin", &bytes).await;
    wait_file(&bob, &room, &bytes).await;
    let index = alice.wait_text(&room, "twice.bin").await["index"].as_u64().expect("a number");
    let known = json!({ "text": "again", "files": [{ "room": room, "index": index, "digest": digest(&bytes) }] });
    bob.http.post(&format!("/api/v1/rooms/{room}/messages"), &known).await.done();
    alice.wait_text(&room, "again").await;
    wait_file(&alice, &room, &bytes).await;
    let mut events = alice.events().await;
    alice.http.delete(&format!("/api/v1/rooms/{room}/messages/{index}")).await.done();
    wait_erased(&mut events, index).await;
    for person in [&alice, &bob] {
        wait_file(person, &room, &bytes).await;
    }
}

#[tokio::test]
async fn p3_the_admins_rules_are_held_at_once_by_both_sides() {
    let pair = Pair::open().await;
    let (alice, bob) = (pair.acme.person("alice").await, pair.globex.person("bob").await);
    let room = alice.befriend(&bob).await;
    let rules = |sending: bool, bytes_max: usize, forbidden: &[&str]| json!({ "sending": sending, "bytes_max": bytes_max, "forbidden": forbidden });
    let set = async |rules: Value| pair.globex.admin.put("/admin/v1/policy/files", &rules).await.done();
    let try_send = async |person: &Person, bytes: &[u8]| {
        let id = upload(&person.http, "x.bin", bytes).await;
        let message = json!({ "text": "x", "files": [{ "upload": id }] });
        person.http.post(&format!("/api/v1/rooms/{room}/messages"), &message).await
    };
    set(rules(false, MIB, &[])).await;
    try_send(&bob, b"abc").await.refused("FILES_OFF");
    bob.say(&room, "words go on").await;
    set(rules(true, MIB, &["application/pdf"])).await;
    // Alice is told at once whose rule it is, as soon as the daemons have greeted each other again.
    let detail = until("acme knows the rule of globex", || async {
        let answer = try_send(&alice, &content(3, MIB + 1)).await;
        (answer.code() == Some("TOO_LARGE")).then(|| answer.body["detail"].to_string())
    })
    .await;
    assert!(detail.contains("globex.example"), "{detail}");
    let field = until("acme knows the other rule", || async {
        let answer = try_send(&alice, b"%PDF-1.7 and so on").await;
        (answer.code() == Some("FILE_TYPE")).then(|| answer.body["field"].clone())
    })
    .await;
    assert_eq!(field, "files");
    let fewer = json!({ "state": "active", "scopes": ["contacts", "messages", "rooms"] });
    pair.globex.put_grant(&pair.acme, &fewer).await.done();
    for person in [&alice, &bob] {
        until("the scope is gone", || async { (try_send(person, b"abc").await.code() == Some("SCOPE")).then_some(()) })
            .await;
    }
}

#[tokio::test]
async fn f5_a_fetch_goes_on_after_kill_9_of_either_side() {
    let mut pair = Pair::open().await;
    let (alice, bob) = (pair.acme.person("alice").await, pair.globex.person("bob").await);
    let room = alice.befriend(&bob).await;
    let bytes = content(9, 60 * MIB);
    for round in 0..2 {
        let bytes: Vec<u8> = bytes.iter().map(|byte| byte ^ (round as u8)).collect();
        send(&alice, &room, &format!("big {round}"), &bytes).await;
        bob.wait_text(&room, &format!("big {round}")).await;
        let victim = if round == 0 { &mut pair.globex } else { &mut pair.acme };
        victim.daemon.kill().await;
        victim.restart().await;
        wait_file(&bob, &room, &bytes).await;
    }
}

#[tokio::test]
async fn f4_an_upload_goes_on_after_kill_9() {
    let mut pair = Pair::pinned().await;
    let alice = pair.acme.person("alice").await;
    let bytes = content(4, 4 * MIB);
    let id = alice.http.begin_upload("x.bin", bytes.len()).await;
    alice.http.push_upload(&id, 0, bytes[..MIB].to_vec()).await;
    pair.acme.daemon.kill().await;
    pair.acme.restart().await;
    let upload = alice.http.read(&format!("/api/v1/uploads/{id}")).await.done();
    assert_eq!(upload["offset"], json!(MIB), "what was answered is durable");
    alice.http.push_upload(&id, MIB, bytes[MIB..].to_vec()).await;
    let upload = alice.http.read(&format!("/api/v1/uploads/{id}")).await.done();
    assert_eq!(upload["file"]["digest"], digest(&bytes));
}

#[tokio::test]
async fn p19_the_room_shows_the_strictest_rule_for_files_and_whose_it_is() {
    let pair = Pair::open().await;
    for (host, partner) in pair.both_ways() {
        let (maker, guest) = (host.person("maker").await, partner.person("guest").await);
        let room = maker.group("Launch", &[&guest]).await;
        let path = format!("/api/v1/rooms/{room}");
        let wait_limit = async |limit: Value| {
            for person in [&maker, &guest] {
                until(&format!("{} sees {limit}", person.address), || async {
                    person.room(&room).await.filter(|room| room["file_limit"] == limit)
                })
                .await;
            }
        };
        guest.http.patch(&path, &json!({ "file_bytes_max": 2_000 })).await.refused("NOT_MASTER");
        maker.http.patch(&path, &json!({ "file_bytes_max": 2_000 })).await.done();
        wait_limit(json!({ "bytes_max": 2_000, "by": "masters" })).await;
        for person in [&maker, &guest] {
            let id = upload(&person.http, "x.bin", &[1; 2_001]).await;
            let message = json!({ "text": "x", "files": [{ "upload": id }] });
            person.http.post(&format!("{path}/messages"), &message).await.refused("TOO_LARGE");
        }
        let rules = json!({ "sending": true, "bytes_max": 1_000 });
        partner.admin.put("/admin/v1/policy/files", &rules).await.done();
        wait_limit(json!({ "bytes_max": 1_000, "by": partner.domain })).await;
        partner.admin.put("/admin/v1/policy/files", &json!({ "sending": true, "bytes_max": 100 * MIB })).await.done();
        wait_limit(json!({ "bytes_max": 2_000, "by": "masters" })).await;
        // One person's permission is the affair of their own admin.
        partner.admin.patch("/admin/v1/users/guest", &json!({ "files": false })).await.done();
        let id = upload(&guest.http, "x.bin", b"small").await;
        let message = json!({ "text": "x", "files": [{ "upload": id }] });
        guest.http.post(&format!("{path}/messages"), &message).await.refused("FILES_OFF");
        assert_eq!(guest.room(&room).await.expect("a member")["files_off"]["code"], "FILES_OFF");
        assert_eq!(maker.room(&room).await.expect("a member")["files_off"], Value::Null);
        guest.say(&room, "words go on").await;
        partner.admin.patch("/admin/v1/users/guest", &json!({ "files": true })).await.done();
    }
}

#[tokio::test]
async fn p19_a_notes_files_cross_and_go_with_it() {
    let pair = Pair::open().await;
    for (host, partner) in pair.both_ways() {
        let (maker, guest) = (host.person("maker").await, partner.person("guest").await);
        let room = maker.group("Launch", &[&guest]).await;
        let notes = format!("/api/v1/rooms/{room}/notes");
        for (seed, from, to) in [(1, &maker, &guest), (2, &guest, &maker)] {
            let bytes = content(seed ^ host.domain.len() as u8, 300_000);
            let id = upload(&from.http, "photo.bin", &bytes).await;
            let title = format!("Photos {seed}");
            from.http.post(&notes, &json!({ "title": title, "files": [{ "upload": id }] })).await.done();
            let note = until("the note is there with its file", || async {
                let page = to.http.read(&notes).await.done();
                let items = page["items"].as_array().expect("items").clone();
                items.into_iter().find(|note| note["title"] == title && note["files"][0]["state"] == "here")
            })
            .await;
            wait_file(to, &room, &bytes).await;
            from.http.delete(&format!("{notes}/{}", note["index"])).await.done();
            until("the bytes are gone on both sides", || async {
                [&pair.acme, &pair.globex].iter().all(|org| !blob(org, &bytes).exists()).then_some(())
            })
            .await;
        }
    }
}

fn picture(seed: u8) -> Vec<u8> {
    let pixels = image::RgbImage::from_fn(600, 400, |x, y| image::Rgb([seed, (x % 256) as u8, (y % 256) as u8]));
    let mut bytes = std::io::Cursor::new(Vec::new());
    pixels.write_to(&mut bytes, image::ImageFormat::Png).expect("memory takes it");
    bytes.into_inner()
}

#[tokio::test]
async fn p12_photos_of_people_and_rooms_are_small_and_seen_on_both_sides() {
    let pair = Pair::open().await;
    for (seed, (host, partner)) in (1..).zip(pair.both_ways()) {
        let (maker, guest) = (host.person("maker").await, partner.person("guest").await);
        let room = maker.group("Launch", &[&guest]).await;
        maker.set_role(&room, &guest, "master").await;
        let shown = async |person: &Person, path: &str, wanted: &Value| {
            until(&format!("{} sees {wanted} at {path}", person.address), || async {
                let (status, got) = person.http.bytes(path).await;
                (status == 200 && got.starts_with(&[0xff, 0xd8]) && got.len() <= 64 * 1024).then_some(())
            })
            .await;
        };
        for (n, (from, to)) in [(1_u8, (&maker, &guest)), (2, (&guest, &maker))] {
            let file =
                async || json!({ "file": { "upload": upload(&from.http, "me.png", &picture(10 * seed + n)).await } });
            from.http.put("/api/v1/me/photo", &file().await).await.done();
            let photo = from.http.read("/api/v1/me").await.done()["photo"].clone();
            until("the partner's member has the photo", || async {
                let members = to.http.read(&format!("/api/v1/rooms/{room}/members")).await.done();
                let mut members = members["items"].as_array().expect("items").clone().into_iter();
                members.find(|member| member["address"] == from.address && member["photo"] == photo)
            })
            .await;
            shown(to, &format!("/api/v1/people/{}/photo", from.address), &photo).await;
            let before = to.room(&room).await.expect("a member")["photo"].clone();
            let path = format!("/api/v1/rooms/{room}/photo");
            until("a master sets the room's photo", || async {
                (from.http.put(&path, &file().await).await.status == 202).then_some(())
            })
            .await;
            let now = until("the other side has the room's photo", || async {
                let photo = to.room(&room).await.map(|room| room["photo"].clone());
                photo.filter(|photo| !photo.is_null() && *photo != before)
            })
            .await;
            shown(to, &path, &now).await;
        }
        let text = json!({ "file": { "upload": upload(&maker.http, "x.txt", b"no picture").await } });
        maker.http.put("/api/v1/me/photo", &text).await.refused("FILE_TYPE");
    }
}
