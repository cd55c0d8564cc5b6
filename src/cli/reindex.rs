//! `handclasp reindex`: the search index is built anew from the database, while the daemon runs.

use super::{
    failure::Done,
    place::Place,
    screen::{Screen, progress},
};
use crate::api::admin::dto::SearchIndex;
use clap::Args;
use std::time::Duration;

/// Between two looks at how far it is.
const POLL: Duration = Duration::from_millis(250);

/// Build the search index anew.
#[derive(Debug, Args)]
#[command(
    after_help = "The index holds nothing of its own: with the daemon stopped, its directory can also be deleted."
)]
pub struct ReindexArgs {
    /// Wait until it is complete.
    #[arg(long)]
    wait: bool,
}

/// Runs the command.
pub async fn run(args: ReindexArgs, place: &Place, screen: Screen) -> Done {
    let admin = place.admin()?;
    let mut index: SearchIndex = admin.post("/admin/v1/search/rebuild", &serde_json::json!({})).await?;
    let bar = progress("{spinner} {pos} entries indexed");
    while args.wait && index.building {
        bar.set_position(index.documents);
        tokio::time::sleep(POLL).await;
        index = admin.read("/admin/v1/search").await?;
    }
    bar.finish_and_clear();
    screen.answer(&index, |index| match index.building {
        true => "The search index is being built; meanwhile people find what is in it already.\n".to_owned(),
        false => format!("The search index is complete: {} entries.\n", index.documents),
    })
}
