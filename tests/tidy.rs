//! The house rules, as a test: sizes, import directions, names, first lines, and what must not be in the tree.

use std::{
    fs,
    path::{Path, PathBuf},
};

const FILE_LINES_MAX: usize = 500;
const FUNCTION_LINES_MAX: usize = 70;

/// Which folders of `src` each folder may import. What is not listed here may import nothing.
const IMPORTS: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("clock", &["model"]),
    ("crypto", &["model", "clock"]),
    ("wire", &["model", "crypto"]),
    ("core", &["model", "crypto", "wire", "clock"]),
    ("store", &["model", "crypto", "wire", "core", "clock"]),
    ("feed", &["model", "core", "store"]),
    ("engine", &["model", "core", "store", "feed", "clock", "crypto", "wire"]),
    ("export", &["model", "crypto", "wire", "core", "store"]),
    ("files", &["model", "crypto", "clock"]),
    ("net", &["model", "crypto", "clock"]),
    ("search", &["model", "clock", "crypto", "wire", "core", "store", "engine"]),
    ("backup", &["model", "core", "store", "engine"]),
    ("signals", &["model", "core", "engine"]),
    ("federation", &["model", "clock", "core", "crypto", "engine", "files", "net", "signals", "store", "wire"]),
    (
        "api",
        &[
            "model", "backup", "clock", "core", "crypto", "engine", "export", "feed", "files", "search", "signals",
            "store", "wire",
        ],
    ),
    ("web", &["model", "crypto"]),
    ("config", &["model", "crypto"]),
    ("shutdown", &[]),
    ("telemetry", &["config"]),
    (
        "app",
        &[
            "model",
            "api",
            "backup",
            "clock",
            "config",
            "core",
            "crypto",
            "engine",
            "federation",
            "feed",
            "files",
            "net",
            "search",
            "shutdown",
            "signals",
            "store",
            "telemetry",
            "web",
            "wire",
        ],
    ),
    (
        "cli",
        &[
            "model",
            "api",
            "app",
            "backup",
            "clock",
            "config",
            "core",
            "crypto",
            "engine",
            "export",
            "files",
            "net",
            "search",
            "shutdown",
            "store",
            "telemetry",
            "wire",
        ],
    ),
];

fn sources(root: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join(root), &mut found);
    found.sort();
    found
}

fn collect(dir: &Path, found: &mut Vec<(PathBuf, String)>) {
    let Ok(entries) = fs::read_dir(dir) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() && !path.ends_with("target") {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("a source file is UTF-8");
            found.push((path, text));
        }
    }
}

fn everything() -> Vec<(PathBuf, String)> {
    ["src", "tests", "benches"].into_iter().flat_map(sources).collect()
}

fn report(problems: &[String]) {
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}

#[test]
fn files_stay_short_and_say_what_they_are_for() {
    let mut problems = Vec::new();
    for (path, text) in everything() {
        let lines = text.lines().count();
        if lines > FILE_LINES_MAX {
            problems.push(format!("{}: {lines} lines; split it by subject (at most {FILE_LINES_MAX})", path.display()));
        }
        if !text.starts_with("//! ") {
            problems.push(format!(
                "{}: the first line must be a `//!` comment that says what the file is for",
                path.display()
            ));
        }
    }
    report(&problems);
}

/// Lengths by indentation: rustfmt closes a function with `}` at the indentation of its `fn`.
fn long_functions(text: &str) -> Vec<(usize, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let code = line.trim_start();
        let head = ["pub ", "pub(crate) ", "pub(super) ", "async ", "const "]
            .iter()
            .fold(code, |rest, word| rest.strip_prefix(word).unwrap_or(rest));
        if !head.starts_with("fn ") || line.ends_with(';') || line.ends_with('}') {
            continue;
        }
        let indent = " ".repeat(line.len() - code.len());
        let end = lines[start..].iter().position(|line| **line == format!("{indent}}}"));
        if let Some(length) = end.map(|end| end + 1).filter(|length| *length > FUNCTION_LINES_MAX) {
            found.push((start + 1, length));
        }
    }
    found
}

#[test]
fn functions_stay_short() {
    let mut problems = Vec::new();
    for (path, text) in everything() {
        for (line, length) in long_functions(&text) {
            problems.push(format!(
                "{}:{line}: a function of {length} lines; give its steps names (at most {FUNCTION_LINES_MAX})",
                path.display()
            ));
        }
    }
    report(&problems);
}

#[test]
fn imports_go_one_way() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut problems = Vec::new();
    for (path, text) in sources("src") {
        let relative = path.strip_prefix(&root).expect("sources are in src");
        let module =
            relative.components().next().expect("a file has a name").as_os_str().to_string_lossy().replace(".rs", "");
        let Some((_, allowed)) = IMPORTS.iter().find(|(name, _)| *name == module) else { continue };
        if path.ends_with("tests.rs") {
            continue;
        }
        for name in crate_imports(&text) {
            let known = IMPORTS.iter().any(|(known, _)| *known == name);
            if known && name != module && !allowed.contains(&name.as_str()) {
                problems.push(format!(
                    "{}: `{module}` must not import `{name}`; see the table in tests/tidy.rs",
                    path.display()
                ));
            }
        }
    }
    report(&problems);
}

