//! Retention, holds and refused files of two whole daemons, as host and as follower, with the bytes on their disks (P30).

use super::{
    cluster::{COARSE, Controls, PAIR, Site, local, simulate},
    ops::Driver,
};
use handclasp::{
    core::command::{AdminOp, KeepOp, UserOp},
    crypto::digest::direct_room,
    model::{
        Digest, EventId, RoomId,
        contact::ContactState,
        event::{Act, Message, Recall},
        file::{FilePolicy, FileSource},
        keeping::{Held, Retention},
        room::History,
    },
};
use std::time::Duration;

/// A day and a little, milliseconds.
const DAY_MS: i64 = 25 * 3_600_000;
/// The longest wait, simulated: left-over bytes are looked for every hour.
const PATIENCE: Duration = Duration::from_secs(2 * 3_600);

pub async fn until(what: &str, holds: impl AsyncFn() -> bool) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while !holds().await {
        assert!(tokio::time::Instant::now() < deadline, "waited in vain until {what}");
        tokio::time::sleep(Duration::from_millis(200)).await; // between polls: simulated time
    }
}

async fn has(site: &Site, digest: Digest) -> bool {
    let files = site.files().expect("it is up");
    files.bytes(digest).await.expect("a disk").is_some()
}

/// The first index that a site has of a room, and the one after the last.
async fn range(site: &Site, room: RoomId) -> (u64, u64) {
    site.engine().await.state().rooms.get(&room).map_or((0, 0), |room| (room.begins, room.next_index))
}

async fn keep(site: &Site, op: KeepOp) {
    site.admin(AdminOp::Keep(op)).await.expect("the admin may");
}

async fn keep_a_day(site: &Site) {
    keep(site, KeepOp::SetRetention(Retention { internal_days: None, direct_days: Some(1), group_days: Some(1) }))
        .await;
}

/// Two daemons with a room that each of them hosts, and what crosses there.
pub struct Town {
    pub acme: Site,
    pub globex: Site,
    pub rooms: [RoomId; 2],
}

impl Town {
    pub async fn open(sites: [Site; 2], controls: Controls) -> Self {
        Driver::new(7, sites.clone(), controls).begin().await;
        let [acme, globex] = sites;
        let (alice, bob) = (acme.address("alice"), globex.address("bob"));
        let direct = direct_room(&alice, &bob);
        until("there is a direct room", async || globex.engine().await.state().rooms.contains_key(&direct)).await;
        let asked = UserOp::AddContact(alice.clone());
        globex.user("bob", asked).await.expect("the link is open");
        let known = (local("bob"), alice.clone());
        let is_added = async || {
            let state = globex.engine().await.state();
            state.contacts.get(&known).is_some_and(|contact| contact.state == ContactState::Added)
        };
        until("alice is a contact", is_added).await;
        let group = RoomId::group([9; 16]);
        let made = UserOp::CreateRoom {
            id: group,
            name: "Launch".parse().expect("a name"),
            description: handclasp::model::text::Description::default(),
            history: History::Arrival,
            members: vec![alice.clone()],
        };
        globex.user("bob", made).await.expect("they know each other");
        let is_in =
            async || acme.engine().await.state().rooms.get(&group).is_some_and(|it| it.members.contains_key(&alice));
        until("alice is in the group", is_in).await;
        Self { acme, globex, rooms: [direct, group] }
    }

