//! The scenarios of `handclasp bench`, one function each.

use super::{
    connection::Repeat,
    figures::Figures,
    load::{Load, post_in_turn},
    progress::Progress,
    stage::{Person, Stage, load},
    tally::{Shown, Tally},
};
use crate::cli::{
    failure::{Done, Failure},
    twin::Org,
};
use clap::ValueEnum;
use std::{
    future::Future,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

/// Messages before the measuring begins.
pub(super) const WARM_UP: usize = 200;
/// How long nothing may be shown before what is missing counts as lost.
pub(super) const QUIET: Duration = Duration::from_secs(20);
const PAIRS: usize = 20;
const GROUP_EACH: usize = 10;
const KILLS: usize = 3;
/// After each so many messages of a backlog it is looked at how fast it goes, and what it takes.
const PORTION: usize = 100_000;

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Scenario {
    /// One pair; the next message is sent when the one before was shown.
    Closed,
    /// One pair over many connections at once.
    Pipelined,
    /// Twenty pairs at once.
    Pairs20,
    /// A group of 10 + 10 where everybody writes and everybody has to be shown everything.
    Group,
    /// A receiver that was away, and what waited for it.
    Backlog,
    /// kill -9 of the receiving daemon under load.
    KillReceiver,
    /// kill -9 of the sending daemon under load.
    KillSender,
    /// A GiB in a hundred files.
    Files,
    /// A file of a GiB, and kill -9 of the receiving daemon in the middle of it.
    FilesResume,
    /// Two hundred calls that ring at once beside a pair that talks.
    Calls,
    /// A search index without a daemon: how fast it takes messages, and how fast it answers.
    Search,
}

/// How much to measure.
#[derive(Clone, Copy, Debug)]
pub struct Amount {
    /// Messages; each scenario has its own number when none.
    pub messages: Option<usize>,
    /// Connections at once.
    pub connections: usize,
    /// Stop to send after this time.
    pub limit: Option<Duration>,
}

impl Amount {
    fn messages(self, otherwise: usize) -> usize {
        self.messages.unwrap_or(otherwise)
    }

    fn until(self) -> Option<Instant> {
        self.limit.map(|limit| Instant::now() + limit)
    }
}

/// Plays a scenario in a fresh directory.
pub async fn play(scenario: Scenario, root: &Path, amount: Amount, progress: &Progress) -> Done<Figures> {
    // Raised by those who need it.
    let stage = Stage::raise(root);
    match scenario {
        Scenario::Closed => closed(stage.await?, amount, progress).await,
        Scenario::Pipelined => pairs("pipelined", stage.await?, 1, amount, progress).await,
        Scenario::Pairs20 => pairs("pairs20", stage.await?, PAIRS, amount, progress).await,
        Scenario::Group => group(stage.await?, amount, progress).await,
        Scenario::Backlog => backlog(stage.await?, amount, progress).await,
        Scenario::KillReceiver => super::crash::kill_receiver(stage.await?, amount, progress, KILLS).await,
        Scenario::KillSender => super::crash::kill_sender(stage.await?, amount, progress, KILLS).await,
        Scenario::Files => super::files::hundred(stage.await?, amount.messages).await,
        Scenario::FilesResume => super::files::interrupted(stage.await?).await,
        Scenario::Calls => super::calls::ringing(stage.await?, amount, progress).await,
        Scenario::Search => {
            let root = root.to_owned();
            tokio::task::spawn_blocking(move || super::search::play(&root, amount)).await.map_err(Failure::fault)?
        }
    }
}

/// Measures a run: from now until everything that was accepted is shown, or nothing more comes.
async fn measure(
    scenario: &'static str,
    stage: Stage,
    tally: &Arc<Tally>,
    progress: &Progress,
    run: impl Future<Output = Done>,
) -> Done<Figures> {
    tally.begin();
    let (began, cpu_s) = (Instant::now(), stage.cpu_s());
    progress.follow(scenario, tally, run).await?;
    // What does not come within the time is counted as lost.
    tally.wait_complete(tally.accepted_count(), QUIET).await;
    let sums = tally.sums();
    let memory = stage.settle().await;
    let figures = Figures::new(scenario, &sums, sums.seconds_since(began), stage.cpu_s() - cpu_s, memory);
    stage.strike().await?;
    Ok(figures)
}

async fn closed(stage: Stage, amount: Amount, progress: &Progress) -> Done<Figures> {
    let end = WARM_UP + amount.messages(5_000);
    let (sender, receiver, room) = stage.pair(0).await?;
    let tally = Arc::new(Tally::new(end, 1, Shown::ByOne));
    let _reader = receiver.watch(0, &tally).await?;
    let author = sender.author(&room);
    post_in_turn(&author, 0, WARM_UP, None, &tally).await?;
    let run = post_in_turn(&author, WARM_UP, end, amount.until(), &tally);
    measure("closed", stage, &tally, progress, run).await
}

async fn pairs(
    scenario: &'static str,
    stage: Stage,
    pairs: usize,
    amount: Amount,
    progress: &Progress,
) -> Done<Figures> {
    let end = WARM_UP + amount.messages(100_000);
    let tally = Arc::new(Tally::new(end, pairs, Shown::ByOne));
    let (mut authors, mut readers) = (Vec::new(), Vec::new());
    for number in 0..pairs {
        let (sender, receiver, room) = stage.pair(number).await?;
        readers.push(receiver.watch(number, &tally).await?);
        authors.push(sender.author(&room));
    }
    let load = load(authors, amount.connections);
    warm_up(&load, &tally).await?;
    let load = Load { until: amount.until(), ..load };
    measure(scenario, stage, &tally, progress, load.post(WARM_UP, end, &tally)).await
}

async fn group(stage: Stage, amount: Amount, progress: &Progress) -> Done<Figures> {
    let end = WARM_UP + amount.messages(20_000);
    let (people, room) = stage.group(GROUP_EACH).await?;
    let tally = Arc::new(Tally::new(end, people.len(), Shown::ByAll));
    let mut readers = Vec::new();
    for (number, person) in people.iter().enumerate() {
        readers.push(person.watch(number, &tally).await?);
    }
    let load = load(people.iter().map(|person| person.author(&room)).collect(), amount.connections);
    warm_up(&load, &tally).await?;
    let load = Load { until: amount.until(), ..load };
    measure("group", stage, &tally, progress, load.post(WARM_UP, end, &tally)).await
}

pub(super) async fn warm_up(load: &Load, tally: &Arc<Tally>) -> Done {
    load.post(0, WARM_UP, tally).await?;
    match tally.wait_complete(WARM_UP, QUIET).await {
        true => Ok(()),
        false => Err(Failure::fault("the first messages were not shown")),
    }
}

async fn backlog(mut stage: Stage, amount: Amount, progress: &Progress) -> Done<Figures> {
    let end = WARM_UP + amount.messages(100_000);
    let (sender, receiver, room) = stage.pair(0).await?;
    let tally = Arc::new(Tally::new(end, 1, Shown::ByOne));
    let reader = receiver.watch(0, &tally).await?;
    let load = load(vec![sender.author(&room)], amount.connections);
    warm_up(&load, &tally).await?;
    stop(&mut stage, |stage| &mut stage.globex).await?;
    let posting = Instant::now();
    progress.follow("backlog: queue", &tally, load.post(WARM_UP, end, &tally)).await?;
    let queued_per_s = per_second(end - WARM_UP, posting.elapsed());
    tally.begin();
    let cpu_s = stage.cpu_s();
    stage.globex.daemon.restart().await?;
    let ready = Instant::now();
    let mut portions = Vec::new();
    let waiting = async {
        let mut began = ready;
        for shown in (WARM_UP..end).step_by(PORTION).skip(1).chain([end]) {
            if !tally.wait_complete(shown, QUIET).await {
                break;
            }
            let memory = stage.acme.daemon.memory().max(stage.globex.daemon.memory());
            portions.push(format!("{:.0}/s with {:.0} MiB", per_second(PORTION, began.elapsed()), memory.rss_mb));
            began = Instant::now();
        }
        Ok(())
    };
    progress.follow("backlog: drain", &tally, waiting).await?;
    // The last one is the rest.
    portions.pop();
    let whole_s = ready.elapsed().as_secs_f64();
    let sums = tally.sums();
    let shown_s = sums.shown_for.as_secs_f64();
    let memory = stage.settle().await;
    let mut figures = Figures::new("backlog", &sums, shown_s, stage.cpu_s() - cpu_s, memory);
    (figures.p50_ms, figures.p99_ms) = (None, None);
    drop(reader);
    stage.strike().await?;
    let waited_s = (whole_s - shown_s).max(0.0);
    let mut remark = format!("drained; first shown after {waited_s:.1} s; queued at {queued_per_s:.0}/s");
    if portions.len() > 1 {
        remark.push_str(&format!("; by {PORTION}: {}", portions.join(", ")));
    }
    Ok(figures.remark(remark))
}

async fn stop(stage: &mut Stage, which: impl Fn(&mut Stage) -> &mut Org) -> Done {
    let cpu_s = which(stage).daemon.cpu_s();
    which(stage).daemon.stop().await?;
    stage.spent_s += cpu_s;
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "fewer than 2^52 messages")]
fn per_second(messages: usize, time: Duration) -> f64 {
    messages as f64 / time.as_secs_f64().max(1e-9)
}

/// A load that survives a killed daemon.
#[must_use]
pub fn stubborn(sender: &Person, room: &str, amount: Amount) -> Load {
    Load { repeat: Repeat::UnderKey, ..load(vec![sender.author(room)], amount.connections) }
}
