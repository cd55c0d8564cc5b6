//! What each key of the configuration file must be. All complaints are gathered, so that one reading is enough.

use super::{
    AdminAddress, CallsConfig, ClientConfig, Complaint, Config, FederationConfig, KeyFiles, LogConfig, LogFormat,
    SearchConfig, TlsFiles,
    file::{CallsV1, ClientV1, FileV1},
};
use crate::model::{Domain, limits, org::is_endpoint, text::DisplayName};
use std::{
    fmt,
    net::SocketAddr,
    path::{Path, PathBuf},
};
use tracing_subscriber::{EnvFilter, filter::LevelFilter};

/// Smallest page cache, MiB.
pub const CACHE_MIB_MIN: u64 = 8;
/// Largest page cache, MiB.
pub const CACHE_MIB_MAX: u64 = 65_536;
/// Least memory of the search index, MiB.
pub const SEARCH_MIB_MIN: u64 = 16;
/// Most memory of the search index, MiB.
pub const SEARCH_MIB_MAX: u64 = 1_024;
/// Most worker threads.
pub const WORKER_THREADS_MAX: u64 = 64;

/// Why filter directives are not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("neither a level nor `target=level`")]
pub struct FilterError;

/// Filter directives in which each part is a level or `target=level`, so that a misspelt level is not taken for a target.
///
/// # Errors
/// When a part is neither.
pub fn parse_filter(text: &str) -> Result<EnvFilter, FilterError> {
    let is_known = |part: &str| part.contains('=') || part.parse::<LevelFilter>().is_ok();
    if text.is_empty() || !text.split(',').all(is_known) {
        return Err(FilterError);
    }
    EnvFilter::builder().parse(text).map_err(|_| FilterError)
}

struct Checker<'a> {
    base: &'a Path,
    complaints: Vec<Complaint>,
}

/// Checks a file; relative paths count from `base`.
///
/// # Errors
/// Everything that is wrong, by key.
pub fn check(file: &FileV1, base: &Path, credentials: Option<PathBuf>) -> Result<Config, Vec<Complaint>> {
    let mut checker = Checker { base, complaints: Vec::new() };
    let domain = checker.parse::<Domain>("org.domain", &file.org.domain);
    let name = checker.parse::<DisplayName>("org.name", &file.org.name);
    let data_dir = checker.path("dirs.data", &file.dirs.data);
    let files_dir = checker.path("dirs.files", &file.dirs.files);
    let backups_dir = checker.path("dirs.backups", &file.dirs.backups);
    let dir = checker.path("dirs.keys", &file.dirs.keys);
    let listen = checker.socket("federation.listen", &file.federation.listen);
    let advertise = checker.endpoints(&file.federation.advertise);
    let client = checker.client(&file.client);
    let admin = checker.admin(&file.admin.listen);
    let cache_mib = checker.within("store.cache_mib", file.store.cache_mib, CACHE_MIB_MIN, CACHE_MIB_MAX);
    let search = checker.search(file);
    let calls = checker.calls(&file.calls);
    let format = checker.log_format(&file.log.format);
    let level = checker.log_level(&file.log.level);
    let threads = checker.worker_threads(file.runtime.worker_threads);
    let complaints = checker.complaints;
    let checked = (|| {
        Some(Config {
            domain: domain?,
            name: name?,
            data_dir: data_dir?,
            files_dir: files_dir?,
            backups_dir: backups_dir?,
            keys: KeyFiles { dir: dir?, credentials },
            federation: FederationConfig { listen: listen?, advertise: advertise? },
            client: client?,
            admin: admin?,
            cache_bytes: cache_mib? << 20,
            search: search?,
            calls: calls?,
            log: LogConfig { format: format?, level: level? },
            worker_threads: threads?,
        })
    })();
    checked.filter(|_| complaints.is_empty()).ok_or(complaints)
}

