//! The loop of the single writer: drain what waits, decide, commit once, publish, answer.

use super::{
    Engine, IdempotencyKey, Published, Refusal, Submitted,
    done::{Done, Known},
    group::{Group, refuse_all},
    keep::Round,
    outbox, placed,
};
use crate::{
    clock::{Clock, Random},
    core::{
        Command, Facts, State,
        command::{AdminOp, Answer, PeerOp},
        decide, facts,
    },
    feed::Feed,
    model::{
        Code, Millis, Reject,
        grant::GrantState,
        journal::{Entry, Outcome},
        limits,
    },
    store::{
        anchor,
        kv::{Kv, StoreError},
        load::Loaded,
        reader::Reader,
        retention,
        stage::Stage,
    },
};
use arc_swap::ArcSwap;
use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::timeout,
};

/// A group in which nobody waits for an answer waits this long for company, so that an ack shares a commit with what
/// follows it.
const COMPANY: Duration = Duration::from_millis(2);

/// Old rows are looked for this often, milliseconds, and so many go at a time that a group does not notice.
const PRUNE_EVERY_MS: u64 = 60_000;
const PRUNE_ROWS: usize = 64;

/// Steps of retention and erasures keep this distance, milliseconds, so that they take little of the disk's time.
const KEEP_EVERY_MS: u64 = 20;

/// The anchor follows the commits at most this far behind, milliseconds.
const ANCHOR_EVERY_MS: u64 = 1_000;

/// What the writer is made of.
pub struct Parts {
    /// The disk seam.
    pub kv: Arc<dyn Kv>,
    /// What was loaded from it.
    pub loaded: Loaded,
    /// The time seam.
    pub clock: Arc<dyn Clock>,
    /// The randomness seam.
    pub random: Box<dyn Random>,
    /// Where the writer runs.
    pub runs: Runs,
    /// Called once when the store fails; the process has to end (D5).
    pub fatal: Box<dyn FnOnce(StoreError) + Send>,
}

/// Where the writer runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runs {
    /// On a thread of its own, since commits wait for the disk.
    Thread,
    /// As a task of the current runtime: for the simulation, whose disk is memory.
    Task,
}

/// The running writer; it ends when all handles are gone.
pub enum Running {
    /// On a thread.
    Thread(std::thread::JoinHandle<()>),
    /// As a task.
    Task(tokio::task::JoinHandle<()>),
}

impl Running {
    /// Waits until the writer has committed what it had and written its last anchor.
    pub async fn ended(self) {
        match self {
            Self::Thread(thread) => {
                let joined = tokio::task::spawn_blocking(move || thread.join()).await;
                if !matches!(joined, Ok(Ok(()))) {
                    tracing::error!("the writer ended by a panic");
                }
            }
            Self::Task(task) => {
                if task.await.is_err() {
                    tracing::error!("the writer ended by a panic");
                }
            }
        }
    }
}

struct Writer {
    kv: Arc<dyn Kv>,
    state: State,
    stage: Stage,
    done: Done,
    clock: Arc<dyn Clock>,
    random: Box<dyn Random>,
    published: Arc<Published>,
    reader: Reader,
    anchored_at: Millis,
    anchored_commit: u64,
    pruned_at: Millis,
    round: Round,
    kept_at: Millis,
}

/// Starts the writer.
pub fn start(parts: Parts) -> (Engine, Running) {
    let Parts { kv, loaded, clock, random, runs, fatal } = parts;
    let Loaded { state, stage, done: remembered } = loaded;
    let reader = Reader::new(kv.clone());
    let (bell, _) = watch::channel(stage.journal_next());
    let feed = Feed::new(reader.clone(), stage.journal_next());
    let published = Arc::new(Published {
        state: ArcSwap::from_pointee(state.clone()),
        outbox: outbox::Recent::default(),
        feed,
        bell,
        served_at: AtomicU64::new(0),
    });
    published.feed.publish(&published.state.load_full(), Vec::new());
    let (queue, waiting) = mpsc::channel(limits::WRITER_QUEUE_MAX);
    if state.restored {
        // Before anybody can ask for anything: the queue is empty.
        let (reply, _) = oneshot::channel();
        let first = Submitted { command: Command::Restored, key: None, reply };
        queue.try_send(first).expect("an empty queue has room");
    }
    let writer = Writer {
        kv,
        state,
        stage,
        done: restore(remembered),
        clock: clock.clone(),
        random,
        published: published.clone(),
        reader: reader.clone(),
        anchored_at: Millis(0),
        anchored_commit: 0,
        pruned_at: clock.now(),
        round: Round::default(),
        kept_at: Millis(0),
    };
    let runtime = tokio::runtime::Handle::current();
    let running = match runs {
        Runs::Thread => Running::Thread(
            std::thread::Builder::new()
                .name("writer".to_owned())
                .spawn(move || runtime.block_on(writer.run(waiting, fatal)))
                .expect("the process may start a thread at its start"),
        ),
        Runs::Task => Running::Task(tokio::spawn(writer.run(waiting, fatal))),
    };
    (Engine { queue, published, reader, clock }, running)
}

