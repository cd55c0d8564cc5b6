//! Every maximum of the daemon, with its unit in the name. What exceeds one gets a clean refusal.

/// Events of a part of an archive, bytes, so that it fits a request with the people of its room.
pub const ARCHIVE_PART_BYTES_MAX: usize = 16 * 1024;
/// Longest message text, bytes of UTF-8.
pub const TEXT_BYTES_MAX: usize = 16 * 1024;
/// Longest event as JSON, bytes.
pub const EVENT_BYTES_MAX: usize = 48 * 1024;
/// Longest record as JSON, bytes.
pub const RECORD_BYTES_MAX: usize = 64 * 1024;
/// Longest record that carries a whole room, as JSON, bytes: 500 members with the longest names fit.
pub const ROOM_STATE_BYTES_MAX: usize = 384 * 1024;
/// Most records in one envelope.
pub const ENVELOPE_RECORDS_MAX: usize = 512;
/// Largest envelope payload, bytes before base64.
pub const ENVELOPE_BYTES_MAX: usize = 1024 * 1024;
/// Largest request body on the federation listener: an envelope in base64 with its wrapping.
pub const FEDERATION_BODY_BYTES_MAX: usize = ENVELOPE_BYTES_MAX / 3 * 4 + 64 * 1024;
/// Largest request body on the client and admin listeners, bytes.
pub const API_BODY_BYTES_MAX: usize = 128 * 1024;
/// Deepest nesting of JSON that is taken from a peer.
pub const JSON_DEPTH_MAX: usize = 12;
/// Largest integer on the wire: what every JSON reader holds exactly.
pub const INTEGER_MAX: u64 = (1 << 53) - 1;
/// Most records that a receiver allows to be sent before its next ack.
pub const CREDIT_RECORDS_MAX: u64 = 4_096;
/// Most bytes of records that a receiver allows to be sent before its next ack.
pub const CREDIT_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// The same while the receiver serves its own people: what they wait behind stays short.
pub const CREDIT_SHARED_RECORDS: u64 = 128;
/// The same, bytes of records.
pub const CREDIT_SHARED_BYTES: u64 = 128 * 1024;
/// Somebody is being served for so long after they asked for something, milliseconds.
pub const SERVED_MS: u64 = 1_000;
/// An envelope that goes beyond the credit waits so long while people are being served, milliseconds.
pub const UNHEEDED_PAUSE_MS: u64 = 5_000;
/// Records of an envelope for which people do not wait: what they ask for is committed before it.
pub const LONG_ENVELOPE_RECORDS: usize = 16;
/// Smallest largest envelope that a daemon may ask for, bytes: the longest record fits.
pub const ENVELOPE_BYTES_MIN: usize = 512 * 1024;
/// Furthest that a peer's grant serial may jump in one step.
pub const GRANT_SERIAL_STEP_MAX: u64 = 1_000;
/// Fewest and most TLS pins and signing keys on a card.
pub const CARD_PINS_MAX: usize = 4;
/// Most signing keys on a card.
pub const CARD_SIGNING_KEYS_MAX: usize = 4;
/// Largest card file, bytes.
pub const CARD_BYTES_MAX: usize = 16 * 1024;

/// Time to connect to a peer, milliseconds.
pub const CONNECT_MS_MAX: u64 = 5_000;
/// Time for a TLS handshake, milliseconds.
pub const HANDSHAKE_MS_MAX: u64 = 5_000;
/// Time to the first byte of an answer or of a request on a fresh connection, milliseconds.
pub const FIRST_BYTE_MS_MAX: u64 = 15_000;
/// Time for one whole request, milliseconds.
pub const REQUEST_MS_MAX: u64 = 30_000;
/// Connections that one peer may hold to us.
pub const PEER_CONNECTIONS_MAX: usize = 8;
/// Largest header list on the federation listener, bytes.
pub const HEADER_BYTES_MAX: usize = 8 * 1024;
/// TLS handshakes at once on the federation listener.
pub const HANDSHAKES_AT_ONCE_MAX: usize = 64;
/// TLS handshakes per address and second.
pub const HANDSHAKES_PER_ADDRESS_PER_SECOND_MAX: u32 = 10;
/// TLS handshakes at once from one address: a peer's streams, its signals and the files that it fetches.
pub const HANDSHAKES_PER_ADDRESS_AT_ONCE_MAX: usize = 8;
/// TLS handshakes at once of addresses from which no peer has come since the start.
pub const STRANGERS_AT_ONCE_MAX: usize = 32;
/// TLS handshakes of such addresses in a second: what they cost stays a small share of one processor.
pub const STRANGERS_PER_SECOND_MAX: u32 = 100;
/// Addresses of one peer that are told apart from strangers: those from which it came last.
pub const PARTNER_ADDRESSES_MAX: usize = 16;
/// Client and admin connections at once.
pub const API_CONNECTIONS_MAX: usize = 8_192;

