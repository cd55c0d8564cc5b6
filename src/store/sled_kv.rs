//! The embedded store: sled 0.34 behind the rules that keep it from losing data. The only file that names sled.
//!
//! sled's `flush` writes without a sync, it re-formats a file that was cut short, it keeps long pages in files that it
//! never syncs, and a crash may leave a half-written snapshot that keeps it from opening. Each rule here closes one of
//! these holes (`docs/adr/0005-packed-logs-on-sled.md`).

use super::kv::{Anchor, Batch, KeyValue, Kv, StoreError};
use crate::model::limits::DISK_RESERVE_BYTES;
use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write as _},
    os::unix::fs::FileExt as _,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Segments above sled's default, so that no page of ours is long enough for a side file. Fixed at creation.
const SEGMENT_BYTES: usize = 4 * 1024 * 1024;
/// After a drop the locks may be held a moment longer by sled's own threads.
const LOCK_WAIT: Duration = Duration::from_secs(1);
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// A database of sled.
pub struct SledKv {
    // Dropped in this order: the database before its lock.
    db: sled::Db,
    writer: Mutex<Writer>,
    dir: PathBuf,
    _lock: File,
}

/// What only one thread at a time may use.
#[derive(Debug)]
struct Writer {
    /// Our own handle on sled's file, because sled's `flush` does not sync.
    file: File,
    /// The last anchor.
    anchor: Option<Anchor>,
    /// Set by the first failed write: a failed sync is never tried again (D5).
    failed: bool,
}

impl std::fmt::Debug for SledKv {
    // sled's own would print every row.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SledKv").field("dir", &self.dir).finish_non_exhaustive()
    }
}

impl SledKv {
    /// Opens the database in a directory of its own, or makes it. Its anchor and nothing else stands beside the
    /// directory: `<name>.anchor`.
    ///
    /// # Errors
    /// When another process has it open, when it is damaged or cut short, or when the disk fails. A damaged database is
    /// never opened and never changed (D6).
    pub fn open(dir: &Path, cache_bytes: u64) -> Result<Self, StoreError> {
        fs::create_dir_all(dir).map_err(|error| io_error("making the directory", dir, &error))?;
        let lock = lock(dir)?;
        let anchor = read_anchor(dir)?;
        refuse_cut_file(dir, anchor.as_ref())?;
        refuse_foreign_file(dir)?;
        refuse_side_files(dir)?;
        delete_half_snapshots(dir)?;
        let db = open_patiently(dir, cache_bytes)?;
        let file = sync_files(dir)?;
        let writer = Mutex::new(Writer { file, anchor, failed: false });
        Ok(Self { db, writer, dir: dir.to_owned(), _lock: lock })
    }

    fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, writer: &Writer, batch: sled::Batch) -> Result<(), StoreError> {
        guarded(|| self.db.apply_batch(batch).map_err(sled_error))?;
        guarded(|| self.db.flush().map_err(sled_error))?;
        writer.file.sync_data().map_err(|error| io_error("syncing", &self.dir, &error))
    }

    /// sled gives free space at the file's end back to the disk. The anchor has to know before anybody is answered.
    fn follow_file(&self, writer: &mut Writer) -> Result<(), StoreError> {
        let Some(anchor) = &writer.anchor else { return Ok(()) };
        if file_bytes(&self.dir) >= anchor.file_bytes {
            return Ok(());
        }
        let anchor = anchor.clone();
        self.replace_anchor(writer, anchor)
    }

    fn replace_anchor(&self, writer: &mut Writer, mut anchor: Anchor) -> Result<(), StoreError> {
        anchor.file_bytes = file_bytes(&self.dir);
        write_anchor(&self.dir, &anchor)?;
        writer.anchor = Some(anchor);
        Ok(())
    }
}

