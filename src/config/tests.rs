//! The table of configurations that are refused, each with the key that is named, and one that is taken.

use super::{AdminAddress, Config, LogFormat, check::parse_filter};
use std::path::{Path, PathBuf};

const GOOD: &str = r#"
[org]
domain = "acme.example"
name = "Acme"

[federation]
listen = "0.0.0.0:7443"
advertise = ["bridge.acme.example:7443"]

[client]
listen = "127.0.0.1:8080"

[admin]
listen = "unix:run/admin.sock"

[store]
cache_mib = 128

[log]
format = "json"
level = "info,handclasp::federation=debug"
"#;

fn complaints(from: &str, to: &str) -> Vec<(String, String)> {
    assert!(GOOD.contains(from), "the table changes `{from}`, which is not in the good file");
    let text = GOOD.replacen(from, to, 1);
    let refused = Config::parse(&text, Path::new("/etc/handclasp"), None).expect_err(&text);
    refused.into_iter().map(|complaint| (complaint.key, complaint.text)).collect()
}

#[test]
fn a_good_file_is_taken_and_paths_count_from_it() {
    let config = Config::parse(GOOD, Path::new("/etc/handclasp"), None).expect("good");
    assert_eq!(config.domain.as_str(), "acme.example");
    assert_eq!(config.data_dir, PathBuf::from("/etc/handclasp/data"));
    assert_eq!(config.admin, AdminAddress::Unix("/etc/handclasp/run/admin.sock".into()));
    assert_eq!(config.cache_bytes, 128 << 20);
    assert!(config.search.is_enabled && config.search.dir == Path::new("/etc/handclasp/search"));
    assert_eq!(config.log.format, LogFormat::Json);
    assert!(config.worker_threads >= 1);
}

#[test]
fn the_example_in_the_repository_is_taken() {
    let example = include_str!("../../config/handclasp.toml");
    Config::parse(example, Path::new("/etc/handclasp"), None).expect("the example must be usable as it stands");
}

#[test]
fn every_wrong_value_is_refused_by_its_key_with_what_is_allowed() {
    let table = [
        ("domain = \"acme.example\"", "domain = \"Acme\"", "org.domain", "lower-case"),
        ("name = \"Acme\"", "name = \"\"", "org.name", "must not be empty"),
        ("name = \"Acme\"", "name = \"a@b\"", "org.name", "must not contain @"),
        ("listen = \"0.0.0.0:7443\"", "listen = \"7443\"", "federation.listen", "0.0.0.0:7443"),
        ("[\"bridge.acme.example:7443\"]", "[]", "federation.advertise", "1 to 4"),
        ("[\"bridge.acme.example:7443\"]", "[\"acme.example\"]", "federation.advertise", "host and port"),
        ("[\"bridge.acme.example:7443\"]", "[\"acme.example:0\"]", "federation.advertise", "host and port"),
        ("listen = \"127.0.0.1:8080\"", "listen = \"0.0.0.0:8080\"", "client.listen", "loopback"),
        (
            "listen = \"127.0.0.1:8080\"",
            "listen = \"127.0.0.1:8080\"\ntls_key = \"k\"",
            "client.tls_certificate",
            "is needed",
        ),
        ("unix:run/admin.sock", "0.0.0.0:9000", "admin.listen", "unix:/path"),
        ("unix:run/admin.sock", "unix:", "admin.listen", "path"),
        ("cache_mib = 128", "cache_mib = 1", "store.cache_mib", "between 8 and 65536"),
        ("[store]", "[search]\nmemory_mib = 4\n[store]", "search.memory_mib", "between 16 and 1024"),
        ("[store]", "[dirs]\nsearch = \"\"\n[store]", "dirs.search", "path"),
        ("format = \"json\"", "format = \"xml\"", "log.format", "`human` or `json`"),
        ("info,handclasp::federation=debug", "info,=,=", "log.level", "`debug`"),
        ("[store]", "[runtime]\nworker_threads = 0\n[store]", "runtime.worker_threads", "between 1 and 64"),
    ];
    for (from, to, key, part) in table {
        let found = complaints(from, to);
        assert_eq!(found.len(), 1, "{to}: {found:?}");
        assert_eq!(found[0].0, key, "{to}: {found:?}");
        assert!(found[0].1.contains(part), "{to}: {found:?} should say `{part}`");
    }
}

#[test]
fn the_parsers_own_complaints_name_the_key_and_the_line() {
    let table = [
        ("cache_mib = 128", "cash_mib = 128", "store.cash_mib", "cache_mib"),
        ("cache_mib = 128", "cache_mib = \"much\"", "store.cache_mib", "line 17"),
        ("[store]", "[shop]", "shop", "unknown field"),
        ("domain = \"acme.example\"", "", "org", "missing field `domain`"),
        ("cache_mib = 128", "cache_mib 128", "store.cache_mib 128", "line 17"),
    ];
    for (from, to, key, part) in table {
        let found = complaints(from, to);
        assert_eq!(found[0].0, key, "{to}: {found:?}");
        assert!(found[0].1.contains(part), "{to}: {found:?} should say `{part}`");
    }
}

#[test]
fn everything_wrong_is_told_at_once() {
    let text = GOOD.replace("acme.example\"\n", "ACME\"\n").replace("cache_mib = 128", "cache_mib = 0");
    let refused = Config::parse(&text, Path::new("/"), None).expect_err("two errors");
    let keys: Vec<_> = refused.iter().map(|complaint| complaint.key.as_str()).collect();
    assert_eq!(keys, ["org.domain", "store.cache_mib"]);
}

#[test]
fn a_credential_comes_before_the_file_in_the_keys_directory() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    std::fs::write(dir.path().join("signing.key"), "x").expect("written");
    let config = Config::parse(GOOD, Path::new("/etc/handclasp"), Some(dir.path().to_owned())).expect("good");
    assert_eq!(config.keys.path("signing.key"), dir.path().join("signing.key"));
    assert_eq!(config.keys.path("tls.key"), PathBuf::from("/etc/handclasp/keys/tls.key"));
}

#[test]
fn only_what_cannot_be_reloaded_asks_for_a_restart() {
    let parse = |text: &str| Config::parse(text, Path::new("/"), None).expect("good");
    let old = parse(GOOD);
    assert!(old.needs_restart(&parse(&GOOD.replace("info,", "warn,"))).is_empty(), "the level is reloadable");
    assert_eq!(old.needs_restart(&parse(&GOOD.replace("cache_mib = 128", "cache_mib = 64"))), ["store.cache_mib"]);
}

#[test]
fn a_misspelt_level_is_not_taken_for_a_target() {
    for good in ["info", "warn", "info,handclasp::federation=debug", "off"] {
        assert!(parse_filter(good).is_ok(), "{good}");
    }
    for wrong in ["loud", "info,verbose", "info,=,=", "handclasp=loud", ""] {
        assert!(parse_filter(wrong).is_err(), "{wrong}");
    }
}
