//! What probes and Prometheus ask for.

use super::{
    Context,
    dto::{Ending, Health},
    endings,
};
use crate::{
    core::{permit::link_state, state::State},
    engine::Engine,
    model::Millis,
};
use axum::{Json, http::StatusCode, http::header, response::IntoResponse};
use std::fmt::Write as _;

fn health(status: &str) -> Json<Health> {
    Json(Health { status: status.to_owned() })
}

/// Whether the process runs. No token.
#[utoipa::path(get, path = "/health/live", tag = "health", security(()), responses((status = 200, body = Health)))]
pub async fn live() -> Json<Health> {
    health("live")
}

/// Whether the listeners are bound and the writer answers. No token.
#[utoipa::path(get, path = "/health/ready", tag = "health", security(()), responses(
    (status = 200, body = Health),
    (status = 503, body = Health),
))]
pub async fn ready(context: Context) -> (StatusCode, Json<Health>) {
    if (context.probes.is_ready)() {
        (StatusCode::OK, health("ready"))
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, health("not_ready"))
    }
}

/// Metrics in Prometheus' text form.
#[utoipa::path(get, path = "/metrics", tag = "health", responses(
    (status = 200, description = "Prometheus text", body = String, content_type = "text/plain"),
))]
pub async fn metrics(context: Context) -> impl IntoResponse {
    let mut text = (context.probes.metrics)();
    render_state(&mut text, &context.engine);
    render_endings(&mut text, &endings::all(&context.engine.state(), &context.probes.certificate_end));
    if let Some(search) = &context.search {
        let standing = search.standing();
        gauge(&mut text, "handclasp_search_documents", standing.documents);
        gauge(&mut text, "handclasp_search_behind_positions", standing.behind);
    }
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text)
}

fn render_state(text: &mut String, engine: &Engine) {
    let state = engine.state();
    gauge(text, "handclasp_users", state.users.len());
    gauge(text, "handclasp_rooms", state.rooms.len());
    gauge(text, "handclasp_sessions", state.sessions.len());
    gauge(text, "handclasp_audit_entries", state.audit.0 - 1);
    gauge(text, "handclasp_grants_unconfirmed", u8::from(state.unconfirmed));
    render_links(text, &state, engine.now());
}

fn render_links(text: &mut String, state: &State, now: Millis) {
    let mut lines = [String::new(), String::new(), String::new()];
    for link in state.links.values() {
        // A domain holds nothing that a label would have to escape.
        let peer = &link.peer.domain;
        let word = link_state(state, link, now).as_str();
        let lag = link.streams.unacknowledged();
        let heard = link.streams.last_contact.map_or(0, |at| at.0 / 1_000);
        line(&mut lines[0], format_args!("handclasp_link_state{{peer=\"{peer}\",state=\"{word}\"}} 1"));
        line(&mut lines[1], format_args!("handclasp_link_lag_records{{peer=\"{peer}\"}} {lag}"));
        line(&mut lines[2], format_args!("handclasp_link_last_contact_seconds{{peer=\"{peer}\"}} {heard}"));
    }
    let names = ["handclasp_link_state", "handclasp_link_lag_records", "handclasp_link_last_contact_seconds"];
    for (name, lines) in names.into_iter().zip(lines) {
        line(text, format_args!("# TYPE {name} gauge"));
        text.push_str(&lines);
    }
}

fn render_endings(text: &mut String, endings: &[Ending]) {
    let name = "handclasp_ends_at_seconds";
    line(text, format_args!("# TYPE {name} gauge"));
    for Ending { what, peer, at } in endings {
        let peer = peer.as_deref().unwrap_or_default();
        line(text, format_args!("{name}{{what=\"{what}\",peer=\"{peer}\"}} {}", at / 1_000));
    }
}

fn gauge(text: &mut String, name: &str, value: impl std::fmt::Display) {
    line(text, format_args!("# TYPE {name} gauge\n{name} {value}"));
}

fn line(text: &mut String, line: std::fmt::Arguments<'_>) {
    writeln!(text, "{line}").expect("a string takes everything");
}
