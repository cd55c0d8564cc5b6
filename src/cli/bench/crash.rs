//! kill -9 of a daemon under load: afterwards both timelines are read and compared with what was accepted.

use super::{
    connection::scan,
    figures::Figures,
    progress::Progress,
    scenarios::{Amount, stubborn},
    stage::{Person, Stage},
    tally::{Shown, Tally},
};
use crate::{
    api::client::dto::Messages,
    cli::{
        failure::Done,
        twin::{Org, wait_until},
    },
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

const MESSAGES: usize = 30_000;
const QUIET: Duration = Duration::from_secs(30);
const LOAD_PATIENCE: Duration = Duration::from_secs(120);

/// Kills the receiving daemon again and again.
pub async fn kill_receiver(stage: Stage, amount: Amount, progress: &Progress, kills: usize) -> Done<Figures> {
    play("kill-receiver", stage, amount, progress, kills, |stage| &mut stage.globex).await
}

/// Kills the sending daemon again and again.
pub async fn kill_sender(stage: Stage, amount: Amount, progress: &Progress, kills: usize) -> Done<Figures> {
    play("kill-sender", stage, amount, progress, kills, |stage| &mut stage.acme).await
}

async fn play(
    scenario: &'static str,
    mut stage: Stage,
    amount: Amount,
    progress: &Progress,
    kills: usize,
    victim: impl Fn(&mut Stage) -> &mut Org,
) -> Done<Figures> {
    let messages = amount.messages.unwrap_or(MESSAGES);
    let (sender, receiver, room) = stage.pair(0).await?;
    let tally = Arc::new(Tally::new(messages, 1, Shown::ByOne));
    let reader = receiver.watch(0, &tally).await?;
    let load = stubborn(&sender, &room, amount);
    let (began, cpu_s) = (Instant::now(), stage.cpu_s());
    let run = async {
        let killing = async {
            for round in 1..=kills {
                wait_accepted(&tally, messages * round / (kills + 1)).await?;
                kill(&mut stage, &victim).await?;
            }
            Ok(())
        };
        tokio::try_join!(load.post(0, messages, &tally), killing).map(drop)
    };
    progress.follow(scenario, &tally, run).await?;
    // What does not come within the time is counted as lost.
    tally.wait_complete(tally.accepted_count(), QUIET).await;
    let sums = tally.sums();
    let memory = stage.settle().await;
    let mut figures = Figures::new(scenario, &sums, sums.seconds_since(began), stage.cpu_s() - cpu_s, memory);
    drop(reader);
    for person in [&sender, &receiver] {
        let (lost, duplicated) = compare(person, &room, messages).await?;
        figures.lost = figures.lost.max(lost);
        figures.duplicated = figures.duplicated.max(duplicated);
    }
    stage.strike().await?;
    Ok(figures.remark(format!("{kills} kills; both timelines read")))
}

async fn wait_accepted(tally: &Tally, messages: usize) -> Done {
    let what = format!("{messages} messages are accepted");
    wait_until(&what, LOAD_PATIENCE, async || Ok((tally.accepted_count() >= messages).then_some(()))).await
}

async fn kill(stage: &mut Stage, victim: &impl Fn(&mut Stage) -> &mut Org) -> Done {
    let daemon = &mut victim(stage).daemon;
    let cpu_s = daemon.cpu_s();
    daemon.kill().await?;
    daemon.restart().await?;
    stage.spent_s += cpu_s;
    Ok(())
}

/// Reads a person's whole timeline of the room: how many numbers are missing, and how often one stands there again.
async fn compare(person: &Person, room: &str, messages: usize) -> Done<(u64, u64)> {
    let mut seen = vec![0u32; messages];
    let mut before = String::new();
    loop {
        let page: Messages = person.http.read(&format!("/api/v1/rooms/{room}/messages?limit=200{before}")).await?;
        for item in &page.items {
            scan(item.event.get().as_bytes(), |n| {
                if let Some(count) = seen.get_mut(n) {
                    *count += 1;
                }
            });
        }
        match page.next_before {
            Some(index) => before = format!("&before={index}"),
            None => break,
        }
    }
    let lost = seen.iter().filter(|count| **count == 0).count() as u64;
    let duplicated = seen.iter().map(|count| u64::from(count.saturating_sub(1))).sum();
    Ok((lost, duplicated))
}
