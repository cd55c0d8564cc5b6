//! Removes the bytes of files that nobody names any more: at once after a recall, a final deletion or a refusal,
//! and what was left over now and then. What a legal hold keeps stays.

use crate::{
    core::{
        Command,
        files::{PENDING_FROM, can_tell},
        keeping::{is_held, is_kept, keeps_file},
        state::Room,
    },
    engine::Engine,
    files::{DiskError, Files, Removal},
    model::{
        Digest, Domain, RoomId,
        keeping::{Held, Hold},
        room::{self, PendingRange},
    },
    net::Stop,
    store::reader::{PendingRow, Reader, files_named},
};
use imbl::OrdMap;
use std::{collections::HashMap, time::Duration};
use tokio::time::{Instant, sleep_until};

/// Left-over bytes are looked for this often.
const SWEEP_EVERY: Duration = Duration::from_secs(3_600);
/// Pause before a removal is tried again.
const PAUSE: Duration = Duration::from_secs(1);

/// Works until stop is requested.
pub async fn run(engine: Engine, files: Files, mut stop: Stop) {
    let mut bell = engine.bell();
    let mut sweep_at = Instant::now();
    let mut unplaced = Unplaced::default();
    loop {
        bell.borrow_and_update();
        let left = match erase(&engine, &files).await {
            Ok(left) => left,
            Err(error) => {
                tracing::warn!(%error, "files of a recalled message are not removed yet");
                true
            }
        };
        give_up(&engine).await;
        if let Err(error) = unplaced.release(&engine, &files).await {
            tracing::warn!(%error, "files of a refused message are not removed yet");
        }
        if Instant::now() >= sweep_at {
            if let Err(error) = sweep(&engine, &files).await {
                tracing::warn!(%error, "left-over files were not removed");
            }
            sweep_at = Instant::now() + SWEEP_EVERY;
        }
        let again = if left { sweep_at.min(Instant::now() + PAUSE) } else { sweep_at };
        tokio::select! {
            () = stop.requested() => return,
            changed = bell.changed() => if changed.is_err() { return },
            () = sleep_until(again) => {}
        }
    }
}

/// Does what open erasures ask for. True when something has to be tried again.
async fn erase(engine: &Engine, files: &Files) -> Result<bool, DiskError> {
    let state = engine.state();
    let mut left = false;
    for ((room, index), erasure) in &state.erasures {
        let tells = erasure.tell.as_ref().is_some_and(|peer| can_tell(&state, peer, engine.now()));
        if erasure.done && !tells || !erasure.done && is_kept(&state, *room) {
            continue;
        }
        let peer = state.rooms.get(room).and_then(|room| room.other(&state.org.domain));
        let mut gone = true;
        for digest in erasure.digests.iter().filter(|_| !erasure.done) {
            gone &= remove(engine, files, *digest, peer).await?;
        }
        let noted = gone && engine.submit(Command::FilesErased(*room, *index)).await.is_ok();
        left |= !noted;
    }
    Ok(left)
}

/// Ends what was deleted from folders and cannot be brought back any more. What is refused is tried at the next look.
async fn give_up(engine: &Engine) {
    let (state, now) = (engine.state(), engine.now());
    for (_, room, index) in state.trash.iter().take_while(|(until, ..)| *until <= now) {
        if let Err(refusal) = engine.submit(Command::GiveUp(*room, *index)).await {
            tracing::warn!(%refusal, "a deleted file of a folder is not given up yet");
        }
    }
}

/// Submissions that will never have a place: the files that only they name go.
#[derive(Default)]
struct Unplaced {
    /// How often there were new ones, and what was on hold.
    looked: Option<(u64, OrdMap<Held, Hold>)>,
    /// Which were looked at.
    seen: HashMap<RoomId, Vec<room::Unplaced>>,
}

impl Unplaced {
    async fn release(&mut self, engine: &Engine, files: &Files) -> Result<(), DiskError> {
        let state = engine.state();
        let look = Some((state.unplaced_times, state.keeping.holds.clone()));
        if self.looked == look {
            return Ok(());
        }
        self.looked = look;
        let ended = |room: &Room| !room.info.unplaced.is_empty() && !is_held(&state, room);
        for (id, room) in state.rooms.iter().filter(|(_, room)| ended(room)) {
            let before = self.seen.insert(*id, room.info.unplaced.clone()).unwrap_or_default();
            let fresh = room.info.unplaced.iter().filter(|unplaced| !before.contains(unplaced));
            for (p, digests) in fresh.flat_map(|unplaced| named(engine.reader(), *id, unplaced.range)) {
                let released = engine.submit(Command::ReleaseFiles(*id, p, digests.clone())).await;
                for digest in digests.into_iter().filter(|_| released.is_ok()) {
                    remove(engine, files, digest, None).await?;
                }
            }
        }
        Ok(())
    }
}

/// The files that submissions still name, by their numbers. What cannot be read is left.
fn named(reader: &Reader, id: RoomId, range: PendingRange) -> Vec<(u64, Vec<Digest>)> {
    let of = |row: PendingRow| {
        let digests: Vec<Digest> = files_named(&row.bytes).ok()?.into_iter().map(|file| file.digest).collect();
        let is_kept =
            |digest: &Digest| reader.file_uses(*digest, id).is_ok_and(|uses| uses.contains(&(PENDING_FROM | row.p)));
        Some((row.p, digests.into_iter().filter(is_kept).collect::<Vec<_>>()))
            .filter(|(_, digests)| !digests.is_empty())
    };
    reader.pending(id, range.from, range.to).unwrap_or_default().into_iter().filter_map(of).collect()
}

/// Removes bytes unless another event names them. False while somebody is reading them.
async fn remove(engine: &Engine, files: &Files, digest: Digest, peer: Option<&Domain>) -> Result<bool, DiskError> {
    if let Some(peer) = peer {
        files.forget_fetch(peer, digest).await?;
    }
    let engine = engine.clone();
    // What cannot be read counts as used.
    let is_used =
        move || engine.reader().is_file_used(digest).unwrap_or(true) || keeps_file(&engine.state(), digest, None);
    let removal = files.remove(digest, is_used).await?;
    Ok(removal != Removal::Pinned)
}

/// Removes what a crash, an expired upload or a refused message has left.
async fn sweep(engine: &Engine, files: &Files) -> Result<(), DiskError> {
    files.expire().await?;
    for first in 0..=u8::MAX {
        for digest in files.contents(first).await? {
            remove(engine, files, digest, None).await?;
        }
    }
    Ok(())
}
