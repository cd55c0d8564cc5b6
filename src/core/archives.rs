//! Frozen archives: rooms that an export tells of, readable to those who were in them, never written to again (P30, ADR 15).

use super::{
    acts,
    command::Answer,
    draft::{Draft, Past},
    files::named_by,
};
use crate::{
    crypto::digest::{chain, sha256},
    model::{
        Address, Code, Digest, Millis, Reject, RoomId,
        audit::AuditNote,
        event::{Role, Sealed},
        journal::Entry,
        room::{History, Member, PendingRange, RoomInfo, RoomKind},
        text::{Description, RoomName},
        tool::Rules,
    },
};
use std::collections::BTreeSet;

/// A part of a room of an export. Parts may come again: what is here already is left as it is.
#[derive(Debug)]
pub struct Archived {
    /// The archive's own id.
    pub id: RoomId,
    /// Which room it was.
    pub of: RoomId,
    /// What it was called.
    pub name: RoomName,
    /// What it was for.
    pub description: Description,
    /// Who made it.
    pub created_by: Address,
    /// When.
    pub created_at: Millis,
    /// Who was in it at the end, and from which index on each saw it.
    pub members: Vec<(Address, u64)>,
    /// Its events, ascending.
    pub events: Vec<ArchivedEvent>,
    /// The files whose bytes come with it.
    pub files: BTreeSet<Digest>,
}

/// An event of it.
#[derive(Debug)]
pub struct ArchivedEvent {
    /// Its index.
    pub index: u64,
    /// When it became durable.
    pub at: Millis,
    /// The chain head after it.
    pub head: Digest,
    /// The event.
    pub event: Sealed,
}

/// Takes a part.
///
/// # Errors
/// `CONFLICT` when the archive here goes on otherwise, `NOT_FOUND` when nobody who was in the room is here.
pub fn take(draft: &mut Draft<'_>, actor: &str, part: &Archived) -> Result<Answer, Reject> {
    match draft.state.rooms.get(&part.id) {
        None => open(draft, actor, part)?,
        Some(room) if room.info.frozen != Some(Code::Archive) => {
            return Err(Reject::new(Code::Conflict, "there is another room under the id of this archive"));
        }
        Some(_) => {}
    }
    draft.replay_past();
    for event in &part.events {
        replay(draft, part, event)?;
    }
    let end = draft.state.rooms.get(&part.id).map_or(0, |room| room.next_index);
    for user in present(draft, part) {
        // Nobody is told that old words are new.
        draft.put_mark(&user.local(), part.id, end);
    }
    draft.journal(Entry::Room { room: part.id });
    Ok(Answer::done())
}

/// Those who were in the room and are here.
fn present(draft: &Draft<'_>, part: &Archived) -> Vec<Address> {
    let is_here = |user: &&Address| draft.state.user_at(user).is_some_and(|user| user.active);
    part.members.iter().map(|(user, _)| user).filter(is_here).cloned().collect()
}

fn open(draft: &mut Draft<'_>, actor: &str, part: &Archived) -> Result<(), Reject> {
    let present: BTreeSet<Address> = present(draft, part).into_iter().collect();
    if present.is_empty() {
        let detail = format!("nobody who was in the room {} has an account here", part.of);
        return Err(Reject::new(Code::NotFound, detail));
    }
    draft.put_room(info(draft, part));
    for (joined, (user, visible_from)) in (0..).zip(&part.members) {
        if present.contains(user) {
            let (role, joined_at) = (Role::Member, draft.now);
            draft.put_member(part.id, user, Member { role, visible_from: *visible_from, joined, joined_at });
        }
    }
    draft.audit(AuditNote {
        actor: format!("admin:{actor}"),
        action: "archive.made",
        subject: part.id.to_string(),
        code: None,
        detail: format!("of room {}, for {} people", part.of, present.len()),
    });
    Ok(())
}

/// An internal room has no partner: nothing of it is ever sent. It takes nothing, as after a contradiction.
fn info(draft: &Draft<'_>, part: &Archived) -> RoomInfo {
    RoomInfo {
        id: part.id,
        kind: RoomKind::Internal,
        host: draft.state.org.domain.clone(),
        partner: None,
        name: Some(part.name.clone()),
        description: part.description.clone(),
        history: History::Arrival,
        rules: Rules::default(),
        photo: None,
        photo_asked: None,
        created_by: part.created_by.clone(),
        created_at: part.created_at,
        synced_epoch: None,
        partner_present: false,
        frozen: Some(Code::Archive),
        pending: PendingRange::default(),
        unplaced: Vec::new(),
        joins: part.members.len() as u64,
    }
}

fn replay(draft: &mut Draft<'_>, part: &Archived, archived: &ArchivedEvent) -> Result<(), Reject> {
    let Some(room) = draft.state.rooms.get(&part.id) else { return Ok(()) };
    let ArchivedEvent { index, at, head, event } = archived;
    if *index < room.next_index {
        return Ok(());
    }
    let follows = *index == room.next_index && *index > room.begins;
    if follows && chain(room.head, sha256(&event.bytes)) != *head {
        let detail = format!("event {index} does not follow from what is in the archive already");
        return Err(Reject::new(Code::Conflict, detail));
    }
    draft.append_past(part.id, event, Past { index: *index, at: *at, head: *head });
    acts::replay(draft, part.id, *index, event);
    for file in named_by(&event.event).iter().filter(|file| !part.files.contains(&file.digest)) {
        draft.put_file_use(file.digest, part.id, *index, false);
    }
    Ok(())
}
