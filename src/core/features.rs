//! What daemons tell each other that they know beyond the first version of the protocol, and who has to know it.

use super::state::{Link, Room, State};
use crate::model::{Code, Reject, tool::Tool};

/// A part of the protocol that came after its first description.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feature {
    /// Messages can be edited and recalled.
    Edits,
    /// Reactions to items.
    Reactions,
    /// Messages that call all members.
    MentionAll,
    /// Rules of a room beside its name: tools, who may call all.
    Rules,
    /// The tool of notes.
    Notes,
    /// The tool of the calendar.
    Calendar,
    /// The tool of the folder.
    Folder,
    /// Signals: typing, presence, read markers (P22).
    Signals,
    /// Messages that name files, and the endpoint to fetch them.
    Files,
    /// Notes that name files.
    NoteFiles,
    /// A room's own rule for the size of files.
    RoomFiles,
    /// Photos of people and rooms.
    Photos,
    /// Calls: their signals, and their entries in timelines (P25).
    Calls,
    /// Hellos that name the run of the daemon (F26).
    Runs,
    /// What a peer lost by a restore is given back to it (W10).
    Kept,
    /// Hellos that tell how epochs follow each other (W10).
    Epochs,
}

impl Feature {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::Edits,
        Self::Reactions,
        Self::MentionAll,
        Self::Rules,
        Self::Notes,
        Self::Calendar,
        Self::Folder,
        Self::Signals,
        Self::Files,
        Self::NoteFiles,
        Self::RoomFiles,
        Self::Photos,
        Self::Calls,
        Self::Runs,
        Self::Kept,
        Self::Epochs,
    ];

    /// Its name in hellos.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Edits => "edits",
            Self::Reactions => "reactions",
            Self::MentionAll => "mention-all",
            Self::Rules => "rules",
            Self::Notes => "notes",
            Self::Calendar => "calendar",
            Self::Folder => "folder",
            Self::Signals => "signals",
            Self::Files => "files",
            Self::NoteFiles => "note-files",
            Self::RoomFiles => "room-files",
            Self::Photos => "photos",
            Self::Calls => "calls",
            Self::Runs => "runs",
            Self::Kept => "kept",
            Self::Epochs => "epochs",
        }
    }
}

/// What we offer in our hellos. A tool that our admin forbids is not offered: so the partner's people know why it is off.
#[must_use]
pub fn offered(state: &State) -> Vec<String> {
    let forbidden =
        |feature: &Feature| Tool::ALL.iter().any(|tool| tool.feature() == *feature && !state.policy.tools.has(*tool));
    let offered = Feature::ALL.iter().filter(|feature| !forbidden(feature));
    offered.map(|feature| feature.as_str().to_owned()).collect()
}

/// Whether the peer offers it.
#[must_use]
pub fn offers(link: &Link, feature: Feature) -> bool {
    link.peer.features.iter().any(|name| name == feature.as_str())
}

/// Whether everybody who follows the room knows the feature.
///
/// # Errors
/// `NOT_OFFERED`, naming the partner.
pub fn check(state: &State, room: &Room, feature: Feature) -> Result<(), Reject> {
    let link =
        room.other(&state.org.domain).filter(|_| room.info.partner.is_some()).and_then(|peer| state.links.get(peer));
    match link {
        Some(link) if !offers(link, feature) => Err(Reject::new(
            Code::NotOffered,
            format!(
                "the daemon of {} does not offer `{}`; its admin can update it",
                link.peer.domain,
                feature.as_str()
            ),
        )),
        _ => Ok(()),
    }
}
