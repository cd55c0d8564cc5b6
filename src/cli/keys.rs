//! `handclasp keys`: which keys are in use, the next ones, and what to do when one leaked (W1, W2).

mod ring;
#[cfg(test)]
mod tests;

pub use ring::make_next;

use super::{
    failure::{Done, Failure},
    place::Place,
    screen::{Screen, Table},
};
use crate::{
    api::admin::dto::PeerStatus,
    model::org::{Card, KeyUse},
};
use clap::{Args, Subcommand, ValueEnum};
use ring::{Before, Ring};
use serde::Serialize;
use std::path::PathBuf;

const RELOAD: &str = "reload the daemon: systemctl restart handclasp (or SIGHUP, when it runs without systemd)";

/// Our keys.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Which keys are in use, which come next, and which partners know them.
    Status,
    /// Put a new key in use; the one before overlaps, so that nothing is lost.
    Rotate {
        #[command(flatten)]
        change: ChangeArgs,
        /// The TLS key also when partners do not hold the present card yet.
        #[arg(long)]
        force: bool,
    },
    /// End the overlap: keys that are not in use any more verify nothing from now on.
    Retire {
        /// The identity key; the one in the keys directory when absent.
        #[arg(long, value_name = "FILE")]
        identity: Option<PathBuf>,
        /// Also when partners do not hold the present card yet.
        #[arg(long)]
        force: bool,
    },
    /// A key leaked: replace it at once, without overlap. After a signing key, all grants have to be given again.
    Revoke(ChangeArgs),
}

/// Which key to change.
#[derive(Debug, Args)]
pub struct ChangeArgs {
    /// Which key.
    what: What,
    /// The identity key; the one in the keys directory when absent.
    #[arg(long, value_name = "FILE")]
    identity: Option<PathBuf>,
}

/// A key that can be changed. The identity key cannot: another one is another organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum What {
    /// The key that signs grants, envelopes and the rest.
    Signing,
    /// The key of the connections between daemons.
    Tls,
}

/// Runs the command. The daemon need not run.
pub async fn run(command: KeysCommand, place: &Place, screen: Screen) -> Done {
    let mut ring = Ring::open(place.config()?)?;
    match command {
        KeysCommand::Status => status(&ring, place, screen).await,
        KeysCommand::Rotate { change: args, force } => {
            let identity = ring.identity(args.identity)?;
            if args.what == What::Tls && ring.next_tls()?.is_none() {
                ring.announce_tls(&identity)?;
                let text =
                    format!("Partners learn the next TLS key from this card. Next: {RELOAD},\nand rotate again.");
                return shown(&ring, screen, &text);
            }
            if args.what == What::Tls {
                check_known(&ring, place, force).await?;
            }
            change(&mut ring, args.what, &identity, Before::Overlaps)?;
            let then = "When all partners know this card (handclasp keys status): handclasp keys retire";
            shown(&ring, screen, &format!("Next: {RELOAD}.\n{then}"))
        }
        KeysCommand::Retire { identity, force } => {
            let identity = ring.identity(identity)?;
            check_known(&ring, place, force).await?;
            if !ring.retire(&identity)? {
                return Err(Failure::refused("only the keys in use are on the card; nothing was changed"));
            }
            shown(&ring, screen, &format!("Next: {RELOAD}."))
        }
        KeysCommand::Revoke(args) => {
            let identity = ring.identity(args.identity)?;
            change(&mut ring, args.what, &identity, Before::Revoked)?;
            let then = match args.what {
                What::Signing => "Every grant ends with it. Give them again then: handclasp grant on PARTNER",
                What::Tls => "Partners that do not hear the card in time need it as a file: handclasp card export",
            };
            shown(&ring, screen, &format!("Next, at once: {RELOAD}.\n{then}"))
        }
    }
}

fn change(ring: &mut Ring, what: What, identity: &crate::crypto::SigningKey, before: Before) -> Done {
    match what {
        What::Signing => ring.rotate_signing(identity, before),
        What::Tls => ring.rotate_tls(identity, before),
    }
}

