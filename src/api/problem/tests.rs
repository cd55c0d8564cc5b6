//! Problems say the same in status, headers and body.

use super::*;

async fn json(problem: Problem) -> (StatusCode, axum::http::HeaderMap, serde_json::Value) {
    let (parts, body) = problem.into_response().into_parts();
    let bytes = axum::body::to_bytes(body, usize::MAX).await.expect("a body in memory");
    (parts.status, parts.headers, serde_json::from_slice(&bytes).expect("problems are JSON"))
}

#[test]
fn every_code_has_an_error_status_and_its_own_type() {
    let mut kinds = std::collections::BTreeSet::new();
    for code in Code::ALL {
        let problem = Problem::new(*code, "why");
        assert!(problem.status >= 400, "{code}");
        assert!(kinds.insert(problem.kind), "{code}");
    }
}

#[tokio::test]
async fn a_reject_keeps_code_field_and_sentence() {
    let reject = Reject::field("name", "must not be empty");
    let (status, headers, body) = json(reject.into()).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(headers[header::CONTENT_TYPE], MEDIA_TYPE);
    assert_eq!(
        body,
        serde_json::json!({
            "type": "https://handclasp.dev/problems/invalid", "title": "Invalid request", "status": 400,
            "detail": "name must not be empty", "code": "INVALID", "field": "name",
        })
    );
}

#[tokio::test]
async fn overload_says_when_to_come_back_in_body_and_header() {
    let (status, headers, body) = json(Refusal::Overloaded { retry_after_ms: 1_500 }.into()).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(headers[header::RETRY_AFTER], "2");
    assert_eq!(body["retry_after_ms"], 1_500);
}

#[tokio::test]
async fn a_missing_sign_in_names_the_scheme() {
    let (status, headers, _) = json(Problem::unauthenticated()).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert_eq!(headers[header::WWW_AUTHENTICATE], "Bearer");
}

#[test]
fn problems_survive_being_read_by_a_client() {
    let problem = Problem::new(Code::Exists, "one is there").with("rooms", ["ab"]);
    let text = serde_json::to_string(&problem).expect("serializes");
    assert_eq!(serde_json::from_str::<Problem>(&text).expect("parses"), problem);
}

#[test]
fn a_store_fault_reveals_nothing_of_the_store() {
    let problem = Problem::from(StoreError::Io("/var/lib/secret".to_owned()));
    assert_eq!(problem.status, 500);
    assert!(!problem.detail.contains("secret"));
}
