//! What the admin API takes and gives, as JSON. Ids are hex, times are milliseconds since 1970.

pub mod archives;
pub mod keeping;
mod rooms;

use crate::api::password::Password;
pub use rooms::{RoomView, RoomsQuery, VersionView};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// The daemon and all its links.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Status {
    /// Our domain.
    pub org: String,
    /// The daemon's version.
    pub version: String,
    /// All links are held until an admin confirms the own grants (after a restore).
    pub unconfirmed: bool,
    /// When the certificate of our federation listener ends, by its own words. Links do not end with it: keys are pinned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_not_after: Option<u64>,
    /// What ends by itself within thirty days, the soonest first.
    #[serde(default)]
    pub ending: Vec<Ending>,
    /// Links, by domain.
    pub peers: Vec<PeerStatus>,
}

/// Something that ends by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Ending {
    /// `our_grant` or `their_grant` (the link closes with it), `certificate` (of our federation listener) or
    /// `their_certificate` (links go on: keys are pinned), `client_certificate` (browsers will refuse it).
    pub what: String,
    /// With which partner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<String>,
    /// When.
    pub at: u64,
}

/// One link.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct PeerStatus {
    /// The peer's domain.
    pub peer: String,
    /// The name on its card.
    pub org_name: String,
    /// `pinned`, `opening`, `open`, `stale`, `closed_by_us`, `closed_by_them`, `recovering` or `quarantined`.
    pub state: String,
    /// Why nothing crosses, and who can change it; absent while something may.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Our grant for the peer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ours: Option<GrantView>,
    /// The peer's grant for us, as last heard.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub theirs: Option<GrantView>,
    /// The last authenticated sign of life.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_contact_at: Option<u64>,
    /// Records that the peer has not acknowledged.
    pub lag_records: u64,
    /// When the oldest of them was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oldest_queued_at: Option<u64>,
    /// The last time that the peer refused us.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_refusal: Option<RefusalView>,
    /// Set after a contradiction.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quarantine: Option<QuarantineView>,
    /// Set after a restore, until what was lost is back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery: Option<super::recovery::RecoveryView>,
    /// Rooms shared with the peer that are frozen: their two copies contradict each other.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub frozen_rooms: Vec<String>,
    /// Fingerprint of the peer's identity key, in groups to read aloud.
    pub fingerprint: String,
    /// The version of our card that the peer holds, as it said last; 0 before the first hello.
    pub seen_card: u64,
    /// The present epoch of the stream to the peer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epoch: Option<u64>,
    /// Where the peer's federation listener is reached.
    pub endpoints: Vec<String>,
    /// When the TLS certificate ends that the peer showed last; absent when there was no connection since the daemon began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_not_after: Option<u64>,
}

/// A grant as an admin reads it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GrantView {
    /// Its number.
    pub serial: u64,
    /// `active` or `revoked`.
    pub state: String,
    /// Whether it permits anything now: active, and its end not reached.
    pub in_force: bool,
    /// What may cross.
    pub scopes: Vec<String>,
    /// When it ends by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_after: Option<u64>,
    /// When it was issued.
    pub issued_at: u64,
    /// Why.
    pub reason: String,
}

/// A refusal by the peer.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct RefusalView {
    /// When.
    pub at: u64,
    /// What it said.
    pub what: String,
}

/// A contradiction that an admin has to decide on.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct QuarantineView {
    /// What was found.
    pub code: String,
    /// In a sentence.
    pub detail: String,
    /// Since when.
    pub at: u64,
    /// The documents that prove it.
    pub evidence: Vec<String>,
}

/// Signs the console in.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AdminSignIn {
    /// The admin token.
    pub token: String,
}

impl std::fmt::Debug for AdminSignIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AdminSignIn")
    }
}

/// Pins a peer.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PeerPin {
    /// The peer's card file: the DSSE object, or its text.
    #[schema(value_type = Object)]
    pub card: serde_json::Value,
    /// The fingerprint that the admin has compared with the peer's admin; spaces and dashes do not count.
    pub fingerprint: String,
}