impl Checker<'_> {
    fn complain<T>(&mut self, key: &str, text: impl fmt::Display) -> Option<T> {
        self.complaints.push(Complaint { key: key.to_owned(), text: text.to_string() });
        None
    }

    fn parse<T: std::str::FromStr<Err: fmt::Display>>(&mut self, key: &str, text: &str) -> Option<T> {
        text.parse().map_or_else(|error: T::Err| self.complain(key, error), Some)
    }

    fn path(&mut self, key: &str, text: &str) -> Option<PathBuf> {
        if text.is_empty() { self.complain(key, "must be a path") } else { Some(self.base.join(text)) }
    }

    fn socket(&mut self, key: &str, text: &str) -> Option<SocketAddr> {
        match text.parse() {
            Ok(address) => Some(address),
            Err(_) => self.complain(key, "must be an IP address and port, as 0.0.0.0:7443 or [::]:7443"),
        }
    }

    fn endpoints(&mut self, endpoints: &[String]) -> Option<Vec<String>> {
        const KEY: &str = "federation.advertise";
        if endpoints.is_empty() || endpoints.len() > limits::CARD_PINS_MAX {
            return self.complain(KEY, format_args!("must name 1 to {} addresses", limits::CARD_PINS_MAX));
        }
        match endpoints.iter().find(|endpoint| !is_endpoint(endpoint)) {
            Some(wrong) => {
                self.complain(KEY, format_args!("`{wrong}` must be a host and port, as bridge.acme.example:7443"))
            }
            None => Some(endpoints.to_vec()),
        }
    }

    fn client(&mut self, file: &ClientV1) -> Option<ClientConfig> {
        let listen = self.socket("client.listen", &file.listen)?;
        let tls = match (&file.tls_certificate, &file.tls_key) {
            (Some(certificate), Some(key)) => Some(TlsFiles {
                certificate: self.path("client.tls_certificate", certificate)?,
                key: self.path("client.tls_key", key)?,
            }),
            (None, None) => None,
            (Some(_), None) => return self.complain("client.tls_key", "is needed beside client.tls_certificate"),
            (None, Some(_)) => return self.complain("client.tls_certificate", "is needed beside client.tls_key"),
        };
        if tls.is_none() && !listen.ip().is_loopback() {
            return self.complain(
                "client.listen",
                "must be a loopback address (127.0.0.1 or [::1]) unless client.tls_certificate and client.tls_key are set",
            );
        }
        Some(ClientConfig { listen, tls })
    }

    fn admin(&mut self, text: &str) -> Option<AdminAddress> {
        const KEY: &str = "admin.listen";
        if let Some(path) = text.strip_prefix("unix:") {
            return self.path(KEY, path).map(AdminAddress::Unix);
        }
        match text.parse::<SocketAddr>() {
            Ok(address) if address.ip().is_loopback() => Some(AdminAddress::Loopback(address)),
            _ => self.complain(KEY, "must be 127.0.0.1:PORT, [::1]:PORT or unix:/path/to/socket"),
        }
    }

    fn within(&mut self, key: &str, value: u64, min: u64, max: u64) -> Option<u64> {
        if (min..=max).contains(&value) {
            Some(value)
        } else {
            self.complain(key, format_args!("must be between {min} and {max}"))
        }
    }

    fn search(&mut self, file: &FileV1) -> Option<SearchConfig> {
        let dir = self.path("dirs.search", &file.dirs.search);
        let memory_mib = file.search.memory_mib;
        let memory_mib = self.within("search.memory_mib", memory_mib, SEARCH_MIB_MIN, SEARCH_MIB_MAX);
        Some(SearchConfig { is_enabled: file.search.enabled, dir: dir?, memory_bytes: memory_mib? << 20 })
    }

    fn calls(&mut self, file: &CallsV1) -> Option<CallsConfig> {
        let stun = self.ice("calls.stun", &file.stun, &["stun:", "stuns:"])?;
        let turn = self.ice("calls.turn", &file.turn, &["turn:", "turns:"])?;
        let turn_secret = match &file.turn_secret {
            Some(path) => Some(self.path("calls.turn_secret", path)?),
            None if !turn.is_empty() => return self.complain("calls.turn_secret", "is needed beside calls.turn"),
            None => None,
        };
        Some(CallsConfig { stun, turn, turn_secret })
    }

    fn ice(&mut self, key: &str, addresses: &[String], schemes: &[&str]) -> Option<Vec<String>> {
        if addresses.len() > limits::ICE_SERVERS_MAX {
            return self.complain(key, format_args!("must name at most {} addresses", limits::ICE_SERVERS_MAX));
        }
        let fits = |address: &&String| {
            let host = schemes.iter().find_map(|scheme| address.strip_prefix(scheme));
            host.is_some_and(|host| !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_graphic()))
        };
        match addresses.iter().find(|address| !fits(address)) {
            Some(wrong) => self.complain(key, format_args!("`{wrong}` must begin with {}", schemes.join(" or "))),
            None => Some(addresses.to_vec()),
        }
    }

    fn log_format(&mut self, text: &str) -> Option<LogFormat> {
        match text {
            "human" => Some(LogFormat::Human),
            "json" => Some(LogFormat::Json),
            _ => self.complain("log.format", "must be `human` or `json`"),
        }
    }

    fn log_level(&mut self, text: &str) -> Option<String> {
        match parse_filter(text) {
            Ok(_) => Some(text.to_owned()),
            Err(_) => self.complain(
                "log.level",
                "must be `error`, `warn`, `info`, `debug` or `trace`, or directives like `info,handclasp::federation=debug`",
            ),
        }
    }

    fn worker_threads(&mut self, threads: Option<u64>) -> Option<usize> {
        let present = || std::thread::available_parallelism().map_or(2, usize::from);
        match threads {
            None => Some(present()),
            Some(threads) => self
                .within("runtime.worker_threads", threads, 1, WORKER_THREADS_MAX)
                .map(|threads| usize::try_from(threads).expect("at most 64")),
        }
    }
}
