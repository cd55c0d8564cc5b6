//! A disk that fails or is full (F7, F8): real system calls fail by `strace`, a real file system is full by `tmpfs`.

use crate::harness::{
    org::{Org, Pair},
    scalpel::Scalpel,
    until,
};
use serde_json::json;
use std::{
    path::{Path, PathBuf},
    process::Command,
};
use tempfile::TempDir;

#[tokio::test]
async fn f7_after_a_failed_sync_nothing_is_answered_and_the_process_ends_with_70() {
    for acme_fails in [true, false] {
        let mut pair = Pair::open().await;
        let (alice, bob) = (pair.acme.person("alice").await, pair.globex.person("bob").await);
        let room = alice.befriend(&bob).await;
        let (author, reader) = if acme_fails { (&alice, &bob) } else { (&bob, &alice) };
        let victim = if acme_fails { &mut pair.acme } else { &mut pair.globex };
        let options = ["-e", "trace=fdatasync,fsync", "-e", "inject=fdatasync,fsync:error=EIO"];
        let Some(scalpel) = Scalpel::attach_with(victim.daemon.pid(), &options).await else { return };
        let answered = author.say_once(&room, "not safe").await;
        assert_ne!(answered, Some(201), "accepted means durable");
        assert_eq!(victim.daemon.ended().await.code(), Some(70));
        let trace = scalpel.detach().await;
        let failed = trace.lines().filter(|line| line.contains("EIO")).count();
        assert_eq!(failed, 1, "a sync that failed is not tried again:\n{trace}");
        // A restart reads what is durable; the same request under its key is done once.
        victim.restart().await;
        author.insist(&room, "not safe").await;
        reader.wait_text(&room, "not safe").await;
        for person in [author, reader] {
            person.wait_text(&room, "not safe").await;
            assert_eq!(person.texts(&room).await, ["not safe"]);
        }
    }
}

#[tokio::test]
async fn f7_a_receiver_whose_sync_fails_acknowledges_nothing() {
    let mut pair = Pair::open().await;
    let (alice, bob) = (pair.acme.person("alice").await, pair.globex.person("bob").await);
    let room = alice.befriend(&bob).await;
    let options = ["-e", "trace=fdatasync,fsync", "-e", "inject=fdatasync,fsync:error=EIO"];
    let Some(scalpel) = Scalpel::attach_with(pair.globex.daemon.pid(), &options).await else { return };
    let id = alice.say(&room, "hello").await;
    assert_eq!(pair.globex.daemon.ended().await.code(), Some(70));
    scalpel.detach().await;
    assert_eq!(alice.delivery(&room, &id).await.expect("one's own").0, "queued");
    pair.globex.restart().await;
    alice.wait_delivery(&room, &id, "delivered").await;
    assert_eq!(bob.texts(&room).await, ["hello"]);
}

#[tokio::test]
async fn f8_a_write_that_finds_no_space_ends_the_process_and_tears_nothing() {
    let mut pair = Pair::open().await;
    let (alice, bob) = (pair.acme.person("alice").await, pair.globex.person("bob").await);
    let room = alice.befriend(&bob).await;
    let options = ["-e", "trace=pwrite64", "-e", "inject=pwrite64:error=ENOSPC"];
    let Some(scalpel) = Scalpel::attach_with(pair.acme.daemon.pid(), &options).await else { return };
    assert_ne!(alice.say_once(&room, "no space").await, Some(201));
    assert_eq!(pair.acme.daemon.ended().await.code(), Some(70));
    scalpel.detach().await;
    pair.acme.restart().await;
    alice.insist(&room, "no space").await;
    bob.wait_text(&room, "no space").await;
    assert_eq!(alice.texts(&room).await, ["no space"]);
}

/// A small file system of its own. Making one needs root.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Mounts it; none, with a word on standard error, when that is not allowed here.
    fn mount(on: &Path, mib: u32) -> Option<Self> {
        let done = Command::new("mount").args(["-t", "tmpfs", "-o", &format!("size={mib}m"), "tmpfs"]).arg(on).output();
        if done.is_ok_and(|done| done.status.success()) {
            return Some(Self(on.to_owned()));
        }
        eprintln!("SKIPPED: a file system cannot be mounted here");
        None
    }

    /// Leaves less than the daemon wants to keep free for what ends something.
    fn fill(&self) {
        self.fill_mib(48);
    }

    fn fill_mib(&self, mib: usize) {
        std::fs::write(self.0.join("ballast"), vec![1; mib * 1024 * 1024]).expect("it fits");
    }

    fn free(&self) {
        std::fs::remove_file(self.0.join("ballast")).expect("it is there");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").args(["-l"]).arg(&self.0).status();
    }
}

