//! A fault in a body is named by its field, and nothing of the body's values is repeated.

use super::*;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only parsed")]
struct Sample {
    name: String,
    count: Option<u64>,
    inner: Option<Inner>,
    users: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only parsed")]
struct Inner {
    flag: bool,
}

#[test]
fn each_fault_names_its_field_and_what_is_allowed() {
    for (body, field, allowed) in [
        (r"{}", "name", "is missing"),
        (r#"{"name":5}"#, "name", "a string"),
        (r#"{"name":"a","count":"secret"}"#, "count", "a whole number from 0"),
        (r#"{"name":"a","count":-1}"#, "count", "a whole number from 0"),
        (r#"{"name":"a","more":"secret"}"#, "more", "`name`, `count`, `inner`, `users`"),
        (r#"{"name":"a","inner":{}}"#, "inner.flag", "is missing"),
        (r#"{"name":"a","inner":{"flag":"secret"}}"#, "inner.flag", "true or false"),
        (r#"{"name":"a","inner":{"flog":true}}"#, "inner.flog", "`flag`"),
        (r#"{"name":"a","users":["b",7]}"#, "users[1]", "a string"),
        (r#"{"name":"a","users":"secret"}"#, "users", "an array"),
        (r#"{"name":"a","name":"secret"}"#, "name", "is there twice"),
    ] {
        let problem = parse_json::<Sample>(body.as_bytes()).expect_err(body);
        assert_eq!(problem.field.as_deref(), Some(field), "{body}: {problem:?}");
        assert!(problem.detail.contains(allowed), "{body}: {}", problem.detail);
        assert!(!problem.detail.contains("secret"), "{body}: {}", problem.detail);
    }
}

#[test]
fn what_is_no_object_is_refused_as_a_whole() {
    for body in ["", "{", "null", "[]", "5", r#"{"name":"a"} x"#, "\u{feff}{}"] {
        let problem = parse_json::<Sample>(body.as_bytes()).expect_err(body);
        assert_eq!((problem.status, problem.field), (400, None), "{body}");
    }
}

async fn write(request: Request) -> Result<Write, Problem> {
    Write::from_request(request, &()).await
}

fn post(content_type: Option<&str>, body: impl Into<Body>) -> Request {
    let mut request = Request::post("/api/v1/x");
    if let Some(content_type) = content_type {
        request = request.header(header::CONTENT_TYPE, content_type);
    }
    request.body(body.into()).expect("a request")
}

#[tokio::test]
async fn only_json_is_taken_for_json() {
    for good in ["application/json", "application/json; charset=utf-8", "Application/JSON"] {
        let write = write(post(Some(good), r#"{"name":"a"}"#)).await.expect(good);
        assert!(write.parse::<Sample>().is_ok(), "{good}");
    }
    for bad in [None, Some("text/plain"), Some("application/jsonx"), Some("application/x-www-form-urlencoded")] {
        let write = write(post(bad, r#"{"name":"a"}"#)).await.expect("read");
        assert_eq!(write.parse::<Sample>().expect_err("refused").status, 415, "{bad:?}");
    }
}

#[tokio::test]
async fn bodies_over_the_limit_are_refused_whether_declared_or_not() {
    let json = Some("application/json");
    let fits = vec![b' '; limits::API_BODY_BYTES_MAX];
    assert!(write(post(json, fits)).await.is_ok());
    let too_long = vec![b' '; limits::API_BODY_BYTES_MAX + 1];
    assert_eq!(write(post(json, too_long.clone())).await.expect_err("long").status, 413);
    let mut declared = post(json, Body::empty());
    declared.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(limits::API_BODY_BYTES_MAX + 1));
    assert_eq!(write(declared).await.expect_err("declared long").status, 413);
}

#[tokio::test]
async fn the_key_covers_caller_method_path_and_body() {
    let with_key = |body: &'static str| {
        let mut request = post(Some("application/json"), body);
        request.headers_mut().insert(idempotency::HEADER, HeaderValue::from_static("k1"));
        request
    };
    let one = write(with_key("{}")).await.expect("read").key("alice").expect("valid").expect("given");
    let same = write(with_key("{}")).await.expect("read").key("alice").expect("valid").expect("given");
    let other = write(with_key("{ }")).await.expect("read").key("alice").expect("valid").expect("given");
    assert_eq!(one, same);
    assert_ne!(one.request, other.request);
    assert_eq!(write(post(None, "{}")).await.expect("read").key("alice").expect("absent is valid"), None);
}
