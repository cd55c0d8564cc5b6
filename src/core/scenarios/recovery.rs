//! Restores: what was lost comes back from the partner, signed by ourselves, or is frozen and told (W10, F13 to F18, A15).

mod amid;
mod both;

use super::*;
use crate::{
    core::command::{AdminOp, PeerOp},
    model::{contact::ContactState, event::SettingsChange, limits, link::LinkState, notice::NoticeKind},
    testing::{
        Side,
        fixtures::{Seeded, local},
    },
};

/// Everything of a side that a restore must bring back: rooms with members and events, contacts. The first two events of
/// a group are from before the partner was in it: they never crossed, and no partner can give them back.
fn substance(side: &Side) -> Vec<String> {
    let rooms = side.state.rooms.values().map(|room| {
        let members: Vec<_> =
            room.members.iter().map(|(user, member)| (user, member.role, member.visible_from)).collect();
        let info = &room.info;
        format!("{} {:?} {:?} {:?} {} {:?}", info.id, info.name, info.frozen, members, room.next_index, room.head)
    });
    let contacts = side.state.contacts.iter().map(|(key, contact)| format!("{key:?} {:?}", contact.state));
    let crossed = |id: &RoomId, index: u64| side.state.rooms[id].info.name.is_none() || index > 1;
    let events = side
        .timelines
        .iter()
        .filter(|((id, index), _)| crossed(id, *index))
        .map(|(key, bytes)| format!("{key:?} {}", String::from_utf8_lossy(bytes)));
    rooms.chain(contacts).chain(events).collect()
}

/// No number of a stream has two contents, before and after (F14).
fn assert_no_number_twice(before: &Side, after: &Side) {
    for (key, queued) in &before.outbox {
        if let Some(again) = after.outbox.get(key) {
            assert_eq!(again.bytes, queued.bytes, "record {key:?} has two contents");
        }
    }
}

fn level(pair: &mut Pair) {
    pair.sync();
    assert_eq!((pair.link_state(ACME), pair.link_state(GLOBEX)), (LinkState::Open, LinkState::Open));
}

/// What happens after the backup, from both sides: posts, replies, reactions, contacts, groups, their members and names.
fn much_happens(pair: &mut Pair, direct: RoomId) {
    for (org, user, words) in [(ACME, "alice", "one"), (GLOBEX, "bob", "two"), (ACME, "alice", "three")] {
        post(pair, org, user, direct, words).expect("said");
        pair.sync();
    }
    acquaint(pair, ACME, "carol", "dave");
    let late = acquaint(pair, GLOBEX, "frank", "erin");
    acquaint(pair, ACME, "erin", "frank");
    for (host, creator, guest, id) in [(ACME, "alice", "bob", 1), (GLOBEX, "bob", "alice", 2)] {
        let guest = pair.address(host.other(), guest);
        create(pair, host, creator, room_id(id), vec![guest]).expect("a group is made");
        pair.sync();
        for (org, user) in [(ACME, "alice"), (GLOBEX, "bob")] {
            post(pair, org, user, room_id(id), "hello, all").expect("said");
        }
        pair.sync();
        let change = SettingsChange { name: Some(parsed("Renamed")), ..SettingsChange::default() };
        pair.user(host, creator, UserOp::ChangeRoom(room_id(id), change)).expect("renamed");
        pair.sync();
    }
    post(pair, GLOBEX, "frank", late, "late").expect("said");
    pair.sync();
}

#[test]
fn f14_f15_a_restored_daemon_gets_back_what_the_partner_holds() {
    for org in [ACME, GLOBEX] {
        let (mut pair, direct) = acquainted();
        let backup = pair.side(org).clone();
        much_happens(&mut pair, direct);
        let before = pair.clone();
        pair.restore(org, &backup, 77);
        assert_eq!(pair.link_state(org), LinkState::Recovering);
        let refused = post(&mut pair, org, if org == ACME { "alice" } else { "bob" }, direct, "too early");
        assert_eq!(code(refused), Code::Recovering, "nothing is numbered before the partner was heard");
        level(&mut pair);
        assert_eq!(substance(pair.side(org)), substance(before.side(org)), "{org:?}");
        assert_eq!(substance(pair.side(org.other())), substance(before.side(org.other())), "{org:?}");
        assert_no_number_twice(before.side(org), pair.side(org));
        assert_eq!(pair.side(org).audited("link.recovered").len(), 1);
        let epoch = |pair: &Pair| pair.side(org).state.links[&org.other().domain()].out_epoch().map(|epoch| epoch.n);
        assert_eq!(epoch(&pair), epoch(&before).map(|n| n + 1), "a new epoch follows");
        for id in [direct, room_id(1), room_id(2)] {
            for (org, user) in [(ACME, "alice"), (GLOBEX, "bob")] {
                post(&mut pair, org, user, id, "as before").expect("said");
            }
            pair.sync();
            assert_in_step(&pair, id);
        }
    }
}

