//! Own grants after a change of the signing key (W1): partners prove a grant by the keys that sign now, so each is signed
//! again. One that was given under a key that is revoked since was perhaps not given by an admin: it is revoked (A31).

use crate::{
    core::{
        Command, State,
        command::{AdminOp, GrantRequest},
        grants,
        state::Link,
    },
    crypto::{SigningKey, dsse},
    engine::{Engine, Refusal},
    model::{Code, Domain, Millis, grant::SignedGrant, org::Card},
    wire,
};

/// Whose doing it is in the audit log.
const ACTOR: &str = "keys";
const REASON: &str = "the signing key was revoked";

/// Brings every own grant under the present signing key. What another admin changes meanwhile is looked at again.
///
/// # Errors
/// When the writer takes nothing more.
pub async fn prove_grants(engine: &Engine, signing: &SigningKey, card: &Card) -> Result<(), Refusal> {
    let peers: Vec<Domain> = engine.state().links.keys().cloned().collect();
    for peer in peers {
        while let Some(op) = due(&engine.state(), &peer, (signing, card), engine.now()) {
            match engine.submit(Command::Admin { actor: ACTOR.to_owned(), op }).await {
                Err(Refusal::Reject(reject)) if reject.code == Code::Conflict => {}
                answered => drop(answered?),
            }
        }
    }
    Ok(())
}

fn due(state: &State, peer: &Domain, (signing, card): (&SigningKey, &Card), now: Millis) -> Option<AdminOp> {
    let link = state.links.get(peer)?;
    let ours = link.peer.ours.as_ref()?;
    let signer = dsse::signer(&ours.document)?;
    if signer == signing.public() {
        return None;
    }
    if card.revokes(&signer) && ours.grant.is_active(now) {
        return revocation(state, link, signing, now);
    }
    let grant = wire::proof::seal_grant(ours.grant.clone(), signing);
    grant.ok().map(|grant| AdminOp::ProveGrant(peer.clone(), Box::new(grant)))
}

fn revocation(state: &State, link: &Link, signing: &SigningKey, now: Millis) -> Option<AdminOp> {
    let peer = link.peer.domain.clone();
    let reason = REASON.parse().expect("the text of a reason");
    let request = GrantRequest { peer: peer.clone(), scopes: None, not_after: None, reason, expected_serial: None };
    let grant: SignedGrant = wire::proof::seal_grant(grants::build_own(state, &request, now).ok()?, signing).ok()?;
    Some(AdminOp::PutGrant { peer, expected_serial: grant.grant.serial - 1, grant: Box::new(grant) })
}
