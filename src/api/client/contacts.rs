//! External contacts, one's own notes on them, and blocks.

use super::{Context, caller::Caller, dto, paths::PersonPath, view};
use crate::{
    api::{
        body::Write,
        field::{self, Query, Segments},
        paging::Page,
        problem::Problem,
    },
    core::command::{BlockSwitch, UserOp},
    model::{
        Address, Code,
        contact::{self, ContactState},
        text::OverlayText,
    },
};
use axum::{Json, http::StatusCode};
use serde::Deserialize;
use std::ops::Bound;
use utoipa::IntoParams;

/// Which contacts are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ContactsQuery {
    /// `true`: only those whom one blocks, contacts or not.
    #[param(value_type = Option<bool>)]
    blocked: Option<String>,
    /// Most items of the page, 1 to 200; 50 when absent.
    #[param(value_type = Option<u64>, minimum = 1, maximum = 200)]
    limit: Option<String>,
    /// Where the page starts: `next` of the page before; from the beginning when absent.
    cursor: Option<String>,
}

#[derive(Clone, Copy)]
enum Which {
    Contacts,
    Blocked,
}

/// List contacts, by address
#[utoipa::path(
    get, path = "/api/v1/contacts", tag = "contacts",
    params(ContactsQuery),
    responses((status = 200, body = Page<dto::Contact>))
)]
pub async fn list(
    axum::extract::State(context): Context,
    caller: Caller,
    Query(query): Query<ContactsQuery>,
) -> Result<Json<Page<dto::Contact>>, Problem> {
    let words = [("true", Which::Blocked), ("false", Which::Contacts)];
    let which = query.blocked.as_deref().map(|text| field::parse_word("blocked", text, &words)).transpose()?;
    let which = which.unwrap_or(Which::Contacts);
    let page = crate::api::paging::PageQuery { limit: query.limit, cursor: query.cursor };
    let (items_max, after) = (page.items_max()?, page.after::<Address>()?);
    let (state, now) = (context.engine.state(), context.engine.now());
    let from = match after {
        Some(after) => Bound::Excluded((caller.user.clone(), after)),
        None => Bound::Included((caller.user.clone(), first_address())),
    };
    let own = state.contacts.range((from, Bound::Unbounded)).take_while(|((owner, _), _)| *owner == caller.user);
    let asked_for = own.filter(|(_, contact)| match which {
        Which::Contacts => contact.state != ContactState::None,
        Which::Blocked => contact.blocked,
    });
    let show = |((_, address), contact): (&(_, Address), &std::sync::Arc<contact::Contact>)| {
        view::contact(&state, &caller.user, address, contact, now)
    };
    Ok(Json(Page::take(asked_for, items_max, |((_, address), _)| address.clone(), show)))
}

/// Sorts before the address of any person: `-` is the least character of a local part, and this is the longest.
fn first_address() -> Address {
    format!("0{}@0.0", "-".repeat(63)).parse().expect("a valid address")
}

/// Add an external person to one's contacts
///
/// By exact address. The answer comes from their organization: watch the contact's state.
#[utoipa::path(
    post, path = "/api/v1/contacts", tag = "contacts",
    request_body = dto::NewContact,
    responses((status = 202, description = "Asked; see `state`.", body = dto::Contact))
)]
pub async fn add(context: Context, caller: Caller, write: Write) -> Result<(StatusCode, Json<dto::Contact>), Problem> {
    let request: dto::NewContact = write.parse()?;
    let address: Address = field::parse("address", &request.address)?;
    caller.submit(&context, write.key(caller.user.as_str())?, UserOp::AddContact(address.clone())).await?;
    Ok((StatusCode::ACCEPTED, show(&context, &caller, &address)?))
}

