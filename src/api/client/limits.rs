//! The limits that can refuse something, for clients to read instead of to know.

use super::{Context, caller::Caller, dto::Limit};
use crate::{api::paging::Page, core::State, model::limits};
use axum::Json;

/// Name, value, unit, and what it bounds.
const LIMITS: &[(&str, u64, &str, &str)] = &[
    ("message_text", limits::TEXT_BYTES_MAX as u64, "bytes", "the text of a message, as UTF-8"),
    ("message_mentions", limits::MENTIONS_MAX as u64, "items", "mentions in one message"),
    ("message", limits::EVENT_BYTES_MAX as u64, "bytes", "a message with everything that belongs to it, as JSON"),
    ("reports", limits::REPORTS_PER_USER_PER_HOUR_MAX as u64, "per hour", "reports of one user"),
    ("report_reason", limits::REASON_CHARS_MAX as u64, "characters", "the reason of a report"),
    ("waiting_passwords", limits::PASSWORDS_WAITING_MAX as u64, "requests", "sign-ins that wait for their turn"),
    ("password_min", limits::PASSWORD_BYTES_MIN as u64, "bytes", "the shortest password"),
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
    ("emoji", limits::EMOJI_BYTES_MAX as u64, "bytes", "the emoji of a reaction, as UTF-8"),
    ("media_type", limits::MEDIA_TYPE_BYTES_MAX as u64, "bytes", "the media type of a file"),
    ("uploads_of_all", limits::UPLOADS_MAX as u64, "uploads", "uploads of all users that are not posted yet"),
    ("zone_name", limits::ZONE_NAME_BYTES_MAX as u64, "bytes", "the name of a date's time zone"),
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
    ("calls", limits::CALLS_MAX as u64, "calls", "calls at once, of everybody"),
    ("calls_per_link", limits::CALLS_PER_LINK_MAX as u64, "calls", "calls at once with one partner organization"),
    ("calls_per_user", limits::CALLS_PER_USER_MAX as u64, "calls", "calls that one is in at once"),
    ("call_starts", limits::CALL_STARTS_PER_MINUTE_MAX as u64, "per minute", "calls that one user starts"),
    ("call_people", limits::CALL_PEOPLE_MAX as u64, "people", "people in one call at once"),
    ("call_legs", limits::CALL_LEGS_MAX as u64, "people", "people who were rung by one call, or came into it"),
    ("ring", limits::RING_MS, "ms", "how long a call rings"),
    ("call_silence", limits::CALL_SILENCE_MS, "ms", "how long a device in a call may be silent before it is out"),
    (
        "call_signals",
        limits::CALL_SIGNALS_PER_SECOND_MAX as u64,
        "per second",
        "what one passes on to others in a call",
    ),
    ("call_description", limits::SDP_BYTES_MAX as u64, "bytes", "a session description (SDP) of a call"),
    ("call_candidate", limits::CANDIDATE_BYTES_MAX as u64, "bytes", "one ICE candidate of a call"),
    ("call_candidates", limits::CANDIDATES_PER_SIGNAL_MAX as u64, "items", "ICE candidates in one request"),
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
    Json(all(&context.engine.state()))
}

/// All of them, with those that the admin sets; both APIs tell the same.
pub fn all(state: &State) -> Page<Limit> {
    let show = |(name, max, unit, what): &(&str, u64, &str, &str)| Limit {
        name: (*name).to_owned(),
        max: *max,
        unit: (*unit).to_owned(),
        what: (*what).to_owned(),
    };
    let by_admin = [
        ("file", state.file_policy.bytes_max, "bytes", "one file; set by the admin"),
        ("edit_window", state.policy.edit_window_ms, "ms", "how long a message can be edited; set by the admin"),
    ];
    Page::whole(LIMITS.iter().chain(&by_admin).map(show).collect())
}

#[cfg(test)]
mod tests {
    //! Nothing refuses a user without being in the list.

    use super::*;
    use std::{collections::BTreeSet, fs, path::Path};

