//! Configuration: a strict file becomes a value in which everything is checked, before any port is bound.
//!
//! SIGHUP reads the file again; of its keys only `log.level` and the contents of the TLS files take effect without a
//! restart (`Config::needs_restart` tells).

pub mod check;
pub mod file;
#[cfg(test)]
mod tests;

use crate::model::{Domain, text::DisplayName};
use std::{
    fmt,
    net::SocketAddr,
    path::{Path, PathBuf},
};

/// The names of the files in the keys directory.
pub mod key_file {
    /// The identity key; may be kept offline.
    pub const IDENTITY: &str = "identity.key";
    /// The signing key.
    pub const SIGNING: &str = "signing.key";
    /// The federation listener's TLS key.
    pub const TLS_KEY: &str = "tls.key";
    /// The federation listener's certificate.
    pub const TLS_CERTIFICATE: &str = "tls.crt";
    /// The next TLS key with its certificate, known to partners before it is used. The daemon does not read it.
    pub const TLS_NEXT: &str = "tls.next.pem";
    /// The org's signed card.
    pub const CARD: &str = "card.json";
}

/// The checked configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Our domain.
    pub domain: Domain,
    /// What people call our org.
    pub name: DisplayName,
    /// The database directory.
    pub data_dir: PathBuf,
    /// The directory of files.
    pub files_dir: PathBuf,
    /// Where backups go.
    pub backups_dir: PathBuf,
    /// Where keys, certificate, card and admin token stand.
    pub keys: KeyFiles,
    /// The federation listener.
    pub federation: FederationConfig,
    /// The client listener.
    pub client: ClientConfig,
    /// The admin listener.
    pub admin: AdminAddress,
    /// Page cache of the database, bytes.
    pub cache_bytes: u64,
    /// The search index.
    pub search: SearchConfig,
    /// How browsers find each other in calls.
    pub calls: CallsConfig,
    /// Logging.
    pub log: LogConfig,
    /// Threads beside the writer.
    pub worker_threads: usize,
}

/// The federation listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FederationConfig {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Under which `host:port` peers reach it.
    pub advertise: Vec<String>,
}

/// The client listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientConfig {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Certificate and key; none for plain HTTP on loopback.
    pub tls: Option<TlsFiles>,
}

/// A PEM certificate chain and its PEM key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The chain.
    pub certificate: PathBuf,
    /// The key.
    pub key: PathBuf,
}

/// Where the admin listener stands: never reachable from another machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AdminAddress {
    /// A loopback address.
    Loopback(SocketAddr),
    /// A Unix socket.
    Unix(PathBuf),
}

/// The search index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchConfig {
    /// Whether people can search their rooms.
    pub is_enabled: bool,
    /// Where it stands.
    pub dir: PathBuf,
    /// Memory in which it is written, bytes.
    pub memory_bytes: u64,
}

/// How browsers find each other in calls.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallsConfig {
    /// `stun:` addresses.
    pub stun: Vec<String>,
    /// `turn:` and `turns:` addresses.
    pub turn: Vec<String>,
    /// The file with the relay's secret.
    pub turn_secret: Option<PathBuf>,
}

/// Logging.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogConfig {
    /// How lines look.
    pub format: LogFormat,
    /// Level or filter directives.
    pub level: String,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Human,
    /// One JSON object a line.
    Json,
}

/// Where a key file is: handed over by systemd, or in the keys directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyFiles {
    /// The keys directory.
    pub dir: PathBuf,
    /// `$CREDENTIALS_DIRECTORY`; a file that is there comes before the one in `dir`.
    pub credentials: Option<PathBuf>,
}

impl KeyFiles {
    /// The path of a key file by its name.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        let handed_over = self.credentials.as_ref().map(|dir| dir.join(name)).filter(|path| path.is_file());
        handed_over.unwrap_or_else(|| self.dir.join(name))
    }
}

