//! `handclasp import`: rooms of an export become archives, read by those who were in them (P30, ADR 15).

use super::{
    export,
    failure::{Done, Failure},
    http::Http,
    place::Place,
    screen::{Screen, count, progress},
};
use crate::{
    api::admin::dto::archives::{ArchivePart, ArchiveView, ArchivedEventPut, ArchivedMember},
    crypto::fingerprint::Fingerprint,
    export::{
        attachments,
        lines::RoomLine,
        rooms::{Part, Parts, Seen, Told, seen},
        verify::Report,
    },
    model::{Digest, limits},
    store::reader::files_named,
};
use clap::Args;
use indicatif::ProgressBar;
use reqwest::Method;
use serde::Serialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::BufReader,
    path::{Path, PathBuf},
};

/// Bring rooms of an export back, to be read.
#[derive(Debug, Args)]
#[command(
    after_help = "Each room becomes an archive with an id of its own: those who were in it and have an account read it, and \
                  nobody writes. Importing it again changes nothing."
)]
pub struct ImportArgs {
    /// The directory of the export.
    #[arg(value_name = "EXPORT")]
    export: PathBuf,
    /// The fingerprint of the exporting organization's identity key, if you know it.
    #[arg(long, value_name = "FINGERPRINT")]
    fingerprint: Option<Fingerprint>,
}

/// What was imported.
#[derive(Debug, Default, Serialize)]
struct Imported {
    /// The archives, by the id of the room in the export.
    archives: BTreeMap<String, String>,
    /// Rooms in which nobody was who is here.
    left_out: BTreeSet<String>,
    /// Events that the archives were told of.
    events: u64,
    /// Files that came with them.
    files: u64,
}

/// Runs the command.
pub async fn run(args: ImportArgs, place: &Place, screen: Screen) -> Done {
    let (config, admin) = (place.config()?, place.admin()?);
    let file = args.export.join(export::FILE);
    let report = export::check(&file, args.fingerprint, Some(&args.export))?;
    check_own(&report, config.domain.as_str())?;
    let files: BTreeMap<Digest, u64> = attachments::wanted(open(&file)?)?.into_iter().collect();
    let bar = progress("{spinner} {pos} events");
    let mut imported = import_rooms(&admin, &file, (&report.org, &files), &bar).await?;
    if !imported.archives.is_empty() {
        imported.files = send_files(&admin, &args.export, &files, &bar).await?;
    }
    bar.finish_and_clear();
    screen.answer(&imported, Imported::words)
}

fn check_own(report: &Report, domain: &str) -> Done {
    if let Some(broken) = &report.broken {
        let message = format!("line {} does not hold: {}; nothing was imported", broken.line, broken.what);
        return Err(Failure::refused(message).next("import an export as it was written: handclasp verify DIR"));
    }
    if report.org != domain {
        let message = format!("the export is of {}, and this directory is of {domain}", report.org);
        return Err(Failure::refused(message).next("import exports of your own organization"));
    }
    Ok(())
}

fn open(file: &Path) -> Done<BufReader<File>> {
    Ok(BufReader::new(File::open(file)?))
}

async fn import_rooms(
    admin: &Http,
    file: &Path,
    (org, files): (&str, &BTreeMap<Digest, u64>),
    bar: &ProgressBar,
) -> Done<Imported> {
    let seen = seen(open(file)?)?;
    let mut parts = Parts::new(open(file)?, limits::ARCHIVE_PART_BYTES_MAX);
    let mut imported = Imported::default();
    while let Some(part) = parts.take()? {
        let of = part.room.room.to_string();
        if imported.left_out.contains(&of) {
            continue;
        }
        let events = part.events.len() as u64;
        match admin.post::<ArchiveView>("/admin/v1/archives", &body(org, part, &seen, files)?).await {
            Ok(view) => drop(imported.archives.insert(of, view.room)),
            Err(failure) if failure.has_code("NOT_FOUND") => {
                imported.left_out.insert(of);
                continue;
            }
            Err(failure) => return Err(failure),
        }
        imported.events += events;
        bar.set_position(imported.events);
    }
    Ok(imported)
}

fn body(org: &str, part: Part, seen: &Seen, files: &BTreeMap<Digest, u64>) -> Done<ArchivePart> {
    let room = &part.room;
    let mut named = BTreeSet::new();
    for told in &part.events {
        let of = files_named(told.event.get().as_bytes()).map_err(Failure::fault)?;
        named.extend(of.into_iter().map(|file| file.digest).filter(|digest| files.contains_key(digest)));
    }
    let member = |user: &crate::model::Address| ArchivedMember {
        user: user.to_string(),
        visible_from: seen.get(&(room.room, user.clone())).copied().unwrap_or(room.begins),
    };
    let event = |Told { index, at, head, event }| ArchivedEventPut { index, at, head: head.to_string(), event };
    Ok(ArchivePart {
        org: org.to_owned(),
        room: room.room.to_string(),
        name: name(room),
        description: room.description.clone(),
        created_by: room.created_by.to_string(),
        created_at: room.created_at,
        members: room.members.iter().map(member).collect(),
        files: named.iter().map(ToString::to_string).collect(),
        events: part.events.into_iter().map(event).collect(),
    })
}

/// What has no name is called after its people.
fn name(room: &RoomLine) -> String {
    let people = || room.members.iter().chain(&room.former).map(|user| user.local_str().to_owned()).collect::<Vec<_>>();
    let name = room.name.clone().unwrap_or_else(|| people().join(", "));
    name.chars().take(limits::ROOM_NAME_CHARS_MAX).collect::<String>().trim().to_owned()
}

/// Sends the bytes that the archives name and that are not there yet.
async fn send_files(admin: &Http, dir: &Path, files: &BTreeMap<Digest, u64>, bar: &ProgressBar) -> Done<u64> {
    let mut sent = 0;
    for (n, digest) in (1..).zip(files.keys()) {
        bar.set_message(format!("file {n} of {}", files.len()));
        let bytes = std::fs::read(dir.join(attachments::DIR).join(digest.to_string()))?;
        let headers = [("content-type", "application/octet-stream")];
        let path = format!("/admin/v1/archives/files/{digest}");
        match admin.raw(Method::PUT, &path, &headers, bytes.into()).await {
            Ok(_) => sent += 1,
            // Only an event that is withheld, or a room that was left out, names it.
            Err(failure) if failure.has_code("NOT_FOUND") => {}
            Err(failure) => return Err(failure),
        }
    }
    Ok(sent)
}

impl Imported {
    fn words(&self) -> String {
        let rooms = count(self.archives.len() as u64, "room", "rooms");
        let mut text = format!(
            "Imported {rooms} with {} and {}, to be read and never written to.\n",
            count(self.events, "event", "events"),
            count(self.files, "file", "files")
        );
        for (of, archive) in &self.archives {
            text.push_str(&format!("  {of}  is now the archive  {archive}\n"));
        }
        if !self.left_out.is_empty() {
            let left_out = count(self.left_out.len() as u64, "room was", "rooms were");
            text.push_str(&format!("{left_out} left out: nobody who was in them has an account here.\n"));
        }
        text
    }
}
