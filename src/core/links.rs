//! Pinning, opening, closing, quarantine (W2, W7, P26).

mod closing;
mod pinning;

pub use closing::{end_outgoing, is_due, settle_term, tick};
pub use pinning::{hear_card, pin, show_card, unpin};

use super::{
    command::Answer,
    draft::Draft,
    permit::{self, link_state},
    state::{Link, State},
};
use crate::model::{
    Code, Domain, Millis, Reject,
    audit::AuditNote,
    journal::Entry,
    link::{InStream, LinkState, Peer, Quarantine, Streams},
    notice::NoticeKind,
    record::Epoch,
};
use std::sync::Arc;

/// Lifts a quarantine. What was found may be found again: then only a revocation and a new grant, which open new
/// streams, get out of it.
///
/// # Errors
/// `UNKNOWN_PEER`, or `CONFLICT` when nothing is quarantined.
pub fn lift(draft: &mut Draft<'_>, actor: &str, peer: &Domain) -> Result<Answer, Reject> {
    let link = find(&draft.state, peer)?;
    let Some(quarantine) = &link.peer.quarantine else {
        return Err(Reject::new(Code::Conflict, format!("the link with {peer} is not quarantined")));
    };
    let detail = format!("was: {} {}", quarantine.code, quarantine.detail);
    draft.put_peer(Peer { quarantine: None, ..Peer::clone(&link.peer) });
    note(draft, format!("admin:{actor}"), "link.lifted", peer, (None, detail));
    draft.journal(Entry::Link { peer: peer.clone() });
    announce_open(draft, peer, false);
    Ok(Answer::done())
}

/// Holds everything but hellos on a link until an admin decides, and keeps the proof. The first finding stands.
///
/// # Errors
/// `UNKNOWN_PEER`.
pub fn quarantine(
    draft: &mut Draft<'_>,
    peer: &Domain,
    code: Code,
    detail: String,
    evidence: Vec<Arc<str>>,
) -> Result<Answer, Reject> {
    let link = find(&draft.state, peer)?;
    let refused = Reject::new(code, detail.clone());
    if link.peer.quarantine.is_none() {
        if was_told(&draft.state, &link) {
            tell_all(draft, &NoticeKind::Ended { peer: peer.clone(), code: Code::Quarantined });
        }
        note(draft, format!("peer:{peer}"), "link.quarantined", peer, (Some(code), detail.clone()));
        let quarantine = Some(Quarantine { code, detail, at: draft.now, evidence });
        draft.put_peer(Peer { quarantine, ..Peer::clone(&link.peer) });
        draft.journal(Entry::Link { peer: peer.clone() });
    }
    Ok(Answer::Refused(refused))
}

/// Notes what a proven backup holds of the peers' streams; their next hello hears of it (W10). A stream that has ended
/// since counts for nothing.
pub fn backed_up(draft: &mut Draft<'_>, actor: &str, name: &str, positions: &[(Domain, Epoch, u64)]) -> Answer {
    for (peer, epoch, cursor) in positions {
        let Ok(link) = find(&draft.state, peer) else { continue };
        let Some(inn) = link.streams.inn.as_ref().filter(|inn| inn.epoch == *epoch) else { continue };
        let backed_up = (*cursor).min(inn.cursor).max(inn.backed_up);
        let inn = Some(InStream { backed_up, ..inn.clone() });
        draft.put_streams(peer, Streams { inn, ..link.streams.clone() });
    }
    let detail = format!("{} streams", positions.len());
    let subject = format!("backup:{name}");
    draft.audit(AuditNote { actor: format!("admin:{actor}"), action: "backup.taken", subject, code: None, detail });
    Answer::done()
}

/// Notes that the peer refused us, for the admin to see.
///
/// # Errors
/// `UNKNOWN_PEER`.
pub fn refused_us(draft: &mut Draft<'_>, peer: &Domain, what: String) -> Result<Answer, Reject> {
    find(&draft.state, peer)?;
    draft.note_refusal(peer, what);
    Ok(Answer::done())
}

/// Whether users can be told that messaging with the peer is possible.
#[must_use]
pub fn is_open(state: &State, link: &Link, now: Millis) -> bool {
    matches!(link_state(state, link, now), LinkState::Open | LinkState::Stale)
}

/// Tells the permitted users, the admin and the feeds that the link is open, if it is now and was not before (P4).
pub(super) fn announce_open(draft: &mut Draft<'_>, peer: &Domain, before: bool) {
    let now_open = draft.state.links.get(peer).is_some_and(|link| is_open(&draft.state, link, draft.now));
    if now_open && !before {
        note(draft, "system".to_owned(), "link.opened", peer, (None, String::new()));
        tell_all(draft, &NoticeKind::Available { peer: peer.clone() });
        draft.journal(Entry::Link { peer: peer.clone() });
    }
}

/// The link with a peer.
///
/// # Errors
/// `UNKNOWN_PEER`.
pub(super) fn find(state: &State, peer: &Domain) -> Result<Arc<Link>, Reject> {
    state.links.get(peer).cloned().ok_or_else(|| {
        Reject::new(
            Code::UnknownPeer,
            format!("{peer} is not a partner of this organization; an admin can pair with it"),
        )
    })
}

/// Writes into the audit log about a link.
pub(super) fn note(
    draft: &mut Draft<'_>,
    actor: String,
    action: &'static str,
    peer: &Domain,
    (code, detail): (Option<Code>, String),
) {
    draft.audit(AuditNote { actor, action, subject: peer.to_string(), code, detail });
}

/// Whether both streams were agreed on, whatever the grants say now.
fn is_agreed(streams: &Streams) -> bool {
    match (&streams.out, &streams.inn) {
        (Some(out), Some(inn)) => out.confirmed && out.term == inn.term,
        _ => false,
    }
}

/// Whether users have been told that the link is open, and not yet that it ended.
fn was_told(state: &State, link: &Link) -> bool {
    is_agreed(&link.streams) && link.peer.quarantine.is_none() && !state.unconfirmed
}

fn tell_all(draft: &mut Draft<'_>, kind: &NoticeKind) {
    let users = draft.state.users.clone();
    for local in users.keys() {
        if permit::check_permission(&draft.state, local).is_ok() {
            draft.notify(local, kind.clone());
        }
    }
}
