//! What happens in a history: people talk, admins toggle, networks part, daemons crash, clocks jump.

mod keeping;
mod turns;

use super::cluster::{ACME_USERS, Control, Controls, GLOBEX_USERS, Gesture, Site, local};
use handclasp::{
    clock::Random as _,
    core::{
        command::{AdminOp, Answer, UserChange, UserOp},
        files, photos,
    },
    engine::Refusal,
    model::{
        Domain, EventId, RoomId,
        calendar::{Attendance, When},
        event::{Act, Calendar, DateBody, Edit, Folder, Message, Note, NoteBody, React, Recall, Role, SettingsChange},
        file::{FilePolicy, FileSource, Photo},
        grant::Scopes,
        journal::Outcome,
        link::LinkState,
        room::{History, RoomKind},
        tool::RulesChange,
    },
    testing::Seeded,
};
use std::{collections::BTreeSet, time::Duration};

/// Steps of one history.
pub const STEPS: usize = 120;
/// Simulated time for everything to come to rest after the turmoil.
const REST: Duration = Duration::from_secs(3_600);

/// What is known after a history.
pub struct Told {
    pub sites: [Site; 2],
    /// Events that were answered as durable: site, room, id.
    pub accepted: Vec<(usize, RoomId, EventId)>,
    /// Events whose fate was not answered.
    pub unanswered: Vec<EventId>,
}

pub struct Driver {
    pub(super) random: Seeded,
    controls: Controls,
    pub(super) told: Told,
    /// For each site that has revoked: what of the partner was visible then. Nothing may be added until it grants again.
    sealed: [Option<BTreeSet<EventId>>; 2],
    parted: bool,
    /// How many days have passed beside what the histories take.
    days: u32,
}

impl Driver {
    pub fn new(seed: u64, sites: [Site; 2], controls: Controls) -> Self {
        let told = Told { sites, accepted: Vec::new(), unanswered: Vec::new() };
        Self { random: Seeded::new(seed ^ 0x5EED), controls, told, sealed: [None, None], parted: false, days: 0 }
    }

    pub async fn run(mut self, steps: usize) -> Told {
        self.begin().await;
        for _ in 0..steps {
            self.step().await;
            self.pause(400).await;
        }
        self.come_to_rest().await;
        self.told
    }

    pub(super) fn below(&mut self, end: u64) -> u64 {
        let mut bytes = [0; 8];
        self.random.fill(&mut bytes);
        u64::from_le_bytes(bytes) % end
    }

    async fn pause(&mut self, ms_max: u64) {
        let ms = self.below(ms_max);
        tokio::time::sleep(Duration::from_millis(ms)).await; // between polls: simulated time
    }

    fn site(&self, site: usize) -> Site {
        self.told.sites[site].clone()
    }