/// Both grants of a link.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct GrantPair {
    /// The peer's domain.
    pub peer: String,
    /// The link's state.
    pub state: String,
    /// The serial to give as `expected_serial` with the next grant; 0 when none was ever given.
    pub serial: u64,
    /// Ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ours: Option<GrantView>,
    /// Theirs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub theirs: Option<GrantView>,
}

/// Turns our grant for a peer on or off.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GrantPut {
    /// `active` or `revoked`.
    pub state: String,
    /// What may cross: `contacts`, `messages`, `rooms`, `files`, `calls`; all when absent. Only with `active`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
    /// When it ends by itself. Only with `active`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_after: Option<u64>,
    /// The serial that the caller saw; another present one is a conflict. When absent, the present one is replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_serial: Option<u64>,
    /// Why, for both admins to read: up to 300 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The grant that stands now.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct GrantAnswer {
    /// Its number.
    pub serial: u64,
    /// The grant.
    pub grant: GrantView,
    /// The link's state now.
    pub state: String,
}

/// What a revocation would end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Consequences {
    /// The peer's domain.
    pub peer: String,
    /// Direct rooms that could no longer be written to.
    pub direct_rooms: u64,
    /// External groups that would lose one org's members.
    pub groups: u64,
    /// People of ours in any of these rooms.
    pub people_ours: u64,
    /// People of theirs in any of these rooms.
    pub people_theirs: u64,
    /// Records that have not reached the peer and would be marked as undelivered.
    pub queued_records: u64,
}

/// One of our users as an admin reads them.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct UserView {
    /// Name within the org.
    pub local: String,
    /// The whole address.
    pub address: String,
    /// What they are called.
    pub name: String,
    /// Whether they may sign in.
    pub active: bool,
    /// The choice under the policy `chosen`.
    pub chosen: bool,
    /// The switch for this user alone.
    pub external: bool,
    /// Whether they may send files to other organizations, as far as the policy for files lets anybody.
    pub files: bool,
    /// Whether they may use external messaging, all in all.
    pub permitted: bool,
    /// Whether a password is set.
    pub has_password: bool,
    /// When the account was made.
    pub created_at: u64,
}

/// Makes a user.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserCreate {
    /// Name within the org.
    pub local: String,
    /// What they are called.
    pub name: String,
    /// Password; without one they sign in by token only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<Password>,
}

/// Changes a user; what is absent stays.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserPatch {
    /// What they are called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether they may sign in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
    /// The choice under the policy `chosen`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chosen: Option<bool>,
    /// The switch for this user alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external: Option<bool>,
    /// Whether they may send files to other organizations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<bool>,
    /// New password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<Password>,
}

/// Issues a token for a user's programs.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenCreate {
    /// What it is for: 1 to 64 characters.
    pub label: String,
    /// How long it holds, milliseconds; 30 days when absent, which is also the most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_in_ms: Option<u64>,
}

/// A new token. It is shown this once.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct TokenAnswer {
    /// The secret.
    pub token: String,
    /// Whose.
    pub address: String,
    /// Until when it holds.
    pub ends_at: u64,
}

/// Who may use external messaging.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyView {
    /// `all` or `chosen`.
    pub audience: String,
    /// Whether new users are chosen from the start.
    pub newcomers: bool,
    /// How long users can edit and recall their own messages, milliseconds; stays as it is when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edit_window_ms: Option<u64>,
    /// Whether users can send and see read markers; stays as it is when absent, like the two below.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipts: Option<bool>,
    /// Whether they can see who types, and be seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub typing: Option<bool>,
    /// Whether they can see who is there, and be seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub presence: Option<bool>,
    /// Whether calls connect through the organization's relay only, so that partners learn no address of its people; stays
    /// as it is when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relay_only: Option<bool>,
    /// Tools that users may use in rooms: any of `note`, `calendar`, `folder`; stays as it is when absent. The partners
    /// are told, and a room shows whose rule keeps a tool off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tools: Option<Vec<String>>,
}

