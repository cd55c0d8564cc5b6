//! Both daemons are put back, in any order and to any points: what one has lost the other may have lost too (W10, F17).

use super::*;
use std::{collections::BTreeMap, sync::Arc};

/// Every record that was ever given a number, over all restores: by its sender, its epoch and its number.
#[derive(Default)]
struct Numbers(BTreeMap<String, Arc<[u8]>>);

impl Numbers {
    fn note(&mut self, pair: &Pair) {
        for org in [ACME, GLOBEX] {
            let streams = &pair.side(org).state.links[&org.other().domain()].streams;
            let ended = streams.ended.iter().map(|ended| ended.epoch);
            let epochs: Vec<_> = ended.chain(streams.outgoing().map(|out| out.epoch)).collect();
            for ((n, seq), queued) in &pair.side(org).outbox {
                let Some(epoch) = epochs.iter().find(|epoch| epoch.n == *n) else { continue };
                let place = format!("{org:?} {} {seq}", epoch.id);
                let known = self.0.entry(place.clone()).or_insert_with(|| queued.bytes.clone());
                assert_eq!(*known, queued.bytes, "record {place} has two contents");
            }
        }
    }
}

fn epochs(pair: &Pair, org: Org) -> Vec<u64> {
    let streams = &pair.side(org).state.links[&org.other().domain()].streams;
    streams.outgoing().map(|out| out.epoch.n).collect()
}

fn said(pair: &Pair, org: Org, id: RoomId) -> Vec<String> {
    texts(pair, org, id).into_iter().map(|(_, text)| text).collect()
}

#[test]
fn w10_numbers_that_both_have_lost_are_not_used_again() {
    let (mut pair, direct) = acquainted();
    let (backups, mut numbers) = ([pair.acme.clone(), pair.globex.clone()], Numbers::default());
    for (org, user) in [(ACME, "alice"), (GLOBEX, "bob")] {
        post(&mut pair, org, user, direct, "lost on both sides").expect("said");
    }
    pair.sync();
    numbers.note(&pair);
    pair.restore(ACME, &backups[0], 5);
    pair.restore(GLOBEX, &backups[1], 6);
    level(&mut pair);
    for (org, user) in [(ACME, "alice"), (GLOBEX, "bob")] {
        post(&mut pair, org, user, direct, "something else").expect("said");
    }
    level(&mut pair);
    numbers.note(&pair);
    assert_in_step(&pair, direct);
    assert_eq!(said(&pair, GLOBEX, direct), ["something else"; 2]);
}

#[test]
fn w10_what_waited_before_a_restore_of_both_crosses_first() {
    let (mut pair, direct) = acquainted();
    for (org, user) in [(ACME, "alice"), (GLOBEX, "bob")] {
        post(&mut pair, org, user, direct, "before").expect("queued");
    }
    let backups = [pair.acme.clone(), pair.globex.clone()];
    pair.restore(ACME, &backups[0], 5);
    pair.restore(GLOBEX, &backups[1], 6);
    pair.greet(ACME).expect("nothing is lost");
    pair.greet(GLOBEX).expect("nothing is lost");
    assert_eq!((pair.link_state(ACME), pair.link_state(GLOBEX)), (LinkState::Open, LinkState::Open));
    for (org, user) in [(ACME, "alice"), (GLOBEX, "bob")] {
        assert_eq!(epochs(&pair, org), [1, 2], "{org:?}: what comes now waits until all before has arrived");
        post(&mut pair, org, user, direct, "after").expect("nobody has to wait");
    }
    level(&mut pair);
    assert_in_step(&pair, direct);
    let mut heard = said(&pair, GLOBEX, direct);
    heard.sort_unstable();
    assert_eq!(heard, ["after", "after", "before", "before"]);
    assert_eq!((epochs(&pair, ACME), epochs(&pair, GLOBEX)), (vec![2], vec![2]));
}

#[test]
fn w10_the_end_of_a_term_ends_what_was_to_follow_too() {
    let (mut pair, direct) = acquainted();
    post(&mut pair, ACME, "alice", direct, "before").expect("queued");
    let backup = pair.acme.clone();
    pair.restore(ACME, &backup, 5);
    pair.greet(ACME).expect("nothing is lost");
    post(&mut pair, ACME, "alice", direct, "after").expect("queued behind it");
    pair.revoke(ACME);
    pair.sync();
    assert_eq!(epochs(&pair, ACME), Vec::<u64>::new());
    assert_eq!(texts(&pair, GLOBEX, direct), []);
    pair.grant(ACME, crate::model::grant::Scopes::all());
    level(&mut pair);
    assert_eq!(epochs(&pair, ACME), [3], "the number of the second is not used again");
}

