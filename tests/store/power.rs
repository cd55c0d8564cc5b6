//! Power loss on real files (F6): every write and sync of a process is recorded by `strace`, and the disk is put together
//! as it may stand after a loss at any moment: what was synced, and of the rest some sectors and others not.
//!
//! Names (created, renamed, removed files) are taken to keep their order, as journalling file systems have it.
//! `HANDCLASP_POWER_POINTS=1000` tries more moments, `HANDCLASP_POWER_SEED=7` others.
//!
//! sled frees and fills segments of its file again between two syncs. So it may be that a loss within such a time leaves
//! pages that cannot be read: then the store must refuse to open, and at most once in 500 losses, or once in a run of fewer (ADR 8).

use super::*;
use handclasp::{clock::Random as _, testing::Seeded};
use std::{
    collections::{BTreeMap, HashMap},
    fs,
    path::PathBuf,
    process::{Command, Stdio},
};

/// Names the directory to the process that is recorded.
const DIR: &str = "HANDCLASP_TEST_POWER_DIR";
/// Enough to fill several segments of the log, so that rows go on to the pages meanwhile.
const COMMITS: u64 = 500;
const ROWS: u64 = 4;
const ROW_BYTES: usize = 7_000;
/// What a disk writes whole or not at all.
const SECTOR: usize = 512;

fn key(commit: u64, row: u64) -> Vec<u8> {
    // Some rows are written again and again.
    let commit = if row == 0 { commit % 16 } else { commit };
    [&row.to_be_bytes()[..], &commit.to_be_bytes()].concat()
}

