//! Photos of people and rooms: who sets them, who is told, who fetches them, and where they are (P12, W19, A20).

use super::*;
use crate::{
    core::{
        command::PeerOp,
        photos::{PHOTO_AT, may_fetch, of_person, of_room, seen_by},
    },
    crypto::digest::{person_id, sha256},
    model::{event::SettingsChange, file::Photo, grant::Scope, grant::Scopes},
};

const SIDES: [(Org, &str, &str); 2] = [(ACME, "alice", "bob"), (GLOBEX, "bob", "alice")];

fn photo(n: u8) -> Photo {
    Photo { digest: sha256(&[n]), bytes: 1_000 }
}

fn set_own(pair: &mut Pair, org: Org, user: &str, photo: Option<Photo>) {
    pair.user(org, user, UserOp::SetPhoto(photo)).expect("one's own");
    pair.sync();
}

fn set_room(pair: &mut Pair, org: Org, user: &str, id: RoomId, photo: Option<Photo>) -> Result<Answer, Reject> {
    let change = SettingsChange { photo: Some(photo), ..SettingsChange::default() };
    let done = pair.user(org, user, UserOp::ChangeRoom(id, change));
    pair.sync();
    done
}

fn arrive(pair: &mut Pair, org: Org, photo: Photo) {
    pair.peer(org, PeerOp::FileArrived(photo.digest)).expect("noted");
}

/// Whether the partner of `org` may read the photo there.
fn serves(pair: &Pair, org: Org, owner: RoomId, photo: Photo) -> bool {
    may_fetch(&pair.side(org).state, &org.other().domain(), (owner, photo.digest), pair.now)
}

#[test]
fn a_persons_photo_comes_to_those_who_may_see_the_person() {
    for (org, user, friend) in SIDES {
        let (mut pair, _) = acquainted();
        let (person, there) = (pair.address(org, user), org.other());
        let owner = person_id(&person);
        set_own(&mut pair, org, user, Some(photo(1)));
        assert_eq!(of_person(&pair.side(there).state, &person), None, "its bytes are on their way");
        assert!(serves(&pair, org, owner, photo(1)) && !serves(&pair, there, owner, photo(1)));
        arrive(&mut pair, there, photo(1));
        assert_eq!(of_person(&pair.side(there).state, &person), Some(photo(1)));
        assert_eq!(pair.side(there).uses(photo(1).digest, owner), [PHOTO_AT]);
        assert!(seen_by(&pair.side(there).state, &parsed(friend), &person));
        assert!(!seen_by(&pair.side(there).state, &parsed(if friend == "bob" { "frank" } else { "erin" }), &person));
        set_own(&mut pair, org, user, Some(photo(2)));
        assert!(!serves(&pair, org, owner, photo(1)), "only the present one");
        set_own(&mut pair, org, user, None);
        for side in [ACME, GLOBEX] {
            assert_eq!(of_person(&pair.side(side).state, &person), None);
            assert!(
                pair.side(side).uses(photo(2).digest, owner).is_empty() && pair.side(side).state.awaited.is_empty()
            );
        }
    }
}

#[test]
fn who_comes_to_know_a_person_later_gets_the_photo_too_and_nobody_else() {
    for (org, user, friend) in SIDES {
        let mut pair = Pair::open();
        set_own(&mut pair, org, user, Some(photo(1)));
        let person = pair.address(org, user);
        assert!(!serves(&pair, org, person_id(&person), photo(1)), "the partner does not know them");
        acquaint(&mut pair, org, user, friend);
        assert_eq!(pair.side(org.other()).state.profiles[&person].photo, Some(photo(1)), "{org:?} adds");
        let mut pair = Pair::open();
        set_own(&mut pair, org, user, Some(photo(1)));
        acquaint(&mut pair, org.other(), friend, user);
        assert_eq!(pair.side(org.other()).state.profiles[&person].photo, Some(photo(1)), "{org:?} is added");
    }
}

