//! What the peer sends again of its own stream after our restore (W10).

use crate::{
    core::{draft::Draft, rooms},
    model::{
        Domain,
        link::{RecordPlace, Replay, Streams},
        record::{Record, RecordBody},
    },
};

/// How a record that was sent again is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replayed {
    /// As if it came for the first time.
    Anew,
    /// It had its effect, or was refused: only its number is taken.
    Done,
}

/// How this record is to be taken. Submissions, requests and answers up to the last one that a record taken back has
/// placed were decided by us before; the decisions are back.
#[must_use]
pub fn replayed(replay: Option<&Replay>, epoch_n: u64, record: &Record) -> Replayed {
    let decided = replay.is_some_and(|replay| (epoch_n, record.seq) <= replay.placed);
    let asks = matches!(
        record.body,
        Ok(RecordBody::RoomSubmit { .. } | RecordBody::RoomAsk { .. } | RecordBody::RoomAnswer { .. })
    );
    if decided && asks { Replayed::Done } else { Replayed::Anew }
}

/// Ends the replay when the stream has come to where it was: what still waits for a place then was refused.
pub fn advance(draft: &mut Draft<'_>, peer: &Domain, at: RecordPlace) {
    let Some(link) = draft.state.links.get(peer).cloned() else { return };
    let Some(replay) = link.streams.replay.as_ref().filter(|replay| at >= replay.end) else { return };
    draft.put_streams(peer, Streams { replay: None, ..link.streams.clone() });
    for (room, to) in &replay.waiting {
        rooms::give_up_waiting(draft, *room, *to);
    }
}
