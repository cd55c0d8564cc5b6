//! Three orgs, each linked with both others, whose links open and close by themselves. Each pair of orgs has its own
//! secrets, people and rooms: nothing of them is ever kept by the third, or told to it (P12, W14).

mod check;

use super::{
    calls::Deed,
    cluster::{COARSE, Control, Controls, Gesture, Site, local, simulate},
};
use check::{Secrets, leaks};
use handclasp::{
    clock::{Random as _, random_16},
    core::{
        command::{Answer, UserOp},
        permit::link_state,
    },
    crypto::digest::direct_room,
    engine::Refusal,
    model::{
        CallId, Domain, EventId, RoomId,
        event::{Act, Message, Note, NoteBody, Recall, SettingsChange},
        file::{FileSource, Photo},
        grant::Scopes,
        link::LinkState,
        room::History,
    },
    testing::Seeded,
};
use std::{collections::BTreeSet, time::Duration};

const ORGS: [&str; 3] = ["acme.example", "globex.example", "initech.example"];
/// The people of each org: who talks to one partner, who talks to the other, and who talks to both.
const PEOPLE: [[&str; 3]; 3] = [
    ["acme-to-globex", "acme-to-initech", "alice"],
    ["globex-to-acme", "globex-to-initech", "bob"],
    ["initech-to-acme", "initech-to-globex", "carol"],
];
const STEPS: usize = 100;
/// Simulated time for everything to come to rest.
const REST: Duration = Duration::from_secs(3_600);

/// Runs one history of three orgs.
pub fn run(seed: u64) {
    simulate(ORGS, seed, COARSE, async move |sites, controls| {
        let mut town = Town { random: Seeded::new(seed ^ 0x3), sites, controls, parted: BTreeSet::new() };
        town.begin().await;
        for _ in 0..STEPS {
            town.step().await;
            let ms = town.below(400);
            tokio::time::sleep(Duration::from_millis(ms)).await; // between polls: simulated time
        }
        town.come_to_rest().await;
        let found = leaks(&town.sites).await;
        assert!(found.is_empty(), "what is between two orgs has reached the third: {found:#?}");
    });
}

struct Town {
    random: Seeded,
    sites: [Site; 3],
    controls: Controls,
    parted: BTreeSet<(usize, usize)>,
}

/// Who of an org talks to another one, and nobody else.
fn envoy(site: usize, other: usize) -> &'static str {
    let others: Vec<usize> = (0..3).filter(|at| *at != site).collect();
    PEOPLE[site][usize::from(others[1] == other)]
}

fn pairs() -> impl Iterator<Item = (usize, usize)> {
    (0..3).flat_map(|one| (0..3).map(move |other| (one, other))).filter(|(one, other)| one != other)
}

impl Town {
    fn below(&mut self, end: u64) -> u64 {
        let mut bytes = [0; 8];
        self.random.fill(&mut bytes);
        u64::from_le_bytes(bytes) % end
    }

    fn site(&self, site: usize) -> Site {
        self.sites[site].clone()
    }

    /// Two different orgs.
    fn some_pair(&mut self) -> (usize, usize) {
        let (site, step) = (self.below(3) as usize, 1 + self.below(2) as usize);
        (site, (site + step) % 3)
    }

    async fn begin(&mut self) {
        for (site, other) in pairs() {
            self.site(site).pin(&self.sites[other]).await;
            self.grant(site, other, Some(Scopes::all())).await.expect("a possible grant");
        }
        for (site, people) in PEOPLE.iter().enumerate() {
            for user in people {
                self.site(site).create_user(user, &format!("I am {user}")).await;
            }
        }
        self.until_open().await;
        // Something crosses on every link, whatever happens later.
        for (site, other) in pairs().filter(|(site, other)| site < other) {
            let (user, friend) = (envoy(site, other), envoy(other, site));
            for guest in [friend, PEOPLE[other][2]] {
                let address = self.sites[other].address(guest);
                self.site(site).user(user, UserOp::AddContact(address)).await.expect("the link is open");
            }
            let room = direct_room(&self.sites[site].address(user), &self.sites[other].address(friend));
            while !self.sites[other].engine().await.state().rooms.contains_key(&room) {
                tokio::time::sleep(Duration::from_millis(20)).await; // between polls: simulated time
            }
            let said = self.say((other, friend), room, Secrets::of(site, other).message()).await;
            assert!(said.is_ok(), "the room is on both sides: {said:?}");
        }
        self.until_open().await;
    }

