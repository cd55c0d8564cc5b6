//! What some bytes are, by how they begin: the author's word is believed only where the bytes do not say otherwise (A22).

use crate::model::file::MediaType;

/// How many bytes of the beginning are looked at.
pub const SNIFF_BYTES: usize = 1024;

/// Beginnings that tell the type.
const BEGINNINGS: &[(&[u8], &str)] = &[
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
    (b"%PDF-", "application/pdf"),
    (b"PK\x03\x04", "application/zip"),
    (b"PK\x05\x06", "application/zip"),
    (b"\x1f\x8b", "application/gzip"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"MZ", "application/vnd.microsoft.portable-executable"),
    (b"\x7fELF", "application/x-elf"),
    (b"OggS", "audio/ogg"),
    (b"ID3", "audio/mpeg"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
];

/// Tags that a browser would run or render.
const MARKUP: &[(&[u8], &str)] =
    &[(b"<svg", "image/svg+xml"), (b"<!doctype html", "text/html"), (b"<html", "text/html"), (b"<script", "text/html")];

/// Containers: many types are one of these inside.
const CONTAINERS: &[&str] =
    &["application/zip", "application/gzip", "application/x-ole-storage", "audio/ogg", "image/bmp", "video/mp4"];

/// Types that must show in the bytes.
const PROVABLE: &[&str] = &["image/jpeg", "image/png", "image/gif", "image/webp", "application/pdf", "application/zip"];

/// What the bytes say they are; none when they say nothing.
pub fn sniff(start: &[u8]) -> Option<&'static str> {
    if start.starts_with(b"RIFF") && start.get(8..12) == Some(b"WEBP") {
        return Some("image/webp");
    }
    if start.get(4..8) == Some(b"ftyp") {
        return Some("video/mp4");
    }
    let known = BEGINNINGS.iter().find(|(bytes, _)| start.starts_with(bytes));
    known.map(|(_, name)| *name).or_else(|| markup(start))
}

/// Markup behind white space, a byte-order mark, comments and declarations.
fn markup(start: &[u8]) -> Option<&'static str> {
    let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start).trim_ascii_start();
    if !start.starts_with(b"<") {
        return None;
    }
    let lower = start.to_ascii_lowercase();
    let at = |tag: &[u8]| lower.windows(tag.len()).position(|window| window == tag);
    let first = MARKUP.iter().filter_map(|(tag, name)| Some((at(tag)?, *name))).min();
    first.map(|(_, name)| name).or_else(|| lower.starts_with(b"<?xml").then_some("application/xml"))
}

/// The type under which the content is known from now on. An error names what the bytes are instead of the declared.
pub fn judge(declared: Option<&MediaType>, start: &[u8]) -> Result<MediaType, &'static str> {
    let found = sniff(start);
    let typed = |name: &str| name.parse().unwrap_or_else(|_| MediaType::unknown());
    match (declared, found) {
        (None, found) => Ok(found.map_or_else(MediaType::unknown, typed)),
        (Some(declared), Some(found)) if declared.as_str() == found => Ok(declared.clone()),
        (Some(declared), Some(found)) if *declared == MediaType::unknown() => Ok(typed(found)),
        (Some(declared), found) if PROVABLE.contains(&declared.as_str()) => Err(found.unwrap_or("something else")),
        (Some(declared), Some(found)) if is_image(declared) && is_markup(found) => Ok(typed(found)),
        (Some(declared), Some(found)) if CONTAINERS.contains(&found) || is_markup(found) => Ok(declared.clone()),
        (Some(_), Some(found)) => Err(found),
        (Some(declared), None) => Ok(declared.clone()),
    }
}

fn is_markup(name: &str) -> bool {
    matches!(name, "image/svg+xml" | "text/html" | "application/xml")
}

fn is_image(declared: &MediaType) -> bool {
    declared.as_str().starts_with("image/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(declared: &str, start: &[u8]) -> Result<String, &'static str> {
        let declared = (!declared.is_empty()).then(|| declared.parse().expect("a type"));
        judge(declared.as_ref(), start).map(|media_type| media_type.to_string())
    }

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

    #[test]
    fn a22_markup_as_a_photo_is_refused_or_named_what_it_is() {
        assert_eq!(judged("image/png", b"<svg xmlns='x'>"), Err("image/svg+xml"));
        assert_eq!(judged("image/jpeg", b"\n <!DOCTYPE HTML><script>"), Err("text/html"));
        assert_eq!(judged("image/x-icon", b"<html>"), Ok("text/html".to_owned()));
        assert_eq!(judged("", b"<?xml version='1.0'?><!-- x --><SVG>"), Ok("image/svg+xml".to_owned()));
        assert_eq!(judged("application/octet-stream", b"\xef\xbb\xbf<html>"), Ok("text/html".to_owned()));
    }

    #[test]
    fn the_bytes_decide_where_they_tell() {
        assert_eq!(judged("image/png", PNG), Ok("image/png".to_owned()));
        assert_eq!(judged("", PNG), Ok("image/png".to_owned()));
        assert_eq!(judged("image/jpeg", PNG), Err("image/png"));
        assert_eq!(judged("text/plain", PNG), Err("image/png"));
        assert_eq!(judged("text/plain", b"MZ\x90\0"), Err("application/vnd.microsoft.portable-executable"));
        assert_eq!(judged("text/plain", b"hello"), Ok("text/plain".to_owned()));
        assert_eq!(judged("", b"hello"), Ok("application/octet-stream".to_owned()));
        let document = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
        assert_eq!(judged(document, b"PK\x03\x04..."), Ok(document.to_owned()));
        assert_eq!(judged("application/pdf", b"PK\x03\x04..."), Err("application/zip"));
        assert_eq!(judged("application/pdf", b"hello"), Err("something else"));
    }
}
