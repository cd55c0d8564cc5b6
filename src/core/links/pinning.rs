//! Cards: pinning a peer by hand, and newer cards that arrive in-band (W2, A30).

use super::{
    closing::{ended, settle_term},
    find, note, quarantine,
};
use crate::{
    core::{
        command::Answer,
        draft::Draft,
        state::{Link, State},
    },
    crypto::{digest::link_id, dsse},
    model::{
        Code, Domain, Reject,
        audit::AuditNote,
        grant::SignedGrant,
        id::PublicKey,
        journal::Entry,
        limits,
        link::{Parted, Peer, Streams},
        org::{Card, SignedCard},
    },
};
use std::sync::Arc;

/// How far a card's version may be ahead of the one we hold: a peer that was away misses some, and a jump without
/// bound would let one mistake end all later cards.
const CARD_VERSION_STEP_MAX: u64 = 1_000;

/// Pins a peer, replaces its card, or pins it anew under another identity (W2).
///
/// # Errors
/// `INVALID` for a card that cannot be a partner's, `CONFLICT` with what to do first, `KEY_TAKEN` for one that shows keys
/// of another org.
pub fn pin(draft: &mut Draft<'_>, actor: &str, card: SignedCard) -> Result<Answer, Reject> {
    check_pinnable(&draft.state, &card.card)?;
    let peer = card.card.domain.clone();
    let known = draft.state.links.get(&peer).cloned();
    let detail = format!("card version {}, identity {}", card.card.version, card.card.identity);
    let action = match &known {
        Some(link) if link.peer.card.card.identity == card.card.identity => {
            check_newer(link, &card)?;
            put_card(draft, link, card);
            "peer.card_replaced"
        }
        Some(link) => {
            check_closed(draft, link)?;
            pin_fresh(draft, card, ended(&link.streams));
            "peer.identity_replaced"
        }
        None => {
            pin_unknown(draft, card)?;
            "peer.pinned"
        }
    };
    note(draft, format!("admin:{actor}"), action, &peer, (None, detail));
    draft.journal(Entry::Link { peer });
    Ok(Answer::done())
}

/// Unpins a peer: it is a stranger from now on. What it sent stays; what was numbered is remembered.
///
/// # Errors
/// `UNKNOWN_PEER`, or `CONFLICT` while the link is not closed.
pub fn unpin(draft: &mut Draft<'_>, actor: &str, peer: &Domain) -> Result<Answer, Reject> {
    let link = find(&draft.state, peer)?;
    check_closed(draft, &link)?;
    draft.put_streams(peer, ended(&link.streams));
    draft.remove_peer(peer);
    note(draft, format!("admin:{actor}"), "peer.unpinned", peer, (None, String::new()));
    draft.journal(Entry::Link { peer: peer.clone() });
    Ok(Answer::done())
}

/// Takes a newer card that the peer's identity key has signed. The proof itself was checked before.
///
/// # Errors
/// `PROOF` for another identity or domain, `KEY_TAKEN` for keys of another org, `UNKNOWN_PEER`.
pub fn hear_card(draft: &mut Draft<'_>, peer: &Domain, card: SignedCard) -> Result<Answer, Reject> {
    let link = find(&draft.state, peer)?;
    let known = &link.peer.card;
    if card.card.domain != *peer || card.card.identity != known.card.identity {
        return Err(Reject::new(Code::Proof, "the card is not of the identity that is pinned"));
    }
    if card.card.version == known.card.version && card.card != known.card {
        let detail = format!("{peer} has signed two cards with version {}", card.card.version);
        return quarantine(draft, peer, Code::Fork, detail, vec![known.document.clone(), card.document]);
    }
    let ahead = card.card.version.saturating_sub(known.card.version);
    if ahead > CARD_VERSION_STEP_MAX {
        return Err(Reject::new(Code::Proof, "the card's version is too far ahead of the one that is pinned"));
    }
    if ahead > 0 {
        check_unshared(&draft.state, &card.card)?;
        let detail = format!("version {}", card.card.version);
        put_card(draft, &link, card);
        note(draft, format!("peer:{peer}"), "peer.card_heard", peer, (None, detail));
        draft.journal(Entry::Link { peer: peer.clone() });
    }
    Ok(Answer::Heard { again: false })
}

/// Puts a newer card of a known identity in force. A grant that a key has signed which the card calls revoked was perhaps
/// not the peer's: it counts for nothing, and the link is closed until the peer gives another (A31).
fn put_card(draft: &mut Draft<'_>, link: &Link, card: SignedCard) {
    let peer = link.peer.domain.clone();
    let revoked = |grant: &SignedGrant| dsse::signer(&grant.document).is_some_and(|key| card.card.revokes(&key));
    let is_void = link.peer.theirs.as_ref().is_some_and(revoked);
    let theirs = link.peer.theirs.clone().filter(|_| !is_void);
    draft.put_peer(Peer { card, theirs, ..Peer::clone(&link.peer) });
    if is_void {
        let detail = "the key that signed it was revoked; the partner has to give another".to_owned();
        note(draft, format!("peer:{peer}"), "grant.void", &peer, (None, detail));
        settle_term(draft, &peer);
    }
}

