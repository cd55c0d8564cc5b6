//! What people say and make, in the naive model: messages, notes, dates, files in folders, and what becomes of them.

use super::{Model, Org, Pair, Place, Verdict, Who, address_of, messages, n, org_of, require, room_of};
use crate::{
    model::{
        Address, Code, RoomId,
        calendar::Attendance,
        event::{Act, ItemKind},
    },
    wire,
};
use std::collections::{BTreeMap, BTreeSet};

/// A message, and what has become of it.
#[derive(Clone, Debug)]
pub(super) struct Said {
    words: String,
    author: Who,
    /// Who was there; whoever left and came back was not.
    pub(super) seen_by: BTreeSet<Who>,
    edits: usize,
    recalled: bool,
    reactions: BTreeSet<Who>,
}

/// A note, a date or a file in the folder, and what has become of it.
#[derive(Clone, Debug)]
pub(super) struct Made {
    /// Tells it from all others.
    number: usize,
    kind: ItemKind,
    author: Who,
    pub(super) seen_by: BTreeSet<Who>,
    /// Who has deleted it.
    deleted: Option<Who>,
    comments: usize,
    answers: BTreeMap<Who, bool>,
}

impl Model {
    pub(super) fn say(&mut self, who: Who, place: Place) -> Verdict {
        let words = format!("words {}", self.words - 1);
        let heard_by = self.may_write(who, place)?;
        let seen_by = self.present(who, place);
        let reactions = BTreeSet::new();
        let said = Said { words, author: who, seen_by, edits: 0, recalled: false, reactions };
        for org in heard_by {
            self.said.entry((n(org), room_of(who, place))).or_default().push(said.clone());
        }
        Ok(())
    }

    /// What a call leaves behind is an act of whoever started it. Nobody waits for it, so nobody is told of a refusal.
    pub(super) fn call(&mut self, who: Who, place: Place) {
        for org in self.may_write(who, place).unwrap_or_default() {
            self.called.entry((n(org), room_of(who, place))).or_default().push(who);
        }
    }

    /// The last message of the place as the one who asks has it, if it can still be changed.
    fn last_said(&self, who: Who, place: Place) -> Result<&Said, Code> {
        self.may_write(who, place)?;
        let said = self.said.get(&(n(org_of(who)), room_of(who, place))).and_then(|said| said.last());
        let said = said.filter(|said| said.seen_by.contains(&who)).ok_or(Code::NoSuchItem)?;
        if said.recalled { Err(Code::Recalled) } else { Ok(said) }
    }

    pub(super) fn edit(&mut self, who: Who, place: Place) -> Verdict {
        let said = self.last_said(who, place)?.clone();
        require(said.author == who, Code::NotAuthor)?;
        self.change((who, place), &said, |said| said.edits += 1);
        Ok(())
    }

    pub(super) fn recall(&mut self, who: Who, place: Place) -> Verdict {
        let said = self.last_said(who, place)?.clone();
        require(self.is_master(who, place) || said.author == who, Code::NotAuthor)?;
        self.change((who, place), &said, |said| {
            said.recalled = true;
            said.reactions.clear();
        });
        Ok(())
    }

    pub(super) fn react(&mut self, who: Who, place: Place, on: bool) -> Verdict {
        let said = self.last_said(who, place)?.clone();
        self.change((who, place), &said, |said| {
            if on {
                said.reactions.insert(who)
            } else {
                said.reactions.remove(&who)
            };
        });
        Ok(())
    }

    /// What changes a message changes it in every copy that is still reached: a closed link brings nothing later (P18).
    fn change(&mut self, (who, place): (Who, Place), what: &Said, change: impl Fn(&mut Said)) {
        let host = (n(self.host_of(place)), room_of(who, place));
        if !self.said.get(&host).is_some_and(|said| said.iter().any(|said| said.words == what.words)) {
            // The host has deleted it, and refuses what is done to it.
            return;
        }
        for org in self.may_write(who, place).unwrap_or_default() {
            let copy = self.said.entry((n(org), room_of(who, place))).or_default();
            copy.iter_mut().filter(|said| said.words == what.words).for_each(&change);
        }
    }

    /// Who is in the room.
    fn present(&self, who: Who, place: Place) -> BTreeSet<Who> {
        match place {
            Place::With(other) => BTreeSet::from([who, other]),
            Place::In(group) => self.groups[&group].members.iter().map(|(member, _)| *member).collect(),
        }
    }

    pub(super) fn make(&mut self, who: Who, place: Place, kind: ItemKind) -> Verdict {
        let reached = self.may_write(who, place)?;
        require(kind != ItemKind::Entry || !self.is_bounded(place), Code::TooLarge)?;
        let number = self.numbers;
        self.numbers += 1;
        let (seen_by, answers) = (self.present(who, place), BTreeMap::new());
        let made = Made { number, kind, author: who, seen_by, deleted: None, comments: 0, answers };
        for org in reached {
            self.made.entry((n(org), room_of(who, place))).or_default().push(made.clone());
        }
        Ok(())
    }

    /// The last note or date of the place as the one who asks has it.
    fn last_made(&self, who: Who, place: Place, kind: ItemKind) -> Result<usize, Code> {
        self.may_write(who, place)?;
        let mut made = self.made.get(&(n(org_of(who)), room_of(who, place))).into_iter().flatten();
        let last = made.rfind(|made| made.kind == kind);
        last.filter(|made| made.seen_by.contains(&who)).map(|made| made.number).ok_or(Code::NoSuchItem)
    }

    pub(super) fn comment(&mut self, who: Who, place: Place) -> Verdict {
        let number = self.last_made(who, place, ItemKind::Note)?;
        self.change_made((who, place), number, |made| made.comments += 1);
        Ok(())
    }

