//! What the client API takes and gives, as JSON. Ids are hex, addresses are texts, times are ms since 1970.

mod account;
mod calendar;
mod calls;
mod contacts;
mod files;
mod folder;
mod messages;
mod notes;
mod reports;
mod rooms;
mod search;
mod signals;
mod stream;

pub use account::{
    BrowserSession, Limit, Me, NewPassword, NewPhoto, NewSession, Notification, NotificationsRead, PeerLink, Rename,
    SignIn,
};
pub use calendar::{Answer, Date, DateBody, Days, Feed, NewAnswer, Occurrence, OccurrencesQuery, Times};
pub use calls::{
    Call, CallSignal, Calls, IceCandidate, IceServer, IceServers, InCall, JoinCall, LeaveCall, NewCall, NewCallSignal,
    RoomCalls, Shows,
};
pub use contacts::{Contact, NewContact, Overlay, OverlayChange, Reason, WhyNot, WhyNotDetail, WhyNotQuery};
pub use files::{Attachment, Erasure, File, FilePlace, FileQuery, FilesMoved, ImageSize, NewFile, Upload};
pub use folder::{Entry, EntryDeleted, EntryVersion, FolderQuery, NewEntry, NewName, NewPlace, NewVersion};
pub use messages::{
    Delivery, Edited, Event, Messages, MessagesQuery, NewMessage, NewText, Now, PendingItem, Posted, Quote, Reaction,
    TimelineItem, Trace,
};
pub use notes::{Comment, ItemsQuery, NewComment, NewNote, Note};
pub use reports::NewReport;
pub use rooms::{
    FileLimit, FormerMember, Invitation, Member, NewMembers, NewRole, NewRoom, Read, Room, RoomChange, RoomTool,
    ToolSwitches, You,
};
pub use search::{Finding, Findings, SearchQuery, SnippetPiece};
pub use signals::{
    PresenceSettings, Present, Reader, ReaderMoved, Readers, RoomPresence, SignalSwitches, Signals, Typing, TypingNow,
};
pub use stream::{
    Delivered, Hello, LinkChanged, MessagesFrame, PendingFrame, ProfileChanged, Refused, RoomLeft, RoomRead, Unplaced,
};