    /// Limits that refuse nothing of a user: they bound partners, admins, memory and pace.
    const OTHERS: &[&str] = &[
        "RECORD_BYTES_MAX",
        "ROOM_STATE_BYTES_MAX",
        "ENVELOPE_RECORDS_MAX",
        "ENVELOPE_BYTES_MAX",
        "FEDERATION_BODY_BYTES_MAX",
        "JSON_DEPTH_MAX",
        "INTEGER_MAX",
        "CREDIT_RECORDS_MAX",
        "CREDIT_BYTES_MAX",
        "ENVELOPE_BYTES_MIN",
        "GRANT_SERIAL_STEP_MAX",
        "CARD_PINS_MAX",
        "CARD_SIGNING_KEYS_MAX",
        "CARD_BYTES_MAX",
        "CONNECT_MS_MAX",
        "HANDSHAKE_MS_MAX",
        "FIRST_BYTE_MS_MAX",
        "REQUEST_MS_MAX",
        "PEER_CONNECTIONS_MAX",
        "HEADER_BYTES_MAX",
        "HANDSHAKES_AT_ONCE_MAX",
        "HANDSHAKES_PER_ADDRESS_PER_SECOND_MAX",
        "UNPLACED_RANGES_MAX",
        "REJECTS_UNSETTLED_MAX",
        "REJECTS_PER_ACK_MAX",
        "RETENTION_DAYS_MIN",
        "RETENTION_DAYS_MAX",
        "RETENTION_ROOMS_PER_STEP",
        "RETENTION_EVENTS_PER_STEP",
        "RETENTION_ROUND_MS",
        "HOLDS_MAX",
        "PROOF_ENVELOPES_MAX",
        "EXPORT_LINE_BYTES_MAX",
        "ARCHIVE_PART_BYTES_MAX",
        "GROUP_COMMANDS_MAX",
        "IDEMPOTENCY_KEYS_MAX",
        "ROW_BYTES_MAX",
        "PACK_BYTES_MAX",
        "PACK_REOPEN_BYTES_MAX",
        "DISK_RESERVE_BYTES",
        "OPEN_ROWS_MAX",
        "JOURNAL_KEPT_MS",
        "FEED_RING_BYTES_MAX",
        "PAGE_ITEMS_DEFAULT",
        "SIGN_IN_WINDOW_MS",
        "STALE_AFTER_MS",
        "HELLO_EVERY_MS",
        "BACKOFF_MS_MIN",
        "BACKOFF_MS_MAX",
        "PROBE_MS_MIN",
        "PROBE_MS_MAX",
        "OUTBOX_KEPT_MS_MIN",
        "OUTBOX_KEPT_MS_MAX",
        "RUNS_MAX",
        "ENDED_EPOCHS_MAX",
        "EPOCHS_LOST_MAX",
        "RESTARTS_PER_DAY_MAX",
        "RESTART_WINDOW_MS",
        "VOIDS_PER_HOUR_MAX",
        "VOID_WINDOW_MS",
        "CLEANUP_ROOMS_PER_STEP",
        "PASSWORDS_AT_ONCE_MAX",
        "SIGN_IN_NAMES_MAX",
        "STREAM_PING_MS",
        "PEER_REQUESTS_PER_SECOND_MAX",
        "REFUSED_REQUEST_COST",
        "PEER_BODIES_MAX",
        "UNSOUND_ENVELOPES_MAX",
        "HELLO_BODY_BYTES_MAX",
        "QUESTION_BODY_BYTES_MAX",
        "CREDIT_PAUSE_MS",
        "HELLO_BURST_MAX",
        "HELLO_PAUSE_MS",
        "FILE_BYTES_DEFAULT",
        "FILE_BYTES_MAX",
        "IMAGE_PIXELS_MAX",
        "MEDIA_RANGES_MAX",
        "FILE_CHUNK_BYTES",
        "FETCHES_PER_PEER_MAX",
        "FILE_READS_PER_PEER_MAX",
        "FETCH_FAULTS_MAX",
        "FILES_RESERVE_BYTES",
        "UPLOADS_WRITING_MAX",
        "UPLOAD_IDLE_MS_MAX",
        "PART_KEPT_MS",
        "THUMBNAIL_BYTES_MAX",
        "THUMBNAIL_PIXELS_MAX",
        "PHOTO_BYTES_MAX",
        "THUMBNAILS_AT_ONCE_MAX",
        "THUMBNAIL_MS_MAX",
        "EDIT_WINDOW_MS_DEFAULT",
        "EDIT_WINDOW_MS_MAX",
        "ADMIN_SESSION_MS_MAX",
        "FOLDER_KEPT_DAYS_DEFAULT",
        "FOLDER_KEPT_DAYS_MAX",
        "UNREAD_EXACT_MAX",
        "ITEMS_LOOKED_AT_MAX",
        "SIGNALS_PER_BATCH_MAX",
        "SIGNALS_BYTES_MAX",
        "SIGNALS_BODY_BYTES_MAX",
        "SIGNAL_BATCHES_PER_SECOND_MAX",
        "SIGNALS_PAUSE_MS",
        "SIGNALS_ANSWER_MS_MAX",
        "TYPING_MS",
        "TYPING_RENEW_MS",
        "AWAY_AFTER_MS",
        "OFFLINE_AFTER_MS",
        "PRESENCE_RENEW_MS",
        "PRESENCE_MS",
        "SIGNALS_HELD_PER_PEER_MAX",
        "SIGNALS_WAITING_MAX",
        "SIGNALS_PER_STREAM_MAX",
        "CALL_ALONE_MS",
        "CALL_UNSURE_MS",
        "CALL_SIGNAL_MS",
        "CALL_SIGNALS_WAITING_MAX",
        "CALL_SIGNALS_PER_STREAM_MAX",
        "CALL_MS_MAX",
        "RELAY_CREDENTIAL_MS",
        "ICE_SERVERS_MAX",
        "SEARCH_TERM_CHARS_MAX",
        "SEARCH_EXPANSIONS_MAX",
        "SEARCHES_AT_ONCE_MAX",
        "SNIPPET_CHARS_MAX",
        "INDEX_DOCUMENTS_PER_COMMIT_MAX",
        "QUOTE_CHARS_MAX",
        "CREDIT_SHARED_RECORDS",
        "CREDIT_SHARED_BYTES",
        "SERVED_MS",
        "UNHEEDED_PAUSE_MS",
        "LONG_ENVELOPE_RECORDS",
        "HANDSHAKES_PER_ADDRESS_AT_ONCE_MAX",
        "STRANGERS_AT_ONCE_MAX",
        "STRANGERS_PER_SECOND_MAX",
        "PARTNER_ADDRESSES_MAX",
    ];

