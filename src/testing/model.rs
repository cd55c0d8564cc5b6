//! A naive second implementation of the rules for rooms (P1, P3, P6 to P8, P10, P12 to P18): plain sets, no streams, no
//! records. After everything has crossed, two real cores must look like it.

mod crossing;
mod kept;
mod perform;
mod said;

pub use crossing::{Crossing, Posted, assert_sound, cross};
pub use perform::perform;

use super::{Org, Pair, fixtures::room_id};
use crate::{
    crypto::digest::direct_room,
    model::{
        Address, Code, RoomId,
        event::{Act, ItemKind, Role},
    },
};
use kept::Kept;
use said::{Made, Said};
use std::collections::{BTreeMap, BTreeSet};

/// The people of a [`Pair`]; the first three are of acme.
pub const PEOPLE: [&str; 6] = ["alice", "carol", "erin", "bob", "dave", "frank"];

/// A person, by place in [`PEOPLE`].
pub type Who = usize;

/// Where something is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// In the direct room with somebody.
    With(Who),
    /// In a group.
    In(u8),
}

/// One thing that somebody does.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "who does what to whom, in this order; groups are numbered")]
pub enum Op {
    Grant(Org),
    Revoke(Org),
    Permit(Who),
    Forbid(Who),
    Add(Who, Who),
    Block(Who, Who),
    Unblock(Who, Who),
    Create(Who, u8, Vec<Who>),
    Invite(Who, u8, Who),
    Remove(Who, u8, Who),
    Promote(Who, u8, Who),
    Demote(Who, u8, Who),
    Say(Who, Place),
    Edit(Who, Place),
    Recall(Who, Place),
    React(Who, Place, bool),
    Note(Who, Place),
    Comment(Who, Place),
    Date(Who, Place),
    Answer(Who, Place, bool),
    Put(Who, Place),
    Trash(Who, Place),
    Undo(Who, Place),
    Call(Who, Place),
    Bound(Who, u8, bool),
    Picture(Who, u8, u8),
    Portray(Who, u8),
    Report(Who, Place),
    Hold(Who),
    Release(Who),
    Trim(Org, Who, Place),
    Erase(Who),
}

impl Op {
    /// Which person asks; none when an admin or the daemon does.
    fn asker(&self) -> Option<Who> {
        match self {
            Self::Grant(_) | Self::Revoke(_) | Self::Permit(_) | Self::Forbid(_) => None,
            Self::Hold(_) | Self::Release(_) | Self::Trim(..) | Self::Erase(_) | Self::Call(..) => None,
            Self::Add(who, _) | Self::Block(who, _) | Self::Unblock(who, _) | Self::Create(who, ..) => Some(*who),
            Self::Invite(who, ..) | Self::Remove(who, ..) | Self::Promote(who, ..) | Self::Demote(who, ..) => {
                Some(*who)
            }
            Self::Say(who, _) | Self::Edit(who, _) | Self::Recall(who, _) | Self::React(who, ..) => Some(*who),
            Self::Note(who, _) | Self::Comment(who, _) | Self::Date(who, _) | Self::Answer(who, ..) => Some(*who),
            Self::Put(who, _) | Self::Trash(who, _) | Self::Undo(who, _) | Self::Report(who, _) => Some(*who),
            Self::Bound(who, ..) | Self::Picture(who, ..) | Self::Portray(who, _) => Some(*who),
        }
    }
}

#[derive(Clone, Debug)]
struct Group {
    host: Org,
    /// In the order of joining; true for masters.
    members: Vec<(Who, bool)>,
    former: BTreeSet<Who>,
    /// Whether its masters take small files only.
    bounded: bool,
    photo: Option<u8>,
}

/// What everybody should see.
#[derive(Clone, Debug)]
pub struct Model {
    granted: [bool; 2],
    forbidden: BTreeSet<Who>,
    contacts: BTreeSet<(Who, Who)>,
    blocked: BTreeSet<(Who, Who)>,
    /// Direct rooms, acme's person first.
    direct: BTreeSet<(Who, Who)>,
    groups: BTreeMap<u8, Group>,
    /// What was said, as each org's copy has it.
    said: BTreeMap<(usize, RoomId), Vec<Said>>,
    /// Notes, dates and files of folders, as each org's copy has them.
    made: BTreeMap<(usize, RoomId), Vec<Made>>,
    /// Who called, as each org's copy tells of it.
    called: BTreeMap<(usize, RoomId), Vec<Who>>,
    /// How many messages were tried.
    words: usize,
    /// How many notes, dates and files were made.
    numbers: usize,
    kept: Kept,
}

/// Somebody's org.
#[must_use]
pub fn org_of(who: Who) -> Org {
    if who < 3 { Org::Acme } else { Org::Globex }
}

