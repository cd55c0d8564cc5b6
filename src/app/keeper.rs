//! Removes the bytes of files that nobody names any more: at once after a recall, when a deletion has become final, and
//! what was left over now and then.

use crate::{
    core::{Command, files::can_tell},
    engine::Engine,
    files::{DiskError, Files, Removal},
    model::{Digest, Domain},
    net::Stop,
};
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// Left-over bytes are looked for this often.
const SWEEP_EVERY: Duration = Duration::from_secs(3_600);
/// Pause before a removal is tried again.
const PAUSE: Duration = Duration::from_secs(1);

/// Works until stop is requested.
pub async fn run(engine: Engine, files: Files, mut stop: Stop) {
    let mut bell = engine.bell();
    let mut sweep_at = Instant::now();
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
        if erasure.done && !tells {
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

/// Removes bytes unless another event names them. False while somebody is reading them.
async fn remove(engine: &Engine, files: &Files, digest: Digest, peer: Option<&Domain>) -> Result<bool, DiskError> {
    if let Some(peer) = peer {
        files.forget_fetch(peer, digest).await?;
    }
    let reader = engine.reader().clone();
    // What cannot be read counts as used.
    let removal = files.remove(digest, move || reader.is_file_used(digest).unwrap_or(true)).await?;
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
