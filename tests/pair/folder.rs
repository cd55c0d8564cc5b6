//! The folder of a room between two daemons, from both sides, in both roles, and after a revocation (P19, P17, W19).

use crate::harness::{org::Pair, person::Person, until};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn upload(person: &Person, name: &str, bytes: &[u8]) -> Value {
    let id = person.http.begin_upload(name, bytes.len()).await;
    person.http.push_upload(&id, 0, bytes.to_vec()).await;
    json!({ "upload": id })
}

fn base(room: &str) -> String {
    format!("/api/v1/rooms/{room}/folder")
}

/// What somebody sees in the folder, once it is as wanted.
async fn wait(person: &Person, room: &str, what: &str, holds: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    until(&format!("{what} for {}", person.address), || async {
        let page = person.http.read(&base(room)).await;
        page.body["items"].as_array().filter(|items| holds(items)).cloned()
    })
    .await
}

fn named<'a>(items: &'a [Value], name: &str) -> Option<&'a Value> {
    items.iter().find(|entry| entry["name"] == name)
}

async fn wait_named(person: &Person, room: &str, name: &str) -> Value {
    let items = wait(person, room, name, |items| named(items, name).is_some()).await;
    named(&items, name).expect("it was just there").clone()
}

async fn wait_bytes(person: &Person, room: &str, bytes: &[u8]) {
    let path = format!("/api/v1/rooms/{room}/files/{}", digest(bytes));
    until(&format!("{} has the bytes", person.address), || async {
        let (status, got) = person.http.bytes(&path).await;
        (status == 200 && got == bytes).then_some(())
    })
    .await;
}

#[tokio::test]
async fn p19_the_folder_is_the_same_on_both_sides_in_both_roles() {
    let pair = Pair::open().await;
    for (host, partner) in pair.both_ways() {
        let (maker, guest) = (host.person("maker").await, partner.person("guest").await);
        let room = maker.group("Launch", &[&guest]).await;
        let base = base(&room);
        for (n, (from, to)) in [(1_u8, (&maker, &guest)), (2, (&guest, &maker))] {
            let (plans, first) = (format!("Plans {n}"), format!("plan {n}.txt"));
            let (one, two) = (vec![n; 3_000], vec![n + 10; 4_000]);
            from.http.post(&base, &json!({ "name": plans })).await.done();
            let sub = wait_named(from, &room, &plans).await["index"].clone();
            let file = upload(from, &first, &one).await;
            from.http.post(&base, &json!({ "file": file, "in": sub })).await.done();
            let entry = wait_named(to, &room, &first).await;
            assert_eq!((&entry["in"], &entry["author"]), (&sub, &json!(from.address)));
            wait_bytes(to, &room, &one).await;
            let path = format!("{base}/{}", entry["index"]);
            let file = upload(to, "other.txt", &two).await;
            to.http.post(&format!("{path}/versions"), &json!({ "file": file })).await.done();
            wait(from, &room, "two versions", |items| named(items, &first).is_some_and(|it| it["versions"] == 2)).await;
            wait_bytes(from, &room, &two).await;
            wait_bytes(from, &room, &one).await;
            let last = format!("final {n}.txt");
            to.http.put(&format!("{path}/name"), &json!({ "name": last })).await.done();
            for person in [from, to] {
                wait_named(person, &room, &last).await;
                for bytes in [&one, &two] {
                    let file = format!("/api/v1/rooms/{room}/files/{}", digest(bytes));
                    let saved = person.http.saved_as(&file).await;
                    assert!(saved.contains(&last), "it is saved as it is called now: {saved}");
                }
            }
            to.http.put(&format!("{path}/place"), &json!({})).await.done();
            wait(from, &room, "at the top", |items| named(items, &last).is_some_and(|it| it["in"].is_null())).await;
            from.http.delete(&path).await.done();
            wait(to, &room, "deleted", |items| named(items, &last).is_none()).await;
            from.http.post(&format!("{path}/restore"), &json!({})).await.done();
            wait_named(to, &room, &last).await;
        }
    }
}