fn value(commit: u64, row: u64) -> Vec<u8> {
    let mut value = vec![(commit * 31 + row) as u8; ROW_BYTES];
    value[..8].copy_from_slice(&commit.to_be_bytes());
    value
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// The process that is recorded: commits, and says so after each.
fn work(dir: &Path) {
    use std::io::Write as _;
    let kv = open(&dir.join("db")).expect("a healthy database opens");
    let mut acks = fs::File::create(dir.join("acks")).expect("writable");
    for commit in 1..=COMMITS {
        let rows = (0..ROWS).map(|row| (key(commit, row), Some(value(commit, row)))).collect();
        kv.commit(Batch { rows }).expect("a healthy store commits");
        acks.write_all(&commit.to_be_bytes()).expect("writable");
        if commit % 50 == 0 {
            kv.save_anchor(&anchor(commit)).expect("writable");
        }
    }
    // No clean end: that is a loss of power too.
    std::process::exit(0);
}

/// What the process did to a file.
enum Deed {
    /// Opened it so that it exists, and perhaps is empty.
    Open {
        truncates: bool,
    },
    Write {
        at: Option<usize>,
        bytes: Vec<u8>,
    },
    Cut(usize),
    /// Asked for a sync; what was written before is durable when it has ended.
    BeginSync(u32),
    EndSync(u32),
    Rename(PathBuf),
    Remove,
}

/// A file: what is durable, what is not, and where the process writes next.
#[derive(Clone, Default)]
struct Disk {
    durable: Vec<u8>,
    pending: Vec<(usize, Vec<u8>)>,
    end: usize,
    syncs: HashMap<u32, usize>,
}

impl Disk {
    fn of(bytes: Vec<u8>) -> Self {
        Self { durable: bytes, ..Self::default() }
    }

    fn take(&mut self, deed: Deed) {
        match deed {
            Deed::Open { truncates } => {
                if truncates {
                    *self = Self::default();
                }
                self.end = 0;
            }
            Deed::Write { at, bytes } => {
                let start = at.unwrap_or(self.end);
                if at.is_none() {
                    self.end += bytes.len();
                }
                self.pending.push((start, bytes));
            }
            Deed::Cut(length) => {
                self.settle(self.pending.len());
                self.durable.resize(length, 0);
            }
            Deed::BeginSync(thread) => drop(self.syncs.insert(thread, self.pending.len())),
            Deed::EndSync(thread) => {
                if let Some(count) = self.syncs.remove(&thread) {
                    self.settle(count);
                }
            }
            Deed::Rename(_) | Deed::Remove => {}
        }
    }

    /// The first writes that were pending are durable.
    fn settle(&mut self, count: usize) {
        let count = count.min(self.pending.len());
        for (at, bytes) in self.pending.drain(..count) {
            place(&mut self.durable, at, &bytes);
        }
        self.syncs.values_mut().for_each(|before| *before = before.saturating_sub(count));
    }

    /// The file after a loss of power.
    fn after_loss(&self, random: &mut Seeded) -> Vec<u8> {
        let mut bytes = self.durable.clone();
        let kept = below(random, 5);
        for (at, written) in &self.pending {
            let mut from = 0;
            while from < written.len() {
                let to = written.len().min((*at + from) / SECTOR * SECTOR + SECTOR - *at);
                // From nothing of what was not synced to all of it.
                if below(random, 4) < kept {
                    place(&mut bytes, at + from, &written[from..to]);
                }
                from = to;
            }
        }
        bytes
    }
}

fn place(file: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    if file.len() < at + bytes.len() {
        file.resize(at + bytes.len(), 0);
    }
    file[at..at + bytes.len()].copy_from_slice(bytes);
}

fn below(random: &mut Seeded, end: u64) -> u64 {
    let mut bytes = [0; 8];
    random.fill(&mut bytes);
    u64::from_le_bytes(bytes) % end
}

/// Undoes the hexadecimal form of strings.
fn unescape(text: &str) -> Vec<u8> {
    let digits = text.split("\\x").skip(1);
    digits.map(|pair| u8::from_str_radix(&pair[..2], 16).expect("two digits")).collect()
}

fn plain(text: &str) -> String {
    if text.contains("\\x") { String::from_utf8(unescape(text)).expect("paths are UTF-8") } else { text.to_owned() }
}

/// The texts between quotation marks.
fn strings(args: &str) -> Vec<&str> {
    args.split('"').skip(1).step_by(2).collect()
}

/// The path of the descriptor that a call begins with.
fn descriptor(args: &str) -> Option<PathBuf> {
    let (_, rest) = args.split_once('<')?;
    Some(PathBuf::from(plain(rest.split_once('>')?.0)))
}

/// What a call did, to which file.
fn deed(name: &str, args: &str, thread: u32) -> Option<(PathBuf, Deed)> {
    let last = || args.trim_end().rsplit(", ").next().and_then(|text| text.parse().ok());
    Some(match name {
        "openat" => {
            let path = PathBuf::from(plain(strings(args).first()?));
            (path, args.contains("O_CREAT").then_some(Deed::Open { truncates: args.contains("O_TRUNC") })?)
        }
        "write" => (descriptor(args)?, Deed::Write { at: None, bytes: unescape(strings(args).first()?) }),
        "pwrite64" => (descriptor(args)?, Deed::Write { at: Some(last()?), bytes: unescape(strings(args).first()?) }),
        "ftruncate" => (descriptor(args)?, Deed::Cut(last()?)),
        "fsync" | "fdatasync" => (descriptor(args)?, Deed::BeginSync(thread)),
        "rename" | "renameat" | "renameat2" => {
            let paths = strings(args);
            (PathBuf::from(plain(paths.first()?)), Deed::Rename(PathBuf::from(plain(paths.get(1)?))))
        }
        "unlink" | "unlinkat" => (PathBuf::from(plain(strings(args).first()?)), Deed::Remove),
        _ => return None,
    })
}

/// Reads a recording. A call that others interrupt begins on one line and ends on another.
fn parse(recording: &str) -> Vec<(PathBuf, Deed)> {
    let mut deeds = Vec::new();
    let mut open: HashMap<u32, (String, PathBuf)> = HashMap::new();
    for line in recording.lines() {
        let Some((thread, call)) = line.split_once(' ') else { continue };
        let (Ok(thread), call) = (thread.parse::<u32>(), call.trim_start()) else { continue };
        if call.starts_with("<... ") {
            if let Some((_, path)) = open.remove(&thread).filter(|(name, _)| name.ends_with("sync")) {
                deeds.push((path, Deed::EndSync(thread)));
            }
            continue;
        }
        let Some((name, rest)) = call.split_once('(') else { continue };
        let (args, ended) = match rest.split_once(" <unfinished") {
            Some((args, _)) => (args, false),
            None => (rest.rsplit_once(") = ").map_or(rest, |(args, _)| args), true),
        };
        let Some((path, deed)) = deed(name, args, thread) else { continue };
        let syncs = matches!(deed, Deed::BeginSync(_));
        deeds.push((path.clone(), deed));
        match ended {
            true if syncs => deeds.push((path, Deed::EndSync(thread))),
            true => {}
            false => drop(open.insert(thread, (name.to_owned(), path))),
        }
    }
    deeds
}

/// All files below a directory.
fn tree(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(dir).expect("readable") {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            found.append(&mut tree(&path));
        } else {
            found.insert(path.clone(), fs::read(&path).expect("readable"));
        }
    }
    found
}

/// The disk as it stands after each deed.
struct Machine {
    home: PathBuf,
    files: BTreeMap<PathBuf, Disk>,
    acked: u64,
}

