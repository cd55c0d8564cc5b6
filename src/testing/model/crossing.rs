//! What must hold of two cores after any history, also when not everything has crossed.

use super::{Org, Pair, Place, Who, org_of, room_of, texts};
use crate::model::{Code, RoomId};
use std::collections::BTreeMap;

/// How far the world gets between two operations.
#[derive(Clone, Copy, Debug)]
pub enum Crossing {
    /// Not at all.
    Nothing,
    /// One org greets the other.
    Greeting(Org),
    /// What one org has queued arrives.
    Envelopes(Org),
    /// The same, and the ack is lost.
    LostAck(Org),
    /// Everything arrives.
    Everything,
}

/// Lets that cross.
pub fn cross(pair: &mut Pair, crossing: Crossing) {
    match crossing {
        Crossing::Nothing => {}
        Crossing::Greeting(org) => drop(pair.greet(org)),
        Crossing::Envelopes(org) => drop(pair.deliver(org)),
        Crossing::LostAck(org) => {
            if let Some(envelope) = pair.next_envelope(org) {
                drop(pair.ingest(org.other(), envelope));
            }
        }
        Crossing::Everything => pair.sync(),
    }
}

/// What every post was answered with, by its words.
pub type Posted = BTreeMap<String, (Who, Place)>;

/// Each accepted message stands once in its author's copy or is known not to have crossed, and at most once in the
/// other; copies with members on both sides are the same.
///
/// # Panics
/// When that does not hold.
pub fn assert_sound(pair: &Pair, posted: &Posted) {
    for (words, (who, place)) in posted {
        let (home, id) = (org_of(*who), room_of(*who, *place));
        let count = |org| texts(pair, org, id).iter().filter(|text| *text == words).count();
        let unplaced = pair.side(home).state.rooms[&id].info.unplaced.iter();
        let unplaced = unplaced.map(|unplaced| unplaced.range.to - unplaced.range.from).sum::<u64>();
        assert!(count(home) == 1 || (count(home) == 0 && unplaced > 0), "{words} of {who} is lost or doubled");
        assert!(count(home.other()) <= 1, "{words} of {who} is shown twice");
    }
    for org in [Org::Acme, Org::Globex] {
        let state = &pair.side(org).state;
        for room in state.rooms.values() {
            assert_eq!(room.info.frozen, None, "honest daemons freeze nothing: {}", room.info.id);
            assert_eq!(room.info.pending.from, room.info.pending.to, "everything has its verdict");
        }
        let form = [Code::Malformed, Code::UnknownType, Code::Authority, Code::ThirdOrg, Code::Frozen];
        let broken: Vec<_> = state.refused.iter().filter(|(_, code)| form.contains(code)).collect();
        assert!(broken.is_empty(), "what enqueues, ingests (A34): {broken:?}");
    }
    assert_in_step(pair);
}

/// Whether the host has sent the room's state in the present epoch. Before, what did not cross is missing in the copy.
fn is_synced(pair: &Pair, host: Org, id: RoomId) -> bool {
    let state = &pair.side(host).state;
    let epoch = state.links[&host.other().domain()].out_epoch();
    epoch.is_some() && state.rooms[&id].info.synced_epoch == epoch.map(|epoch| epoch.n)
}

fn assert_in_step(pair: &Pair) {
    let (acme, globex) = (&pair.side(Org::Acme).state, &pair.side(Org::Globex).state);
    for (id, room) in &acme.rooms {
        let Some(copy) = globex.rooms.get(id) else { continue };
        let both = [Org::Acme, Org::Globex].iter().all(|org| room.members_of(&org.domain()).next().is_some());
        if !both {
            continue;
        }
        let roles = |room: &crate::core::state::Room| {
            room.members.iter().map(|(user, it)| (user.clone(), it.role, it.visible_from)).collect::<Vec<_>>()
        };
        assert_eq!(roles(room), roles(copy), "members of {id}");
        let host = if room.info.host == Org::Acme.domain() { Org::Acme } else { Org::Globex };
        if is_synced(pair, host, *id) {
            assert_eq!((room.next_index, room.head), (copy.next_index, copy.head), "order of {id} (P23)");
        }
    }
}
