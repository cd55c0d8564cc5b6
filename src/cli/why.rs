//! `handclasp why`: which condition keeps one of our users from reaching somebody, and who can change it (P5).

use super::{failure::Done, http::encode, place::Place, screen::Screen};
use crate::{
    api::client::dto::{Reason, WhyNot},
    model::{Address, LocalPart},
};
use clap::Args;

/// For whom, and whom they want to reach.
#[derive(Debug, Args)]
pub struct WhyArgs {
    /// One of our users.
    user: LocalPart,
    /// The person of the other organization.
    address: Address,
}

/// Runs the command.
pub async fn run(args: WhyArgs, place: &Place, screen: Screen) -> Done {
    let address = encode(args.address.as_str());
    let path = format!("/admin/v1/why-not?user={}&address={address}", args.user);
    let why: WhyNot = place.admin()?.read(&path).await?;
    screen.answer(&why, |why| words(why, &args))
}

fn words(why: &WhyNot, args: &WhyArgs) -> String {
    let WhyArgs { user, address } = args;
    if why.possible {
        return format!("{user} can reach {address}.");
    }
    let reasons = why.reasons.iter().map(|reason| {
        let Reason { code, detail, who } = reason;
        format!("  {} ({code})\n    who can change it: {}\n", super::screen::clean(detail), who_words(who))
    });
    format!("{user} cannot reach {address}:\n{}", reasons.collect::<String>())
}

fn who_words(who: &str) -> &str {
    match who {
        "you" => "the user",
        "your_admin" => "our admin",
        "their_admin" => "the partner's admin",
        _ => "nobody; it passes by itself, or it is final",
    }
}
