//! Files in rooms: who may send, pass on, see and fetch them, what is awaited, and what a recall takes away.
//!
//! (P2, P3, W19, A20, A26.) Bytes are never looked at here. Every event that names a file leaves a row, so that access is
//! the access to an event, and bytes go when the last row has gone.

mod gone;

pub use gone::{
    await_again, can_tell, end_pending, erase, erase_item, erased, forget_named, give_up, keep_back, receive_erased,
    release,
};

use super::{
    command::Answer,
    draft::Draft,
    features::{self, Feature},
    links, permit, photos, rooms,
    state::{Link, Room, State},
    tools::Whose,
};
use crate::model::{
    Address, Code, Digest, Domain, LocalPart, Millis, Reject, RoomId,
    audit::AuditNote,
    event::{Act, Content, Event},
    file::{FilePolicy, FileRef, FileSource, FileState},
    grant::Scope,
    journal::Entry,
    limits,
    room::RoomKind,
};

/// Rows of files from this index on are of submissions: their numbers, which have no place in the timeline yet.
pub const PENDING_FROM: u64 = 1 << 63;
const DAY_MS: u64 = 24 * 3_600_000;

/// The files that an act names.
#[must_use]
pub fn named(act: &Act) -> &[FileRef] {
    match act {
        Act::Message(message) => &message.files,
        Act::Note(note) => note.body().map_or(&[], |body| &body.files),
        Act::Folder(folder) => folder.file().map_or(&[], std::slice::from_ref),
        _ => &[],
    }
}

/// The files that an event names.
#[must_use]
pub fn named_by(event: &Event) -> &[FileRef] {
    match &event.content {
        Content::Act(act) => named(act),
        _ => &[],
    }
}

/// Whether the author may name these files: own uploads, or files of events that they may see.
///
/// # Errors
/// `NO_SUCH_FILE` with the field.
pub fn check_sources(
    draft: &Draft<'_>,
    user: &LocalPart,
    files: &[FileRef],
    sources: &[FileSource],
) -> Result<(), Reject> {
    let known = |(file, source): (&FileRef, &FileSource)| match source {
        FileSource::Upload => true,
        FileSource::Gone => false,
        FileSource::Room { room, index } => may_pass_on(draft, user, (*room, *index), file),
    };
    if files.len() == sources.len() && files.iter().zip(sources).all(known) {
        return Ok(());
    }
    let detail = "files names one that is neither a finished upload of yours nor here in a message that you may see";
    Err(Reject { field: Some("files"), ..Reject::new(Code::NoSuchFile, detail) })
}

fn may_pass_on(draft: &Draft<'_>, user: &LocalPart, (id, index): (RoomId, u64), file: &FileRef) -> bool {
    let state = &draft.state;
    let Some(room) = state.rooms.get(&id).filter(|room| rooms::visible(state, user, room, index)) else { return false };
    let stands = |index: u64| draft.item(id, index).is_none_or(|fact| fact.item.recalled.is_none());
    let fact = draft.item(id, index).filter(|fact| {
        let owner = fact.event.content.act().and_then(Act::target);
        stands(index) && owner.is_none_or(stands)
    });
    let same = |known: &FileRef| known.digest == file.digest && known.bytes == file.bytes;
    fact.is_some_and(|fact| named_by(&fact.event).iter().any(same)) && !is_awaited(state, room, file.digest, index)
}

/// What our own side asks before files leave a user of ours (P2, P3, P19, A34): the strictest rule decides.
///
/// # Errors
/// `FILES_OFF`, `FILE_TYPE`, `TOO_LARGE`, each with whose rule it is; `SCOPE`, `NOT_OFFERED`.
pub fn check_sending(
    state: &State,
    user: &LocalPart,
    room: &Room,
    files: &[FileRef],
    now: Millis,
) -> Result<(), Reject> {
    check_room_rule(room, files)?;
    let Some(peer) = external(state, room) else { return Ok(()) };
    check_permitted(state, user)?;
    check_rules(&state.file_policy, files, "your organization")?;
    if !rooms::crosses(state, room, now) {
        return Ok(());
    }
    check_crossing(state, room, peer, now)?;
    theirs(state, peer).map_or(Ok(()), |rules| check_rules(rules, files, peer.as_str()))
}

