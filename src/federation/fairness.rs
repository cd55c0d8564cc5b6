//! What a peer may send at a time while our own people are being served: less, so that nobody waits long behind it
//! (A23). A peer that heeds the credit of its acks notices little of it; one that does not is taken slowly.

use super::{Federation, lines::Line};
use crate::model::{limits, record::Credit};
use std::time::Duration;
use tokio::sync::SemaphorePermit;

/// What signature, head and base64 of an envelope take beside its records, bytes.
const WRAPPING_BYTES: u64 = 8 * 1024;
/// A body of this length is not opened beside others.
const LONG_BYTES: usize = 64 * 1024;
/// Whoever sends more than it was told waits so long with it.
const PAUSE: Duration = Duration::from_millis(limits::UNHEEDED_PAUSE_MS);

impl Federation {
    /// The credit of the next ack.
    pub(super) fn credit(&self, line: &Line, credit: Credit) -> Credit {
        let credit = if self.engine.serves_people() { credit.and(Credit::SHARED) } else { credit };
        line.grant(credit);
        credit
    }

    /// Before an envelope is opened: a body that is longer than the credit waits.
    pub(super) async fn pace_bytes(&self, line: &Line, body_bytes: usize) {
        let allowed = line.granted().bytes / 3 * 4 + WRAPPING_BYTES;
        self.pace(body_bytes as u64 > allowed).await;
    }

    /// Before an envelope is applied: more records than the credit wait.
    pub(super) async fn pace_records(&self, line: &Line, records: usize) {
        self.pace(records as u64 > line.granted().records).await;
    }

    async fn pace(&self, is_unheeded: bool) {
        if is_unheeded && self.engine.serves_people() {
            metrics::counter!("handclasp_envelopes_paced_total").increment(1);
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Half of the processors at most prove long envelopes at once: the others answer people.
    pub(super) async fn turn_to_open(&self, body: &[u8]) -> Option<SemaphorePermit<'_>> {
        if body.len() < LONG_BYTES {
            return None;
        }
        Some(self.opening.acquire().await.expect("the semaphore is never closed"))
    }
}
