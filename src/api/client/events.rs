//! The live event stream: server-sent events that resume after the last position without a gap.

use super::{ClientContext, Context, caller, caller::Caller, dto, frame, signals};
use crate::{
    api::{
        field::{self, Query},
        problem::Problem,
    },
    feed::{FeedError, FeedItem, Subscription},
    model::{Code, journal::Entry, limits},
    signals::{News, Viewing},
};
use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, header},
    response::Response,
};
use bytes::Bytes;
use serde::Deserialize;
use std::{convert::Infallible, sync::Arc, time::Duration};
use tokio::time::{Instant, timeout};
use utoipa::IntoParams;

/// How often a silent stream looks whether its session still stands.
const LOOK_EVERY: Duration = Duration::from_secs(5);
const LAST_EVENT_ID: &str = "last-event-id";

/// Where to resume.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EventsQuery {
    /// The last `id:` that was received; as the header `Last-Event-ID`, which comes first.
    #[param(value_type = Option<u64>)]
    last_event_id: Option<String>,
}

/// Live events
///
/// `id:` is the position to resume after. Names: `hello`, `messages`, `pending`, `unplaced`, `delivered`, `refused`,
/// `room`, `room_left`, `contact`, `notification`, `link`, `profile`, `me`, `read`, `reset`. The data of each is the
/// schema of that name. `reset` says that the position cannot be resumed: read everything afresh. A comment comes every
/// 25 s. Readers pass over names they do not know.
///
/// Signals come without `id:` and are not repeated: `signals` once at the beginning, then `typing`, `presence` and
/// `reader`, the latest of each; `call` for every call that one may know of, and whenever one changes; and `call_signal`
/// for one's devices in calls.
#[utoipa::path(
    get, path = "/api/v1/events", tag = "events",
    params(EventsQuery, ("Last-Event-ID" = Option<u64>, Header, description = "The last `id:` that was received.")),
    responses((status = 200, description = "Server-sent events.", body = String, content_type = "text/event-stream"))
)]
pub async fn stream(
    axum::extract::State(context): Context,
    caller: Caller,
    headers: HeaderMap,
    Query(query): Query<EventsQuery>,
) -> Result<Response, Problem> {
    let after = resume_after(&headers, &query)?;
    let (subscription, opening) = open(&context, &caller, after)?;
    let viewing = context.signals.attach(&caller.user);
    let live = Live { context, caller, subscription, viewing, opening: Some(opening), sent_at: Instant::now() };
    let chunks = futures_util::stream::unfold(live, |mut live| async move {
        let chunk = live.next().await?;
        Some((Ok::<_, Infallible>(chunk), live))
    });
    let mut response = Response::new(Body::from_stream(chunks));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    // Asks proxies not to collect the stream before they pass it on.
    response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

fn resume_after(headers: &HeaderMap, query: &EventsQuery) -> Result<Option<u64>, Problem> {
    let header = headers.get(LAST_EVENT_ID).filter(|value| !value.is_empty());
    match (header, &query.last_event_id) {
        (Some(value), _) => field::parse_number("Last-Event-ID", value.to_str().unwrap_or_default()).map(Some),
        (None, Some(text)) => field::parse_number("last_event_id", text).map(Some),
        (None, None) => Ok(None),
    }
}

/// Subscribes, and says what comes first: nothing when resumed, else where the stream begins.
fn open(context: &ClientContext, caller: &Caller, after: Option<u64>) -> Result<(Subscription, Bytes), Problem> {
    let feed = context.engine.feed();
    let mut opening = Vec::new();
    let subscription = match feed.subscribe(&caller.user, after) {
        Ok(subscription) if after.is_some() => subscription,
        Ok(subscription) => {
            let position = subscription.position();
            frame::object(&mut opening, position, "hello", &dto::Hello { position });
            subscription
        }
        Err(FeedError::Gone) => {
            let subscription = feed.subscribe(&caller.user, None).map_err(too_many)?;
            frame::object(&mut opening, subscription.position(), "reset", &serde_json::Map::new());
            subscription
        }
        Err(error) => return Err(too_many(error)),
    };
    Ok((subscription, opening.into()))
}

fn too_many(error: FeedError) -> Problem {
    let max = limits::STREAMS_PER_USER_MAX;
    Problem::new(Code::RateLimited, format!("{error}; at most {max} at once"))
        .limit("event_streams")
        .retry_after(limits::STREAM_PING_MS)
}

/// One stream under way.
struct Live {
    context: Arc<ClientContext>,
    caller: Caller,
    subscription: Subscription,
    viewing: Viewing,
    opening: Option<Bytes>,
    sent_at: Instant,
}

impl Live {
    /// The next bytes; none when the session ended or the daemon stops.
    async fn next(&mut self) -> Option<Bytes> {
        let chunk = self.wait().await?;
        self.sent_at = Instant::now();
        Some(chunk)
    }

    async fn wait(&mut self) -> Option<Bytes> {
        if let Some(opening) = self.opening.take() {
            // A resumed stream opens with a comment, so that the reader sees at once that it stands.
            return Some(if opening.is_empty() { Bytes::from_static(frame::PING) } else { opening });
        }
        loop {
            let fresh = timeout(LOOK_EVERY, self.fresh()).await;
            if !self.is_signed_in() {
                return None;
            }
            match fresh {
                Ok(Fresh::Items(items)) => {
                    let chunk = self.render(&items?)?;
                    if !chunk.is_empty() {
                        return Some(chunk);
                    }
                }
                Ok(Fresh::News(news)) => return Some(render_news(news)),
                Err(_) if self.sent_at.elapsed() >= Duration::from_millis(limits::STREAM_PING_MS) => {
                    return Some(Bytes::from_static(frame::PING));
                }
                Err(_) => {}
            }
        }
    }

    /// What comes next. Items are taken first: they are what others may be waiting for.
    async fn fresh(&mut self) -> Fresh {
        tokio::select! {
            biased;
            items = self.subscription.next() => Fresh::Items(items),
            news = self.viewing.next() => Fresh::News(news),
        }
    }

    fn is_signed_in(&self) -> bool {
        let (state, now) = (self.context.engine.state(), self.context.engine.now());
        caller::user_of(&state, &self.caller.session, now).is_some()
    }

    /// All frames of a batch as one chunk. A stream that cannot be rendered ends, and the client comes again.
    fn render(&self, items: &[Arc<FeedItem>]) -> Option<Bytes> {
        if items.iter().any(|item| changes_acquaintance(&item.entry)) {
            self.viewing.review();
        }
        let state = self.context.engine.state();
        if let [item] = items
            && let Some(shared) = item.shared.get()
        {
            return Some(shared.clone());
        }
        let mut out = Vec::with_capacity(items.len() * 512);
        for item in items {
            if let Err(error) = frame::push(&mut out, &self.context, &state, &self.caller, item) {
                tracing::error!(%error, "an event stream cannot be read on");
                return None;
            }
        }
        Some(out.into())
    }
}

/// What comes next on a stream.
enum Fresh {
    /// Durable items; none when the feed ended.
    Items(Option<Vec<Arc<FeedItem>>>),
    /// Signals.
    News(Vec<News>),
}

fn render_news(news: Vec<News>) -> Bytes {
    let mut out = Vec::with_capacity(news.len() * 160);
    for (name, data) in news.into_iter().map(signals::frame) {
        frame::passing(&mut out, name, &data);
    }
    out.into()
}

/// Whether others may now be seen, or see, who were not, or did not.
fn changes_acquaintance(entry: &Entry) -> bool {
    matches!(
        entry,
        Entry::Room { .. }
            | Entry::RoomLeft { .. }
            | Entry::Contact { .. }
            | Entry::Link { .. }
            | Entry::Profile { .. }
            | Entry::Me { .. }
    )
}
