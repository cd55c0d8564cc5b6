//! Checks an export without a daemon, and names the first line that does not hold (P29).

use super::{
    attachments::{Attachments, FileCounts},
    evidence::{Broken, Evidence, ensure},
    lines::{
        CardLine, ContactLine, EndLine, EnvelopeLine, EventLine, FORMAT, FileLine, GrantLine, Header, Line, NoticeLine,
        PendingLine, RecordLine, RoomLine, Seal, UserLine, VERSION, What,
    },
    timelines::{Counts, Timelines},
};
use crate::{
    crypto::{
        digest::sha256,
        dsse::{self, Kind},
        fingerprint::Fingerprint,
    },
    model::{Digest, id::PublicKey, limits},
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::{
    io::{self, BufRead},
    path::Path,
};

/// What a check found.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// Whether everything holds.
    pub ok: bool,
    /// The first thing that does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broken: Option<BrokenLine>,
    /// Whose export it says it is.
    pub org: String,
    /// Of what.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub what: Option<What>,
    /// When it was made.
    pub exported_at: u64,
    /// The fingerprints of the identity keys on which everything rests: compare them with what you know.
    pub fingerprints: Vec<(String, String)>,
    /// Lines that hold.
    pub lines: u64,
    /// Rooms and events.
    #[serde(flatten)]
    pub counts: Counts,
    /// Files that the events name.
    #[serde(flatten)]
    pub files: FileCounts,
    /// Grants that hold.
    pub grants: u64,
    /// Records of the exporting org.
    pub records: u64,
    /// Signed envelopes of partners.
    pub envelopes: u64,
}

/// A line that does not hold.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct BrokenLine {
    /// Its number, from 1.
    pub line: u64,
    /// What is wrong.
    pub what: String,
}

/// Reads a whole export. The identity is the one that the reader knows to be the exporting org's, if they know it; `dir`
/// is where the files stand beside the transcript, if they are to be looked at.
///
/// # Errors
/// When it cannot be read.
pub fn verify(mut input: impl BufRead, identity: Option<Fingerprint>, dir: Option<&Path>) -> io::Result<Report> {
    let mut check = Check::new(identity, dir);
    let mut line = Vec::new();
    let broken = loop {
        line.clear();
        let length = io::Read::take(&mut input, limits::EXPORT_LINE_BYTES_MAX as u64).read_until(b'\n', &mut line)?;
        if length == 0 {
            let cut = || Err((check.n + 1, "the export ends before its last line".to_owned()));
            break if check.sealed { Ok(()) } else { cut() };
        }
        if let Err(broken) = check.line(&line) {
            break Err(broken);
        }
    };
    let broken = broken.and_then(|()| check.header.as_ref().map_or(Ok(()), |header| check.timelines.finish(header)));
    Ok(check.report(broken.err()))
}

struct Check {
    identity: Option<Fingerprint>,
    header: Option<Header>,
    /// The number of the last line that holds, and its hash.
    n: u64,
    head: Digest,
    sealed: bool,
    evidence: Evidence,
    timelines: Timelines,
    attachments: Attachments,
}

impl Check {
    fn new(identity: Option<Fingerprint>, dir: Option<&Path>) -> Self {
        Self {
            identity,
            header: None,
            n: 0,
            head: Digest::ZERO,
            sealed: false,
            evidence: Evidence::default(),
            timelines: Timelines::default(),
            attachments: Attachments::beside(dir),
        }
    }

    fn line(&mut self, bytes: &[u8]) -> Result<(), (u64, Broken)> {
        let n = self.n + 1;
        let text = bytes.strip_suffix(b"\n").ok_or_else(|| (n, "the line is cut off".to_owned()))?;
        if self.sealed {
            return Err((n, "something stands behind the last line".to_owned()));
        }
        let line: Line<'_> = parse(text).map_err(|why| (n, why))?;
        if line.n != n {
            return Err((n, format!("line {} stands where {n} belongs", line.n)));
        }
        if line.prev != self.head {
            return Err((n.max(2) - 1, format!("line {n} names another hash for it")));
        }
        self.body(n, line.kind, line.body).map_err(|why| (n, why))?;
        (self.n, self.head) = (n, sha256(text));
        Ok(())
    }

