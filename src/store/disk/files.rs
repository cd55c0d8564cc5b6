//! The files around the database: its lock, its anchor, and making names durable.

use crate::store::kv::{Anchor, StoreError};
use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write as _},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// After a drop the locks may be held a moment longer by sled's own threads.
pub const LOCK_WAIT: Duration = Duration::from_secs(1);
/// Between two tries.
pub const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// One process at a time, told apart before anything in the directory is touched.
///
/// # Errors
/// `Busy` when another has it.
pub fn lock(dir: &Path) -> Result<File, StoreError> {
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

/// Where the anchor of a database stands: beside its directory, not in it, so that an exchanged directory is noticed.
#[must_use]
pub fn anchor_path(dir: &Path) -> PathBuf {
    let mut name = dir.file_name().unwrap_or_default().to_owned();
    name.push(".anchor");
    dir.with_file_name(name)
}

/// Reads the anchor, if there is one.
///
/// # Errors
/// When it exists and cannot be read.
pub fn read_anchor(dir: &Path) -> Result<Option<Anchor>, StoreError> {
    let path = anchor_path(dir);
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

/// Replaces the anchor durably.
///
/// # Errors
/// When it cannot be written.
pub fn write_anchor(dir: &Path, anchor: &Anchor) -> Result<(), StoreError> {
    let path = anchor_path(dir);
    let fresh = path.with_extension("anchor.new");
    let text = serde_json::to_vec_pretty(anchor).expect("an anchor is plain JSON");
    let written = File::create(&fresh)
        .and_then(|mut file| file.write_all(&text).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&fresh, &path));
    written.map_err(|error| io_error("writing", &path, &error))?;
    sync_parent(&path)
}

/// Makes a file's or a directory's content and names durable.
///
/// # Errors
/// When the disk fails.
pub fn sync_path(path: &Path) -> Result<(), StoreError> {
    File::open(path).and_then(|file| file.sync_all()).map_err(|error| io_error("syncing", path, &error))
}

/// Makes the name of a file or a directory durable.
///
/// # Errors
/// When the disk fails.
pub fn sync_parent(path: &Path) -> Result<(), StoreError> {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => sync_path(parent),
        _ => sync_path(Path::new(".")),
    }
}

/// What happened, to which file; a full disk is told apart.
#[must_use]
pub fn io_error(doing: &str, path: &Path, error: &io::Error) -> StoreError {
    let text = format!("{doing} {}: {error}", path.display());
    if error.kind() == io::ErrorKind::StorageFull { StoreError::Full(text) } else { StoreError::Io(text) }
}

/// The end of every message about damage.
#[must_use]
pub fn what_to_do(found: &str) -> String {
    format!("{found}. Nothing was repaired or removed: keep a copy of the directory, and restore a backup")
}
