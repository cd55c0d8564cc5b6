//! What turns while everything else goes on: signing keys (W1, F24) and clocks (A36, F25).

use super::Driver;

/// Most jumps are of minutes, some of hours, in either direction.
const MINUTES_MS: i64 = 5 * 60_000;
const HOURS_MS: i64 = 6 * 3_600_000;

impl Driver {
    pub(super) async fn rotate(&mut self, site: usize) {
        self.site(site).rotate().await;
    }

    pub(super) fn jump(&mut self, site: usize) {
        let furthest = if self.below(4) == 0 { HOURS_MS } else { MINUTES_MS };
        let ms = self.below(2 * furthest.unsigned_abs()) as i64 - furthest;
        self.told.sites[site].clock.jump(ms);
    }
}