    fn body(&mut self, n: u64, kind: &str, body: &RawValue) -> Result<(), Broken> {
        if kind == "header" {
            return self.begin(n, parse(body.get().as_bytes())?);
        }
        let header = self.header.take().ok_or_else(|| "an export begins with its header".to_owned())?;
        let done = self.part(&header, n, kind, body.get().as_bytes());
        self.header = Some(header);
        done
    }

    fn begin(&mut self, n: u64, header: Header) -> Result<(), Broken> {
        ensure(n == 1, || "a second header".to_owned())?;
        let known = header.format == FORMAT && header.version == VERSION;
        ensure(known, || format!("not a {FORMAT} of version {VERSION}"))?;
        let own = Fingerprint::of(&header.identity);
        let expected = self.identity.as_ref().is_none_or(|identity| *identity == own);
        ensure(expected, || format!("it is of another identity: {own}"))?;
        self.header = Some(header);
        Ok(())
    }

    fn part(&mut self, header: &Header, n: u64, kind: &str, body: &[u8]) -> Result<(), Broken> {
        match kind {
            "card" => self.evidence.card(header, &parse::<CardLine<'_>>(body)?),
            "grant" => self.evidence.grant(&parse::<GrantLine<'_>>(body)?),
            "user" => parse::<UserLine>(body).map(|user| self.attachments.name_photo(user.photo)),
            "contact" => parse::<ContactLine>(body).map(drop),
            "notice" => parse::<NoticeLine>(body).map(drop),
            "room" => self.room(header, parse::<RoomLine>(body)?),
            "event" => self.event(header, n, &parse::<EventLine<'_>>(body)?),
            "pending" => self.attachments.name(parse::<PendingLine<'_>>(body)?.event.get().as_bytes()),
            "file" => self.attachments.line(&parse::<FileLine>(body)?),
            "record" => self.evidence.record(header, &parse::<RecordLine<'_>>(body)?, &mut self.timelines),
            "envelope" => self.evidence.envelope(header, &parse::<EnvelopeLine<'_>>(body)?, &mut self.timelines),
            "end" => self.end(header, &parse::<EndLine<'_>>(body)?),
            _ => Err(format!("a kind of line that this version does not know: {}", kind.escape_default())),
        }
    }

    fn room(&mut self, header: &Header, line: RoomLine) -> Result<(), Broken> {
        self.attachments.name_photo(line.photo);
        self.timelines.room(header, line)
    }

    fn event(&mut self, header: &Header, n: u64, line: &EventLine<'_>) -> Result<(), Broken> {
        self.timelines.event(header, n, line)?;
        line.event.map_or(Ok(()), |event| self.attachments.name(event.get().as_bytes()))
    }

    /// The seal: the exporting org's signature over the hash of the last line, and so over all of them.
    fn end(&mut self, header: &Header, line: &EndLine<'_>) -> Result<(), Broken> {
        self.timelines.close(header)?;
        self.attachments.finish()?;
        let keys = self.evidence.keys(&header.org);
        let sealed = dsse::open(Kind::Export, line.document.get().as_bytes(), &keys);
        let sealed = sealed.map_err(|error| format!("the seal: {}", error.detail()))?;
        let seal: Seal = parse(&sealed)?;
        let fits = seal.org == header.org
            && seal.lines == self.n
            && seal.head == self.head
            && seal.exported_at == header.exported_at;
        ensure(fits, || "the seal is of another export".to_owned())?;
        self.sealed = true;
        Ok(())
    }

    fn report(self, broken: Option<(u64, Broken)>) -> Report {
        let header = self.header.as_ref();
        let named = |(org, key): &(_, PublicKey)| (format!("{org}"), Fingerprint::of(key).to_string());
        Report {
            ok: broken.is_none(),
            broken: broken.map(|(line, what)| BrokenLine { line, what }),
            org: header.map(|header| header.org.to_string()).unwrap_or_default(),
            what: header.map(|header| header.what.clone()),
            exported_at: header.map_or(0, |header| header.exported_at),
            fingerprints: self.evidence.identities.iter().map(named).collect(),
            lines: self.n,
            counts: self.timelines.counts,
            files: self.attachments.counts,
            grants: self.evidence.counts.0,
            records: self.evidence.counts.1,
            envelopes: self.evidence.counts.2,
        }
    }
}

fn parse<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Result<T, Broken> {
    serde_json::from_slice(json).map_err(|error| format!("not in form at byte {}", error.column()))
}