fn check_pinnable(state: &State, card: &Card) -> Result<(), Reject> {
    if card.domain == state.org.domain || card.identity == state.org.identity {
        return Err(Reject::field("card", "must be another organization's, and this one is your own"));
    }
    let in_range = |count: usize, max: usize| (1..=max).contains(&count);
    if !in_range(card.signing_keys.len(), limits::CARD_SIGNING_KEYS_MAX) {
        return Err(Reject::field("card", "must name 1 to 4 signing keys"));
    }
    if !in_range(card.tls_pins.len(), limits::CARD_PINS_MAX) {
        return Err(Reject::field("card", "must name 1 to 4 TLS pins"));
    }
    let namesake = state
        .links
        .values()
        .find(|link| link.peer.card.card.identity == card.identity && link.peer.domain != card.domain);
    match namesake {
        Some(link) => Err(Reject::new(
            Code::Conflict,
            format!("this identity key is pinned as {}; remove that peer first", link.peer.domain),
        )),
        None => check_unshared(state, card),
    }
}

/// A key or pin stands for one org. A card that shows one of another org's would lock that org out, because a pin that
/// two claim serves nobody: it is refused, and whose it was stays as it is (W1, W3).
fn check_unshared(state: &State, card: &Card) -> Result<(), Reject> {
    let others = state.links.values().map(|link| &link.peer.card.card).filter(|other| other.domain != card.domain);
    let taken = others.chain(state.own_card.as_deref()).find_map(|other| Some((shared(card, other)?, &other.domain)));
    let own_identity = keys_of(card).any(|key| *key == state.org.identity);
    let Some((what, whose)) = taken.or(own_identity.then_some(("a key", &state.org.domain))) else { return Ok(()) };
    Err(Reject::new(
        Code::KeyTaken,
        format!("the card of {} shows {what} that is {whose}'s; {} has to make its own", card.domain, card.domain),
    ))
}

fn shared(card: &Card, other: &Card) -> Option<&'static str> {
    if card.tls_pins.iter().any(|pin| other.tls_pins.contains(pin)) {
        return Some("a TLS pin");
    }
    keys_of(card).any(|key| keys_of(other).any(|of| of == key)).then_some("a key")
}

fn keys_of(card: &Card) -> impl Iterator<Item = &PublicKey> {
    std::iter::once(&card.identity).chain(card.signing_keys.iter().map(|key| &key.key))
}

fn check_newer(link: &Link, card: &SignedCard) -> Result<(), Reject> {
    let known = &link.peer.card.card;
    let peer = &link.peer.domain;
    match card.card.version.cmp(&known.version) {
        std::cmp::Ordering::Greater => Ok(()),
        std::cmp::Ordering::Equal if card.card == *known => {
            Err(Reject::new(Code::Exists, format!("{peer} is pinned with this card already")))
        }
        _ => Err(Reject::new(
            Code::Conflict,
            format!("{peer} is pinned with card version {}; this one is not newer", known.version),
        )),
    }
}

/// Unpinning and a new identity ask for a link that has ended on our side, with its rooms cleaned up.
fn check_closed(draft: &Draft<'_>, link: &Link) -> Result<(), Reject> {
    let peer = &link.peer.domain;
    if link.peer.ours.as_ref().is_some_and(|signed| signed.grant.is_active(draft.now)) {
        return Err(Reject::new(Code::Conflict, format!("your grant for {peer} is active; revoke it first")));
    }
    if link.peer.cleanup.is_some() || link.streams.out.is_some() || link.streams.inn.is_some() {
        return Err(Reject::new(
            Code::Conflict,
            format!("the rooms shared with {peer} are being cleaned up; try again in a moment"),
        ));
    }
    Ok(())
}

/// A peer that was unpinned before goes on under its old numbers, if it is still the same link.
///
/// # Errors
/// `KEY_TAKEN` when the newer card that was known of it shows what is another org's by now.
fn pin_unknown(draft: &mut Draft<'_>, card: SignedCard) -> Result<(), Reject> {
    let domain = card.card.domain.clone();
    let Some(parted) = draft.state.parted.get(&domain).cloned() else {
        pin_fresh(draft, card, Streams::default());
        return Ok(());
    };
    let Parted { peer, streams } = Parted::clone(&parted);
    draft.put_parted(&domain, None);
    if peer.card.card.identity == card.card.identity {
        // The older of two cards would undo the newer one's keys.
        let card = if card.card.version >= peer.card.card.version { card } else { peer.card };
        check_unshared(&draft.state, &card.card)?;
        draft.put_peer(Peer { card, pinned_at: draft.now, ..peer });
        draft.put_streams(&domain, streams);
    } else {
        pin_fresh(draft, card, streams);
    }
    Ok(())
}

fn pin_fresh(draft: &mut Draft<'_>, card: SignedCard, streams: Streams) {
    let own = &draft.state.org;
    let domain = card.card.domain.clone();
    let link = link_id((&own.domain, &own.identity), (&domain, &card.card.identity));
    draft.put_peer(Peer {
        domain: domain.clone(),
        link,
        card,
        ours: None,
        theirs: None,
        quarantine: None,
        pinned_at: draft.now,
        instance: None,
        runs: Vec::new(),
        seen_card: 0,
        features: Vec::new(),
        files: None,
        cleanup: None,
    });
    // The positions of the stream that the old identity sent mean nothing to the new one.
    draft.put_streams(&domain, Streams { ended_in: None, last_contact: None, ..streams });
}

/// Our own card has a newer version: its keys and pins are ours from now on.
pub fn show_card(draft: &mut Draft<'_>, actor: &str, card: Arc<Card>) -> Answer {
    let (actor, subject, detail) = (actor.to_owned(), card.domain.to_string(), format!("version {}", card.version));
    draft.state.own_card = Some(card);
    draft.audit(AuditNote { actor, action: "card.shown", subject, code: None, detail });
    Answer::done()
}
