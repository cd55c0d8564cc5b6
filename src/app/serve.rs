//! `handclasp serve` as a process: configuration, ports, signals, systemd, and the exit.

use super::{
    daemon::{Daemon, Faces, Keys, Parts, SearchPlace, StartError, TlsKey},
    files,
};
use crate::{
    backup::Places,
    clock::{SystemClock, SystemRandom},
    config::{AdminAddress, Config, SearchConfig},
    crypto::turn::IceServers,
    engine::Runs,
    files::{Dir, Work},
    model::Domain,
    net::{Listen, serve::ServerTls, stream::TcpDial},
    search::Place,
    shutdown::{DRAIN, Signals, Wish},
    store::disk::DiskKv,
    telemetry::Telemetry,
};
use sd_notify::NotifyState;
use serde::{Deserialize, Serialize};
use std::{
    fs,
    io::{self, Write as _},
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

/// How to serve.
#[derive(Clone, Debug)]
pub struct ServeOptions {
    /// The configuration file.
    pub config: PathBuf,
    /// Where to write the addresses once everything answers.
    pub ready_file: Option<PathBuf>,
}

/// Why the daemon ended, or never began.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The configuration or a key cannot be used: exit status 78.
    #[error("{0}")]
    Config(String),
    /// The store, the network or the system failed: exit status 70.
    #[error("{0}")]
    Fault(String),
}

impl From<StartError> for ServeError {
    fn from(error: StartError) -> Self {
        match error {
            StartError::Store(_) | StartError::Files(_) | StartError::Behind { .. } => Self::Fault(error.to_string()),
            StartError::Empty | StartError::Keys(_) | StartError::Tls(_) => Self::Config(error.to_string()),
        }
    }
}

/// Where a daemon answers: one JSON line on standard output, and the content of the ready file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ready {
    /// The org.
    pub org: Domain,
    /// The process.
    pub pid: u32,
    /// `ip:port` of the federation listener.
    pub federation: String,
    /// `ip:port` of the client listener.
    pub client: String,
    /// Whether the client listener speaks HTTPS.
    pub client_tls: bool,
    /// `ip:port` or `unix:/path` of the admin listener.
    pub admin: String,
}

/// Runs the daemon until it is asked to stop.
///
/// # Errors
/// Why it did not start, or could not go on.
pub fn serve(options: &ServeOptions) -> Result<(), ServeError> {
    let config = Config::load(&options.config).map_err(|error| ServeError::Config(error.to_string()))?;
    let telemetry = Telemetry::install(&config.log).map_err(|error| ServeError::Config(error.to_string()))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(config.worker_threads)
        .enable_all()
        .build()
        .map_err(|error| ServeError::Fault(format!("the runtime does not start: {error}")))?;
    let ended = runtime.block_on(run(config, options, telemetry));
    // What still runs here was cut off by the drain, or belongs to a store that failed.
    runtime.shutdown_background();
    ended
}

/// The daemon with what a reload needs.
struct Service {
    daemon: Daemon,
    config: Config,
    client_tls: Option<ServerTls>,
    telemetry: Telemetry,
}

async fn run(config: Config, options: &ServeOptions, telemetry: Telemetry) -> Result<(), ServeError> {
    let mut signals = Signals::install().map_err(|error| ServeError::Fault(format!("no signals: {error}")))?;
    let keys = files::load_keys(&config.keys)?;
    check_domain(&config, &keys)?;
    let client_tls = files::client_server_tls(&config)?;
    let kv = DiskKv::open(&config.data_dir, config.cache_bytes).map_err(StartError::Store)?;
    let faces = Faces {
        federation: files::bind("federation.listen", config.federation.listen).await?,
        client: files::bind("client.listen", config.client.listen).await?,
        client_tls: client_tls.clone(),
        admin: files::bind_admin(&config.admin).await?,
    };
    let ready = ready(&config, &faces);
    let disk = Dir::open(&config.files_dir).map_err(StartError::Files)?;
    let parts = parts(keys, (kv, disk), faces, &telemetry);
    let ice = files::ice_servers(&config.calls)?;
    let (search, backups) = (search_place(&config), Some(backup_places(&config)));
    let daemon = Daemon::start(Parts { search, backups, ice, ..parts })?;
    announce(&ready, options.ready_file.as_deref())?;
    let mut service = Service { daemon, config, client_tls, telemetry };
    loop {
        tokio::select! {
            error = service.daemon.failed() => {
                tracing::error!(%error, "the store failed; the process ends, and a restart reads what is durable");
                return Err(ServeError::Fault(error.to_string()));
            }
            wish = signals.next() => match wish {
                Wish::Reload => service.reload(&options.config).await,
                Wish::Stop => break,
            },
        }
    }
    tracing::info!("stopping");
    notify(&[NotifyState::Stopping]);
    service.daemon.drain(DRAIN).await;
    if let Some(path) = &options.ready_file {
        // A stale ready file would name ports that nobody listens on; one that is gone already is as good.
        let _ = fs::remove_file(path);
    }
    tracing::info!("stopped");
    Ok(())
}

