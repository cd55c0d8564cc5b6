//! Contents and uploads on both kinds of disk: whole or not there, once, and resumed where they stopped (W19, F8).

use super::*;
use crate::{
    crypto::digest::sha256,
    model::{LocalPart, file::FileName},
    testing::ManualClock,
};

const MIB: usize = 1024 * 1024;

fn alice() -> LocalPart {
    "alice".parse().expect("a name")
}

fn id(n: u8) -> UploadId {
    UploadId([n; 16])
}

fn content(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|at| (at * 31 % 251) as u8).collect()
}

fn new(bytes: usize) -> NewUpload {
    NewUpload { bytes: bytes as u64, name: FileName::clean("a.bin"), declared: None, digest: None }
}

fn on(disk: Arc<dyn Disk>, clock: &ManualClock) -> Files {
    Files::open(disk, Work::Inline, Arc::new(clock.clone())).expect("a disk that works")
}

fn in_memory() -> (Files, Arc<Memory>, ManualClock) {
    let (disk, clock) = (Arc::new(Memory::new()), ManualClock::default());
    (on(disk.clone(), &clock), disk, clock)
}

async fn upload(files: &Files, n: u8, bytes: &[u8]) -> Progress {
    files.begin_upload(&alice(), id(n), new(bytes.len())).await.expect("there is room");
    let mut writing = files.write_upload(&alice(), id(n), 0).await.expect("nobody else writes");
    writing.push(bytes.to_vec().into()).await.expect("there is room");
    writing.close().await.expect("the bytes are whole")
}

#[tokio::test]
async fn w19_a_content_stands_once_under_its_digest_on_a_real_disk() {
    let dir = tempfile::tempdir().expect("a directory");
    let root = dir.path().join("files");
    let disk = Arc::new(Dir::open(&root).expect("a directory can be made"));
    let files = on(disk.clone(), &ManualClock::default());
    let bytes = content(3 * MIB + 17);
    let digest = sha256(&bytes);
    for n in [1, 2] {
        let Progress::Finished(file) = upload(&files, n, &bytes).await else { panic!("it is whole") };
        assert_eq!((file.digest, file.bytes), (digest, bytes.len() as u64));
    }
    let hex = digest.to_string();
    assert_eq!(std::fs::read(root.join(&hex[..2]).join(&hex)).expect("it is there"), bytes);
    assert_eq!(std::fs::read_dir(root.join("parts")).expect("a directory").count(), 0, "no second copy is left");
    assert_eq!(files.read(digest, 3 * MIB as u64, 100).await.expect("it is there"), bytes[3 * MIB..]);
    assert_eq!(files.contents(digest.0[0]).await, Ok(vec![digest]));
}

#[tokio::test]
async fn an_interrupted_upload_goes_on_where_it_stopped() {
    let (files, disk, clock) = in_memory();
    let bytes = content(5_000);
    files.begin_upload(&alice(), id(1), new(bytes.len())).await.expect("there is room");
    let mut writing = files.write_upload(&alice(), id(1), 0).await.expect("nobody else writes");
    writing.push(bytes[..2_000].to_vec().into()).await.expect("there is room");
    assert!(matches!(files.write_upload(&alice(), id(1), 0).await, Err(UploadError::Busy)));
    assert_eq!(writing.close().await, Ok(Progress::More(2_000)));
    let wrong = files.write_upload(&alice(), id(1), 1_000).await.expect_err("it goes on at 2,000");
    assert_eq!(wrong, UploadError::Offset { present: 2_000 });
    // After a restart what was noted as durable stands, and what came after it is written again.
    disk.append(&Name::Part(Label::upload(&[1; 16])), 2_000, b"not durable").expect("memory");
    let files = on(disk, &clock);
    assert_eq!(files.upload(&alice(), id(1)).expect("it is there").offset, 2_000);
    let mut writing = files.write_upload(&alice(), id(1), 2_000).await.expect("nobody writes");
    writing.push(bytes[2_000..].to_vec().into()).await.expect("there is room");
    let Ok(Progress::Finished(file)) = writing.close().await else { panic!("it is whole") };
    assert_eq!(file.digest, sha256(&bytes));
}

