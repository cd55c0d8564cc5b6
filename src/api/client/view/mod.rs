//! From the model to what clients are shown. Pure: a state and a viewer in, DTOs out.

mod item;
mod notification;
mod room;

pub use item::{reactions, trace};
pub use notification::notification;
pub use room::{Seen, former, last_visible, member, room, unread_range};

use super::dto;
use crate::{
    core::{
        permit::link_state,
        photos, rooms,
        state::{Delivery, Link, State},
    },
    crypto::digest::direct_room,
    model::{
        Address, Code, Domain, LocalPart, Millis, Reject,
        contact::{self, ContactState},
    },
};

/// The signed-in user; none when there is no such user any more.
pub fn me(state: &State, user: &LocalPart, now: Millis) -> Option<dto::Me> {
    let known = state.users.get(user)?;
    let (next, read) = state.notices.get(user).copied().unwrap_or((0, 0));
    Some(dto::Me {
        address: state.address(user).to_string(),
        name: known.name.to_string(),
        org: state.org.domain.to_string(),
        photo: known.photo.map(|photo| photo.digest.to_string()),
        permitted: known.is_permitted(state.policy),
        peers: state.links.values().map(|link| peer(state, link, now)).collect(),
        unread_notifications: next.saturating_sub(read),
    })
}

fn peer(state: &State, link: &Link, now: Millis) -> dto::PeerLink {
    dto::PeerLink {
        peer: link.peer.domain.to_string(),
        org_name: link.peer.card.card.name.to_string(),
        state: link_state(state, link, now).as_str().to_owned(),
        last_contact_at: link.streams.last_contact.map(|at| at.0),
    }
}

/// The name of a partner org; none when it is unknown.
fn org_name(state: &State, domain: &Domain) -> Option<String> {
    state.links.get(domain).map(|link| link.peer.card.card.name.to_string())
}

/// What a person is called, if we know.
fn name_of(state: &State, address: &Address) -> Option<String> {
    state.name_of(address).map(ToString::to_string)
}

/// The digest of a person's photo, if it can be read here.
pub fn photo_of(state: &State, address: &Address) -> Option<String> {
    photos::of_person(state, address).map(|photo| photo.digest.to_string())
}

/// A contact as its owner sees it.
pub fn contact(
    state: &State,
    owner: &LocalPart,
    address: &Address,
    contact: &contact::Contact,
    now: Millis,
) -> dto::Contact {
    let id = direct_room(&state.address(owner), address);
    let room = rooms::member_of(state, owner, id).ok();
    let refused = match room {
        Some(room) => rooms::writable(state, room, owner, now).err(),
        None => Some(Reject::new(Code::NotContact, "there is no direct room with this person yet")),
    };
    dto::Contact {
        address: address.to_string(),
        name: name_of(state, address),
        photo: photo_of(state, address),
        org_name: org_name(state, &address.domain()),
        external: true,
        state: contact_word(contact.state).to_owned(),
        blocked: contact.blocked,
        available: state.profiles.get(address).is_some_and(|profile| profile.available),
        overlay: overlay(&contact.overlay),
        room: room.map(|room| room.info.id.to_string()),
        writable: refused.is_none(),
        why_not: refused.map(why_not),
    }
}

fn overlay(overlay: &contact::Overlay) -> dto::Overlay {
    let text = |field: &Option<crate::model::text::OverlayText>| field.as_ref().map(ToString::to_string);
    dto::Overlay {
        name: text(&overlay.name),
        phone: text(&overlay.phone),
        email: text(&overlay.email),
        note: text(&overlay.note),
    }
}

/// The word for the state of an add.
fn contact_word(state: ContactState) -> &'static str {
    match state {
        ContactState::Pending => "pending",
        ContactState::Added => "added",
        ContactState::Unavailable => "unavailable",
        ContactState::Undelivered => "undelivered",
        ContactState::None => "none",
    }
}

fn why_not(reject: Reject) -> dto::WhyNotDetail {
    dto::WhyNotDetail { code: reject.code.as_str().to_owned(), detail: reject.detail }
}

/// Whether the partner has an event.
pub fn delivery(delivery: Delivery) -> dto::Delivery {
    let word = |state: &'static str| dto::Delivery { state: state.into(), code: None };
    match delivery {
        Delivery::Queued => word("queued"),
        Delivery::Delivered => word("delivered"),
        Delivery::Refused(code) => dto::Delivery { code: Some(code.as_str().into()), ..word("refused") },
        Delivery::Undelivered => word("undelivered"),
    }
}