#[test]
fn f17_both_restored_to_different_points_come_to_the_same() {
    for (first, second) in [(ACME, GLOBEX), (GLOBEX, ACME)] {
        let (mut pair, direct) = acquainted();
        let early = pair.side(first).clone();
        post(&mut pair, ACME, "alice", direct, "zero").expect("said");
        post(&mut pair, GLOBEX, "bob", direct, "null").expect("said");
        pair.sync();
        let later = pair.side(second).clone();
        much_happens(&mut pair, direct);
        pair.restore(first, &early, 5);
        pair.restore(second, &later, 6);
        level(&mut pair);
        post(&mut pair, GLOBEX, "bob", direct, "after").expect("said");
        level(&mut pair);
        assert_in_step(&pair, direct);
        let said: Vec<String> = texts(&pair, ACME, direct).into_iter().map(|(_, text)| text).collect();
        assert_eq!(said, ["zero", "null", "after"], "each once");
    }
}

#[test]
fn w10_nothing_lost_is_noticed_as_such() {
    let (mut pair, _) = acquainted();
    let backup = pair.acme.clone();
    pair.restore(ACME, &backup, 3);
    pair.greet(ACME).expect("nothing is lost");
    assert_eq!(pair.link_state(ACME), LinkState::Open, "nobody has to wait");
    level(&mut pair);
    assert_eq!(pair.acme.audited("link.recovered").len(), 1);
    let epoch = pair.acme.state.links[&GLOBEX.domain()].out_epoch();
    assert_eq!(epoch.map(|epoch| epoch.n), Some(2), "a new epoch all the same: the partner may have lost it too");
}

#[test]
fn w10_submissions_that_never_reached_the_host_are_sent_after_the_restore() {
    let (mut pair, direct) = acquainted();
    post(&mut pair, GLOBEX, "bob", direct, "waits").expect("queued");
    let backup = pair.globex.clone();
    pair.restore(GLOBEX, &backup, 9);
    level(&mut pair);
    assert_eq!(texts(&pair, ACME, direct).len(), 1);
    assert_in_step(&pair, direct);
}

#[test]
fn f16_what_was_ordered_between_a_silent_restore_and_the_first_contact_freezes_the_room() {
    let (mut pair, direct) = acquainted();
    let quiet = acquaint(&mut pair, ACME, "carol", "dave");
    let backup = pair.acme.clone();
    post(&mut pair, ACME, "alice", direct, "lost").expect("said");
    pair.sync();
    pair.put_back(ACME, &backup, 4);
    post(&mut pair, ACME, "alice", direct, "something else").expect("nobody knows yet");
    pair.greet(ACME).expect_err("the partner has another content");
    let told = pair.hello(GLOBEX);
    pair.peer(ACME, PeerOp::Heard(Box::new(told))).expect_err("so have we");
    assert_eq!((pair.link_state(ACME), pair.link_state(GLOBEX)), (LinkState::Quarantined, LinkState::Quarantined));
    pair.admin(ACME, AdminOp::AcceptLoss(GLOBEX.domain())).expect("an admin decides");
    pair.admin(GLOBEX, AdminOp::LiftQuarantine(ACME.domain())).expect("and the other agrees");
    level(&mut pair);
    post(&mut pair, ACME, "alice", direct, "and on").expect("the partner has not been heard of this room");
    pair.sync();
    for org in [ACME, GLOBEX] {
        assert_eq!(room(&pair, org, direct).info.frozen, Some(Code::Fork), "{org:?}");
        let user = if org == ACME { "alice" } else { "bob" };
        assert!(pair.side(org).notices_of(user).contains(&&NoticeKind::Frozen { room: direct }));
    }
    post(&mut pair, ACME, "carol", quiet, "other rooms go on").expect("said");
    level(&mut pair);
    assert_in_step(&pair, quiet);
}

