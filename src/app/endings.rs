//! Says in the log, once a day, what ends soon by itself.

use crate::{
    api::admin::{CertificateEnd, endings},
    engine::Engine,
    net::Stop,
};
use std::time::Duration;

const EVERY: Duration = Duration::from_secs(86_400);

/// Looks until stop is requested.
pub async fn run(engine: Engine, certificate_end: CertificateEnd, mut stop: Stop) {
    loop {
        for ending in endings::soon(&engine.state(), &certificate_end, engine.now()) {
            let peer = ending.peer.as_deref().unwrap_or("-");
            tracing::warn!(what = ending.what, peer, at = ending.at, "ends soon; docs/operating.md says what to do");
        }
        tokio::select! {
            () = stop.requested() => return,
            () = tokio::time::sleep(EVERY) => {} // the pause of a daily look
        }
    }
}