/// Somebody's address.
#[must_use]
pub fn address_of(who: Who) -> Address {
    super::fixtures::address(&format!("{}@{}", PEOPLE[who], org_of(who).domain()))
}

fn n(org: Org) -> usize {
    usize::from(org == Org::Globex)
}

impl Default for Model {
    fn default() -> Self {
        Self {
            granted: [true, true],
            forbidden: BTreeSet::new(),
            contacts: BTreeSet::new(),
            blocked: BTreeSet::new(),
            direct: BTreeSet::new(),
            groups: BTreeMap::new(),
            said: BTreeMap::new(),
            made: BTreeMap::new(),
            called: BTreeMap::new(),
            words: 0,
            numbers: 0,
            kept: Kept::default(),
        }
    }
}

type Verdict = Result<(), Code>;

fn require(holds: bool, code: Code) -> Verdict {
    if holds { Ok(()) } else { Err(code) }
}

impl Model {
    /// Does one thing; what the one who asks is told.
    ///
    /// # Errors
    /// The code of the refusal.
    pub fn apply(&mut self, op: &Op) -> Verdict {
        self.words += usize::from(matches!(op, Op::Say(..)));
        op.asker().map_or(Ok(()), |who| self.check_there(who))?;
        match op {
            Op::Permit(who) | Op::Forbid(who) if self.kept.erased.contains(who) => return Err(Code::Conflict),
            Op::Grant(org) => self.granted[n(*org)] = true,
            Op::Revoke(org) => self.close(*org),
            Op::Permit(who) => drop(self.forbidden.remove(who)),
            Op::Forbid(who) => self.forbid(*who),
            Op::Add(who, other) => return self.add(*who, *other),
            Op::Block(who, other) => drop(self.blocked.insert((*who, *other))),
            Op::Unblock(who, other) => drop(self.blocked.remove(&(*who, *other))),
            Op::Create(who, group, members) => return self.create(*who, *group, members),
            Op::Invite(who, group, other) => return self.invite(*who, *group, *other),
            Op::Remove(who, group, other) => return self.remove(*who, *group, *other),
            Op::Promote(who, group, other) => return self.set_role(*who, *group, *other, true),
            Op::Demote(who, group, other) => return self.set_role(*who, *group, *other, false),
            Op::Say(who, place) => return self.say(*who, *place),
            Op::Edit(who, place) => return self.edit(*who, *place),
            Op::Recall(who, place) => return self.recall(*who, *place),
            Op::React(who, place, on) => return self.react(*who, *place, *on),
            Op::Note(who, place) => return self.make(*who, *place, ItemKind::Note),
            Op::Date(who, place) => return self.make(*who, *place, ItemKind::Date),
            Op::Comment(who, place) => return self.comment(*who, *place),
            Op::Answer(who, place, comes) => return self.answer(*who, *place, *comes),
            Op::Put(who, place) => return self.make(*who, *place, ItemKind::Entry),
            Op::Trash(who, place) => return self.trash(*who, *place),
            Op::Undo(who, place) => return self.undo(*who, *place),
            Op::Call(who, place) => self.call(*who, *place),
            Op::Bound(who, group, small) => return self.bound(*who, *group, *small),
            Op::Picture(who, group, number) => return self.picture(*who, *group, *number),
            Op::Portray(who, number) => self.portray(*who, *number),
            Op::Report(who, place) => return self.report(*who, *place),
            Op::Hold(who) => self.hold(*who),
            Op::Release(who) => return self.release(*who),
            Op::Trim(org, who, place) => self.trim(*org, *who, *place),
            Op::Erase(who) => return self.erase(*who),
        }
        Ok(())
    }

    fn permitted(&self, who: Who) -> bool {
        !self.forbidden.contains(&who)
    }

    fn open(&self, of: Who) -> Verdict {
        let own = n(org_of(of));
        require(self.granted[own], Code::ClosedByUs)?;
        require(self.granted[1 - own], Code::ClosedByThem)
    }

    fn acquainted(&self, one: Who, other: Who) -> bool {
        self.direct.contains(&(one.min(other), one.max(other)))
    }

    fn close(&mut self, org: Org) {
        self.granted[n(org)] = false;
        let hosts: Vec<(u8, Org)> = self.groups.iter().map(|(id, group)| (*id, group.host)).collect();
        for (id, host) in hosts {
            self.end(id, |who| org_of(who) != host);
        }
    }

    fn forbid(&mut self, who: Who) {
        self.forbidden.insert(who);
        for id in self.groups.keys().copied().collect::<Vec<_>>() {
            self.end(id, |member| member == who);
        }
    }

