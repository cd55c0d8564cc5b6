//! Server-sent events as bytes. What many see is rendered once; event bytes are spliced, never written anew.

use super::{
    ClientContext,
    beside::{Beside, Derived, target_of},
    caller::Caller,
    dto, files,
    messages::pending_delivery,
    render, rooms, view,
};
use crate::{
    core::{permit::link_state, rooms::member_of, state::State},
    feed::FeedItem,
    model::{Address, Domain, RoomId, journal::Entry},
    store::{
        kv::StoreError,
        reader::{Reader, TimelineRow},
    },
};
use bytes::Bytes;
use serde::Serialize;
use std::{collections::HashMap, io::Write as _};

/// A comment that keeps the connection from being taken for dead.
pub const PING: &[u8] = b": ping\n\n";

/// Appends the frame of an item as this caller sees it; nothing when the caller no longer sees anything of it.
///
/// # Errors
/// When the store cannot be read.
pub fn push(
    out: &mut Vec<u8>,
    context: &ClientContext,
    state: &State,
    caller: &Caller,
    item: &FeedItem,
) -> Result<(), StoreError> {
    let at = item.position;
    match &item.entry {
        Entry::Events { room, .. } => {
            let shared = match item.shared.get() {
                Some(shared) => shared,
                None => {
                    let frame = messages(context.engine.reader(), state, at, *room, &item.events)?;
                    item.shared.get_or_init(|| frame)
                }
            };
            out.extend_from_slice(shared);
        }
        Entry::Delivered { room, through } => {
            object(out, at, "delivered", &dto::Delivered { room: room.to_string(), through: *through });
        }
        Entry::Refused { room, index, code } => {
            let frame = dto::Refused { room: room.to_string(), index: *index, code: code.as_str().to_owned() };
            object(out, at, "refused", &frame);
        }
        Entry::Unplaced { room, p, code } => {
            let code = code.map(|code| code.as_str().to_owned());
            object(out, at, "unplaced", &dto::Unplaced { room: room.to_string(), pending: *p, code });
        }
        Entry::Pending { room, p, .. } => push_pending(out, context, state, at, (*room, *p))?,
        Entry::Room { room } => {
            if let Ok(room) = member_of(state, &caller.user, *room) {
                object(out, at, "room", &rooms::show(context, state, &caller.user, room)?);
            }
        }
        Entry::RoomLeft { room, .. } => object(out, at, "room_left", &dto::RoomLeft { room: room.to_string() }),
        Entry::Contact { address, .. } => push_contact(out, context, state, caller, (at, address)),
        Entry::Notice { n, .. } => {
            for (n, notice) in context.engine.reader().notices(&caller.user, n + 1, 1)? {
                object(out, at, "notification", &view::notification(n, &notice));
            }
        }
        Entry::Link { peer } => push_link(out, context, state, at, peer),
        Entry::Profile { address } => push_profile(out, state, at, address),
        Entry::Me { .. } => {
            if let Some(me) = view::me(state, &caller.user, context.engine.now()) {
                object(out, at, "me", &me);
            }
        }
        Entry::Read { room, index, .. } => {
            object(out, at, "read", &dto::RoomRead { room: room.to_string(), index: *index });
        }
        Entry::File { room, index } => {
            if let Some(moved) = files::moved(context, state, *room, *index)? {
                object(out, at, "files", &moved);
            }
        }
        Entry::Done { .. } => {}
    }
    Ok(())
}

/// Appends a frame with JSON data.
pub fn object(out: &mut Vec<u8>, position: u64, name: &str, data: &impl Serialize) {
    begin(out, position, name);
    serde_json::to_writer(&mut *out, data).expect("frames are plain structures of text and numbers");
    end(out);
}

/// Appends a frame without a position: it is not repeated to those who resume.
pub fn passing(out: &mut Vec<u8>, name: &str, data: &impl Serialize) {
    let _ = write!(out, "event: {name}\ndata: ");
    serde_json::to_writer(&mut *out, data).expect("frames are plain structures of text and numbers");
    end(out);
}