#[tokio::test]
async fn a_piece_that_was_dropped_in_the_middle_is_written_again() {
    let (files, ..) = in_memory();
    let bytes = content(300);
    files.begin_upload(&alice(), id(1), new(bytes.len())).await.expect("there is room");
    let mut writing = files.write_upload(&alice(), id(1), 0).await.expect("nobody else writes");
    writing.push(bytes[..100].to_vec().into()).await.expect("there is room");
    drop(writing);
    assert_eq!(files.upload(&alice(), id(1)).expect("it is there").offset, 100);
    let mut writing = files.write_upload(&alice(), id(1), 100).await.expect("it was freed");
    assert_eq!(writing.push(content(201).into()).await, Err(UploadError::TooLong));
    writing.push(bytes[100..].to_vec().into()).await.expect("there is room");
    let Ok(Progress::Finished(file)) = writing.close().await else { panic!("it is whole") };
    assert_eq!(file.digest, sha256(&bytes));
}

#[tokio::test]
async fn f8_a_full_disk_refuses_and_keeps_what_was_there() {
    let (files, disk, _) = in_memory();
    files.begin_upload(&alice(), id(1), new(200)).await.expect("there is room");
    let mut writing = files.write_upload(&alice(), id(1), 0).await.expect("nobody else writes");
    writing.push(content(100).into()).await.expect("there is room");
    disk.set_full(true);
    assert_eq!(writing.push(content(100).into()).await, Err(UploadError::Disk(DiskError::Full)));
    drop(writing);
    assert_eq!(files.begin_upload(&alice(), id(2), new(1)).await, Err(UploadError::Disk(DiskError::Full)));
    disk.set_full(false);
    let mut writing = files.write_upload(&alice(), id(1), 100).await.expect("it goes on");
    writing.push(content(200)[100..].to_vec().into()).await.expect("there is room again");
    let Ok(Progress::Finished(file)) = writing.close().await else { panic!("it is whole") };
    assert_eq!(file.digest, sha256(&content(200)));
}

#[tokio::test]
async fn bytes_are_removed_only_when_nobody_needs_them() {
    let (files, ..) = in_memory();
    let Progress::Finished(file) = upload(&files, 1, b"hello").await else { panic!("it is whole") };
    let digest = file.digest;
    assert_eq!(files.remove(digest, || false).await, Ok(Removal::Pinned), "an upload has them");
    files.uploads_used(&alice(), &[id(1)]).await;
    assert_eq!(files.remove(digest, || true).await, Ok(Removal::Used), "a row has them");
    let pin = files.pin(digest);
    assert_eq!(files.remove(digest, || false).await, Ok(Removal::Pinned), "somebody works with them");
    drop(pin);
    let (_, pin) = files.finished_upload(&alice(), id(1)).await.expect("its owner asks");
    drop(pin.expect("they are here"));
    assert_eq!(files.remove(digest, || false).await, Ok(Removal::Gone));
    let (_, pin) = files.finished_upload(&alice(), id(1)).await.expect("its owner asks");
    assert!(pin.is_none() && files.bytes(digest).await == Ok(None));
}

#[tokio::test]
async fn an_upload_is_its_owners_alone_and_expires() {
    let (files, disk, clock) = in_memory();
    let bob: LocalPart = "bob".parse().expect("a name");
    upload(&files, 1, b"hello").await;
    files.begin_upload(&alice(), id(2), new(10)).await.expect("there is room");
    assert_eq!(files.upload(&bob, id(1)), Err(UploadError::Unknown));
    assert_eq!(files.end_upload(&bob, id(1)).await, Err(UploadError::Unknown));
    assert!(files.finished_upload(&bob, id(1)).await.is_err() && files.finished_upload(&alice(), id(2)).await.is_err());
    clock.advance(limits::UPLOAD_KEPT_MS + 1);
    files.expire().await.expect("memory");
    assert_eq!(files.upload(&alice(), id(1)), Err(UploadError::Unknown));
    assert!(disk.list(Kind::Notes).expect("memory").is_empty() && disk.list(Kind::Parts).expect("memory").is_empty());
    assert_eq!(files.remove(sha256(b"hello"), || false).await, Ok(Removal::Gone), "nobody holds it any more");
}

