//! The files of an app as one bundle with one hash, compressed when they are first asked for.

use crate::{crypto::digest::sha256, model::Domain};
use axum::http::{HeaderMap, header};
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use std::{collections::BTreeMap, io::Write as _, sync::OnceLock};

macro_rules! files {
    ($($path:literal),* $(,)?) => {
        &[$(($path, include_bytes!(concat!("assets/", $path)) as &[u8])),*]
    };
}

/// Every file that is served, by its path below `assets/`.
pub(super) const FILES: &[(&str, &[u8])] = files![
    "chat/attachments.js",
    "chat/calendar.js",
    "chat/calls/book.js",
    "chat/calls/buttons.js",
    "chat/calls/calls.css",
    "chat/calls/desk.js",
    "chat/calls/details.js",
    "chat/calls/devices.js",
    "chat/calls/entry.js",
    "chat/calls/lobby.js",
    "chat/calls/peer.js",
    "chat/calls/quality.js",
    "chat/calls/ring.js",
    "chat/calls/session.js",
    "chat/calls/sound.js",
    "chat/calls/texts.js",
    "chat/calls/tile.js",
    "chat/calls/view.js",
    "chat/cards.js",
    "chat/chat.css",
    "chat/composer.js",
    "chat/date-form.js",
    "chat/dates.js",
    "chat/details.js",
    "chat/folder.js",
    "chat/history.js",
    "chat/index.html",
    "chat/main.js",
    "chat/message.js",
    "chat/messages.js",
    "chat/notes.js",
    "chat/outbox.js",
    "chat/pages.js",
    "chat/panel.js",
    "chat/people.js",
    "chat/photos.js",
    "chat/reminders.js",
    "chat/report.js",
    "chat/room.js",
    "chat/rows.js",
    "chat/search.js",
    "chat/sidebar.js",
    "chat/sign-in.js",
    "chat/signals.js",
    "chat/store.js",
    "chat/texts-tools.js",
    "chat/texts.js",
    "chat/timeline.js",
    "chat/tools.css",
    "chat/tools.js",
    "chat/uploads.js",
    "chat/words.js",
    "chat/worker-client.js",
    "chat/worker.js",
    "console/admin.js",
    "console/card.js",
    "console/chart.js",
    "console/console.css",
    "console/draw.js",
    "console/entries.js",
    "console/erasure.js",
    "console/explain.js",
    "console/format.js",
    "console/frame.js",
    "console/grant.js",
    "console/index.html",
    "console/live.js",
    "console/main.js",
    "console/metrics.js",
    "console/preferences.js",
    "console/quarantine.js",
    "console/session.js",
    "console/sign-in.js",
    "console/spark.js",
    "console/texts/insight.js",
    "console/texts/keeping.js",
    "console/texts/links.js",
    "console/texts/people.js",
    "console/texts/shell.js",
    "console/views.css",
    "console/views/audit.js",
    "console/views/cases.js",
    "console/views/health.js",
    "console/views/holds.js",
    "console/views/limits.js",
    "console/views/overview.js",
    "console/views/pair.js",
    "console/views/partner.js",
    "console/views/policy.js",
    "console/views/rooms.js",
    "console/views/user.js",
    "console/views/users.js",
    "console/views/why-not.js",
    "shared/api.js",
    "shared/dom.js",
    "shared/i18n.js",
    "shared/live.js",
    "shared/logo.svg",
    "shared/theme.js",
    "shared/tokens.css",
    "shared/ui.css",
    "shared/ui.js",
];

/// What works for the page without a connection. Its address has no hash, because a browser knows it by its address.
const WORKER: &str = "chat/worker.js";

/// How a body is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Plain,
    Gzip,
}

impl Encoding {
    /// The better one of those that the browser takes.
    pub(super) fn accepted(headers: &HeaderMap) -> Self {
        let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let mut codings = accepted.split(',').map(str::trim);
        if codings.any(|coding| coding == "gzip" || coding.starts_with("gzip;") && !coding.ends_with("q=0")) {
            Self::Gzip
        } else {
            Self::Plain
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Gzip => "gzip",
        }
    }
}

/// One file.
#[derive(Debug)]
pub(super) struct Asset {
    path: &'static str,
    plain: Bytes,
    gzip: OnceLock<Bytes>,
}

impl Asset {
    fn new(path: &'static str, plain: Bytes) -> Self {
        Self { path, plain, gzip: OnceLock::new() }
    }

    pub(super) fn bytes(&self, encoding: Encoding) -> Bytes {
        match encoding {
            Encoding::Plain => self.plain.clone(),
            Encoding::Gzip => self.gzip.get_or_init(|| gzip(&self.plain)).clone(),
        }
    }

    pub(super) fn media_type(&self) -> &'static str {
        match self.path.rsplit('.').next() {
            Some("html") => "text/html; charset=utf-8",
            Some("js") => "text/javascript; charset=utf-8",
            Some("css") => "text/css; charset=utf-8",
            Some("svg") => "image/svg+xml",
            Some("webmanifest") => "application/manifest+json",
            _ => "application/octet-stream",
        }
    }
}

fn gzip(bytes: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).expect("memory takes what is written");
    encoder.finish().expect("memory takes what is written").into()
}

/// An app's page and all files.
#[derive(Debug)]
pub(super) struct Bundle {
    hash: String,
    page: Asset,
    worker: Asset,
    assets: BTreeMap<&'static str, Asset>,
}

impl Bundle {
    /// The bundle of the app with this page, for this org.
    pub(super) fn new(page: &'static str, org: &Domain) -> Self {
        let hash = hash(org);
        let served = FILES.iter().filter(|(path, _)| !path.ends_with(".html") && *path != WORKER);
        let assets = served.map(|(path, bytes)| (*path, Asset::new(path, Bytes::from_static(bytes)))).collect();
        let filled = |path| Asset::new(path, fill(path, &hash, org).into());
        Self { page: filled(page), worker: filled(WORKER), assets, hash }
    }

    pub(super) fn hash(&self) -> &str {
        &self.hash
    }

    pub(super) fn page(&self) -> &Asset {
        &self.page
    }

    /// The service worker of the chat.
    pub(super) fn worker(&self) -> &Asset {
        &self.worker
    }

    pub(super) fn asset(&self, path: &str) -> Option<&Asset> {
        self.assets.get(path)
    }
}

/// A file with the address of the others and the org's domain filled in.
fn fill(path: &str, hash: &str, org: &Domain) -> String {
    let template = FILES.iter().find(|(known, _)| *known == path).expect("a template is a file").1;
    let template = std::str::from_utf8(template).expect("a template is UTF-8");
    // A domain holds only letters, digits, dots and hyphens: nothing that HTML would read as its own.
    template.replace("{{assets}}", &format!("/assets/{hash}")).replace("{{org}}", &org.to_string())
}

/// Over all files and what is filled into the page; 16 hex characters.
fn hash(org: &Domain) -> String {
    let mut all = org.to_string().into_bytes();
    for (path, bytes) in FILES {
        all.extend_from_slice(path.as_bytes());
        all.extend_from_slice(&sha256(bytes).0);
    }
    sha256(&all).to_string()[..16].to_owned()
}