    async fn step(&mut self) {
        let (site, other) = self.some_pair();
        if !self.sites[site].is_up() {
            if self.below(3) == 0 {
                self.control(Control::Start(site));
            }
            return;
        }
        match self.below(100) {
            0..=39 => self.post(site, other).await,
            40..=49 => self.make_group(site, other).await,
            50..=55 => self.add_contact(site, other).await,
            56..=62 => self.name_a_third(site, other).await,
            63..=69 => self.gesture(site, other).await,
            70..=74 => self.change_room(site, other).await,
            75..=79 => self.revoke(site, other).await,
            80..=87 => drop(self.grant(site, other, Some(Scopes::all())).await), // a refusal is part of the history
            88..=89 => self.control(Control::Crash(site)),
            90..=95 => self.toggle_network(site, other),
            96 => self.site(site).rotate().await,
            _ => self.check_told(site).await,
        }
    }

    fn control(&self, control: Control) {
        if let Control::Crash(site) = control {
            self.sites[site].forget();
        }
        self.controls.lock().expect("one thread").push(control);
    }

    fn toggle_network(&mut self, site: usize, other: usize) {
        let pair = (site.min(other), site.max(other));
        match self.parted.remove(&pair) {
            true => turmoil::repair(ORGS[pair.0], ORGS[pair.1]),
            false => {
                turmoil::partition(ORGS[pair.0], ORGS[pair.1]);
                self.parted.insert(pair);
            }
        }
    }

    async fn grant(&self, site: usize, other: usize, scopes: Option<Scopes>) -> Result<Answer, Refusal> {
        self.sites[site].grant(&self.sites[other].domain, scopes).await
    }

    /// What one admin says of one partner changes nothing with the other.
    async fn revoke(&mut self, site: usize, other: usize) {
        let third = self.sites[3 - site - other].domain.clone();
        let serial = async |town: &Self| {
            let state = town.sites[site].engine().await.state();
            state.links[&third].peer.ours.as_ref().map(|ours| ours.grant.serial)
        };
        let before = serial(self).await;
        let _ = self.grant(site, other, None).await; // a refusal is part of the history
        assert_eq!(serial(self).await, before, "the grant for {third}");
    }

    /// A room that people of the two orgs share, and somebody of the first one who is in it.
    async fn some_room(&mut self, site: usize, other: usize) -> Option<(&'static str, RoomId)> {
        let user = if self.below(2) == 0 { envoy(site, other) } else { PEOPLE[site][2] };
        let (domain, peer) = (self.sites[site].domain.clone(), self.sites[other].domain.clone());
        let state = self.sites[site].engine().await.state();
        let shared = |room: &&RoomId| state.rooms.get(*room).is_some_and(|room| room.other(&domain) == Some(&peer));
        let rooms: Vec<RoomId> = state.rooms_of.get(&local(user))?.iter().filter(shared).copied().collect();
        if rooms.is_empty() { None } else { Some((user, rooms[self.below(rooms.len() as u64) as usize])) }
    }

    async fn say(&mut self, (site, user): (usize, &str), room: RoomId, act: Act) -> Result<Answer, Refusal> {
        let id = EventId(random_16(&mut self.random));
        self.site(site).user(user, UserOp::Act { room, id, act }).await
    }

    async fn post(&mut self, site: usize, other: usize) {
        let Some((user, room)) = self.some_room(site, other).await else { return };
        let secrets = Secrets::of(site, other);
        match self.below(5) {
            0 => self.share((site, user), room, secrets).await,
            1 => {
                let body = NoteBody { title: secrets.title(), text: None, files: Vec::new() };
                let _ = self.say((site, user), room, Note::Posted(body).into()).await; // a refusal is part of the history
            }
            2 => {
                let target = self.below(10);
                let _ = self.say((site, user), room, Act::Recall(Recall { target })).await; // as above
            }
            _ => drop(self.say((site, user), room, secrets.message()).await), // as above
        }
    }

    async fn share(&mut self, (site, user): (usize, &'static str), room: RoomId, secrets: Secrets) {
        let id = EventId(random_16(&mut self.random));
        let Some(file) = self.site(site).upload(user, id.0, secrets.bytes()).await else { return };
        let act = Message { files: vec![file], ..Message::plain(secrets.text()) }.into();
        let op = UserOp::Share { room, id, act, sources: vec![FileSource::Upload] };
        let _ = self.site(site).user(user, op).await; // a refusal is part of the history
        self.site(site).uploaded(user, id.0).await;
    }

    /// Those of the first org who may talk to the other one.
    fn some_envoy(&mut self, site: usize, other: usize) -> &'static str {
        if self.below(2) == 0 { envoy(site, other) } else { PEOPLE[site][2] }
    }

    async fn make_group(&mut self, site: usize, other: usize) {
        let (user, guest) = (self.some_envoy(site, other), self.some_envoy(other, site));
        let op = UserOp::CreateRoom {
            id: RoomId::group(random_16(&mut self.random)),
            name: Secrets::of(site, other).name(),
            description: handclasp::model::text::Description::default(),
            history: if self.below(2) == 0 { History::Arrival } else { History::All },
            members: vec![self.sites[other].address(guest)],
        };
        let _ = self.site(site).user(user, op).await; // a refusal is part of the history
    }

