//! Files that are named no longer: recalled, deleted, given up, refused. What a hold keeps is noted and stays (P20, P30).

use super::{PENDING_FROM, external, named_by};
use crate::{
    core::{
        command::{Answer, Ref},
        draft::Draft,
        keeping, permit,
        state::State,
    },
    model::{
        Address, Code, Digest, Domain, Millis, Reject, RoomId,
        file::{Erasure, FileRef},
        journal::Entry,
        record::RecordBody,
    },
};

/// A submission got its place.
pub fn end_pending(draft: &mut Draft<'_>, id: RoomId, p: u64, files: &[FileRef]) {
    for file in files {
        draft.put_file_use(file.digest, id, PENDING_FROM | p, false);
    }
}

/// A submission will never have a place: the files that it named are not kept for it. Doing it again changes nothing.
///
/// # Errors
/// None: what waits or is on hold stays as it is.
pub fn release(draft: &mut Draft<'_>, id: RoomId, p: u64, digests: &[Digest]) -> Result<Answer, Reject> {
    let unplaced = draft.state.rooms.get(&id).is_some_and(|room| {
        room.info.unplaced.iter().any(|unplaced| (unplaced.range.from..unplaced.range.to).contains(&p))
    });
    if unplaced && !keeping::is_kept(&draft.state, id) {
        for digest in digests {
            draft.put_file_use(*digest, id, PENDING_FROM | p, false);
        }
    }
    Ok(Answer::done())
}

/// A hold keeps bytes that were replaced: notes them as what is to be removed when it ends.
pub fn keep_back(draft: &mut Draft<'_>, id: RoomId, index: u64, digest: Digest) {
    let known = draft.state.erasures.get(&(id, index)).map(|erasure| erasure.digests.clone());
    let digests = known.into_iter().flatten().chain([digest]).collect();
    draft.put_erasure(id, index, Erasure { digests, done: false, acknowledged: None, tell: None });
}

/// An item was taken back, and with it what its edits named.
pub fn erase_item(draft: &mut Draft<'_>, id: RoomId, index: u64) {
    let edits = draft.item(id, index).map(|fact| fact.item.edits.clone()).unwrap_or_default();
    for index in std::iter::once(index).chain(edits) {
        let Some(fact) = draft.item(id, index) else { continue };
        let (author, files) = (fact.event.author.clone(), named_by(&fact.event).to_vec());
        if let Some(author) = author {
            erase(draft, id, index, &author, &files);
        }
    }
}

/// An event was taken back: nobody sees its files any more, and their bytes go here and at the partner.
pub fn erase(draft: &mut Draft<'_>, id: RoomId, index: u64, author: &Address, files: &[FileRef]) {
    let Some(room) = draft.state.rooms.get(&id).cloned().filter(|_| !files.is_empty()) else { return };
    let partner = external(&draft.state, &room).cloned();
    for file in files {
        draft.put_file_use(file.digest, id, index, false);
        if let Some(peer) = &partner {
            draft.put_awaited((peer.clone(), file.digest, id, index), None);
        }
    }
    let ours = draft.state.is_ours(author);
    draft.put_erasure(
        id,
        index,
        Erasure {
            digests: files.iter().map(|file| file.digest).collect(),
            done: false,
            acknowledged: partner.as_ref().filter(|_| ours).map(|_| false),
            tell: partner.filter(|_| !ours),
        },
    );
    draft.journal(Entry::File { room: id, index });
}

/// Events of a room are deleted, or lose what they hold: nobody sees these files by them any more. The bytes go when
/// nothing else names them.
pub fn forget_named(draft: &mut Draft<'_>, id: RoomId, named: &[(u64, Digest)]) {
    let peer = partner_in(draft, id);
    for (index, digest) in named {
        draft.put_file_use(*digest, id, *index, false);
        if let Some(peer) = &peer {
            draft.put_awaited((peer.clone(), *digest, id, *index), None);
        }
    }
}

/// A file of a folder that was deleted cannot be brought back any more: nobody sees it, and its bytes go. Each side does
/// so by its own clock, and tells nobody.
pub fn give_up(draft: &mut Draft<'_>, id: RoomId, index: u64, file: &FileRef) {
    draft.put_file_use(file.digest, id, index, false);
    if let Some(peer) = partner_in(draft, id) {
        draft.put_awaited((peer, file.digest, id, index), None);
    }
    draft.put_erasure(id, index, Erasure { digests: vec![file.digest], done: false, acknowledged: None, tell: None });
    draft.journal(Entry::File { room: id, index });
}

/// What was given up here is brought back by the partner, who has the bytes.
pub fn await_again(draft: &mut Draft<'_>, id: RoomId, index: u64, file: &FileRef) {
    draft.put_file_use(file.digest, id, index, true);
    if let Some(peer) = partner_in(draft, id) {
        draft.put_awaited((peer, file.digest, id, index), Some(file.bytes));
    }
    draft.journal(Entry::File { room: id, index });
}

fn partner_in(draft: &Draft<'_>, id: RoomId) -> Option<Domain> {
    external(&draft.state, draft.state.rooms.get(&id)?).cloned()
}

/// Our copies of a recalled event's files are removed: notes it, and tells the author's daemon as soon as the link
/// allows. Doing it again changes nothing.
///
/// # Errors
/// None: an erasure that is not open any more is done.
pub fn erased(draft: &mut Draft<'_>, id: RoomId, index: u64) -> Result<Answer, Reject> {
    let Some(erasure) = draft.state.erasures.get(&(id, index)).cloned() else { return Ok(Answer::done()) };
    if !erasure.done && keeping::is_kept(&draft.state, id) {
        // Neither removed nor called so, until the hold ends.
        return Ok(Answer::done());
    }
    let mut after = Erasure { done: true, ..Erasure::clone(&erasure) };
    if let Some(peer) = after.tell.take_if(|peer| can_tell(&draft.state, peer, draft.now)) {
        draft.send(&peer, &RecordBody::FilesErased { room: id, index }, Ref::None);
    }
    if after != *erasure {
        draft.put_erasure(id, index, after);
        draft.journal(Entry::File { room: id, index });
    }
    Ok(Answer::done())
}

/// Whether a record without a scope can be queued for the peer now.
#[must_use]
pub fn can_tell(state: &State, peer: &Domain, now: Millis) -> bool {
    let Some(link) = state.links.get(peer) else { return false };
    let term = permit::term(link, now);
    permit::check_link(state, link, now).is_ok() && link.streams.out.is_some_and(|out| Some(out.term) == term)
}

/// The partner's daemon has removed its copies.
///
/// # Errors
/// `AUTHORITY` for a room that is not shared with it.
pub fn receive_erased(draft: &mut Draft<'_>, peer: &Domain, id: RoomId, index: u64) -> Result<(), Code> {
    let room = draft.state.rooms.get(&id).ok_or(Code::Authority)?;
    if room.other(&draft.state.org.domain) != Some(peer) {
        return Err(Code::Authority);
    }
    let open = draft.state.erasures.get(&(id, index)).filter(|erasure| erasure.acknowledged == Some(false)).cloned();
    if let Some(erasure) = open {
        draft.put_erasure(id, index, Erasure { acknowledged: Some(true), ..Erasure::clone(&erasure) });
        draft.journal(Entry::File { room: id, index });
    }
    Ok(())
}
