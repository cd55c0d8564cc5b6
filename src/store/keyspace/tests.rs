//! Keys are read back as written, and stand in the order that scans rely on.

use super::*;

fn keys() -> Vec<Key> {
    let user: LocalPart = "alice".parse().expect("a local part");
    let peer: Domain = "globex.example".parse().expect("a domain");
    let person: Address = "bob@globex.example".parse().expect("an address");
    let room = RoomId([7; 16]);
    let mut keys = vec![
        Key::More(vec![1, 0, 255], 3),
        Key::Schema,
        Key::Org,
        Key::Commit,
        Key::Policy,
        Key::Unconfirmed,
        Key::User(user.clone()),
        Key::Session(Digest([9; 32])),
        Key::Feed(Digest([9; 32])),
        Key::Peer(peer.clone()),
        Key::Streams(peer.clone()),
        Key::Parted(peer.clone()),
        Key::Room(room),
        Key::Skip(room),
        Key::Member(room, person.clone()),
        Key::Former(room, person.clone()),
        Key::Invitation(room, person.clone()),
        Key::Contact(user.clone(), person.clone()),
        Key::Profile(person),
        Key::Mark(user.clone(), room),
        Key::NoticesRead(user.clone()),
        Key::Refused(peer.clone(), 1, 2),
        Key::UserQuota(user.clone()),
        Key::LinkQuota(peer.clone(), true),
        Key::Retention,
        Key::Hold(Held::User(user.clone())),
        Key::Hold(Held::Room(room)),
        Key::Paper(peer.clone(), PaperKind::Theirs, 3),
        Key::Case(1),
        Key::Proof(1),
        Key::ErasedUser(user.clone()),
        Key::Item(room, 5, 0),
        Key::Listed(room, ItemKind::Date, 5),
        Key::FilePolicy,
        Key::Awaited(peer.clone(), Digest([9; 32]), room, 5),
        Key::Erasure(room, 5),
        Key::FileQuota(peer.clone()),
        Key::Trash(room, 5),
        Key::File(Digest([9; 32]), room, 5),
    ];
    let logs = [
        LogId::Timeline(room),
        LogId::Pending(room),
        LogId::Outbox(peer.clone(), 4),
        LogId::Inbox(peer, 4),
        LogId::Notices(user),
        LogId::Audit,
        LogId::Journal,
    ];
    keys.extend(logs.map(|log| Key::Row(log, 77, 1)));
    keys
}

#[test]
fn every_key_is_read_back_as_written() {
    for key in keys() {
        assert_eq!(Key::decode(&key.encode()), Some(key));
    }
}

#[test]
fn no_shortened_or_lengthened_key_passes_for_another() {
    for key in keys().into_iter().filter(|key| !matches!(key, Key::More(..))) {
        let bytes = key.encode();
        assert_eq!(Key::decode(&bytes[..bytes.len() - 1]), None, "{key:?}");
        assert_eq!(Key::decode(&[&bytes[..], &[0]].concat()), None, "{key:?}");
    }
}

#[test]
fn rows_of_a_log_stand_in_the_order_of_their_entries() {
    let prefix = LogId::Journal.prefix();
    let keys = [row_key(&prefix, 1, 0), row_key(&prefix, 1, 1), row_key(&prefix, 255, 0), row_key(&prefix, 256, 0)];
    assert!(keys.is_sorted());
    assert!(after_row(&prefix, 1) > keys[1] && after_row(&prefix, 1) < keys[2]);
}