/// Whether a user of ours may send any file into a room now.
///
/// # Errors
/// `FILES_OFF`, `SCOPE`, `NOT_OFFERED`, and what keeps the link closed.
pub fn may_send(state: &State, user: &LocalPart, room: &Room, now: Millis) -> Result<(), Reject> {
    let Some(peer) = external(state, room) else { return Ok(()) };
    check_permitted(state, user)?;
    if rooms::crosses(state, room, now) { check_crossing(state, room, peer, now) } else { Ok(()) }
}

/// The largest file that a room takes of our people, bytes, and whose rule it is.
#[must_use]
pub fn size_limit(state: &State, room: &Room) -> (u64, Whose) {
    let own = (state.file_policy.bytes_max, Whose::Org(state.org.domain.clone()));
    let peer = external(state, room);
    let theirs = peer.and_then(|peer| Some((theirs(state, peer)?.bytes_max, Whose::Org(peer.clone()))));
    let masters = room.info.rules.file_bytes_max.map(|bytes| (bytes, Whose::Masters));
    // Of equals the first: masters can change nothing about what an org asks for.
    [Some(own), theirs, masters].into_iter().flatten().min_by_key(|(bytes, _)| *bytes).expect("our own rule is there")
}

/// The partner of a room that is not of our org alone.
fn external<'a>(state: &State, room: &'a Room) -> Option<&'a Domain> {
    room.other(&state.org.domain).filter(|_| room.info.kind != RoomKind::Internal)
}

fn theirs<'a>(state: &'a State, peer: &Domain) -> Option<&'a FilePolicy> {
    state.links.get(peer)?.peer.files.as_ref()
}

fn check_permitted(state: &State, user: &LocalPart) -> Result<(), Reject> {
    if !state.file_policy.sending {
        let detail = "your organization does not let files be sent to other organizations; your admin can change it";
        return Err(Reject::new(Code::FilesOff, detail));
    }
    if state.users.get(user).is_some_and(|user| !user.files) {
        let detail = "your account may not send files to other organizations; your admin can change it";
        return Err(Reject::new(Code::FilesOff, detail));
    }
    Ok(())
}

fn check_crossing(state: &State, room: &Room, peer: &Domain, now: Millis) -> Result<(), Reject> {
    permit::authorize(state, peer, Scope::Files, now)?;
    features::check(state, room, Feature::Files)
}

/// What the masters of the room ask.
fn check_room_rule(room: &Room, files: &[FileRef]) -> Result<(), Reject> {
    let Some(bytes_max) = room.info.rules.file_bytes_max else { return Ok(()) };
    match files.iter().find(|file| file.bytes > bytes_max) {
        Some(file) => {
            let detail = format!(
                "this room takes files of at most {bytes_max} bytes, as its masters say; this one has {}",
                file.bytes
            );
            Err(too_large(detail))
        }
        None => Ok(()),
    }
}

fn too_large(detail: String) -> Reject {
    Reject { field: Some("files"), limit: Some("file"), ..Reject::new(Code::TooLarge, detail) }
}

fn check_rules(rules: &FilePolicy, files: &[FileRef], whose: &str) -> Result<(), Reject> {
    if let Some(file) = files.iter().find(|file| file.bytes > rules.bytes_max) {
        let detail = format!("{whose} takes files of at most {} bytes; this one has {}", rules.bytes_max, file.bytes);
        return Err(too_large(detail));
    }
    match files.iter().find(|file| !rules.takes(&file.media_type)) {
        Some(file) => {
            let detail = format!("{whose} does not take files of the type {}", file.media_type);
            Err(Reject { field: Some("files"), ..Reject::new(Code::FileType, detail) })
        }
        None => Ok(()),
    }
}

