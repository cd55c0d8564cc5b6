//! `handclasp bench`: two real daemons with durable settings on loopback, driven through the client API from here.

mod calls;
mod connection;
mod crash;
mod figures;
mod files;
mod load;
mod progress;
mod scenarios;
mod search;
mod stage;
mod stream;
mod tally;

use super::{
    failure::{Done, Failure},
    place::Place,
    scratch::{Afterwards, Scratch},
    screen::Screen,
};
use clap::{Args, ValueEnum as _};
use progress::Progress;
use scenarios::{Amount, Scenario};
use std::time::Duration;

/// Measure two daemons on this machine.
#[derive(Debug, Args)]
#[command(after_help = "Every message is 200 bytes and is synced to disk on both sides before it is acknowledged.\n\
                        --dir chooses the disk; the two organizations are made in a fresh directory there and removed.")]
pub struct BenchArgs {
    /// What to measure; everything when absent.
    #[arg(value_name = "SCENARIO")]
    scenarios: Vec<Scenario>,
    /// Messages a scenario; each has its own number when absent.
    #[arg(long, value_name = "N", value_parser = parse_count)]
    messages: Option<usize>,
    /// Stop to send after so many seconds.
    #[arg(long, value_name = "S")]
    seconds: Option<u64>,
    /// Connections at once, in all scenarios but the closed loop.
    #[arg(long, value_name = "N", default_value = "128", value_parser = parse_count)]
    connections: usize,
    /// Keep the directories of the organizations, with the daemons' logs.
    #[arg(long)]
    keep: bool,
}

fn parse_count(text: &str) -> Result<usize, String> {
    match text.replace('_', "").parse() {
        Ok(n) if (1..=10_000_000).contains(&n) => Ok(n),
        _ => Err("must be between 1 and 10,000,000".to_owned()),
    }
}

/// Runs the command.
pub async fn run(args: BenchArgs, place: &Place, screen: Screen) -> Done {
    let limit = args.seconds.map(Duration::from_secs);
    let amount = Amount { messages: args.messages, connections: args.connections, limit };
    let scenarios = if args.scenarios.is_empty() { Scenario::value_variants() } else { &args.scenarios };
    let progress = Progress::new(args.messages);
    let mut all = Vec::new();
    for scenario in scenarios {
        let root =
            Scratch::make("bench", place.named(), if args.keep { Afterwards::Kept } else { Afterwards::Removed })?;
        let figures = tokio::select! {
            figures = scenarios::play(*scenario, root.path(), amount, &progress) => figures?,
            _ = tokio::signal::ctrl_c() => return Err(Failure::refused("interrupted")),
        };
        if screen.is_json() {
            screen.line(&serde_json::to_string(&figures).map_err(Failure::fault)?)?;
        }
        all.push(figures);
    }
    if !screen.is_json() {
        screen.line(figures::table(&all).trim_end())?;
    }
    match all.iter().find(|figures| figures.lost > 0 || figures.duplicated > 0) {
        Some(bad) => Err(Failure::refused(format!("{}: {} lost, {} twice", bad.scenario, bad.lost, bad.duplicated))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_may_be_written_in_groups() {
        assert_eq!(parse_count("100_000"), Ok(100_000));
        assert!(parse_count("0").is_err());
        assert!(parse_count("many").is_err());
    }
}
