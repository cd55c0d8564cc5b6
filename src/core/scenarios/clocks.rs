//! Clocks that are wrong by years, or step back: only end times and warnings go by them (A36, F25).

use super::*;
use crate::model::{Millis, grant::Scopes, link::LinkState};

const DECADE_MS: u64 = 10 * 365 * 86_400_000;

fn words(pair: &Pair, org: Org, id: RoomId) -> Vec<String> {
    texts(pair, org, id).into_iter().map(|(_, text)| text).collect()
}

#[test]
fn a36_f25_clocks_that_jump_change_neither_order_nor_delivery() {
    for host in [ACME, GLOBEX] {
        let (mut pair, id) = group(host);
        let begin = pair.now.0;
        let epochs = [ACME, GLOBEX].map(|org| pair.side(org).state.links[&org.other().domain()].out_epoch());
        let mut said = Vec::new();
        for (turn, now) in [begin + DECADE_MS, begin, 1, begin + 3 * DECADE_MS, begin + 1].into_iter().enumerate() {
            for (org, user) in [(ACME, "alice"), (GLOBEX, "bob"), (ACME, "carol"), (GLOBEX, "dave")] {
                // Each side has a clock of its own.
                pair.now = Millis(if org == ACME { now } else { begin });
                let text = format!("{user} in turn {turn}");
                post(&mut pair, org, user, id, &text).expect("the link is open whatever the clock says");
                pair.sync();
                said.push(text);
            }
        }
        assert_in_step(&pair, id);
        assert_eq!(words(&pair, ACME, id), said, "in the order in which they were said, each once");
        assert_eq!(words(&pair, GLOBEX, id), said);
        for (place, org) in [ACME, GLOBEX].into_iter().enumerate() {
            let link = &pair.side(org).state.links[&org.other().domain()];
            assert_eq!(link.out_epoch(), epochs[place], "no stream began anew");
            assert_eq!(link.peer.quarantine, None);
        }
    }
}

#[test]
fn a36_a_clock_that_steps_back_revives_no_grant_that_a_newer_one_has_ended() {
    let (mut pair, id) = group(ACME);
    pair.revoke(GLOBEX);
    pair.sync();
    for now in [1, pair.now.0 + DECADE_MS] {
        pair.now = Millis(now);
        pair.sync();
        assert_eq!(pair.link_state(ACME), LinkState::ClosedByThem);
        assert!(post(&mut pair, ACME, "alice", id, "too late").is_ok(), "its own people go on in their room");
        assert_eq!(words(&pair, GLOBEX, id), Vec::<String>::new());
    }
    pair.grant(GLOBEX, Scopes::all());
    pair.sync();
    assert_eq!(pair.link_state(ACME), LinkState::Open);
}
