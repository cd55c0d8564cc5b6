//! What only the composition root can tell the client API: where a request comes from, and that the daemon stops.

use crate::net::{Stop, serve::ClientAddress};
use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request},
    http::header,
    middleware,
    response::Response,
};
use futures_util::StreamExt as _;
use std::net::SocketAddr;

/// Tells the router where requests come from, and ends its event streams when stop is requested; without that they would
/// hold the drain up to its end. Other answers finish by themselves.
pub fn fit(router: Router, stop: &Stop) -> Router {
    let stop = stop.clone();
    router.layer(middleware::from_fn(move |mut request: Request, next: middleware::Next| {
        let stop = stop.clone();
        tell_origin(&mut request);
        async move {
            let response = next.run(request).await;
            if is_event_stream(&response) { response.map(|body| until(body, stop)) } else { response }
        }
    }))
}

/// The port is not known here, and says nothing of who asks.
fn tell_origin(request: &mut Request) {
    if let Some(ClientAddress(Some(address))) = request.extensions().get::<ClientAddress>().copied() {
        request.extensions_mut().insert(ConnectInfo(SocketAddr::new(address, 0)));
    }
}

fn is_event_stream(response: &Response) -> bool {
    let media_type = response.headers().get(header::CONTENT_TYPE).map(|value| value.as_bytes());
    media_type.is_some_and(|media_type| media_type.starts_with(b"text/event-stream"))
}

fn until(body: Body, mut stop: Stop) -> Body {
    let stopped = Box::pin(async move { stop.requested().await });
    Body::from_stream(body.into_data_stream().take_until(stopped))
}

#[cfg(test)]
mod tests {
    //! Both meet the router's handlers as they expect it.

    use super::*;
    use crate::net::StopSwitch;
    use axum::{http::Request, response::IntoResponse as _, routing::get};
    use bytes::Bytes;
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;

    #[tokio::test]
    async fn an_endless_event_stream_ends_with_the_daemon() {
        let endless = || async {
            let frames = futures_util::stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b":\n\n"))]);
            let body = Body::from_stream(frames.chain(futures_util::stream::pending()));
            ([(header::CONTENT_TYPE, "text/event-stream")], body).into_response()
        };
        let (switch, stop) = StopSwitch::new();
        let router = fit(Router::new().route("/events", get(endless)), &stop);
        let response = router.oneshot(Request::get("/events").body(Body::empty()).expect("a request")).await;
        let mut body = response.expect("infallible").into_body();
        let frame = body.frame().await.expect("a frame").expect("no error");
        assert_eq!(frame.into_data().expect("data"), b":\n\n"[..]);
        switch.stop();
        assert!(body.frame().await.is_none(), "the stream ends");
    }

    #[tokio::test]
    async fn handlers_know_where_a_request_comes_from() {
        let whence = |ConnectInfo(from): ConnectInfo<SocketAddr>| async move { from.ip().to_string() };
        let (_switch, stop) = StopSwitch::new();
        let router = fit(Router::new().route("/", get(whence)), &stop);
        let mut request = Request::get("/").body(Body::empty()).expect("a request");
        request.extensions_mut().insert(ClientAddress(Some([192, 0, 2, 7].into())));
        let body = router.oneshot(request).await.expect("infallible").into_body();
        assert_eq!(body.collect().await.expect("short").to_bytes(), "192.0.2.7");
    }
}
