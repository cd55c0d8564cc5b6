//! Which tools of a room can be used, and whose rule it is when one cannot (P19): the stricter of the room's masters and
//! both admins.

use super::{
    features::{Feature, offers},
    state::{Room, State},
};
use crate::model::{Code, Domain, Reject, tool::Tool};

/// Whose rule it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    /// The masters of the room.
    Masters,
    /// The admin of this org, or its daemon does not know the tool.
    Org(Domain),
}

impl Tool {
    /// What a daemon offers that permits the tool.
    #[must_use]
    pub fn feature(self) -> Feature {
        match self {
            Self::Note => Feature::Notes,
            Self::Calendar => Feature::Calendar,
            Self::Folder => Feature::Folder,
        }
    }
}

/// Whose rule keeps a tool of the room off; none when it is on.
#[must_use]
pub fn off_by(state: &State, room: &Room, tool: Tool) -> Option<Whose> {
    if !room.info.rules.tools.has(tool) {
        return Some(Whose::Masters);
    }
    if !state.policy.tools.has(tool) {
        return Some(Whose::Org(state.org.domain.clone()));
    }
    let partner = room.info.partner.as_ref().and_then(|_| room.other(&state.org.domain))?;
    let link = state.links.get(partner)?;
    (!offers(link, tool.feature())).then(|| Whose::Org(partner.clone()))
}

/// Whether our people can use a tool of the room now.
///
/// # Errors
/// `TOOL_OFF`, naming whose rule it is.
pub fn check(state: &State, room: &Room, tool: Tool) -> Result<(), Reject> {
    let detail = match off_by(state, room, tool) {
        None => return Ok(()),
        Some(Whose::Masters) => {
            format!("`{}` is switched off in this room; a Group Master can switch it on", tool.as_str())
        }
        Some(Whose::Org(org)) => format!("`{}` is not permitted by {org}; its admin can permit it", tool.as_str()),
    };
    Err(Reject::new(Code::ToolOff, detail))
}

/// Whether what the partner's people do with a tool is taken here: it is on in the room, and our admin permits it.
///
/// # Errors
/// `TOOL_OFF`.
pub fn takes(state: &State, room: &Room, tool: Tool) -> Result<(), Code> {
    if room.info.rules.tools.has(tool) && state.policy.tools.has(tool) { Ok(()) } else { Err(Code::ToolOff) }
}
