//! `handclasp demo`: two organizations on this machine, a whole conversation, a revocation; then both keep running.

mod ending;
mod exchange;
mod narrator;
mod person;
mod story;
mod tools;

use super::{
    failure::{Done, Failure},
    place::Place,
    scratch::{Afterwards, Scratch},
    screen::Screen,
};
use clap::Args;
use narrator::Narrator;
use std::path::{Path, PathBuf};
use tokio::signal::unix::{SignalKind, signal};

/// Show everything on this machine.
#[derive(Debug, Args)]
#[command(
    after_help = "Without --dir the organizations are made in a temporary directory, which goes when the demo ends."
)]
pub struct DemoArgs {
    /// End after the story, with status 0 when every step succeeded.
    #[arg(long)]
    once: bool,
}

/// Runs the command.
pub async fn run(args: DemoArgs, place: &Place, screen: Screen) -> Done {
    let mut terminate = signal(SignalKind::terminate())?;
    let (root, scratch) = root(place.named())?;
    let played = tokio::select! {
        played = play(&args, &root, screen) => played,
        _ = tokio::signal::ctrl_c() => Ok(()),
        _ = terminate.recv() => Ok(()),
    };
    // The daemons are gone by now: dropping the story has ended them.
    drop(scratch);
    played
}

/// The directory: the named one, which stays, or a temporary one, which goes.
fn root(named: Option<&Path>) -> Done<(PathBuf, Option<Scratch>)> {
    let Some(dir) = named else {
        let scratch = Scratch::make("demo", None, Afterwards::Removed)?;
        return Ok((scratch.path().to_owned(), Some(scratch)));
    };
    std::fs::create_dir_all(dir)
        .map_err(|error| Failure::fault(format!("cannot make the directory {}: {error}", dir.display())))?;
    Ok((dir.canonicalize()?, None))
}

async fn play(args: &DemoArgs, root: &Path, screen: Screen) -> Done {
    let mut narrator = Narrator::new(screen);
    let mut town = story::tell(root, &mut narrator).await?;
    if args.once {
        narrator.close("Every step was checked and succeeded.")?;
        return town.strike().await;
    }
    ending::invite(&town, &mut narrator)?;
    town.keep().await
}
