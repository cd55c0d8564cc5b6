//! A fresh directory for organizations that are made to be shown or measured.

use super::failure::{Done, Failure};
use crate::{
    clock::{SystemRandom, random_16},
    model::id::hex,
};
use std::path::{Path, PathBuf};

/// What becomes of the directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Afterwards {
    /// It stays.
    Kept,
    /// It goes.
    Removed,
}

/// A fresh directory.
#[derive(Debug)]
pub struct Scratch {
    path: PathBuf,
    afterwards: Afterwards,
}

impl Scratch {
    /// A new directory with an unused name, under a directory or among the temporary ones.
    pub fn make(purpose: &str, under: Option<&Path>, afterwards: Afterwards) -> Done<Self> {
        let under = under.map_or_else(std::env::temp_dir, Path::to_owned);
        let name = &hex(&random_16(&mut SystemRandom))[..12];
        let path = under.join(format!("handclasp-{purpose}-{name}"));
        std::fs::create_dir_all(&path)
            .map_err(|error| Failure::fault(format!("cannot make the directory {}: {error}", path.display())))?;
        Ok(Self { path, afterwards })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        match self.afterwards {
            Afterwards::Kept => eprintln!("kept {}", self.path.display()),
            // What cannot be removed from a temporary directory does no harm.
            Afterwards::Removed => drop(std::fs::remove_dir_all(&self.path)),
        }
    }
}
