//! Backups of stores that are written meanwhile, and what a restore puts where.

use super::{copy::copy, prove, restore::restore, tree, *};
use crate::store::{
    anchor::AnchorVerdict,
    disk::DiskKv,
    fixture,
    kv::{Anchor, Batch},
    mem_kv::MemKv,
};
use std::{ops::ControlFlow, sync::mpsc};

fn rows(kv: &dyn Kv) -> Vec<(Vec<u8>, Vec<u8>)> {
    kv.scan(&[], &[0xff], usize::MAX).expect("readable")
}

fn key(n: u32) -> Vec<u8> {
    n.to_be_bytes().to_vec()
}

/// All rows of commit `n` say `n`: whoever finds two different ones has seen half of a commit.
fn commit(n: u32) -> Batch {
    let value = n.to_be_bytes().to_vec();
    Batch { rows: (0..40).map(|row| (key(row * 100), (row % 3 != n % 3).then(|| value.clone()))).collect() }
}

#[test]
fn f30_a_copy_under_load_is_the_store_after_one_commit() {
    let source = MemKv::new();
    let filling = (0..5_000).map(|n| (key(n), Some(b"before".to_vec()))).collect();
    source.commit(Batch { rows: filling }).expect("it takes rows");
    source.commit(commit(0)).expect("it takes rows");
    let target = MemKv::new();
    std::thread::scope(|scope| {
        let (stop, stopped) = mpsc::channel::<()>();
        let writer = scope.spawn(|| {
            let stopped = stopped;
            (1..u32::MAX).try_for_each(|n| {
                source.commit(commit(n)).expect("it takes rows");
                match stopped.try_recv() {
                    Err(mpsc::TryRecvError::Empty) => ControlFlow::Continue(()),
                    _ => ControlFlow::Break(()),
                }
            })
        });
        copy(&source, &target, |_| {}).expect("copied");
        stop.send(()).expect("the writer listens");
        let _ = writer.join().expect("the writer ends");
    });
    let seen: Vec<_> = (0..40).filter_map(|row| target.read(&key(row * 100)).expect("readable")).collect();
    assert!(seen.iter().all(|value| *value == seen[0]), "half of a commit: {seen:?}");
    let n = u32::from_be_bytes(seen[0][..].try_into().expect("a number, or `before`"));
    let model = MemKv::new();
    model.commit(Batch { rows: (0..5_000).map(|n| (key(n), Some(b"before".to_vec()))).collect() }).expect("rows");
    model.commit(commit(n)).expect("rows");
    assert_eq!(rows(&target), rows(&model));
}

#[test]
fn what_nobody_follows_any_more_is_not_told() {
    let source = MemKv::new();
    let commits = source.follow();
    source.commit(commit(1)).expect("it takes rows");
    assert_eq!(commits.try_iter().count(), 1);
    drop(commits);
    source.commit(commit(2)).expect("it takes rows");
    let again = source.follow();
    assert_eq!(again.try_iter().count(), 0);
}

/// A directory with a database of an organization, and a backup of it.
struct Scene {
    home: tempfile::TempDir,
}

impl Scene {
    fn new() -> Self {
        let scene = Self { home: tempfile::tempdir().expect("a directory") };
        let kv = DiskKv::open(&scene.data(), CACHE_BYTES).expect("it opens");
        load::create(&kv, &fixture::org()).expect("it is empty");
        tree::make_dir(&scene.files().join("ab")).expect("made");
        tree::write_file(&scene.files().join("ab/abcd"), b"bytes").expect("written");
        let backup = scene.backup();
        tree::make_dir(&backup).expect("made");
        let target = DiskKv::open(&backup.join(DATA), CACHE_BYTES).expect("it opens");
        copy(&kv, &target, |_| {}).expect("copied");
        drop(target);
        let (state, commit, rows) = prove(&backup.join(DATA)).expect("it holds together");
        let (files, bytes) = tree::link_contents(&scene.files(), &backup.join(FILES)).expect("linked");
        let (org, instance) = (state.org.domain.clone(), state.org.instance.to_string());
        let taken_at = Millis(1);
        let manifest = Manifest { name: "one".to_owned(), org, instance, commit, taken_at, rows, files, bytes };
        let text = serde_json::to_vec(&manifest).expect("plain");
        tree::write_file(&backup.join(MANIFEST), &text).expect("written");
        scene
    }

    fn data(&self) -> PathBuf {
        self.home.path().join("data")
    }

    fn files(&self) -> PathBuf {
        self.home.path().join("files")
    }

    fn backup(&self) -> PathBuf {
        self.home.path().join("backups/one")
    }