    /// Somebody of a third org is added to a room of two: never done, whoever asks.
    async fn name_a_third(&mut self, site: usize, other: usize) {
        let third = 3 - site - other;
        let stranger = self.sites[third].address(PEOPLE[third][2]);
        let op = match (self.some_room(site, other).await, self.below(2)) {
            (Some((user, room)), 0) => (user, UserOp::AddMembers(room, vec![stranger])),
            _ => {
                let guest = self.some_envoy(other, site);
                let members = vec![self.sites[other].address(guest), stranger];
                let (id, history) = (RoomId::group(random_16(&mut self.random)), History::All);
                let name = Secrets::of(site, other).name();
                let description = handclasp::model::text::Description::default();
                (PEOPLE[site][2], UserOp::CreateRoom { id, name, description, history, members })
            }
        };
        let answer = self.site(site).user(op.0, op.1).await;
        assert!(answer.is_err(), "{} let a third org in: {answer:?}", ORGS[site]);
    }

    async fn add_contact(&mut self, site: usize, other: usize) {
        let (user, friend) = (self.some_envoy(site, other), self.some_envoy(other, site));
        let friend = self.sites[other].address(friend);
        let _ = self.site(site).user(user, UserOp::AddContact(friend)).await; // a refusal is part of the history
    }

    async fn gesture(&mut self, site: usize, other: usize) {
        let Some((user, room)) = self.some_room(site, other).await else { return };
        let gesture = match self.below(5) {
            0 => Gesture::Stream(user),
            1 => Gesture::Types(user, room),
            2 => Gesture::Calls(user, room, Deed::Starts(CallId(random_16(&mut self.random)))),
            3 => Gesture::Calls(user, room, Deed::Joins),
            _ => {
                let _ = self.site(site).user(user, UserOp::MarkRead(room, 0)).await; // a refusal is part of the history
                Gesture::Reads(user, room)
            }
        };
        self.sites[site].gesture(gesture);
    }

    async fn change_room(&mut self, site: usize, other: usize) {
        let Some((user, room)) = self.some_room(site, other).await else { return };
        let secrets = Secrets::of(site, other);
        let (bytes, id) = (secrets.bytes(), random_16(&mut self.random));
        let length = bytes.len() as u64;
        let kept = self.site(site).keep(id, bytes).await;
        let photo = kept.as_ref().map(|(digest, _)| Photo { digest: *digest, bytes: length });
        let change = SettingsChange { name: Some(secrets.name()), photo: Some(photo), ..SettingsChange::default() };
        let _ = self.site(site).user(user, UserOp::ChangeRoom(room, change)).await; // a refusal is part of the history
    }

    /// What would be told of signals right now.
    async fn check_told(&self, site: usize) {
        let found = check::told(&self.sites[site]).await;
        assert!(found.is_empty(), "{} tells of rooms that the partner is not in: {found:?}", ORGS[site]);
    }

    async fn until_open(&self) {
        let deadline = tokio::time::Instant::now() + REST;
        while !self.is_at_rest().await {
            assert!(tokio::time::Instant::now() < deadline, "it does not come to rest");
            tokio::time::sleep(Duration::from_millis(100)).await; // between polls: simulated time
        }
    }

    /// All links are open, and nothing waits.
    async fn is_at_rest(&self) -> bool {
        for site in &self.sites {
            let engine = site.engine().await;
            let state = engine.state();
            let at_rest = state.links.values().all(|link| {
                let is_drained = link.streams.out.is_some_and(|out| out.acked + 1 == out.next_seq);
                link_state(&state, link, engine.now()) == LinkState::Open && is_drained && link.peer.cleanup.is_none()
            });
            if !at_rest {
                return false;
            }
        }
        true
    }

    async fn come_to_rest(&mut self) {
        for (one, other) in std::mem::take(&mut self.parted) {
            turmoil::repair(ORGS[one], ORGS[other]);
        }
        for site in 0..3 {
            if !self.sites[site].is_up() {
                self.control(Control::Start(site));
            }
            self.sites[site].engine().await;
        }
        for (site, other) in pairs() {
            let state = self.sites[site].engine().await.state();
            let peer: &Domain = &self.sites[other].domain;
            let is_revoked = state.links[peer].peer.ours.as_ref().is_none_or(|ours| ours.grant.scopes.is_empty());
            if is_revoked {
                self.grant(site, other, Some(Scopes::all())).await.expect("one may always grant");
            }
        }
        self.until_open().await;
    }
}
