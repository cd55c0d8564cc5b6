//! SHA-256, the chain over records and events, and the ids that are derived from names and keys.

use crate::model::{Address, Digest, Domain, LinkId, RoomId, id::PublicKey};
use sha2::{Digest as _, Sha256};

/// SHA-256 of some bytes.
#[must_use]
pub fn sha256(bytes: &[u8]) -> Digest {
    Digest(Sha256::digest(bytes).into())
}

/// The chain head after an item: SHA-256(head ‖ SHA-256(item)) (W6).
#[must_use]
pub fn chain(head: Digest, item: Digest) -> Digest {
    let mut hasher = Sha256::new();
    hasher.update(head.0);
    hasher.update(item.0);
    Digest(hasher.finalize().into())
}

fn derive_16(label: &str, parts: [&[u8]; 4]) -> [u8; 16] {
    let mut hasher = Sha256::new();
    hasher.update(label.as_bytes());
    for part in parts {
        hasher.update([0]);
        hasher.update(part);
    }
    let digest: [u8; 32] = hasher.finalize().into();
    digest[..16].try_into().expect("16 of 32 bytes")
}

/// The id of the direct room of two people, the same on both sides (P7).
#[must_use]
pub fn direct_room(one: &Address, other: &Address) -> RoomId {
    let (first, second) = if one <= other { (one, other) } else { (other, one) };
    RoomId::direct(derive_16("handclasp/direct/v1", [first.as_str().as_bytes(), second.as_str().as_bytes(), b"", b""]))
}

/// The id under which a person's photo is asked for, the same on both sides.
#[must_use]
pub fn person_id(person: &Address) -> RoomId {
    RoomId::direct(derive_16("handclasp/person/v1", [person.as_str().as_bytes(), b"", b"", b""]))
}

/// The id of the archive of a room that an org has exported: the same however often it is imported.
#[must_use]
pub fn archive_id(org: &Domain, room: &RoomId) -> RoomId {
    RoomId::group(derive_16("handclasp/archive/v1", [org.as_str().as_bytes(), &room.0, b"", b""]))
}

/// The id of the link between two orgs, the same on both sides: from both domains and identity keys.
#[must_use]
pub fn link_id(one: (&Domain, &PublicKey), other: (&Domain, &PublicKey)) -> LinkId {
    let (first, second) = if one.0 <= other.0 { (one, other) } else { (other, one) };
    LinkId(derive_16(
        "handclasp/link/v1",
        [first.0.as_str().as_bytes(), &first.1.0, second.0.as_str().as_bytes(), &second.1.0],
    ))
}