impl Machine {
    fn take(&mut self, (path, deed): (PathBuf, Deed)) {
        if path == self.home.join("acks") {
            if let Deed::Write { bytes, .. } = deed {
                self.acked = u64::from_be_bytes(bytes.try_into().expect("eight bytes"));
            }
        } else if path.starts_with(&self.home) {
            match deed {
                Deed::Rename(to) => {
                    if let Some(file) = self.files.remove(&path) {
                        self.files.insert(to, file);
                    }
                }
                Deed::Remove => drop(self.files.remove(&path)),
                deed @ Deed::Open { .. } => self.files.entry(path).or_default().take(deed),
                // Syncs of directories are of names, which keep their order.
                deed => {
                    if let Some(file) = self.files.get_mut(&path) {
                        file.take(deed);
                    }
                }
            }
        }
    }

    /// Writes the disk as it may be found after a loss of power now.
    fn lose_power(&self, into: &Path, random: &mut Seeded) {
        for (path, file) in &self.files {
            let path = into.join(path.strip_prefix(&self.home).expect("below"));
            fs::create_dir_all(path.parent().expect("a directory")).expect("writable");
            fs::write(path, file.after_loss(random)).expect("writable");
        }
    }
}

/// Everything that was acknowledged is there, and of everything else either all or nothing.
fn check(kv: &dyn Kv, acked: u64, moment: &str) {
    let newest = |row: u64| {
        let rows = scan(kv, &row.to_be_bytes(), &(row + 1).to_be_bytes(), usize::MAX);
        rows.iter().map(|(_, value)| u64::from_be_bytes(value[..8].try_into().expect("eight bytes"))).max().unwrap_or(0)
    };
    let last = newest(1);
    assert!(last == acked || last == acked + 1, "{moment}: commit {acked} was acknowledged, and {last} is the last");
    for row in 0..ROWS {
        assert_eq!(newest(row), last, "{moment}: a commit is there in part");
    }
    for commit in 1..=last {
        for row in 0..ROWS {
            if row > 0 || commit + 16 > last {
                let found = kv.read(&key(commit, row)).expect("readable");
                assert_eq!(found, Some(value(commit, row)), "{moment}: row {row} of commit {commit}");
            }
        }
    }
}

fn record(home: &Path) -> Option<String> {
    let recording = home.with_extension("strace");
    let calls = "trace=openat,write,pwrite64,ftruncate,fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat";
    let own = std::env::current_exe().expect("the test's own path");
    let mut command = Command::new("strace");
    command.args(["-f", "-y", "-xx", "-s", "16777216", "-e", calls, "-o"]).arg(&recording).arg(own);
    command.args(["--exact", "power::f6_a_loss_of_power_at_any_moment_loses_nothing_that_was_acknowledged"]);
    let ended = command.env(DIR, home).stdout(Stdio::null()).stderr(Stdio::null()).status();
    let Ok(status) = ended else {
        eprintln!("SKIPPED: strace is not installed");
        return None;
    };
    assert!(status.success(), "the process that is recorded does its work: {status}");
    Some(fs::read_to_string(recording).expect("readable"))
}

#[test]
fn f6_a_loss_of_power_at_any_moment_loses_nothing_that_was_acknowledged() {
    if let Ok(dir) = std::env::var(DIR) {
        return work(Path::new(&dir));
    }
    let place = tempfile::tempdir().expect("a temporary directory");
    let home = place.path().canonicalize().expect("there").join("home");
    fs::create_dir(&home).expect("writable");
    drop(open(&home.join("db")).expect("a new database opens"));
    let files = tree(&home).into_iter().map(|(path, bytes)| (path, Disk::of(bytes))).collect();
    let mut machine = Machine { home: home.clone(), files, acked: 0 };
    let Some(recording) = record(&home) else { return };
    let deeds = parse(&recording);
    let points = number("HANDCLASP_POWER_POINTS", 100);
    let mut random = Seeded::new(number("HANDCLASP_POWER_SEED", 1));
    let mut moments: Vec<u64> = (0..points).map(|_| below(&mut random, deeds.len() as u64)).collect();
    moments.sort_unstable();
    let mut moments = moments.into_iter().peekable();
    let mut refused = 0;
    for (moment, deed) in deeds.into_iter().enumerate() {
        machine.take(deed);
        while moments.next_if_eq(&(moment as u64)).is_some() {
            let found = place.path().join("found");
            machine.lose_power(&found, &mut random);
            match open(&found.join("db")) {
                Ok(kv) => check(&kv, machine.acked, &format!("deed {moment}")),
                Err(StoreError::Corrupt(what)) => {
                    eprintln!("deed {moment}: refused to open: {what}");
                    assert!(what.contains("restore a backup"), "deed {moment}: it says what to do: {what}");
                    refused += 1;
                }
                Err(error) => panic!("deed {moment}: it has to open: {error}"),
            }
            fs::remove_dir_all(found).expect("removable");
        }
    }
    assert_eq!(machine.acked, COMMITS, "the recording is whole");
    assert!(refused <= points.div_ceil(500), "{refused} of {points} losses left a database that cannot be opened");
}
