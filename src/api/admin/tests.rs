//! The conversions at the edge, and the document that describes it.

use super::{Actor, dto::GrantPut, grants::parse_request, openapi};
use crate::{
    model::{Millis, grant::Scope},
    testing::fixtures::domain,
};

fn put(state: &str) -> GrantPut {
    GrantPut { state: state.to_owned(), ..GrantPut::default() }
}

#[test]
fn p2_an_active_grant_without_scopes_names_them_all() {
    let request = parse_request(domain("globex.example"), put("active")).expect("well-formed");
    assert!(Scope::ALL.into_iter().all(|scope| request.scopes.is_some_and(|scopes| scopes.holds(scope))));
    assert_eq!((request.expected_serial, request.not_after, request.reason.as_str()), (None, None, ""));
}

#[test]
fn p2_scopes_end_and_reason_arrive_as_they_were_given() {
    let put = GrantPut {
        scopes: Some(vec!["messages".to_owned(), "contacts".to_owned()]),
        not_after: Some(5_000),
        expected_serial: Some(3),
        reason: Some("pilot".to_owned()),
        ..put("active")
    };
    let request = parse_request(domain("globex.example"), put).expect("well-formed");
    let scopes: Vec<_> = request.scopes.expect("active").iter().collect();
    assert_eq!(scopes, [Scope::Contacts, Scope::Messages]);
    assert_eq!((request.not_after, request.expected_serial), (Some(Millis(5_000)), Some(3)));
    assert_eq!(request.reason.as_str(), "pilot");
}

#[test]
fn a_revocation_takes_neither_scopes_nor_an_end() {
    assert_eq!(parse_request(domain("globex.example"), put("revoked")).expect("well-formed").scopes, None);
    let with_scopes = GrantPut { scopes: Some(vec!["rooms".to_owned()]), ..put("revoked") };
    let with_end = GrantPut { not_after: Some(5_000), ..put("revoked") };
    for (put, field) in [(with_scopes, "scopes"), (with_end, "not_after")] {
        let problem = parse_request(domain("globex.example"), put).expect_err(field);
        assert_eq!(problem.field.as_deref(), Some(field));
    }
}

#[test]
fn an_actor_is_a_plain_name() {
    for good in ["carol", "carol@acme.example", "ops-1_b.c"] {
        assert_eq!(Actor::parse(good).expect(good), Actor(good.to_owned()));
    }
    for wrong in ["", "two words", "carol:root", "ä", &"x".repeat(65)] {
        assert_eq!(Actor::parse(wrong).expect_err(wrong).field.as_deref(), Some("X-Handclasp-Actor"));
    }
}

const ENDPOINTS: &[(&str, &str)] = &[
    ("/status", "get"),
    ("/card", "get"),
    ("/peers", "get"),
    ("/peers", "post"),
    ("/peers/{domain}", "get"),
    ("/peers/{domain}", "delete"),
    ("/peers/{domain}/lift", "post"),
    ("/peers/{domain}/accept-loss", "post"),
    ("/peers/{domain}/grant", "get"),
    ("/peers/{domain}/grant", "put"),
    ("/peers/{domain}/grant/consequences", "get"),
    ("/grants/confirm", "post"),
    ("/users", "get"),
    ("/users", "post"),
    ("/users/{local}", "get"),
    ("/users/{local}", "patch"),
    ("/users/{local}/tokens", "post"),
    ("/users/{local}/sessions", "delete"),
    ("/policy", "get"),
    ("/policy", "put"),
    ("/retention", "get"),
    ("/retention", "put"),
    ("/holds", "get"),
    ("/holds/users/{local}", "put"),
    ("/holds/users/{local}", "delete"),
    ("/holds/rooms/{room}", "put"),
    ("/holds/rooms/{room}", "delete"),
    ("/users/{local}/erasure", "get"),
    ("/users/{local}/erasure", "post"),
    ("/cases", "get"),
    ("/cases/{n}", "get"),
    ("/cases/{n}/close", "post"),
    ("/export", "get"),
    ("/export/files/{digest}", "get"),
    ("/archives", "post"),
    ("/archives/files/{digest}", "put"),
    ("/policy/files", "get"),
    ("/policy/files", "put"),
    ("/rooms", "get"),
    ("/rooms/{room}/messages/{index}/history", "get"),
    ("/why-not", "get"),
    ("/audit", "get"),
    ("/audit/export", "get"),
    ("/audit/verify", "post"),
    ("/limits", "get"),
    ("/session", "post"),
    ("/session", "delete"),
    ("/backups", "get"),
    ("/backups", "post"),
    ("/search", "get"),
    ("/search/rebuild", "post"),
    ("/metrics", "get"),
    ("/health/live", "get"),
    ("/health/ready", "get"),
];

#[test]
fn the_document_is_openapi_3_1_and_knows_every_endpoint() {
    let document = serde_json::to_value(openapi()).expect("a plain structure");
    assert!(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")));
    let paths = document["paths"].as_object().expect("an object");
    for (path, method) in ENDPOINTS.iter().copied() {
        let operation = &paths[&format!("/admin/v1{path}")][method];
        assert!(operation["responses"]["default"].is_object(), "{method} {path} says nothing of problems: {operation}");
        let is_open = operation["security"]
            .as_array()
            .is_some_and(|needs| needs.iter().all(|need| need == &serde_json::json!({})));
        assert_eq!(is_open, path.starts_with("/health") || path == "/session", "{method} {path}");
    }
    let described: usize = paths.values().map(|path| path.as_object().map_or(0, serde_json::Map::len)).sum();
    assert_eq!(described, ENDPOINTS.len(), "an endpoint is missing in this list");
}
