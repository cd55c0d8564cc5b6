//! The calls scenario: two hundred calls ring at one person while a pair talks, against the same talk before and after.

use super::{
    figures::Figures,
    load::Load,
    progress::Progress,
    scenarios::{Amount, QUIET, WARM_UP, warm_up},
    stage::{Person, Stage, load},
    tally::{Shown, Tally},
};
use crate::{
    api::client::dto::{Call, Calls, InCall, JoinCall, NewCall, Shows},
    cli::{
        failure::{Done, Failure},
        twin,
    },
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

const CALLS: usize = 200;
const MESSAGES: usize = 15_000;
/// The sign that the callers' devices are there.
const BEAT: Duration = Duration::from_secs(10);

/// Somebody who calls.
struct Caller {
    person: Person,
    room: String,
    device: String,
}

/// Plays the scenario: what is told are the messages while the calls ring.
pub async fn ringing(stage: Stage, amount: Amount, progress: &Progress) -> Done<Figures> {
    let each = amount.messages.unwrap_or(MESSAGES);
    let (sender, receiver, room) = stage.pair(0).await?;
    let callers = callers(&stage, &receiver).await?;
    let tally = Arc::new(Tally::new(WARM_UP + 3 * each, 1, Shown::ByOne));
    let _reader = receiver.watch(0, &tally).await?;
    let load = load(vec![sender.author(&room)], amount.connections);
    warm_up(&load, &tally).await?;
    let at = |part: usize| WARM_UP + part * each;
    let before = talk("calls: without", &stage, &load, (at(0), at(1)), &tally, progress).await?;
    let (rang_after, ringing) = ring(&callers, &receiver).await?;
    let (cpu_s, began) = (stage.cpu_s(), Instant::now());
    let during = talk("calls: ringing", &stage, &load, (at(1), at(2)), &tally, progress).await?;
    let (cpu_s, sums) = (stage.cpu_s() - cpu_s, tally.sums());
    let still = calls_of(&receiver).await?;
    ringing.abort();
    hush(&callers, &receiver).await?;
    let after = talk("calls: after", &stage, &load, (at(2), at(3)), &tally, progress).await?;
    let memory = stage.settle().await;
    let figures = Figures::new("calls", &sums, sums.seconds_since(began), cpu_s, memory);
    stage.strike().await?;
    let change = |of: fn(&Talk) -> f64| 100.0 * (of(&during) / f64::midpoint(of(&before), of(&after)) - 1.0);
    let (rate, processor) = (change(|talk| talk.per_s), change(|talk| talk.cpu_s));
    Ok(figures.remark(format!(
        "{} of {CALLS} calls rang to the end, all after {rang_after:.2} s; with them rate {rate:+.1} %, processor time {processor:+.1} %",
        still.len()
    )))
}

/// What a part of the talk came to.
struct Talk {
    /// Messages a second, from the first to the last that is shown.
    per_s: f64,
    /// Processor time of both daemons, seconds.
    cpu_s: f64,
}

async fn talk(
    what: &'static str,
    stage: &Stage,
    load: &Load,
    (from, end): (usize, usize),
    tally: &Arc<Tally>,
    progress: &Progress,
) -> Done<Talk> {
    tally.begin();
    let (cpu_s, began) = (stage.cpu_s(), Instant::now());
    progress.follow(what, tally, load.post(from, end, tally)).await?;
    if !tally.wait_complete(end, QUIET).await {
        return Err(Failure::fault("not everything was shown"));
    }
    #[expect(clippy::cast_precision_loss, reason = "fewer than 2^52 messages")]
    let count = (end - from) as f64;
    let per_s = count / tally.sums().seconds_since(began).max(1e-9);
    Ok(Talk { per_s, cpu_s: stage.cpu_s() - cpu_s })
}

async fn callers(stage: &Stage, callee: &Person) -> Done<Vec<Caller>> {
    let mut callers = Vec::new();
    for number in 0..CALLS {
        let person = Stage::person(&stage.acme, &format!("caller{number}")).await?;
        let contact = twin::befriend(&person.http, &callee.address).await?;
        let room = contact.room.ok_or_else(|| Failure::fault("a contact without a room"))?;
        callers.push(Caller { person, room, device: format!("{number:032x}") });
    }
    Ok(callers)
}

/// Everybody calls; returns after how many seconds all calls ring, and what keeps the callers there.
async fn ring(callers: &[Caller], callee: &Person) -> Done<(f64, tokio::task::JoinHandle<()>)> {
    let began = Instant::now();
    let mut beats = Vec::new();
    for Caller { person, room, device } in callers {
        let new = NewCall { medium: "voice".into(), device: device.clone(), invited: None, shows: Shows::default() };
        let call: Call = person.http.post(&format!("/api/v1/rooms/{room}/calls"), &new).await?;
        let there = JoinCall { device: device.clone(), shows: Shows::default() };
        beats.push((person.http.clone(), format!("/api/v1/calls/{}/shows", call.id), there));
    }
    twin::wait_for("all calls ring", async || Ok((calls_of(callee).await?.len() == callers.len()).then_some(())))
        .await?;
    let rang_after = began.elapsed().as_secs_f64();
    let beat = tokio::spawn(async move {
        loop {
            tokio::time::sleep(BEAT).await;
            for (http, path, there) in &beats {
                // A call that is over needs no sign; the figures tell how many rang to the end.
                let _: Done<Call> = http.put(path, there).await;
            }
        }
    });
    Ok((rang_after, beat))
}

/// The calls that ring at somebody.
async fn calls_of(callee: &Person) -> Done<Vec<Call>> {
    let Calls { items } = callee.http.read("/api/v1/calls").await?;
    let rings = |person: &InCall| person.address == callee.address && person.state == "ringing";
    Ok(items.into_iter().filter(|call| call.people.iter().any(rings)).collect())
}

/// The callee declines them all.
async fn hush(callers: &[Caller], callee: &Person) -> Done {
    for call in calls_of(callee).await? {
        let _: Call = callee.http.post(&format!("/api/v1/calls/{}/decline", call.id), &()).await?;
    }
    twin::wait_for("no call rings any more", async || {
        let rings = !calls_of(callee).await?.is_empty();
        let caller: Calls = callers[0].person.http.read("/api/v1/calls").await?;
        Ok((!rings && caller.items.is_empty()).then_some(()))
    })
    .await
}