fn check_domain(config: &Config, keys: &Keys) -> Result<(), ServeError> {
    let card = &keys.card.card.domain;
    if *card == config.domain {
        return Ok(());
    }
    let text = format!("org.domain is {}, and the card is of {card}; a domain is fixed after `init`", config.domain);
    Err(ServeError::Config(text))
}

fn parts(keys: Keys, (kv, disk): (DiskKv, Dir), faces: Faces, telemetry: &Telemetry) -> Parts {
    let (upkeep, render) = (telemetry.clone(), telemetry.clone());
    let is_watched = sd_notify::watchdog_enabled().is_some();
    Parts {
        keys,
        kv: Arc::new(kv),
        files: (Arc::new(disk), Work::Threads),
        clock: Arc::new(SystemClock),
        random: Box::new(|| Box::new(SystemRandom)),
        dial: Arc::new(TcpDial),
        faces,
        runs: Runs::Thread,
        search: None,
        backups: None,
        ice: IceServers::default(),
        beat: Box::new(move || {
            upkeep.upkeep();
            if is_watched {
                notify(&[NotifyState::Watchdog]);
            }
        }),
        metrics: Box::new(move || render.render()),
    }
}

fn backup_places(config: &Config) -> Places {
    Places { backups: config.backups_dir.clone(), files: config.files_dir.clone() }
}

fn search_place(config: &Config) -> Option<SearchPlace> {
    let SearchConfig { is_enabled, dir, memory_bytes } = &config.search;
    is_enabled.then(|| SearchPlace { place: Place::Directory(dir.clone()), memory_bytes: *memory_bytes })
}

fn ready(config: &Config, faces: &Faces) -> Ready {
    let bound =
        |listener: &dyn Listen, configured: SocketAddr| listener.local_address().unwrap_or(configured).to_string();
    Ready {
        org: config.domain.clone(),
        pid: std::process::id(),
        federation: bound(&*faces.federation, config.federation.listen),
        client: bound(&*faces.client, config.client.listen),
        client_tls: config.client.tls.is_some(),
        admin: match &config.admin {
            AdminAddress::Unix(path) => format!("unix:{}", path.display()),
            AdminAddress::Loopback(address) => bound(&*faces.admin, *address),
        },
    }
}

/// Tells whoever waits: the starter by standard output, tests by the file, systemd by its socket.
fn announce(ready: &Ready, file: Option<&Path>) -> Result<(), ServeError> {
    let line = serde_json::to_string(ready).expect("texts and a number are always JSON");
    if let Some(path) = file {
        write_whole(path, &line)
            .map_err(|error| ServeError::Fault(format!("cannot write {}: {error}", path.display())))?;
    }
    // Whoever started the daemon may have closed its standard output; that is no reason to end.
    let _ = writeln!(io::stdout(), "{line}");
    let _ = io::stdout().flush();
    tracing::info!(org = %ready.org, federation = ready.federation, client = ready.client, admin = ready.admin, "ready");
    notify(&[NotifyState::Ready, NotifyState::Status("serving")]);
    Ok(())
}

/// Readers see the whole file or none.
fn write_whole(path: &Path, text: &str) -> io::Result<()> {
    let draft = path.with_extension("new");
    fs::write(&draft, format!("{text}\n"))?;
    fs::rename(draft, path)
}

/// Without systemd there is nobody to tell.
fn notify(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "systemd could not be told");
    }
}

impl Service {
    /// Brings into effect what needs no restart. What is wrong is logged, and everything stays as it is.
    async fn reload(&mut self, file: &Path) {
        if let Ok(now) = NotifyState::monotonic_usec_now() {
            notify(&[NotifyState::Reloading, now]);
        }
        match self.try_reload(file).await {
            Ok(()) => tracing::info!("reloaded"),
            Err(error) => tracing::error!(%error, "not reloaded; everything stays as it was"),
        }
        notify(&[NotifyState::Ready]);
    }

    async fn try_reload(&mut self, file: &Path) -> Result<(), ServeError> {
        let newer = Config::load(file).map_err(|error| ServeError::Config(error.to_string()))?;
        for key in self.config.needs_restart(&newer) {
            tracing::warn!(key, "differs from what runs; a restart brings it into effect");
        }
        let keys = files::load_keys(&self.config.keys)?;
        let client_tls = self.config.client.tls.as_ref().map(files::load_client_tls).transpose()?;
        let unusable = |error: crate::net::tls::TlsError| ServeError::Config(error.to_string());
        let card = keys.card.card.version;
        let tls_key = self.daemon.reload(keys).await?;
        if let (Some(tls), Some(identity)) = (&self.client_tls, &client_tls) {
            tls.reload(identity).map_err(unusable)?;
        }
        self.telemetry.set_level(&newer.log.level).map_err(|error| ServeError::Config(error.to_string()))?;
        self.config.log = newer.log;
        match tls_key {
            TlsKey::InUse(pin) => tracing::info!(card, tls_pin = %pin, "keys and card are in use"),
            TlsKey::Waits(pin) => tracing::warn!(
                card,
                tls_pin = %pin,
                "the card is in use, and the TLS key is not: partners learn its pin from this card; reload again later"
            ),
        }
        Ok(())
    }
}