/// Contact adds per user and hour.
pub const CONTACT_ADDS_PER_USER_PER_HOUR_MAX: u32 = 30;
/// Contact adds per link and day, each direction.
pub const CONTACT_ADDS_PER_LINK_PER_DAY_MAX: u32 = 300;
/// Shared rooms per link.
pub const ROOMS_PER_LINK_MAX: usize = 10_000;
/// Members of one external group.
pub const MEMBERS_MAX: usize = 500;
/// Members named in one add.
pub const MEMBERS_PER_ADD_MAX: usize = 100;
/// Mentions in one message.
pub const MENTIONS_MAX: usize = 50;
/// Largest file when the admin sets no other maximum, bytes.
pub const FILE_BYTES_DEFAULT: u64 = 100 * 1024 * 1024;
/// Largest file that any admin can allow, bytes.
pub const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024 * 1024;
/// Longest name of a file, bytes of UTF-8.
pub const FILE_NAME_BYTES_MAX: usize = 200;
/// Longest media type, bytes.
pub const MEDIA_TYPE_BYTES_MAX: usize = 127;
/// Largest width or height of a picture that an event names, pixels.
pub const IMAGE_PIXELS_MAX: u32 = 1 << 20;
/// Media types and families in one list of an admin.
pub const MEDIA_RANGES_MAX: usize = 64;
/// Files of one message.
pub const FILES_PER_MESSAGE_MAX: usize = 10;
/// What crosses in one piece, and is asked for again after an interruption at most, bytes.
pub const FILE_CHUNK_BYTES: usize = 1024 * 1024;
/// Files that one link waits for; further ones are refused.
pub const FILES_AWAITED_MAX: usize = 10_000;
/// Files that are fetched from one peer at once.
pub const FETCHES_PER_PEER_MAX: usize = 3;
/// Pieces of files that one peer is read at once.
pub const FILE_READS_PER_PEER_MAX: usize = 4;
/// A file whose bytes were wrong so many times is not fetched again before a restart.
pub const FETCH_FAULTS_MAX: u32 = 3;
/// Bytes of files that one peer may send us in a day.
pub const FILE_BYTES_PER_LINK_PER_DAY_MAX: u64 = 64 * 1024 * 1024 * 1024;
/// Disk space that files leave free for the database, bytes; below it uploads get 507, and nothing is fetched.
pub const FILES_RESERVE_BYTES: u64 = 512 * 1024 * 1024;
/// Uploads of one user that are not finished, or finished and in no message yet.
pub const UPLOADS_PER_USER_MAX: usize = 128;
/// Uploads of one user that are written to at once.
pub const UPLOADS_WRITING_PER_USER_MAX: usize = 8;
/// Uploads that are written to at once; further requests wait. Each takes 2 MiB.
pub const UPLOADS_WRITING_MAX: usize = 32;
/// A request that sends nothing of its upload for this long ends, milliseconds.
pub const UPLOAD_IDLE_MS_MAX: u64 = 60_000;
/// Uploads of the whole org that are not finished, or finished and in no message yet.
pub const UPLOADS_MAX: usize = 4_096;
/// Uploads that one user begins in an hour.
pub const UPLOADS_PER_USER_PER_HOUR_MAX: u32 = 1_000;
/// An upload that nothing happens to, or that is in no message, is removed after this long, milliseconds.
pub const UPLOAD_KEPT_MS: u64 = 24 * 3_600_000;
/// Parts of files that a fetch has left behind are removed after this long, milliseconds.
pub const PART_KEPT_MS: u64 = 7 * 24 * 3_600_000;
/// Largest thumbnail, bytes.
pub const THUMBNAIL_BYTES_MAX: usize = 64 * 1024;
/// Largest photo of a person or a room, bytes: they are small pictures.
pub const PHOTO_BYTES_MAX: u64 = THUMBNAIL_BYTES_MAX as u64;
/// Longest side of a thumbnail, pixels.
pub const THUMBNAIL_PIXELS_MAX: u32 = 480;
/// Largest picture that a thumbnail is made of, pixels in all.
pub const THUMBNAIL_SOURCE_PIXELS_MAX: u64 = 40_000_000;
/// Largest picture that a thumbnail is made of, bytes of its file.
pub const THUMBNAIL_SOURCE_BYTES_MAX: u64 = 32 * 1024 * 1024;
/// Thumbnails that are made at once; each may take 160 MiB.
pub const THUMBNAILS_AT_ONCE_MAX: usize = 1;
/// How long somebody waits for a thumbnail, milliseconds.
pub const THUMBNAIL_MS_MAX: u64 = 10_000;
/// Longest emoji of a reaction, bytes of UTF-8; some are sequences of many code points.
pub const EMOJI_BYTES_MAX: usize = 32;
/// Different emoji in the reactions to one item.
pub const EMOJI_PER_ITEM_MAX: usize = 32;
/// Reactions to one item, of all people.
pub const REACTIONS_PER_ITEM_MAX: usize = 2_000;
/// Edits of one item.
pub const EDITS_PER_ITEM_MAX: usize = 100;
/// One's own messages can be edited and recalled for this long, milliseconds, unless the admin says otherwise.
pub const EDIT_WINDOW_MS_DEFAULT: u64 = 24 * 3_600_000;
/// Longest such time that an admin can set, milliseconds.
pub const EDIT_WINDOW_MS_MAX: u64 = 366 * 24 * 3_600_000;
/// Longest title of a note or a date, characters.
pub const TITLE_CHARS_MAX: usize = 100;
/// Longest place of a date, characters.
pub const PLACE_CHARS_MAX: usize = 200;
/// Comments under one note.
pub const COMMENTS_PER_NOTE_MAX: usize = 1_000;
/// Subfolders within each other in the folder of a room.
pub const FOLDER_DEPTH_MAX: usize = 16;
/// Versions of one file of a folder beside the first.
pub const VERSIONS_PER_ENTRY_MAX: usize = 100;
/// What was deleted from a folder can be brought back for this long, days, unless the admin says otherwise.
pub const FOLDER_KEPT_DAYS_DEFAULT: u64 = 30;
/// Longest such time, days.
pub const FOLDER_KEPT_DAYS_MAX: u64 = 366;
/// Unread events of a room up to which those that nobody reads, as reactions, are left out of their number.
pub const UNREAD_EXACT_MAX: u64 = 1_000;
/// Items that are looked at for one page of a tool's list.
pub const ITEMS_LOOKED_AT_MAX: usize = 2_000;
/// Longest name of a time zone, bytes.
pub const ZONE_NAME_BYTES_MAX: usize = 64;
/// Longest rule of recurrence, bytes.
pub const RECURRENCE_BYTES_MAX: usize = 200;
/// Occurrences of one date that are worked out at once.
pub const OCCURRENCES_MAX: u16 = 1_000;
/// Earliest reminder, minutes before a date: four weeks.
pub const REMINDER_MINUTES_MAX: u64 = 28 * 24 * 60;
/// Calendar feeds of one user; the oldest end first.
pub const FEEDS_PER_USER_MAX: usize = 64;
/// Longest quoted excerpt of a message that is answered, characters.
pub const QUOTE_CHARS_MAX: usize = 200;
/// Records that wait in one outbox before local users get 507.
pub const OUTBOX_RECORDS_MAX: u64 = 2_000_000;
/// Refused or undelivered submissions kept for their authors, ranges per room.
pub const UNPLACED_RANGES_MAX: usize = 256;
/// Rejects kept unsettled per stream before credit falls to zero.
pub const REJECTS_UNSETTLED_MAX: usize = 4_096;
/// Rejects named in one ack; the sender asks again for the rest.
pub const REJECTS_PER_ACK_MAX: usize = 1_024;