#[test]
fn f17_the_end_of_an_epoch_that_ended_since_is_sent_again() {
    for restores in 1..=3 {
        let (mut pair, direct) = acquainted();
        post(&mut pair, ACME, "alice", direct, "zero").expect("said");
        pair.sync();
        let theirs = pair.globex.clone();
        let mut expected = vec!["zero".to_owned()];
        for time in 0..restores {
            let ours = pair.acme.clone();
            for (org, user) in [(ACME, "alice"), (GLOBEX, "bob")] {
                expected.push(format!("{user} {time}"));
                post(&mut pair, org, user, direct, &format!("{user} {time}")).expect("said");
                pair.sync();
            }
            pair.restore(ACME, &ours, 5);
            level(&mut pair);
        }
        pair.restore(GLOBEX, &theirs, 6);
        level(&mut pair);
        post(&mut pair, GLOBEX, "bob", direct, "last").expect("said");
        level(&mut pair);
        expected.push("last".to_owned());
        assert_eq!((said(&pair, ACME, direct), said(&pair, GLOBEX, direct)), (expected.clone(), expected));
        assert_in_step(&pair, direct);
    }
}

#[test]
fn f17_an_epoch_that_was_taken_up_and_lost_is_sent_again_though_another_follows() {
    let (mut pair, direct) = acquainted();
    let theirs = pair.globex.clone();
    for time in 0..2 {
        let ours = pair.acme.clone();
        pair.restore(ACME, &ours, 5 + time);
        level(&mut pair);
        post(&mut pair, ACME, "alice", direct, &format!("{time}")).expect("said");
        level(&mut pair);
    }
    let ours = pair.acme.clone();
    pair.restore(ACME, &ours, 7);
    pair.greet(ACME).expect("nothing is lost");
    pair.restore(GLOBEX, &theirs, 8);
    level(&mut pair);
    assert_eq!(said(&pair, GLOBEX, direct), ["0", "1"]);
    assert_in_step(&pair, direct);
}

#[test]
fn f17_a_hello_from_before_a_restore_does_not_cut_off_what_comes_again() {
    let (mut pair, direct) = acquainted();
    let theirs = pair.globex.clone();
    post(&mut pair, ACME, "alice", direct, "one").expect("said");
    pair.sync();
    let ours = pair.acme.clone();
    pair.restore(ACME, &ours, 5);
    level(&mut pair);
    let stale = pair.hello(ACME);
    assert_eq!(stale.outgoing.map(|outgoing| outgoing.epoch.n), Some(2));
    pair.restore(GLOBEX, &theirs, 6);
    pair.greet(GLOBEX).expect("it has lost the end of the first");
    pair.peer(GLOBEX, PeerOp::Heard(Box::new(stale))).expect("it was true once");
    assert_eq!(pair.cursor(GLOBEX).map(|(epoch, _)| epoch.n), Some(1), "its end is still to come");
    level(&mut pair);
    assert_eq!(said(&pair, GLOBEX, direct), ["one"]);
    assert_in_step(&pair, direct);
}

#[test]
fn f17_a_partner_put_back_to_before_the_first_epoch_gets_all_of_them() {
    let mut pair = Pair::pinned();
    for org in [ACME, GLOBEX] {
        pair.grant(org, crate::model::grant::Scopes::all());
    }
    let theirs = pair.globex.clone();
    pair.sync();
    let direct = acquaint(&mut pair, ACME, "alice", "bob");
    acquaint(&mut pair, GLOBEX, "bob", "alice");
    for time in 0..2 {
        post(&mut pair, ACME, "alice", direct, &format!("{time}")).expect("said");
        level(&mut pair);
        let ours = pair.acme.clone();
        pair.restore(ACME, &ours, 5 + time);
        level(&mut pair);
    }
    pair.restore(GLOBEX, &theirs, 8);
    level(&mut pair);
    assert_eq!(said(&pair, GLOBEX, direct), ["0", "1"]);
    assert_in_step(&pair, direct);
}

