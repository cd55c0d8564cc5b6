//! The API document says what the router does.

use super::*;

fn document() -> Value {
    serde_json::to_value(crate::api::client::openapi()).expect("a document of plain structures")
}

/// Path, method and operation of all endpoints.
fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let paths = document["paths"].as_object().expect("paths");
    let of = |(path, item): (&String, &Value)| {
        let item = item.as_object().expect("a path item").clone();
        item.into_iter().map(|(method, operation)| (path.clone(), method, operation)).collect::<Vec<_>>()
    };
    paths.iter().flat_map(of).collect()
}

#[tokio::test]
async fn the_served_document_is_openapi_3_1() {
    let daemon = Daemon::alone(&[]);
    let served = daemon.read("", "openapi.json").await.expect(200);
    assert_eq!(served["openapi"], "3.1.0");
    assert_eq!(served, document());
}

#[test]
fn every_reference_resolves() {
    let document = document();
    let text = document.to_string();
    let schemas = document["components"]["schemas"].as_object().expect("schemas");
    let mut found = 0;
    for reference in text.split("\"#/components/schemas/").skip(1) {
        let name = reference.split('"').next().expect("an end");
        assert!(schemas.contains_key(name), "{name}");
        found += 1;
    }
    assert!(found > 20);
}

#[test]
fn every_operation_is_described_and_can_refuse() {
    for (path, method, operation) in operations(&document()) {
        assert!(operation["summary"].is_string(), "{method} {path}");
        assert!(operation["responses"]["default"].is_object(), "{method} {path}");
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        let named = |place: &str, name: &str| parameters.iter().any(|p| p["in"] == place && p["name"] == name);
        for segment in path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}')) {
            assert!(named("path", segment), "{method} {path}: {segment}");
        }
        assert_eq!(
            named("header", "idempotency-key"),
            !matches!(method.as_str(), "get" | "head" | "options"),
            "{method} {path}"
        );
    }
}

#[tokio::test]
async fn everything_but_the_sign_in_and_secret_addresses_needs_a_token() {
    let daemon = Daemon::alone(&[]);
    let operations = operations(&document());
    assert!(operations.len() >= 29, "{}", operations.len());
    for (path, method, _) in operations {
        let signs_in = ["/api/v1/session", "/api/v1/session/cookie"].contains(&path.as_str()) && method == "post";
        if signs_in || path.contains("{secret}") {
            continue;
        }
        let path = path.trim_start_matches("/api/v1/").replace("{room}", &"00".repeat(16));
        let path = path.replace("{address}", "bob@globex.example").replace("{upload}", &"00".repeat(16));
        let path = path.replace("{digest}", &"00".repeat(32));
        let reply = daemon.write("", &method.to_uppercase(), &path, &Value::Null).await;
        if method == "head" {
            assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{path}");
        } else {
            reply.refused(401, "UNAUTHENTICATED");
        }
    }
}