/// Shortest time that timelines can be kept, days.
pub const RETENTION_DAYS_MIN: u32 = 1;
/// Longest time that timelines can be kept, other than for ever, days.
pub const RETENTION_DAYS_MAX: u32 = 36_500;
/// Rooms that one step of retention looks at.
pub const RETENTION_ROOMS_PER_STEP: usize = 32;
/// Events that one step of retention or of an erasure reads.
pub const RETENTION_EVENTS_PER_STEP: usize = 512;
/// All rooms are looked through for what is too old this often, milliseconds.
pub const RETENTION_ROUND_MS: u64 = 10 * 60_000;
/// Reports of one user in an hour.
pub const REPORTS_PER_USER_PER_HOUR_MAX: usize = 20;
/// Legal holds in all.
pub const HOLDS_MAX: usize = 10_000;
/// Envelopes that are looked through for the one that carried a reported message.
pub const PROOF_ENVELOPES_MAX: usize = 65_536;

/// Longest line of an export, bytes: the largest envelope in base64 fits.
pub const EXPORT_LINE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Longest display name, characters.
pub const DISPLAY_NAME_CHARS_MAX: usize = 64;
/// Longest room name, characters.
pub const ROOM_NAME_CHARS_MAX: usize = 100;
/// Longest room description, characters.
pub const DESCRIPTION_CHARS_MAX: usize = 300;
/// Longest reason of a grant, characters.
pub const REASON_CHARS_MAX: usize = 300;
/// Longest field of a contact overlay, characters.
pub const OVERLAY_CHARS_MAX: usize = 200;

