//! The tools of a room, and the rules that its masters set (P19).

use serde::{Deserialize, Serialize};

/// A tool of a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Tool {
    /// Posts with comments.
    Note,
    /// Dates with attendance.
    Calendar,
    /// Files in subfolders.
    Folder,
}

impl Tool {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Note, Self::Calendar, Self::Folder];

    /// Its word in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Calendar => "calendar",
            Self::Folder => "folder",
        }
    }
}

/// Which tools are on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tools {
    /// Notes.
    pub note: bool,
    /// The calendar.
    pub calendar: bool,
    /// The folder.
    pub folder: bool,
}

impl Default for Tools {
    fn default() -> Self {
        Self { note: true, calendar: true, folder: true }
    }
}

impl Tools {
    /// Whether a tool is on.
    #[must_use]
    pub fn has(self, tool: Tool) -> bool {
        match tool {
            Tool::Note => self.note,
            Tool::Calendar => self.calendar,
            Tool::Folder => self.folder,
        }
    }
}

/// Who may call all members at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Callers {
    /// Every member.
    #[default]
    Members,
    /// Masters only. Rooms without masters take it as every member.
    Masters,
}

/// What the masters of a room have set beside its name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// Which tools are on.
    pub tools: Tools,
    /// Who may call all members.
    pub callers: Callers,
    /// The largest file that the room takes, bytes; none when only the orgs' rules count.
    pub file_bytes_max: Option<u64>,
}

/// Changed rules; none stays as it was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RulesChange {
    /// Notes on or off.
    pub note: Option<bool>,
    /// The calendar on or off.
    pub calendar: Option<bool>,
    /// The folder on or off.
    pub folder: Option<bool>,
    /// Who may call all members.
    pub callers: Option<Callers>,
    /// The largest file that the room takes, bytes; 0 for no rule of the room's own.
    pub file_bytes_max: Option<u64>,
}

impl Rules {
    /// The rules after a change.
    #[must_use]
    pub fn after(self, change: RulesChange) -> Self {
        let tools = Tools {
            note: change.note.unwrap_or(self.tools.note),
            calendar: change.calendar.unwrap_or(self.tools.calendar),
            folder: change.folder.unwrap_or(self.tools.folder),
        };
        Self {
            tools,
            callers: change.callers.unwrap_or(self.callers),
            file_bytes_max: change
                .file_bytes_max
                .map_or(self.file_bytes_max, |bytes| Some(bytes).filter(|bytes| *bytes > 0)),
        }
    }
}
