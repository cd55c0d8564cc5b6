//! What the client wants done outside of its state, and what came of it.

use crate::{
    api::client::dto::{Contact, Me, Member, Messages, Posted, Readers, Room},
    cli::failure::Done,
};
use serde_json::Value;
use std::path::PathBuf;

/// A message on its way to the daemon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// Under this key it is said once, however often it is sent.
    pub key: String,
    /// Where.
    pub room: String,
    /// What it says.
    pub text: String,
    /// The message that it answers.
    pub reply_to: Option<u64>,
    /// Whether it is being sent.
    pub is_sending: bool,
}

/// What of a room can be read beside its messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    /// Its notes with their comments.
    Notes,
    /// Its dates.
    Calendar,
    /// Its folder.
    Folder,
    /// Its members.
    Members,
}

/// How something is asked of the daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// POST.
    Post,
    /// PUT.
    Put,
    /// PATCH.
    Patch,
    /// DELETE.
    Delete,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Wish {
    /// Read who one is, the rooms and the contacts.
    ReadAll,
    /// Read a room's newest messages, its members and readers.
    Open(String),
    /// Read the messages before an index.
    Older(String, u64),
    /// Send a letter.
    Send(Letter),
    /// Say that a room is read up to an index.
    Read(String, u64),
    /// Say whether one types.
    Typing(String, bool),
    /// Find a person or room; a person who is no contact is added.
    Find(String),
    /// Read something beside the messages.
    Page(Tool, String),
    /// Ask something simple of the daemon; the words tell that it is done.
    Deed {
        /// How.
        verb: Verb,
        /// What.
        path: String,
        /// With what.
        body: Value,
        /// What to say then; nothing is said when empty.
        told: String,
    },
    /// Make a group and open it.
    Group {
        /// Its name.
        name: String,
        /// Its members.
        members: Vec<String>,
    },
    /// Send a file to a room.
    SendFile(String, PathBuf),
    /// Save the files of the message at an index.
    SaveFiles(String, u64, PathBuf),
    /// Draw everything anew.
    Redraw,
    /// End.
    Quit,
}

/// What came of it.
#[derive(Debug)]
pub enum Answer {
    /// Who one is, the rooms and the contacts.
    All(Done<(Me, Vec<Room>, Vec<Contact>)>),
    /// A room's newest messages, members and readers.
    Opened(String, Done<(Messages, Vec<Member>, Option<Readers>)>),
    /// Older messages.
    Older(String, Done<Messages>),
    /// A letter was taken, or not.
    Sent(String, Done<Posted>),
    /// Something that is told while somebody is looked for.
    Told(String),
    /// The room of a person, or a room by its name.
    Found(Done<Box<Room>>),
    /// Lines to read.
    Page(Tool, String, Done<Vec<String>>),
    /// Something was done, with words about it, or not.
    Did(Done<String>),
}
