//! What our users reported, for their own admins only (P10).

use super::{
    Actor, Context,
    dto::keeping::{CaseClose, CaseFull, CaseView, CasesQuery},
};
use crate::{
    api::{
        body::Write,
        field::{Query, Segments, parse, parse_word},
        paging::{Page, PageQuery},
        problem::Problem,
    },
    core::{
        State,
        command::{AdminOp, KeepOp},
    },
    model::{
        Code,
        keeping::{About, Case},
    },
};
use axum::Json;
use std::{ops::Bound, sync::Arc};

/// Which cases.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Which {
    Open,
    Closed,
    All,
}

/// Cases, oldest first.
#[utoipa::path(get, path = "/cases", tag = "cases", params(CasesQuery), responses(
    (status = 200, body = Page<CaseView>),
))]
pub async fn list(context: Context, Query(query): Query<CasesQuery>) -> Result<Json<Page<CaseView>>, Problem> {
    let words = [("open", Which::Open), ("closed", Which::Closed), ("all", Which::All)];
    let which = query.state.as_deref().map(|text| parse_word("state", text, &words)).transpose()?;
    let which = which.unwrap_or(Which::Open);
    let page = PageQuery { limit: query.limit, cursor: query.cursor };
    let (items_max, after) = (page.items_max()?, page.after::<u64>()?.unwrap_or(0));
    let state = context.engine.state();
    let cases = state.keeping.cases.range((Bound::Excluded(after), Bound::Unbounded)).map(|(_, case)| case);
    let wanted = cases.filter(|case| which == Which::All || case.closed.is_some() == (which == Which::Closed));
    Ok(Json(Page::take(wanted, items_max, |case| case.n, |case| view(&state, case))))
}

/// One case, with the signed original of what was reported.
#[utoipa::path(get, path = "/cases/{n}", tag = "cases", params(("n" = u64, Path)), responses(
    (status = 200, body = CaseFull),
))]
pub async fn show(context: Context, segments: Segments) -> Result<Json<CaseFull>, Problem> {
    let state = context.engine.state();
    let case = find(&state, segments.parse("n")?)?;
    let proof = context.engine.reader().proof(case.n)?;
    let parsed =
        |text: Option<Arc<str>>| text.and_then(|text| serde_json::value::RawValue::from_string(text.to_string()).ok());
    Ok(Json(CaseFull { case: view(&state, case), event: parsed(proof.event), envelope: parsed(proof.envelope) }))
}

/// Close a case, with what was done.
#[utoipa::path(
    post, path = "/cases/{n}/close", tag = "cases", params(("n" = u64, Path)), request_body = CaseClose,
    responses((status = 200, body = CaseView))
)]
pub async fn close(
    context: Context,
    actor: Actor,
    segments: Segments,
    write: Write,
) -> Result<Json<CaseView>, Problem> {
    let n: u64 = segments.parse("n")?;
    let request: CaseClose = write.parse()?;
    let op = AdminOp::Keep(KeepOp::CloseCase(n, parse("note", &request.note)?));
    context.submit(&actor, write.key(&actor.caller())?, op).await?;
    let state = context.engine.state();
    Ok(Json(view(&state, find(&state, n)?)))
}

fn find(state: &State, n: u64) -> Result<&Arc<Case>, Problem> {
    state.keeping.cases.get(&n).ok_or_else(|| Problem::new(Code::NotFound, format!("there is no case {n}")))
}

fn view(state: &State, case: &Case) -> CaseView {
    let (kind, room, index, person) = match &case.about {
        About::Message { room, index } => ("message", Some(room.to_string()), Some(*index), None),
        About::Room(room) => ("room", Some(room.to_string()), None, None),
        About::Person(person) => ("person", None, None, Some(person.to_string())),
    };
    let closed = case.closed.as_ref();
    CaseView {
        n: case.n,
        at: case.at.0,
        by: state.address(&case.by).to_string(),
        kind: kind.to_owned(),
        room,
        index,
        person,
        reason: case.reason.to_string(),
        closed_by: closed.map(|closed| closed.by.clone()),
        closed_at: closed.map(|closed| closed.at.0),
        note: closed.map(|closed| closed.note.to_string()),
    }
}
