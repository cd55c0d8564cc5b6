//! The configuration file as it is written: strict about keys, silent about what they mean.

use serde::{Deserialize, Serialize};

/// The whole file.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct FileV1 {
    /// `[org]`
    pub org: OrgV1,
    /// `[dirs]`
    #[serde(default)]
    pub dirs: DirsV1,
    /// `[federation]`
    pub federation: FederationV1,
    /// `[client]`
    pub client: ClientV1,
    /// `[admin]`
    pub admin: AdminV1,
    /// `[store]`
    #[serde(default)]
    pub store: StoreV1,
    /// `[search]`
    #[serde(default)]
    pub search: SearchV1,
    /// `[calls]`
    #[serde(default)]
    pub calls: CallsV1,
    /// `[log]`
    #[serde(default)]
    pub log: LogV1,
    /// `[runtime]`
    #[serde(default)]
    pub runtime: RuntimeV1,
}

/// `[org]`: who we are.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct OrgV1 {
    /// The org's domain.
    pub domain: String,
    /// What people call it.
    pub name: String,
}

/// `[dirs]`: where things stand; relative to the configuration file.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct DirsV1 {
    /// The database.
    pub data: String,
    /// What people send each other: files.
    pub files: String,
    /// Keys, certificate, card and admin token.
    pub keys: String,
    /// The search index.
    pub search: String,
    /// Backups.
    pub backups: String,
}

/// `[federation]`: the public listener.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct FederationV1 {
    /// `ip:port`
    pub listen: String,
    /// `host:port` under which peers reach it; 1 to 4.
    pub advertise: Vec<String>,
}

/// `[client]`: the listener for people's programs.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ClientV1 {
    /// `ip:port`
    pub listen: String,
    /// PEM chain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_certificate: Option<String>,
    /// PEM private key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_key: Option<String>,
}

/// `[admin]`: the listener for admins.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct AdminV1 {
    /// `127.0.0.1:port`, `[::1]:port` or `unix:/path`.
    pub listen: String,
}

/// `[store]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct StoreV1 {
    /// Page cache of the database, MiB.
    pub cache_mib: u64,
}

/// `[search]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct SearchV1 {
    /// Whether people can search their rooms.
    pub enabled: bool,
    /// Memory in which the index is written, MiB.
    pub memory_mib: u64,
}

/// `[calls]`: how browsers find each other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct CallsV1 {
    /// `stun:host:port`
    pub stun: Vec<String>,
    /// `turn:host:port?transport=udp` or `turns:host:port`
    pub turn: Vec<String>,
    /// The file with the relay's `static-auth-secret`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub turn_secret: Option<String>,
}

/// `[log]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogV1 {
    /// `human` or `json`.
    pub format: String,
    /// A level, or directives like `info,handclasp::federation=debug`.
    pub level: String,
}

/// `[runtime]`
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct RuntimeV1 {
    /// Threads beside the writer; the number of processors when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub worker_threads: Option<u64>,
}

impl Default for DirsV1 {
    fn default() -> Self {
        let [data, files, keys, search, backups] = ["data", "files", "keys", "search", "backups"].map(str::to_owned);
        Self { data, files, keys, search, backups }
    }
}

impl Default for StoreV1 {
    fn default() -> Self {
        Self { cache_mib: 16 }
    }
}

impl Default for SearchV1 {
    fn default() -> Self {
        Self { enabled: true, memory_mib: 16 }
    }
}

impl Default for LogV1 {
    fn default() -> Self {
        Self { format: "human".to_owned(), level: "info".to_owned() }
    }
}