/// Commands that the writer commits as one group.
pub const GROUP_COMMANDS_MAX: usize = 256;
/// Commands that wait for the writer before callers get 503.
pub const WRITER_QUEUE_MAX: usize = 4_096;
/// Idempotency keys remembered in all; the oldest go first.
pub const IDEMPOTENCY_KEYS_MAX: usize = 131_072;
/// Idempotency keys are remembered this long, milliseconds.
pub const IDEMPOTENCY_MS_MAX: u64 = 24 * 3_600_000;
/// Longest idempotency key, bytes.
pub const IDEMPOTENCY_KEY_BYTES_MAX: usize = 128;
/// Largest row value in the store, bytes (larger pages would leave sled's synced file).
pub const ROW_BYTES_MAX: usize = 8 * 1024;
/// A packed log row is closed at this size, bytes.
pub const PACK_BYTES_MAX: usize = 6 * 1024;
/// A packed log row of this size is not opened again by a later commit, bytes: what is rewritten stays small.
pub const PACK_REOPEN_BYTES_MAX: usize = 1024;
/// Disk space that is kept free for what ends something, such as a revocation; below it users get 507, bytes.
pub const DISK_RESERVE_BYTES: u64 = 64 * 1024 * 1024;
/// Logs whose open row is kept in the writer's memory.
pub const OPEN_ROWS_MAX: usize = 1_024;
/// Journal entries are kept this long, milliseconds; a feed that is further behind starts anew.
pub const JOURNAL_KEPT_MS: u64 = 7 * 24 * 3_600_000;
/// Published batches kept in memory for live feeds, bytes.
pub const FEED_RING_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Event streams per user.
pub const STREAMS_PER_USER_MAX: usize = 16;
/// Largest page of any list.
pub const PAGE_ITEMS_MAX: usize = 200;
/// Page size when none is asked for.
pub const PAGE_ITEMS_DEFAULT: usize = 50;
/// Sessions and tokens per user.
pub const SESSIONS_PER_USER_MAX: usize = 64;
/// Failed sign-ins per user or address in the window before further ones are throttled.
pub const SIGN_IN_FAILURES_MAX: u32 = 10;
/// The window of failed sign-ins, milliseconds.
pub const SIGN_IN_WINDOW_MS: u64 = 15 * 60_000;
/// Sessions end after this long, milliseconds.
pub const SESSION_MS_MAX: u64 = 30 * 24 * 3_600_000;

/// An admin's session in a browser ends after this long, milliseconds.
pub const ADMIN_SESSION_MS_MAX: u64 = 12 * 3_600_000;
/// An open link without a sign of life for this long is shown as stale, milliseconds.
pub const STALE_AFTER_MS: u64 = 15 * 60_000;
/// A hello is sent about this often on an open link, milliseconds.
pub const HELLO_EVERY_MS: u64 = 5 * 60_000;
/// Backoff to an unreachable peer, first and last step, milliseconds.
pub const BACKOFF_MS_MIN: u64 = 250;
/// Longest backoff step, milliseconds.
pub const BACKOFF_MS_MAX: u64 = 60_000;
/// Hello probes on a refused link, shortest and longest pause, milliseconds.
pub const PROBE_MS_MIN: u64 = 5 * 60_000;
/// Longest pause between hello probes on a refused link, milliseconds.
pub const PROBE_MS_MAX: u64 = 15 * 60_000;
/// Acknowledged records stay in the outbox at least this long, milliseconds.
pub const OUTBOX_KEPT_MS_MIN: u64 = 7 * 24 * 3_600_000;
/// Acknowledged records leave the outbox after this long even if the peer reports no backup, milliseconds.
pub const OUTBOX_KEPT_MS_MAX: u64 = 30 * 24 * 3_600_000;
/// Runs of a peer's daemon that are remembered.
pub const RUNS_MAX: usize = 32;
/// Ended epochs that are remembered, so that their messages keep their delivery state and their ends can be sent again.
pub const ENDED_EPOCHS_MAX: usize = 64;
/// How far the number of an epoch can be ahead of the last one that is known, because epochs between were lost.
pub const EPOCHS_LOST_MAX: u64 = 1_000;
/// How often within [`RESTART_WINDOW_MS`] a peer may begin its stream anew without a new grant.
pub const RESTARTS_PER_DAY_MAX: usize = 4;
/// The time in which that is counted, milliseconds.
pub const RESTART_WINDOW_MS: u64 = 86_400_000;
/// Voids within [`VOID_WINDOW_MS`] that quarantine a link.
pub const VOIDS_PER_HOUR_MAX: u32 = 3;
/// Voids are counted this long, milliseconds.
pub const VOID_WINDOW_MS: u64 = 3_600_000;
/// Rooms that one step of the clean-up after a closed link handles.
pub const CLEANUP_ROOMS_PER_STEP: usize = 16;