    fn restore(&self, replace: bool) -> Result<Restored, BackupError> {
        restore(&self.backup(), &self.data(), &self.files(), replace)
    }
}

#[test]
fn d8_a_backup_takes_the_place_of_a_lost_database() {
    let scene = Scene::new();
    fs::remove_dir_all(scene.data()).expect("removed");
    fs::remove_file(DiskKv::anchor_path(&scene.data())).expect("removed");
    fs::remove_dir_all(scene.files()).expect("removed");
    tree::make_dir(&scene.files()).expect("made");
    let restored = scene.restore(false).expect("restored");
    assert_eq!((restored.verdict, restored.files, restored.moved_to), (AnchorVerdict::Missing, 1, None));
    assert_eq!(fs::read(scene.files().join("ab/abcd")).expect("there"), b"bytes");
    assert!(prove(&scene.data()).is_ok());
}

#[test]
fn d8_a_database_that_is_there_is_moved_aside_and_only_when_asked() {
    let scene = Scene::new();
    assert!(matches!(scene.restore(false), Err(BackupError::InTheWay(_))));
    for n in 1..=2 {
        let restored = scene.restore(true).expect("restored");
        let moved_to = restored.moved_to.expect("there was one");
        assert_eq!(moved_to, scene.home.path().join(format!("data.replaced-{n}")));
        assert!(prove(&moved_to).is_ok(), "the old one is whole");
    }
}

#[test]
fn d8_a_database_in_use_is_not_replaced() {
    let scene = Scene::new();
    let kv = DiskKv::open(&scene.data(), CACHE_BYTES).expect("it opens");
    assert!(matches!(scene.restore(true), Err(BackupError::Store(StoreError::Busy(_)))));
    drop(kv);
    assert!(scene.restore(true).is_ok());
}

#[test]
fn f19_the_anchor_of_the_old_database_knows_a_later_revocation() {
    let scene = Scene::new();
    let old = DiskKv::anchor_beside(&scene.data()).expect("readable").expect("made with the database");
    assert_eq!(scene.restore(true).expect("restored").verdict, AnchorVerdict::Agrees);
    let kv = DiskKv::open(&scene.data(), CACHE_BYTES).expect("it opens");
    kv.save_anchor(&Anchor { commit: old.commit + 5, ..old.clone() }).expect("saved");
    drop(kv);
    // A later commit than the backup's is what a restore is for; the grants are what must not go back.
    assert_eq!(scene.restore(true).expect("restored").verdict, AnchorVerdict::Agrees);
}

#[test]
fn d6_a_damaged_backup_changes_nothing() {
    let scene = Scene::new();
    let path = scene.backup().join(MANIFEST);
    let whole = manifest(&scene.backup()).expect("there");
    let other = Manifest { commit: whole.commit + 7, ..whole };
    fs::write(&path, serde_json::to_vec(&other).expect("plain")).expect("written");
    assert!(matches!(scene.restore(true), Err(BackupError::Unproven(_))));
    fs::remove_file(&path).expect("removed");
    assert!(matches!(scene.restore(true), Err(BackupError::NoBackup(_))));
    assert!(prove(&scene.data()).is_ok(), "the database stands where it was");
}

#[test]
fn names_of_backups_have_the_order_of_time() {
    assert_eq!(name_at(Millis(1_763_793_000_123)), "2025-11-22T06-30-00.123Z");
    assert!(name_at(Millis(1_763_793_000_999)) < name_at(Millis(1_763_793_001_000)));
}

#[test]
fn of_the_older_backups_the_newest_stay() {
    let home = tempfile::tempdir().expect("a directory");
    for (name, taken_at) in [("a", 1), ("b", 2), ("c", 3)] {
        let backup = home.path().join(name);
        tree::make_dir(&backup).expect("made");
        let org = "acme.example".parse().expect("a domain");
        let manifest = Manifest {
            name: name.to_owned(),
            org,
            instance: String::new(),
            commit: 1,
            taken_at: Millis(taken_at),
            rows: 1,
            files: 0,
            bytes: 0,
        };
        tree::write_file(&backup.join(MANIFEST), &serde_json::to_vec(&manifest).expect("plain")).expect("written");
    }
    tree::make_dir(&home.path().join("d.draft")).expect("made");
    remove_older(home.path(), 2).expect("removed");
    let left: Vec<String> = kept(home.path()).expect("readable").into_iter().map(|it| it.name).collect();
    assert_eq!(left, ["c", "b"]);
    remove_drafts(home.path()).expect("removed");
    assert!(!home.path().join("d.draft").exists());
}
