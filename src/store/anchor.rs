//! What the anchor beside the database says about it (D7): whether something was lost, or an old copy put in its place.

use super::{
    kv::{Anchor, Kv, StoreError},
    load::Loaded,
};
use crate::{
    core::State,
    model::{Domain, grant::GrantState},
};

/// How database and anchor stand to each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnchorVerdict {
    /// They agree, or the database is further, as after any crash.
    Agrees,
    /// There is no anchor: links stay closed until an admin confirms.
    Missing,
    /// The anchor is of another database: links stay closed until an admin confirms.
    Foreign,
    /// Our own grants for these peers are older in the database: links stay closed until an admin confirms.
    GrantsDiffer(Vec<Domain>),
    /// The database ends before a commit that was durable: it has lost data, and must not be used as it is.
    Behind {
        /// Its last commit.
        commit: u64,
        /// The commit that the anchor knows.
        anchored: u64,
    },
}

/// Compares a loaded database with the anchor beside it.
///
/// # Errors
/// When the anchor exists and cannot be read.
pub fn check(kv: &dyn Kv, loaded: &Loaded) -> Result<AnchorVerdict, StoreError> {
    let Some(anchor) = kv.load_anchor()? else { return Ok(AnchorVerdict::Missing) };
    Ok(judge(&anchor, &loaded.state, loaded.stage.commit_no()))
}

/// The anchor of a state after a commit.
#[must_use]
pub fn of(state: &State, commit: u64) -> Anchor {
    let grants = state.links.iter().filter_map(|(peer, link)| {
        let grant = &link.peer.ours.as_ref()?.grant;
        Some((peer.clone(), grant.serial, grant.state == GrantState::Active))
    });
    Anchor { instance: state.org.instance, commit, file_bytes: 0, grants: grants.collect() }
}

fn judge(anchor: &Anchor, state: &State, commit: u64) -> AnchorVerdict {
    if anchor.instance != state.org.instance {
        return AnchorVerdict::Foreign;
    }
    if commit < anchor.commit {
        return AnchorVerdict::Behind { commit, anchored: anchor.commit };
    }
    let differ: Vec<Domain> = anchor
        .grants
        .iter()
        .filter(|(peer, serial, active)| is_older(state, peer, *serial, *active))
        .map(|(peer, ..)| peer.clone())
        .collect();
    if differ.is_empty() { AnchorVerdict::Agrees } else { AnchorVerdict::GrantsDiffer(differ) }
}

/// A peer that the database does not have holds no grant: nothing to protect. A newer grant than the anchor's is what a
/// crash leaves between a commit and its anchor.
fn is_older(state: &State, peer: &Domain, serial: u64, active: bool) -> bool {
    let Some(link) = state.links.get(peer) else { return false };
    let Some(ours) = &link.peer.ours else { return true };
    let is_active = ours.grant.state == GrantState::Active;
    ours.grant.serial < serial || (ours.grant.serial == serial && is_active != active)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::fixture;

    fn state_with_grant(serial: u64, state: GrantState) -> State {
        fixture::state_with_peer(&fixture::peer("globex.example", serial, state))
    }

    #[test]
    fn d7_a_database_as_the_anchor_knows_it_agrees() {
        let state = state_with_grant(3, GrantState::Active);
        assert_eq!(judge(&of(&state, 9), &state, 9), AnchorVerdict::Agrees);
        assert_eq!(judge(&of(&state, 9), &state, 12), AnchorVerdict::Agrees);
    }

    #[test]
    fn d7_a_lost_commit_is_noticed() {
        let state = state_with_grant(3, GrantState::Active);
        assert_eq!(judge(&of(&state, 9), &state, 8), AnchorVerdict::Behind { commit: 8, anchored: 9 });
    }

    #[test]
    fn d7_an_own_revocation_that_the_database_lost_is_noticed() {
        let revoked = state_with_grant(4, GrantState::Revoked);
        let before = state_with_grant(3, GrantState::Active);
        let peer: Domain = "globex.example".parse().expect("a domain");
        assert_eq!(judge(&of(&revoked, 9), &before, 9), AnchorVerdict::GrantsDiffer(vec![peer.clone()]));
        let same_serial = state_with_grant(4, GrantState::Active);
        assert_eq!(judge(&of(&revoked, 9), &same_serial, 9), AnchorVerdict::GrantsDiffer(vec![peer]));
    }

    #[test]
    fn d7_a_grant_newer_than_the_anchor_is_what_a_crash_leaves() {
        let before = state_with_grant(3, GrantState::Active);
        let after = state_with_grant(4, GrantState::Revoked);
        assert_eq!(judge(&of(&before, 9), &after, 10), AnchorVerdict::Agrees);
    }

    #[test]
    fn d7_the_anchor_of_another_database_is_noticed() {
        let state = state_with_grant(3, GrantState::Active);
        let mut anchor = of(&state, 9);
        anchor.instance = crate::model::InstanceId([0xee; 16]);
        assert_eq!(judge(&anchor, &state, 9), AnchorVerdict::Foreign);
    }
}
