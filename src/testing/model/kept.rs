//! What admins keep and delete, what people report, and how rooms and people look, in the naive model (P10, P12, P19, P30).

use super::{Model, Org, Pair, Place, Verdict, Who, address_of, n, org_of, require, room_of};
use crate::model::{Code, Digest, RoomId, file::Photo, limits};
use std::collections::{BTreeMap, BTreeSet};

/// The largest file that a room takes when its masters bound it: smaller than every file of the model.
pub(super) const SMALL: u64 = 5;

/// What is kept of whom.
#[derive(Clone, Debug, Default)]
pub(super) struct Kept {
    held: BTreeSet<Who>,
    pub(super) erased: BTreeSet<Who>,
    /// How many cases each person has made.
    cases: BTreeMap<Who, usize>,
    portraits: BTreeMap<Who, u8>,
}

/// The photo of a number.
pub(super) fn photo(number: u8) -> Photo {
    Photo { digest: Digest([number; 32]), bytes: 3 }
}

impl Model {
    /// Who is erased can do nothing any more.
    pub(super) fn check_there(&self, who: Who) -> Verdict {
        require(!self.kept.erased.contains(&who), Code::Unauthenticated)
    }

    pub(super) fn bound(&mut self, who: Who, id: u8, small: bool) -> Verdict {
        self.mastered(who, id)?;
        self.change_group(id, |group| group.bounded = small);
        Ok(())
    }

    pub(super) fn picture(&mut self, who: Who, id: u8, number: u8) -> Verdict {
        self.mastered(who, id)?;
        self.change_group(id, |group| group.photo = Some(number));
        Ok(())
    }

    fn change_group(&mut self, id: u8, change: impl FnOnce(&mut super::Group)) {
        if let Some(group) = self.groups.get_mut(&id) {
            change(group);
        }
    }

    pub(super) fn portray(&mut self, who: Who, number: u8) {
        self.kept.portraits.insert(who, number);
    }

    pub(super) fn report(&mut self, who: Who, place: Place) -> Verdict {
        let is_in = match place {
            Place::With(other) => self.acquainted(who, other),
            Place::In(group) => self.groups.get(&group).is_some_and(|group| group.role(who).is_some()),
        };
        require(is_in, Code::NotFound)?;
        let cases = self.kept.cases.entry(who).or_default();
        require(*cases < limits::REPORTS_PER_USER_PER_HOUR_MAX, Code::RateLimited)?;
        *cases += 1;
        Ok(())
    }

    pub(super) fn hold(&mut self, who: Who) {
        self.kept.held.insert(who);
    }

    pub(super) fn release(&mut self, who: Who) -> Verdict {
        require(self.kept.held.remove(&who), Code::NotFound)
    }

    /// Whether somebody of the org who is or was there is on hold.
    fn is_held(&self, org: Org, (who, place): (Who, Place)) -> bool {
        let people: Vec<Who> = match place {
            Place::With(other) => vec![who, other],
            Place::In(group) => self.groups.get(&group).map_or_else(Vec::new, |group| {
                group.members.iter().map(|(member, _)| *member).chain(group.former.iter().copied()).collect()
            }),
        };
        people.iter().any(|person| org_of(*person) == org && self.kept.held.contains(person))
    }

    /// Everything in a room is too old for an org, unless it is on hold there.
    pub(super) fn trim(&mut self, org: Org, who: Who, place: Place) {
        if !self.is_held(org, (who, place)) {
            let key = (n(org), room_of(who, place));
            self.said.remove(&key);
            self.made.remove(&key);
            self.called.remove(&key);
        }
    }

    pub(super) fn erase(&mut self, who: Who) -> Verdict {
        require(!self.kept.held.contains(&who), Code::OnHold)?;
        require(self.kept.erased.insert(who), Code::Conflict)?;
        self.forbid(who);
        self.contacts.retain(|(owner, _)| *owner != who);
        self.blocked.retain(|(owner, _)| *owner != who);
        self.kept.portraits.remove(&who);
        Ok(())
    }

    pub(super) fn assert_kept(&self, pair: &Pair) {
        for org in [Org::Acme, Org::Globex] {
            let keeping = &pair.side(org).state.keeping;
            let of = |(who, cases): (&Who, &usize)| if org_of(*who) == org { *cases } else { 0 };
            assert_eq!(keeping.cases.len(), self.kept.cases.iter().map(of).sum::<usize>(), "cases of {org:?}");
            let erased = self.kept.erased.iter().filter(|who| org_of(**who) == org).count();
            assert_eq!(keeping.erasures.len(), erased, "erased people of {org:?}");
        }
        for (one, other) in self.direct.iter().flat_map(|(one, other)| [(*one, *other), (*other, *one)]) {
            let wanted = self.kept.portraits.get(&one).copied().map(photo);
            let (own, theirs) = (&pair.side(org_of(one)).state, &pair.side(org_of(other)).state);
            assert_eq!(own.user_at(&address_of(one)).and_then(|user| user.photo), wanted, "the photo of {one}");
            if self.granted == [true, true] {
                let seen = theirs.profiles.get(&address_of(one)).and_then(|profile| profile.photo);
                assert_eq!(seen, wanted, "the photo of {one} as {other} sees it");
            }
        }
    }

    pub(super) fn assert_looks(pair: &Pair, org: Org, id: RoomId, group: &super::Group) {
        let info = &pair.side(org).state.rooms[&id].info;
        assert_eq!(info.rules.file_bytes_max, group.bounded.then_some(SMALL), "the rule of {id} at {org:?}");
        assert_eq!(info.photo, group.photo.map(photo), "the photo of {id} at {org:?}");
    }
}
