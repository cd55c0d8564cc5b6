//! The files beside a transcript: which it names, and whether what is there is what it names (P29, P30).

use super::{
    evidence::{Broken, ensure},
    lines::{FileLine, Line},
};
use crate::{model::Digest, store::reader::files_named};
use sha2::{Digest as _, Sha256};
use std::{
    collections::HashSet,
    fs::File,
    io::{self, BufRead, Read as _},
    path::{Path, PathBuf},
};

/// The directory beside the transcript, in which each file stands under its SHA-256.
pub const DIR: &str = "files";

/// Read from the disk at once, bytes.
const READ_BYTES: usize = 256 * 1024;

/// How many files there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct FileCounts {
    /// Files that events of the transcript name.
    pub files: u64,
    /// Of these, files whose bytes were here when it was made.
    pub files_here: u64,
    /// Of these, files beside the transcript whose bytes are the ones that are named.
    pub files_proven: u64,
}

/// What was read of files so far.
#[derive(Default)]
pub struct Attachments {
    /// Where they stand; none when only the transcript is there.
    dir: Option<PathBuf>,
    /// Named by an event, not told by a line of their own yet.
    named: HashSet<Digest>,
    /// How many there are.
    pub counts: FileCounts,
}

impl Attachments {
    /// Nothing was read yet. Without a directory the bytes are not looked at.
    pub fn beside(dir: Option<&Path>) -> Self {
        Self { dir: dir.map(|dir| dir.join(DIR)), ..Self::default() }
    }

    /// An event that stands in the transcript may name some.
    pub fn name(&mut self, event: &[u8]) -> Result<(), Broken> {
        let files = files_named(event).map_err(|error| error.to_string())?;
        self.named.extend(files.into_iter().map(|file| file.digest));
        Ok(())
    }

    /// A person or a room may have one.
    pub fn name_photo(&mut self, photo: Option<Digest>) {
        self.named.extend(photo);
    }

    /// The line of a file: an event before it names it, and its bytes are those.
    pub fn line(&mut self, line: &FileLine) -> Result<(), Broken> {
        let FileLine { digest, bytes, here } = line;
        ensure(self.named.remove(digest), || format!("no event names the file {digest}, or it stands here twice"))?;
        self.counts.files += 1;
        self.counts.files_here += u64::from(*here);
        if let Some(dir) = self.dir.as_ref().filter(|_| *here) {
            check(&dir.join(digest.to_string()), digest, *bytes)?;
            self.counts.files_proven += 1;
        }
        Ok(())
    }

    /// All that were named were told.
    pub fn finish(&self) -> Result<(), Broken> {
        self.named.iter().next().map_or(Ok(()), |digest| Err(format!("the line of the file {digest} is missing")))
    }
}

fn check(path: &Path, digest: &Digest, bytes: u64) -> Result<(), Broken> {
    let (found, length) = read(path).map_err(|error| format!("the file {digest} beside it cannot be read: {error}"))?;
    ensure(found == *digest && length == bytes, || format!("the file {digest} beside it is not the one that was sent"))
}

fn read(path: &Path) -> io::Result<(Digest, u64)> {
    let (mut file, mut hasher, mut length) = (File::open(path)?, Sha256::new(), 0);
    let mut piece = vec![0; READ_BYTES];
    loop {
        match file.read(&mut piece)? {
            0 => return Ok((Digest(hasher.finalize().into()), length)),
            count => {
                hasher.update(&piece[..count]);
                length += count as u64;
            }
        }
    }
}

/// The files of a transcript whose bytes were here when it was made: digest, and length in bytes.
///
/// # Errors
/// When it cannot be read, or is none.
pub fn wanted(input: impl BufRead) -> io::Result<Vec<(Digest, u64)>> {
    let mut files = Vec::new();
    for line in input.lines() {
        let line = line?;
        let parsed: Line<'_> = serde_json::from_str(&line)?;
        if parsed.kind == "file" {
            let file: FileLine = serde_json::from_str(parsed.body.get())?;
            files.extend(Some(file).filter(|file| file.here).map(|file| (file.digest, file.bytes)));
        }
    }
    Ok(files)
}
