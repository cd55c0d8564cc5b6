//! Our side of a hello (W8): made from the writer's answer to a greet, signed, and the same for asking and answering.

use super::Federation;
use crate::{
    core::{
        State,
        command::{Answer, Greeting, PeerOp},
        features::{self, Feature},
        state::Link,
    },
    engine::Refusal,
    model::{
        Code, Domain, Reject,
        file::FilePolicy,
        grant::SignedGrant,
        limits,
        record::{Epoch, Hello},
        tool::Tools,
    },
    wire,
};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// What a peer has to know from us. While it differs from what the last hello said, another one is due.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Said {
    card_version: u64,
    their_card: u64,
    ours: Option<u64>,
    theirs: Option<u64>,
    incoming: Option<Epoch>,
    /// A stream that follows the present one, when that has arrived.
    following: Option<Epoch>,
    tools: Tools,
    held: Held,
    /// Stands for our rules of files, where the peer wants to know them.
    files: Option<u64>,
}

/// What keeps a link from opening besides grants; when it ends, a hello is due.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Held {
    unconfirmed: bool,
    quarantined: bool,
    cleaning: bool,
    recovering: bool,
}

impl Federation {
    /// What a hello would say now.
    pub(super) fn to_say(&self, state: &State, link: &Link) -> Said {
        let serial = |signed: &Option<SignedGrant>| signed.as_ref().map(|signed| signed.grant.serial);
        Said {
            card_version: self.keys.load().card.card.version,
            their_card: link.peer.card.card.version,
            ours: serial(&link.peer.ours),
            theirs: serial(&link.peer.theirs),
            incoming: link.streams.inn.as_ref().map(|inn| inn.epoch),
            following: link.streams.told().map(|out| out.epoch).filter(|epoch| Some(*epoch) != link.out_epoch()),
            tools: state.policy.tools,
            held: Held {
                unconfirmed: state.unconfirmed,
                quarantined: link.peer.quarantine.is_some(),
                cleaning: link.peer.cleanup.is_some(),
                recovering: link.streams.recovery.is_some(),
            },
            files: rules_for(state, link).map(|policy| {
                let mut hasher = DefaultHasher::new();
                policy.hash(&mut hasher);
                hasher.finish()
            }),
        }
    }

    /// A signed hello for a peer.
    pub(super) async fn own_hello(&self, peer: &Domain) -> Result<String, Refusal> {
        let answer = self.submit(peer, PeerOp::Greet).await?;
        let Answer::Greeting(greeting) = answer else {
            unreachable!("the writer answers a greet with a greeting");
        };
        let state = self.engine.state();
        let Some(link) = state.links.get(peer) else {
            return Err(Reject::new(Code::UnknownPeer, "the peer was unpinned").into());
        };
        let hello = self.hello(&state, link, *greeting);
        wire::proof::seal_hello(&hello, &self.keys.load().signing).map_err(|error| {
            tracing::error!(%peer, %error, "our own hello breaks a rule of the wire");
            Refusal::Overloaded { retry_after_ms: limits::BACKOFF_MS_MAX }
        })
    }

    fn hello(&self, state: &State, link: &Link, greeting: Greeting) -> Hello {
        let card = self.keys.load().card.clone();
        let knows_epochs = features::offers(link, Feature::Epochs);
        Hello {
            link: link.peer.link,
            origin: state.org.domain.clone(),
            destination: link.peer.domain.clone(),
            sent_at: self.engine.now(),
            instance: state.org.instance,
            run: features::offers(link, Feature::Runs).then_some(self.run),
            features: features::offered(state),
            card,
            grant: greeting.grant,
            seen_card: link.peer.card.card.version,
            seen_serial: greeting.seen_serial,
            outgoing: greeting.outgoing,
            incoming: greeting.incoming,
            follows: if knows_epochs { greeting.follows } else { Vec::new() },
            through: greeting.through.filter(|_| knows_epochs),
            ended: greeting.ended,
            files: rules_for(state, link).cloned(),
            envelope_max: (limits::ENVELOPE_RECORDS_MAX as u64, limits::ENVELOPE_BYTES_MAX as u64),
        }
    }
}

/// Our rules of files, for a peer that knows what they are.
fn rules_for<'a>(state: &'a State, link: &Link) -> Option<&'a FilePolicy> {
    features::offers(link, Feature::Files).then_some(&*state.file_policy)
}
