//! Names and types that are refused, and what becomes of those that clients send (A22).

use super::*;

#[test]
fn a22_names_that_are_paths_devices_or_disguises_are_refused() {
    let long = "x".repeat(limits::FILE_NAME_BYTES_MAX + 1);
    let bad = [
        "",
        ".",
        "..",
        "../etc/passwd",
        "a/b",
        "a\\b",
        "c:x",
        ".bashrc",
        "-rf",
        "a.",
        "a ",
        " a",
        "CON",
        "con.txt",
        "Aux .log",
        "com1",
        "lpt9.pdf",
        "a\nb",
        "a\u{0}b",
        "cod\u{202e}gpj.exe",
        "a\u{2028}b",
        "a?b",
        long.as_str(),
    ];
    for name in bad {
        assert_eq!(name.parse::<FileName>(), Err(FileError::Name), "{name:?}");
    }
    for name in ["a", "Plan 2026.pdf", "résumé.docx", "写真.jpg", "com10.txt", "console", "a..b", "x.tar.gz"] {
        assert_eq!(name.parse::<FileName>().expect(name).as_str(), name);
    }
}

#[test]
fn a22_a_name_from_a_client_becomes_the_nearest_safe_one() {
    let cases = [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\x\\plan.pdf", "plan.pdf"),
        (".hidden", "hidden"),
        ("--help.txt", "help.txt"),
        ("what? now*.txt", "what_ now_.txt"),
        ("cod\u{202e}gpj.exe", "cod_gpj.exe"),
        ("nul.txt", "_nul.txt"),
        ("", "file"),
        ("...", "file"),
        ("dir/", "file"),
        ("end. .", "end"),
    ];
    for (given, expected) in cases {
        assert_eq!(FileName::clean(given).as_str(), expected, "{given:?}");
    }
    let cut = FileName::clean(&format!("{}.pdf", "é".repeat(300)));
    assert!(cut.as_str().len() <= limits::FILE_NAME_BYTES_MAX && cut.as_str().ends_with("é.pdf"), "{cut}");
}

proptest::proptest! {
    #[test]
    fn a22_whatever_a_client_calls_a_file_its_clean_name_is_a_name(text in ".{0,300}") {
        let clean = FileName::clean(&text);
        proptest::prop_assert_eq!(clean.as_str().parse::<FileName>(), Ok(clean.clone()));
    }
}

#[test]
fn media_types_are_lower_case_pairs_without_parameters() {
    for good in ["image/png", "application/vnd.oasis.opendocument.text", "text/x-c++", "application/octet-stream"] {
        assert!(good.parse::<MediaType>().is_ok(), "{good}");
    }
    let long = format!("a/{}", "b".repeat(limits::MEDIA_TYPE_BYTES_MAX));
    for bad in ["", "image", "image/", "/png", "Image/PNG", "text/html; charset=x", "a/b/c", "image/*", "a b/c", &long]
    {
        assert!(bad.parse::<MediaType>().is_err(), "{bad}");
    }
}

#[test]
fn p3_a_policy_takes_what_is_allowed_and_not_forbidden() {
    let ranges = |texts: &[&str]| texts.iter().map(|text| text.parse().expect("a range")).collect::<Vec<MediaRange>>();
    let media = |text: &str| text.parse::<MediaType>().expect("a type");
    let policy = FilePolicy {
        allowed: ranges(&["image/*", "application/pdf"]),
        forbidden: ranges(&["image/gif"]),
        ..FilePolicy::default()
    };
    assert!(policy.takes(&media("image/png")) && policy.takes(&media("application/pdf")));
    assert!(
        !policy.takes(&media("image/gif"))
            && !policy.takes(&media("imagery/png"))
            && !policy.takes(&media("text/html"))
    );
    assert!(FilePolicy::default().takes(&MediaType::unknown()));
    assert!("image/".parse::<MediaRange>().is_err() && "*/*".parse::<MediaRange>().is_err());
}
