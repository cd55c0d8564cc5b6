//! The named segments of paths, for the API document; handlers parse them with [`crate::api::field::Segments`].

use utoipa::IntoParams;

/// A room's path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "read by the document only")]
pub struct RoomPath {
    /// The room's id: 32 hex characters.
    room: String,
}

/// A call's path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "read by the document only")]
pub struct CallPath {
    /// The call's id: 32 hex characters.
    call: String,
}

/// The path of an event in a room.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "read by the document only")]
pub struct MessagePath {
    /// The room's id: 32 hex characters.
    room: String,
    /// The index of the event that made the item.
    index: u64,
}

/// The path of an item of a tool.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "read by the document only")]
pub struct ItemPath {
    /// The room's id: 32 hex characters.
    room: String,
    /// The index of the event that made it.
    index: u64,
}

/// The path of a calendar feed.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "read by the document only")]
pub struct FeedPath {
    /// The secret.
    secret: String,
}

/// The path of a comment.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "read by the document only")]
pub struct CommentPath {
    /// The room's id: 32 hex characters.
    room: String,
    /// The index of the note.
    index: u64,
    /// The index of the comment.
    comment: u64,
}

/// The path of one's reaction to an item.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "read by the document only")]
pub struct ReactionPath {
    /// The room's id: 32 hex characters.
    room: String,
    /// The index of the event that made the item.
    index: u64,
    /// One emoji of up to 32 bytes, percent-encoded.
    emoji: String,
}

/// A person's path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "read by the document only")]
pub struct PersonPath {
    /// The person's address.
    address: String,
}

/// An upload's path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "read by the document only")]
pub struct UploadPath {
    /// The upload's id: 32 hex characters.
    upload: String,
}

/// A file's path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "read by the document only")]
pub struct FilePath {
    /// The room's id: 32 hex characters.
    room: String,
    /// The file's SHA-256: 64 hex characters.
    digest: String,
}
