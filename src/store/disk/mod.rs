//! The store on disk: a write-ahead log that makes commits durable, and sled's pages that take them over in the
//! background (`docs/adr/0008-a-log-before-the-pages.md`).
//!
//! A commit is one write and one sync of the log, and then a row each in memory, above the pages. When a segment of the
//! log is full, its rows go to the pages, each key once however often it was written, and the segment is free again.

mod files;
mod overlay;
mod pages;
mod wal;

use super::kv::{Anchor, Batch, Followers, KeyValue, Kv, StoreError};
use crate::{
    clock::{Random as _, SystemRandom},
    model::limits::DISK_RESERVE_BYTES,
};
use arc_swap::ArcSwap;
use overlay::Layers;
use pages::{Pages, guarded};
use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc},
    thread::JoinHandle,
};
use wal::{Mark, Row, Wal};

/// A database in a directory of its own.
#[derive(Debug)]
pub struct DiskKv {
    shared: Arc<Shared>,
    writer: Mutex<Writer>,
    // Held to the end, so that no other process opens what this one still writes.
    _lock: File,
}

/// What the writer alone uses.
#[derive(Debug)]
struct Writer {
    wal: Wal,
    /// Set by the first failed write: a failed sync is never tried again (D5).
    failed: bool,
    carrier: Option<(mpsc::Sender<u64>, JoinHandle<()>)>,
    followers: Followers,
}

/// What the writer, the readers and the carrier share.
#[derive(Debug)]
struct Shared {
    dir: PathBuf,
    mark: Mark,
    pages: Pages,
    layers: ArcSwap<Layers>,
    anchor: Mutex<Option<Anchor>>,
    carrying: Mutex<Carrying>,
    carried: Condvar,
}

/// Whether the frozen layer is on its way to the pages.
#[derive(Debug)]
enum Carrying {
    Nothing,
    Frozen,
    Failed(String),
}

impl DiskKv {
    /// Opens the database in a directory of its own, or makes it. Its anchor and nothing else stands beside the
    /// directory: `<name>.anchor`.
    ///
    /// # Errors
    /// When another process has it open, when it is damaged or cut short, or when the disk fails. A damaged database is
    /// never opened and never changed (D6).
    pub fn open(dir: &Path, cache_bytes: u64) -> Result<Self, StoreError> {
        fs::create_dir_all(dir).map_err(|error| files::io_error("making the directory", dir, &error))?;
        let lock = files::lock(dir)?;
        let anchor = closed_anchor(dir)?;
        let pages = Pages::open(dir, cache_bytes)?;
        let (mark, applied) = match pages.applied()? {
            Some(known) => known,
            None => found(dir, &pages)?,
        };
        let (wal, due) = Wal::open(dir, mark, applied)?;
        if let Some(last) = due.last() {
            let rows = due.iter().flat_map(|record| &record.rows);
            pages.apply(rows.map(|(key, value)| (&key[..], value.as_deref())), mark, last.number)?;
            pages.sync()?;
        }
        let shared = Arc::new(Shared {
            dir: dir.to_owned(),
            mark,
            pages,
            layers: ArcSwap::default(),
            anchor: Mutex::new(anchor),
            carrying: Mutex::new(Carrying::Nothing),
            carried: Condvar::new(),
        });
        let carrier = start_carrier(&shared)?;
        let writer = Writer { wal, failed: false, carrier: Some(carrier), followers: Followers::default() };
        Ok(Self { shared, writer: Mutex::new(writer), _lock: lock })
    }

    /// The anchor beside a database that nobody has open.
    ///
    /// # Errors
    /// When there is one that cannot be read.
    pub fn anchor_beside(dir: &Path) -> Result<Option<Anchor>, StoreError> {
        files::read_anchor(dir)
    }

    /// Keeps everybody else from opening a database while it is moved, as long as what is returned lives.
    ///
    /// # Errors
    /// `Busy` when a process has it open.
    pub fn lock(dir: &Path) -> Result<File, StoreError> {
        files::lock(dir)
    }

