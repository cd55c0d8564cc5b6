//! `handclasp status`: the daemon and its links, with what to do next.

use super::{
    failure::Done,
    place::Place,
    screen::{Screen, Table, ago, time},
};
use crate::{
    api::admin::dto::{Ending, GrantView, PeerStatus, Status},
    clock::{Clock as _, SystemClock},
    model::Millis,
};

/// Runs the command.
pub async fn run(place: &Place, screen: Screen) -> Done {
    let status: Status = place.admin()?.read("/admin/v1/status").await?;
    screen.answer(&status, |status| words(status, SystemClock.now()))
}

fn words(status: &Status, now: Millis) -> String {
    let mut text = format!("{}, handclasp {}, running\n", status.org, status.version);
    if status.unconfirmed {
        text.push_str("\nAll links are held: the database and its anchor do not agree about our grants.\n");
        text.push_str("Compare the grants below with what you want, then: handclasp grant confirm\n");
    }
    for ending in &status.ending {
        text.push_str(&format!("\n{}", ending_words(ending)));
    }
    if status.peers.is_empty() {
        text.push_str("\nNo partner is pinned. Next: handclasp peer add CARD\n");
        return text;
    }
    let table = Table::new(["PEER", "LINK", "OUR GRANT", "THEIR GRANT", "LAST CONTACT", "WAITING"]);
    let table = table.rows(&status.peers, |peer| {
        [
            peer.peer.clone(),
            peer.state.clone(),
            state_of(peer.ours.as_ref()),
            state_of(peer.theirs.as_ref()),
            ago(peer.last_contact_at.map(Millis), now),
            waiting(peer, now),
        ]
    });
    text.push_str(&format!("\n{table}"));
    for peer in &status.peers {
        text.push_str(&remarks(peer, now));
    }
    text
}

fn remarks(peer: &PeerStatus, now: Millis) -> String {
    let mut lines = Vec::new();
    lines.extend(peer.why.clone());
    lines.extend(peer.quarantine.as_ref().map(|it| format!("quarantined: {} ({})", it.detail, it.code)));
    let refusal = peer.last_refusal.as_ref();
    lines.extend(refusal.map(|it| format!("last refusal, {}: {}", ago(Some(Millis(it.at)), now), it.what)));
    lines.extend(next_step(peer).map(|next| format!("next: {next}")));
    lines.iter().map(|line| format!("\n{}: {}", peer.peer, super::screen::clean(line))).collect::<String>() + "\n"
}

/// What ends soon, and what to do before.
fn ending_words(ending: &Ending) -> String {
    let (at, peer) = (time(Millis(ending.at)), ending.peer.as_deref().unwrap_or_default());
    match ending.what.as_str() {
        "our_grant" => format!("Our grant for {peer} ends on {at} UTC. Next: handclasp grant on {peer} --until DATE\n"),
        "their_grant" => format!("The grant of {peer} for us ends on {at} UTC. Only their admin can give another.\n"),
        "client_certificate" => {
            format!(
                "The certificate of the client listener ends on {at} UTC; browsers will refuse it. Replace it, and reload.\n"
            )
        }
        "certificate" => {
            format!("Our certificate for partners ends on {at} UTC; links go on. Next: handclasp keys rotate tls\n")
        }
        _ => format!("The certificate that {peer} shows ends on {at} UTC; the link goes on.\n"),
    }
}

fn waiting(peer: &PeerStatus, now: Millis) -> String {
    match (peer.lag_records, peer.oldest_queued_at) {
        (0, _) => "-".to_owned(),
        (n, Some(at)) => format!("{n} records, oldest {}", ago(Some(Millis(at)), now)),
        (n, None) => format!("{n} records"),
    }
}

fn state_of(grant: Option<&GrantView>) -> String {
    match grant {
        None => "none".to_owned(),
        Some(grant) if grant.in_force => "active".to_owned(),
        Some(grant) if grant.state == "active" => "ended".to_owned(),
        Some(grant) => grant.state.clone(),
    }
}

/// A grant in a few words: state, scopes, end.
#[must_use]
pub fn grant_words(grant: Option<&GrantView>) -> String {
    let Some(grant) = grant else { return "none".to_owned() };
    let mut words = format!("{} (number {})", state_of(Some(grant)), grant.serial);
    if !grant.scopes.is_empty() {
        words.push_str(&format!(": {}", grant.scopes.join(", ")));
    }
    if let Some(end) = grant.not_after {
        words.push_str(&format!(", until {} UTC", time(Millis(end))));
    }
    if !grant.reason.is_empty() {
        words.push_str(&format!(", \"{}\"", grant.reason));
    }
    words
}

/// What an admin can do about a link that is not open.
#[must_use]
pub fn next_step(peer: &PeerStatus) -> Option<String> {
    let domain = &peer.peer;
    Some(match peer.state.as_str() {
        "pinned" | "closed_by_us" => format!("handclasp grant on {domain}"),
        "closed_by_them" => format!("ask the admin of {domain} to run: handclasp grant on OUR.DOMAIN"),
        "opening" => {
            "the daemons have not greeted each other yet; if it lasts, check the addresses in both cards".to_owned()
        }
        "stale" => "the partner's daemon cannot be reached; messages wait and nobody is removed".to_owned(),
        "recovering" => format!("what a restore has lost is being fetched back: handclasp peer recover {domain}"),
        "quarantined" => format!("see what was found and what you can decide: handclasp peer recover {domain}"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(state: &str) -> PeerStatus {
        serde_json::from_value(serde_json::json!({
            "peer": "globex.example", "org_name": "Globex", "state": state, "lag_records": 3, "fingerprint": "AAAA",
            "oldest_queued_at": 940_000, "last_contact_at": 990_000, "endpoints": [], "seen_card": 1,
            "ours": {"serial": 2, "state": "active", "in_force": true, "scopes": ["messages"], "issued_at": 1, "reason": "pilot"},
        }))
        .expect("a status as the admin API gives it")
    }

    #[test]
    fn a_link_that_is_not_open_says_what_to_do() {
        for state in ["pinned", "closed_by_us", "closed_by_them", "opening", "stale", "recovering", "quarantined"] {
            assert!(next_step(&peer(state)).is_some(), "{state}");
        }
        assert_eq!(next_step(&peer("open")), None);
    }

    #[test]
    fn the_status_shows_what_waits_and_since_when() {
        let status = Status {
            org: "acme.example".into(),
            version: "1".into(),
            unconfirmed: true,
            certificate_not_after: None,
            ending: vec![Ending { what: "our_grant".into(), peer: Some("globex.example".into()), at: 86_400_000 }],
            peers: vec![peer("open")],
        };
        let text = words(&status, Millis(1_000_000));
        assert!(text.contains("3 records, oldest 60 s ago"), "{text}");
        assert!(text.contains("grant confirm"), "{text}");
        assert!(text.contains("grant for globex.example ends on 1970-01-02"), "{text}");
    }

    #[test]
    fn a_grant_in_words_names_its_scopes_and_reason() {
        assert_eq!(grant_words(peer("open").ours.as_ref()), "active (number 2): messages, \"pilot\"");
        assert_eq!(grant_words(None), "none");
    }
}