impl Kv for SledKv {
    fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        guarded(|| Ok(self.db.get(key).map_err(sled_error)?.map(|value| value.to_vec())))
    }

    fn scan(&self, from: &[u8], to: &[u8], rows_max: usize) -> Result<Vec<KeyValue>, StoreError> {
        if from >= to {
            return Ok(Vec::new());
        }
        guarded(|| self.db.range(from..to).take(rows_max).map(owned).collect())
    }

    fn scan_back(&self, from: &[u8], to: &[u8], rows_max: usize) -> Result<Vec<KeyValue>, StoreError> {
        if from >= to {
            return Ok(Vec::new());
        }
        guarded(|| self.db.range(from..to).rev().take(rows_max).map(owned).collect())
    }

    fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        batch.check()?;
        let mut rows = sled::Batch::default();
        for (key, value) in batch.rows {
            match value {
                Some(value) => rows.insert(key, value),
                None => rows.remove(key),
            }
        }
        let mut writer = self.writer();
        if writer.failed {
            return Err(StoreError::Io("writing has failed before; start the daemon again".to_owned()));
        }
        writer.failed = true;
        self.write(&writer, rows)?;
        self.follow_file(&mut writer)?;
        writer.failed = false;
        Ok(())
    }

    fn load_anchor(&self) -> Result<Option<Anchor>, StoreError> {
        Ok(self.writer().anchor.clone())
    }

    fn save_anchor(&self, anchor: &Anchor) -> Result<(), StoreError> {
        self.replace_anchor(&mut self.writer(), anchor.clone())
    }

    fn size_bytes(&self) -> u64 {
        file_bytes(&self.dir)
    }

    fn has_space(&self) -> bool {
        // When the disk does not even answer this, the next commit will say more.
        fs2::available_space(&self.dir).map_or(true, |bytes| bytes >= DISK_RESERVE_BYTES)
    }
}

impl Drop for SledKv {
    fn drop(&mut self) {
        let writer = self.writer();
        if writer.failed {
            // sled syncs once more when its last handle goes, and a sync that failed is not tried again (D5).
            std::mem::forget(self.db.clone());
            return;
        }
        // Everything committed is durable; this only spares the next start a longer look at the log.
        if guarded(|| self.db.flush().map_err(sled_error)).is_ok() {
            drop(writer.file.sync_data());
        }
    }
}

fn owned(row: sled::Result<(sled::IVec, sled::IVec)>) -> Result<KeyValue, StoreError> {
    row.map(|(key, value)| (key.to_vec(), value.to_vec())).map_err(sled_error)
}

fn database_file(dir: &Path) -> PathBuf {
    dir.join("db")
}

fn file_bytes(dir: &Path) -> u64 {
    fs::metadata(database_file(dir)).map_or(0, |file| file.len())
}

fn anchor_file(dir: &Path) -> PathBuf {
    let mut name = dir.file_name().unwrap_or_default().to_owned();
    name.push(".anchor");
    dir.with_file_name(name)
}

/// One process at a time, told apart before anything in the directory is touched.
fn lock(dir: &Path) -> Result<File, StoreError> {
    let path = dir.join("lock");
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
    let file = file.map_err(|error| io_error("opening", &path, &error))?;
    let until = Instant::now() + LOCK_WAIT;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if Instant::now() < until => std::thread::sleep(LOCK_PAUSE),
            Err(TryLockError::WouldBlock) => return Err(StoreError::Busy(dir.display().to_string())),
            Err(TryLockError::Error(error)) => return Err(io_error("locking", &path, &error)),
        }
    }
}

/// sled would take the missing end for free space, and write over what is left.
fn refuse_cut_file(dir: &Path, anchor: Option<&Anchor>) -> Result<(), StoreError> {
    let (found, known) = (file_bytes(dir), anchor.map_or(0, |anchor| anchor.file_bytes));
    if found >= known {
        return Ok(());
    }
    Err(StoreError::Corrupt(format!(
        "{} has {found} bytes and had {known}. It was not opened, so that nothing more is lost. Keep a copy of the \
         directory and restore a backup. If you know that the file is whole, remove {}: links then stay closed until \
         you confirm the grants",
        database_file(dir).display(),
        anchor_file(dir).display(),
    )))
}

/// sled would take a segment whose head it cannot read for free space, and write over it. A head holds its place in the
/// log, inverted, behind a checksum; a segment that was never written is empty.
fn refuse_foreign_file(dir: &Path) -> Result<(), StoreError> {
    let path = database_file(dir);
    let bytes = file_bytes(dir);
    for at in (0..bytes).step_by(SEGMENT_BYTES) {
        let mut head = [0; 12];
        let read = File::open(&path).and_then(|file| file.read_exact_at(&mut head, at));
        let is_cut = read.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::UnexpectedEof);
        if is_cut || (read.is_ok() && !is_segment(head)) {
            return Err(StoreError::Corrupt(what_to_do(&format!("{} is damaged at byte {at}", path.display()))));
        }
        read.map_err(|error| io_error("reading", &path, &error))?;
    }
    Ok(())
}

fn is_segment(head: [u8; 12]) -> bool {
    let place = u64::from_le_bytes(head[4..].try_into().expect("8 of 12 bytes")) ^ (u64::MAX >> 1);
    head == [0; 12] || (place.is_multiple_of(SEGMENT_BYTES as u64) && place <= u64::MAX >> 1)
}