#[test]
fn members_of_a_group_see_each_others_photos() {
    let mut pair = Pair::open();
    for (org, user, n) in [(ACME, "carol", 1), (GLOBEX, "dave", 2)] {
        set_own(&mut pair, org, user, Some(photo(n)));
    }
    acquaint(&mut pair, ACME, "alice", "dave");
    let members = vec![pair.address(GLOBEX, "dave"), pair.address(ACME, "carol")];
    create(&mut pair, ACME, "alice", room_id(9), members).expect("a group is made");
    pair.sync();
    let people = [(GLOBEX, pair.address(ACME, "carol"), 1), (ACME, pair.address(GLOBEX, "dave"), 2)];
    for (side, person, n) in people {
        assert_eq!(pair.side(side).state.profiles[&person].photo, Some(photo(n)), "{person} at {side:?}");
    }
}

#[test]
fn p12_masters_of_either_org_set_a_rooms_photo_and_the_other_side_fetches_it() {
    let (mut pair, id) = group(ACME);
    pair.user(ACME, "alice", UserOp::SetRole(id, pair.address(GLOBEX, "bob"), Role::Master)).expect("a master names");
    pair.sync();
    for (org, user) in [(ACME, "carol"), (GLOBEX, "dave")] {
        assert_eq!(code(set_room(&mut pair, org, user, id, Some(photo(9)))), Code::NotMaster);
    }
    for (n, (org, user)) in (1..).zip([(ACME, "alice"), (GLOBEX, "bob")]) {
        set_room(&mut pair, org, user, id, Some(photo(n))).expect("a master");
        assert_in_step(&pair, id);
        assert_eq!(of_room(&pair.side(org).state, room(&pair, org, id)), Some(photo(n)), "it is here");
        let there = org.other();
        assert_eq!(of_room(&pair.side(there).state, room(&pair, there, id)), None, "it is on its way");
        assert!(serves(&pair, org, id, photo(n)) && !serves(&pair, there, id, photo(n)));
        arrive(&mut pair, there, photo(n));
        assert_eq!(of_room(&pair.side(there).state, room(&pair, there, id)), Some(photo(n)));
        for side in [ACME, GLOBEX] {
            assert_eq!(pair.side(side).uses(photo(n).digest, id), [PHOTO_AT], "{side:?}");
            assert_eq!(room(&pair, side, id).info.photo_asked, None);
        }
    }
    set_room(&mut pair, GLOBEX, "bob", id, None).expect("a master");
    for side in [ACME, GLOBEX] {
        assert_eq!(room(&pair, side, id).info.photo, None);
        assert!(pair.side(side).uses(photo(2).digest, id).is_empty());
    }
}

#[test]
fn w18_the_photo_comes_with_the_rooms_state_and_a20_goes_to_nobody_outside() {
    let (mut pair, id) = group(ACME);
    for guest in ["bob", "dave"] {
        let guest = pair.address(GLOBEX, guest);
        pair.user(ACME, "alice", UserOp::RemoveMember(id, guest)).expect("a master");
    }
    pair.sync();
    set_room(&mut pair, ACME, "alice", id, Some(photo(1))).expect("a master");
    assert!(!serves(&pair, ACME, id, photo(1)), "nobody of theirs is in");
    let bob = pair.address(GLOBEX, "bob");
    pair.user(ACME, "alice", UserOp::AddMembers(id, vec![bob])).expect("a former member");
    pair.sync();
    assert_eq!(room(&pair, GLOBEX, id).info.photo, Some(photo(1)));
    assert!(serves(&pair, ACME, id, photo(1)) && !serves(&pair, ACME, id, photo(2)));
    let fewer: Scopes = Scope::ALL.into_iter().filter(|scope| *scope != Scope::Files).collect();
    pair.grant(GLOBEX, fewer);
    pair.sync();
    assert!(!serves(&pair, ACME, id, photo(1)), "pictures need the scope of files");
    pair.grant(GLOBEX, Scopes::all());
    pair.sync();
    pair.revoke(ACME);
    assert!(!serves(&pair, ACME, id, photo(1)));
}
