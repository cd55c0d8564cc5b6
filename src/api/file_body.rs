//! The bytes of a file as the body of an answer, in pieces.

use crate::{
    files::{Files, Pin},
    model::Digest,
};
use axum::body::Body;
use bytes::Bytes;

/// Read from the disk at once, bytes.
const READ_BYTES: usize = 256 * 1024;

/// The bytes from a place up to another. The pin keeps them from being removed until the last one is sent.
pub fn stream(files: Files, digest: Digest, (from, to): (u64, u64), pin: Pin) -> Body {
    let pieces = futures_util::stream::unfold((files, from, pin), move |(files, at, pin)| async move {
        if at >= to {
            return None;
        }
        let wanted = usize::try_from(to - at).unwrap_or(usize::MAX).min(READ_BYTES);
        match files.read(digest, at, wanted).await {
            Ok(piece) if !piece.is_empty() => {
                let next = at + piece.len() as u64;
                Some((Ok(Bytes::from(piece)), (files, next, pin)))
            }
            Ok(_) => Some((Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof)), (files, to, pin))),
            Err(error) => {
                tracing::error!(%error, "a file broke off while it was read");
                Some((Err(std::io::Error::other(error)), (files, to, pin)))
            }
        }
    });
    Body::from_stream(pieces)
}