/// One thing that is wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// Which key, as `table.key`; empty when the whole file is meant.
    pub key: String,
    /// What is wrong, and what is allowed.
    pub text: String,
}

/// Why a configuration is not taken: everything that is wrong with it at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// The file.
    pub file: PathBuf,
    /// What is wrong.
    pub complaints: Vec<Complaint>,
}

impl std::error::Error for ConfigError {}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the configuration {} cannot be used:", self.file.display())?;
        for complaint in &self.complaints {
            match complaint.key.as_str() {
                "" => write!(f, "\n  {}", complaint.text)?,
                key => write!(f, "\n  {key}: {}", complaint.text)?,
            }
        }
        Ok(())
    }
}

impl Config {
    /// Reads and checks a configuration file; relative paths in it count from its directory.
    ///
    /// # Errors
    /// Everything that is wrong, by key.
    pub fn load(file: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(file).map_err(|error| ConfigError {
            file: file.to_owned(),
            complaints: vec![Complaint { key: String::new(), text: format!("cannot be read: {error}") }],
        })?;
        let base = file.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let credentials = std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
        Self::parse(&text, base, credentials).map_err(|complaints| ConfigError { file: file.to_owned(), complaints })
    }

    /// Checks the text of a configuration file that stands in `base`.
    ///
    /// # Errors
    /// Everything that is wrong, by key.
    pub fn parse(text: &str, base: &Path, credentials: Option<PathBuf>) -> Result<Self, Vec<Complaint>> {
        let file: file::FileV1 = toml::from_str(text).map_err(|error| vec![complaint_of(text, &error)])?;
        check::check(&file, base, credentials)
    }

    /// The keys in which a newer configuration differs and that only a restart brings into effect.
    #[must_use]
    pub fn needs_restart(&self, newer: &Self) -> Vec<&'static str> {
        let differs = [
            ("org.domain", self.domain != newer.domain),
            ("org.name", self.name != newer.name),
            ("dirs.data", self.data_dir != newer.data_dir),
            ("dirs.files", self.files_dir != newer.files_dir),
            ("dirs.backups", self.backups_dir != newer.backups_dir),
            ("dirs.keys", self.keys != newer.keys),
            ("federation.listen", self.federation.listen != newer.federation.listen),
            ("federation.advertise", self.federation.advertise != newer.federation.advertise),
            ("client", self.client != newer.client),
            ("admin.listen", self.admin != newer.admin),
            ("store.cache_mib", self.cache_bytes != newer.cache_bytes),
            ("search", self.search != newer.search),
            ("calls", self.calls != newer.calls),
            ("log.format", self.log.format != newer.log.format),
            ("runtime.worker_threads", self.worker_threads != newer.worker_threads),
        ];
        differs.into_iter().filter_map(|(key, differs)| differs.then_some(key)).collect()
    }
}

/// The parser's complaint, with the key at the place that it points to.
fn complaint_of(text: &str, error: &toml::de::Error) -> Complaint {
    let message = error.message().replace('\n', " ");
    match error.span().and_then(|span| text.get(..span.start).map(|before| (before, span.start))) {
        Some((before, start)) => {
            let line = before.matches('\n').count() + 1;
            Complaint { key: key_at(text, before, start), text: format!("{message} (line {line})") }
        }
        None => Complaint { key: String::new(), text: message },
    }
}

fn key_at(text: &str, before: &str, start: usize) -> String {
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let line = text[line_start..].lines().next().unwrap_or_default();
    let header = |line: &str| line.trim().strip_prefix('[').and_then(|rest| rest.split(']').next()).map(str::to_owned);
    if let Some(table) = header(line) {
        return table;
    }
    let table = text[..start].lines().rev().find_map(header);
    let key = line.split('=').next().unwrap_or_default().trim();
    match table {
        Some(table) => format!("{table}.{key}"),
        None => key.to_owned(),
    }
}
