//! The client API: what signed-in users do, under `/api/v1`.

pub mod dto;

mod account;
mod acts;
mod beside;
mod calendar;
mod caller;
mod calls;
mod contacts;
mod events;
mod files;
mod folder;
mod frame;
pub(crate) mod ics;
pub(super) mod limits;
mod members;
mod messages;
mod notes;
mod notifications;
pub(crate) mod occurrences;
mod paths;
mod photos;
mod render;
mod reports;
mod rooms;
mod search;
mod session;
mod shown;
mod signals;
mod uploads;
mod view;
mod why;

#[cfg(test)]
mod tests;

use super::{
    cookie::Cookies, entropy::Entropy, field, layers, openapi as documents, password::Passwords, throttle::Throttle,
};
use crate::{crypto::turn::IceServers, engine::Engine, files::Files, search::Search, signals::Signals};
use axum::{Router, http::header, response::IntoResponse as _, routing};
use bytes::Bytes;
use std::sync::Arc;
use utoipa::OpenApi as _;
use utoipa_axum::{router::OpenApiRouter, routes};

/// What the handlers work with.
#[derive(Debug)]
pub struct ClientContext {
    /// The writer, the readers, the feeds.
    pub engine: Engine,
    /// What is true for a moment.
    pub signals: Signals,
    /// The bytes of files.
    pub files: Files,
    /// Checks passwords.
    pub passwords: Passwords,
    /// Names and reads the cookies of browsers.
    pub cookies: Cookies,
    /// Counts failed sign-ins.
    pub throttle: Throttle,
    /// Ids and tokens come from here.
    pub entropy: Entropy,
    /// Searches the rooms; none when it is switched off.
    pub search: Option<Search>,
    /// How browsers connect in calls.
    pub ice: IceServers,
}

type Context = axum::extract::State<Arc<ClientContext>>;

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Handclasp client API",
        description = "What users do: contacts, rooms, messages, live events. Times are milliseconds since 1970; ids are lower-case hex."
    ),
    components(schemas(
        dto::Event,
        dto::Hello,
        dto::MessagesFrame,
        dto::PendingFrame,
        dto::Unplaced,
        dto::Delivered,
        dto::Refused,
        dto::RoomLeft,
        dto::FilesMoved,
        dto::RoomRead,
        dto::LinkChanged,
        dto::ProfileChanged,
        dto::Signals,
        dto::Present,
        dto::Typing,
        dto::ReaderMoved,
        dto::Call,
        dto::CallSignal
    ))
)]
struct Document;

/// The router of the client listener.
pub fn router(context: Arc<ClientContext>) -> Router {
    let (router, document) = endpoints().split_for_parts();
    let document = documents::complete(document).to_json().expect("a document of plain structures");
    let document = Bytes::from(document);
    let serve = move || async move { ([(header::CONTENT_TYPE, "application/json")], document.clone()).into_response() };
    let router = router
        .route("/api/v1/openapi.json", routing::get(serve))
        .fallback(field::unknown_path)
        .method_not_allowed_fallback(field::unknown_method)
        .with_state(context);
    layers::wrap(router, "client")
}

/// The OpenAPI 3.1 document of the client API.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    documents::complete(endpoints().into_openapi())
}

fn endpoints() -> OpenApiRouter<Arc<ClientContext>> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(session::begin, session::end))
        .routes(routes!(session::begin_in_browser))
        .routes(routes!(account::read, account::rename))
        .routes(routes!(account::replace_password))
        .routes(routes!(photos::set_own, photos::end_own))
        .routes(routes!(photos::of_somebody))
        .routes(routes!(photos::of_the_room, photos::set_room, photos::end_room))
        .routes(routes!(contacts::list, contacts::add))
        .routes(routes!(contacts::read, contacts::edit, contacts::remove))
        .routes(routes!(contacts::block, contacts::unblock))
        .routes(routes!(rooms::list, rooms::create))
        .routes(routes!(rooms::read, rooms::change))
        .routes(routes!(rooms::mark_read))
        .routes(routes!(signals::typing))
        .routes(routes!(signals::readers))
        .routes(routes!(signals::presence))
        .routes(routes!(signals::settings, signals::change_settings))
        .routes(routes!(calls::start, calls::of_room))
        .routes(routes!(calls::list))
        .routes(routes!(calls::ice))
        .routes(routes!(calls::join))
        .routes(routes!(calls::shows))
        .routes(routes!(calls::leave))
        .routes(routes!(calls::decline))
        .routes(routes!(calls::signal))
        .routes(routes!(members::list, members::add))
        .routes(routes!(members::remove))
        .routes(routes!(members::set_role))
        .routes(routes!(members::former))
        .routes(routes!(members::invitations))
        .routes(routes!(messages::list, messages::post))
        .routes(routes!(uploads::offer, uploads::begin))
        .routes(routes!(uploads::probe, uploads::read, uploads::write, uploads::end))
        .routes(routes!(files::read))
        .routes(routes!(files::thumbnail))
        .routes(routes!(acts::read, acts::edit, acts::recall))
        .routes(routes!(acts::react, acts::unreact))
        .routes(routes!(notes::list, notes::post))
        .routes(routes!(notes::read, notes::edit, notes::delete))
        .routes(routes!(notes::pin, notes::unpin))
        .routes(routes!(notes::list_comments, notes::comment))
        .routes(routes!(notes::delete_comment))
        .routes(routes!(folder::list, folder::add))
        .routes(routes!(folder::read, folder::delete))
        .routes(routes!(folder::versions, folder::add_version))
        .routes(routes!(folder::rename))
        .routes(routes!(folder::shift))
        .routes(routes!(folder::restore))
        .routes(routes!(calendar::list, calendar::post))
        .routes(routes!(calendar::read, calendar::change, calendar::cancel))
        .routes(routes!(calendar::answer))
        .routes(routes!(calendar::list_occurrences))
        .routes(routes!(calendar::export))
        .routes(routes!(calendar::open_feed, calendar::end_feeds))
        .routes(routes!(calendar::feed))
        .routes(routes!(search::search))
        .routes(routes!(notifications::list))
        .routes(routes!(notifications::mark_read))
        .routes(routes!(reports::report))
        .routes(routes!(why::why_not))
        .routes(routes!(events::stream))
        .routes(routes!(limits::list))
}
