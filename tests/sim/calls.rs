//! Calls in a history: people ring, answer, decline, hang up and pass on what browsers say, over a network that loses, delays
//! and parts. Whatever was lost, nobody stays in a call without the right, and none outlives its people.

use super::{
    cluster::{Gesture, Site, local},
    ops::{Driver, Told},
};
use handclasp::{
    core::calls::{Plan, may_be_in},
    model::{
        CallId, DeviceId, EventId, RoomId,
        call::{Leg, Media, MediaContent, Medium, Seat, Shows},
        limits,
    },
    signals::Signals,
};
use std::time::Duration;

const SDP: &str = "v=0\r\na=fingerprint:sha-256 AB:CD\r\n";
/// Until nothing of a call can be left: it rings, a daemon forgets it, its people are silent.
const CALLS_END: Duration = Duration::from_millis(3 * (limits::RING_MS + limits::CALL_ALONE_MS + limits::PRESENCE_MS));

/// Whoever loses the right is out of every call after this.
const CUT: Duration = Duration::from_secs(1);

/// What somebody does with the call of a room.
#[derive(Clone, Copy, Debug)]
pub enum Deed {
    Starts(CallId),
    Joins,
    Declines,
    Leaves,
    Mutes,
    /// Sends an offer to everybody who is in.
    Offers,
}

/// Does it on the daemon's own host.
pub fn act(signals: &Signals, user: &str, room: RoomId, deed: Deed) {
    let (user, known) = (local(user), signals.call_in(room).map(|shown| shown.call));
    let device = DeviceId([user.as_str().len() as u8; 16]);
    let seat = Seat { device, shows: Shows::default() };
    // Every refusal is part of the history.
    let _ = match (deed, known) {
        (Deed::Starts(id), _) => {
            let plan = Plan { id, room, medium: Medium::Voice, seat, invited: None };
            signals.start_call(&user, plan).map(drop)
        }
        (Deed::Joins, Some(call)) => signals.join_call(&user, call.id, seat).map(drop),
        (Deed::Declines, Some(call)) => signals.decline_call(&user, call.id).map(drop),
        (Deed::Leaves, Some(call)) => signals.leave_call(&user, call.id, device).map(drop),
        (Deed::Mutes, Some(call)) => {
            let shows = Shows { muted: true, ..Shows::default() };
            signals.show_in_call(&user, (call.id, device), shows).map(drop)
        }
        (Deed::Offers, Some(call)) => call.joined().try_for_each(|(to, seat)| {
            let content = MediaContent::Offer(SDP.parse().expect("an SDP"));
            let media = Media { device, to: to.clone(), to_device: seat.device, content };
            signals.pass_in_call(&user, call.id, media)
        }),
        (_, None) => Ok(()),
    };
}

impl Driver {
    pub(super) async fn call(&mut self, site: usize) {
        let user = self.some_user(site);
        let Some(room) = self.some_room(site, user).await else { return };
        let deed = match self.below(9) {
            0..=2 => {
                let id = CallId(handclasp::clock::random_16(&mut self.random));
                // The entry of a call has the id of the call; whether it is written depends on what happens.
                self.told.unanswered.push(EventId(id.0));
                Deed::Starts(id)
            }
            3 | 4 => Deed::Joins,
            5 => Deed::Declines,
            6 => Deed::Leaves,
            7 => Deed::Mutes,
            _ => Deed::Offers,
        };
        self.told.sites[site].gesture(Gesture::Calls(user, room, deed));
    }

    /// P26, P15: soon after a change nobody is in a call here who may not be.
    pub(super) async fn check_calls(&self, site: usize) {
        let deadline = tokio::time::Instant::now() + CUT;
        loop {
            let found = outlaws(&self.told.sites[site]).await;
            if found.is_empty() {
                return;
            }
            assert!(tokio::time::Instant::now() < deadline, "P26: still in a call without the right: {found:?}");
            tokio::time::sleep(Duration::from_millis(20)).await; // between polls: simulated time
        }
    }
}

/// Who is in a call, or rings, without the right.
async fn outlaws(site: &Site) -> Vec<(CallId, String)> {
    let Some(signals) = site.signals() else { return Vec::new() };
    let engine = site.engine().await;
    let (state, now) = (engine.state(), engine.now());
    let mut found = Vec::new();
    for call in state.rooms.keys().filter_map(|room| signals.call_in(*room)).map(|shown| shown.call) {
        let legs = call.legs.iter().filter(|(_, leg)| !matches!(leg, Leg::Out(_)));
        let outside = legs.filter(|(who, _)| !may_be_in(&state, call.room, who, now));
        found.extend(outside.map(|(who, _)| (call.id, who.to_string())));
    }
    found
}

/// P25: no call outlives its people, on either side, whatever was lost.
pub async fn end(told: &Told) {
    let deadline = tokio::time::Instant::now() + CALLS_END;
    for site in &told.sites {
        while let Some(call) = going(site).await {
            assert!(tokio::time::Instant::now() < deadline, "P25: {call:?} does not end at {}", site.domain);
            tokio::time::sleep(Duration::from_millis(500)).await; // between polls: simulated time
        }
    }
}

async fn going(site: &Site) -> Option<CallId> {
    let (engine, signals) = (site.engine().await, site.signals()?);
    engine.state().rooms.keys().find_map(|room| signals.call_in(*room)).map(|shown| shown.call.id)
}