/// Read a contact
#[utoipa::path(
    get, path = "/api/v1/contacts/{address}", tag = "contacts",
    params(PersonPath),
    responses((status = 200, body = dto::Contact))
)]
pub async fn read(context: Context, caller: Caller, segments: Segments) -> Result<Json<dto::Contact>, Problem> {
    show(&context, &caller, &segments.parse("address")?)
}

/// Change one's own notes on a contact
#[utoipa::path(
    patch, path = "/api/v1/contacts/{address}", tag = "contacts",
    params(PersonPath), request_body = dto::OverlayChange,
    responses((status = 200, body = dto::Contact))
)]
pub async fn edit(
    context: Context,
    caller: Caller,
    segments: Segments,
    write: Write,
) -> Result<Json<dto::Contact>, Problem> {
    let address: Address = segments.parse("address")?;
    let change: dto::OverlayChange = write.parse()?;
    let state = context.engine.state();
    let known = state.contacts.get(&(caller.user.clone(), address.clone()));
    let overlay = changed(known.map(|contact| contact.overlay.clone()).unwrap_or_default(), &change)?;
    let key = write.key(caller.user.as_str())?;
    caller.submit(&context, key, UserOp::EditContact(address.clone(), overlay)).await?;
    show(&context, &caller, &address)
}

fn changed(overlay: contact::Overlay, change: &dto::OverlayChange) -> Result<contact::Overlay, Problem> {
    let field = |name, old: Option<OverlayText>, new: &Option<String>| match new.as_deref() {
        None => Ok(old),
        Some("") => Ok(None),
        Some(text) => field::parse(name, text).map(Some),
    };
    Ok(contact::Overlay {
        name: field("name", overlay.name, &change.name)?,
        phone: field("phone", overlay.phone, &change.phone)?,
        email: field("email", overlay.email, &change.email)?,
        note: field("note", overlay.note, &change.note)?,
    })
}

/// Remove a contact
///
/// The direct room stays.
#[utoipa::path(
    delete, path = "/api/v1/contacts/{address}", tag = "contacts",
    params(PersonPath),
    responses((status = 204, description = "Removed."))
)]
pub async fn remove(context: Context, caller: Caller, segments: Segments, write: Write) -> Result<StatusCode, Problem> {
    let op = UserOp::RemoveContact(segments.parse("address")?);
    caller.submit(&context, write.key(caller.user.as_str())?, op).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Block a person
///
/// Nothing from them is shown or notified in the direct room. They are not told.
#[utoipa::path(
    put, path = "/api/v1/contacts/{address}/block", tag = "contacts",
    params(PersonPath),
    responses((status = 204, description = "Blocked."))
)]
pub async fn block(context: Context, caller: Caller, segments: Segments, write: Write) -> Result<StatusCode, Problem> {
    switch(&context, &caller, &segments, &write, BlockSwitch::On).await
}

/// Unblock a person
#[utoipa::path(
    delete, path = "/api/v1/contacts/{address}/block", tag = "contacts",
    params(PersonPath),
    responses((status = 204, description = "Not blocked any more."))
)]
pub async fn unblock(
    context: Context,
    caller: Caller,
    segments: Segments,
    write: Write,
) -> Result<StatusCode, Problem> {
    switch(&context, &caller, &segments, &write, BlockSwitch::Off).await
}

async fn switch(
    context: &Context,
    caller: &Caller,
    segments: &Segments,
    write: &Write,
    switch: BlockSwitch,
) -> Result<StatusCode, Problem> {
    let op = UserOp::Block(segments.parse("address")?, switch);
    caller.submit(context, write.key(caller.user.as_str())?, op).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn show(context: &Context, caller: &Caller, address: &Address) -> Result<Json<dto::Contact>, Problem> {
    let state = context.engine.state();
    let contact = state.contacts.get(&(caller.user.clone(), address.clone()));
    let contact = contact.ok_or_else(|| Problem::new(Code::NotFound, format!("{address} is not in your contacts")))?;
    Ok(Json(view::contact(&state, &caller.user, address, contact, context.engine.now())))
}
