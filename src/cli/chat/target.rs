//! With whom: an address, a room's name or its id becomes a room; a person who is not a contact yet is added.

use crate::{
    api::client::dto::{Contact, Me, NewContact, Room},
    cli::{
        failure::{Done, Failure},
        http::{Http, encode},
        screen::clean,
        twin::wait_until,
    },
    model::{Address, RoomId},
};
use std::time::Duration;

const ADD: Duration = Duration::from_secs(15);

/// The room that is meant; tells what it does meanwhile.
pub async fn find(http: &Http, me: &Me, with: &str, mut tell: impl FnMut(String)) -> Done<Room> {
    match with.parse::<Address>() {
        Ok(address) if address.domain_str() == me.org => Err(Failure::refused(format!(
            "{address} is a colleague; direct rooms are for people of other organizations"
        ))
        .next("make a room for you both: start `handclasp chat` without a name, then /new NAME ADDRESS")),
        Ok(address) => direct_room(http, me, &address, &mut tell).await,
        Err(_) => named_room(http, with).await,
    }
}

async fn direct_room(http: &Http, me: &Me, address: &Address, tell: &mut impl FnMut(String)) -> Done<Room> {
    // Who was added by the other person has a room with them without having them among the contacts.
    let known = rooms(http).await?.into_iter().find(|room| room.with.as_deref() == Some(address.as_str()));
    let room = match known {
        Some(room) => room,
        None => {
            tell(format!("{address} is not among your contacts; asking {} ...", address.domain()));
            let room = add(http, address).await?.room.unwrap_or_default();
            http.read(&format!("/api/v1/rooms/{room}")).await?
        }
    };
    if let Some(peer) = me.peers.iter().find(|peer| peer.peer == address.domain_str() && peer.state == "stale") {
        tell(format!("{} has not been heard of for a while; messages wait until it is back.", clean(&peer.org_name)));
    }
    Ok(room)
}

async fn add(http: &Http, address: &Address) -> Done<Contact> {
    let path = format!("/api/v1/contacts/{address}");
    let _: Contact = http.post("/api/v1/contacts", &NewContact { address: address.to_string() }).await?;
    let answered = wait_until("the partner answers", ADD, async || {
        let contact: Contact = http.read(&path).await?;
        Ok((contact.state != "pending").then_some(contact))
    });
    match answered.await {
        Ok(contact) if contact.room.is_some() => Ok(contact),
        Ok(contact) => Err(unavailable(http, address, &contact.state).await),
        Err(failure) if failure.message.contains("waited") => Err(Failure::refused(format!(
            "{} has not answered yet; the request waits, and the room appears when it does",
            address.domain()
        ))
        .next("start the chat again later; handclasp status shows whether the partner can be reached")),
        Err(failure) => Err(failure),
    }
}

/// The partner gives one answer for everything (P8); what stands against it on our own side can be told.
async fn unavailable(http: &Http, address: &Address, state: &str) -> Failure {
    let path = format!("/api/v1/why-not?address={}", encode(address.as_str()));
    let why: Option<crate::api::client::dto::WhyNot> = http.read(&path).await.ok();
    let reasons = why.map(|why| why.reasons).unwrap_or_default();
    match reasons.iter().find(|reason| reason.code != "UNAVAILABLE") {
        Some(reason) => Failure::refused(format!("{address} cannot be reached: {}", clean(&reason.detail))),
        None if state == "undelivered" => {
            Failure::refused(format!("the link closed before the request reached {}", address.domain()))
                .next("try again when the link is open")
        }
        None => Failure::refused(format!(
            "{address} cannot be reached. There is no such person, or they may not or do not want to be reached; \
             their organization does not say which"
        ))
        .next("check the spelling with the person"),
    }
}

async fn named_room(http: &Http, with: &str) -> Done<Room> {
    if with.parse::<RoomId>().is_ok() {
        return http.read(&format!("/api/v1/rooms/{with}")).await;
    }
    let rooms = rooms(http).await?;
    let wanted = with.to_lowercase();
    let name = |room: &Room| room.name.as_deref().unwrap_or_default().to_lowercase();
    let exact: Vec<&Room> = rooms.iter().filter(|room| name(room) == wanted).collect();
    let begun: Vec<&Room> = rooms.iter().filter(|room| name(room).starts_with(&wanted)).collect();
    match (exact.as_slice(), begun.as_slice()) {
        ([room], _) | ([], [room]) => Ok((*room).clone()),
        ([], []) => {
            Err(Failure::refused(format!("you are in no room called {with}"))
                .next("leave the name out to see your rooms"))
        }
        _ => Err(Failure::refused(format!("several rooms are called {with}")).next("use the room's id")),
    }
}

/// All rooms of the user, the newest first.
pub async fn rooms(http: &Http) -> Done<Vec<Room>> {
    let mut all: Vec<Room> = http.read_all("/api/v1/rooms").await?;
    all.sort_by_key(|room| std::cmp::Reverse(room.last_event_at.unwrap_or(room.created_at)));
    Ok(all)
}
