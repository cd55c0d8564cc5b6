//! Logs and metrics: one subscriber and one recorder for the process. Neither ever holds what people wrote.

use crate::config::{LogConfig, LogFormat, check::parse_filter};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use std::{fmt::Write as _, io::IsTerminal as _, sync::Arc};
use tracing_subscriber::{
    EnvFilter, Layer, Registry, fmt,
    layer::{Layered, SubscriberExt},
    reload,
    util::SubscriberInitExt,
};

/// Upper bounds of all histograms that count seconds: from a cached read to a request that is about to be given up.
const SECONDS_BUCKETS: [f64; 12] = [0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5, 10.0];

/// Ticks of `/proc/self/stat` per second: fixed for user space on all of Linux's present architectures.
const PROC_TICKS_PER_S: f64 = 100.0;

type Filter = reload::Handle<EnvFilter, Registry>;

/// Why logs or metrics could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter directives are not understood.
    #[error("log.level is not understood: {0}")]
    Filter(String),
    /// Something else in the process logs or counts already.
    #[error("logging or metrics are set up already: {0}")]
    Present(String),
}

/// The handles that the daemon keeps: to change the level, and to render the metrics. Cheap to clone.
#[derive(Clone)]
pub struct Telemetry {
    filter: Option<Filter>,
    metrics: Arc<PrometheusHandle>,
}

impl Telemetry {
    /// Sets up logs to standard error and the process's metrics recorder.
    ///
    /// # Errors
    /// When the level is not understood, or another part of the process was first.
    pub fn install(log: &LogConfig) -> Result<Self, TelemetryError> {
        let filter = parse_filter(&log.level).map_err(|error| TelemetryError::Filter(error.to_string()))?;
        let (filter, handle) = reload::Layer::new(filter);
        let present = |error: &dyn std::fmt::Display| TelemetryError::Present(error.to_string());
        Registry::default().with(filter).with(lines(log.format)).try_init().map_err(|error| present(&error))?;
        let recorder = prometheus().build_recorder();
        let metrics = Arc::new(recorder.handle());
        metrics::set_global_recorder(recorder).map_err(|error| present(&error))?;
        Ok(Self { filter: Some(handle), metrics })
    }

    /// Handles that belong to nothing: for several daemons in one process, whose logs the test sets up.
    #[must_use]
    pub fn detached() -> Self {
        Self { filter: None, metrics: Arc::new(prometheus().build_recorder().handle()) }
    }

    /// Replaces the level of the logs.
    ///
    /// # Errors
    /// When the directives are not understood.
    pub fn set_level(&self, level: &str) -> Result<(), TelemetryError> {
        let parsed = parse_filter(level).map_err(|error| TelemetryError::Filter(error.to_string()))?;
        let Some(filter) = &self.filter else { return Ok(()) };
        filter.reload(parsed).map_err(|error| TelemetryError::Filter(error.to_string()))
    }

    /// All metrics of the process in Prometheus' text form.
    #[must_use]
    pub fn render(&self) -> String {
        let mut text = self.metrics.render();
        render_process(&mut text);
        text
    }

    /// Moves finished samples out of the way; wanted every few seconds.
    pub fn upkeep(&self) {
        self.metrics.run_upkeep();
    }
}

impl std::fmt::Debug for Telemetry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Telemetry").finish_non_exhaustive()
    }
}

type Filtered = Layered<reload::Layer<EnvFilter, Registry>, Registry>;

fn lines(format: LogFormat) -> Box<dyn Layer<Filtered> + Send + Sync> {
    let layer = fmt::layer().with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal());
    match format {
        LogFormat::Human => layer.with_target(false).boxed(),
        LogFormat::Json => layer.json().flatten_event(true).with_current_span(false).boxed(),
    }
}

fn prometheus() -> PrometheusBuilder {
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS_BUCKETS)
        .expect("the bounds are not empty")
}

/// What Prometheus expects of every process, read from `/proc`; what cannot be read is left out.
fn render_process(text: &mut String) {
    let mut line = |name: &str, kind: &str, value: f64| {
        writeln!(text, "# TYPE {name} {kind}\n{name} {value}").expect("a string takes everything");
    };
    if let Some(bytes) = resident_bytes() {
        line("process_resident_memory_bytes", "gauge", bytes);
    }
    if let Some(seconds) = processor_seconds() {
        line("process_cpu_seconds_total", "counter", seconds);
    }
    if let Ok(files) = std::fs::read_dir("/proc/self/fd") {
        line("process_open_fds", "gauge", f64::from(u32::try_from(files.count()).unwrap_or(u32::MAX)));
    }
}

fn resident_bytes() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: f64 = resident.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024.0)
}

fn processor_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The program's name stands in parentheses and may hold spaces; user and system time are fields 14 and 15.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<f64>().ok();
    Some((ticks()? + ticks()?) / PROC_TICKS_PER_S)
}

#[cfg(test)]
mod tests {
    use super::Telemetry;

    #[test]
    fn the_process_tells_its_memory_processor_time_and_files() {
        let text = Telemetry::detached().render();
        for name in ["process_resident_memory_bytes", "process_cpu_seconds_total", "process_open_fds"] {
            assert!(text.lines().any(|line| line.starts_with(name)), "{name} is missing in {text}");
        }
    }
}