    /// Ends memberships; what was seen before is not seen after coming back (P17).
    fn end(&mut self, id: u8, leaves: impl Fn(Who) -> bool) {
        if let Some(group) = self.groups.get_mut(&id) {
            group.end(&leaves);
        }
        let of_room = |(_, room): &(usize, RoomId)| *room == room_id(id);
        let said = self.said.iter_mut().filter(|(key, _)| of_room(key)).flat_map(|(_, said)| said);
        let made = self.made.iter_mut().filter(|(key, _)| of_room(key)).flat_map(|(_, made)| made);
        let seen_by = said.map(|said| &mut said.seen_by).chain(made.map(|made| &mut made.seen_by));
        seen_by.for_each(|seen_by| seen_by.retain(|who| !leaves(*who)));
    }

    fn add(&mut self, who: Who, other: Who) -> Verdict {
        require(self.permitted(who), Code::NotPermitted)?;
        require(!self.blocked.contains(&(who, other)), Code::Blocked)?;
        if self.contacts.contains(&(who, other)) {
            return Ok(());
        }
        self.open(who)?;
        if self.permitted(other) && !self.blocked.contains(&(other, who)) {
            self.contacts.insert((who, other));
            self.direct.insert((who.min(other), who.max(other)));
        }
        Ok(())
    }

    fn create(&mut self, who: Who, group: u8, members: &[Who]) -> Verdict {
        require(!self.groups.contains_key(&group), Code::Exists)?;
        require(self.permitted(who), Code::NotPermitted)?;
        self.open(who)?;
        let ours = |member: &&Who| org_of(**member) == org_of(who);
        for member in members.iter().filter(ours) {
            require(!self.kept.erased.contains(member), Code::Invalid)?;
            require(self.permitted(*member), Code::NotPermitted)?;
        }
        for member in members.iter().filter(|member| !ours(member)) {
            self.may_ask_in(who, *member, false)?;
        }
        let mut made = Group {
            host: org_of(who),
            members: vec![(who, true)],
            former: BTreeSet::new(),
            bounded: false,
            photo: None,
        };
        let (ours, theirs): (Vec<Who>, Vec<Who>) = members.iter().partition(|member| ours(member));
        let theirs = theirs.into_iter().filter(|member| self.comes(who, *member, false));
        made.members.extend(ours.into_iter().chain(theirs).map(|member| (member, false)));
        self.groups.insert(group, made);
        Ok(())
    }

    /// What the asker's own side requires.
    fn may_ask_in(&self, who: Who, other: Who, former: bool) -> Verdict {
        require(!self.blocked.contains(&(who, other)), Code::Blocked)?;
        require(former || self.contacts.contains(&(who, other)), Code::NotContact)?;
        require(self.permitted(other), Code::Unavailable)
    }

    /// What the other's side requires.
    fn comes(&self, who: Who, other: Who, former: bool) -> bool {
        self.permitted(other) && !self.blocked.contains(&(other, who)) && (former || self.acquainted(who, other))
    }

    fn mastered(&self, who: Who, group: u8) -> Result<&Group, Code> {
        let group = self.groups.get(&group).ok_or(Code::NotFound)?;
        match group.role(who) {
            None => Err(Code::NotFound),
            Some(false) => Err(Code::NotMaster),
            Some(true) => Ok(group),
        }
    }

    fn invite(&mut self, who: Who, id: u8, other: Who) -> Verdict {
        let group = self.mastered(who, id)?;
        if group.role(other).is_some() {
            return Ok(());
        }
        let former = group.former.contains(&other);
        let comes = if org_of(who) == org_of(other) {
            require(!self.kept.erased.contains(&other), Code::Invalid)?;
            require(self.permitted(other), Code::NotPermitted)?;
            true
        } else {
            self.open(who)?;
            self.may_ask_in(who, other, former)?;
            self.comes(who, other, former)
        };
        if comes && let Some(group) = self.groups.get_mut(&id) {
            group.former.remove(&other);
            group.members.push((other, false));
        }
        Ok(())
    }

    fn remove(&mut self, who: Who, id: u8, other: Who) -> Verdict {
        let is_member = self.groups.get(&id).is_some_and(|group| group.role(who).is_some());
        require(is_member, Code::NotFound)?;
        require(who != other, Code::NoLeaving)?;
        let group = self.mastered(who, id)?;
        require(group.role(other).is_some(), Code::NotFound)?;
        self.end(id, |member| member == other);
        Ok(())
    }

    fn set_role(&mut self, who: Who, id: u8, other: Who, master: bool) -> Verdict {
        let group = self.mastered(who, id)?;
        let was_master = group.role(other).ok_or(Code::NotFound)?;
        let others = group.members.iter().any(|(member, master)| *member != other && *master);
        require(master || !was_master || others, Code::LastMaster)?;
        if let Some(group) = self.groups.get_mut(&id) {
            group.members.iter_mut().filter(|(member, _)| *member == other).for_each(|(_, role)| *role = master);
        }
        Ok(())
    }