/// Shortest new password, bytes of UTF-8.
pub const PASSWORD_BYTES_MIN: usize = 8;
/// Longest new password, bytes of UTF-8.
pub const PASSWORD_BYTES_MAX: usize = 1_024;
/// Passwords that are hashed at once; each takes 19 MiB.
pub const PASSWORDS_AT_ONCE_MAX: usize = 2;
/// Passwords that wait to be hashed before further ones are refused.
pub const PASSWORDS_WAITING_MAX: usize = 64;
/// Users and addresses whose failed sign-ins are remembered; the oldest go first.
pub const SIGN_IN_NAMES_MAX: usize = 16_384;
/// A comment is sent on a silent event stream this often, milliseconds.
pub const STREAM_PING_MS: u64 = 25_000;
/// Requests of one peer per second, over all its connections; twice as many in a burst.
pub const PEER_REQUESTS_PER_SECOND_MAX: u32 = 16_384;
/// What a refused request of a peer costs of that allowance, in requests.
pub const REFUSED_REQUEST_COST: u32 = 1_024;
/// Request bodies of one peer that are in memory at once.
pub const PEER_BODIES_MAX: usize = 2;
/// Envelopes in a row without valid proof or form after which that direction is held for [`PROBE_MS_MIN`].
pub const UNSOUND_ENVELOPES_MAX: u32 = 16;
/// Largest hello, grant or card on the federation listener with its wrapping, bytes.
pub const HELLO_BODY_BYTES_MAX: usize = 64 * 1024;
/// Largest question about rooms or records on the federation listener, bytes.
pub const QUESTION_BODY_BYTES_MAX: usize = 4 * 1024;
/// Pause of a sender whose credit is used up, milliseconds.
pub const CREDIT_PAUSE_MS: u64 = 1_000;
/// Hellos that one sending task may begin in a burst.
pub const HELLO_BURST_MAX: u32 = 16;
/// Pause between hellos when the burst is used up, milliseconds.
pub const HELLO_PAUSE_MS: u64 = 250;

