//! A user's external contacts (P6 to P10).

use super::{Millis, text::OverlayText};
use serde::{Deserialize, Serialize};

/// How far an add has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ContactState {
    /// Asked; the partner's daemon has not answered.
    Pending,
    /// Saved, and the direct room exists.
    Added,
    /// The partner's daemon answered *unavailable* (P8).
    Unavailable,
    /// The link closed before the question crossed.
    Undelivered,
    /// Not added; the entry exists only to hold a block.
    None,
}

/// One user's entry for one external person: one row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// State of the add.
    pub state: ContactState,
    /// When it was asked for.
    pub asked_at: Millis,
    /// The owner's own notes; never leave the org (P9).
    pub overlay: Overlay,
    /// Whether the owner blocks this person now (P10).
    pub blocked: bool,
    /// Ranges of the direct room's timeline that were written while a block stood: `[from, to)`, the last one open
    /// (`to` is `u64::MAX`) while it stands. They stay hidden from the owner.
    pub hidden: Vec<(u64, u64)>,
}

/// The owner's own notes on a contact (P9).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overlay {
    /// The owner's name for them.
    pub name: Option<OverlayText>,
    /// Phone.
    pub phone: Option<OverlayText>,
    /// E-mail.
    pub email: Option<OverlayText>,
    /// Note.
    pub note: Option<OverlayText>,
}
