//! `handclasp serve`: the daemon.

use super::{
    failure::{Done, Failure},
    place::Place,
};
use crate::app::{self, ServeError, ServeOptions};
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
    let options = ServeOptions { config: place.config_file(), ready_file: args.ready_file };
    if !options.config.is_file() {
        return place.config().map(drop);
    }
    app::serve(&options).map_err(|error| match error {
        ServeError::Config(text) => Failure::config(text),
        ServeError::Fault(text) => Failure::fault(text),
    })
}