/// What we ask of files that a peer's user names: scope, our rules, and that they do not fill our disk (P2, A26).
///
/// # Errors
/// `SCOPE`, `FILE_TYPE`, `TOO_LARGE`, `RATE_LIMITED`.
pub fn check_taking(state: &State, link: &Link, room: &Room, files: &[FileRef], now: Millis) -> Result<(), Code> {
    if files.is_empty() {
        return Ok(());
    }
    if files.len() > limits::FILES_PER_MESSAGE_MAX {
        return Err(Code::TooLarge);
    }
    if !permit::scopes(link, now).holds(Scope::Files) {
        return Err(Code::Scope);
    }
    check_room_rule(room, files).map_err(|reject| reject.code)?;
    check_rules(&state.file_policy, files, "").map_err(|reject| reject.code)?;
    let peer = &link.peer.domain;
    let bytes: u64 = files.iter().map(|file| file.bytes).fold(0, u64::saturating_add);
    let today = day_quota(state, peer, now).1.saturating_add(bytes);
    let waiting = state.awaited_from(peer).take(limits::FILES_AWAITED_MAX).count() + files.len();
    if today > limits::FILE_BYTES_PER_LINK_PER_DAY_MAX || waiting > limits::FILES_AWAITED_MAX {
        return Err(Code::RateLimited);
    }
    Ok(())
}

/// Whether some more bytes of the peer's may be awaited; counts them (A26).
pub fn takes_bytes(draft: &mut Draft<'_>, peer: &Domain, bytes: u64) -> bool {
    let (since, today) = day_quota(&draft.state, peer, draft.now);
    let today = today.saturating_add(bytes);
    let waiting = draft.state.awaited_from(peer).take(limits::FILES_AWAITED_MAX).count();
    let fits = today <= limits::FILE_BYTES_PER_LINK_PER_DAY_MAX && waiting < limits::FILES_AWAITED_MAX;
    if fits {
        draft.put_file_quota(peer, (since, today));
    }
    fits
}

fn day_quota(state: &State, peer: &Domain, now: Millis) -> (Millis, u64) {
    let known = state.file_bytes_by_link.get(peer).copied().filter(|(since, _)| now.since(*since) < DAY_MS);
    known.unwrap_or((now, 0))
}

/// An event that names files got its place: whoever may see it may see them. Files of the partner's people are awaited
/// even when their bytes are here already: only who has them can give them to others (A20). Of our own people they are
/// after a restore, since the partner may have the only copy (W10).
pub fn note_named(draft: &mut Draft<'_>, id: RoomId, index: u64, author: &Address, files: &[FileRef]) {
    if files.is_empty() {
        return;
    }
    if draft.is_told() {
        return files.iter().for_each(|file| await_again(draft, id, index, file));
    }
    let peer = (!draft.state.is_ours(author)).then(|| author.domain());
    for file in files {
        draft.put_file_use(file.digest, id, index, true);
        if let Some(peer) = &peer {
            draft.put_awaited((peer.clone(), file.digest, id, index), Some(file.bytes));
        }
    }
    if let Some(peer) = peer {
        let (since, bytes) = day_quota(&draft.state, &peer, draft.now);
        let bytes = files.iter().map(|file| file.bytes).fold(bytes, u64::saturating_add);
        draft.put_file_quota(&peer, (since, bytes));
    }
}

/// A submission that names files is queued: its bytes are kept, and the host may fetch them as soon as it hears of it.
pub fn note_pending(draft: &mut Draft<'_>, id: RoomId, p: u64, files: &[FileRef]) {
    for file in files {
        draft.put_file_use(file.digest, id, PENDING_FROM | p, true);
    }
}

/// A file that a peer has announced is here, whole and verified.
///
/// # Errors
/// None.
pub fn arrived(draft: &mut Draft<'_>, peer: &Domain, digest: Digest) -> Result<Answer, Reject> {
    let from = (peer.clone(), digest, RoomId([0; 16]), 0);
    let same = |key: &(Domain, Digest, RoomId, u64)| key.0 == *peer && key.1 == digest;
    let keys: Vec<_> = draft.state.awaited.range(from..).map(|(key, _)| key.clone()).take_while(same).collect();
    for key in keys {
        let (room, index) = (key.2, key.3);
        draft.put_awaited(key, None);
        match index {
            photos::PHOTO_AT => photos::arrived(draft, room),
            index => draft.journal(Entry::File { room, index }),
        }
    }
    Ok(Answer::done())
}