    fn users(site: usize) -> &'static [&'static str] {
        if site == 0 { &ACME_USERS } else { &GLOBEX_USERS }
    }

    pub(super) fn some_user(&mut self, site: usize) -> &'static str {
        let users = Self::users(site);
        users[self.below(users.len() as u64) as usize]
    }

    fn peer_of(&self, site: usize) -> Domain {
        self.told.sites[1 - site].domain.clone()
    }

    /// Two orgs with people, an open link and some contacts.
    pub async fn begin(&mut self) {
        let [one, other] = self.told.sites.clone();
        one.settle_in(&other, &ACME_USERS).await;
        other.settle_in(&one, &GLOBEX_USERS).await;
        for site in 0..2 {
            self.grant(site).await;
        }
        self.until_open().await;
        // What people of one side delete from folders is gone at once.
        let policy = FilePolicy { folder_kept_days: 0, ..FilePolicy::default() };
        self.site(0).admin(AdminOp::SetFilePolicy(Box::new(policy))).await.expect("a policy can be set");
        for (site, user, friend) in [(0, "alice", "bob"), (1, "dave", "carol"), (0, "carol", "erin")] {
            let address = self.told.sites[1 - site].address(friend);
            self.site(site).user(user, UserOp::AddContact(address)).await.expect("the link is open");
        }
    }

    async fn until_open(&mut self) {
        for _ in 0..36_000 {
            if self.all_open().await {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await; // between polls: simulated time
        }
        panic!("the link does not open: {:#?}", self.describe().await);
    }

    async fn all_open(&self) -> bool {
        for site in 0..2 {
            let engine = self.told.sites[site].engine().await;
            let state = engine.state();
            let link = state.links.get(&self.peer_of(site)).expect("pinned");
            if handclasp::core::permit::link_state(&state, link, engine.now()) != LinkState::Open {
                return false;
            }
        }
        true
    }

    async fn describe(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for site in &self.told.sites {
            lines.push(format!("{}: {:#?}", site.domain, site.engine().await.state().links));
        }
        lines
    }

    async fn step(&mut self) {
        let site = self.below(2) as usize;
        if !self.told.sites[site].is_up() {
            if self.below(3) == 0 {
                self.control(Control::Start(site));
            }
            return;
        }
        match self.below(100) {
            0..=37 => self.post(site).await,
            38..=41 => self.keep(site).await,
            42..=46 => self.call(site).await,
            47..=54 => self.signal(site).await,
            55..=60 => self.make_group(site).await,
            61..=66 => self.change_members(site).await,
            67..=70 => self.add_contact(site).await,
            71..=74 => self.revoke(site).await,
            75..=81 => self.grant(site).await,
            82..=84 => self.control(Control::Crash(site)),
            85..=91 => self.toggle_network(),
            92..=93 => self.jump(site),
            94 => self.rotate(site).await,
            95..=96 => self.switch_user(site).await,
            97..=98 => self.set_photo(site).await,
            _ => self.pause(20_000).await,
        }
    }

    fn control(&self, control: Control) {
        if let Control::Crash(site) = control {
            self.told.sites[site].forget();
        }
        self.controls.lock().expect("one thread").push(control);
    }

    fn toggle_network(&mut self) {
        let [one, other] = [self.told.sites[0].domain.to_string(), self.told.sites[1].domain.to_string()];
        match (self.parted, self.below(2)) {
            (true, _) => turmoil::repair(one, other),
            (false, 0) => turmoil::partition(one, other),
            (false, _) => turmoil::partition_oneway(one, other),
        }
        self.parted = !self.parted;
    }

    pub(super) async fn some_room(&mut self, site: usize, user: &str) -> Option<RoomId> {
        let state = self.told.sites[site].engine().await.state();
        let rooms: Vec<RoomId> = state.rooms_of.get(&local(user))?.iter().copied().collect();
        if rooms.is_empty() { None } else { Some(rooms[self.below(rooms.len() as u64) as usize]) }
    }

    async fn post(&mut self, site: usize) {
        let user = self.some_user(site);
        let Some(room) = self.some_room(site, user).await else { return };
        for _ in 0..=self.below(4) {
            let id = EventId(handclasp::clock::random_16(&mut self.random));
            let message = Message::plain("hello".parse().expect("a valid text"));
            let act = self.some_act(site, room, message).await;
            let op = self.with_file(site, user, (room, id), act).await;
            let answer = self.site(site).user(user, op).await;
            self.site(site).uploaded(user, id.0).await;
            match answer {
                Ok(Answer::Outcome(Outcome::Posted { .. })) => self.told.accepted.push((site, room, id)),
                Err(Refusal::Reject(_)) => {}
                _ => self.told.unanswered.push(id),
            }
            if !self.told.sites[site].is_up() {
                return;
            }
        }
    }

    /// Every fourth message goes with a file, or is one in the folder, or of a note.
    async fn with_file(&mut self, site: usize, user: &str, (room, id): (RoomId, EventId), act: Act) -> UserOp {
        let Act::Message(message) = &act else { return UserOp::Act { room, id, act } };
        if self.below(4) > 0 {
            return UserOp::Act { room, id, act };
        }
        let (bytes, content) = (self.below(3_000) as usize, self.below(20) as u8);
        match self.site(site).upload(user, id.0, vec![content; bytes]).await {
            Some(file) => {
                let act = match self.below(4) {
                    0 => Folder::Added { file, inside: None }.into(),
                    1 => {
                        let title = "note".parse().expect("a title");
                        Note::Posted(NoteBody { title, text: None, files: vec![file] }).into()
                    }
                    _ => Message { files: vec![file], ..message.clone() }.into(),
                };
                UserOp::Share { room, id, act, sources: vec![FileSource::Upload] }
            }
            None => UserOp::Act { room, id, act },
        }
    }

    /// Mostly a message; sometimes something is done to what is there, whatever it is.
    async fn some_act(&mut self, site: usize, room: RoomId, message: Message) -> Act {
        let state = self.told.sites[site].engine().await.state();
        let target = self.below(state.rooms.get(&room).map_or(1, |room| room.next_index.max(1)));
        match self.below(16) {
            12..=14 => self.some_folding(target),
            8 => {
                Note::Posted(NoteBody { title: "note".parse().expect("a title"), text: None, files: Vec::new() }).into()
            }
            9 => match self.below(3) {
                0 => Note::Commented { target, text: message.text }.into(),
                1 => Note::Pinned { target, on: self.below(2) == 0 }.into(),
                _ => Note::Deleted { target }.into(),
            },
            10 => Calendar::Posted(some_date()).into(),
            11 => match self.below(4) {
                0 => Calendar::Changed { target, body: some_date() }.into(),
                1 => Calendar::Cancelled { target }.into(),
                2 => Calendar::Answered { target, answer: Attendance::Yes }.into(),
                _ => Calendar::Answered { target, answer: Attendance::No }.into(),
            },
            0 => Act::Edit(Edit { target, text: message.text, mentions: Vec::new() }),
            1 => Act::Recall(Recall { target }),
            2 | 3 => {
                let emoji = if self.below(2) == 0 { "👍" } else { "🎉" };
                Act::React(React { target, emoji: emoji.parse().expect("an emoji"), on: self.below(3) > 0 })
            }
            _ => message.into(),
        }
    }

    /// Something in the folder, with whatever is there.
    fn some_folding(&mut self, target: u64) -> Act {
        let name = "plans".parse().expect("a name");
        let inside = Some(target).filter(|_| self.below(2) == 0);
        match self.below(6) {
            0 => Folder::Made { name, inside },
            1 => Folder::Renamed { target, name },
            2 => Folder::Moved { target, inside: target.checked_sub(1).filter(|_| self.below(2) == 0) },
            3 | 4 => Folder::Deleted { target, kept_days: 0 },
            _ => Folder::Restored { target },
        }
        .into()
    }

    async fn make_group(&mut self, site: usize) {
        let user = self.some_user(site);
        let colleague = self.some_user(site);
        let own = self.told.sites[site].address(colleague);
        let partner = self.some_user(1 - site);
        let theirs = self.told.sites[1 - site].address(partner);
        let members: Vec<_> =
            [own, theirs].into_iter().filter(|member| *member != self.told.sites[site].address(user)).collect();
        let id = RoomId::group(handclasp::clock::random_16(&mut self.random));
        let op = UserOp::CreateRoom {
            id,
            name: "group".parse().expect("a valid name"),
            description: handclasp::model::text::Description::default(),
            history: if self.below(2) == 0 { History::Arrival } else { History::All },
            members,
        };
        let _ = self.site(site).user(user, op).await; // a refusal is part of the history
    }

    async fn change_members(&mut self, site: usize) {
        let user = self.some_user(site);
        let Some(room) = self.some_room(site, user).await else { return };
        let other = self.below(2) as usize;
        let named = self.some_user(other);
        let member = self.told.sites[other].address(named);
        let op = match self.below(4) {
            3 => {
                let rules = match self.below(2) {
                    0 => RulesChange { note: Some(self.below(3) > 0), ..RulesChange::default() },
                    _ => RulesChange { file_bytes_max: Some(self.below(2) * 2_000), ..RulesChange::default() },
                };
                UserOp::ChangeRoom(room, SettingsChange { rules, ..SettingsChange::default() })
            }
            0 => UserOp::AddMembers(room, vec![member]),
            1 => UserOp::RemoveMember(room, member),
            _ => UserOp::SetRole(room, member, if self.below(2) == 0 { Role::Master } else { Role::Member }),
        };
        let _ = self.site(site).user(user, op).await; // a refusal is part of the history
    }

    /// Somebody has another photo, or a room, or none any more.
    async fn set_photo(&mut self, site: usize) {
        let (user, content) = (self.some_user(site), self.below(8) as u8);
        let id = handclasp::clock::random_16(&mut self.random);
        // Its bytes are kept until a row names them.
        let kept = self.site(site).keep(id, vec![content; 500]).await;
        let photo = kept.as_ref().map(|(digest, _)| Photo { digest: *digest, bytes: 500 }).filter(|_| content > 0);
        let op = match self.some_room(site, user).await {
            Some(room) if content % 2 == 0 => {
                UserOp::ChangeRoom(room, SettingsChange { photo: Some(photo), ..SettingsChange::default() })
            }
            _ => UserOp::SetPhoto(photo),
        };
        let _ = self.site(site).user(user, op).await; // a refusal is part of the history
    }

    async fn add_contact(&mut self, site: usize) {
        let user = self.some_user(site);
        let named = self.some_user(1 - site);
        let friend = self.told.sites[1 - site].address(named);
        let _ = self.site(site).user(user, UserOp::AddContact(friend)).await; // a refusal is part of the history
    }

    async fn signal(&mut self, site: usize) {
        let user = self.some_user(site);
        let Some(room) = self.some_room(site, user).await else { return };
        let gesture = match self.below(3) {
            0 => Gesture::Stream(user),
            1 => Gesture::Types(user, room),
            _ => {
                let next_index = self.site(site).engine().await.state().rooms.get(&room).map_or(0, |it| it.next_index);
                let index = self.below(next_index.max(1));
                let _ = self.site(site).user(user, UserOp::MarkRead(room, index)).await; // a refusal is part of the history
                Gesture::Reads(user, room)
            }
        };
        self.told.sites[site].gesture(gesture);
    }

    async fn switch_user(&mut self, site: usize) {
        let external = Some(self.below(3) > 0);
        let change = UserChange { external, ..UserChange::default() };
        let op = AdminOp::ChangeUser { local: local(self.some_user(site)), change };
        let _ = self.site(site).admin(op).await; // a refusal is part of the history
    }

    async fn revoke(&mut self, site: usize) {
        let peer = self.peer_of(site);
        let revoked = self.site(site).grant(&peer, None).await.is_ok();
        if revoked && self.sealed[site].is_none() {
            self.sealed[site] = Some(self.partner_events(site).await);
        }
        if revoked {
            self.check_calls(site).await;
        }
    }

    async fn grant(&mut self, site: usize) {
        if let Some(sealed) = self.sealed[site].take() {
            let now = self.partner_events(site).await;
            assert!(
                now.is_subset(&sealed),
                "P26: something of the partner was applied after its revocation was answered"
            );
        }
        let peer = self.peer_of(site);
        let _ = self.site(site).grant(&peer, Some(Scopes::all())).await; // a refusal is part of the history
    }

    /// The events of the partner's people that are here.
    async fn partner_events(&self, site: usize) -> BTreeSet<EventId> {
        let engine = self.told.sites[site].engine().await;
        let (state, peer) = (engine.state(), self.peer_of(site));
        let mut events = BTreeSet::new();
        for room in state.rooms.values().filter(|room| room.info.kind != RoomKind::Internal) {
            let rows = engine.reader().timeline(room.info.id, 0, room.next_index, usize::MAX, usize::MAX);
            let all = rows
                .expect("a readable store")
                .into_iter()
                .map(|row| handclasp::wire::event::open(&row.bytes).expect("a stored event is an event").event);
            let of_partner = all.filter(|event| event.author.as_ref().is_some_and(|author| author.is_of(&peer)));
            events.extend(of_partner.map(|event| event.id));
        }
        events
    }

    async fn come_to_rest(&mut self) {
        if self.parted {
            self.toggle_network();
        }
        for site in 0..2 {
            if !self.told.sites[site].is_up() {
                self.control(Control::Start(site));
            }
        }
        for site in 0..2 {
            self.told.sites[site].engine().await;
            self.grant(site).await;
        }
        self.end_holds().await;
        self.until_open().await;
        let deadline = tokio::time::Instant::now() + REST;
        while !self.is_at_rest().await {
            assert!(tokio::time::Instant::now() < deadline, "the outboxes do not drain: {:#?}", self.describe().await);
            tokio::time::sleep(Duration::from_millis(100)).await; // between polls: simulated time
        }
        super::calls::end(&self.told).await;
        while !self.is_at_rest().await {
            assert!(
                tokio::time::Instant::now() < deadline,
                "entries of calls do not cross: {:#?}",
                self.describe().await
            );
            tokio::time::sleep(Duration::from_millis(100)).await; // between polls: simulated time
        }
    }

    /// Whether a site awaits a file that its partner would give it.
    async fn can_fetch(&self, site: &Site) -> bool {
        let awaiting = site.engine().await.state();
        for giver in self.told.sites.iter().filter(|giver| giver.domain != site.domain) {
            let engine = giver.engine().await;
            for (digest, room, _) in awaiting.awaited_from(&giver.domain) {
                let uses = engine.reader().file_uses(digest, room).expect("a readable store");
                let asked = (room, digest);
                let (state, now) = (engine.state(), engine.now());
                if files::may_fetch(&state, &site.domain, asked, &uses, now)
                    || photos::may_fetch(&state, &site.domain, asked, now)
                {
                    return true;
                }
            }
        }
        false
    }

    async fn is_at_rest(&self) -> bool {
        if !self.all_open().await {
            return false;
        }
        for site in &self.told.sites {
            let state = site.engine().await.state();
            let drained = state.links.values().all(|link| {
                link.peer.cleanup.is_none() && link.streams.out.is_some_and(|out| out.acked + 1 == out.next_seq)
            });
            let placed = state.rooms.values().all(|room| room.info.pending.from == room.info.pending.to);
            let erased = state.erasures.values().all(|erasure| erasure.done);
            if !drained || !placed || !erased || self.keeps_unplaced(site).await || self.can_fetch(site).await {
                return false;
            }
        }
        true
    }
}

fn some_date() -> DateBody {
    let day = "2026-03-02".parse().expect("a day");
    let title = "date".parse().expect("a title");
    let when = When::Days { first: day, last: day };
    DateBody { title, text: None, place: None, when, repeats: None, reminder_minutes: None }
}
