//! `handclasp peer`: partner organizations, pinned by their cards (W2).

mod recover;

use super::{
    ask,
    card::{self, CardShown},
    failure::{Done, Failure},
    http::Http,
    place::Place,
    screen::{Screen, Table, ago, fields},
    status,
};
use crate::{
    api::admin::dto::{PeerPin, PeerStatus},
    clock::{Clock as _, SystemClock},
    crypto::fingerprint::Fingerprint,
    model::{Domain, Millis, limits, org::SignedCard},
};
use clap::Subcommand;
use serde_json::{Value, json};
use std::{
    io::Read as _,
    path::{Path, PathBuf},
};

/// Partner organizations.
#[derive(Debug, Subcommand)]
pub enum PeerCommand {
    /// Pin a partner by its card file. Nothing crosses until both admins grant.
    Add {
        /// The card file that the partner's admin gave you; - for standard input.
        card: PathBuf,
        /// The fingerprint that the partner's admin told you. Without it you are asked to compare it.
        #[arg(long, value_name = "FINGERPRINT")]
        fingerprint: Option<Fingerprint>,
    },
    /// All partners.
    List,
    /// One partner.
    Show {
        /// The partner's domain.
        peer: Domain,
    },
    /// Forget a partner. Closes the link first.
    Remove {
        /// The partner's domain.
        peer: Domain,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
    /// After a restore: what of a link is lost, how it comes back, and what you can decide.
    ///
    /// A daemon that was restored asks its partners for what they hold of its own signed records, and takes it back by
    /// itself. You decide only when that cannot be: the partner keeps too little, or our database has gone on under
    /// numbers that were used before.
    Recover {
        /// The partner's domain.
        peer: Domain,
        /// Go on without what is lost: our stream to the partner begins anew, what waited counts as undelivered, and
        /// rooms whose two copies differ freeze on both sides.
        #[arg(long)]
        accept_loss: bool,
        /// Do not ask.
        #[arg(long, requires = "accept_loss")]
        yes: bool,
    },
    /// Lift a quarantine, after you cleared the contradiction with the partner's admin.
    Lift {
        /// The partner's domain.
        peer: Domain,
    },
}

/// Runs the command.
pub async fn run(command: PeerCommand, place: &Place, screen: Screen) -> Done {
    let admin = place.admin()?;
    match command {
        PeerCommand::Add { card, fingerprint } => add(&admin, &card, fingerprint, screen).await,
        PeerCommand::List => list(&admin, screen).await,
        PeerCommand::Show { peer } => {
            let peer: PeerStatus = admin.read(&format!("/admin/v1/peers/{peer}")).await?;
            screen.answer(&peer, words)
        }
        PeerCommand::Remove { peer, yes } => remove(&admin, &peer, yes, screen).await,
        PeerCommand::Recover { peer, accept_loss, yes } => {
            recover::run(&admin, &peer, (accept_loss, yes), screen).await
        }
        PeerCommand::Lift { peer } => {
            let _: Value = admin.post(&format!("/admin/v1/peers/{peer}/lift"), &json!({})).await?;
            screen.answer(&json!({ "peer": peer }), |_| format!("The quarantine of {peer} is lifted."))
        }
    }
}

async fn add(admin: &Http, file: &Path, told: Option<Fingerprint>, screen: Screen) -> Done {
    let document = read_card(file)?;
    let signed = card::verify(&document)?;
    compare(&signed, told)?;
    pin(admin, &document, &signed).await?;
    screen.answer(&CardShown::of(&signed), |card| {
        format!(
            "{}\n{} is pinned. Nothing crosses yet.\nNext: handclasp grant on {}",
            card.words(),
            card.name,
            card.domain
        )
    })
}

/// Pins a proven card whose fingerprint was compared.
pub async fn pin(admin: &Http, document: &str, signed: &SignedCard) -> Done {
    let fingerprint = Fingerprint::of(&signed.card.identity).to_string();
    let body = PeerPin { card: Value::String(document.to_owned()), fingerprint };
    let _: Value = admin.post("/admin/v1/peers", &body).await?;
    Ok(())
}

fn read_card(file: &Path) -> Done<String> {
    let read = || -> std::io::Result<String> {
        let mut text = String::new();
        let limit = limits::CARD_BYTES_MAX as u64 + 1;
        if file == Path::new("-") {
            std::io::stdin().take(limit).read_to_string(&mut text)?;
        } else {
            std::fs::File::open(file)?.take(limit).read_to_string(&mut text)?;
        }
        Ok(text)
    };
    let text = read().map_err(|error| Failure::refused(format!("cannot read the card {}: {error}", file.display())))?;
    if text.len() > limits::CARD_BYTES_MAX {
        return Err(Failure::refused(format!("{} is larger than any card (16 KiB)", file.display())));
    }
    Ok(text.trim().to_owned())
}

fn compare(signed: &SignedCard, told: Option<Fingerprint>) -> Done {
    let found = Fingerprint::of(&signed.card.identity);
    match told {
        Some(told) if told == found => Ok(()),
        Some(told) => Err(Failure::refused(format!(
            "the card's fingerprint is not the one that you gave; nothing was pinned\n  card:  {found}\n  given: {told}"
        ))
        .next("get the card again from the partner's admin, over a channel that you trust")),
        None => {
            eprintln!("Card of {} ({})\n\n  {found}\n", signed.card.name, signed.card.domain);
            let question = "Is this, group by group, what the partner's admin read to you?";
            ask::confirm(question, "give what the partner's admin told you: --fingerprint \"ABCD EFGH ...\"")
        }
    }
}

async fn list(admin: &Http, screen: Screen) -> Done {
    let peers: Vec<PeerStatus> = admin.read_all("/admin/v1/peers").await?;
    screen.answer(&json!({ "items": peers }), |_| {
        if peers.is_empty() {
            return "No partner is pinned. Next: handclasp peer add CARD".to_owned();
        }
        let now = SystemClock.now();
        let table = Table::new(["PEER", "NAME", "LINK", "LAST CONTACT", "FINGERPRINT"]).rows(&peers, |peer| {
            let contact = ago(peer.last_contact_at.map(Millis), now);
            [peer.peer.clone(), peer.org_name.clone(), peer.state.clone(), contact, peer.fingerprint.clone()]
        });
        table.to_string()
    })
}

async fn remove(admin: &Http, peer: &Domain, yes: bool, screen: Screen) -> Done {
    if !yes {
        let question = format!("Forget {peer}? The link closes at once, and the partner has to be pinned again.");
        ask::confirm(&question, "say --yes")?;
    }
    let _: Value = admin.delete(&format!("/admin/v1/peers/{peer}")).await?;
    screen.answer(&json!({ "peer": peer }), |_| format!("{peer} is forgotten."))
}

fn words(peer: &PeerStatus) -> String {
    let now = SystemClock.now();
    let refusal = peer.last_refusal.as_ref();
    let shown = fields([
        ("peer", format!("{} ({})", peer.org_name, peer.peer)),
        ("fingerprint", peer.fingerprint.clone()),
        ("link", peer.state.clone()),
        ("why", peer.why.clone().unwrap_or_default()),
        ("our grant", status::grant_words(peer.ours.as_ref())),
        ("their grant", status::grant_words(peer.theirs.as_ref())),
        ("last contact", ago(peer.last_contact_at.map(Millis), now)),
        ("waiting", if peer.lag_records == 0 { "nothing".to_owned() } else { format!("{} records", peer.lag_records) }),
        (
            "last refusal",
            refusal.map(|it| format!("{}, {}", it.what, ago(Some(Millis(it.at)), now))).unwrap_or_default(),
        ),
        ("quarantine", peer.quarantine.as_ref().map(|it| format!("{}: {}", it.code, it.detail)).unwrap_or_default()),
        ("lost by a restore", recover::in_words(peer).unwrap_or_default()),
        ("frozen rooms", peer.frozen_rooms.join(", ")),
        ("reached at", peer.endpoints.join(", ")),
    ]);
    match status::next_step(peer) {
        Some(next) => format!("{shown}\nNext: {next}"),
        None => shown,
    }
}
