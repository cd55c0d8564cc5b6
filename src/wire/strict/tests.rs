//! Checks of `wire::strict`: one table of hostile texts (A8).

use super::*;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only whether it reads is of interest")]
struct Sample {
    n: Integer,
    #[serde(default, deserialize_with = "present")]
    text: Option<String>,
}

fn read_sample(bytes: &[u8]) -> Result<Sample, WireError> {
    parse("sample", bytes, 1_000)
}

#[test]
fn a8_hostile_json_is_refused() {
    let hostile: &[&[u8]] = &[
        b"",
        b"{}",
        b"null",
        br#"{"n":1,"n":1}"#,
        br#"{"n":1,"\u006e":2}"#,
        br#"{"n":1,"more":2}"#,
        br#"{"n":9007199254740992}"#,
        br#"{"n":18446744073709551616}"#,
        br#"{"n":1e3}"#,
        br#"{"n":1.0}"#,
        br#"{"n":-0}"#,
        br#"{"n":-1}"#,
        br#"{"n":01}"#,
        br#"{"n":"1"}"#,
        br#"{"n":1,"text":null}"#,
        br#"{"n":1,"text":"\ud800"}"#,
        br#"{"n":1,"text":"\udc00\ud800"}"#,
        b"{\"n\":1,\"text\":\"\0\"}",
        b"{\"n\":1,\"text\":\"\n\"}",
        b"{\"n\":1}\0",
        b"\0{\"n\":1}",
        b"\xEF\xBB\xBF{\"n\":1}",
        b"{\"n\":1,\"text\":\"\xff\"}",
        b"{\"n\":1,\"text\":\"\xed\xa0\x80\"}",
        b" {\"n\":1}",
        b"{\"n\":1}\n",
        b"{\"n\": 1}",
        br#"{"n":1}{"n":1}"#,
        br#"{"n":1},"#,
        br#"{"n":1,}"#,
        br#"{'n':1}"#,
        br#"{"n":1"#,
        br#"{"n":1,"text":"open"#,
        br#"{"n":1,"text":"\"#,
        br#"[{"n":1}]"#,
        br#"[1]"#,
        br#"[1,"text"]"#,
        b"{\"n\":1/**/}",
        b"{\"n\":NaN}",
    ];
    for bytes in hostile {
        assert!(read_sample(bytes).is_err(), "taken: {}", String::from_utf8_lossy(bytes));
    }
    read_sample(br#"{"n":9007199254740991,"text":"a \"b\" \u00e9"}"#).expect("the largest integer, and escapes");
}

#[test]
fn a8_depth_is_counted_outside_strings_only() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(scan("sample", nested(limits::JSON_DEPTH_MAX).as_bytes(), 1_000).is_ok());
    assert!(scan("sample", nested(limits::JSON_DEPTH_MAX + 1).as_bytes(), 1_000).is_err());
    let quoted = format!("\"{}\\\"{}\"", "[".repeat(100), "{".repeat(100));
    assert!(scan("sample", quoted.as_bytes(), 1_000).is_ok());
}

#[test]
fn sizes_are_checked_before_anything_is_read() {
    let long = format!(r#"{{"n":1,"text":"{}"}}"#, "x".repeat(1_000));
    assert_eq!(read_sample(long.as_bytes()).expect_err("too long").code(), Code::TooLarge);
}

#[test]
fn errors_never_hold_content() {
    let error = read_sample(br#"{"n":1,"the secret":2}"#).expect_err("unknown field");
    assert!(!error.to_string().contains("secret"), "{error}");
    let error = read_sample(br#"{"n":"the secret"}"#).expect_err("wrong type");
    assert!(!error.to_string().contains("secret"), "{error}");
}
