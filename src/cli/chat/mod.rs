//! `handclasp chat`: a conversation in the terminal, for people and for scripts.

mod calls;
mod commands;
mod files;
mod input;
mod live;
mod show;
mod sign_in;
mod talk;
mod target;
mod tui;

use super::{ask::SecretFrom, failure::Done, http::Http, place::Place, screen::Screen, sse::Events};
use crate::api::client::dto::Me;
use clap::Args;
use std::{path::PathBuf, time::Duration};
use talk::{Flow, Talk};

/// Talk, as one of our users.
#[derive(Debug, Args)]
#[command(
    after_help = "At a terminal, F1 shows the keys. With --plain and at the prompt, /help lists the commands. From a script, each line of standard input is a message,\n\
                        and each line of standard output is one that arrived; the command ends when all are delivered.\n\
                        Signing in: $HANDCLASP_TOKEN, else the token of the last time, else a password."
)]
pub struct ChatArgs {
    /// Who talks: alice, or alice@acme.example.
    #[arg(long = "as", value_name = "USER")]
    user: String,
    /// The client API; that of the organization in --dir when absent.
    #[arg(long, value_name = "URL")]
    server: Option<String>,
    /// Trust the server's certificate if it, or its issuer's, is in this file (PEM), and no other.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Lines instead of a full screen, as without a terminal.
    #[arg(long)]
    plain: bool,
    /// Read the password from the first line of standard input.
    #[arg(long)]
    password_stdin: bool,
    /// Stay when standard input ends, and show what arrives.
    #[arg(long)]
    follow: bool,
    /// How long to wait at the end for the partner's confirmation, seconds.
    #[arg(long, value_name = "S", default_value_t = 10)]
    wait: u64,
    /// With whom: an address, a room's name, or its id. Your rooms are listed when absent.
    #[arg(value_name = "PERSON OR ROOM")]
    with: Option<String>,
}

pub use sign_in::remember;

/// Runs the command.
pub async fn run(args: ChatArgs, place: &Place, screen: Screen) -> Done {
    let from = if args.password_stdin { SecretFrom::Stdin } else { SecretFrom::Terminal };
    let server = sign_in::Server { url: args.server.as_deref(), authorities: args.ca.as_deref() };
    let (http, me) = sign_in::sign_in(&args.user, server, from, place).await?;
    let is_plain = args.plain || args.follow || args.password_stdin || screen.is_json();
    if !is_plain && input::is_at_terminal() {
        return tui::run(http, me, args.with).await;
    }
    converse(args, http, me, screen).await
}

async fn converse(args: ChatArgs, http: Http, me: Me, screen: Screen) -> Done {
    // Live events first: what happens while the history is read comes again, and is told apart by its index.
    let mut events = Events::open(&http, None).await?;
    let room = match &args.with {
        Some(with) => Some(target::find(&http, &me, with, |words| eprintln!("{words}")).await?),
        None => None,
    };
    let mut input = input::Input::open(&format!("{}> ", me.address))?;
    let mut talk = Talk::new(http, me, input.printer(), screen);
    match room {
        Some(room) => talk.enter(room).await?,
        None => talk.run_command("rooms", "").await.map(drop)?,
    }
    let mut waking = tokio::time::interval(Duration::from_millis(500));
    loop {
        tokio::select! {
            live = events.next() => talk.hear(live?).await?,
            line = input.next() => match line {
                Some(line) => match talk.take(&line).await? {
                    Flow::On => input.go_on(),
                    Flow::End => return Ok(()),
                },
                None if args.follow && !input.is_terminal() => break,
                None => return finish(&mut talk, &mut events, Duration::from_secs(args.wait)).await,
            },
            _ = waking.tick() => talk.remark_waiting()?,
        }
    }
    loop {
        let live = events.next().await?;
        talk.hear(live).await?;
    }
}

/// The input has ended: waits until the partner has confirmed what was sent, or no longer.
async fn finish(talk: &mut Talk, events: &mut Events, patience: Duration) -> Done {
    let deadline = tokio::time::Instant::now() + patience;
    while talk.is_waiting() {
        match tokio::time::timeout_at(deadline, events.next()).await {
            Ok(live) => talk.hear(live?).await?,
            Err(_) => return talk.remark_unconfirmed(),
        }
    }
    talk.verdict()
}
