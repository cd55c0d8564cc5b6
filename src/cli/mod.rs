//! The command line: one file per command, one screen, stable exit codes.

mod ask;
mod audit;
mod backup;
mod bench;
mod card;
mod case;
mod chat;
mod check;
mod completions;
mod daemon;
mod demo;
mod export;
mod failure;
mod grant;
mod http;
mod import;
mod init;
mod keys;
mod peer;
mod place;
mod policy;
mod reindex;
mod renew;
mod retention;
mod scopes;
mod scratch;
mod screen;
mod serve;
pub(crate) mod sse;
mod status;
mod transfer;
mod twin;
mod user;
mod why;

use clap::{Args, Parser, Subcommand};
use failure::{Done, Failure};
use place::Place;
use screen::{Form, Screen};
use std::{future::Future, path::PathBuf, process::ExitCode};

const AFTER_HELP: &str = "\
Start here:
  handclasp demo                                   two organizations on this machine, and what they can do
  handclasp init --domain acme.example --dir DIR   make your own organization
  handclasp serve --dir DIR                        run its daemon

Without --dir, the directory is $HANDCLASP_DIR, else . when it holds handclasp.toml, else /var/lib/handclasp.
Exit codes: 0 done, 1 refused, 2 wrong usage, 69 no daemon answers, 70 fault, 78 wrong configuration.";

/// A federation bridge daemon: two organizations talk while both administrators' grants are active.
#[derive(Debug, Parser)]
#[command(name = "handclasp", version, after_help = AFTER_HELP, propagate_version = true)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Args)]
struct Global {
    /// The organization's directory.
    #[arg(long, global = true, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// The configuration file, when it is not handclasp.toml in the directory.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print one JSON document (one a line for commands that go on).
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show everything on this machine: two organizations, a conversation, a group, a revocation.
    Demo(demo::DemoArgs),
    /// Make an organization: configuration, keys, card, database.
    Init(init::InitArgs),
    /// Run the organization's daemon.
    Serve(serve::ServeArgs),
    /// Our own card, which partners pin.
    #[command(subcommand)]
    Card(card::CardCommand),
    /// Our keys: what is in use, the next ones, and what to do when one leaked.
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// Partner organizations.
    #[command(subcommand)]
    Peer(peer::PeerCommand),
    /// What we permit a partner: on, off, and since when.
    #[command(subcommand)]
    Grant(grant::GrantCommand),
    /// Our own users.
    #[command(subcommand)]
    User(user::UserCommand),
    /// Who of our users may use external messaging.
    #[command(subcommand)]
    Policy(policy::PolicyCommand),
    /// How long timelines are kept.
    #[command(subcommand)]
    Retention(retention::RetentionCommand),
    /// Legal holds: what is kept in any case.
    #[command(subcommand)]
    Hold(retention::HoldCommand),
    /// What our users reported.
    #[command(subcommand)]
    Case(case::CaseCommand),
    /// Write a transcript of a person, a room or everything that proves itself.
    Export(export::ExportArgs),
    /// Check a transcript, without a daemon; exit code 1 when it does not hold.
    Verify(export::VerifyArgs),
    /// Bring the rooms of an export back as archives, to be read.
    Import(import::ImportArgs),
    /// The daemon and its links.
    Status,
    /// The audit log.
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Take a backup while the daemon works.
    Backup(backup::BackupArgs),
    /// Put a backup in the place of the database; the daemon must be stopped.
    Restore(backup::RestoreArgs),
    /// Check the whole database while the daemon is stopped; exit code 1 when it is damaged.
    Check,
    /// Why one of our users can or cannot reach somebody.
    Why(why::WhyArgs),
    /// Build the search index anew.
    Reindex(reindex::ReindexArgs),
    /// Talk, as one of our users.
    Chat(chat::ChatArgs),
    /// Measure two daemons on this machine.
    Bench(bench::BenchArgs),
    /// Print the completions of a shell.
    Completions(completions::CompletionsArgs),
    /// Write the manual pages into a directory.
    #[command(hide = true)]
    Man(completions::ManArgs),
}

/// Runs the command that the process was started with.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let form = if cli.global.json { Form::Json } else { Form::Words };
    match dispatch(cli.command, Place::new(cli.global.dir, cli.global.config), Screen::new(form)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(form == Form::Json),
    }
}