#[test]
fn w10_a_term_with_more_restores_than_a_hello_tells_of_goes_on() {
    let (mut pair, direct) = acquainted();
    for time in 0..limits::ENDED_EPOCHS_MAX as u64 + 6 {
        let backup = pair.acme.clone();
        pair.restore(ACME, &backup, time);
        level(&mut pair);
        pair.now = pair.now.plus(limits::RESTART_WINDOW_MS / 2);
    }
    let backup = pair.acme.clone();
    post(&mut pair, ACME, "alice", direct, "waits").expect("queued");
    pair.restore(ACME, &backup, 99);
    pair.greet(ACME).expect("nothing is lost");
    assert_eq!(pair.hello(ACME).follows.len(), limits::ENDED_EPOCHS_MAX);
    level(&mut pair);
    post(&mut pair, ACME, "alice", direct, "on").expect("said");
    level(&mut pair);
    assert_eq!(said(&pair, GLOBEX, direct), ["on"]);
}

#[test]
fn w10_a_replay_up_to_an_epoch_without_records_ends() {
    let (mut pair, direct) = acquainted();
    let theirs = pair.globex.clone();
    post(&mut pair, GLOBEX, "bob", direct, "one").expect("said");
    pair.sync();
    let ours = pair.acme.clone();
    pair.restore(ACME, &ours, 5);
    pair.restore(GLOBEX, &theirs, 6);
    level(&mut pair);
    for org in [ACME, GLOBEX] {
        assert_eq!(pair.side(org).state.links[&org.other().domain()].streams.replay, None, "{org:?}");
    }
    assert_eq!(said(&pair, GLOBEX, direct), ["one"]);
}

#[test]
fn f17_an_epoch_whose_end_only_the_partner_knew_of_is_sent_again() {
    let (mut pair, id) = group(GLOBEX);
    let ours = pair.acme.clone();
    post(&mut pair, GLOBEX, "bob", id, "one").expect("queued");
    let theirs = pair.globex.clone();
    for time in 0..2 {
        pair.sync();
        pair.restore(GLOBEX, &theirs, 5 + time);
    }
    level(&mut pair);
    pair.restore(ACME, &ours, 7);
    level(&mut pair);
    assert_eq!(said(&pair, ACME, id), ["one"]);
    assert_in_step(&pair, id);
}

/// A history in which both sides are put back to any backup, at any time.
struct Twofold {
    pair: Pair,
    dice: Dice,
    room: RoomId,
    backups: [Vec<Side>; 2],
    numbers: Numbers,
}

impl Twofold {
    fn new(seed: u64) -> Self {
        let (pair, room) = acquainted();
        let backups = [vec![pair.acme.clone()], vec![pair.globex.clone()]];
        Self { pair, dice: Dice(Seeded::new(seed)), room, backups, numbers: Numbers::default() }
    }

    fn step(&mut self, step: u64) {
        let (org, user, at) = if self.dice.below(2) == 0 { (ACME, "alice", 0) } else { (GLOBEX, "bob", 1) };
        match self.dice.below(12) {
            0..=4 => drop(post(&mut self.pair, org, user, self.room, &format!("{step}"))),
            5 => self.pair.sync(),
            6 => self.backups[at].push(self.pair.side(org).clone()),
            7 if self.dice.below(4) == 0 => {
                let which = self.dice.below(self.backups[at].len() as u64) as usize;
                let backup = self.backups[at][which].clone();
                // What came after it has never been.
                self.backups[at].truncate(which + 1);
                self.numbers.note(&self.pair);
                self.pair.restore(org, &backup, step + 1_000);
                // Restores again and again would be held against the partner.
                self.pair.now = self.pair.now.plus(limits::RESTART_WINDOW_MS / 2);
            }
            _ => drop(self.pair.deliver(org)),
        }
    }
}

/// Whatever both have lost: the link opens again, no number has two contents, and wherever both copies of a room have
/// an event, it is the same one, or the room is frozen on the side that saw it.
#[test]
fn f17_random_restores_of_both_give_no_number_two_contents() {
    for seed in 0..300 {
        let mut history = Twofold::new(seed);
        (0..60).for_each(|step| history.step(step));
        level(&mut history.pair);
        history.numbers.note(&history.pair);
        let Twofold { pair, room: id, .. } = &history;
        if [ACME, GLOBEX].iter().any(|org| room(pair, *org, *id).info.frozen.is_some()) {
            continue;
        }
        for ((of, index), bytes) in &pair.acme.timelines {
            let other = pair.globex.timelines.get(&(*of, *index)).filter(|_| of == id);
            assert!(other.is_none_or(|other| other == bytes), "seed {seed}: event {index} has two contents");
        }
    }
}
