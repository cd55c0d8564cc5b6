//! What each pair of three orgs has to itself, and the search for it in everything that the third has kept.

use super::{ORGS, envoy, pairs};
use crate::cluster::Site;
use handclasp::{
    core::State,
    model::{
        Address, Domain, RoomId,
        event::{Act, Message},
        text::{MessageText, RoomName, Title},
    },
};

/// The words of one pair of orgs.
#[derive(Clone, Debug)]
pub struct Secrets(String);

impl Secrets {
    /// The same from both sides.
    pub fn of(one: usize, other: usize) -> Self {
        Self(format!("between-{}-and-{}", one.min(other), one.max(other)))
    }

    pub fn text(&self) -> MessageText {
        self.0.parse().expect("a text")
    }

    pub fn message(&self) -> Act {
        Message::plain(self.text()).into()
    }

    pub fn title(&self) -> Title {
        self.0.parse().expect("a title")
    }

    pub fn name(&self) -> RoomName {
        self.0.parse().expect("a name")
    }

    /// The content of a file.
    pub fn bytes(&self) -> Vec<u8> {
        self.0.repeat(20).into_bytes()
    }
}

fn shared(state: &State, peer: &Domain) -> Vec<RoomId> {
    let rooms = state.rooms.values().filter(|room| room.other(&state.org.domain) == Some(peer));
    rooms.map(|room| room.info.id).collect()
}

/// All that belongs to a pair alone, as bytes: its words, its people, its rooms, its link.
async fn of_pair(sites: &[Site; 3], one: usize, other: usize) -> Vec<Vec<u8>> {
    let mut own = vec![Secrets::of(one, other).0.into_bytes()];
    for (site, partner) in [(one, other), (other, one)] {
        own.push(sites[site].address(envoy(site, partner)).to_string().into_bytes());
        own.push(format!("I am {}", envoy(site, partner)).into_bytes());
        let state = sites[site].engine().await.state();
        for room in shared(&state, &sites[partner].domain) {
            own.extend([room.to_string().into_bytes(), room.0.to_vec()]);
        }
        let link = state.links[&sites[partner].domain].peer.link;
        own.extend([link.to_string().into_bytes(), link.0.to_vec()]);
    }
    own.sort();
    own.dedup();
    own
}

fn holds(kept: &[Vec<u8>], needle: &[u8]) -> bool {
    let first = needle[0];
    kept.iter().any(|bytes| bytes.windows(needle.len()).any(|window| window[0] == first && window == needle))
}

/// What of one pair the third has kept. The pair itself has it, else the search would prove nothing.
pub async fn leaks(sites: &[Site; 3]) -> Vec<String> {
    let kept = [sites[0].kept(), sites[1].kept(), sites[2].kept()];
    let mut found = Vec::new();
    for (one, other) in pairs().filter(|(one, other)| one < other) {
        let third = 3 - one - other;
        let own = of_pair(sites, one, other).await;
        assert!(own.iter().any(|needle| holds(&kept[one], needle) && holds(&kept[other], needle)));
        for site in [one, other] {
            let words = Secrets::of(one, other).0;
            assert!(holds(&kept[site], words.as_bytes()), "{} has lost {words}", ORGS[site]);
        }
        let leaked = own.iter().filter(|needle| holds(&kept[third], needle));
        found.extend(leaked.map(|needle| format!("{}: {}", ORGS[third], String::from_utf8_lossy(needle))));
        let state = sites[third].engine().await.state();
        for room in state.rooms.values() {
            let partner = room.other(&state.org.domain);
            let known = |who: &&Address| state.is_ours(who) || partner.is_some_and(|partner| who.is_of(partner));
            let strangers = room.members.keys().filter(|who| !known(who));
            found.extend(strangers.map(|who| format!("{}: {who}", ORGS[third])));
        }
    }
    found
}

/// What a site would tell each partner of signals at this moment, of rooms that the partner is not in.
pub async fn told(site: &Site) -> Vec<String> {
    let (Some(signals), engine) = (site.signals(), site.engine().await) else { return Vec::new() };
    let state = engine.state();
    let mut found = Vec::new();
    for peer in state.links.keys() {
        let rooms = shared(&state, peer);
        signals.begin_session(peer);
        while signals.wait_for(peer) {
            let taken = signals.take(peer);
            let told = taken.signals.iter().map(|it| it.room).chain(taken.calls.iter().map(|it| it.room));
            found.extend(told.filter(|room| !rooms.contains(room)).map(|room| format!("{peer}: {room}")));
        }
    }
    found
}