fn dispatch(command: Command, place: Place, screen: Screen) -> Done {
    match command {
        Command::Serve(args) => serve::run(args, &place),
        Command::Init(args) => init::run(args, place.as_owner()?, screen),
        Command::Check => check::run(place.as_owner()?, screen),
        Command::Completions(args) => completions::run(&args),
        Command::Man(args) => completions::run_man(&args),
        Command::Restore(args) => backup::restore(&args, place.as_owner()?, screen),
        Command::Demo(args) => block_on(demo::run(args, &place, screen)),
        Command::Bench(args) => block_on(bench::run(args, &place, screen)),
        Command::Chat(args) => block_on(chat::run(args, &place, screen)),
        Command::Card(command) => block_on(card::run(command, &place, screen)),
        Command::Keys(command) => block_on(keys::run(command, &place, screen)),
        Command::Peer(command) => block_on(peer::run(command, &place, screen)),
        Command::Grant(command) => block_on(grant::run(command, &place, screen)),
        Command::User(command) => block_on(user::run(command, &place, screen)),
        Command::Policy(command) => block_on(policy::run(command, &place, screen)),
        Command::Retention(command) => block_on(retention::run(command, &place, screen)),
        Command::Hold(command) => block_on(retention::run_hold(command, &place, screen)),
        Command::Case(command) => block_on(case::run(command, &place, screen)),
        Command::Export(args) => block_on(export::run(args, &place, screen)),
        Command::Import(args) => block_on(import::run(args, &place, screen)),
        Command::Verify(args) => export::run_verify(args, screen),
        Command::Status => block_on(status::run(&place, screen)),
        Command::Audit(command) => block_on(audit::run(command, &place, screen)),
        Command::Backup(args) => block_on(backup::run(args, &place, screen)),
        Command::Reindex(args) => block_on(reindex::run(args, &place, screen)),
        Command::Why(args) => block_on(why::run(args, &place, screen)),
    }
}

/// One thread serves every command but `serve`: they wait for a daemon, and `bench` must not take its processors.
fn block_on(command: impl Future<Output = Done>) -> Done {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::fault)?;
    let done = runtime.block_on(command);
    // A thread that waits for a line of input would hold the process otherwise.
    runtime.shutdown_background();
    done
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_says_what_it_is_for() {
        fn check(command: &clap::Command) {
            assert!(command.get_about().is_some(), "{} has no description", command.get_name());
            for arg in command.get_arguments() {
                assert!(arg.get_help().is_some(), "{} {} has no description", command.get_name(), arg.get_id());
            }
            command.get_subcommands().for_each(check);
        }
        check(&Cli::command());
    }

    fn parsed(words: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(words.split_whitespace())
    }

    #[test]
    fn the_commands_of_the_readme_parse() {
        for words in [
            "handclasp demo --once --json",
            "handclasp init --domain acme.example --dir /srv/acme --name Acme",
            "handclasp serve --dir /srv/acme",
            "handclasp card export --to acme.card.json",
            "handclasp peer add globex.card.json --fingerprint BDKI-EPPF-C7FQ-BQUI-LYPN-ICX7-RL4H-XEO7",
            "handclasp grant on globex.example --scopes contacts,messages --until 2027-01-01 --reason pilot",
            "handclasp grant off globex.example --dry-run",
            "handclasp grant off globex.example --yes --reason over",
            "handclasp user add alice --name Alice --password-stdin",
            "handclasp user forbid alice",
            "handclasp policy set chosen --newcomers no",
            "handclasp user erase alice --texts remove --yes",
            "handclasp retention set --direct 365 --group forever",
            "handclasp hold set --user alice --reason case",
            "handclasp hold release --room 00000000000000000000000000000000",
            "handclasp import /srv/alice",
            "handclasp case list --state all",
            "handclasp export --person alice --out /srv/alice",
            "handclasp export --all --out - --evidence no",
            "handclasp verify /srv/alice --fingerprint BDKI-EPPF-C7FQ-BQUI-LYPN-ICX7-RL4H-XEO7",
            "handclasp audit list --actor system --limit 5",
            "handclasp why alice bob@globex.example",
            "handclasp reindex --wait",
            "handclasp check --dir /srv/acme --json",
            "handclasp backup --keep 14",
            "handclasp restore /srv/acme/backups/2026-11-22T06-30-00.000Z --replace --dir /srv/acme",
            "handclasp chat --as alice bob@globex.example",
            "handclasp chat --as alice --server https://chat.acme.example --ca acme.pem bob@globex.example",
            "handclasp bench closed pipelined --messages 1000 --json",
        ] {
            if let Err(error) = parsed(words) {
                panic!("{words}: {error}");
            }
        }
    }

    #[test]
    fn wrong_names_are_refused_before_anything_is_asked_of_the_daemon() {
        for words in [
            "handclasp user add Alice!",
            "handclasp grant on nodots",
            "handclasp grant on globex.example --scopes everything",
            "handclasp why alice bob",
            "handclasp bench warp",
        ] {
            assert_eq!(parsed(words).expect_err(words).exit_code(), 2, "{words}");
        }
    }
}
