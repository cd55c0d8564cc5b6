//! What people upload: sniffed, measured and made small, within its limits.

use super::super::{ManualClock, fixtures::local};
use crate::{
    files::{Files, Memory, NewUpload, Progress, UploadError, UploadId, Work},
    model::{file::MediaType, limits},
};
use std::sync::Arc;
use tokio::runtime::Builder;

/// Types that an upload declares: the first byte picks one.
const DECLARED: [Option<&str>; 6] =
    [None, Some("image/png"), Some("image/jpeg"), Some("image/gif"), Some("image/webp"), Some("text/plain")];

/// Bytes as an upload of a picture.
pub fn media(bytes: &[u8]) {
    let Some((pick, content)) = bytes.split_first() else { return };
    let declared = DECLARED[usize::from(*pick) % DECLARED.len()].map(|name| name.parse().expect("a media type"));
    let runtime = Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(upload(content, declared));
}

async fn upload(content: &[u8], declared: Option<MediaType>) {
    let files = Files::open(Arc::new(Memory::new()), Work::Inline, Arc::new(ManualClock::default())).expect("memory");
    let (owner, id) = (local("alice"), UploadId([1; 16]));
    let name = "x".parse().expect("a file name");
    let new = NewUpload { bytes: content.len() as u64, name, declared: declared.clone(), digest: None };
    let begun = files.begin_upload(&owner, id, new).await.map(|view| view.file);
    let finished = match begun {
        Ok(Some(file)) => Ok(file),
        Ok(None) => {
            let mut writing = files.write_upload(&owner, id, 0).await.expect("nothing was written yet");
            writing.push(content.to_vec().into()).await.expect("as long as announced");
            match writing.close().await {
                Ok(Progress::Finished(file)) => Ok(file),
                Ok(Progress::More(at)) => panic!("{at} bytes are all"),
                Err(error) => Err(error),
            }
        }
        Err(error) => Err(error),
    };
    match finished {
        Ok(file) => {
            let small = files.thumbnail(file.digest).await.expect("the bytes are here");
            assert!(
                small.is_none_or(|small| small.len() <= limits::THUMBNAIL_BYTES_MAX && small.starts_with(b"\xff\xd8"))
            );
            let sides = file.image.map_or(1, |size| size.width.min(size.height));
            assert!((1..=limits::IMAGE_PIXELS_MAX).contains(&sides));
        }
        Err(UploadError::Type { .. }) => assert!(declared.is_some(), "what declares nothing is what it is"),
        Err(error) => panic!("{error}"),
    }
}
