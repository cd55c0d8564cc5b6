//! Files in a directory: `ab/<sha256>` for whole contents, `parts`, `uploads` and `thumbnails` beside them.

use super::disk::{Disk, DiskError, Kind, Label, Listed, Name};
use crate::model::Digest;
use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    os::unix::fs::{DirBuilderExt as _, FileExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    time::SystemTime,
};

const PARTS: &str = "parts";
const NOTES: &str = "uploads";
const THUMBNAILS: &str = "thumbnails";

/// A directory of files.
#[derive(Debug)]
pub struct Dir {
    root: PathBuf,
}

impl From<io::Error> for DiskError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full,
            io::ErrorKind::NotFound => Self::Missing,
            _ => Self::Io(error.to_string()),
        }
    }
}

impl Dir {
    /// Opens the directory, or makes it, for this process's user only.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn open(root: &Path) -> Result<Self, DiskError> {
        for dir in [root.to_owned(), root.join(PARTS), root.join(NOTES), root.join(THUMBNAILS)] {
            make_dir(&dir)?;
        }
        Ok(Self { root: root.to_owned() })
    }

    fn path(&self, name: &Name) -> PathBuf {
        let shard = |digest: &Digest| {
            let hex = digest.to_string();
            Path::new(&hex[..2]).join(&hex)
        };
        match name {
            Name::Blob(digest) => self.root.join(shard(digest)),
            Name::Part(label) => self.root.join(PARTS).join(label.as_str()),
            Name::Note(label) => self.root.join(NOTES).join(label.as_str()),
            Name::Thumbnail(digest) => self.root.join(THUMBNAILS).join(shard(digest)),
        }
    }
}

fn make_dir(dir: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(dir) {
        Ok(()) => dir.parent().map_or(Ok(()), sync_dir),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        // A parent is missing too.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            DirBuilder::new().mode(0o700).recursive(true).create(dir)?;
            dir.parent().map_or(Ok(()), sync_dir)
        }
        Err(error) => Err(error),
    }
}

fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(if dir.as_os_str().is_empty() { Path::new(".") } else { dir })?.sync_all()
}

fn parent(path: &Path) -> &Path {
    path.parent().expect("every name has a directory below the root")
}

fn writable(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path)
}

/// Moves a complete file to its place, durably.
fn settle(from: &Path, to: &Path) -> io::Result<()> {
    make_dir(parent(to))?;
    fs::rename(from, to)?;
    sync_dir(parent(to))
}

impl Disk for Dir {
    fn bytes(&self, name: &Name) -> Result<Option<u64>, DiskError> {
        match fs::metadata(self.path(name)) {
            Ok(entry) => Ok(Some(entry.len())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn read(&self, name: &Name, from: u64, bytes_max: usize, mut into: Vec<u8>) -> Result<Vec<u8>, DiskError> {
        let mut file = File::open(self.path(name))?;
        let left = usize::try_from(file.metadata()?.len().saturating_sub(from)).unwrap_or(usize::MAX);
        into.reserve(left.min(bytes_max));
        file.seek(SeekFrom::Start(from))?;
        file.take(bytes_max as u64).read_to_end(&mut into)?;
        Ok(into)
    }

    fn append(&self, name: &Name, at: u64, bytes: &[u8]) -> Result<(), DiskError> {
        let file = writable(&self.path(name))?;
        let present = file.metadata()?.len();
        if present < at {
            return Err(DiskError::Io(format!("a part of {present} bytes cannot go on at {at}")));
        }
        if present > at {
            file.set_len(at)?;
        }
        Ok(file.write_all_at(bytes, at)?)
    }

    fn sync(&self, name: &Name) -> Result<(), DiskError> {
        Ok(File::open(self.path(name))?.sync_data()?)
    }

    fn put(&self, name: &Name, bytes: &[u8]) -> Result<(), DiskError> {
        let path = self.path(name);
        make_dir(parent(&path))?;
        let draft = path.with_extension("new");
        let mut file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&draft)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        Ok(settle(&draft, &path)?)
    }

    fn publish(&self, part: &Name, lasting: &Name) -> Result<(), DiskError> {
        let (from, to) = (self.path(part), self.path(lasting));
        if to.exists() {
            return self.remove(part);
        }
        File::open(&from)?.sync_all()?;
        Ok(settle(&from, &to)?)
    }

    fn remove(&self, name: &Name) -> Result<(), DiskError> {
        let path = self.path(name);
        match fs::remove_file(&path) {
            Ok(()) => Ok(sync_dir(parent(&path))?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn list(&self, kind: Kind) -> Result<Vec<Listed>, DiskError> {
        let dir = match kind {
            Kind::Blobs(first) => self.root.join(format!("{first:02x}")),
            Kind::Parts => self.root.join(PARTS),
            Kind::Notes => self.root.join(NOTES),
        };
        let entries = match fs::read_dir(dir) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut found = Vec::new();
        for entry in entries {
            let entry = entry?;
            let Some(name) = entry.file_name().to_str().and_then(|text| named(kind, text)) else { continue };
            let metadata = entry.metadata()?;
            let idle = metadata.modified().ok().and_then(|at| SystemTime::now().duration_since(at).ok());
            let idle_ms = idle.map_or(0, |idle| u64::try_from(idle.as_millis()).unwrap_or(u64::MAX));
            found.push(Listed { name, bytes: metadata.len(), idle_ms });
        }
        Ok(found)
    }

    fn free_bytes(&self) -> Result<u64, DiskError> {
        Ok(fs2::available_space(&self.root)?)
    }
}

/// A file of a kind by its name in the directory. Drafts of `put` have no name here: the next `put` replaces them.
fn named(kind: Kind, text: &str) -> Option<Name> {
    match kind {
        Kind::Blobs(_) => text.parse().ok().map(Name::Blob),
        Kind::Parts => Label::parse(text).map(Name::Part),
        Kind::Notes => Label::parse(text).filter(|_| !text.ends_with(".new")).map(Name::Note),
    }
}
