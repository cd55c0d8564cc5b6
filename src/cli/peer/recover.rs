//! `handclasp peer recover`: what a restore has lost of a link, and what can be done about it (W10).

use crate::{
    api::admin::dto::PeerStatus,
    cli::{ask, failure::Done, http::Http, screen::Screen},
    model::Domain,
};
use serde_json::json;

/// Shows what is lost, or goes on without it: `(accept_loss, yes)`.
pub async fn run(admin: &Http, peer: &Domain, (accept_loss, yes): (bool, bool), screen: Screen) -> Done {
    let known: PeerStatus = admin.read(&format!("/admin/v1/peers/{peer}")).await?;
    if !accept_loss {
        return screen.answer(&known, explained);
    }
    if !yes {
        eprintln!("{}\n", explained(&known));
        ask::confirm(&format!("Go on with {peer} without what is lost?"), "say --yes")?;
    }
    let now: PeerStatus = admin.post(&format!("/admin/v1/peers/{peer}/accept-loss"), &json!({})).await?;
    screen.answer(&now, |now| {
        format!(
            "Our stream to {peer} begins anew; the link is {}.\nNext: handclasp peer recover {peer} shows the rooms that \
             froze, once people write in them",
            now.state
        )
    })
}

/// What is lost, in a few words; none when nothing is.
#[must_use]
pub fn in_words(peer: &PeerStatus) -> Option<String> {
    let recovery = peer.recovery.as_ref()?;
    Some(match recovery.held_record {
        None => "not known before the partner was heard".to_owned(),
        Some(held) => format!("records of ours up to {held}; back up to {}", recovery.back_to_record),
    })
}

fn explained(peer: &PeerStatus) -> String {
    let domain = &peer.peer;
    let mut text = match (&peer.recovery, &peer.quarantine) {
        (_, Some(quarantine)) => format!(
            "The link with {domain} is quarantined: {}.\n\nYou can\n  - clear it with the partner\'s admin, and try once \
             more what was tried: handclasp peer lift {domain}\n  - restore a newer backup, if there is one: the partner \
             then has less to give back\n  - go on without what is lost: handclasp peer recover {domain} --accept-loss\n    \
             What waited counts as undelivered. Rooms of ours whose copy at the partner goes further than ours, or \
             otherwise, freeze on both sides; both copies stay readable.",
            quarantine.detail
        ),
        (Some(recovery), None) => format!(
            "Our database was put back to an earlier state. {}.\nThe daemon asks {domain} for what it holds of our own \
             signed records, and does them again; nothing new crosses meanwhile.\n\nYou can\n  - wait\n  - go on at once, \
             without what is lost: handclasp peer recover {domain} --accept-loss",
            match recovery.held_record {
                None => "What the partner holds is not known yet: it was not reached".to_owned(),
                Some(held) => format!(
                    "The partner holds our records up to {held}; they are back up to {}",
                    recovery.back_to_record
                ),
            }
        ),
        (None, None) => format!("Nothing of the link with {domain} is lost or in doubt; it is {}.", peer.state),
    };
    if !peer.frozen_rooms.is_empty() {
        text.push_str(&format!(
            "\n\nFrozen, because the two copies contradict each other: {}\nThey stay readable on both sides; make a new \
             group to go on. What both sides signed is in: handclasp export",
            peer.frozen_rooms.join(", ")
        ));
    }
    text
}
