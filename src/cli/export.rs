//! `handclasp export` and `handclasp verify`: transcripts that prove themselves (P29, P30).

use super::{
    failure::{Done, Failure},
    http::{Http, encode},
    place::Place,
    screen::{Screen, count, fields, progress, time},
};
use crate::{
    crypto::fingerprint::Fingerprint,
    export::{
        attachments,
        verify::{Report, verify},
    },
    model::{Digest, LocalPart, Millis, RoomId},
};
use clap::{Args, ValueEnum};
use indicatif::ProgressBar;
use serde_json::json;
use std::{
    fs::{self, File},
    io::{self, BufReader, Write},
    path::{Path, PathBuf},
};

/// The transcript's name in the directory of an export. Files stand beside it in `files/`.
pub(super) const FILE: &str = "export.jsonl";

/// Write a transcript.
#[derive(Debug, Args)]
pub struct ExportArgs {
    #[command(flatten)]
    what: What,
    /// The directory to make; `-` for standard output, without the files.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Whether the partners' signed envelopes are in it, whole; no for a person and yes otherwise when absent.
    #[arg(long, value_name = "YES/NO")]
    evidence: Option<Evidence>,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct What {
    /// One of our users, and what they could see.
    #[arg(long, value_name = "NAME")]
    person: Option<LocalPart>,
    /// One room.
    #[arg(long, value_name = "ROOM")]
    room: Option<RoomId>,
    /// Everything.
    #[arg(long)]
    all: bool,
}

/// Whether envelopes are in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Evidence {
    /// They are.
    Yes,
    /// They are not.
    No,
}

/// Check a transcript, without a daemon.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// The file, or the directory of the export.
    file: PathBuf,
    /// The fingerprint of the exporting organization's identity key, if you know it.
    #[arg(long, value_name = "FINGERPRINT")]
    fingerprint: Option<Fingerprint>,
}

/// Runs `handclasp export`.
pub async fn run(args: ExportArgs, place: &Place, screen: Screen) -> Done {
    let admin = place.admin()?;
    let path = path(&args);
    let bar = progress("{spinner} {msg} {bytes}");
    if args.out == Path::new("-") {
        return copy(&admin, &path, &mut io::stdout().lock(), &bar).await.map(drop);
    }
    bar.set_message("transcript");
    fs::create_dir_all(&args.out)?;
    let file = args.out.join(FILE);
    let mut out = File::create_new(&file)
        .map_err(|error| Failure::refused(format!("cannot make {}: {error}", file.display())))?;
    let written = copy(&admin, &path, &mut out, &bar).await.and_then(|bytes| Ok((bytes, out.sync_all()?)));
    let (bytes, ()) = written.inspect_err(|_| drop(fs::remove_file(&file)))?;
    let files = fetch_all(&admin, &args.out, &file, &bar).await?;
    bar.finish_and_clear();
    screen.answer(&json!({ "file": file, "bytes": bytes, "files": files }), |_| {
        let (file, dir) = (file.display(), args.out.display());
        let beside = count(files, "file", "files");
        format!("Wrote {bytes} bytes to {file}, and {beside} beside it. Check it with: handclasp verify {dir}")
    })
}

/// Puts the files that the transcript names beside it, each under its SHA-256. Returns how many there are.
async fn fetch_all(admin: &Http, dir: &Path, transcript: &Path, bar: &ProgressBar) -> Done<u64> {
    let files = attachments::wanted(BufReader::new(File::open(transcript)?))?;
    let dir = dir.join(attachments::DIR);
    if !files.is_empty() {
        fs::create_dir_all(&dir)?;
    }
    for (n, (digest, bytes)) in (1..).zip(&files) {
        bar.set_message(format!("file {n} of {}", files.len()));
        fetch(admin, &dir.join(digest.to_string()), (digest, *bytes), bar).await?;
    }
    Ok(files.len() as u64)
}

