//! Directories of a backup: made for this user only, copied durably, named when they are whole.

use super::{BackupError, io_error};
use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::Path,
};

/// Makes a directory, if it is not there.
pub fn make_dir(dir: &Path) -> Result<(), BackupError> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(io_error(dir))
}

/// The names in a directory; none when it is not there.
pub fn names_in(dir: &Path) -> Result<Vec<String>, BackupError> {
    let entries = match fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(io_error(dir))?,
    };
    let mut names = Vec::new();
    for entry in entries {
        names.push(entry.map_err(io_error(dir))?.file_name().to_string_lossy().into_owned());
    }
    Ok(names)
}

/// Bytes of the files in a directory and those below it.
pub fn bytes_in(dir: &Path) -> Result<u64, BackupError> {
    let mut bytes = 0;
    for name in names_in(dir)? {
        let path = dir.join(name);
        let about = path.symlink_metadata().map_err(io_error(&path))?;
        bytes += if about.is_dir() { bytes_in(&path)? } else { about.len() };
    }
    Ok(bytes)
}

/// Writes a file durably.
pub fn write_file(path: &Path, bytes: &[u8]) -> Result<(), BackupError> {
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let written = file.and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()));
    written.map_err(io_error(path))
}

/// Gives a directory its lasting name, durably with everything in it that was synced.
pub fn rename(from: &Path, to: &Path) -> Result<(), BackupError> {
    sync(from)?;
    fs::rename(from, to).map_err(io_error(to))?;
    sync(to.parent().unwrap_or(Path::new(".")))
}

/// Copies a directory with everything below it, durably.
pub fn copy_all(from: &Path, to: &Path) -> Result<(), BackupError> {
    make_dir(to)?;
    for name in names_in(from)? {
        let (source, target) = (from.join(&name), to.join(&name));
        if source.is_dir() {
            copy_all(&source, &target)?;
        } else {
            fs::copy(&source, &target).map_err(io_error(&target))?;
            sync(&target)?;
        }
    }
    sync(to)
}

/// Gives the contents of a directory of files a second name in another one, or copies them where that is another disk.
/// Contents never change, so both names may share the bytes. What is there stays. Returns how many there are, and their
/// bytes.
pub fn link_contents(from: &Path, to: &Path) -> Result<(u64, u64), BackupError> {
    let (mut count, mut bytes) = (0, 0);
    make_dir(to)?;
    for shard in names_in(from)?.into_iter().filter(|name| is_shard(name)) {
        let (source, target) = (from.join(&shard), to.join(&shard));
        make_dir(&target)?;
        for name in names_in(&source)? {
            // A content that a recall removes meanwhile is in no later state of the rooms either.
            let Some(length) = link(&source.join(&name), &target.join(&name))? else { continue };
            (count, bytes) = (count + 1, bytes + length);
        }
        sync(&target)?;
    }
    sync(to)?;
    Ok((count, bytes))
}

/// Contents stand in directories of the first two digits of their SHA-256.
fn is_shard(name: &str) -> bool {
    name.len() == 2 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn link(source: &Path, target: &Path) -> Result<Option<u64>, BackupError> {
    let made = fs::hard_link(source, target).or_else(|error| match error.kind() {
        io::ErrorKind::CrossesDevices | io::ErrorKind::TooManyLinks | io::ErrorKind::PermissionDenied => {
            let draft = target.with_extension("new");
            fs::copy(source, &draft)
                .and_then(|_| File::open(&draft)?.sync_all())
                .and_then(|()| fs::rename(&draft, target))
        }
        io::ErrorKind::AlreadyExists => Ok(()),
        _ => Err(error),
    });
    match made {
        Ok(()) => Ok(Some(target.metadata().map_err(io_error(target))?.len())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(io_error(target)(error)),
    }
}

fn sync(path: &Path) -> Result<(), BackupError> {
    File::open(path).and_then(|file| file.sync_all()).map_err(io_error(path))
}
