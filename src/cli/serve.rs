//! `handclasp serve`: the daemon.

use super::{
    failure::{Done, Failure},
    place::Place,
};
use clap::Args;
use std::path::PathBuf;

/// Run the daemon.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// Write the addresses of the listeners to this file when they are up.
    #[arg(long, value_name = "FILE")]
    ready_file: Option<PathBuf>,
}

/// Runs the command; returns when the daemon has drained.
pub fn run(args: ServeArgs, place: &Place) -> Done {
    let config = place.config()?;
    crate::app::run(config, place.config_file(), args.ready_file).map_err(|error| Failure::fault(format!("{error:#}")))
}
