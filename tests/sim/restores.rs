//! Whole daemons that are restored from backups: what was lost comes back, once and in order (W10, F13 to F18).

use super::{
    cluster::{COARSE, Control, Controls, PAIR, Site, simulate},
    retention::{Town, until},
};
use handclasp::{
    clock::Random as _,
    core::{
        command::{AdminOp, UserOp},
        permit,
    },
    engine::Refusal,
    model::{Domain, EventId, RoomId, event::Message, link::LinkState},
    store::mem_kv::MemKv,
    testing::Seeded,
};
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// Steps of one history.
const STEPS: usize = 60;
/// Longer than what is kept for a partner, milliseconds.
const LONG_MS: i64 = 31 * 24 * 3_600_000;

/// Two daemons, what lets them crash, and the last backup of each.
struct Restores {
    town: Town,
    controls: Controls,
    random: Seeded,
    backups: [MemKv; 2],
    /// Which of the two is ever restored in this history, and which has been.
    may: [bool; 2],
    was: [bool; 2],
    parted: bool,
    /// Every record that was ever given a number, over all restores: by its sender, the id of its epoch and its number.
    numbers: BTreeMap<(usize, String, u64), Arc<[u8]>>,
}

impl Restores {
    async fn begin(sites: [Site; 2], controls: Controls, seed: u64) -> Self {
        let backups = [sites[0].back_up(), sites[1].back_up()];
        let town = Town::open(sites, controls.clone()).await;
        let may = [!seed.is_multiple_of(3), seed % 3 != 1];
        let random = Seeded::new(seed);
        let mut restores =
            Self { town, controls, random, backups, may, was: [false; 2], parted: false, numbers: BTreeMap::new() };
        restores.back_up(0);
        restores.back_up(1);
        restores
    }

    fn below(&mut self, end: u64) -> u64 {
        let mut bytes = [0; 8];
        self.random.fill(&mut bytes);
        u64::from_le_bytes(bytes) % end
    }

    fn side(&self, site: usize) -> (&Site, &'static str) {
        if site == 0 { (&self.town.acme, "alice") } else { (&self.town.globex, "bob") }
    }

    fn peer(&self, site: usize) -> Domain {
        self.side(1 - site).0.domain.clone()
    }

    async fn state(&self, site: usize) -> LinkState {
        let engine = self.side(site).0.engine().await;
        let state = engine.state();
        permit::link_state(&state, &state.links[&self.peer(site)], engine.now())
    }

    fn back_up(&mut self, site: usize) {
        self.backups[site] = self.side(site).0.back_up();
    }

    /// No number of a stream has two contents, before and after a restore (W10). Only what is durable can have been sent.
    async fn note_numbers(&mut self, site: usize) {
        let (engine, peer) = (self.side(site).0.engine().await, self.peer(site));
        let streams = engine.state().links[&peer].streams.clone();
        let ended = streams.ended.iter().map(|ended| ended.epoch);
        for epoch in ended.chain(streams.outgoing().map(|out| out.epoch)) {
            for row in engine.outbox(&peer, epoch.n, 1, usize::MAX, usize::MAX).expect("readable") {
                let place = (site, epoch.id.to_string(), row.seq);
                let known = self.numbers.entry(place).or_insert_with(|| row.bytes.clone());
                assert_eq!(*known, row.bytes, "record {} of epoch {} has two contents", row.seq, epoch.n);
            }
        }
    }

    /// Stops a daemon, puts its backup in place, and starts it again.
    async fn restore(&mut self, site: usize) {
        self.note_numbers(site).await;
        self.restart(site, |stopped| stopped.put_back(&self.backups[site])).await;
    }

    async fn restart(&self, site: usize, meanwhile: impl FnOnce(&Site)) {
        let control = |control| self.controls.lock().expect("one thread").push(control);
        control(Control::Crash(site));
        let stopped = self.side(site).0;
        until("it is down", async || !stopped.is_up()).await;
        meanwhile(stopped);
        control(Control::Start(site));
        until("it is up again", async || stopped.is_up()).await;
    }

    /// Acme's people write so much, and so long ago, that the partner's daemon keeps none of what proves it.
    async fn let_much_be_forgotten(&mut self, room: RoomId) {
        for _ in 0..2 {
            for _ in 0..60 {
                self.say(0, room, 2_000).await;
            }
            self.come_to_rest().await;
            self.let_months_pass().await;
            self.say(0, room, 20).await;
        }
        self.come_to_rest().await;
    }

    /// What acme has sent becomes too old to be kept, on both sides.
    async fn let_months_pass(&self) {
        let (acme, globex) = (&self.town.acme, &self.town.globex);
        let sent = async || {
            let kept = acme.engine().await.reader().outbox(&globex.domain, 1, 1, 1, usize::MAX).expect("readable");
            kept.first().map(|row| row.seq)
        };
        let received = async || {
            let kept = globex.engine().await.reader().inbox(&acme.domain, 1, 1, 1, usize::MAX).expect("readable");
            kept.first().map(|row| row.from_seq)
        };
        let before = (sent().await, received().await);
        for site in [acme, globex] {
            site.clock.jump(LONG_MS);
        }
        until("what is old is gone", async || sent().await > before.0 && received().await > before.1).await;
    }

    fn part(&mut self, parted: bool) {
        let [one, other] = PAIR.map(str::to_owned);
        match (self.parted, parted) {
            (false, true) => turmoil::partition(one, other),
            (true, false) => turmoil::repair(one, other),
            _ => {}
        }
        self.parted = parted;
    }