fn restore(remembered: Vec<Entry>) -> Done {
    let mut done = Done::default();
    for entry in remembered {
        if let Entry::Done { key, request, outcome, at } = entry {
            done.insert(IdempotencyKey { key, request }, outcome, Millis(at), Millis(at));
        }
    }
    done
}

impl Writer {
    async fn run(mut self, mut waiting: mpsc::Receiver<Submitted>, fatal: Box<dyn FnOnce(StoreError) + Send>) {
        let mut held = VecDeque::new();
        loop {
            let group = next_group(&mut waiting, &held).await;
            if group.is_empty() && held.is_empty() {
                break;
            }
            if let Err(error) = self.in_turns(group, &mut held) {
                return fatal(error);
            }
        }
        self.last_anchor();
    }

    /// What people ask for is committed and answered before what a peer sends at length, and of that one at a time: they
    /// wait behind one envelope at most. When nobody asks, all of it shares one commit.
    fn in_turns(&mut self, mut group: Vec<Submitted>, held: &mut VecDeque<Submitted>) -> Result<(), StoreError> {
        if !group.iter().any(|submitted| is_of_people(&submitted.command)) {
            group.splice(0..0, held.drain(..));
            return self.step(group);
        }
        self.published.served_at.store(self.clock.now().0, Ordering::Relaxed);
        held.extend(group.extract_if(.., |submitted| is_long(&submitted.command)));
        self.step(group)?;
        held.pop_front().map_or(Ok(()), |first| self.step(vec![first]))
    }

    /// One group: an error means that the store failed, and nobody is answered.
    fn step(&mut self, submitted: Vec<Submitted>) -> Result<(), StoreError> {
        metrics::histogram!("handclasp_group_commands").record(submitted.len() as f64);
        let submitted = self.refuse_without_space(submitted);
        let mut group = Group::default();
        for submitted in submitted {
            let is_read_next = takes_back(&submitted.command);
            self.take(&mut group, submitted)?;
            if is_read_next {
                self.close(std::mem::take(&mut group))?;
            }
        }
        self.prune_if_due()?;
        self.close(group)?;
        self.keep_if_due()
    }

    fn close(&mut self, group: Group) -> Result<(), StoreError> {
        if !group.is_empty(&self.stage) {
            return self.commit(group);
        }
        // Nothing to write; some effects live in memory only, such as the last refusal by a peer.
        self.published.state.store(Arc::new(self.state.clone()));
        group.reply();
        Ok(())
    }

    fn commit(&mut self, mut group: Group) -> Result<(), StoreError> {
        let outcome = group.seal(&mut self.stage)?;
        let began = std::time::Instant::now();
        self.kv.commit(self.stage.take())?;
        metrics::histogram!("handclasp_commit_seconds").record(began.elapsed().as_secs_f64());
        if outcome.own_grant_changed {
            self.anchor()?;
        }
        self.publish(outcome.fresh, outcome.sent);
        group.reply();
        self.anchor_if_due()
    }

    /// One step of what retention and erasures ask for, as a commit of its own: rows of timelines are cut only while no
    /// event waits to be written into them.
    fn keep_if_due(&mut self) -> Result<(), StoreError> {
        let now = self.clock.now();
        if now >= self.kept_at && now.since(self.kept_at) < KEEP_EVERY_MS {
            return Ok(());
        }
        self.kept_at = now;
        let facts = self.round.step(&self.reader, &self.state, now)?;
        if facts.is_empty() {
            return Ok(());
        }
        let mut group = Group::default();
        let decision = decide(&self.state, Command::Keep(facts), crate::core::Facts::default(), now, &mut *self.random);
        self.state = decision.state;
        group.absorb(&mut self.stage, decision.changes)?;
        self.commit(group)
    }

    /// With a full disk only what ends something is taken: a revocation must always be possible (P26, F8).
    fn refuse_without_space(&self, submitted: Vec<Submitted>) -> Vec<Submitted> {
        if self.kv.has_space() {
            return submitted;
        }
        let (kept, refused) = submitted.into_iter().partition(|submitted| ends_something(&submitted.command));
        refuse_all(refused, &Refusal::StorageFull);
        kept
    }

    fn take(&mut self, group: &mut Group, submitted: Submitted) -> Result<(), StoreError> {
        let Submitted { mut command, key, reply } = submitted;
        match key.map_or(Known::New, |key| self.done.find(key)) {
            Known::Done(outcome) => {
                group.answer(reply, Ok(Answer::Outcome(outcome)));
                return Ok(());
            }
            Known::Reused => {
                let detail = "this Idempotency-Key was used for another request; use a new one";
                group.answer(reply, Err(Reject::new(Code::KeyReused, detail).into()));
                return Ok(());
            }
            Known::New => {}
        }
        self.gather(&mut command)?;
        let facts = self.look_up(group, &command)?;
        let now = self.clock.now();
        let decision = decide(&self.state, command, facts, now, &mut *self.random);
        self.state = decision.state;
        group.absorb(&mut self.stage, decision.changes)?;
        if let (Some(key), Ok(Answer::Outcome(outcome))) = (key, &decision.result) {
            self.remember(group, key, outcome.clone(), now);
        }
        group.answer(reply, decision.result.map_err(Refusal::Reject));
        Ok(())
    }

