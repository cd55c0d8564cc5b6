//! The limits that can refuse something, for clients to read instead of to know.

use super::{Context, caller::Caller, dto::Limit};
use crate::{api::paging::Page, model::limits};
use axum::Json;

/// Name, value, unit, and what it bounds.
const LIMITS: &[(&str, u64, &str, &str)] = &[
    ("message_text", limits::TEXT_BYTES_MAX as u64, "bytes", "the text of a message, as UTF-8"),
    ("message_mentions", limits::MENTIONS_MAX as u64, "items", "mentions in one message"),
    ("message_files", limits::FILES_PER_MESSAGE_MAX as u64, "items", "files of one message or note"),
    ("photo", limits::THUMBNAIL_SOURCE_BYTES_MAX, "bytes", "a picture that a photo is made of"),
    ("file_name", limits::FILE_NAME_BYTES_MAX as u64, "bytes", "the name of a file, as UTF-8"),
    ("files_waiting", limits::UPLOADS_PER_USER_MAX as u64, "uploads", "uploads of one user that are not posted yet"),
    ("uploads", limits::UPLOADS_PER_USER_PER_HOUR_MAX as u64, "per hour", "uploads that one user begins"),
    (
        "uploads_at_once",
        limits::UPLOADS_WRITING_PER_USER_MAX as u64,
        "uploads",
        "uploads of one user that are written at once",
    ),
    ("upload_age", limits::UPLOAD_KEPT_MS, "ms", "how long an upload that nothing happens to is kept"),
    (
        "files_awaited",
        limits::FILES_AWAITED_MAX as u64,
        "files",
        "files that are on their way from one partner organization",
    ),
    (
        "file_bytes_per_link",
        limits::FILE_BYTES_PER_LINK_PER_DAY_MAX,
        "bytes per day",
        "files that one partner organization may send",
    ),
    ("thumbnail_pixels", limits::THUMBNAIL_SOURCE_PIXELS_MAX, "pixels", "a picture of which a small one is made"),
    ("message_edits", limits::EDITS_PER_ITEM_MAX as u64, "edits", "edits of one message"),
    ("reaction_emoji", limits::EMOJI_PER_ITEM_MAX as u64, "items", "different emoji in the reactions to one item"),
    ("reactions", limits::REACTIONS_PER_ITEM_MAX as u64, "items", "reactions to one item, of all people"),
    ("note_title", limits::TITLE_CHARS_MAX as u64, "characters", "the title of a note or a date"),
    ("note_comments", limits::COMMENTS_PER_NOTE_MAX as u64, "comments", "comments under one note"),
    ("date_place", limits::PLACE_CHARS_MAX as u64, "characters", "the place of a date"),
    ("folder_depth", limits::FOLDER_DEPTH_MAX as u64, "subfolders", "subfolders within each other"),
    ("folder_versions", limits::VERSIONS_PER_ENTRY_MAX as u64, "versions", "versions of one file beside the first"),
    ("date_recurrence", limits::RECURRENCE_BYTES_MAX as u64, "bytes", "the rule of recurrence of a date"),
    ("date_occurrences", limits::OCCURRENCES_MAX as u64, "times", "occurrences of one date in one answer"),
    ("date_reminder", limits::REMINDER_MINUTES_MAX, "minutes", "how long before a date one can be reminded"),
    ("calendar_feeds", limits::FEEDS_PER_USER_MAX as u64, "feeds", "calendar feeds of one user; the oldest end"),
    ("request_body", limits::API_BODY_BYTES_MAX as u64, "bytes", "the body of a request"),
    ("idempotency_key", limits::IDEMPOTENCY_KEY_BYTES_MAX as u64, "bytes", "an idempotency key"),
    ("idempotency_key_memory", limits::IDEMPOTENCY_MS_MAX, "ms", "how long an idempotency key is remembered"),
    ("page_items", limits::PAGE_ITEMS_MAX as u64, "items", "one page of a list"),
    ("search_query", limits::SEARCH_QUERY_BYTES_MAX as u64, "bytes", "the words of a search, as UTF-8"),
    (
        "search_terms",
        limits::SEARCH_TERMS_MAX as u64,
        "terms",
        "the words of a search; characters of Chinese, Japanese and Korean count one by one",
    ),
    ("search_time", limits::SEARCH_MS_MAX, "ms", "how long one search may take"),
    ("searches_waiting", limits::SEARCHES_WAITING_MAX as u64, "requests", "searches that wait for their turn"),
    ("display_name", limits::DISPLAY_NAME_CHARS_MAX as u64, "characters", "a person's name"),
    ("room_name", limits::ROOM_NAME_CHARS_MAX as u64, "characters", "a room's name"),
    ("room_description", limits::DESCRIPTION_CHARS_MAX as u64, "characters", "a room's description"),
    ("overlay_field", limits::OVERLAY_CHARS_MAX as u64, "characters", "one field of the notes on a contact"),
    ("room_members", limits::MEMBERS_MAX as u64, "people", "the members of an external group"),
    ("room_members_per_add", limits::MEMBERS_PER_ADD_MAX as u64, "people", "people named in one request"),
    ("rooms_per_link", limits::ROOMS_PER_LINK_MAX as u64, "rooms", "rooms shared with one partner organization"),
    ("contact_adds", limits::CONTACT_ADDS_PER_USER_PER_HOUR_MAX as u64, "per hour", "contact adds of one user"),
    (
        "contact_adds_per_link",
        limits::CONTACT_ADDS_PER_LINK_PER_DAY_MAX as u64,
        "per day",
        "contact adds between two organizations, each direction",
    ),
    ("queued_records", limits::OUTBOX_RECORDS_MAX, "records", "what waits for one partner organization"),
    ("event_streams", limits::STREAMS_PER_USER_MAX as u64, "streams", "live event streams of one user at once"),
    ("sessions", limits::SESSIONS_PER_USER_MAX as u64, "sessions", "sessions and tokens of one user"),
    ("session_age", limits::SESSION_MS_MAX, "ms", "how long a session lasts"),
    ("password", limits::PASSWORD_BYTES_MAX as u64, "bytes", "a password; the shortest has 8"),
    (
        "sign_in_failures",
        limits::SIGN_IN_FAILURES_MAX as u64,
        "per 15 minutes",
        "failed sign-ins of one user, or from one address",
    ),
    ("connections", limits::API_CONNECTIONS_MAX as u64, "connections", "connections to the listener at once"),
    ("waiting_requests", limits::WRITER_QUEUE_MAX as u64, "requests", "writes that wait to be made durable"),
];

/// List all limits that can refuse something
#[utoipa::path(get, path = "/api/v1/limits", tag = "limits", responses((status = 200, body = Page<Limit>)))]
pub async fn list(axum::extract::State(context): Context, _: Caller) -> Json<Page<Limit>> {
    Json(all(context.engine.state().file_policy.bytes_max))
}

/// All of them, with the largest file that the admin permits; both APIs tell the same.
pub fn all(file_bytes_max: u64) -> Page<Limit> {
    let show = |(name, max, unit, what): &(&str, u64, &str, &str)| Limit {
        name: (*name).to_owned(),
        max: *max,
        unit: (*unit).to_owned(),
        what: (*what).to_owned(),
    };
    let file = ("file", file_bytes_max, "bytes", "one file; set by the admin");
    Page::whole(LIMITS.iter().chain([&file]).map(show).collect())
}
