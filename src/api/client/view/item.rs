//! What has become of items, as one who sees them is shown it.

use crate::{
    api::client::dto,
    model::item::{self, Item},
};

/// Who did something, by which event, and whether that has crossed.
pub fn trace(trace: &item::Trace, delivery: Option<dto::Delivery>) -> dto::Trace {
    dto::Trace { by: trace.by.to_string(), index: trace.index, delivery }
}

/// The reactions whose events one sees.
pub fn reactions(item: &Item, sees: impl Fn(u64) -> bool) -> Vec<dto::Reaction> {
    let shown = item.reactions.iter().map(|reaction| {
        let people = reaction.people.iter().filter(|trace| sees(trace.index));
        let people = people.map(|trace| trace.by.to_string()).collect();
        dto::Reaction { emoji: reaction.emoji.to_string(), people }
    });
    shown.filter(|reaction| !reaction.people.is_empty()).collect()
}
