//! Pieces of files for a peer: only of rooms that it is in now, only of events that its people may see, and only while
//! link and scope allow (W19, A20). Whatever is missing, the answer is the same.

use super::{Federation, lines::Line, refused::Refused, rooms};
use crate::{
    core::{State, files, photos, state::Link},
    model::{Code, limits},
    net::accept::PeerResponse,
    wire::piece::{self, Piece},
};
use http_body_util::Full;
use hyper::{
    Response,
    header::{CONTENT_TYPE, HeaderValue},
};

impl Federation {
    /// One piece, as it is.
    pub(super) async fn take_piece(
        &self,
        state: &State,
        link: &Link,
        line: &Line,
        body: &[u8],
    ) -> Result<PeerResponse, Refused> {
        let Piece { room, digest, from } = piece::decode(body).map_err(rooms::refused)?;
        let uses = self.engine.reader().file_uses(digest, room).map_err(|error| rooms::store_failed(&error))?;
        let (peer, now) = (&link.peer.domain, self.engine.now());
        let allowed = files::may_fetch(state, peer, (room, digest), &uses, now)
            || photos::may_fetch(state, peer, (room, digest), now);
        if !allowed {
            return Err(Refused::new(Code::NotFound));
        }
        // Other pieces wait here, and never the peer's envelopes.
        let _place = line.pieces.acquire().await.expect("the semaphore is never closed");
        let piece = self.files.read(digest, from, limits::FILE_CHUNK_BYTES).await.map_err(|error| {
            tracing::warn!(%digest, %error, "a file that was asked for cannot be read");
            Refused::new(Code::NotFound)
        })?;
        metrics::counter!("handclasp_file_bytes_total", "peer" => link.peer.domain.to_string(), "direction" => "out")
            .increment(piece.len() as u64);
        let mut response = Response::new(Full::new(piece.into()));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
        Ok(response)
    }
}
