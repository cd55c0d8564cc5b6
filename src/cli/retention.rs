//! `handclasp retention` and `handclasp hold`: how long timelines are kept, and what is kept in any case (P30).

use super::{
    failure::{Done, Failure},
    http::Http,
    place::Place,
    screen::{Screen, Table, fields, time},
};
use crate::{
    api::admin::dto::keeping::{HoldPut, HoldView, RetentionView},
    model::{LocalPart, Millis, RoomId},
};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

/// How long timelines are kept.
#[derive(Debug, Subcommand)]
pub enum RetentionCommand {
    /// Show how long.
    Show,
    /// Change how long; what is not named stays.
    Set(SetArgs),
}

/// How long, by kind of room.
#[derive(Debug, Args)]
pub struct SetArgs {
    /// Internal rooms: a number of days, or `forever`.
    #[arg(long, value_name = "DAYS", value_parser = days)]
    internal: Option<Days>,
    /// Direct rooms.
    #[arg(long, value_name = "DAYS", value_parser = days)]
    direct: Option<Days>,
    /// External groups.
    #[arg(long, value_name = "DAYS", value_parser = days)]
    group: Option<Days>,
}

/// A number of days, or none for ever.
#[derive(Clone, Copy, Debug)]
pub struct Days(Option<u32>);

fn days(text: &str) -> Result<Days, String> {
    match text {
        "forever" => Ok(Days(None)),
        _ => text.parse().map(|days| Days(Some(days))).map_err(|_| "must be a number of days, or `forever`".to_owned()),
    }
}

/// Legal holds.
#[derive(Debug, Subcommand)]
pub enum HoldCommand {
    /// All holds.
    List,
    /// Hold a user, with every room in which they are or were, or a room.
    Set {
        #[command(flatten)]
        on: On,
        /// Why.
        #[arg(long, default_value = "", value_name = "TEXT")]
        reason: String,
    },
    /// Release a hold.
    Release(On),
}

/// A user or a room.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct On {
    /// The user's name within the organization.
    #[arg(long, value_name = "NAME")]
    user: Option<LocalPart>,
    /// The room's id.
    #[arg(long, value_name = "ROOM")]
    room: Option<RoomId>,
}

impl On {
    fn path(&self) -> Done<String> {
        match (&self.user, &self.room) {
            (Some(user), _) => Ok(format!("/admin/v1/holds/users/{user}")),
            (_, Some(room)) => Ok(format!("/admin/v1/holds/rooms/{room}")),
            _ => Err(Failure::usage("name a user or a room")),
        }
    }
}

/// Runs `handclasp retention`.
pub async fn run(command: RetentionCommand, place: &Place, screen: Screen) -> Done {
    let admin = place.admin()?;
    let mut kept: RetentionView = admin.read("/admin/v1/retention").await?;
    if let RetentionCommand::Set(args) = command {
        let parts = [
            (&mut kept.internal_days, args.internal),
            (&mut kept.direct_days, args.direct),
            (&mut kept.group_days, args.group),
        ];
        for (days, wish) in parts {
            *days = wish.map_or(*days, |Days(wish)| wish);
        }
        kept = admin.put("/admin/v1/retention", &kept).await?;
    }
    let words = |days: Option<u32>| days.map_or_else(|| "for ever".to_owned(), |days| format!("{days} days"));
    screen.answer(&kept, |kept| {
        fields([
            ("internal rooms", words(kept.internal_days)),
            ("direct rooms", words(kept.direct_days)),
            ("external groups", words(kept.group_days)),
        ])
    })
}

/// Runs `handclasp hold`.
pub async fn run_hold(command: HoldCommand, place: &Place, screen: Screen) -> Done {
    let admin = place.admin()?;
    match command {
        HoldCommand::List => list(&admin, screen).await,
        HoldCommand::Set { on, reason } => {
            let _: Value = admin.put(&on.path()?, &HoldPut { reason }).await?;
            screen.answer(&json!({ "held": true }), |_| "On hold: nothing of it is deleted.".to_owned())
        }
        HoldCommand::Release(on) => {
            let _: Value = admin.delete(&on.path()?).await?;
            screen.answer(&json!({ "held": false }), |_| "Released.".to_owned())
        }
    }
}

async fn list(admin: &Http, screen: Screen) -> Done {
    let holds: Vec<HoldView> = admin.read_all("/admin/v1/holds").await?;
    screen.answer(&json!({ "items": holds }), |_| {
        if holds.is_empty() {
            return "Nothing is on hold.".to_owned();
        }
        let table = Table::new(["ON", "SINCE (UTC)", "BY", "REASON"]).rows(&holds, |hold| {
            let on = hold.user.clone().or_else(|| hold.room.clone()).unwrap_or_default();
            [on, time(Millis(hold.at)), hold.by.clone(), hold.reason.clone()]
        });
        table.to_string()
    })
}