    pub(super) fn answer(&mut self, who: Who, place: Place, comes: bool) -> Verdict {
        let number = self.last_made(who, place, ItemKind::Date)?;
        self.change_made((who, place), number, |made| {
            made.answers.insert(who, comes);
        });
        Ok(())
    }

    pub(super) fn trash(&mut self, who: Who, place: Place) -> Verdict {
        let entry = self.last_entry(who, place)?;
        require(entry.author == who || self.is_master(who, place), Code::NotAuthor)?;
        require(entry.deleted.is_none(), Code::Recalled)?;
        self.change_made((who, place), entry.number, |made| made.deleted = made.deleted.or(Some(who)));
        Ok(())
    }

    pub(super) fn undo(&mut self, who: Who, place: Place) -> Verdict {
        let entry = self.last_entry(who, place)?;
        let may = entry.author == who || entry.deleted == Some(who) || self.is_master(who, place);
        require(may, Code::NotAuthor)?;
        if entry.deleted.is_some() {
            self.change_made((who, place), entry.number, |made| made.deleted = None);
        }
        Ok(())
    }

    fn last_entry(&self, who: Who, place: Place) -> Result<Made, Code> {
        let number = self.last_made(who, place, ItemKind::Entry)?;
        let made = &self.made[&(n(org_of(who)), room_of(who, place))];
        made.iter().find(|made| made.number == number).cloned().ok_or(Code::NoSuchItem)
    }

    /// Who orders what is said there.
    fn host_of(&self, place: Place) -> Org {
        match place {
            Place::With(_) => Org::Acme,
            Place::In(group) => self.groups[&group].host,
        }
    }

    fn is_bounded(&self, place: Place) -> bool {
        matches!(place, Place::In(group) if self.groups[&group].bounded)
    }

    fn is_master(&self, who: Who, place: Place) -> bool {
        match place {
            Place::With(_) => false,
            Place::In(group) => self.groups[&group].role(who) == Some(true),
        }
    }

    fn change_made(&mut self, (who, place): (Who, Place), number: usize, change: impl Fn(&mut Made)) {
        let host = (n(self.host_of(place)), room_of(who, place));
        if !self.made.get(&host).is_some_and(|made| made.iter().any(|made| made.number == number)) {
            return;
        }
        for org in self.may_write(who, place).unwrap_or_default() {
            let copy = self.made.entry((n(org), room_of(who, place))).or_default();
            copy.iter_mut().filter(|made| made.number == number).for_each(&change);
        }
    }
}

/// Compares the messages of a copy with what should be.
pub(super) fn assert_said(pair: &Pair, org: Org, room: RoomId, wanted: &[Said]) {
    let found = messages(pair, org, room);
    let words: Vec<&String> = found.iter().map(|(_, text)| text).collect();
    assert_eq!(words, wanted.iter().map(|said| &said.words).collect::<Vec<_>>(), "what {org:?} has of {room}");
    for ((index, _), said) in found.iter().zip(wanted) {
        let item = pair.side(org).item(room, *index);
        let people = item.reactions.iter().flat_map(|reaction| &reaction.people).map(|trace| trace.by.clone());
        let reactions: BTreeSet<Address> = said.reactions.iter().map(|who| address_of(*who)).collect();
        assert_eq!(people.collect::<BTreeSet<_>>(), reactions, "reactions to {} at {org:?}", said.words);
        assert_eq!(
            (item.edits.len(), item.recalled.is_some()),
            (said.edits, said.recalled),
            "{} at {org:?}",
            said.words
        );
    }
}

/// Compares the entries of calls in a copy with what should be.
pub(super) fn assert_called(pair: &Pair, org: Org, room: RoomId, wanted: &[Who]) {
    let events = pair.side(org).timelines.range((room, 0)..=(room, u64::MAX));
    let open = |bytes: &[u8]| wire::event::open(bytes).expect("a stored event can be read").event;
    let calls = events.map(|(_, bytes)| open(bytes)).filter(|event| matches!(event.content.act(), Some(Act::Call(_))));
    let found: Vec<Option<Address>> = calls.map(|event| event.author).collect();
    let wanted: Vec<Option<Address>> = wanted.iter().map(|who| Some(address_of(*who))).collect();
    assert_eq!(found, wanted, "calls that {org:?} tells of in {room}");
}

/// Compares the notes, dates and files of a copy with what should be.
pub(super) fn assert_made(pair: &Pair, org: Org, room: RoomId, wanted: &[Made]) {
    let listed = pair.side(org).listed.iter().filter(|(of, ..)| *of == room);
    let mut listed: Vec<(u64, ItemKind)> = listed.map(|(_, kind, index)| (*index, *kind)).collect();
    listed.sort_by_key(|(index, _)| *index);
    let kinds: Vec<ItemKind> = listed.iter().map(|(_, kind)| *kind).collect();
    assert_eq!(kinds, wanted.iter().map(|made| made.kind).collect::<Vec<_>>(), "what {org:?} lists of {room}");
    for ((index, _), made) in listed.into_iter().zip(wanted) {
        let item = pair.side(org).item(room, index);
        assert_eq!(item.comments.len(), made.comments, "comments at {org:?}");
        assert_eq!(item.entry.deleted.is_some(), made.deleted.is_some(), "the trash at {org:?}");
        let answers = item.answers.iter().map(|(trace, answer)| (trace.by.clone(), *answer == Attendance::Yes));
        let expected = made.answers.iter().map(|(who, comes)| (address_of(*who), *comes));
        assert_eq!(answers.collect::<BTreeMap<_, _>>(), expected.collect(), "answers at {org:?}");
    }
}
