//! Putting a backup in the place of a database that is lost or damaged. What was there is moved aside, never deleted.

use super::{BackupError, CACHE_BYTES, DATA, FILES, Manifest, io_error, manifest, prove, tree};
use crate::store::{
    anchor::{self, AnchorVerdict},
    disk::DiskKv,
    kv::{Anchor, Kv},
    load,
};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

/// What came of it.
#[derive(Clone, Debug)]
pub struct Restored {
    /// The backup.
    pub manifest: Manifest,
    /// Where the database stands that was there before.
    pub moved_to: Option<PathBuf>,
    /// What the next start does: anything but `Agrees` holds all links until an admin confirms the grants (D7).
    pub verdict: AnchorVerdict,
    /// Files in the directory of files, old and new.
    pub files: u64,
}

/// Puts a backup in place. No daemon may run. With `replace` a database that is there is moved aside.
///
/// The anchor that stood beside the old database knows our last grants: it is kept, so that a revocation which is newer
/// than the backup is not forgotten (D7).
///
/// # Errors
/// When the backup is not whole, a database is in the way or in use, or the disk fails. The old database then stands
/// where it was, or beside it under the name that the next attempt leaves alone.
pub fn restore(backup: &Path, data: &Path, files: &Path, replace: bool) -> Result<Restored, BackupError> {
    let manifest = manifest(backup)?;
    let is_there = !tree::names_in(data)?.is_empty();
    if is_there && !replace {
        return Err(BackupError::InTheWay(data.to_owned()));
    }
    let lock = if is_there { Some(DiskKv::lock(data)?) } else { None };
    let draft = beside(data, "restoring");
    if draft.exists() {
        fs::remove_dir_all(&draft).map_err(io_error(&draft))?;
    }
    tree::copy_all(&backup.join(DATA), &draft)?;
    let (state, commit, _) = prove(&draft)?;
    if state.org.instance.to_string() != manifest.instance || commit != manifest.commit {
        return Err(BackupError::Unproven("its database is not the one that backup.json names".to_owned()));
    }
    let old = DiskKv::anchor_beside(data).unwrap_or_default().filter(|anchor| anchor.instance == state.org.instance);
    let moved_to = move_aside(data)?;
    drop(lock);
    tree::rename(&draft, data)?;
    let (files, _) = tree::link_contents(&backup.join(FILES), files)?;
    Ok(Restored { manifest, moved_to, verdict: anchor_again(data, commit, old)?, files })
}

fn beside(data: &Path, word: &str) -> PathBuf {
    let mut name = data.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{word}"));
    data.with_file_name(name)
}

/// Moves database and anchor to a name that nothing has yet.
fn move_aside(data: &Path) -> Result<Option<PathBuf>, BackupError> {
    let anchor = DiskKv::anchor_path(data);
    if !data.exists() && !anchor.exists() {
        return Ok(None);
    }
    let mut n = 1;
    let (place, place_of_anchor) = loop {
        let place = beside(data, &format!("replaced-{n}"));
        let place_of_anchor = DiskKv::anchor_path(&place);
        if !place.exists() && !place_of_anchor.exists() {
            break (place, place_of_anchor);
        }
        n += 1;
    };
    // The anchor first: without one, whatever stands there holds its links.
    if anchor.exists() {
        fs::rename(&anchor, &place_of_anchor).map_err(io_error(&place_of_anchor))?;
    }
    if data.exists() {
        tree::rename(data, &place)?;
    }
    Ok(Some(place))
}

/// Marks the restored database as such, writes the old anchor's grants beside it, and says how the two stand to each other.
fn anchor_again(data: &Path, commit: u64, old: Option<Anchor>) -> Result<AnchorVerdict, BackupError> {
    let kv: Arc<dyn Kv> = Arc::new(DiskKv::open(data, CACHE_BYTES)?);
    load::mark_restored(&*kv)?;
    let Some(old) = old else { return Ok(AnchorVerdict::Missing) };
    kv.save_anchor(&Anchor { commit, ..old })?;
    let loaded = load::load(&kv)?.ok_or_else(|| BackupError::Unproven("it is empty".to_owned()))?;
    Ok(anchor::check(&*kv, &loaded)?)
}
