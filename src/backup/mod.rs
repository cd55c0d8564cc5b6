//! Backups: a database that a daemon can start from, copied while the daemon works, and proven by opening it (D8).
//!
//! A backup holds the database and the files, and no key: keys change rarely, and the daemon cannot read them under
//! systemd. It holds no anchor either, so that a copy put in place by hand opens no link by itself (D7).

mod copy;
mod restore;
#[cfg(test)]
mod tests;
mod tree;

pub use restore::{Restored, restore};

use crate::{
    core::{Command, State, command::AdminOp},
    engine::Engine,
    model::{Domain, Millis, record::Epoch},
    store::{
        check,
        disk::DiskKv,
        kv::{Kv, StoreError},
        load,
    },
};
use serde::{Deserialize, Serialize};
use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// Page cache of a copy, bytes: it is written once and read once.
const CACHE_BYTES: u64 = 8 << 20;
/// What says that a directory is a whole backup, and which.
const MANIFEST: &str = "backup.json";
const DATA: &str = "data";
const FILES: &str = "files";

/// Why there is no backup, or it cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The database, or its copy.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file.
    #[error("{0}: {1}")]
    Io(PathBuf, #[source] io::Error),
    /// One is being taken already.
    #[error("a backup is being taken already")]
    Busy,
    /// The copy cannot be read as what it should be.
    #[error("the copy does not hold together: {0}")]
    Unproven(String),
    /// The directory is no whole backup.
    #[error("{0} is no whole backup: it has no readable backup.json")]
    NoBackup(PathBuf),
    /// There is a database where it should go.
    #[error("there is a database in {0} already")]
    InTheWay(PathBuf),
    /// The daemon stops, or could not note it.
    #[error("the daemon cannot note the backup: {0}")]
    Unnoted(String),
}

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> BackupError {
    let path = path.to_owned();
    move |error| BackupError::Io(path, error)
}

/// What is known of a whole backup; stands in it as `backup.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Its directory's name.
    pub name: String,
    /// Of which organization.
    pub org: Domain,
    /// Of which database, as hex.
    pub instance: String,
    /// The last commit in it.
    pub commit: u64,
    /// When it was complete.
    pub taken_at: Millis,
    /// Rows of the database.
    pub rows: u64,
    /// Files that people sent.
    pub files: u64,
    /// Bytes of both.
    pub bytes: u64,
}

/// Of each peer's stream: its epoch, and the last record that is in a backup.
type Positions = Vec<(Domain, Epoch, u64)>;

/// Where a daemon's backups go, and what goes into them.
#[derive(Clone, Debug)]
pub struct Places {
    /// The directory of backups.
    pub backups: PathBuf,
    /// The directory of files.
    pub files: PathBuf,
}

/// Takes backups, one at a time. Cheap to clone.
#[derive(Clone)]
pub struct Backups(Arc<Inner>);

struct Inner {
    engine: Engine,
    source: Arc<dyn Kv>,
    places: Places,
    present: Mutex<Present>,
    rows: AtomicU64,
}

#[derive(Default)]
struct Present {
    running: Option<String>,
    failed: Option<String>,
}

/// How it stands with the backups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The one that is being taken, and rows copied so far.
    pub running: Option<(String, u64)>,
    /// Why the last one failed, if it did.
    pub failed: Option<String>,
    /// Those that are whole, newest first.
    pub kept: Vec<Manifest>,
}

impl std::fmt::Debug for Backups {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Backups").field(&self.0.places).finish()
    }
}

impl Backups {
    /// Of this store, which `engine` writes.
    #[must_use]
    pub fn new(engine: Engine, source: Arc<dyn Kv>, places: Places) -> Self {
        Self(Arc::new(Inner { engine, source, places, present: Mutex::default(), rows: AtomicU64::new(0) }))
    }

    /// How it stands with them.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn standing(&self) -> Result<Standing, BackupError> {
        let present = self.0.present();
        let running = present.running.clone().map(|name| (name, self.0.rows.load(Ordering::Relaxed)));
        Ok(Standing { running, failed: present.failed.clone(), kept: kept(&self.0.places.backups)? })
    }

    /// Begins one in the background. When it is proven, the database notes it, and of the older ones `kept_max` with it
    /// stay; all when none is given.
    ///
    /// # Errors
    /// `Busy` when one is being taken.
    pub fn begin(&self, actor: String, kept_max: Option<usize>) -> Result<(), BackupError> {
        let mut present = self.0.present();
        if present.running.is_some() {
            return Err(BackupError::Busy);
        }
        let name = name_at(self.0.engine.now());
        *present = Present { running: Some(name.clone()), failed: None };
        self.0.rows.store(0, Ordering::Relaxed);
        drop(present);
        let inner = self.0.clone();
        tokio::spawn(async move {
            let failed = inner.take(&name, actor, kept_max).await.err().map(|error| error.to_string());
            if let Some(error) = &failed {
                tracing::error!(name, error, "there is no backup");
            }
            *inner.present() = Present { running: None, failed };
        });
        Ok(())
    }
}

