//! `handclasp card`: our own card, shown or written to a file for a partner.

use super::{
    failure::{Done, Failure},
    http::Http,
    place::Place,
    renew::{self, RenewArgs},
    screen::{Screen, fields, time},
};
use crate::{crypto::fingerprint::Fingerprint, model::org::SignedCard, wire};
use clap::Subcommand;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Our own card.
#[derive(Debug, Subcommand)]
pub enum CardCommand {
    /// Show what the card says, and the fingerprint to read to a partner's admin.
    Show,
    /// Write the signed card, for a partner's admin.
    Export {
        /// The file to write; standard output when absent.
        #[arg(long, value_name = "FILE")]
        to: Option<PathBuf>,
    },
    /// Make the next version, after the name, the addresses or the TLS key changed. Needs the identity key.
    Renew(RenewArgs),
}

/// A card as it is shown.
#[derive(Debug, Serialize)]
pub struct CardShown {
    /// Whose.
    pub domain: String,
    /// What the org is called.
    pub name: String,
    /// Of the identity key, in groups.
    pub fingerprint: String,
    /// Which card of that org.
    pub version: u64,
    /// Where the org is reached.
    pub endpoints: Vec<String>,
    /// When it was made.
    pub issued_at: u64,
}

impl CardShown {
    /// What a proven card says.
    #[must_use]
    pub fn of(signed: &SignedCard) -> Self {
        let card = &signed.card;
        Self {
            domain: card.domain.to_string(),
            name: card.name.to_string(),
            fingerprint: Fingerprint::of(&card.identity).to_string(),
            version: card.version,
            endpoints: card.endpoints.clone(),
            issued_at: card.issued_at.0,
        }
    }

    /// Aligned lines for people.
    #[must_use]
    pub fn words(&self) -> String {
        fields([
            ("organization", format!("{} ({})", self.name, self.domain)),
            ("fingerprint", self.fingerprint.clone()),
            ("card", format!("version {}, made {} UTC", self.version, time(crate::model::Millis(self.issued_at)))),
            ("reached at", self.endpoints.join(", ")),
        ])
    }
}

/// Runs the command.
pub async fn run(command: CardCommand, place: &Place, screen: Screen) -> Done {
    let document = async || fetch(&place.admin()?).await;
    match command {
        CardCommand::Renew(args) => renew::run(args, place, screen),
        CardCommand::Show => screen.answer(&CardShown::of(&verify(&document().await?)?), |card| {
            format!(
                "{}\nA partner's admin pins it: give them the file (handclasp card export --to FILE),\n\
                 and read the fingerprint to each other over another channel.",
                card.words()
            )
        }),
        CardCommand::Export { to: None } => screen.line(&document().await?),
        CardCommand::Export { to: Some(path) } => export(&document().await?, &path, screen),
    }
}

async fn fetch(admin: &Http) -> Done<String> {
    let bytes = admin.read_bytes("/admin/v1/card").await?;
    String::from_utf8(bytes.to_vec()).map_err(Failure::fault)
}

fn export(document: &str, path: &Path, screen: Screen) -> Done {
    let card = CardShown::of(&verify(document)?);
    std::fs::write(path, document)
        .map_err(|error| Failure::fault(format!("cannot write {}: {error}", path.display())))?;
    screen.answer(&card, |card| {
        format!(
            "Wrote the card of {} to {}.\nFingerprint: {}\n\nThe partner's admin runs: handclasp peer add {}",
            card.domain,
            path.display(),
            card.fingerprint,
            path.display()
        )
    })
}

/// Proves a card by its own identity key.
pub fn verify(document: &str) -> Done<SignedCard> {
    let card = wire::proof::open_card(document.as_bytes(), None);
    let card =
        card.map_err(|error| Failure::refused(format!("this is no card that proves itself: {}", error.detail())))?;
    Ok(card.into_inner())
}