    /// Somebody writes; a link that recovers takes nothing.
    async fn say(&mut self, site: usize, room: RoomId, words: usize) {
        let id = EventId(handclasp::clock::random_16(&mut self.random));
        let act = Message::plain("x".repeat(words).parse().expect("a text")).into();
        let (from, user) = self.side(site);
        match from.user(user, UserOp::Act { room, id, act }).await {
            Ok(_) | Err(Refusal::Reject(_)) => {}
            Err(refusal) => panic!("the writer goes on: {refusal}"),
        }
    }

    async fn step(&mut self) {
        let site = self.below(2) as usize;
        let room = self.town.rooms[self.below(2) as usize];
        match self.below(20) {
            0..=11 => self.say(site, room, 20).await,
            12..=13 => self.back_up(site),
            14 if self.may[site] && self.below(3) == 0 => {
                self.restore(site).await;
                self.was[site] = true;
                // Restores again and again would be held against the partner.
                for site in [&self.town.acme, &self.town.globex] {
                    site.clock.jump(8 * 3_600_000);
                }
            }
            15..=16 => {
                let parted = self.below(2) == 0;
                self.part(parted);
            }
            _ => tokio::time::sleep(Duration::from_millis(300)).await, // between polls: simulated time
        }
    }

    async fn come_to_rest(&mut self) {
        self.part(false);
        for site in 0..2 {
            until("the link is open", async || self.state(site).await == LinkState::Open).await;
        }
        for site in 0..2 {
            let (at, peer) = (self.side(site).0, self.peer(site));
            until("all is acknowledged", async || {
                let state = at.engine().await.state();
                let streams = &state.links[&peer].streams;
                streams.replay.is_none()
                    && streams.following.is_empty()
                    && streams.out.is_some_and(|out| out.acked + 1 == out.next_seq)
            })
            .await;
        }
    }

    /// Both copies of the rooms are the same, event by event, and none is frozen. Where both daemons were restored, a room
    /// may be frozen, because what was lost was nowhere else (F17).
    async fn check(&self) {
        'rooms: for room in self.town.rooms {
            let mut copies = Vec::new();
            for site in 0..2 {
                let engine = self.side(site).0.engine().await;
                let state = engine.state();
                if self.was == [true; 2] && state.rooms[&room].info.frozen.is_some() {
                    continue 'rooms;
                }
                assert_eq!(state.rooms[&room].info.frozen, None, "{room}");
                let rows = engine.reader().timeline(room, 0, u64::MAX, usize::MAX, usize::MAX).expect("readable");
                copies.push(rows.into_iter().map(|row| (row.index, row.bytes)).collect::<BTreeMap<_, _>>());
            }
            let begins = copies.iter().filter_map(|copy| copy.keys().next()).max().copied().unwrap_or(0);
            let indices = |at: usize| copies[at].range(begins..).map(|(index, _)| *index).collect::<Vec<_>>();
            assert_eq!(indices(0), indices(1), "{room}");
            let differ = copies[0].iter().find(|(index, bytes)| copies[1].get(index).is_some_and(|it| it != *bytes));
            assert!(differ.is_none(), "{room} has two contents at {:?}", differ.map(|(index, _)| index));
        }
    }
}

/// One history with restores of both sides.
pub fn run(seed: u64) {
    simulate(PAIR, seed, COARSE, async move |sites, controls| {
        let mut restores = Restores::begin(sites, controls, seed).await;
        for _ in 0..STEPS {
            restores.step().await;
        }
        restores.come_to_rest().await;
        for site in 0..2 {
            for room in restores.town.rooms {
                restores.say(site, room, 20).await;
            }
        }
        restores.come_to_rest().await;
        for site in 0..2 {
            restores.note_numbers(site).await;
        }
        restores.check().await;
    });
}

#[test]
fn f18_a_restore_to_before_what_is_kept_goes_on_with_a_gap_that_is_told() {
    simulate(PAIR, 3, COARSE, async |sites, controls| {
        let mut restores = Restores::begin(sites, controls, 3).await;
        let direct = restores.town.rooms[0];
        restores.let_much_be_forgotten(direct).await;
        // What was sent last is in memory, however old.
        restores.restart(0, |_| {}).await;
        restores.restore(1).await;
        let declared = async || restores.town.acme.audited("link.loss_declared").await == 1;
        until("the partner is told that it lacks something", declared).await;
        restores.come_to_rest().await;
        restores.say(0, direct, 20).await;
        restores.say(1, direct, 20).await;
        restores.come_to_rest().await;
        let ends = async |site: usize| restores.side(site).0.engine().await.state().rooms[&direct].next_index;
        assert_eq!(ends(0).await, ends(1).await);
        restores.check().await;
    });
}

#[test]
fn f18_what_no_partner_can_show_any_more_is_for_an_admin_to_decide() {
    simulate(PAIR, 4, COARSE, async |sites, controls| {
        let mut restores = Restores::begin(sites, controls, 4).await;
        let direct = restores.town.rooms[0];
        restores.let_much_be_forgotten(direct).await;
        restores.restore(0).await;
        until("acme cannot be shown its own records", async || restores.state(0).await == LinkState::Quarantined).await;
        let peer = restores.peer(0);
        restores.town.acme.admin(AdminOp::AcceptLoss(peer)).await.expect("the admin may");
        restores.come_to_rest().await;
        restores.say(0, direct, 20).await;
        for site in 0..2 {
            let at = restores.side(site).0;
            let frozen = async || at.engine().await.state().rooms[&direct].info.frozen.is_some();
            until("the room whose copies differ is frozen", frozen).await;
        }
        let group = restores.town.rooms[1];
        restores.say(1, group, 20).await;
        restores.come_to_rest().await;
    });
}
