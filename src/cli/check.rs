//! `handclasp check`: reads the whole database once, while no daemon runs, and says what does not fit.

use super::{
    failure::{Done, Failure},
    place::Place,
    screen::{Screen, clean, count, meanwhile},
};
use crate::{
    config::Config,
    files::{Dir, Disk as _, Name},
    store::{
        anchor::{self, AnchorVerdict},
        check::{self, Checked},
        disk::DiskKv,
        kv::{Kv, StoreError},
        load,
    },
};
use serde::Serialize;
use std::sync::Arc;

const DAMAGED: &str = "keep a copy of the directory as it is, and restore a backup: docs/operating.md";

/// What a check found, for people and programs.
#[derive(Debug, Serialize)]
struct CheckShown {
    /// Whether the daemon can go on with it.
    ok: bool,
    /// Rows that were read.
    rows: u64,
    /// Log entries that were read.
    entries: u64,
    /// Files that events name and whose bytes are to be here.
    files: u64,
    /// What does not fit; at most the first hundred.
    findings: Vec<String>,
    /// How many there are in all.
    findings_total: u64,
    /// What the next start does about the anchor: nothing, or hold all links.
    holds_links: Option<&'static str>,
}

/// Runs the command. It opens the database as a start would, changes nothing else, and leaves it to a daemon that has
/// it open.
pub fn run(place: &Place, screen: Screen) -> Done {
    let shown = check(&place.config()?)?;
    screen.answer(&shown, CheckShown::words)?;
    match shown.ok {
        true => Ok(()),
        false => Err(Failure::refused("the database is damaged").next(DAMAGED)),
    }
}

fn check(config: &Config) -> Done<CheckShown> {
    if !config.data_dir.is_dir() {
        let message = format!("there is no database in {}", config.data_dir.display());
        return Err(Failure::config(message).next("name the org's directory with --dir"));
    }
    let kv: Arc<dyn Kv> = Arc::new(DiskKv::open(&config.data_dir, config.cache_bytes).map_err(unopened)?);
    let mut checked = meanwhile("reading every row", || check::check(&*kv)).map_err(unopened)?;
    let verdict = judge(&kv, &mut checked)?;
    let files = checked.files.len() as u64;
    find_files(config, &mut checked)?;
    Ok(CheckShown {
        ok: checked.findings_total == 0,
        rows: checked.rows,
        entries: checked.entries,
        files,
        findings: checked.findings,
        findings_total: checked.findings_total,
        holds_links: verdict.as_ref().and_then(holds_links),
    })
}

/// Whether the files that events name stand beside the database, as long as they should be. What they hold is not read:
/// an export does that.
fn find_files(config: &Config, checked: &mut Checked) -> Done {
    if checked.files.is_empty() {
        return Ok(());
    }
    let disk = Dir::open(&config.files_dir).map_err(Failure::fault)?;
    for (digest, bytes) in std::mem::take(&mut checked.files) {
        let finding = match disk.bytes(&Name::Blob(digest)).map_err(Failure::fault)? {
            None => format!("the file {digest} is missing"),
            Some(found) if bytes.is_some_and(|bytes| bytes != found) => {
                format!("the file {digest} has {found} bytes, and an event says another length")
            }
            Some(_) => continue,
        };
        checked.findings_total += 1;
        checked.findings.push(finding);
    }
    Ok(())
}

/// Whether a daemon could start with it, and what the anchor beside it says. None when it cannot be loaded at all.
fn judge(kv: &Arc<dyn Kv>, checked: &mut Checked) -> Done<Option<AnchorVerdict>> {
    let mut find = |finding: String| {
        checked.findings_total += 1;
        checked.findings.push(finding);
    };
    match load::load(kv) {
        Ok(Some(loaded)) => {
            let verdict = anchor::check(&**kv, &loaded).map_err(unopened)?;
            if let AnchorVerdict::Behind { commit, anchored } = verdict {
                find(format!("it ends at commit {commit}, and the anchor knows that commit {anchored} was durable"));
            }
            Ok(Some(verdict))
        }
        Ok(None) => {
            find("it is empty".to_owned());
            Ok(None)
        }
        Err(StoreError::Corrupt(what)) => {
            find(what);
            Ok(None)
        }
        Err(error) => Err(unopened(error)),
    }
}

fn holds_links(verdict: &AnchorVerdict) -> Option<&'static str> {
    match verdict {
        AnchorVerdict::Agrees | AnchorVerdict::Behind { .. } => None,
        AnchorVerdict::Missing => Some("there is no anchor beside the database"),
        AnchorVerdict::Foreign => Some("the anchor beside the database is of another one"),
        AnchorVerdict::GrantsDiffer(_) => Some("the anchor knows newer grants than the database"),
    }
}

fn unopened(error: StoreError) -> Failure {
    match error {
        StoreError::Busy(_) => Failure::fault(error).next("stop the daemon first: systemctl stop handclasp"),
        StoreError::Corrupt(_) => Failure::refused(error).next(DAMAGED),
        StoreError::Full(_) | StoreError::Io(_) => {
            Failure::fault(error).next("run the command as the user that the daemon runs as; look at the disk")
        }
    }
}

impl CheckShown {
    fn words(&self) -> String {
        let read = format!("{} and {}", count(self.rows, "row", "rows"), count(self.entries, "entry", "entries"));
        let mut lines = match self.ok {
            true => vec![format!("The database is sound: {read} were read; chains, numbers and the last commit fit.")],
            false => {
                let found = count(self.findings_total, "thing does not fit", "things do not fit");
                vec![format!("The database is DAMAGED. {read} were read; {found}:")]
            }
        };
        lines.extend(self.findings.iter().map(|finding| format!("  {}", clean(finding))));
        let told = u64::try_from(self.findings.len()).unwrap_or(u64::MAX);
        if told < self.findings_total {
            lines.push(format!("  … and {} more", self.findings_total - told));
        }
        if let Some(why) = self.holds_links {
            lines.push(format!("The next start holds all links until `handclasp grant confirm`, because {why}."));
        }
        lines.join("\n")
    }
}