    /// Where the anchor of a database stands.
    #[must_use]
    pub fn anchor_path(dir: &Path) -> PathBuf {
        files::anchor_path(dir)
    }

    fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, writer: &mut Writer, rows: &[Row]) -> Result<(), StoreError> {
        if !writer.wal.prepare(rows) {
            return self.write_past_the_log(writer, rows);
        }
        if !writer.wal.has_room() {
            self.freeze(writer)?;
            writer.wal.turn();
        }
        writer.wal.append()?;
        self.shared.layers.rcu(|layers| layers.with(rows));
        Ok(())
    }

    /// A commit that is longer than a segment goes to the pages at once, after all before it.
    fn write_past_the_log(&self, writer: &mut Writer, rows: &[Row]) -> Result<(), StoreError> {
        self.freeze(writer)?;
        self.shared.wait()?;
        writer.wal.turn();
        let number = writer.wal.pass();
        self.shared.pages.apply_whole(rows, self.shared.mark, number)?;
        self.shared.pages.sync()
    }

    /// Notes how long the file is from now on. Where that cannot be done it stays unknown, as after a crash.
    fn close(&mut self) {
        let Some(shared) = Arc::get_mut(&mut self.shared) else { return };
        let Some(file_bytes) = shared.pages.close() else { return };
        let anchor = shared.anchor.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(anchor) = anchor {
            // A disk that does not take it has answered all commits before.
            drop(files::write_anchor(&shared.dir, &Anchor { file_bytes, ..anchor }));
        }
    }

    /// Hands the rows of the present segment to the carrier, as soon as it has brought those of the other one home.
    fn freeze(&self, writer: &Writer) -> Result<(), StoreError> {
        self.shared.wait()?;
        *self.shared.carrying() = Carrying::Frozen;
        self.shared.layers.rcu(|layers| Layers { active: overlay::Rows::new(), frozen: layers.active.clone() });
        let sent = writer.carrier.as_ref().map(|(orders, _)| orders.send(writer.wal.last()));
        sent.and_then(Result::ok).ok_or_else(|| StoreError::Io("the thread that writes the pages is gone".to_owned()))
    }
}

/// The anchor, after the file was held against it. sled gives free space at the file's end back to the disk whenever it
/// likes, also as it opens: the length is known while nobody has the database open, and at no other time.
fn closed_anchor(dir: &Path) -> Result<Option<Anchor>, StoreError> {
    let Some(anchor) = files::read_anchor(dir)? else { return Ok(None) };
    pages::refuse_cut_file(dir, &anchor)?;
    if anchor.file_bytes == 0 {
        return Ok(Some(anchor));
    }
    let open = Anchor { file_bytes: 0, ..anchor };
    files::write_anchor(dir, &open)?;
    Ok(Some(open))
}

/// A database without a mark is new, or of a version that had no log: it gets both.
fn found(dir: &Path, pages: &Pages) -> Result<(Mark, u64), StoreError> {
    let mut mark = Mark::default();
    SystemRandom.fill(&mut mark);
    Wal::create(dir)?;
    pages.apply(std::iter::empty(), mark, 0)?;
    pages.sync()?;
    Ok((mark, 0))
}

fn start_carrier(shared: &Arc<Shared>) -> Result<(mpsc::Sender<u64>, JoinHandle<()>), StoreError> {
    let (orders, todo) = mpsc::channel();
    let shared = shared.clone();
    let carry = move || todo.iter().for_each(|number| shared.carry(number));
    let thread = std::thread::Builder::new().name("pages".to_owned()).spawn(carry);
    Ok((orders, thread.map_err(|error| StoreError::Io(format!("starting a thread: {error}")))?))
}

impl Shared {
    fn carrying(&self) -> MutexGuard<'_, Carrying> {
        self.carrying.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn anchor(&self) -> MutexGuard<'_, Option<Anchor>> {
        self.anchor.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Brings the frozen layer, whose last commit has this number, to the pages.
    fn carry(&self, number: u64) {
        let layers = self.layers.load_full();
        let rows = layers.frozen.iter().map(|(key, value)| (&key[..], value.as_deref()));
        let done = guarded(|| self.pages.apply(rows, self.mark, number).and_then(|()| self.pages.sync()));
        let end = match done {
            Ok(()) => {
                self.layers.rcu(|layers| Layers { active: layers.active.clone(), frozen: overlay::Rows::new() });
                Carrying::Nothing
            }
            Err(error) => Carrying::Failed(error.to_string()),
        };
        *self.carrying() = end;
        self.carried.notify_all();
    }