fn begin(out: &mut Vec<u8>, position: u64, name: &str) {
    let _ = write!(out, "id: {position}\nevent: {name}\ndata: ");
}

fn end(out: &mut Vec<u8>) {
    out.extend_from_slice(b"\n\n");
}

/// The events as they are; of what was recalled meanwhile only the head. What has become of the others is told by the
/// events that changed them.
fn messages(
    reader: &Reader,
    state: &State,
    position: u64,
    id: RoomId,
    rows: &[TimelineRow],
) -> Result<Bytes, StoreError> {
    let bytes: usize = rows.iter().map(|row| row.bytes.len() + 96).sum();
    let mut out = Vec::with_capacity(bytes + 128);
    let room = state.rooms.get(&id);
    let beside = room.map(|room| Beside::of_rows(reader, room, rows)).transpose()?;
    let mut files = match room {
        Some(room) => files::of_rows(reader, state, room, rows)?,
        None => HashMap::new(),
    };
    begin(&mut out, position, "messages");
    let data = out.len();
    render::open_room(&mut out, id);
    out.extend_from_slice(br#","items":"#);
    render::list(&mut out, rows, |out, row| {
        let delivery = room.and_then(|room| render::delivery_of(state, room, row));
        let tombstone = beside.as_ref().is_some_and(|beside| beside.is_recalled(row));
        let now = files.remove(&row.index).unwrap_or_default();
        render::timeline_item(out, row, delivery, &Derived { target: target_of(row), tombstone, now });
    });
    out.push(b'}');
    keep_on_one_line(&mut out[data..]);
    end(&mut out);
    Ok(out.into())
}

/// A line break would end the frame. In JSON it can only stand between tokens, where a space means the same.
fn keep_on_one_line(json: &mut [u8]) {
    for byte in json {
        if matches!(byte, b'\n' | b'\r') {
            *byte = b' ';
        }
    }
}

fn push_pending(
    out: &mut Vec<u8>,
    context: &ClientContext,
    state: &State,
    position: u64,
    (id, p): (RoomId, u64),
) -> Result<(), StoreError> {
    let Some(room) = state.rooms.get(&id) else { return Ok(()) };
    for row in context.engine.reader().pending(id, p, p + 1)? {
        let Some(delivery) = pending_delivery(state, room, &row) else { continue };
        begin(out, position, "pending");
        let data = out.len();
        render::open_room(out, id);
        out.extend_from_slice(br#","item":"#);
        render::pending_item(out, &row, delivery);
        out.push(b'}');
        keep_on_one_line(&mut out[data..]);
        end(out);
    }
    Ok(())
}

fn push_contact(
    out: &mut Vec<u8>,
    context: &ClientContext,
    state: &State,
    caller: &Caller,
    (position, address): (u64, &Address),
) {
    let gone = crate::model::contact::Contact {
        state: crate::model::contact::ContactState::None,
        asked_at: context.engine.now(),
        overlay: crate::model::contact::Overlay::default(),
        blocked: false,
        hidden: Vec::new(),
    };
    let known = state.contacts.get(&(caller.user.clone(), address.clone()));
    let contact = known.map_or(&gone, |contact| contact.as_ref());
    let now = context.engine.now();
    object(out, position, "contact", &view::contact(state, &caller.user, address, contact, now));
}

fn push_link(out: &mut Vec<u8>, context: &ClientContext, state: &State, position: u64, peer: &Domain) {
    let link = state.links.get(peer);
    let word = link.map(|link| link_state(state, link, context.engine.now()).as_str().to_owned());
    object(out, position, "link", &dto::LinkChanged { peer: peer.to_string(), state: word });
}

fn push_profile(out: &mut Vec<u8>, state: &State, position: u64, address: &Address) {
    if let Some(profile) = state.profiles.get(address) {
        let (name, available) = (profile.name.to_string(), profile.available);
        let photo = view::photo_of(state, address);
        object(out, position, "profile", &dto::ProfileChanged { address: address.to_string(), name, available, photo });
    }
}

#[cfg(test)]
mod tests;
