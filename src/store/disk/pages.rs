//! The pages: sled 0.34 behind the rules that keep it from losing data. The only file that names sled.
//!
//! sled's `flush` writes without a sync, it re-formats a file that was cut short, it keeps long pages in files that it
//! never syncs, and a crash may leave a half-written snapshot that keeps it from opening. Each rule here closes one of
//! these holes (`docs/adr/0005-packed-logs-on-sled.md`).

use super::{
    files::{LOCK_PAUSE, LOCK_WAIT, anchor_path, io_error, sync_parent, sync_path, what_to_do},
    wal::{Mark, Row},
};
use crate::store::kv::{Anchor, KeyValue, StoreError};
use std::{
    fs::{self, File, TryLockError},
    io,
    os::unix::fs::FileExt as _,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    time::Instant,
};

/// Segments above sled's default, so that no page of ours is long enough for a side file. Fixed at creation.
const SEGMENT_BYTES: usize = 4 * 1024 * 1024;
/// Rows of one of sled's batches: larger ones hold its log open for longer.
const BATCH_ROWS: usize = 256;
/// The mark of the database and the number of the last commit that the pages hold. No key of ours begins with it.
const APPLIED_KEY: [u8; 1] = [0xff];

/// A database of sled.
pub struct Pages {
    /// None once it is closed.
    db: Option<sled::Db>,
    /// Our own handle on sled's file, because sled's `flush` does not sync.
    file: File,
    dir: PathBuf,
}

impl std::fmt::Debug for Pages {
    // sled's own would print every row.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pages").field("dir", &self.dir).finish_non_exhaustive()
    }
}

impl Pages {
    /// Opens the database in its directory, or makes it.
    ///
    /// # Errors
    /// When it is damaged, or when the disk fails. A damaged database is never opened and never changed (D6).
    pub fn open(dir: &Path, cache_bytes: u64) -> Result<Self, StoreError> {
        refuse_foreign_file(dir)?;
        refuse_side_files(dir)?;
        delete_half_snapshots(dir)?;
        let db = open_patiently(dir, cache_bytes)?;
        let file = sync_files(dir)?;
        Ok(Self { db: Some(db), file, dir: dir.to_owned() })
    }

    fn db(&self) -> &sled::Db {
        self.db.as_ref().expect("nobody asks after the end")
    }