    /// Until the frozen layer is in the pages.
    fn wait(&self) -> Result<(), StoreError> {
        let is_under_way = |carrying: &mut Carrying| matches!(carrying, Carrying::Frozen);
        let carrying = self.carried.wait_while(self.carrying(), is_under_way).unwrap_or_else(PoisonError::into_inner);
        match &*carrying {
            Carrying::Failed(error) => Err(StoreError::Io(error.clone())),
            Carrying::Nothing | Carrying::Frozen => Ok(()),
        }
    }

    fn failure(&self) -> Option<StoreError> {
        match &*self.carrying() {
            Carrying::Failed(error) => Some(StoreError::Io(error.clone())),
            Carrying::Nothing | Carrying::Frozen => None,
        }
    }
}

impl Kv for DiskKv {
    fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        match self.shared.layers.load().row(key) {
            Some(row) => Ok(row),
            None => self.shared.pages.read(key),
        }
    }

    fn scan(&self, from: &[u8], to: &[u8], rows_max: usize) -> Result<Vec<KeyValue>, StoreError> {
        if from >= to {
            return Ok(Vec::new());
        }
        // The layers first: what leaves them meanwhile is in the pages by then.
        let layers = self.shared.layers.load_full();
        guarded(|| layers.scan((from, to), self.shared.pages.range(from, to), rows_max))
    }

    fn scan_back(&self, from: &[u8], to: &[u8], rows_max: usize) -> Result<Vec<KeyValue>, StoreError> {
        if from >= to {
            return Ok(Vec::new());
        }
        let layers = self.shared.layers.load_full();
        guarded(|| layers.scan_back((from, to), self.shared.pages.range(from, to).rev(), rows_max))
    }

    fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        batch.check()?;
        let mut writer = self.writer();
        if writer.failed {
            return Err(StoreError::Io("writing has failed before; start the daemon again".to_owned()));
        }
        writer.failed = true;
        if let Some(failure) = self.shared.failure() {
            return Err(failure);
        }
        self.write(&mut writer, &batch.rows)?;
        writer.failed = false;
        writer.followers.tell(&batch);
        Ok(())
    }

    fn follow(&self) -> mpsc::Receiver<Batch> {
        self.writer().followers.add()
    }

    fn load_anchor(&self) -> Result<Option<Anchor>, StoreError> {
        Ok(self.shared.anchor().clone())
    }

    fn save_anchor(&self, anchor: &Anchor) -> Result<(), StoreError> {
        let mut held = self.shared.anchor();
        let anchor = Anchor { file_bytes: 0, ..anchor.clone() };
        files::write_anchor(&self.shared.dir, &anchor)?;
        *held = Some(anchor);
        Ok(())
    }

    fn size_bytes(&self) -> u64 {
        self.shared.pages.file_bytes() + 2 * wal::SEGMENT_BYTES as u64
    }

    fn has_space(&self) -> bool {
        // When the disk does not even answer this, the next commit will say more.
        fs2::available_space(&self.shared.dir).map_or(true, |bytes| bytes >= DISK_RESERVE_BYTES)
    }
}

impl Drop for DiskKv {
    fn drop(&mut self) {
        let mut writer = self.writer();
        // Everything committed is durable; this only spares the next start the replay.
        let settled = !writer.failed && self.freeze(&writer).and_then(|()| self.shared.wait()).is_ok();
        if !settled {
            self.shared.pages.abandon();
        }
        if let Some((orders, thread)) = writer.carrier.take() {
            drop(orders);
            drop(thread.join());
        }
        drop(writer);
        if settled {
            self.close();
        }
    }
}

#[cfg(test)]
mod tests;