impl Inner {
    fn present(&self) -> MutexGuard<'_, Present> {
        self.present.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn take(self: &Arc<Self>, name: &str, actor: String, kept_max: Option<usize>) -> Result<(), BackupError> {
        let (inner, named) = (self.clone(), name.to_owned());
        let taken = tokio::task::spawn_blocking(move || inner.write(&named)).await;
        let (manifest, positions) =
            taken.map_err(|_| BackupError::Unproven("it ended by a panic; the log says why".to_owned()))??;
        let op = AdminOp::BackedUp { name: name.to_owned(), positions };
        let noted = self.engine.submit(Command::Admin { actor, op }).await;
        noted.map_err(|refusal| BackupError::Unnoted(format!("{refusal:?}")))?;
        tracing::info!(name, commit = manifest.commit, rows = manifest.rows, files = manifest.files, "backup taken");
        match kept_max {
            None => Ok(()),
            Some(kept_max) => remove_older(&self.places.backups, kept_max.max(1)),
        }
    }

    /// Writes a backup under a draft's name; it gets its own when it is proven.
    fn write(&self, name: &str) -> Result<(Manifest, Positions), BackupError> {
        let Places { backups, files } = &self.places;
        tree::make_dir(backups)?;
        remove_drafts(backups)?;
        let draft = backups.join(format!("{name}.draft"));
        tree::make_dir(&draft)?;
        let target = DiskKv::open(&draft.join(DATA), CACHE_BYTES)?;
        copy::copy(&*self.source, &target, |rows| self.rows.store(rows, Ordering::Relaxed))?;
        drop(target);
        let (state, commit, rows) = prove(&draft.join(DATA))?;
        let (count, file_bytes) = tree::link_contents(files, &draft.join(FILES))?;
        let manifest = Manifest {
            name: name.to_owned(),
            org: state.org.domain.clone(),
            instance: state.org.instance.to_string(),
            commit,
            taken_at: self.engine.now(),
            rows,
            files: count,
            bytes: file_bytes + tree::bytes_in(&draft.join(DATA))?,
        };
        let text = serde_json::to_vec_pretty(&manifest).expect("texts and numbers are always JSON");
        tree::write_file(&draft.join(MANIFEST), &text)?;
        tree::rename(&draft, &backups.join(name))?;
        Ok((manifest, positions_of(&state)))
    }
}

/// Opens a copy as a start would, and reads every row of it.
fn prove(data: &Path) -> Result<(State, u64, u64), BackupError> {
    let kv: Arc<dyn Kv> = Arc::new(DiskKv::open(data, CACHE_BYTES)?);
    let checked = check::check(&*kv)?;
    if let Some(finding) = checked.findings.first() {
        return Err(BackupError::Unproven(format!("{finding} ({} findings)", checked.findings_total)));
    }
    let loaded = load::load(&kv)?.ok_or_else(|| BackupError::Unproven("it is empty".to_owned()))?;
    Ok((loaded.state, loaded.stage.commit_no(), checked.rows))
}

fn positions_of(state: &State) -> Positions {
    let position = |(peer, link): (&Domain, &Arc<crate::core::state::Link>)| {
        link.streams.inn.as_ref().map(|inn| (peer.clone(), inn.epoch, inn.cursor))
    };
    state.links.iter().filter_map(position).collect()
}

/// `2026-11-22T06-30-00.000Z`: in the order of time, and good for a file name anywhere.
fn name_at(now: Millis) -> String {
    let at =
        jiff::Timestamp::from_millisecond(i64::try_from(now.0).unwrap_or(i64::MAX)).unwrap_or(jiff::Timestamp::MAX);
    format!("{at:.3}").replace(':', "-")
}

/// The manifest of a backup.
///
/// # Errors
/// When there is none.
pub fn manifest(backup: &Path) -> Result<Manifest, BackupError> {
    let text = fs::read(backup.join(MANIFEST)).map_err(|_| BackupError::NoBackup(backup.to_owned()))?;
    serde_json::from_slice(&text).map_err(|_| BackupError::NoBackup(backup.to_owned()))
}

/// The whole backups in a directory, newest first.
fn kept(backups: &Path) -> Result<Vec<Manifest>, BackupError> {
    let mut kept: Vec<Manifest> = tree::names_in(backups)?
        .into_iter()
        .filter(|name| !name.ends_with(".draft"))
        .filter_map(|name| manifest(&backups.join(name)).ok())
        .collect();
    kept.sort_by(|one, other| other.taken_at.cmp(&one.taken_at).then_with(|| other.name.cmp(&one.name)));
    Ok(kept)
}

fn remove_older(backups: &Path, kept_max: usize) -> Result<(), BackupError> {
    for older in kept(backups)?.into_iter().skip(kept_max) {
        let path = backups.join(&older.name);
        fs::remove_dir_all(&path).map_err(io_error(&path))?;
    }
    Ok(())
}

/// What a crash has left of a backup that was being taken.
fn remove_drafts(backups: &Path) -> Result<(), BackupError> {
    for name in tree::names_in(backups)?.into_iter().filter(|name| name.ends_with(".draft")) {
        let path = backups.join(name);
        fs::remove_dir_all(&path).map_err(io_error(&path))?;
    }
    Ok(())
}