    fn is_shown(name: &str) -> bool {
        let list = include_str!("limits.rs").split("#[cfg(test)]").next().unwrap_or_default();
        list.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').any(|word| word == name)
    }

    #[test]
    fn every_limit_is_listed_or_is_known_to_refuse_nothing_of_a_user() {
        let source = include_str!("../../model/limits.rs");
        let names = source.lines().filter_map(|line| line.strip_prefix("pub const ")?.split(':').next());
        for name in names {
            let (shown, other) = (is_shown(name), OTHERS.contains(&name));
            assert!(shown != other, "{name}: list it here for clients, or among those that refuse nothing of a user");
        }
    }

    #[test]
    fn what_refusals_name_is_in_the_list() {
        let mut named = BTreeSet::new();
        collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut named);
        assert!(named.len() > 5, "{named:?}");
        for limit in named {
            assert!(
                LIMITS.iter().any(|(name, ..)| *name == limit),
                "a refusal names {limit}, which is not in the list"
            );
        }
    }

    /// The names in `.limit("…")` and `Reject::limit(code, "…"`.
    fn collect(dir: &Path, named: &mut BTreeSet<String>) {
        for path in fs::read_dir(dir).expect("readable").flatten().map(|entry| entry.path()) {
            if path.is_dir() {
                collect(&path, named);
                continue;
            }
            let text = fs::read_to_string(&path).expect("a source file is UTF-8");
            let calls = [".limit(", "Reject::limit("].into_iter().flat_map(|name| text.split(name).skip(1));
            for call in calls {
                let call = call.split(')').next().unwrap_or_default();
                let name =
                    call.split('"').nth(1).filter(|name| name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'));
                named.extend(name.filter(|name| !name.is_empty()).map(str::to_owned));
            }
        }
    }
}