/// A partner that does not hold the present card does not know the keys on it, and would be cut off.
async fn check_known(ring: &Ring, place: &Place, force: bool) -> Done {
    if force {
        return Ok(());
    }
    let next = "wait until they are reached (handclasp keys status), give them the card as a file, or say --force";
    let partners = partners(place).await.map_err(|failure| {
        Failure { message: format!("whether partners know the card: {failure}"), ..failure }.next(next)
    })?;
    let behind: Vec<&str> =
        partners.iter().filter(|peer| peer.seen_card < ring.card.version).map(|peer| &*peer.peer).collect();
    if behind.is_empty() {
        return Ok(());
    }
    let text =
        format!("not every partner holds card {} yet: {}; nothing was changed", ring.card.version, behind.join(", "));
    Err(Failure::refused(text).next(next))
}

async fn partners(place: &Place) -> Done<Vec<PeerStatus>> {
    place.admin()?.read_all("/admin/v1/peers").await
}

/// What the card says of the keys.
#[derive(Debug, Serialize)]
struct KeysShown {
    card: u64,
    keys: Vec<KeyShown>,
    /// Absent when the daemon could not be asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    partners: Option<Vec<PartnerShown>>,
}

#[derive(Debug, Serialize)]
struct KeyShown {
    what: &'static str,
    state: &'static str,
    /// The public key of a signing key, the pin of a TLS key.
    key: String,
}

#[derive(Debug, Serialize)]
struct PartnerShown {
    peer: String,
    /// The version of our card that it holds.
    card: u64,
}

async fn status(ring: &Ring, place: &Place, screen: Screen) -> Done {
    let partners = partners(place).await.ok().map(|partners| {
        partners.into_iter().map(|peer| PartnerShown { peer: peer.peer, card: peer.seen_card }).collect()
    });
    let shown = KeysShown { card: ring.card.version, keys: keys_of(ring)?, partners };
    screen.answer(&shown, words)
}

fn shown(ring: &Ring, screen: Screen, next: &str) -> Done {
    let shown = KeysShown { card: ring.card.version, keys: keys_of(ring)?, partners: None };
    screen.answer(&shown, |shown| format!("{}\n{next}", keys_table(shown)))
}

fn keys_of(ring: &Ring) -> Done<Vec<KeyShown>> {
    let Card { signing_keys, tls_pins, .. } = &ring.card;
    let (signing, tls, next) = (ring.signing()?, ring.tls()?, ring.next_tls()?);
    let signing = signing_keys.iter().map(|listed| KeyShown {
        what: "signing",
        state: match listed.state {
            KeyUse::Current if listed.key == signing => "in use",
            KeyUse::Current => "overlaps",
            KeyUse::Next => "next",
            KeyUse::Retired => "retired",
            KeyUse::Revoked => "revoked",
        },
        key: listed.key.to_string(),
    });
    let pins = tls_pins.iter().map(|pin| {
        let state = match pin {
            pin if *pin == tls => "in use",
            pin if Some(*pin) == next => "next",
            _ => "overlaps",
        };
        KeyShown { what: "tls", state, key: pin.to_string() }
    });
    Ok(signing.chain(pins).collect())
}

fn keys_table(shown: &KeysShown) -> String {
    let table = Table::new(["KEY", "STATE", "PUBLIC KEY OR PIN"])
        .rows(&shown.keys, |key| [key.what.to_owned(), key.state.to_owned(), key.key.clone()]);
    format!("Card {}\n{table}", shown.card)
}

fn words(shown: &KeysShown) -> String {
    let keys = keys_table(shown);
    let Some(partners) = &shown.partners else {
        return format!("{keys}\nThe daemon does not answer, so it is not known which partners hold this card.");
    };
    if partners.is_empty() {
        return keys;
    }
    let table = Table::new(["PARTNER", "HOLDS CARD"]).rows(partners, |partner| {
        let behind = if partner.card < shown.card { " (an older one)" } else { "" };
        [partner.peer.clone(), format!("{}{behind}", partner.card)]
    });
    format!("{keys}\n{table}")
}
