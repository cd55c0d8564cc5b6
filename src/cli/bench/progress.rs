//! The progress bar of `handclasp bench`, on a terminal only.

use super::tally::Tally;
use crate::cli::failure::Done;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::{future::Future, sync::Arc, time::Duration};

const STEP: Duration = Duration::from_millis(250);
const STYLE: &str = "{msg:18} {bar:40} {pos}/{len} {per_sec}";

/// Shows how far a scenario is.
#[derive(Debug)]
pub struct Progress {
    messages: Option<usize>,
}

impl Progress {
    /// A bar for so many messages; a count without an end when each scenario has its own number.
    #[must_use]
    pub fn new(messages: Option<usize>) -> Self {
        Self { messages }
    }

    /// Runs something, and shows meanwhile how many messages were shown to their receivers.
    pub async fn follow(&self, name: &'static str, tally: &Arc<Tally>, run: impl Future<Output = Done>) -> Done {
        let length = self.messages.map(|messages| messages as u64);
        let bar = ProgressBar::with_draw_target(length, ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template(STYLE) {
            bar.set_style(style);
        }
        bar.set_message(name);
        let mut run = std::pin::pin!(run);
        let done = loop {
            match tokio::time::timeout(STEP, &mut run).await {
                Ok(done) => break done,
                Err(_) => bar.set_position(tally.complete_count() as u64),
            }
        };
        bar.finish_and_clear();
        done
    }
}