/// What files may be sent and taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FilePolicyView {
    /// Whether users may send files to other organizations.
    pub sending: bool,
    /// The largest file, bytes: 1 to 16 GiB.
    pub bytes_max: u64,
    /// The only media types that may cross, as `application/pdf` or `image/*`; all when empty.
    #[serde(default)]
    pub allowed: Vec<String>,
    /// Media types that may not.
    #[serde(default)]
    pub forbidden: Vec<String>,
    /// How long what users delete from the folders of rooms can be brought back, days: 0 to 366; stays as it is when
    /// absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder_kept_days: Option<u64>,
}

/// An audit entry.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct AuditView {
    /// Dense number from 1.
    pub seq: u64,
    /// When.
    pub at: u64,
    /// Who: `admin:NAME`, an address, `peer:DOMAIN` or `system`.
    pub actor: String,
    /// What.
    pub action: String,
    /// To what.
    pub subject: String,
    /// The refusal, if it was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Further facts.
    pub detail: String,
    /// Hash of the entry before.
    pub prev: String,
    /// Hash of this entry.
    pub hash: String,
}

/// Which audit entries are wanted.
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// Where the page starts: `next` of the page before; at the newest entry when absent.
    pub cursor: Option<String>,
    /// Entries a page, 1 to 200; 50 when absent.
    #[param(value_type = Option<u64>, minimum = 1, maximum = 200)]
    pub limit: Option<String>,
    /// Only by this actor.
    pub actor: Option<String>,
    /// Only this action, or those that begin with it, as `grant`.
    pub action: Option<String>,
    /// Only about this.
    pub subject: Option<String>,
    /// Not before this time.
    #[param(value_type = Option<u64>)]
    pub since: Option<String>,
    /// Before this time.
    #[param(value_type = Option<u64>)]
    pub until: Option<String>,
}

/// Whether the audit log's chain holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditVerdict {
    /// How many entries were read.
    pub entries: u64,
    /// Hash of the last entry: to be kept elsewhere, it proves later that nothing was taken away.
    pub head: String,
    /// Whether each entry names its forerunner's hash, none is missing, and the end is where the daemon has it.
    pub ok: bool,
    /// The first entry that does not fit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broken_at: Option<u64>,
}

/// For which pair an answer is wanted.
#[derive(Clone, Debug, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct WhyNotQuery {
    /// One of our users, by local part.
    pub user: String,
    /// An address of a partner.
    pub address: String,
    /// `contacts`, `messages`, `rooms`, `files` or `calls`; `messages` when absent.
    pub scope: Option<String>,
}

/// Health, for probes.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Health {
    /// `live`, `ready` or `not_ready`.
    pub status: String,
}

/// How the search index stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SearchIndex {
    /// What can be found.
    pub documents: u64,
    /// Positions of the journal that are not in the index yet.
    pub behind: u64,
    /// Whether it is being built from the database.
    pub building: bool,
}

/// What a backup is taken for.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewBackup {
    /// How many backups stay, this one included; all when absent.
    pub keep: Option<u32>,
}

/// A whole backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BackupView {
    /// Its directory's name.
    pub name: String,
    /// The last commit in it.
    pub commit: u64,
    /// When it was complete.
    pub taken_at: u64,
    /// Rows of the database.
    pub rows: u64,
    /// Files that people sent.
    pub files: u64,
    /// Bytes of both.
    pub bytes: u64,
}

/// A backup that is being taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BackupRunning {
    /// Its name.
    pub name: String,
    /// Rows copied so far.
    pub rows: u64,
}

/// How it stands with the backups.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BackupsView {
    /// The one that is being taken.
    pub running: Option<BackupRunning>,
    /// Why the last one failed, if it did.
    pub failed: Option<String>,
    /// Those that are whole, newest first.
    pub items: Vec<BackupView>,
}
