//! The admin API under `/admin/v1`: parse, submit or read, convert. Everything but health asks for the admin token.

mod archives;
mod audit;
mod backups;
mod cases;
pub mod dto;
pub mod endings;
mod export;
mod files;
mod grants;
mod health;
mod keeping;
mod limits;
mod peers;
pub mod recovery;
mod rooms;
mod search;
mod session;
mod status;
#[cfg(test)]
mod tests;
pub mod token;
mod users;
pub mod views;
mod why;

use super::{
    cookie::Cookies, entropy::Entropy, field, layers, openapi as documents, password::Passwords, problem::Problem,
};
use crate::{
    backup::Backups,
    core::{
        Command,
        command::AdminOp,
        state::{Link, State},
    },
    crypto::SigningKey,
    engine::{Engine, IdempotencyKey},
    files::Files,
    model::{Code, Domain, Millis, journal::Outcome, org::SignedCard},
    search::Search,
};
use arc_swap::ArcSwap;
use axum::{
    Router,
    extract::{FromRequestParts, Request, State as Shared},
    http::{header, request::Parts},
    middleware::{self, Next},
    response::Response,
    routing,
};
use bytes::Bytes;
use std::{fmt, sync::Arc};
use token::AdminToken;
use utoipa::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The header that names the admin for the audit log; `admin` when absent.
pub const ACTOR_HEADER: &str = "x-handclasp-actor";
/// Longest name of an admin, characters.
const ACTOR_CHARS_MAX: usize = 64;

/// What the handlers work with.
pub struct AdminContext {
    /// The writer.
    pub engine: Engine,
    /// Our card and the key that signs grants; a reload replaces them.
    pub own: Arc<ArcSwap<Own>>,
    /// What the admin's requests are checked by, and new secrets come from.
    pub secrets: Secrets,
    /// What probes ask for.
    pub probes: Probes,
    /// The bytes of files.
    pub files: Files,
    /// Searches the rooms; none when it is switched off.
    pub search: Option<Search>,
    /// Takes backups; none when the database stands in memory.
    pub backups: Option<Backups>,
}

/// Our side of every link.
#[derive(Debug)]
pub struct Own {
    /// The current signing key.
    pub signer: SigningKey,
    /// Our card.
    pub card: SignedCard,
}

/// Secrets, present and future.
#[derive(Debug)]
pub struct Secrets {
    /// The admin token.
    pub token: AdminToken,
    /// Randomness for new tokens.
    pub entropy: Entropy,
    /// Hashes passwords.
    pub passwords: Passwords,
    /// How the console's browser bears the token.
    pub cookies: Cookies,
}

/// What the composition root knows and probes ask for.
pub struct Probes {
    /// Renders the process's metrics.
    pub metrics: Box<dyn Fn() -> String + Send + Sync>,
    /// Whether the writer has answered lately and the daemon is not stopping.
    pub is_ready: Box<dyn Fn() -> bool + Send + Sync>,
    /// When certificates end.
    pub certificate_end: CertificateEnd,
}

/// A certificate that somebody shows.
#[derive(Clone, Copy, Debug)]
pub enum Certificate<'a> {
    /// Our daemon, to partners.
    Federation,
    /// Our daemon, to people's programs.
    Client,
    /// A partner's daemon; the one that it showed last.
    Peer(&'a Domain),
}

/// Tells when a certificate ends, by its own words.
pub type CertificateEnd = Arc<dyn Fn(Certificate<'_>) -> Option<Millis> + Send + Sync>;

impl fmt::Debug for AdminContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdminContext").field("own", &self.own).finish_non_exhaustive()
    }
}

impl AdminContext {
    async fn submit(&self, actor: &Actor, key: Option<IdempotencyKey>, op: AdminOp) -> Result<Outcome, Problem> {
        let command = Command::Admin { actor: actor.0.clone(), op };
        super::idempotency::submit(&self.engine, key, command).await
    }
}

type Context = Shared<Arc<AdminContext>>;

/// The link with a peer.
fn link<'a>(state: &'a State, peer: &Domain) -> Result<&'a Arc<Link>, Problem> {
    let unknown = || Problem::new(Code::NotFound, format!("{peer} is not a partner; pin it first with its card"));
    state.links.get(peer).ok_or_else(unknown)
}

/// Which admin asks, as they name themselves. The token is the proof; this is for the audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor(String);

/// Whether an admin can be named so in [`ACTOR_HEADER`].
#[must_use]
pub fn is_actor_name(text: &str) -> bool {
    let is_taken = |byte: u8| byte.is_ascii_alphanumeric() || b"._-@".contains(&byte);
    (1..=ACTOR_CHARS_MAX).contains(&text.len()) && text.bytes().all(is_taken)
}

