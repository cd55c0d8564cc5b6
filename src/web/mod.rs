//! The web apps: files in the binary, compressed, cached by hash, served with headers that let nothing else in.

mod bundle;

use crate::model::Domain;
use axum::{
    Router,
    body::Body,
    extract::Path,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::get,
};
use bundle::{Asset, Bundle, Encoding};
use std::sync::Arc;

/// Nothing but our own files runs, shows or is asked; no text becomes markup; nobody frames us. The one rule for trusted
/// types names the address of the service worker and makes no markup.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; \
     media-src 'self' blob:; font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'; worker-src 'self'; require-trusted-types-for 'script'; trusted-types handclasp-worker";

/// What the page may use of the machine: what calls need, and only the page itself.
const PERMISSIONS: &str = "camera=(self), microphone=(self), display-capture=(self), picture-in-picture=(self), \
     autoplay=(self), geolocation=(), payment=(), usb=()";

/// Which app a listener serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum App {
    /// For people, on the client listener.
    Chat,
    /// For admins, on the admin listener.
    Console,
}

impl App {
    fn page(self) -> &'static str {
        match self {
            Self::Chat => "chat/index.html",
            Self::Console => "console/index.html",
        }
    }

    /// The addresses that people see: all show the one page, which reads them itself.
    fn addresses(self) -> &'static [&'static str] {
        match self {
            Self::Chat => {
                &["/", "/rooms/{room}", "/contacts", "/contacts/{address}", "/notifications", "/search", "/settings"]
            }
            // Its views stand behind `#`: the admin API keeps all other paths.
            Self::Console => &["/"],
        }
    }
}

/// Serves an app before an API: its page and files; every other path is the API's.
pub fn before(app: App, org: &Domain, api: Router) -> Router {
    let bundle = Arc::new(Bundle::new(app.page(), org));
    let mut router = Router::new();
    for address in app.addresses() {
        let bundle = bundle.clone();
        router = router.route(address, get(move |headers: HeaderMap| async move { page(&bundle, &headers) }));
    }
    if app == App::Chat {
        let bundle = bundle.clone();
        router = router.route("/worker.js", get(move |headers: HeaderMap| async move { worker(&bundle, &headers) }));
    }
    let file = move |Path((hash, path)): Path<(String, String)>, headers: HeaderMap| async move {
        file(&bundle, &hash, &path, &headers)
    };
    router.route("/assets/{hash}/{*path}", get(file)).fallback_service(api)
}

/// The page is asked for each time, and answered in full only when it changed.
fn page(bundle: &Bundle, headers: &HeaderMap) -> Response {
    answer(bundle.page(), headers, "no-cache", bundle.hash())
}

/// The browser looks for another one at each visit, and keeps the old shell until it has the new one.
fn worker(bundle: &Bundle, headers: &HeaderMap) -> Response {
    answer(bundle.worker(), headers, "no-cache", bundle.hash())
}

/// A file under its hash never changes. Under another hash it belongs to another version of the daemon.
fn file(bundle: &Bundle, hash: &str, path: &str, headers: &HeaderMap) -> Response {
    match bundle.asset(path).filter(|_| hash == bundle.hash()) {
        Some(asset) => answer(asset, headers, "public, max-age=31536000, immutable", hash),
        None => secure((StatusCode::NOT_FOUND, "there is no such file; reload the page\n").into_response()),
    }
}

fn answer(asset: &Asset, headers: &HeaderMap, caching: &'static str, hash: &str) -> Response {
    let encoding = Encoding::accepted(headers);
    let tag = format!("\"{hash}-{}\"", encoding.name());
    let is_known = headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes());
    let body = if is_known { Body::empty() } else { Body::from(asset.bytes(encoding)) };
    let mut response = Response::new(body);
    let to = response.headers_mut();
    to.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.media_type()));
    to.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    to.insert(header::ETAG, HeaderValue::from_str(&tag).expect("hex and a word"));
    to.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if encoding == Encoding::Gzip && !is_known {
        to.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    if is_known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    secure(response)
}

fn secure(mut response: Response) -> Response {
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), PERMISSIONS),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests;