#[test]
fn f16_a_claim_that_reaches_into_numbers_used_anew_is_told_to_the_admin() {
    let (mut pair, direct) = acquainted();
    let backup = pair.acme.clone();
    for words in ["one", "two", "three"] {
        post(&mut pair, ACME, "alice", direct, words).expect("said");
    }
    pair.sync();
    pair.put_back(ACME, &backup, 4);
    post(&mut pair, ACME, "alice", direct, "something else").expect("nobody knows yet");
    pair.greet(ACME).expect("the partner holds more than we know of");
    pair.take_back(ACME);
    let quarantine = pair.acme.state.links[&GLOBEX.domain()].peer.quarantine.clone().expect("it is held");
    assert_eq!(quarantine.code, Code::Fork);
    assert!(quarantine.detail.contains("--accept-loss"), "{}", quarantine.detail);
}

#[test]
fn a15_a_claim_without_our_signature_quarantines() {
    let (mut pair, _) = acquainted();
    let mut hello = pair.hello(GLOBEX);
    hello.incoming.as_mut().expect("a stream is agreed").cursor += 5;
    pair.peer(ACME, PeerOp::Heard(Box::new(hello))).expect("it may be so");
    assert_eq!(pair.link_state(ACME), LinkState::Recovering);
    pair.take_back(ACME);
    assert_eq!(pair.link_state(ACME), LinkState::Quarantined);
    let refused = pair.admin(GLOBEX, AdminOp::AcceptLoss(ACME.domain()));
    assert_eq!(code(refused), Code::Conflict, "nothing is lost there");
}

#[test]
fn a15_a_stream_begins_anew_only_so_often() {
    let (mut pair, _) = acquainted();
    for time in 0..limits::RESTARTS_PER_DAY_MAX {
        let backup = pair.acme.clone();
        pair.user(ACME, "alice", UserOp::Rename(parsed(&format!("Alice {time}")))).expect("renamed");
        pair.sync();
        pair.restore(ACME, &backup, 1);
        level(&mut pair);
    }
    let mut hello = pair.hello(ACME);
    let outgoing = hello.outgoing.as_mut().expect("a stream is agreed");
    outgoing.epoch.n += 1;
    let refused = pair.peer(GLOBEX, PeerOp::Heard(Box::new(hello)));
    assert_eq!(code(refused), Code::Epoch);
    assert_eq!(pair.link_state(GLOBEX), LinkState::Quarantined);
}

#[test]
fn a15_a_peer_cannot_make_up_epochs_of_ours() {
    let (mut pair, _) = acquainted();
    pair.revoke(ACME);
    pair.sync();
    let before = pair.acme.state.links[&GLOBEX.domain()].streams.clone();
    for ahead in 1..200 {
        let mut hello = pair.hello(GLOBEX);
        hello.ended.as_mut().expect("an epoch ended").epoch.n = before.last_out() + ahead;
        pair.peer(ACME, PeerOp::Heard(Box::new(hello))).expect("heard");
    }
    assert_eq!(pair.acme.state.links[&GLOBEX.domain()].streams.ended, before.ended);
}

#[test]
fn f18_a_tail_that_is_kept_no_longer_begins_the_stream_anew_with_the_state_of_rooms() {
    let (mut pair, id) = group(ACME);
    let backup = pair.globex.clone();
    for words in ["one", "two"] {
        post(&mut pair, ACME, "alice", id, words).expect("said");
    }
    pair.sync();
    pair.restore(GLOBEX, &backup, 8);
    pair.greet(GLOBEX).expect("heard");
    let epoch = pair.acme.state.links[&GLOBEX.domain()].out_epoch().expect("a stream is agreed");
    pair.peer(ACME, PeerOp::TailGone(epoch.id)).expect("our outbox has trimmed it");
    level(&mut pair);
    post(&mut pair, ACME, "alice", id, "three").expect("said");
    level(&mut pair);
    let said: Vec<String> = texts(&pair, GLOBEX, id).into_iter().map(|(_, text)| text).collect();
    assert_eq!(said, ["three"], "what is lost stays a gap");
    assert_in_step(&pair, id);
    assert_eq!(pair.acme.audited("link.loss_declared").len(), 1);
}