/// A peer gave bytes that are not those of the file it announced (A32).
///
/// # Errors
/// `UNKNOWN_PEER`.
pub fn note_fault(draft: &mut Draft<'_>, peer: &Domain, digest: Digest) -> Result<Answer, Reject> {
    links::find(&draft.state, peer)?;
    draft.audit(AuditNote {
        actor: format!("peer:{peer}"),
        action: "file.refused",
        subject: digest.to_string(),
        code: Some(Code::Malformed),
        detail: "the bytes that came are not those that were announced".to_owned(),
    });
    Ok(Answer::done())
}

/// An admin sets what may be sent and taken.
///
/// # Errors
/// `INVALID` with the field.
pub fn set_policy(draft: &mut Draft<'_>, actor: &str, policy: FilePolicy) -> Result<Answer, Reject> {
    if !(1..=limits::FILE_BYTES_MAX).contains(&policy.bytes_max) {
        return Err(Reject::field("bytes_max", format!("must be 1 to {}", limits::FILE_BYTES_MAX)));
    }
    if policy.allowed.len().max(policy.forbidden.len()) > limits::MEDIA_RANGES_MAX {
        return Err(Reject::field(
            "allowed",
            format!("and forbidden may name {} types each", limits::MEDIA_RANGES_MAX),
        ));
    }
    if policy.folder_kept_days > limits::FOLDER_KEPT_DAYS_MAX {
        return Err(Reject::field("folder_kept_days", format!("must be at most {}", limits::FOLDER_KEPT_DAYS_MAX)));
    }
    if *draft.state.file_policy != policy {
        let (allowed, forbidden) = (policy.allowed.len(), policy.forbidden.len());
        draft.audit(AuditNote {
            actor: format!("admin:{actor}"),
            action: "policy.files_changed",
            subject: "policy".to_owned(),
            code: None,
            detail: format!(
                "sending {}, at most {} bytes, {allowed} types allowed, {forbidden} forbidden, deleted kept {} days",
                if policy.sending { "on" } else { "off" },
                policy.bytes_max,
                policy.folder_kept_days
            ),
        });
        draft.put_file_policy(policy);
    }
    Ok(Answer::done())
}

/// Which of the events that name a file this user may see; the least of them gives it its name.
pub fn seen_uses<'a>(
    state: &'a State,
    user: &'a LocalPart,
    room: &'a Room,
    uses: &'a [u64],
) -> impl Iterator<Item = u64> + 'a {
    uses.iter().copied().filter(|index| rooms::visible(state, user, room, *index))
}

/// Whether the bytes of a file are still on their way to the event at this index.
#[must_use]
pub fn is_awaited(state: &State, room: &Room, digest: Digest, index: u64) -> bool {
    let peer = room.other(&state.org.domain);
    peer.is_some_and(|peer| state.awaited.contains_key(&(peer.clone(), digest, room.info.id, index)))
}

/// Where a file of an event is.
#[must_use]
pub fn state_of(state: &State, room: &Room, digest: Digest, index: u64) -> FileState {
    if is_awaited(state, room, digest, index) { FileState::Awaited } else { FileState::Here }
}

/// Whether a peer may read the bytes of a file now: link and scope are open, its people are in the room, one of them
/// may see an event that names it, and it did not come from there itself unproven (A20).
#[must_use]
pub fn may_fetch(state: &State, peer: &Domain, (id, digest): (RoomId, Digest), uses: &[u64], now: Millis) -> bool {
    let Some(room) = state.rooms.get(&id).filter(|room| room.info.kind != RoomKind::Internal) else { return false };
    if room.other(&state.org.domain) != Some(peer) || permit::authorize(state, peer, Scope::Files, now).is_err() {
        return false;
    }
    let Some(visible_from) = room.members_of(peer).map(|(_, member)| member.visible_from).min() else { return false };
    let pending = PENDING_FROM | room.info.pending.from..PENDING_FROM | room.info.pending.to;
    let shown = |index: u64| (visible_from..room.next_index).contains(&index) || pending.contains(&index);
    uses.iter().any(|index| shown(*index) && !is_awaited(state, room, digest, *index))
}
