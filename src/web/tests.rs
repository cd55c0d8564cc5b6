//! What the web app serves, and that it stays small, complete and shut.

use super::*;
use axum::http::Request;
use http_body_util::BodyExt as _;
use std::{collections::BTreeSet, path::Path as FilePath};
use tower::ServiceExt as _;

fn router() -> Router {
    let api = Router::new().route("/api/v1/me", get(|| async { "api" })).fallback(|| async { StatusCode::IM_A_TEAPOT });
    before(App::Chat, &"acme.example".parse().expect("a domain"), api)
}

async fn ask(path: &str, headers: &[(HeaderName, &str)]) -> (StatusCode, HeaderMap, bytes::Bytes) {
    let mut request = Request::get(path);
    for (name, value) in headers {
        request = request.header(name, *value);
    }
    let response = router().oneshot(request.body(Body::empty()).expect("a request")).await.expect("infallible");
    let (parts, body) = response.into_parts();
    (parts.status, parts.headers, body.collect().await.expect("in memory").to_bytes())
}

/// The files that the page names.
async fn named_by_page() -> Vec<String> {
    let (_, _, page) = ask("/", &[]).await;
    let page = String::from_utf8(page.to_vec()).expect("UTF-8");
    page.split('"').filter(|part| part.starts_with("/assets/")).map(str::to_owned).collect()
}

#[tokio::test]
async fn every_address_of_the_app_shows_the_page_and_other_paths_are_the_apis() {
    for path in ["/", "/rooms/00ff", "/contacts", "/settings"] {
        let (status, headers, body) = ask(path, &[]).await;
        assert_eq!(
            (status, headers[header::CONTENT_TYPE].as_bytes()),
            (StatusCode::OK, &b"text/html; charset=utf-8"[..])
        );
        assert!(body.starts_with(b"<!doctype html>") && !body.windows(2).any(|two| two == b"{{"), "{path}");
    }
    assert_eq!(ask("/api/v1/me", &[]).await.2, "api");
    assert_eq!(ask("/nowhere", &[]).await.0, StatusCode::IM_A_TEAPOT);
}

#[tokio::test]
async fn the_service_worker_stands_at_the_root_and_names_this_versions_files() {
    let (status, headers, body) = ask("/worker.js", &[]).await;
    assert_eq!((status, headers[header::CACHE_CONTROL].as_bytes()), (StatusCode::OK, &b"no-cache"[..]));
    assert_eq!(headers[header::CONTENT_TYPE], "text/javascript; charset=utf-8");
    let text = String::from_utf8(body.to_vec()).expect("UTF-8");
    let file = named_by_page().await.remove(0);
    let folder = file.rsplitn(3, '/').last().expect("a folder");
    assert!(text.contains(&format!("'handclasp {folder}'")), "{folder}");
}

#[tokio::test]
async fn page_and_files_bear_headers_that_let_nothing_else_in() {
    let file = named_by_page().await.remove(0);
    for path in ["/", file.as_str(), "/assets/0/none.js"] {
        let (_, headers, _) = ask(path, &[]).await;
        let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().expect("ASCII");
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
        assert!(!policy.contains("unsafe") && !policy.contains("http"), "{path}: {policy}");
        assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert_eq!(headers[header::REFERRER_POLICY], "no-referrer");
        let permissions = headers["permissions-policy"].to_str().expect("ASCII");
        for device in ["camera=(self)", "microphone=(self)", "display-capture=(self)", "geolocation=()"] {
            assert!(permissions.contains(device), "{path}: {permissions}");
        }
    }
}

#[tokio::test]
async fn files_are_cached_for_ever_under_their_hash_and_the_page_is_asked_for_again() {
    let file = named_by_page().await.remove(0);
    let (status, headers, _) = ask(&file, &[]).await;
    assert_eq!(status, StatusCode::OK);
    assert!(headers[header::CACHE_CONTROL].to_str().expect("ASCII").contains("immutable"));
    let (_, headers, _) = ask("/", &[]).await;
    assert_eq!(headers[header::CACHE_CONTROL], "no-cache");
    let tag = headers[header::ETAG].to_str().expect("ASCII");
    let (status, _, body) = ask("/", &[(header::IF_NONE_MATCH, tag)]).await;
    assert_eq!((status, body.len()), (StatusCode::NOT_MODIFIED, 0));
    let (status, ..) = ask(&file.replace("/assets/", "/assets/0"), &[]).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_first_page_weighs_less_than_150_kb_compressed() {
    let gzip = [(header::ACCEPT_ENCODING, "br, gzip")];
    let mut bytes = ask("/", &gzip).await.2.len();
    for path in named_by_page().await.iter().collect::<BTreeSet<_>>() {
        let (status, headers, body) = ask(path, &gzip).await;
        assert_eq!(status, StatusCode::OK, "{path}");
        assert_eq!(headers[header::CONTENT_ENCODING], "gzip", "{path}");
        bytes += body.len();
    }
    assert!(bytes < 150_000, "{bytes} bytes");
}

#[test]
fn every_file_of_the_assets_is_in_the_bundle() {
    let root = FilePath::new(env!("CARGO_MANIFEST_DIR")).join("src/web/assets");
    let mut found = BTreeSet::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension != "md") {
                found.insert(path.strip_prefix(&root).expect("below").to_str().expect("UTF-8").to_owned());
            }
        }
    }
    let served: BTreeSet<String> = bundle::FILES.iter().map(|(path, _)| (*path).to_owned()).collect();
    assert_eq!(served, found);
}

/// What the browser is told to refuse must not stand in the files either.
#[test]
fn no_file_makes_markup_from_text_or_asks_anybody_else() {
    for (path, bytes) in bundle::FILES {
        let text = std::str::from_utf8(bytes).expect("UTF-8");
        for bad in
            ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", " style=\""]
        {
            assert!(!text.contains(bad), "{path} has {bad}");
        }
        let abroad = text.replace("http://www.w3.org/2000/svg", "");
        assert!(!abroad.contains("http://") && !abroad.contains("https://"), "{path} names another host");
    }
}