/// The first path segment after every `crate::`, also inside `use crate::{…}`. Test modules may import what they like.
fn crate_imports(text: &str) -> Vec<String> {
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    let mut names = Vec::new();
    for (at, _) in text.match_indices("crate::") {
        let rest = &text[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            None => names.push(identifier(rest)),
            Some(list) => {
                let mut depth = 0;
                let mut start = true;
                for (i, c) in list.char_indices() {
                    match c {
                        '{' => depth += 1,
                        '}' if depth == 0 => break,
                        '}' => depth -= 1,
                        ',' if depth == 0 => start = true,
                        c if start && depth == 0 && c.is_alphabetic() => {
                            names.push(identifier(&list[i..]));
                            start = false;
                        }
                        _ => {}
                    }
                }
            }
        }
    }
    names
}

fn identifier(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

#[test]
fn the_core_touches_no_runtime() {
    let mut problems = Vec::new();
    for (path, text) in sources("src/core").into_iter().chain(sources("src/model")) {
        for word in ["tokio", "serde_json", "std::fs", "std::time", "SystemTime", "getrandom", "std::net", "tracing"] {
            if text.contains(&format!("{word}::")) {
                problems.push(format!(
                    "{}: the core decides and does nothing else; `{word}` belongs to the shell",
                    path.display()
                ));
            }
        }
    }
    report(&problems);
}

#[test]
fn only_one_file_names_sled() {
    let mut problems = Vec::new();
    for (path, text) in sources("src") {
        if text.contains("sled::") && !path.ends_with("store/disk/pages.rs") {
            problems.push(format!(
                "{}: the engine of the store is behind `Kv`; only store/disk/pages.rs names it",
                path.display()
            ));
        }
    }
    report(&problems);
}

#[test]
fn names_say_what_a_thing_is() {
    let mut problems = Vec::new();
    for (path, text) in sources("src") {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        for word in ["manager", "helper", "helpers", "util", "utils", "common", "data", "info", "misc"] {
            if stem == word {
                problems.push(format!("{}: name the file after the idea in it, not `{word}`", path.display()));
            }
        }
        for (number, line) in text.lines().enumerate() {
            let code = line.trim_start();
            let place = format!("{}:{}", path.display(), number + 1);
            // The index library asks for this one.
            if code.contains("fn get_") && !code.contains("fn get_file_handle(") {
                problems.push(format!("{place}: no `get_`; name the function after what it returns"));
            }
            if ["struct ", "enum ", "trait "].iter().any(|word| code.contains(word)) && code.contains("Manager") {
                problems.push(format!("{place}: say what it does instead of `Manager`"));
            }
            if code.contains("todo!(") || code.contains("unimplemented!(") || code.contains("dbg!(") {
                problems.push(format!("{place}: finish it, or make the refusal explicit"));
            }
        }
    }
    report(&problems);
}

#[test]
fn tests_wait_for_conditions_and_never_for_durations() {
    let mut problems = Vec::new();
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tidy.rs");
    for (path, text) in sources("tests").into_iter().filter(|(path, _)| *path != own) {
        for (number, line) in text.lines().enumerate() {
            if line.contains("sleep(") && !line.contains("// between polls") {
                problems.push(format!(
                    "{}:{}: wait for a condition; a pause between polls of one says `// between polls`",
                    path.display(),
                    number + 1
                ));
            }
        }
    }
    report(&problems);
}

#[test]
fn no_secret_or_database_is_tracked() {
    let Ok(listed) = std::process::Command::new("git").arg("ls-files").current_dir(env!("CARGO_MANIFEST_DIR")).output()
    else {
        return; // a source archive without git has nothing tracked
    };
    let names = String::from_utf8_lossy(&listed.stdout).into_owned();
    let bad = |name: &&str| [".pem", ".key", ".p12", ".db", ".der"].iter().any(|end| name.ends_with(end));
    let problems: Vec<String> = names.lines().filter(bad).map(|name| format!("{name}: must not be in git")).collect();
    report(&problems);
}

/// Whether the text has a path that begins with the crate: `name::…`, and not `other::name::…`.
fn names_crate(text: &str, name: &str) -> bool {
    let path = format!("{}::", name.replace('-', "_"));
    text.match_indices(&path)
        .any(|(at, _)| !text[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_' || before == ':'))
}

#[test]
fn no_dependency_is_unused() {
    let manifest =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).expect("is in the tree");
    let manifest: toml::Table = manifest.parse().expect("cargo reads it too");
    let mut problems = Vec::new();
    for (table, roots) in [("dependencies", &["src"][..]), ("dev-dependencies", &["src", "tests", "benches"])] {
        let text: String = roots.iter().flat_map(|root| sources(root)).map(|(_, text)| text).collect();
        for name in manifest[table].as_table().expect("a table").keys().filter(|name| !names_crate(&text, name)) {
            problems.push(format!("Cargo.toml: nothing in {roots:?} names {name}; remove it from [{table}]"));
        }
    }
    report(&problems);
}