    /// The mark of the database, and the number of the last commit that is here. None when it is new.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn applied(&self) -> Result<Option<(Mark, u64)>, StoreError> {
        let Some(row) = self.read(&APPLIED_KEY)? else { return Ok(None) };
        let parts = row.split_first_chunk::<8>().and_then(|(mark, rest)| Some((*mark, *rest.first_chunk::<8>()?)));
        let (mark, number) =
            parts.ok_or_else(|| StoreError::Corrupt(what_to_do("the row with the last commit is cut")))?;
        Ok(Some((mark, u64::from_be_bytes(number))))
    }

    /// The value of a key.
    ///
    /// # Errors
    /// When sled cannot read.
    pub fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        guarded(|| Ok(self.db().get(key).map_err(sled_error)?.map(|value| value.to_vec())))
    }

    /// All rows of a range, from either end. Reading on may panic inside sled: use it within [`guarded`].
    pub fn range(&self, from: &[u8], to: &[u8]) -> impl DoubleEndedIterator<Item = Result<KeyValue, StoreError>> {
        let owned = |row: sled::Result<(sled::IVec, sled::IVec)>| {
            row.map(|(key, value)| (key.to_vec(), value.to_vec())).map_err(sled_error)
        };
        self.db().range(from..to).map(owned)
    }

    /// Takes rows, and with the last of them notes that everything up to the commit `number` is here. Not durable yet,
    /// and after a crash perhaps in part: the log has it all.
    ///
    /// # Errors
    /// When sled cannot write.
    pub fn apply<'r>(
        &self,
        rows: impl Iterator<Item = (&'r [u8], Option<&'r [u8]>)>,
        mark: Mark,
        number: u64,
    ) -> Result<(), StoreError> {
        let (mut batch, mut held) = (sled::Batch::default(), 0);
        for (key, value) in rows {
            match value {
                Some(value) => batch.insert(key, value),
                None => batch.remove(key),
            }
            held += 1;
            if held == BATCH_ROWS {
                self.write(std::mem::take(&mut batch))?;
                held = 0;
            }
        }
        batch.insert(&APPLIED_KEY, [mark, number.to_be_bytes()].concat());
        self.write(batch)
    }

    /// Takes the rows of a commit that is too large for the log, all or none.
    ///
    /// # Errors
    /// When sled cannot write.
    pub fn apply_whole(&self, rows: &[Row], mark: Mark, number: u64) -> Result<(), StoreError> {
        let mut batch = sled::Batch::default();
        for (key, value) in rows {
            match value {
                Some(value) => batch.insert(&key[..], &value[..]),
                None => batch.remove(&key[..]),
            }
        }
        batch.insert(&APPLIED_KEY, [mark, number.to_be_bytes()].concat());
        self.write(batch)
    }

    fn write(&self, batch: sled::Batch) -> Result<(), StoreError> {
        guarded(|| self.db().apply_batch(batch).map_err(sled_error))
    }

    /// Makes durable what was applied.
    ///
    /// # Errors
    /// When the disk fails; a sync that failed is never tried again (D5).
    pub fn sync(&self) -> Result<(), StoreError> {
        guarded(|| self.db().flush().map_err(sled_error))?;
        self.file.sync_data().map_err(|error| io_error("syncing", &self.dir, &error))
    }

    /// Keeps sled from syncing once more when its last handle goes: a sync has failed, and is not tried again (D5).
    pub fn abandon(&self) {
        std::mem::forget(self.db().clone());
    }

    /// Closes the database, and says how long its file stays. sled gives free space at the file's end back in threads of
    /// its own; the last of them lets go of the lock. None when that takes too long.
    pub fn close(&mut self) -> Option<u64> {
        drop(self.db.take());
        let until = Instant::now() + LOCK_WAIT;
        loop {
            match self.file.try_lock() {
                Ok(()) => return Some(self.file_bytes()),
                Err(TryLockError::WouldBlock) if Instant::now() < until => std::thread::sleep(LOCK_PAUSE),
                Err(_) => return None,
            }
        }
    }

    /// Length of the database file, bytes.
    #[must_use]
    pub fn file_bytes(&self) -> u64 {
        file_bytes(&self.dir)
    }
}

fn database_file(dir: &Path) -> PathBuf {
    dir.join("db")
}

fn file_bytes(dir: &Path) -> u64 {
    fs::metadata(database_file(dir)).map_or(0, |file| file.len())
}

/// sled would take the missing end for free space, and write over what is left.
///
/// # Errors
/// When the file is shorter than it was when it was closed.
pub fn refuse_cut_file(dir: &Path, anchor: &Anchor) -> Result<(), StoreError> {
    let (found, known) = (file_bytes(dir), anchor.file_bytes);
    if found >= known {
        return Ok(());
    }
    Err(StoreError::Corrupt(format!(
        "{} has {found} bytes and had {known}. It was not opened, so that nothing more is lost. Keep a copy of the \
         directory and restore a backup. If you know that the file is whole, remove {}: links then stay closed until \
         you confirm the grants",
        database_file(dir).display(),
        anchor_path(dir).display(),
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

fn sled_error(error: sled::Error) -> StoreError {
    match error {
        sled::Error::Io(error) if error.kind() == io::ErrorKind::StorageFull => StoreError::Full(error.to_string()),
        sled::Error::Io(error) => StoreError::Io(error.to_string()),
        other => StoreError::Corrupt(what_to_do(&other.to_string())),
    }
}

/// On some damage sled panics instead of answering.
/// # Errors
/// What the work says, or that sled gave up.
pub fn guarded<T>(work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        Err(StoreError::Corrupt(what_to_do(text.unwrap_or("sled gave up"))))
    })
}
