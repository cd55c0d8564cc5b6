//! `handclasp case`: what our users reported (P10).

use super::{
    failure::Done,
    place::Place,
    screen::{Screen, Table, fields, time},
};
use crate::{
    api::admin::dto::keeping::{CaseClose, CaseFull, CaseView},
    model::Millis,
};
use clap::{Subcommand, ValueEnum};
use serde_json::json;

/// Reported cases.
#[derive(Debug, Subcommand)]
pub enum CaseCommand {
    /// Show cases.
    List {
        /// Which.
        #[arg(long, default_value = "open", value_name = "STATE")]
        state: Which,
    },
    /// Show one, with the signed original of what was reported.
    Show {
        /// Its number.
        n: u64,
    },
    /// Close one.
    Close {
        /// Its number.
        n: u64,
        /// What was done.
        #[arg(long, default_value = "", value_name = "TEXT")]
        note: String,
    },
}

/// Which cases.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Which {
    /// Not closed.
    Open,
    /// Closed.
    Closed,
    /// All.
    All,
}

/// Runs the command.
pub async fn run(command: CaseCommand, place: &Place, screen: Screen) -> Done {
    let admin = place.admin()?;
    match command {
        CaseCommand::List { state } => {
            let page: crate::api::paging::Page<CaseView> =
                admin.read(&format!("/admin/v1/cases?limit=200&state={}", word(state))).await?;
            screen.answer(&page, |page| table(&page.items))
        }
        CaseCommand::Show { n } => {
            let full: CaseFull = admin.read(&format!("/admin/v1/cases/{n}")).await?;
            screen.answer(&full, |full| {
                let event = full.event.as_ref().map(|event| event.get().to_owned()).unwrap_or_default();
                let signed = if full.envelope.is_some() { "kept; --json shows it" } else { "none" };
                format!(
                    "{}{}",
                    words(&full.case),
                    fields([("original", event), ("signed envelope", signed.to_owned())])
                )
            })
        }
        CaseCommand::Close { n, note } => {
            let case: CaseView = admin.post(&format!("/admin/v1/cases/{n}/close"), &CaseClose { note }).await?;
            screen.answer(&case, words)
        }
    }
}

fn word(which: Which) -> &'static str {
    match which {
        Which::Open => "open",
        Which::Closed => "closed",
        Which::All => "all",
    }
}

fn about(case: &CaseView) -> String {
    let room = || case.room.clone().unwrap_or_default();
    match case.index {
        Some(index) => format!("message {index} in {}", room()),
        None => case.person.clone().unwrap_or_else(|| format!("room {}", room())),
    }
}

fn table(cases: &[CaseView]) -> String {
    if cases.is_empty() {
        return "No cases.".to_owned();
    }
    let table = Table::new(["NO", "TIME (UTC)", "BY", "ABOUT", "REASON"]);
    let row = |case: &CaseView| {
        [case.n.to_string(), time(Millis(case.at)), case.by.clone(), about(case), case.reason.clone()]
    };
    table.rows(cases, row).to_string()
}

fn words(case: &CaseView) -> String {
    let closed = case.closed_by.as_ref().map(|by| format!("by {by}: {}", case.note.clone().unwrap_or_default()));
    fields([
        ("case", json!(case.n).to_string()),
        ("reported", format!("{} UTC by {}", time(Millis(case.at)), case.by)),
        ("about", about(case)),
        ("reason", case.reason.clone()),
        ("closed", closed.unwrap_or_default()),
    ])
}
