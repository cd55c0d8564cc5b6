//! `handclasp grant`: our permission for a partner: on, off, shown, with what a revocation would end (P1, P26, P27).

use super::{
    ask,
    failure::{Done, Failure},
    http::Http,
    place::Place,
    scopes::{ScopeList, parse_time},
    screen::{Screen, count, fields},
    status,
};
use crate::{
    api::admin::dto::{Consequences, GrantAnswer, GrantPair, GrantPut, PeerStatus},
    clock::{Clock as _, SystemClock},
    model::{Domain, text::Reason},
};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

/// What we permit a partner.
#[derive(Debug, Subcommand)]
pub enum GrantCommand {
    /// Permit. The link opens when the partner's admin has permitted too.
    On(OnArgs),
    /// Revoke. The link closes at once, on this side now and on theirs at the next contact.
    Off(OffArgs),
    /// Both grants, and the link that follows from them.
    Show {
        /// The partner's domain.
        peer: Domain,
    },
    /// Whether the link is open; exit code 1 when it is not, with the reason.
    Check {
        /// The partner's domain.
        peer: Domain,
    },
    /// After a restore: say that the grants in the database are what you want.
    Confirm {
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
}

/// Permit.
#[derive(Debug, Args)]
pub struct OnArgs {
    /// The partner's domain.
    peer: Domain,
    /// What may cross: contacts, messages, rooms, files, calls, or all.
    #[arg(long, default_value = "all", value_name = "SCOPES")]
    scopes: ScopeList,
    /// When it ends by itself: 2027-01-31, "2027-01-31 18:00" (UTC), 30d, 12h.
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Why; both admins can read it.
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: Reason,
    /// Refuse when the present grant has another number than this.
    #[arg(long, value_name = "NUMBER")]
    expected: Option<u64>,
}

/// Revoke.
#[derive(Debug, Args)]
pub struct OffArgs {
    /// The partner's domain.
    peer: Domain,
    /// Only show what would end.
    #[arg(long)]
    dry_run: bool,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
    /// Why; both admins can read it.
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: Reason,
    /// Refuse when the present grant has another number than this.
    #[arg(long, value_name = "NUMBER")]
    expected: Option<u64>,
}

/// Runs the command.
pub async fn run(command: GrantCommand, place: &Place, screen: Screen) -> Done {
    let admin = place.admin()?;
    match command {
        GrantCommand::On(args) => on(&admin, args, screen).await,
        GrantCommand::Off(args) => off(&admin, args, screen).await,
        GrantCommand::Show { peer } => screen.answer(&show(&admin, &peer).await?, pair_words),
        GrantCommand::Check { peer } => check(&admin, &peer, screen).await,
        GrantCommand::Confirm { yes } => confirm(&admin, yes, screen).await,
    }
}

/// Puts a grant in force.
pub async fn put(admin: &Http, peer: &Domain, grant: &GrantPut) -> Done<GrantAnswer> {
    admin.put(&format!("/admin/v1/peers/{peer}/grant"), grant).await
}

async fn show(admin: &Http, peer: &Domain) -> Done<GrantPair> {
    admin.read(&format!("/admin/v1/peers/{peer}/grant")).await
}

async fn on(admin: &Http, args: OnArgs, screen: Screen) -> Done {
    let until = args.until.as_deref().map(|text| parse_time(text, SystemClock.now())).transpose();
    let grant = GrantPut {
        state: "active".to_owned(),
        scopes: Some(args.scopes.names()),
        not_after: until.map_err(Failure::usage)?.map(|end| end.0),
        expected_serial: args.expected,
        reason: Some(args.reason.to_string()).filter(|reason| !reason.is_empty()),
    };
    let peer = args.peer;
    let answer = put(admin, &peer, &grant).await?;
    screen.answer(&answer, |answer| {
        let next = match answer.state.as_str() {
            "open" => "The link is open.".to_owned(),
            "opening" => {
                "Both grants are active; the daemons greet each other now (handclasp status shows it).".to_owned()
            }
            _ => format!("The link opens when the admin of {peer} grants too (handclasp status shows it)."),
        };
        format!("Our grant for {peer} is {}.\n{next}", status::grant_words(Some(&answer.grant)))
    })
}

async fn off(admin: &Http, args: OffArgs, screen: Screen) -> Done {
    let peer = args.peer;
    let consequences: Consequences = admin.read(&format!("/admin/v1/peers/{peer}/grant/consequences")).await?;
    if args.dry_run {
        return screen.answer(&consequences, |it| format!("{}Nothing was changed.", consequence_words(it)));
    }
    if !args.yes {
        eprintln!("{}", consequence_words(&consequences));
        ask::confirm(&format!("Close the link with {peer} now?"), "look with --dry-run, then say --yes")?;
    }
    let grant = GrantPut {
        state: "revoked".to_owned(),
        expected_serial: args.expected,
        reason: Some(args.reason.to_string()).filter(|reason| !reason.is_empty()),
        ..GrantPut::default()
    };
    let answer = put(admin, &peer, &grant).await?;
    screen.answer(&answer, |answer| {
        format!(
            "The link with {peer} is closed (grant number {}). Nothing crosses any more.\n\
             The partner learns it at the next contact. To open it again: handclasp grant on {peer}",
            answer.serial
        )
    })
}

fn consequence_words(it: &Consequences) -> String {
    let rows = fields([
        ("groups", format!("{} lose the members of one side", it.groups)),
        ("direct rooms", format!("{} can no longer be written to", it.direct_rooms)),
        ("people", format!("{} of ours, {} of theirs", it.people_ours, it.people_theirs)),
        (
            "undelivered",
            count(it.queued_records, "record has", "records have") + " not reached the partner and never will",
        ),
    ]);
    format!("Closing the link with {} would mean:\n{rows}", it.peer)
}

async fn check(admin: &Http, peer: &Domain, screen: Screen) -> Done {
    let status: PeerStatus = admin.read(&format!("/admin/v1/peers/{peer}")).await?;
    if matches!(status.state.as_str(), "open" | "stale") {
        return screen.answer(&status, |status| format!("The link with {peer} is {}.", status.state));
    }
    let why = status.why.clone().unwrap_or_else(|| "the link is not open".to_owned());
    let mut failure = Failure::refused(format!("the link with {peer} is {}: {why}", status.state));
    failure.next = status::next_step(&status);
    Err(failure)
}

async fn confirm(admin: &Http, yes: bool, screen: Screen) -> Done {
    if !yes {
        ask::confirm(
            "Are the grants that handclasp status shows what you want?",
            "look at handclasp status, then say --yes",
        )?;
    }
    let _: Value = admin.post("/admin/v1/grants/confirm", &json!({})).await?;
    screen.answer(&json!({ "confirmed": true }), |_| "The grants are confirmed; the links open again.".to_owned())
}

fn pair_words(pair: &GrantPair) -> String {
    fields([
        ("peer", pair.peer.clone()),
        ("link", pair.state.clone()),
        ("our grant", status::grant_words(pair.ours.as_ref())),
        ("their grant", status::grant_words(pair.theirs.as_ref())),
    ])
}
