//! What every answer of a listener passes: security headers and request metrics.

use axum::{
    Router,
    extract::{MatchedPath, Request},
    http::{HeaderMap, HeaderValue, header},
    middleware::{self, Next},
    response::Response,
};
use metrics::{Counter, Histogram};
use std::{cell::RefCell, collections::HashMap, time::Instant};

/// Adds security headers and metrics to all answers of a router. `listener` is the metric's label.
pub fn wrap(router: Router, listener: &'static str) -> Router {
    router.layer(middleware::from_fn(move |request: Request, next: Next| observe(listener, request, next)))
}

async fn observe(listener: &'static str, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let mut response = next.run(request).await;
    secure(response.headers_mut());
    let route = route.as_ref().map_or("none", MatchedPath::as_str);
    count(listener, route, response.status().as_u16(), started.elapsed().as_secs_f64());
    response
}

/// Answers are data for one signed-in person: nothing caches, frames, sniffs or runs them.
fn secure(headers: &mut HeaderMap) {
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; sandbox"),
    );
}

/// The meters of one route, found once per thread: the registry's own look-up costs more than a request has to spend.
struct Meters {
    duration: Histogram,
    by_status: Vec<(u16, Counter)>,
}

thread_local! {
    static METERS: RefCell<HashMap<&'static str, HashMap<String, Meters>>> = RefCell::default();
}

fn count(listener: &'static str, route: &str, status: u16, seconds: f64) {
    METERS.with_borrow_mut(|meters| {
        let routes = meters.entry(listener).or_default();
        if !routes.contains_key(route) {
            let labels = [("listener", listener.to_owned()), ("route", route.to_owned())];
            let duration = metrics::histogram!("handclasp_http_request_duration_seconds", &labels);
            routes.insert(route.to_owned(), Meters { duration, by_status: Vec::new() });
        }
        let meters = routes.get_mut(route).expect("inserted above");
        meters.duration.record(seconds);
        let found = meters.by_status.iter().find(|(known, _)| *known == status);
        if let Some((_, counter)) = found {
            counter.increment(1);
            return;
        }
        let labels = [("listener", listener.to_owned()), ("route", route.to_owned()), ("status", status.to_string())];
        let counter = metrics::counter!("handclasp_http_requests_total", &labels);
        counter.increment(1);
        meters.by_status.push((status, counter));
    });
}

#[cfg(test)]
mod tests {
    //! Every answer bears the headers, also the refusals.

    use super::*;
    use axum::{body::Body, http::StatusCode, routing::get};
    use tower::ServiceExt as _;

    #[tokio::test]
    async fn refusals_bear_the_security_headers_too() {
        let router = Router::new().route("/here", get(|| async { "x" })).fallback(crate::api::field::unknown_path);
        let router = wrap(router, "test");
        for (path, status) in [("/here", StatusCode::OK), ("/there", StatusCode::NOT_FOUND)] {
            let request = Request::get(path).body(Body::empty()).expect("a request");
            let response = router.clone().oneshot(request).await.expect("infallible");
            assert_eq!(response.status(), status);
            assert_eq!(response.headers()[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
            assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
        }
    }
}