async fn fetch(admin: &Http, path: &Path, (digest, bytes): (&Digest, u64), bar: &ProgressBar) -> Done {
    let changed = |failure: Failure| failure.next("was it recalled meanwhile? ask for a fresh export");
    let mut out = File::create(path)?;
    let copied = copy(admin, &format!("/admin/v1/export/files/{digest}"), &mut out, bar).await.map_err(changed)?;
    out.sync_all()?;
    if copied == bytes {
        return Ok(());
    }
    Err(changed(Failure::unreachable(format!("the daemon sent {copied} of {bytes} bytes of the file {digest}"))))
}

fn path(args: &ExportArgs) -> String {
    let what = match (&args.what.person, &args.what.room) {
        (Some(person), _) => format!("person={}", encode(person.as_str())),
        (_, Some(room)) => format!("room={room}"),
        _ => "all=true".to_owned(),
    };
    let evidence = match args.evidence {
        Some(Evidence::Yes) => "&evidence=yes",
        Some(Evidence::No) => "&evidence=no",
        None => "",
    };
    format!("/admin/v1/export?{what}{evidence}")
}

async fn copy(admin: &Http, path: &str, out: &mut impl Write, bar: &ProgressBar) -> Done<u64> {
    let mut response = admin.stream(path).await?;
    let broken = |error: reqwest::Error| Failure::unreachable(format!("the daemon broke off the export: {error}"));
    let mut bytes = 0;
    while let Some(chunk) = response.chunk().await.map_err(broken)? {
        out.write_all(&chunk)?;
        bar.inc(chunk.len() as u64);
        bytes += chunk.len() as u64;
    }
    Ok(bytes)
}

/// Checks a transcript, and shows how far that is.
pub(super) fn check(file: &Path, identity: Option<Fingerprint>, dir: Option<&Path>) -> Done<Report> {
    let input = File::open(file).map_err(|error| Failure::usage(format!("cannot read {}: {error}", file.display())))?;
    let bar = progress("{spinner} {bytes} of {total_bytes} checked");
    bar.set_length(input.metadata()?.len());
    let report = verify(BufReader::new(bar.wrap_read(input)), identity, dir)?;
    bar.finish_and_clear();
    Ok(report)
}

/// Runs `handclasp verify`.
pub fn run_verify(args: VerifyArgs, screen: Screen) -> Done {
    let dir = args.file.is_dir().then(|| args.file.clone());
    let file = dir.as_ref().map_or(args.file, |dir| dir.join(FILE));
    let report = check(&file, args.fingerprint, dir.as_deref())?;
    screen.answer(&report, words)?;
    match report.broken {
        None => Ok(()),
        Some(broken) => Err(Failure::refused(format!("line {} does not hold: {}", broken.line, broken.what))
            .next("ask for a fresh export; if that breaks at the same place, the database was changed from outside")),
    }
}

fn words(report: &Report) -> String {
    let counts = &report.counts;
    let mut text = fields([
        ("export of", report.org.clone()),
        ("made", format!("{} UTC", time(Millis(report.exported_at)))),
        ("holds", if report.ok { "yes, to the last line" } else { "NO" }.to_owned()),
        ("lines", report.lines.to_string()),
        ("rooms", counts.rooms.to_string()),
        ("events", counts.events.to_string()),
        ("  withheld or erased", counts.withheld.to_string()),
        ("  of partners, proven by their signature", counts.proven.to_string()),
        ("  of partners, without an envelope", counts.unproven.to_string()),
        ("gaps of followed rooms", counts.gaps.to_string()),
        ("files that events name", report.files.files.to_string()),
        ("  that were here", report.files.files_here.to_string()),
        ("  beside it, with the bytes that were sent", report.files.files_proven.to_string()),
        ("signed envelopes", report.envelopes.to_string()),
        ("grants", report.grants.to_string()),
        ("own records", report.records.to_string()),
    ]);
    text.push_str("It all rests on these identity keys; compare them with what you know:\n");
    for (org, fingerprint) in &report.fingerprints {
        text.push_str(&format!("  {org}  {fingerprint}\n"));
    }
    text
}
