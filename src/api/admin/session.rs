//! Signing the console in: the admin token in a cookie that no script reads, and that only our own page can use.

use super::{Context, dto::AdminSignIn};
use crate::{
    api::{auth, body::Write, cookie, problem::Problem},
    model::{Code, limits},
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};

type Answer = (StatusCode, [(HeaderName, HeaderValue); 1]);

/// Sign in with a browser
///
/// With the admin token, which is then in a cookie that no script reads. Needs the header `Handclasp-Web`, as every later
/// change by cookie. Nothing is throttled: a token of 256 random bits is not found by trying.
#[utoipa::path(
    post, path = "/session", tag = "session", security(()),
    params(("Handclasp-Web" = String, Header, description = "Anything.")), request_body = AdminSignIn,
    responses((status = 204, description = "Signed in; `Set-Cookie` bears the session."))
)]
pub async fn begin(context: Context, headers: HeaderMap, write: Write) -> Result<Answer, Problem> {
    cookie::check_site(&Method::POST, &headers)?;
    let request: AdminSignIn = write.parse()?;
    let is_right = auth::digest_of(&request.token).is_some_and(|offered| context.secrets.token.matches(&offered));
    if !is_right {
        return Err(Problem::new(Code::Unauthenticated, "this is not the admin token of this daemon"));
    }
    let set = context.secrets.cookies.set(&headers, &request.token, limits::ADMIN_SESSION_MS_MAX / 1_000);
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, set)]))
}

/// Sign out
#[utoipa::path(
    delete, path = "/session", tag = "session", security(()),
    params(("Handclasp-Web" = String, Header, description = "Anything.")),
    responses((status = 204, description = "The cookie is taken away."))
)]
pub async fn end(context: Context, headers: HeaderMap) -> Result<Answer, Problem> {
    cookie::check_site(&Method::DELETE, &headers)?;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, context.secrets.cookies.clear(&headers))]))
}