    fn remember(&mut self, group: &mut Group, key: IdempotencyKey, outcome: Outcome, now: Millis) {
        self.done.insert(key, outcome.clone(), now, now);
        group.note(Entry::Done { key: key.key, request: key.request, outcome, at: now.0 });
    }

    /// The items that the command is about, as the group has left them so far.
    fn look_up(&self, group: &Group, command: &Command) -> Result<Facts, StoreError> {
        facts::gather(command, |id| group.item(&self.reader, id))
    }

    /// Adds the facts that the state does not hold: our own submissions that the host has placed.
    fn gather(&self, command: &mut Command) -> Result<(), StoreError> {
        let Command::Peer { op: PeerOp::Ingest(envelope, _, facts), peer } = command else { return Ok(()) };
        let Some(link) = self.state.links.get(peer) else { return Ok(()) };
        *facts = placed::find(&self.reader, &self.state, link, &envelope.records)?;
        Ok(())
    }

    fn publish(&self, fresh: Vec<crate::feed::Fresh>, sent: Vec<crate::core::draft::Queued>) {
        let state = Arc::new(self.state.clone());
        self.published.outbox.publish(sent);
        self.published.state.store(state.clone());
        self.published.feed.publish(&state, fresh);
        self.published.bell.send_replace(self.stage.journal_next());
    }

    /// Stages the end of rows that nobody needs any more; a full portion is followed by the next one with the next group.
    fn prune_if_due(&mut self) -> Result<(), StoreError> {
        let now = self.clock.now();
        if now.since(self.pruned_at) < PRUNE_EVERY_MS {
            return Ok(());
        }
        let keys = retention::outdated(&*self.kv, now, &self.state, PRUNE_ROWS)?;
        if keys.len() < PRUNE_ROWS {
            self.pruned_at = now;
        }
        self.stage.delete(keys);
        Ok(())
    }

    fn anchor_if_due(&mut self) -> Result<(), StoreError> {
        let now = self.clock.now();
        // A clock that stepped back must not stop the anchor.
        let due = now.since(self.anchored_at) >= ANCHOR_EVERY_MS || now < self.anchored_at;
        if due && self.anchored_commit < self.stage.commit_no() { self.anchor() } else { Ok(()) }
    }

    fn anchor(&mut self) -> Result<(), StoreError> {
        self.kv.save_anchor(&anchor::of(&self.state, self.stage.commit_no()))?;
        self.anchored_at = self.clock.now();
        self.anchored_commit = self.stage.commit_no();
        Ok(())
    }

    fn last_anchor(&mut self) {
        if let Err(error) = self.anchor() {
            tracing::error!(%error, "the anchor could not be written at the end");
        }
    }
}

/// The next commands, and none when the engine has gone. While something is held, only those that are there already.
async fn next_group(waiting: &mut mpsc::Receiver<Submitted>, held: &VecDeque<Submitted>) -> Vec<Submitted> {
    let mut group = Vec::with_capacity(limits::GROUP_COMMANDS_MAX);
    if !held.is_empty() {
        group.extend(std::iter::from_fn(|| waiting.try_recv().ok()).take(limits::GROUP_COMMANDS_MAX));
        return group;
    }
    waiting.recv_many(&mut group, limits::GROUP_COMMANDS_MAX).await;
    if !group.is_empty() && group.iter().all(|submitted| can_wait(&submitted.command)) {
        let room = limits::GROUP_COMMANDS_MAX - group.len();
        // Company or not: the group goes on.
        drop(timeout(COMPANY, waiting.recv_many(&mut group, room.max(1))).await);
    }
    group
}

fn is_of_people(command: &Command) -> bool {
    matches!(command, Command::User { .. } | Command::Admin { .. })
}

fn is_long(command: &Command) -> bool {
    matches!(command, Command::Peer { op: PeerOp::Ingest(envelope, ..), .. }
        if envelope.records.len() > limits::LONG_ENVELOPE_RECORDS)
}

/// Records taken back after a restore are looked for in the store by what the peer sends next, also in the same group.
fn takes_back(command: &Command) -> bool {
    matches!(command, Command::Peer { op: PeerOp::TakeBack(..), .. })
}

/// Nobody waits for the verdicts of a peer to be durable: until they are, the peer is only asked again.
fn can_wait(command: &Command) -> bool {
    matches!(command, Command::Peer { op: PeerOp::Settle(..), .. })
}

fn ends_something(command: &Command) -> bool {
    match command {
        Command::Admin { op: AdminOp::PutGrant { grant, .. }, .. } => grant.grant.state == GrantState::Revoked,
        Command::Peer { op: PeerOp::Greet | PeerOp::HeardGrant(_) | PeerOp::HeardCard(_), .. } | Command::Tick => true,
        _ => false,
    }
}
