//! Searching one's own rooms.

use super::{
    Context,
    caller::Caller,
    dto::{self, SearchQuery},
};
use crate::{
    api::{
        field::{self, Query},
        paging,
        problem::{HttpFault, Problem},
    },
    model::Code,
    search::{
        self, SearchError,
        question::{self, Clause, Kind, Order, Question},
    },
};
use axum::Json;

/// When to try again while the index is not ready or too much is asked at once, milliseconds.
const RETRY_MS: u64 = 1_000;

/// Search one's own rooms
///
/// What is found is what one may see now: in rooms of which one is a member, from one's arrival on, and without what was
/// written while one blocked its author. New messages can be found after about a second.
#[utoipa::path(
    get, path = "/api/v1/search", tag = "search", params(SearchQuery),
    responses((status = 200, body = dto::Findings))
)]
pub async fn search(
    axum::extract::State(context): Context,
    caller: Caller,
    Query(query): Query<SearchQuery>,
) -> Result<Json<dto::Findings>, Problem> {
    let question = parse(&query)?;
    let off = || Problem::new(Code::SearchOff, "search is switched off in this organization; its admin can change it");
    let search = context.search.as_ref().ok_or_else(off)?;
    let found = search.ask(&caller.user, question).await?;
    let items = found.items.into_iter().map(finding).collect();
    let next = found.next.map(|rank| paging::encode(&rank));
    Ok(Json(dto::Findings { items, next, complete: found.is_complete }))
}

fn parse(query: &SearchQuery) -> Result<Question, Problem> {
    let time = |field, text: Option<&String>| text.map(|text| field::parse_number(field, text)).transpose();
    let filters = [&query.room, &query.from, &query.after, &query.before, &query.kind];
    let order = query.order.as_deref().map(|word| field::parse_word("order", word, Order::WORDS)).transpose()?;
    Ok(Question {
        clauses: parse_words(query.q.as_deref(), filters.iter().any(|filter| filter.is_some()))?,
        room: field::parse_opt("room", query.room.as_deref())?,
        author: field::parse_opt("from", query.from.as_deref())?,
        at: time("after", query.after.as_ref())?.unwrap_or(0)
            ..time("before", query.before.as_ref())?.unwrap_or(u64::MAX),
        kind: query.kind.as_deref().map(|word| field::parse_word("kind", word, Kind::WORDS)).transpose()?,
        order: order.unwrap_or(Order::Newest),
        after: query.cursor.as_deref().map(paging::decode).transpose()?,
        items_max: paging::items_max(query.limit.as_deref())?,
    })
}

fn parse_words(words: Option<&str>, has_filter: bool) -> Result<Vec<Clause>, Problem> {
    match words {
        Some(words) => question::parse(words).map_err(|error| Problem::field("q", error)),
        None if has_filter => Ok(Vec::new()),
        None => Err(Problem::field("q", "is needed, or one of room, from, after, before, kind")),
    }
}

fn finding(found: search::Found) -> dto::Finding {
    let piece = |it: search::snippet::Piece| dto::SnippetPiece { text: it.text, is_match: it.is_match };
    dto::Finding {
        room: found.rank.room.to_string(),
        index: found.rank.index,
        at: found.rank.at,
        kind: found.kind.as_str().to_owned(),
        author: found.author.map(|author| author.to_string()),
        made_at: found.made_at.0,
        snippet: found.snippet.into_iter().map(piece).collect(),
    }
}

impl From<SearchError> for Problem {
    fn from(error: SearchError) -> Self {
        match error {
            SearchError::TooLong | SearchError::TooMany | SearchError::NotReady => {
                Self::new(Code::Overloaded, error.to_string()).retry_after(RETRY_MS)
            }
            SearchError::Store(error) => error.into(),
            SearchError::Index(_) | SearchError::Io(_) => {
                tracing::error!(%error, "a search failed");
                Self::http(HttpFault::Internal, "the daemon could not read its search index; its log says why")
            }
        }
    }
}
