//! `handclasp policy`: who of our users may use external messaging (P3).

use super::{failure::Done, place::Place, screen::Screen};
use crate::api::admin::dto::PolicyView;
use clap::{Subcommand, ValueEnum};

/// Who may use external messaging.
#[derive(Debug, Subcommand)]
pub enum PolicyCommand {
    /// Show the policy.
    Show,
    /// Change the policy.
    Set {
        /// Who may.
        audience: Audience,
        /// Whether new users are chosen from the start; unchanged when absent.
        #[arg(long, value_name = "YES/NO")]
        newcomers: Option<Newcomers>,
    },
    /// How calls connect.
    Calls {
        /// Whether through our own relay only, so that partners learn no address of our people.
        #[arg(long, value_name = "ON/OFF")]
        relay_only: Switch,
    },
    /// Switch signals on or off for everybody; what is not named stays.
    Signals {
        /// Who has read what.
        #[arg(long, value_name = "ON/OFF")]
        receipts: Option<Switch>,
        /// Who types.
        #[arg(long, value_name = "ON/OFF")]
        typing: Option<Switch>,
        /// Who is there.
        #[arg(long, value_name = "ON/OFF")]
        presence: Option<Switch>,
    },
}

/// Who may.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Audience {
    /// All users that are not forbidden.
    All,
    /// Chosen users only.
    Chosen,
}

/// Whether new users are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Newcomers {
    /// They are.
    Yes,
    /// They are not.
    No,
}

/// Whether something is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    /// They are.
    On,
    /// They are not.
    Off,
}

/// Runs the command.
pub async fn run(command: PolicyCommand, place: &Place, screen: Screen) -> Done {
    let admin = place.admin()?;
    let mut policy: PolicyView = admin.read("/admin/v1/policy").await?;
    match command {
        PolicyCommand::Show => return screen.answer(&policy, words),
        PolicyCommand::Set { audience, newcomers } => {
            policy.audience = match audience {
                Audience::All => "all".to_owned(),
                Audience::Chosen => "chosen".to_owned(),
            };
            policy.newcomers = newcomers.map_or(policy.newcomers, |newcomers| newcomers == Newcomers::Yes);
        }
        PolicyCommand::Calls { relay_only } => policy.relay_only = Some(relay_only == Switch::On),
        PolicyCommand::Signals { receipts, typing, presence } => {
            let on = |switch: Option<Switch>| switch.map(|switch| switch == Switch::On);
            (policy.receipts, policy.typing, policy.presence) = (on(receipts), on(typing), on(presence));
        }
    }
    policy = admin.put("/admin/v1/policy", &policy).await?;
    screen.answer(&policy, words)
}

fn words(policy: &PolicyView) -> String {
    let newcomers = if policy.newcomers { "are" } else { "are not" };
    let who = match policy.audience.as_str() {
        "all" => "All users may use external messaging, except those that are forbidden (handclasp user forbid NAME)."
            .to_owned(),
        _ => format!(
            "Only chosen users may use external messaging (handclasp user permit NAME). New users {newcomers} chosen."
        ),
    };
    let signals = [("Read markers", policy.receipts), ("typing", policy.typing), ("presence", policy.presence)];
    let signals = signals.map(|(name, on)| format!("{name} {}", if on == Some(false) { "off" } else { "on" }));
    let relay = if policy.relay_only == Some(true) { "\nCalls connect through our relay only." } else { "" };
    format!("{who}\n{}.{relay}", signals.join(", "))
}