    /// The orgs that what is written there reaches.
    fn may_write(&self, who: Who, place: Place) -> Result<Vec<Org>, Code> {
        Ok(match place {
            Place::With(other) => {
                require(self.acquainted(who, other), Code::NotFound)?;
                require(self.permitted(who), Code::NotPermitted)?;
                self.open(who)?;
                require(!self.blocked.contains(&(who, other)), Code::Blocked)?;
                require(self.permitted(other), Code::Unavailable)?;
                vec![Org::Acme, Org::Globex]
            }
            Place::In(group) => {
                let group = self.groups.get(&group).ok_or(Code::NotFound)?;
                require(group.role(who).is_some(), Code::NotFound)?;
                let present =
                    |org: &Org| *org == group.host || group.members.iter().any(|(who, _)| org_of(*who) == *org);
                [Org::Acme, Org::Globex].into_iter().filter(present).collect()
            }
        })
    }

    /// Compares two cores at rest with what should be.
    ///
    /// # Panics
    /// When they differ.
    pub fn assert_matches(&self, pair: &Pair) {
        self.assert_kept(pair);
        for (id, group) in &self.groups {
            self.assert_group(pair, room_id(*id), group);
        }
        for org in [Org::Acme, Org::Globex] {
            let state = &pair.side(org).state;
            for (one, other) in &self.direct {
                let id = direct_room(&address_of(*one), &address_of(*other));
                assert!(state.rooms.contains_key(&id), "a direct room is on both sides (P6)");
            }
            let known = state.rooms.values().filter(|room| room.info.frozen.is_some()).count();
            assert_eq!(known, 0, "honest daemons freeze nothing");
            for ((of, room), said) in &self.said {
                if *of == n(org) {
                    said::assert_said(pair, org, *room, said);
                }
            }
            for ((_, room), made) in self.made.iter().filter(|((of, _), _)| *of == n(org)) {
                said::assert_made(pair, org, *room, made);
            }
            for ((_, room), called) in self.called.iter().filter(|((of, _), _)| *of == n(org)) {
                said::assert_called(pair, org, *room, called);
            }
        }
    }

    fn assert_group(&self, pair: &Pair, id: RoomId, group: &Group) {
        let wanted: BTreeMap<Address, bool> =
            group.members.iter().map(|(who, master)| (address_of(*who), *master)).collect();
        let guests = group.members.iter().any(|(who, _)| org_of(*who) != group.host);
        for org in [Org::Acme, Org::Globex] {
            let Some(room) = pair.side(org).state.rooms.get(&id) else {
                assert!(org != group.host && !guests, "a group is where its members are (P12)");
                continue;
            };
            let found = room.members.iter().map(|(user, member)| (user.clone(), member.role == Role::Master));
            if org == group.host || guests {
                Self::assert_looks(pair, org, id, group);
                assert_eq!(found.collect::<BTreeMap<_, _>>(), wanted, "members of {id} at {org:?}");
            } else {
                assert!(room.members_of(&org.domain()).next().is_none(), "a copy without members of its own");
            }
        }
    }
}

impl Group {
    fn role(&self, who: Who) -> Option<bool> {
        self.members.iter().find(|(member, _)| *member == who).map(|(_, master)| *master)
    }

    fn end(&mut self, leaves: impl Fn(Who) -> bool) {
        self.former.extend(self.members.iter().map(|(who, _)| *who).filter(|who| leaves(*who)));
        self.members.retain(|(who, _)| !leaves(*who));
        if self.members.iter().any(|(_, master)| *master) {
            return;
        }
        let host = self.host;
        let heir = self.members.iter().position(|(who, _)| org_of(*who) == host);
        if let Some((_, master)) = self.members.get_mut(heir.unwrap_or(0)) {
            *master = true;
        }
    }
}

/// The room that somebody means.
#[must_use]
pub fn room_of(who: Who, place: Place) -> RoomId {
    match place {
        Place::With(other) => direct_room(&address_of(who), &address_of(other)),
        Place::In(group) => room_id(group),
    }
}

/// The texts of a room's timeline on one side, in its order.
#[must_use]
pub fn texts(pair: &Pair, org: Org, id: RoomId) -> Vec<String> {
    messages(pair, org, id).into_iter().map(|(_, text)| text).collect()
}

fn messages(pair: &Pair, org: Org, id: RoomId) -> Vec<(u64, String)> {
    let events = pair.side(org).timelines.range((id, 0)..=(id, u64::MAX));
    let said = |bytes: &[u8]| match crate::wire::event::open(bytes).expect("a stored event can be read").event.content {
        crate::model::event::Content::Act(Act::Message(message)) => Some(message.text.as_str().to_owned()),
        _ => None,
    };
    events.filter_map(|((_, index), bytes)| said(bytes).map(|text| (*index, text))).collect()
}
