//! What the client API takes and gives, as JSON. Ids are hex, addresses are texts, times are ms since 1970.

mod account;
mod contacts;
mod messages;
mod rooms;
mod signals;
mod stream;

pub use account::{Limit, Me, NewPassword, NewSession, Notification, NotificationsRead, PeerLink, Rename, SignIn};
pub use contacts::{Contact, NewContact, Overlay, OverlayChange, Reason, WhyNot, WhyNotDetail, WhyNotQuery};
pub use messages::{Delivery, Event, Messages, MessagesQuery, NewMessage, PendingItem, Posted, TimelineItem};
pub use rooms::{FormerMember, Invitation, Member, NewMembers, NewRole, NewRoom, Read, Room, RoomChange, You};
pub use signals::{
    PresenceSettings, Present, Reader, ReaderMoved, Readers, RoomPresence, SignalSwitches, Signals, Typing, TypingNow,
};
pub use stream::{
    Delivered, Hello, LinkChanged, MessagesFrame, PendingFrame, ProfileChanged, Refused, RoomLeft, RoomRead, Unplaced,
};