#[tokio::test]
async fn f8_a_full_disk_refuses_users_holds_the_peer_and_still_lets_a_revocation_through() {
    let place = TempDir::new().expect("a temporary directory");
    let Some(disk) = SmallDisk::mount(place.path(), 104) else { return };
    let home = TempDir::new_in(place.path()).expect("a directory on the small disk");
    let mut pair = Pair {
        acme: Org::raise_in(home, "acme.example", "Acme").await,
        globex: Org::raise("globex.example", "Globex").await,
    };
    tokio::join!(pair.acme.pin(&pair.globex), pair.globex.pin(&pair.acme));
    tokio::join!(pair.acme.grant(&pair.globex), pair.globex.grant(&pair.acme));
    pair.wait("open", "open").await;
    let (alice, bob) = (pair.acme.person("alice").await, pair.globex.person("bob").await);
    let room = alice.befriend(&bob).await;

    disk.fill();
    let refused = alice.try_say(&room, "too much").await;
    assert_eq!(refused.status, 507);
    refused.refused("STORAGE_FULL");
    let waiting = bob.say(&room, "for when you have space").await;
    let is_told = async || pair.globex.link(&pair.acme).await["last_refusal"]["what"].clone();
    bob.wait_delivery(&room, &waiting, "queued").await;
    disk.free();
    alice.wait_text(&room, "for when you have space").await;
    assert_eq!(pair.globex.link(&pair.acme).await["state"], "open", "{:?}", is_told().await);
    alice.say(&room, "now it works").await;
    bob.wait_text(&room, "now it works").await;

    disk.fill();
    assert_eq!(pair.acme.revoke(&pair.globex).await["state"], "closed_by_us");
    pair.wait("closed_by_us", "closed_by_them").await;
    disk.free();
    // Nothing is torn: a restart reads it all.
    pair.acme.daemon.kill().await;
    pair.acme.restart().await;
    assert_eq!(alice.texts(&room).await, ["for when you have space", "now it works"]);
    pair.acme.check_audit().await;
    pair.acme.daemon.stop().await;
    drop(pair);
    drop(disk);
}

#[tokio::test]
async fn f8_a_disk_without_room_for_files_takes_messages_and_fetches_what_was_announced_later() {
    let place = TempDir::new().expect("a temporary directory");
    let Some(disk) = SmallDisk::mount(place.path(), 760) else { return };
    let home = TempDir::new_in(place.path()).expect("a directory on the small disk");
    let pair = Pair {
        acme: Org::raise_in(home, "acme.example", "Acme").await,
        globex: Org::raise("globex.example", "Globex").await,
    };
    tokio::join!(pair.acme.pin(&pair.globex), pair.globex.pin(&pair.acme));
    tokio::join!(pair.acme.grant(&pair.globex), pair.globex.grant(&pair.acme));
    pair.wait("open", "open").await;
    let (alice, bob) = (pair.acme.person("alice").await, pair.globex.person("bob").await);
    let room = alice.befriend(&bob).await;

    let id = alice.http.begin_upload("mine.bin", 5_000).await;
    disk.fill_mib(300);
    let refused = alice.http.try_push_upload(&id, 0, vec![1; 5_000]).await;
    assert_eq!(refused.status, 507);
    refused.refused("STORAGE_FULL");
    let theirs = bob.http.begin_upload("theirs.bin", 5_000).await;
    bob.http.push_upload(&theirs, 0, vec![2; 5_000]).await;
    let message = json!({ "text": "theirs", "files": [{ "upload": theirs }] });
    bob.http.post(&format!("/api/v1/rooms/{room}/messages"), &message).await.done();
    let item = alice.wait_text(&room, "theirs").await;
    let digest = item["event"]["files"][0]["digest"].as_str().expect("a digest").to_owned();
    let path = format!("/api/v1/rooms/{room}/files/{digest}");
    alice.http.read(&path).await.refused("FILE_AWAITED");
    alice.say(&room, "words need little room").await;
    bob.wait_text(&room, "words need little room").await;

    disk.free();
    until("the file is fetched when there is room", || async {
        let (status, bytes) = alice.http.bytes(&path).await;
        (status == 200 && bytes == [2; 5_000]).then_some(())
    })
    .await;
    alice.http.push_upload(&id, 0, vec![1; 5_000]).await;
    drop(pair);
    drop(disk);
}
