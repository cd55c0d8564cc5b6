//! Event streams end when the daemon stops; without this they would hold the drain up to its end.

use crate::net::Stop;
use axum::{Router, body::Body, http::header, middleware, response::Response};
use futures_util::StreamExt as _;

/// Ends the bodies of all event streams of a router when stop is requested. Other answers finish by themselves.
pub fn end_with(router: Router, stop: &Stop) -> Router {
    let stop = stop.clone();
    router.layer(middleware::map_response(move |response: Response| {
        let stop = stop.clone();
        async move { if is_event_stream(&response) { response.map(|body| until(body, stop)) } else { response } }
    }))
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
        let router = end_with(Router::new().route("/events", get(endless)), &stop);
        let response = router.oneshot(Request::get("/events").body(Body::empty()).expect("a request")).await;
        let body = response.expect("infallible").into_body();
        switch.stop();
        let collected = body.collect().await.expect("ends without an error").to_bytes();
        assert_eq!(&collected[..], b":\n\n");
    }
}
