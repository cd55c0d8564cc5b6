//! What a scenario measured, as a row of the table or as one line of JSON.

use super::tally::Sums;
use crate::cli::{daemon::Memory, screen::Table};
use serde::Serialize;

/// The figures of one scenario.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Figures {
    /// Which.
    pub scenario: &'static str,
    /// How many messages were accepted.
    pub messages: usize,
    /// Messages a second, from the first POST until the last was shown to its last receiver.
    pub messages_per_s: f64,
    /// From the POST until shown to the last receiver: half of the messages, milliseconds. None where it says nothing.
    pub p50_ms: Option<f64>,
    /// The same: 99 of 100 messages.
    pub p99_ms: Option<f64>,
    /// Processor time of both daemons per 1,000 messages, seconds.
    pub cpu_s_per_1k: f64,
    /// Memory of the larger daemon a moment after the last message, MiB.
    pub rss_mb: f64,
    /// The most that it was meanwhile, MiB.
    pub rss_peak_mb: f64,
    /// Accepted and never shown, or gone from a timeline.
    pub lost: u64,
    /// Shown twice, or twice in a timeline.
    pub duplicated: u64,
    /// What else was seen.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub remark: String,
}

impl Figures {
    /// From the sums of a run that took `seconds`, in which the daemons spent `cpu_s`.
    #[must_use]
    pub fn new(scenario: &'static str, sums: &Sums, seconds: f64, cpu_s: f64, memory: Memory) -> Self {
        let measured = ratio(count(sums.latencies_us.len()), seconds);
        Self {
            scenario,
            messages: sums.accepted,
            messages_per_s: round(measured, 1.0),
            p50_ms: sums.percentile_ms(0.50).map(|ms| round(ms, 100.0)),
            p99_ms: sums.percentile_ms(0.99).map(|ms| round(ms, 100.0)),
            cpu_s_per_1k: round(ratio(cpu_s * 1000.0, count(sums.latencies_us.len())), 1000.0),
            rss_mb: round(memory.rss_mb, 10.0),
            rss_peak_mb: round(memory.rss_peak_mb, 10.0),
            lost: sums.accepted.saturating_sub(sums.complete) as u64,
            duplicated: sums.duplicated,
            remark: String::new(),
        }
    }

    /// The same with a remark.
    #[must_use]
    pub fn remark(mut self, remark: String) -> Self {
        self.remark = remark;
        self
    }
}

#[expect(clippy::cast_precision_loss, reason = "fewer than 2^52 messages")]
fn count(n: usize) -> f64 {
    n as f64
}

fn ratio(of: f64, by: f64) -> f64 {
    if by > 0.0 { of / by } else { 0.0 }
}

fn round(value: f64, steps: f64) -> f64 {
    (value * steps).round() / steps
}

/// The table of all scenarios.
#[must_use]
pub fn table(figures: &[Figures]) -> String {
    let headings = [
        "SCENARIO",
        "MESSAGES",
        "MESSAGES/S",
        "P50 MS",
        "P99 MS",
        "CPU-S/1000",
        "RSS MB",
        "PEAK MB",
        "LOST",
        "TWICE",
        "REMARK",
    ];
    let ms = |ms: Option<f64>| ms.map_or_else(|| "-".to_owned(), |ms| format!("{ms:.2}"));
    let table = Table::new(headings).rows(figures, |it| {
        [
            it.scenario.to_owned(),
            it.messages.to_string(),
            format!("{:.0}", it.messages_per_s),
            ms(it.p50_ms),
            ms(it.p99_ms),
            format!("{:.3}", it.cpu_s_per_1k),
            format!("{:.1}", it.rss_mb),
            format!("{:.1}", it.rss_peak_mb),
            it.lost.to_string(),
            it.duplicated.to_string(),
            it.remark.clone(),
        ]
    });
    table.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_the_names_of_the_readme() {
        let sums = Sums { accepted: 10, complete: 9, latencies_us: vec![1_234; 9], ..Sums::default() };
        let memory = Memory { rss_mb: 50.04, rss_peak_mb: 60.06 };
        let figures = Figures::new("closed", &sums, 3.0, 0.018, memory);
        let json = serde_json::to_value(&figures).expect("plain numbers");
        for (name, value) in [
            ("messages_per_s", 3.0),
            ("p50_ms", 1.23),
            ("p99_ms", 1.23),
            ("cpu_s_per_1k", 2.0),
            ("rss_mb", 50.0),
            ("rss_peak_mb", 60.1),
            ("lost", 1.0),
            ("duplicated", 0.0),
        ] {
            assert_eq!(json[name].as_f64(), Some(value), "{name}");
        }
        assert!(table(&[figures]).contains("closed"));
    }
}