/// Signals in one batch.
pub const SIGNALS_PER_BATCH_MAX: usize = 128;
/// Largest payload of a batch of signals, bytes: the longest signals fit.
pub const SIGNALS_BYTES_MAX: usize = 64 * 1024;
/// Largest batch of signals on the federation listener: its payload in base64 with its wrapping, bytes.
pub const SIGNALS_BODY_BYTES_MAX: usize = SIGNALS_BYTES_MAX / 3 * 4 + 8 * 1024;
/// Batches of signals that one peer may send a second; four times as many in a burst.
pub const SIGNAL_BATCHES_PER_SECOND_MAX: u32 = 32;
/// Pause between two batches to a peer, milliseconds: what comes meanwhile shares the next one.
pub const SIGNALS_PAUSE_MS: u64 = 50;
/// A batch that is not answered in this time has had its one chance, milliseconds.
pub const SIGNALS_ANSWER_MS_MAX: u64 = 5_000;
/// Somebody who typed and is not heard of types no longer, milliseconds.
pub const TYPING_MS: u64 = 6_000;
/// Word of going on typing is passed on only this often, milliseconds.
pub const TYPING_RENEW_MS: u64 = 2_000;
/// Who did nothing for this long is away, milliseconds.
pub const AWAY_AFTER_MS: u64 = 5 * 60_000;
/// Who has no event stream any more is offline after this time, milliseconds: streams are renewed.
pub const OFFLINE_AFTER_MS: u64 = 10_000;
/// A daemon that told somebody's presence lets hear of itself this often, milliseconds.
pub const PRESENCE_RENEW_MS: u64 = 30_000;
/// The presence of a partner's people is forgotten when their daemon was silent for this long, milliseconds.
pub const PRESENCE_MS: u64 = 90_000;
/// Read markers and presences kept of one peer's people, each; what is beyond them is not taken.
pub const SIGNALS_HELD_PER_PEER_MAX: usize = 65_536;
/// Signals that wait for one peer before its next session begins with a snapshot instead.
pub const SIGNALS_WAITING_MAX: usize = 4_096;
/// Signals that wait for one event stream before it is given a whole picture instead.
pub const SIGNALS_PER_STREAM_MAX: usize = 1_024;
/// Calls at once, of all people of the daemon.
pub const CALLS_MAX: usize = 1_024;
/// Calls at once with the people of one partner.
pub const CALLS_PER_LINK_MAX: usize = 512;
/// Calls that one person is in at once.
pub const CALLS_PER_USER_MAX: usize = 1;
/// People in one call at once; each one's browser connects to each other's.
pub const CALL_PEOPLE_MAX: usize = 8;
/// People who were rung by, or came into, one call.
pub const CALL_LEGS_MAX: usize = 64;
/// Calls that one person may start in a minute.
pub const CALL_STARTS_PER_MINUTE_MAX: usize = 12;
/// A call that nobody answers rings for this long, milliseconds.
pub const RING_MS: u64 = 45_000;
/// Who is left alone in a call of several people waits for others for this long, milliseconds.
pub const CALL_ALONE_MS: u64 = 60_000;
/// Who is in a call and whose device is silent for this long is out, milliseconds.
pub const CALL_SILENCE_MS: u64 = 30_000;
/// What a partner's daemon does not tell again of its people in calls, after it or the connection began anew, is over
/// after this time, milliseconds.
pub const CALL_UNSURE_MS: u64 = 10_000;
/// Descriptions and candidates that one person may send into one call in a second.
pub const CALL_SIGNALS_PER_SECOND_MAX: u32 = 100;
/// Descriptions and candidates that are not passed on within this time are dropped, milliseconds.
pub const CALL_SIGNAL_MS: u64 = 10_000;
/// Descriptions and candidates that wait for one peer; the oldest are dropped first.
pub const CALL_SIGNALS_WAITING_MAX: usize = 1_024;
/// Descriptions and candidates that wait for one event stream; the oldest are dropped first.
pub const CALL_SIGNALS_PER_STREAM_MAX: usize = 512;
/// Largest session description, bytes.
pub const SDP_BYTES_MAX: usize = 24 * 1024;
/// Longest ICE candidate, bytes.
pub const CANDIDATE_BYTES_MAX: usize = 512;
/// ICE candidates in one signal.
pub const CANDIDATES_PER_SIGNAL_MAX: usize = 16;
/// Longest call that a timeline tells of, milliseconds.
pub const CALL_MS_MAX: u64 = 7 * 24 * 3_600_000;
/// How long credentials for the relay hold, milliseconds.
pub const RELAY_CREDENTIAL_MS: u64 = 12 * 3_600_000;
/// STUN and TURN addresses, together.
pub const ICE_SERVERS_MAX: usize = 8;
/// Longest search, bytes of UTF-8.
pub const SEARCH_QUERY_BYTES_MAX: usize = 512;
/// Terms of one search.
pub const SEARCH_TERMS_MAX: usize = 32;
/// Words are told apart by so many characters.
pub const SEARCH_TERM_CHARS_MAX: usize = 64;
/// Different words that the beginning of a word may stand for.
pub const SEARCH_EXPANSIONS_MAX: u32 = 1_000;
/// Time for one search, milliseconds.
pub const SEARCH_MS_MAX: u64 = 2_000;
/// Searches at once.
pub const SEARCHES_AT_ONCE_MAX: usize = 2;
/// Searches that wait for their turn before further ones are refused.
pub const SEARCHES_WAITING_MAX: usize = 64;
/// What is shown of a text that was found, characters.
pub const SNIPPET_CHARS_MAX: usize = 240;
/// Documents that one commit of the search index takes at most.
pub const INDEX_DOCUMENTS_PER_COMMIT_MAX: usize = 50_000;
