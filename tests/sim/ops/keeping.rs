//! What admins keep and delete, and what people report, in the middle of everything else (P10, P30).

use super::{Driver, GLOBEX_USERS, Site, local};
use handclasp::{
    core::{
        command::{AdminOp, KeepOp, UserOp},
        files::PENDING_FROM,
    },
    model::{
        file::FileRef,
        keeping::{About, Held, Proof, Retention, Texts},
    },
    store::reader::files_named,
};

/// A little more than a day, milliseconds: what is kept for a day goes.
const DAY_MS: i64 = 25 * 3_600_000;
/// So many days pass at most in a history: less than records are kept for partners.
const DAYS_MAX: u32 = 5;

impl Driver {
    pub(super) async fn keep(&mut self, site: usize) {
        match self.below(8) {
            0 | 1 => self.let_a_day_pass(),
            2 => {
                let days = Some(1).filter(|_| self.below(4) > 0);
                let retention = Retention { internal_days: days, direct_days: days, group_days: days };
                self.ask_to_keep(site, KeepOp::SetRetention(retention)).await;
            }
            3 | 4 => {
                let held = self.somebody_or_a_room(site).await;
                self.ask_to_keep(site, KeepOp::Hold(held, "case".parse().expect("a reason"))).await;
            }
            5 => {
                let held = self.somebody_or_a_room(site).await;
                self.ask_to_keep(site, KeepOp::Release(held)).await;
            }
            6 => self.report(site).await,
            // The others have to go on.
            _ if site == 1 && self.below(4) == 0 => {
                self.ask_to_keep(site, KeepOp::Erase(local(GLOBEX_USERS[2]), Texts::Remove)).await;
            }
            _ => self.report(site).await,
        }
    }

    /// A refusal is part of the history.
    async fn ask_to_keep(&self, site: usize, op: KeepOp) {
        let _ = self.site(site).admin(AdminOp::Keep(op)).await;
    }

    fn let_a_day_pass(&mut self) {
        if self.days < DAYS_MAX {
            self.days += 1;
            self.told.sites.iter().for_each(|site| site.clock.jump(DAY_MS));
        }
    }

    async fn somebody_or_a_room(&mut self, site: usize) -> Held {
        let user = self.some_user(site);
        match self.some_room(site, user).await {
            Some(room) if self.below(2) == 0 => Held::Room(room),
            _ => Held::User(local(user)),
        }
    }

    async fn report(&mut self, site: usize) {
        let (user, named) = (self.some_user(site), self.some_user(1 - site));
        let person = self.told.sites[1 - site].address(named);
        let (index, which) = (self.below(10), self.below(3));
        let about = match self.some_room(site, user).await {
            Some(room) if which == 0 => About::Room(room),
            Some(room) if which == 1 => About::Message { room, index },
            _ => About::Person(person),
        };
        let report = UserOp::Report { about, reason: "rude".parse().expect("a reason"), proof: Proof::default() };
        let _ = self.site(site).user(user, report).await; // a refusal is part of the history
    }

    /// All holds end, so that everything can come to rest.
    pub(super) async fn end_holds(&self) {
        for site in &self.told.sites {
            for held in site.engine().await.state().keeping.holds.keys() {
                site.admin(AdminOp::Keep(KeepOp::Release(held.clone()))).await.expect("it is held");
            }
        }
    }

    /// Whether files of submissions without a place are still kept for them.
    pub(super) async fn keeps_unplaced(&self, site: &Site) -> bool {
        let engine = site.engine().await;
        for room in engine.state().rooms.values() {
            let id = room.info.id;
            for unplaced in &room.info.unplaced {
                let rows = engine.reader().pending(id, unplaced.range.from, unplaced.range.to);
                for row in rows.expect("a readable store") {
                    let keeps = |file: &FileRef| {
                        let uses = engine.reader().file_uses(file.digest, id).expect("a readable store");
                        uses.contains(&(PENDING_FROM | row.p))
                    };
                    if files_named(&row.bytes).expect("a stored event is an event").iter().any(keeps) {
                        return true;
                    }
                }
            }
        }
        false
    }
}