/// sled puts very long pages into files of their own, and never syncs them. No row of ours is long enough.
fn refuse_side_files(dir: &Path) -> Result<(), StoreError> {
    let blobs = dir.join("blobs");
    match file_names(&blobs)?.first() {
        None => Ok(()),
        Some(name) => Err(StoreError::Corrupt(format!(
            "{} holds {name}, and this version never makes such files. Restore a backup",
            blobs.display()
        ))),
    }
}

/// A crash while sled wrote a snapshot leaves a part of it, which it cannot read. The log has everything.
fn delete_half_snapshots(dir: &Path) -> Result<(), StoreError> {
    for name in file_names(dir)? {
        if name.starts_with("snap.") && name.ends_with(".generating") {
            let path = dir.join(name);
            fs::remove_file(&path).map_err(|error| io_error("removing", &path, &error))?;
        }
    }
    Ok(())
}

fn file_names(dir: &Path) -> Result<Vec<String>, StoreError> {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(io_error("reading", dir, &error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| io_error("reading", dir, &error))?;
        names.push(entry.file_name().to_string_lossy().into_owned());
    }
    Ok(names)
}

fn open_patiently(dir: &Path, cache_bytes: u64) -> Result<sled::Db, StoreError> {
    let config = sled::Config::new()
        .path(dir)
        .cache_capacity(cache_bytes)
        .segment_size(SEGMENT_BYTES)
        // Our commits flush; a second thread that does would only get in their way.
        .flush_every_ms(None);
    let until = Instant::now() + LOCK_WAIT;
    loop {
        match guarded(|| Ok(config.open()))? {
            Ok(db) => return Ok(db),
            Err(error) if !is_locked(&error) => return Err(sled_error(error)),
            Err(_) if Instant::now() < until => std::thread::sleep(LOCK_PAUSE),
            Err(_) => return Err(StoreError::Busy(dir.display().to_string())),
        }
    }
}

fn is_locked(error: &sled::Error) -> bool {
    matches!(error, sled::Error::Io(error) if error.to_string().contains("could not acquire lock"))
}

/// Makes the files and their names durable once, and keeps a handle for the syncs to come.
fn sync_files(dir: &Path) -> Result<File, StoreError> {
    let path = database_file(dir);
    let file = File::open(&path).map_err(|error| io_error("opening", &path, &error))?;
    file.sync_all().map_err(|error| io_error("syncing", &path, &error))?;
    sync_path(&dir.join("conf"))?;
    sync_path(dir)?;
    sync_parent(dir)?;
    Ok(file)
}

fn sync_path(path: &Path) -> Result<(), StoreError> {
    File::open(path).and_then(|file| file.sync_all()).map_err(|error| io_error("syncing", path, &error))
}

fn sync_parent(path: &Path) -> Result<(), StoreError> {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => sync_path(parent),
        _ => sync_path(Path::new(".")),
    }
}

fn read_anchor(dir: &Path) -> Result<Option<Anchor>, StoreError> {
    let path = anchor_file(dir);
    let text = match fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io_error("reading", &path, &error)),
    };
    let anchor = serde_json::from_slice(&text).map_err(|_| {
        StoreError::Corrupt(format!(
            "the anchor {} cannot be read. Restore it from where you keep copies, or remove it: links then stay closed \
             until you confirm the grants",
            path.display()
        ))
    })?;
    Ok(Some(anchor))
}

fn write_anchor(dir: &Path, anchor: &Anchor) -> Result<(), StoreError> {
    let path = anchor_file(dir);
    let fresh = path.with_extension("anchor.new");
    let text = serde_json::to_vec_pretty(anchor).expect("an anchor is plain JSON");
    let written = File::create(&fresh)
        .and_then(|mut file| file.write_all(&text).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&fresh, &path));
    written.map_err(|error| io_error("writing", &path, &error))?;
    sync_parent(&path)
}

fn io_error(doing: &str, path: &Path, error: &io::Error) -> StoreError {
    let text = format!("{doing} {}: {error}", path.display());
    if error.kind() == io::ErrorKind::StorageFull { StoreError::Full(text) } else { StoreError::Io(text) }
}

fn sled_error(error: sled::Error) -> StoreError {
    match error {
        sled::Error::Io(error) if error.kind() == io::ErrorKind::StorageFull => StoreError::Full(error.to_string()),
        sled::Error::Io(error) => StoreError::Io(error.to_string()),
        other => StoreError::Corrupt(what_to_do(&other.to_string())),
    }
}

/// On some damage sled panics instead of answering.
fn guarded<T>(work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        Err(StoreError::Corrupt(what_to_do(text.unwrap_or("sled gave up"))))
    })
}

fn what_to_do(found: &str) -> String {
    format!("{found}. Nothing was repaired or removed: keep a copy of the directory, and restore a backup")
}
