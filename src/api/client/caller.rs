//! Who asks: the user behind the bearer token or the cookie, and from where.

use super::ClientContext;
use crate::{
    api::{idempotency, problem::Problem},
    core::{Command, State, command::UserOp},
    engine::IdempotencyKey,
    model::{Digest, LocalPart, Millis, journal::Outcome},
};
use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{Method, request::Parts},
};
use std::{
    convert::Infallible,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

/// A signed-in user.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Who.
    pub user: LocalPart,
    /// The digest of the session's token.
    pub session: Digest,
}

impl Caller {
    /// Submits what the user asks for, under the idempotency key if there is one.
    pub async fn submit(
        &self,
        context: &ClientContext,
        key: Option<IdempotencyKey>,
        op: UserOp,
    ) -> Result<Outcome, Problem> {
        idempotency::submit(&context.engine, key, Command::User { user: self.user.clone(), op }).await
    }
}

impl FromRequestParts<Arc<ClientContext>> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, context: &Arc<ClientContext>) -> Result<Self, Problem> {
        let session = context.cookies.session(&parts.method, &parts.headers)?;
        let user = user_of(&context.engine.state(), &session, context.engine.now());
        let user = user.ok_or_else(Problem::unauthenticated)?;
        // Programs read by themselves; who writes is there.
        if parts.method != Method::GET {
            context.signals.active(&user);
        }
        Ok(Self { user, session })
    }
}

/// The active user of a session that has not ended.
pub fn user_of(state: &State, session: &Digest, now: Millis) -> Option<LocalPart> {
    let session = state.sessions.get(session).filter(|session| now < session.ends_at)?;
    state.users.get(&session.user).filter(|user| user.active).map(|user| user.local.clone())
}

/// The address that a request came from, where the listener tells it.
pub struct Remote(pub Option<IpAddr>);

impl<S: Send + Sync> FromRequestParts<S> for Remote {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let info = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        Ok(Self(info.map(|ConnectInfo(address)| address.ip())))
    }
}
