//! The folder of a room: subfolders, files, their versions (P19).

use crate::model::file::{FileName, FileRef};

/// What was done in the folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Folder {
    /// A subfolder was made. Makes an entry.
    Made {
        /// What it is called.
        name: FileName,
        /// The index of the subfolder that it is in; none at the top.
        inside: Option<u64>,
    },
    /// A file was put there. Makes an entry.
    Added {
        /// The file; the entry is called as it is.
        file: FileRef,
        /// The index of the subfolder that it is in; none at the top.
        inside: Option<u64>,
    },
    /// A file has another content; what it was before stays to be read.
    Version {
        /// The index of the entry.
        target: u64,
        /// The content.
        file: FileRef,
    },
    /// An entry has another name.
    Renamed {
        /// The index of the entry.
        target: u64,
        /// The name from now on.
        name: FileName,
    },
    /// An entry is in another place.
    Moved {
        /// The index of the entry.
        target: u64,
        /// The index of the subfolder that it is in from now on; none at the top.
        inside: Option<u64>,
    },
    /// Who added it, or a master, deleted an entry.
    Deleted {
        /// The index of the entry.
        target: u64,
        /// How long it can be brought back, days.
        kept_days: u64,
    },
    /// A deleted entry was brought back.
    Restored {
        /// The index of the entry.
        target: u64,
    },
}

impl Folder {
    /// The index of the entry that it is about; none when it makes one.
    #[must_use]
    pub fn target(&self) -> Option<u64> {
        match self {
            Self::Made { .. } | Self::Added { .. } => None,
            Self::Version { target, .. }
            | Self::Renamed { target, .. }
            | Self::Moved { target, .. }
            | Self::Deleted { target, .. }
            | Self::Restored { target } => Some(*target),
        }
    }

    /// The index of the subfolder that it puts something into.
    #[must_use]
    pub fn inside(&self) -> Option<u64> {
        match self {
            Self::Made { inside, .. } | Self::Added { inside, .. } | Self::Moved { inside, .. } => *inside,
            Self::Version { .. } | Self::Renamed { .. } | Self::Deleted { .. } | Self::Restored { .. } => None,
        }
    }

    /// The content that it names.
    #[must_use]
    pub fn file(&self) -> Option<&FileRef> {
        match self {
            Self::Added { file, .. } | Self::Version { file, .. } => Some(file),
            _ => None,
        }
    }

    /// What it calls the entry.
    #[must_use]
    pub fn name(&self) -> Option<&FileName> {
        match self {
            Self::Made { name, .. } | Self::Renamed { name, .. } => Some(name),
            Self::Added { file, .. } => Some(&file.name),
            _ => None,
        }
    }
}