#[test]
fn w10_a_contact_that_was_asked_for_after_the_backup_is_answered_again() {
    let mut pair = Pair::open();
    let backup = pair.acme.clone();
    acquaint(&mut pair, ACME, "alice", "bob");
    pair.restore(ACME, &backup, 2);
    level(&mut pair);
    let contact = &pair.acme.state.contacts[&(local("alice"), pair.address(GLOBEX, "bob"))];
    assert_eq!(contact.state, ContactState::Added);
}

/// Random numbers for histories.
struct Dice(Seeded);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        let bytes = crate::clock::random_16(&mut self.0);
        u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes")) % end
    }
}

/// A history with backups and restores, and with toggled grants if asked for.
struct History {
    pair: Pair,
    dice: Dice,
    rooms: Vec<RoomId>,
    backups: [Side; 2],
    toggles: bool,
}

impl History {
    fn new(seed: u64, toggles: bool) -> Self {
        let (pair, direct) = acquainted();
        let backups = [pair.acme.clone(), pair.globex.clone()];
        Self { pair, dice: Dice(Seeded::new(seed)), rooms: vec![direct], backups, toggles }
    }

    fn step(&mut self, step: u64) {
        let org = if self.dice.below(2) == 0 { ACME } else { GLOBEX };
        let (user, friend) = if org == ACME { ("alice", "bob") } else { ("bob", "alice") };
        let at = usize::try_from(self.dice.below(self.rooms.len() as u64)).expect("few");
        let id = self.rooms[at];
        let friend = self.pair.address(org.other(), friend);
        match self.dice.below(14) {
            0..=5 => drop(post(&mut self.pair, org, user, id, &format!("{step}"))),
            6 => self.pair.sync(),
            7 if self.rooms.len() < 4 => {
                let new = room_id(u8::try_from(100 + step).expect("few"));
                self.pair.sync();
                if create(&mut self.pair, org, user, new, vec![friend]).is_ok() {
                    self.rooms.push(new);
                }
            }
            8 => self.backups[usize::from(org == GLOBEX)] = self.pair.side(org).clone(),
            9 if self.dice.below(5) == 0 => self.restore(org, step),
            10 => drop(self.pair.user(org, user, UserOp::RemoveMember(id, friend))),
            11 => drop(self.pair.user(org, user, UserOp::AddMembers(id, vec![friend]))),
            12 if self.toggles && self.dice.below(3) == 0 => {
                self.pair.revoke(org);
                self.pair.sync();
                self.pair.grant(org, crate::model::grant::Scopes::all());
            }
            _ => drop(self.pair.deliver(org)),
        }
    }

    fn restore(&mut self, org: Org, step: u64) {
        self.pair.deliver(org);
        let backup = self.backups[usize::from(org == GLOBEX)].clone();
        let grant = |side: &Side| side.state.links[&org.other().domain()].peer.ours.clone().map(|it| it.grant.serial);
        if grant(&backup) != grant(self.pair.side(org)) {
            // The anchor would hold all links until an admin confirms (D7).
            return;
        }
        self.pair.restore(org, &backup, step + 1_000);
        level(&mut self.pair);
        // The same restore again and again would be held against the partner.
        self.pair.now = self.pair.now.plus(limits::RESTART_WINDOW_MS / 2);
        self.backups = [self.pair.acme.clone(), self.pair.globex.clone()];
    }

    fn check(&mut self) {
        level(&mut self.pair);
        for id in &self.rooms {
            let here = |org| self.pair.side(org).state.rooms.get(id);
            let (Some(one), Some(other)) = (here(ACME), here(GLOBEX)) else { continue };
            if one.info.partner_present && other.info.partner_present && other.members.len() == one.members.len() {
                assert_in_step(&self.pair, *id);
            }
            assert_eq!((one.info.frozen, other.info.frozen), (None, None));
        }
    }
}

/// Random acts, backups and restores: in the end both copies of every room are the same, and nothing is frozen.
#[test]
fn f13_to_f17_random_restores_converge() {
    for seed in 0..200 {
        let mut history = History::new(seed, false);
        (0..80).for_each(|step| history.step(step));
        history.check();
    }
}

/// The same while admins revoke and grant: what one side cannot give back of an ended time may freeze a room, and
/// nothing else.
#[test]
fn f14_p26_restores_over_the_ends_of_links_never_quarantine() {
    for seed in 0..200 {
        let mut history = History::new(seed, true);
        (0..80).for_each(|step| history.step(step));
        level(&mut history.pair);
    }
}