#[tokio::test]
async fn what_cannot_be_brought_back_is_removed_from_the_disks_of_both() {
    let pair = Pair::open().await;
    let (alice, bob) = (pair.acme.person("alice").await, pair.globex.person("bob").await);
    let room = alice.befriend(&bob).await;
    for (n, (org, from, to)) in [(1, (&pair.acme, &alice, &bob)), (2, (&pair.globex, &bob, &alice))] {
        let mut policy = org.admin.read("/admin/v1/policy/files").await.done();
        policy["folder_kept_days"] = json!(0);
        org.admin.put("/admin/v1/policy/files", &policy).await.done();
        let bytes = vec![n; 5_000];
        let name = format!("secret {n}.bin");
        let file = upload(from, &name, &bytes).await;
        from.http.post(&base(&room), &json!({ "file": file })).await.done();
        let entry = wait_named(to, &room, &name).await;
        wait_bytes(to, &room, &bytes).await;
        let hex = digest(&bytes);
        let blobs = [&pair.acme, &pair.globex].map(|org| org.dir().join("files").join(&hex[..2]).join(&hex));
        assert!(blobs.iter().all(|blob| blob.exists()));
        from.http.delete(&format!("{}/{}", base(&room), entry["index"])).await.done();
        until("the bytes are gone on both sides", || async { blobs.iter().all(|blob| !blob.exists()).then_some(()) })
            .await;
        let path = format!("{}/{}/restore", base(&room), entry["index"]);
        from.http.post(&path, &json!({})).await.refused("TOO_LATE");
    }
}

#[tokio::test]
async fn p26_after_a_revocation_those_who_remain_keep_the_folder_and_the_others_lose_it() {
    let pair = Pair::open().await;
    let (maker, guest) = (pair.acme.person("maker").await, pair.globex.person("guest").await);
    let room = maker.group("Launch", &[&guest]).await;
    let bytes = vec![7; 5_000];
    let file = upload(&guest, "theirs.bin", &bytes).await;
    guest.http.post(&base(&room), &json!({ "file": file })).await.done();
    let index = wait_named(&maker, &room, "theirs.bin").await["index"].clone();
    wait_bytes(&maker, &room, &bytes).await;
    pair.globex.revoke(&pair.acme).await;
    guest.wait_out(&room).await;
    pair.wait("closed_by_them", "closed_by_us").await;
    wait_bytes(&maker, &room, &bytes).await;
    guest.http.read(&base(&room)).await.refused("NOT_FOUND");
    let name = json!({ "name": "ours.bin" });
    guest.http.put(&format!("{}/{index}/name", base(&room)), &name).await.refused("NOT_FOUND");
    maker.http.put(&format!("{}/{index}/name", base(&room)), &name).await.done();
    wait_named(&maker, &room, "ours.bin").await;
}

#[tokio::test]
async fn p19_a_partner_whose_admin_forbids_the_folder_is_named_and_nothing_is_taken() {
    let pair = Pair::open().await;
    for (host, partner) in pair.both_ways() {
        let (maker, guest) = (host.person("maker").await, partner.person("guest").await);
        let room = maker.group("Launch", &[&guest]).await;
        let mut policy = partner.admin.read("/admin/v1/policy").await.done();
        policy["tools"] = json!(["note", "calendar"]);
        partner.admin.put("/admin/v1/policy", &policy).await.done();
        let rule = json!({ "tool": "folder", "on": false, "off_by": partner.domain });
        for person in [&maker, &guest] {
            until(&format!("{} sees the rule", person.address), || async {
                person.room(&room).await.filter(|room| room["tools"][2] == rule)
            })
            .await;
            person.http.post(&base(&room), &json!({ "name": "x" })).await.refused("TOOL_OFF");
        }
        policy["tools"] = json!(["note", "calendar", "folder"]);
        partner.admin.put("/admin/v1/policy", &policy).await.done();
    }
}
