//! `handclasp backup` and `handclasp restore`: a copy of the database while the daemon works, and back into its place
//! while it does not (D8).

use super::{
    failure::{Done, Failure},
    place::Place,
    screen::{Screen, Table, count, meanwhile, progress, time},
};
use crate::{
    api::admin::dto::{BackupView, BackupsView, NewBackup},
    backup::{self, BackupError, Restored},
    model::Millis,
    store::{anchor::AnchorVerdict, kv::StoreError},
};
use clap::Args;
use serde::Serialize;
use std::{path::PathBuf, time::Duration};

/// Between two looks at how far it is.
const POLL: Duration = Duration::from_millis(250);

/// Take a backup while the daemon works.
#[derive(Debug, Args)]
#[command(
    after_help = "A backup is a directory below dirs.backups. It is listed when it was opened and read whole. It holds the\n\
                  database and the files, and no key: copy keys/ and handclasp.toml elsewhere once, and after every change."
)]
pub struct BackupArgs {
    /// List the backups that are there, and take none.
    #[arg(long, conflicts_with = "keep")]
    list: bool,
    /// How many backups stay, this one included; all when absent.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    keep: Option<u32>,
}

/// Put a backup in the place of the database; the daemon must be stopped.
#[derive(Debug, Args)]
#[command(
    after_help = "Links stay closed until you confirm the grants, unless the anchor beside the old database says that they\n\
                  are the same. What came after the backup comes back from the partners as far as they still have it."
)]
pub struct RestoreArgs {
    /// The backup's directory.
    backup: PathBuf,
    /// Move the database that is there aside.
    #[arg(long)]
    replace: bool,
}

/// Takes a backup, or lists those that are there.
pub async fn run(args: BackupArgs, place: &Place, screen: Screen) -> Done {
    let admin = place.admin()?;
    if args.list {
        let standing: BackupsView = admin.read("/admin/v1/backups").await?;
        return screen.answer(&standing, listed);
    }
    let mut standing: BackupsView = admin.post("/admin/v1/backups", &NewBackup { keep: args.keep }).await?;
    let name = standing.running.as_ref().map(|running| running.name.clone());
    let bar = progress("{spinner} {pos} rows copied");
    while let Some(running) = &standing.running {
        bar.set_position(running.rows);
        tokio::time::sleep(POLL).await;
        standing = admin.read("/admin/v1/backups").await?;
    }
    bar.finish_and_clear();
    if let Some(failed) = standing.failed {
        return Err(Failure::fault(failed).next("nothing was changed; mend the cause and take it again"));
    }
    let taken = standing.items.iter().find(|item| name.as_ref().is_none_or(|name| *name == item.name));
    let taken = taken.ok_or_else(|| Failure::fault("the backup is gone again"))?;
    screen.answer(taken, |taken| {
        let files = count(taken.files, "file", "files");
        format!(
            "Backup {} holds everything up to commit {}: {} rows and {files}, read back whole.\n",
            taken.name, taken.commit, taken.rows
        )
    })
}

fn listed(standing: &BackupsView) -> String {
    if standing.items.is_empty() {
        return "There is no backup yet. Next: handclasp backup\n".to_owned();
    }
    let table = Table::new(["BACKUP", "TAKEN", "COMMIT", "ROWS", "FILES", "MIB"]);
    let row = |it: &BackupView| {
        let numbers = [it.commit, it.rows, it.files, it.bytes >> 20].map(|number| number.to_string());
        let [commit, rows, files, mib] = numbers;
        [it.name.clone(), time(Millis(it.taken_at)), commit, rows, files, mib]
    };
    table.rows(&standing.items, row).to_string()
}

/// What came of a restore, for people and programs.
#[derive(Debug, Serialize)]
struct RestoredShown {
    /// The backup's name.
    name: String,
    /// Its last commit.
    commit: u64,
    /// Where the old database stands now.
    moved_to: Option<PathBuf>,
    /// Files that are there.
    files: u64,
    /// Whether all links are held until an admin confirms the grants.
    holds_links: bool,
}

/// Puts a backup in place.
pub fn restore(args: &RestoreArgs, place: &Place, screen: Screen) -> Done {
    let config = place.config()?;
    let of = backup::manifest(&args.backup).map_err(failure)?.org;
    if of != config.domain {
        let message = format!("the backup is of {of}, and this directory is of {}", config.domain);
        return Err(Failure::refused(message).next("name the directory of its organization with --dir"));
    }
    let put_back = || backup::restore(&args.backup, &config.data_dir, &config.files_dir, args.replace);
    let restored = meanwhile("reading the backup whole, and putting it in place", put_back).map_err(failure)?;
    let Restored { manifest, moved_to, verdict, files } = restored;
    let shown = RestoredShown {
        name: manifest.name,
        commit: manifest.commit,
        moved_to,
        files,
        holds_links: verdict != AnchorVerdict::Agrees,
    };
    screen.answer(&shown, RestoredShown::words)
}

impl RestoredShown {
    fn words(&self) -> String {
        let moved = self.moved_to.as_ref().map_or_else(String::new, |to| {
            format!("What was there before stands in {}; delete it when you need it no more.\n", to.display())
        });
        let next = match self.holds_links {
            true => {
                "All links stay closed until you have compared the grants with what you want:\n  start the daemon, then: \
                 handclasp grant show PARTNER, and handclasp grant confirm\n"
            }
            false => {
                "The grants in it are the last ones that were given: links open again by themselves, once the partners \
                 have given back what was sent since: handclasp peer recover PARTNER\n"
            }
        };
        format!("Restored {} up to commit {}, with {} files.\n{moved}{next}", self.name, self.commit, self.files)
    }
}

fn failure(error: BackupError) -> Failure {
    let next = match &error {
        BackupError::NoBackup(_) => "name a directory that `handclasp backup --list` shows, below dirs.backups",
        BackupError::InTheWay(_) => "add --replace; what is there is moved aside, not deleted",
        BackupError::Store(StoreError::Busy(_)) => "stop the daemon first",
        BackupError::Unproven(_) | BackupError::Store(StoreError::Corrupt(_)) => {
            "take another backup; nothing was changed"
        }
        _ => "mend the cause and run the command again",
    };
    Failure::refused(error).next(next)
}
