//! Items of a room's tools as one who sees them is shown them: the event that made them, and what has become of it.

use super::{Context, caller::Caller, dto};
use crate::{
    api::{field, paging::Page, problem::Problem},
    core::{
        facts::ItemFact,
        rooms::{member_of, visible},
        state::{Room, State},
    },
    model::{
        Code, LocalPart, Millis, RoomId,
        event::{Content, Event, ItemKind},
        limits,
    },
    store::{kv::StoreError, reader::Reader},
};
use std::sync::Arc;

/// Looks at a room as one of its members.
pub struct View<'a> {
    /// From where.
    pub reader: &'a Reader,
    /// By what state.
    pub state: &'a State,
    /// Who looks.
    pub user: &'a LocalPart,
    /// At which room.
    pub room: &'a Arc<Room>,
}

/// An item that somebody sees.
#[derive(Debug)]
pub struct Shown {
    /// Its index.
    pub index: u64,
    /// The event that made it, and what has become of it.
    pub fact: ItemFact,
    /// What replaced its content last.
    pub latest: Option<Latest>,
}

/// An event that replaced the content of an item.
#[derive(Debug)]
pub struct Latest {
    /// Its index.
    pub index: u64,
    /// What the item says from then on.
    pub content: Content,
    /// When it was made.
    pub at: Millis,
}

impl<'a> View<'a> {
    /// As a member of the room.
    ///
    /// # Errors
    /// `NOT_FOUND`.
    pub fn new(context: &'a Context, state: &'a State, caller: &'a Caller, room: RoomId) -> Result<Self, Problem> {
        let room = member_of(state, &caller.user, room)?;
        Ok(Self { reader: context.engine.reader(), state, user: &caller.user, room })
    }

    /// Whether an index is visible.
    pub fn sees(&self, index: u64) -> bool {
        visible(self.state, self.user, self.room, index)
    }

    /// An item of a kind, unless it was taken back.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn item(&self, index: u64, kind: ItemKind) -> Result<Option<Shown>, StoreError> {
        if !self.sees(index) {
            return Ok(None);
        }
        let fact = self.reader.item(self.room.info.id, index)?.filter(|fact| {
            fact.event.content.act().and_then(|act| act.makes()) == Some(kind) && fact.item.recalled.is_none()
        });
        let Some(fact) = fact else { return Ok(None) };
        let latest = match fact.item.edits.iter().rev().find(|edit| self.sees(**edit)) {
            Some(edit) => {
                let event = self.event(*edit)?;
                event.map(|event| Latest { index: *edit, content: event.content, at: event.made_at })
            }
            None => None,
        };
        Ok(Some(Shown { index, fact, latest }))
    }

    fn event(&self, index: u64) -> Result<Option<Event>, StoreError> {
        Ok(self.reader.item(self.room.info.id, index)?.map(|fact| fact.event))
    }

    /// The item, for who asks for it by its index.
    ///
    /// # Errors
    /// `NO_SUCH_ITEM`.
    pub fn wanted(&self, index: u64, kind: ItemKind) -> Result<Shown, Problem> {
        let unknown = || Problem::new(Code::NoSuchItem, "there is nothing of this kind at that index for you to see");
        self.item(index, kind)?.ok_or_else(unknown)
    }

    /// One page of the items of a kind, newest first.
    ///
    /// # Errors
    /// `INVALID` for the query; or when the store cannot be read.
    pub fn page<T>(
        &self,
        kind: ItemKind,
        query: &dto::ItemsQuery,
        show: impl Fn(Shown) -> T,
    ) -> Result<Page<T>, Problem> {
        self.pick(kind, query, |shown| Ok(Some(show(shown))))
    }

    /// The same with only those that are picked. Where few are, a page may have fewer and still a next one.
    ///
    /// # Errors
    /// `INVALID` for the query; or when the store cannot be read.
    pub fn pick<T>(
        &self,
        kind: ItemKind,
        query: &dto::ItemsQuery,
        pick: impl Fn(Shown) -> Result<Option<T>, StoreError>,
    ) -> Result<Page<T>, Problem> {
        let items_max = crate::api::paging::items_max(query.limit.as_deref())?;
        let mut before = query.before.as_deref().map_or(Ok(u64::MAX), |text| field::parse_number("before", text))?;
        let (mut items, mut looked_at) = (Vec::new(), 0);
        loop {
            let found = self.reader.listed(self.room.info.id, kind, before, items_max)?;
            let Some(last) = found.last().copied() else { return Ok(Page { items, next: None }) };
            for index in found {
                looked_at += 1;
                if items.len() == items_max || looked_at > limits::ITEMS_LOOKED_AT_MAX {
                    return Ok(Page { items, next: Some(before.to_string()) });
                }
                before = index;
                if let Some(shown) = self.item(index, kind)? {
                    items.extend(pick(shown)?);
                }
            }
            if last <= self.first_visible() {
                return Ok(Page { items, next: None });
            }
        }
    }

    fn first_visible(&self) -> u64 {
        crate::core::rooms::visible_range(self.state, self.user, self.room).0
    }
}

impl Shown {
    /// Who made it.
    pub fn author(&self) -> String {
        self.fact.event.author.as_ref().map(ToString::to_string).unwrap_or_default()
    }

    /// What it says now.
    pub fn content(&self) -> &Content {
        self.latest.as_ref().map_or(&self.fact.event.content, |latest| &latest.content)
    }

    /// The index of the event that says it.
    pub fn says_at(&self) -> u64 {
        self.latest.as_ref().map_or(self.index, |latest| latest.index)
    }
}
