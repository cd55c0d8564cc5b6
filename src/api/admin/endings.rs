//! What ends by itself: grants with an end, and certificates. An admin is told from thirty days before.

use super::{Certificate, CertificateEnd, dto::Ending};
use crate::{
    core::state::{Link, State},
    model::{Millis, grant::SignedGrant},
};

/// From when on an end is told, milliseconds before it.
const SOON_MS: u64 = 30 * 86_400_000;

/// Everything that ends, whenever that is: the soonest first.
#[must_use]
pub fn all(state: &State, certificate_end: &CertificateEnd) -> Vec<Ending> {
    let own = [("certificate", Certificate::Federation), ("client_certificate", Certificate::Client)];
    let own = own.into_iter().filter_map(|(what, whose)| Some(ending(what, None, certificate_end(whose)?)));
    let links = state.links.values().flat_map(|link| of_link(link, certificate_end));
    let mut found: Vec<Ending> = own.chain(links).collect();
    found.sort_by_key(|ending| ending.at);
    found
}

/// What ends soon, or has ended and is still in use.
#[must_use]
pub fn soon(state: &State, certificate_end: &CertificateEnd, now: Millis) -> Vec<Ending> {
    let mut found = all(state, certificate_end);
    found.retain(|ending| ending.at < now.0.saturating_add(SOON_MS));
    found
}

fn of_link(link: &Link, certificate_end: &CertificateEnd) -> Vec<Ending> {
    let peer = &link.peer.domain;
    let end = |grant: &Option<SignedGrant>| grant.as_ref().and_then(|signed| signed.grant.not_after);
    let ends = [
        ("our_grant", end(&link.peer.ours)),
        ("their_grant", end(&link.peer.theirs)),
        ("their_certificate", certificate_end(Certificate::Peer(peer))),
    ];
    ends.into_iter().filter_map(|(what, at)| Some(ending(what, Some(peer.to_string()), at?))).collect()
}

fn ending(what: &str, peer: Option<String>, at: Millis) -> Ending {
    Ending { what: what.to_owned(), peer, at: at.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::grant::Scopes,
        testing::{Org, Pair},
    };
    use std::sync::Arc;

    const DAY_MS: u64 = 86_400_000;

    #[test]
    fn what_ends_within_thirty_days_is_told_soonest_first() {
        let mut pair = Pair::open();
        let now = pair.now;
        let in_days = move |days: u64| Millis(now.0 + days * DAY_MS);
        for (org, end) in [(Org::Acme, in_days(12)), (Org::Globex, in_days(31))] {
            pair.put_grant(org, Some(Scopes::all()), Some(end)).expect("a grant with an end");
        }
        pair.sync();
        let ends: CertificateEnd = Arc::new(move |whose| match whose {
            Certificate::Federation => Some(in_days(29)),
            Certificate::Client => None,
            Certificate::Peer(_) => Some(in_days(3)),
        });
        let state = &pair.side(Org::Acme).state;
        let told = |found: Vec<Ending>| found.into_iter().map(|ending| (ending.what, ending.peer)).collect::<Vec<_>>();
        let globex = || Some("globex.example".to_owned());
        assert_eq!(
            told(soon(state, &ends, now)),
            [
                ("their_certificate".to_owned(), globex()),
                ("our_grant".to_owned(), globex()),
                ("certificate".to_owned(), None)
            ]
        );
        assert_eq!(all(state, &ends).len(), 4);
        assert_eq!(soon(state, &ends, in_days(2)).len(), 4, "a day later the fourth is near enough");
    }
}