    /// Somebody of a site and the other site.
    fn sides(&self) -> [(&Site, &'static str, &Site); 2] {
        [(&self.acme, "alice", &self.globex), (&self.globex, "bob", &self.acme)]
    }

    /// Sends a file, and waits until the partner has it.
    async fn send(&self, (from, user, to): (&Site, &str, &Site), room: RoomId, n: u8) -> (u64, Digest) {
        let digest = submit(from, user, room, n).await;
        until("the file has crossed", async || has(to, digest).await).await;
        let uses = to.engine().await.reader().file_uses(digest, room).expect("a readable store");
        until("it has its place", async || range(from, room).await.1 > uses[0]).await;
        (uses[0], digest)
    }

    async fn say_on_both_sides(&self) {
        for (from, user, to) in self.sides() {
            for room in self.rooms {
                let before = range(to, room).await.1;
                let act = Message::plain("we go on".parse().expect("a text")).into();
                from.user(user, UserOp::Act { room, id: EventId([1; 16]), act }).await.expect("the link is open");
                until("it has crossed", async || range(to, room).await.1 == before + 1).await;
                until("it has its place", async || range(from, room).await.1 == before + 1).await;
            }
        }
    }

    fn let_days_pass(&self) {
        for site in [&self.acme, &self.globex] {
            site.clock.jump(2 * DAY_MS);
        }
    }
}

async fn submit(from: &Site, user: &str, room: RoomId, n: u8) -> Digest {
    let file = from.upload(user, [n; 16], vec![n; 3_000]).await.expect("there is room");
    let digest = file.digest;
    let act = Message { files: vec![file], ..Message::plain("look".parse().expect("a text")) }.into();
    let share = UserOp::Share { room, id: EventId([n; 16]), act, sources: vec![FileSource::Upload] };
    from.user(user, share).await.expect("files are taken");
    from.uploaded(user, [n; 16]).await;
    digest
}

#[test]
fn p30_each_side_keeps_by_its_own_rule_as_host_and_as_follower() {
    simulate(PAIR, 7, COARSE, async |sites, controls| {
        let town = Town::open(sites, controls).await;
        let mut files = Vec::new();
        for (n, (side, room)) in
            (10_u8..).zip(town.sides().into_iter().flat_map(|it| town.rooms.map(|room| (it, room))))
        {
            files.push((room, town.send(side, room, n).await.1));
        }
        keep_a_day(&town.acme).await;
        town.let_days_pass();
        for room in town.rooms {
            let is_empty = async || matches!(range(&town.acme, room).await, (begins, next) if begins == next);
            until("acme has deleted what is old", is_empty).await;
        }
        for (room, digest) in &files {
            until("its bytes are gone", async || !has(&town.acme, *digest).await).await;
            assert!(has(&town.globex, *digest).await, "the partner keeps by its own rule");
            assert_eq!(range(&town.globex, *room).await.0, 0);
        }
        town.say_on_both_sides().await;
        // The other side follows, but for a room on hold.
        keep(&town.globex, KeepOp::Hold(Held::Room(town.rooms[0]), "case".parse().expect("a reason"))).await;
        keep_a_day(&town.globex).await;
        until("globex has deleted what is old", async || range(&town.globex, town.rooms[1]).await.0 > 0).await;
        for (room, digest) in &files {
            match *room == town.rooms[0] {
                true => assert!(has(&town.globex, *digest).await, "it is on hold"),
                false => until("its bytes are gone", async || !has(&town.globex, *digest).await).await,
            }
        }
        assert_eq!(range(&town.globex, town.rooms[0]).await.0, 0);
        keep(&town.globex, KeepOp::Release(Held::Room(town.rooms[0]))).await;
        until("the hold has ended", async || range(&town.globex, town.rooms[0]).await.0 > 0).await;
        town.say_on_both_sides().await;
        // After a revocation each side goes on by its own rule, and nothing comes back.
        let peer = town.acme.domain.clone();
        town.globex.grant(&peer, None).await.expect("one may always revoke");
        town.let_days_pass();
        for site in [&town.acme, &town.globex] {
            for room in town.rooms {
                let is_empty = async || matches!(range(site, room).await, (begins, next) if begins == next);
                until("everything old is deleted", is_empty).await;
            }
        }
    });
}

#[test]
fn p30_a_hold_keeps_recalled_bytes_in_both_roles_and_the_author_sees_no_false_word() {
    simulate(PAIR, 8, COARSE, async |sites, controls| {
        let town = Town::open(sites, controls).await;
        for room in town.rooms {
            keep(&town.globex, KeepOp::Hold(Held::Room(room), "case".parse().expect("a reason"))).await;
        }
        let mut sent = Vec::new();
        for (n, (side, room)) in
            (10_u8..).zip(town.sides().into_iter().flat_map(|it| town.rooms.map(|room| (it, room))))
        {
            let (index, digest) = town.send(side, room, n).await;
            let act = Act::Recall(Recall { target: index });
            side.0.user(side.1, UserOp::Act { room, id: EventId([n + 50; 16]), act }).await.expect("it is theirs");
            until("acme's bytes are gone", async || !has(&town.acme, digest).await).await;
            assert!(has(&town.globex, digest).await, "it is on hold");
            sent.push((side.1, (room, index), digest));
        }
        let acme = town.acme.engine().await.state();
        for (user, place, _) in sent.iter().filter(|(user, ..)| *user == "alice") {
            assert_eq!(acme.erasures[place].acknowledged, Some(false), "{user}: globex says nothing untrue");
        }
        for room in town.rooms {
            keep(&town.globex, KeepOp::Release(Held::Room(room))).await;
        }
        for (_, _, digest) in &sent {
            until("globex's bytes are gone", async || !has(&town.globex, *digest).await).await;
        }
        for site in [&town.acme, &town.globex] {
            until("all is acknowledged", async || site.engine().await.state().erasures.is_empty()).await;
        }
    });
}

#[test]
fn p21_the_bytes_of_a_file_that_the_host_refuses_go_from_the_followers_disk() {
    simulate(PAIR, 9, COARSE, async |sites, controls| {
        let town = Town::open(sites, controls).await;
        let [one, other] = [&town.acme, &town.globex].map(|site| site.domain.to_string());
        let rows =
            [(&town.globex, "bob", &town.acme, town.rooms[0]), (&town.acme, "alice", &town.globex, town.rooms[1])];
        for (n, (follower, user, host, room)) in (10_u8..).zip(rows) {
            turmoil::partition(one.clone(), other.clone());
            let small = FilePolicy { bytes_max: 2_000, ..FilePolicy::default() };
            host.admin(AdminOp::SetFilePolicy(Box::new(small))).await.expect("a possible policy");
            let digest = submit(follower, user, room, n).await;
            assert!(has(follower, digest).await, "it waits");
            turmoil::repair(one.clone(), other.clone());
            until("it is refused", async || !follower.engine().await.state().rooms[&room].info.unplaced.is_empty())
                .await;
            until("its bytes are gone", async || !has(follower, digest).await).await;
            assert!(!has(host, digest).await, "they never came");
            host.admin(AdminOp::SetFilePolicy(Box::default())).await.expect("a possible policy");
        }
    });
}
