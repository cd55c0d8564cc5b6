//! `handclasp audit`: the hash-chained log of what was done and refused (P28).

use super::{
    failure::{Done, Failure},
    http::{Http, encode},
    place::Place,
    scopes::parse_time,
    screen::{Screen, Table, time},
};
use crate::{
    api::admin::dto::{AuditVerdict, AuditView},
    clock::{Clock as _, SystemClock},
    model::Millis,
};
use clap::{Args, Subcommand};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::path::PathBuf;

/// The audit log.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Show entries.
    List(ListArgs),
    /// Write the whole log as JSON lines.
    Export {
        /// The file to write; standard output when absent.
        #[arg(long, value_name = "FILE")]
        to: Option<PathBuf>,
    },
    /// Check the chain of the whole log; exit code 1 when it is broken.
    Verify,
}

/// Which entries.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Only what this one did: admin:NAME, an address, peer:DOMAIN or system.
    #[arg(long, value_name = "ACTOR")]
    actor: Option<String>,
    /// Only this action, or those that begin with it: grant, link, member.excluded …
    #[arg(long, value_name = "ACTION")]
    action: Option<String>,
    /// Only what was done to this: a domain, an address or a room.
    #[arg(long, value_name = "SUBJECT")]
    subject: Option<String>,
    /// Not before this time: 2027-01-31 or "2027-01-31 18:00" (UTC).
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Before this time.
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// How many at most.
    #[arg(long, default_value_t = 50, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=200))]
    limit: u64,
    /// Where the list before ended.
    #[arg(long, value_name = "CURSOR")]
    cursor: Option<String>,
}

#[derive(Debug, Deserialize, Serialize)]
struct AuditPage {
    items: Vec<AuditView>,
    #[serde(default)]
    next: Option<String>,
}

/// Runs the command.
pub async fn run(command: AuditCommand, place: &Place, screen: Screen) -> Done {
    let admin = place.admin()?;
    match command {
        AuditCommand::List(args) => list(&admin, args, screen).await,
        AuditCommand::Export { to } => export(&admin, to, screen).await,
        AuditCommand::Verify => verify(&admin, screen).await,
    }
}

async fn list(admin: &Http, args: ListArgs, screen: Screen) -> Done {
    let page: AuditPage = admin.read(&format!("/admin/v1/audit?{}", query(&args)?)).await?;
    screen.answer(&page, |page| {
        if page.items.is_empty() {
            return "No entries.".to_owned();
        }
        let table = Table::new(["NO", "TIME (UTC)", "WHO", "WHAT", "TO WHAT", "CODE", "DETAIL"]);
        let table = table.rows(&page.items, |entry| {
            let code = entry.code.clone().unwrap_or_default();
            let at = time(Millis(entry.at));
            let AuditView { seq, actor, action, subject, detail, .. } = entry.clone();
            [seq.to_string(), at, actor, action, subject, code, detail]
        });
        match &page.next {
            Some(next) => format!("{table}\nMore: add --cursor {next}"),
            None => table.to_string(),
        }
    })
}

fn query(args: &ListArgs) -> Done<String> {
    let time = |text: &Option<String>| {
        let parsed = text.as_deref().map(|text| parse_time(text, SystemClock.now())).transpose();
        parsed.map(|time| time.map(|time| time.0.to_string())).map_err(Failure::usage)
    };
    let pairs = [
        ("limit", Some(args.limit.to_string())),
        ("cursor", args.cursor.clone()),
        ("actor", args.actor.clone()),
        ("action", args.action.clone()),
        ("subject", args.subject.clone()),
        ("since", time(&args.since)?),
        ("until", time(&args.until)?),
    ];
    let given = pairs.into_iter().filter_map(|(name, value)| value.map(|value| format!("{name}={}", encode(&value))));
    Ok(given.collect::<Vec<_>>().join("&"))
}

async fn export(admin: &Http, to: Option<PathBuf>, screen: Screen) -> Done {
    let lines = admin.read_bytes("/admin/v1/audit/export").await?;
    let Some(path) = to else {
        return screen.line(String::from_utf8_lossy(&lines).trim_end());
    };
    std::fs::write(&path, &lines)
        .map_err(|error| Failure::fault(format!("cannot write {}: {error}", path.display())))?;
    let entries = lines.iter().filter(|byte| **byte == b'\n').count();
    screen.answer(&json!({ "file": path, "entries": entries }), |_| {
        format!("Wrote {entries} entries to {}.", path.display())
    })
}

async fn verify(admin: &Http, screen: Screen) -> Done {
    let verdict: AuditVerdict = admin.post("/admin/v1/audit/verify", &json!({})).await?;
    screen.answer(&verdict, |it| match (it.ok, it.broken_at) {
        (true, _) => format!(
            "The chain of {} entries holds. Keep its head elsewhere; it proves later that nothing was taken away:\n{}",
            it.entries, it.head
        ),
        (false, Some(seq)) => format!("The chain is broken at entry {seq} of {}.", it.entries),
        (false, None) => format!("The log does not end where the daemon has its end ({} entries).", it.entries),
    })?;
    match verdict.ok {
        true => Ok(()),
        false => Err(Failure::refused("the audit log was changed from outside, or the database is damaged")
            .next("keep a copy of the directory, stop the daemon, and compare with an export or a backup")),
    }
}
