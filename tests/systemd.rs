//! The unit files: what the documents promise stands in them, and systemd's own tools accept them.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

const UNITS: [&str; 2] = ["handclasp.service", "handclasp@.service"];
/// The highest exposure that `systemd-analyze security` may report.
const EXPOSURE_MAX: f64 = 1.5;

fn unit_path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("systemd").join(name)
}

fn read(name: &str) -> String {
    fs::read_to_string(unit_path(name)).expect("the unit file is part of the tree")
}

fn settings(text: &str) -> HashMap<&str, Vec<&str>> {
    let mut settings: HashMap<&str, Vec<&str>> = HashMap::new();
    for (key, value) in text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once('=')) {
        settings.entry(key).or_default().push(value);
    }
    settings
}

fn is_missing(tool: &str) -> bool {
    let missing = Command::new(tool).arg("--version").output().is_err();
    if missing {
        eprintln!("skipped: {tool} is not installed");
    }
    missing
}

#[test]
fn the_units_hold_what_the_documents_promise() {
    let promised = [
        ("Type", "notify"),
        ("WatchdogSec", "30"),
        ("TimeoutStopSec", "15"),
        ("Restart", "on-failure"),
        ("RestartPreventExitStatus", "78"),
        ("ExecReload", "/usr/bin/kill -HUP $MAINPID"),
        ("StateDirectoryMode", "0700"),
        ("ProtectSystem", "strict"),
        ("MemoryDenyWriteExecute", "yes"),
        ("NoNewPrivileges", "yes"),
        ("CapabilityBoundingSet", ""),
        ("UMask", "0077"),
    ];
    for name in UNITS {
        let text = read(name);
        let settings = settings(&text);
        for (key, value) in promised {
            assert!(
                settings.get(key).is_some_and(|values| values.contains(&value)),
                "{name}: {key}={value} is missing"
            );
        }
    }
}

#[test]
fn every_key_but_the_identity_key_is_handed_over_as_a_credential() {
    use handclasp::{api::admin::token, config::key_file};
    for name in UNITS {
        let text = read(name);
        let settings = settings(&text);
        let handed_over: Vec<&str> =
            settings["LoadCredential"].iter().filter_map(|value| value.split(':').next()).collect();
        let wanted = [key_file::SIGNING, key_file::TLS_KEY, key_file::TLS_CERTIFICATE, key_file::CARD, token::FILE];
        assert_eq!(handed_over, wanted, "{name}");
        assert!(!handed_over.contains(&key_file::IDENTITY), "{name}: the identity key may be kept offline");
        let hidden = settings["InaccessiblePaths"].iter().any(|path| path.ends_with("/keys"));
        assert!(hidden, "{name}: the files behind the credentials stay out of the daemon's sight");
    }
}

#[test]
fn the_templates_differ_from_the_units_only_in_their_places_and_their_user() {
    let hardening = |name: &str| read(name).split_once("\nUMask=").expect("all have one").1.to_owned();
    for [unit, template] in [UNITS, ["handclasp-backup.service", "handclasp-backup@.service"]] {
        assert_eq!(hardening(unit), hardening(template), "a setting was changed in one unit and not in the other");
    }
}

#[test]
fn the_exposure_stays_low() {
    if is_missing("systemd-analyze") {
        return;
    }
    for name in UNITS {
        let output = Command::new("systemd-analyze")
            .args(["security", "--offline=yes", "--no-pager"])
            .arg(unit_path(name))
            .env("SYSTEMD_COLORS", "0")
            .output()
            .expect("the tool is there");
        let text = String::from_utf8_lossy(&output.stdout);
        let verdict = text.lines().rfind(|line| line.contains("Overall exposure level")).unwrap_or_default();
        let level = verdict.split_whitespace().find_map(|word| word.parse::<f64>().ok());
        assert!(level.is_some_and(|level| level <= EXPOSURE_MAX), "{name}: {verdict}");
    }
}

/// The tool wants the programs to exist, so they are replaced by one that does.
#[test]
fn systemd_finds_no_fault_in_the_units() {
    if is_missing("systemd-analyze") {
        return;
    }
    let dir = tempfile::tempdir().expect("a temporary directory");
    for name in UNITS {
        let text = read(name).replace("ExecStart=/usr/local/bin/handclasp", "ExecStart=/bin/true");
        let path = dir.path().join(name.replace('@', "@acme"));
        fs::write(&path, text).expect("written");
        let output = Command::new("systemd-analyze").arg("verify").arg(&path).output().expect("the tool is there");
        let said = String::from_utf8_lossy(&output.stderr);
        let ours: Vec<&str> = said.lines().filter(|line| line.contains("handclasp")).collect();
        assert!(output.status.success() && ours.is_empty(), "{name}: {said}");
    }
}