impl Actor {
    fn parse(text: &str) -> Result<Self, Problem> {
        if is_actor_name(text) {
            return Ok(Self(text.to_owned()));
        }
        let rule = format!("must be 1 to {ACTOR_CHARS_MAX} characters of a-z, A-Z, 0-9, `.`, `_`, `-` and `@`");
        Err(Problem::field("X-Handclasp-Actor", rule))
    }

    /// The name under which idempotency keys are kept apart from those of users.
    fn caller(&self) -> String {
        format!("admin:{}", self.0)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Actor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        match parts.headers.get(ACTOR_HEADER) {
            None => Ok(Self("admin".to_owned())),
            Some(value) => Self::parse(value.to_str().unwrap_or_default()),
        }
    }
}

/// Lets nothing pass without the admin token, as bearer token or in our page's cookie.
async fn authorize(Shared(context): Context, request: Request, next: Next) -> Result<Response, Problem> {
    let offered = context.secrets.cookies.session(request.method(), request.headers())?;
    if !context.secrets.token.matches(&offered) {
        return Err(Problem::new(Code::Unauthenticated, "this is not the admin token of this daemon"));
    }
    Ok(next.run(request).await)
}

#[derive(OpenApi)]
#[openapi(info(
    title = "Handclasp admin API",
    description = "For an organization's admins: partners, grants, users, policy, audit, health. Ids are lower-case hex, \
                   times are milliseconds since 1970. `X-Handclasp-Actor` names the admin for the audit log."
))]
struct Document;

fn protected() -> OpenApiRouter<Arc<AdminContext>> {
    OpenApiRouter::new()
        .routes(routes!(status::status))
        .routes(routes!(status::card))
        .routes(routes!(peers::list, peers::pin))
        .routes(routes!(peers::show, peers::unpin))
        .routes(routes!(peers::lift))
        .routes(routes!(recovery::accept_loss))
        .routes(routes!(grants::show, grants::put))
        .routes(routes!(grants::consequences))
        .routes(routes!(grants::confirm))
        .routes(routes!(users::list, users::create))
        .routes(routes!(users::show, users::change))
        .routes(routes!(users::issue_token))
        .routes(routes!(users::end_sessions))
        .routes(routes!(users::show_policy, users::put_policy))
        .routes(routes!(keeping::show, keeping::put))
        .routes(routes!(keeping::holds))
        .routes(routes!(keeping::hold_user, keeping::release_user))
        .routes(routes!(keeping::hold_room, keeping::release_room))
        .routes(routes!(keeping::show_erasure, keeping::erase))
        .routes(routes!(export::export))
        .routes(routes!(export::file))
        .routes(routes!(archives::take))
        .routes(routes!(archives::put_file))
        .routes(routes!(cases::list))
        .routes(routes!(cases::show))
        .routes(routes!(cases::close))
        .routes(routes!(files::show, files::put))
        .routes(routes!(rooms::list))
        .routes(routes!(rooms::history))
        .routes(routes!(why::why_not))
        .routes(routes!(limits::list))
        .routes(routes!(audit::list))
        .routes(routes!(audit::export))
        .routes(routes!(audit::verify))
        .routes(routes!(backups::list, backups::take))
        .routes(routes!(search::show))
        .routes(routes!(search::rebuild))
        .routes(routes!(health::metrics))
}

fn open() -> OpenApiRouter<Arc<AdminContext>> {
    OpenApiRouter::new()
        .routes(routes!(session::begin, session::end))
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
}

/// The OpenAPI 3.1 document of the admin API.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    documents::complete(endpoints(protected()).into_openapi())
}

fn endpoints(protected: OpenApiRouter<Arc<AdminContext>>) -> OpenApiRouter<Arc<AdminContext>> {
    OpenApiRouter::with_openapi(Document::openapi()).nest("/admin/v1", protected.merge(open()))
}

/// The router of the admin listener.
pub fn router(context: AdminContext) -> Router {
    let context = Arc::new(context);
    let guard = middleware::from_fn_with_state(context.clone(), authorize);
    let (router, _) = endpoints(protected().route_layer(guard)).split_for_parts();
    let document = Bytes::from(openapi().to_json().expect("a document of plain structures"));
    let serve = move || async move { ([(header::CONTENT_TYPE, "application/json")], document) };
    let router = router
        .route("/admin/v1/openapi.json", routing::get(serve))
        .fallback(field::unknown_path)
        .method_not_allowed_fallback(field::unknown_method)
        .with_state(context);
    layers::wrap(router, "admin")
}