#[tokio::test]
async fn a26_uploads_are_limited_in_number_and_rate() {
    let (files, _, clock) = in_memory();
    for n in 0..limits::UPLOADS_PER_USER_MAX {
        files.begin_upload(&alice(), id(n as u8), new(10)).await.expect("within the limit");
    }
    assert!(matches!(files.begin_upload(&alice(), id(200), new(1)).await, Err(UploadError::TooMany(_))));
    for n in 0..limits::UPLOADS_PER_USER_MAX {
        files.end_upload(&alice(), id(n as u8)).await.expect("one's own");
    }
    let rest = limits::UPLOADS_PER_USER_PER_HOUR_MAX as usize - limits::UPLOADS_PER_USER_MAX;
    for _ in 0..rest {
        files.begin_upload(&alice(), id(1), new(10)).await.expect("within the limit");
        files.begin_upload(&alice(), id(1), new(10)).await.expect("the same one");
        files.end_upload(&alice(), id(1)).await.expect("one's own");
    }
    assert_eq!(files.begin_upload(&alice(), id(1), new(1)).await, Err(UploadError::TooFast));
    clock.advance(3_600_000);
    files.begin_upload(&alice(), id(1), new(1)).await.expect("an hour later");
}

#[tokio::test]
async fn a22_a_file_that_is_not_what_it_claims_is_refused_and_gone() {
    let (files, ..) = in_memory();
    let bytes = b"<svg onload='alert(1)'>";
    let declared = Some("image/png".parse().expect("a type"));
    let wish = NewUpload { declared, ..new(bytes.len()) };
    files.begin_upload(&alice(), id(1), wish).await.expect("there is room");
    let mut writing = files.write_upload(&alice(), id(1), 0).await.expect("nobody else writes");
    writing.push(bytes.to_vec().into()).await.expect("there is room");
    assert_eq!(writing.close().await, Err(UploadError::Type { found: "image/svg+xml" }));
    assert_eq!(files.upload(&alice(), id(1)), Err(UploadError::Unknown));
    assert_eq!(files.remove(sha256(bytes), || false).await, Ok(Removal::Gone));
}

#[tokio::test]
async fn bytes_with_another_digest_than_announced_are_refused() {
    let (files, ..) = in_memory();
    for (n, announced, taken) in [(1, sha256(b"other"), false), (2, sha256(b"hello"), true)] {
        let wish = NewUpload { digest: Some(announced), ..new(5) };
        files.begin_upload(&alice(), id(n), wish).await.expect("there is room");
        let mut writing = files.write_upload(&alice(), id(n), 0).await.expect("nobody else writes");
        writing.push(b"hello".to_vec().into()).await.expect("there is room");
        assert_eq!(writing.close().await.is_ok(), taken);
    }
}

#[tokio::test]
async fn an_empty_file_is_a_file() {
    let (files, ..) = in_memory();
    let view = files.begin_upload(&alice(), id(1), new(0)).await.expect("there is room");
    assert_eq!(view.file.expect("it is whole").digest, sha256(b""));
}

#[tokio::test]
async fn w19_a_fetch_goes_on_from_what_a_crash_has_left() {
    let (files, disk, clock) = in_memory();
    let bytes = content(2_500_000);
    let label = Label::fetch(&"globex.example".parse().expect("a domain"), &sha256(&bytes));
    let mut receiving = files.receive(label.clone()).await.expect("memory");
    receiving.push(bytes[..MIB].to_vec().into()).await.expect("there is room");
    drop(receiving);
    let files = on(disk, &clock);
    let mut receiving = files.receive(label).await.expect("memory");
    assert_eq!(receiving.bytes(), MIB as u64);
    receiving.push(bytes[MIB..].to_vec().into()).await.expect("there is room");
    assert_eq!(receiving.digest(), sha256(&bytes));
    let (digest, _pin) = receiving.finish().await.expect("there is room");
    assert_eq!(files.bytes(digest).await, Ok(Some(bytes.len() as u64)));
}
