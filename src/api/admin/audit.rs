//! The audit log: searched newest first, exported oldest first, its chain checked (P28).

use super::{
    Context,
    dto::{AuditQuery, AuditVerdict, AuditView},
    views,
};
use crate::{
    api::{
        body::Write,
        field::{Query, parse_number},
        paging::{self, Page},
        problem::Problem,
    },
    engine::Engine,
    model::{Digest, Millis, audit::AuditEntry},
    store::kv::StoreError,
    wire,
};
use axum::{Json, body::Body, http::header, response::IntoResponse};
use bytes::Bytes;
use futures_util::stream;

/// Entries that are read at once.
const CHUNK_ENTRIES: usize = 256;
/// Entries that one search looks through; the page then ends early, with a cursor to go on.
const SEARCHED_ENTRIES_MAX: u64 = 16 * 1_024;

/// Which entries are wanted.
#[derive(Clone, Debug, Default)]
struct Filter {
    actor: Option<String>,
    action: Option<String>,
    subject: Option<String>,
    since: Option<Millis>,
    until: Option<Millis>,
}

impl Filter {
    fn parse(query: &AuditQuery) -> Result<Self, Problem> {
        let time = |field: &str, text: &Option<String>| {
            text.as_deref().map(|text| parse_number(field, text).map(Millis)).transpose()
        };
        Ok(Self {
            actor: query.actor.clone(),
            action: query.action.clone(),
            subject: query.subject.clone(),
            since: time("since", &query.since)?,
            until: time("until", &query.until)?,
        })
    }

    fn takes(&self, entry: &AuditEntry) -> bool {
        let is = |wanted: &Option<String>, is: &str| wanted.as_deref().is_none_or(|wanted| wanted == is);
        is(&self.actor, &entry.actor)
            && is(&self.subject, &entry.subject)
            && self.action.as_deref().is_none_or(|wanted| is_action(wanted, &entry.action))
            && self.since.is_none_or(|since| entry.at >= since)
            && self.until.is_none_or(|until| entry.at < until)
    }
}

/// `grant` means `grant.active` and `grant.revoked` alike.
fn is_action(wanted: &str, action: &str) -> bool {
    action.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Search, newest first.
#[utoipa::path(get, path = "/audit", tag = "audit", params(AuditQuery), responses(
    (status = 200, body = Page<AuditView>),
))]
pub async fn list(context: Context, Query(query): Query<AuditQuery>) -> Result<Json<Page<AuditView>>, Problem> {
    let filter = Filter::parse(&query)?;
    let items_max = paging::items_max(query.limit.as_deref())?;
    let next_seq = context.engine.state().audit.0;
    let before = query.cursor.as_deref().map(paging::decode::<u64>).transpose()?.unwrap_or(next_seq);
    Ok(Json(search(&context.engine, &filter, before.min(next_seq), items_max)?))
}

/// Looks through the entries before a number, from the newest on.
fn search(engine: &Engine, filter: &Filter, before: u64, items_max: usize) -> Result<Page<AuditView>, Problem> {
    let mut items = Vec::new();
    let end = before.saturating_sub(SEARCHED_ENTRIES_MAX).max(1);
    let mut to = before;
    while to > end {
        let from = to.saturating_sub(CHUNK_ENTRIES as u64).max(end);
        for entry in read(engine, from, to)?.into_iter().rev() {
            let seq = entry.seq;
            if filter.takes(&entry) {
                items.push(views::audit_entry(entry));
            }
            if items.len() == items_max {
                return Ok(Page { items, next: (seq > 1).then(|| paging::encode(&seq)) });
            }
        }
        to = from;
    }
    Ok(Page { items, next: (end > 1).then(|| paging::encode(&end)) })
}

/// The entries with `from <= seq < to`; at most a chunk.
fn read(engine: &Engine, from: u64, to: u64) -> Result<Vec<AuditEntry>, StoreError> {
    let entries_max = usize::try_from(to - from).unwrap_or(CHUNK_ENTRIES).min(CHUNK_ENTRIES);
    let mut entries = engine.reader().audit(from, entries_max)?;
    entries.retain(|entry| entry.seq < to);
    Ok(entries)
}

/// The whole log, or what the filters take of it, oldest first: one JSON object a line.
#[utoipa::path(get, path = "/audit/export", tag = "audit", params(AuditQuery), responses(
    (status = 200, description = "One entry a line", body = AuditView, content_type = "application/jsonl"),
))]
pub async fn export(context: Context, Query(query): Query<AuditQuery>) -> Result<impl IntoResponse, Problem> {
    let filter = Filter::parse(&query)?;
    for (field, given) in [("cursor", &query.cursor), ("limit", &query.limit)] {
        if given.is_some() {
            return Err(Problem::field(field, "does not belong to an export, which is whole; leave it out"));
        }
    }
    let engine = context.engine.clone();
    let end = engine.state().audit.0;
    let lines = stream::unfold(1, move |from| {
        let next = (from < end).then(|| export_chunk(&engine, &filter, from, end));
        async move { next }
    });
    Ok(([(header::CONTENT_TYPE, "application/jsonl")], Body::from_stream(lines)))
}

/// The lines of the next chunk, and where the one after it begins. After an error the answer breaks off.
fn export_chunk(engine: &Engine, filter: &Filter, from: u64, end: u64) -> (Result<Bytes, StoreError>, u64) {
    match read(engine, from, end) {
        Ok(entries) => {
            let next = entries.last().map_or(end, |entry| entry.seq + 1);
            let mut lines = Vec::new();
            for entry in entries.into_iter().filter(|entry| filter.takes(entry)) {
                serde_json::to_writer(&mut lines, &views::audit_entry(entry)).expect("an entry is a plain structure");
                lines.push(b'\n');
            }
            (Ok(lines.into()), next)
        }
        Err(error) => {
            tracing::error!(%error, "the export of the audit log broke off");
            (Err(error), end)
        }
    }
}

/// Check the chain of the whole log.
#[utoipa::path(post, path = "/audit/verify", tag = "audit", responses(
    (status = 200, body = AuditVerdict),
))]
pub async fn verify(context: Context, _write: Write) -> Result<Json<AuditVerdict>, Problem> {
    let (end, head) = context.engine.state().audit;
    let mut chain = Chain::default();
    while chain.next < end && chain.broken_at.is_none() {
        let entries = read(&context.engine, chain.next, end)?;
        if entries.is_empty() {
            chain.broken_at = Some(chain.next);
        }
        entries.iter().for_each(|entry| chain.follow(entry));
        tokio::task::yield_now().await;
    }
    Ok(Json(chain.verdict(head)))
}

/// A walk along the log: what the next entry must be and name.
struct Chain {
    next: u64,
    head: Digest,
    broken_at: Option<u64>,
}

impl Default for Chain {
    fn default() -> Self {
        Self { next: 1, head: Digest::ZERO, broken_at: None }
    }
}

impl Chain {
    fn follow(&mut self, entry: &AuditEntry) {
        if self.broken_at.is_some() {
            return;
        }
        if entry.seq != self.next || entry.prev != self.head {
            self.broken_at = Some(self.next);
            return;
        }
        self.head = wire::audit::entry_hash(entry);
        self.next += 1;
    }

    fn verdict(self, head: Digest) -> AuditVerdict {
        AuditVerdict {
            entries: self.next - 1,
            head: self.head.to_string(),
            ok: self.broken_at.is_none() && self.head == head,
            broken_at: self.broken_at,
        }
    }
}

#[cfg(test)]
mod tests {
    //! What a filter takes, and what breaks a chain.

    use super::*;

    fn entry(seq: u64, prev: Digest) -> AuditEntry {
        AuditEntry {
            seq,
            at: Millis(1_000 + seq),
            actor: "admin:carol".to_owned(),
            action: "grant.revoked".to_owned(),
            subject: "globex.example".to_owned(),
            code: None,
            detail: String::new(),
            prev,
        }
    }

    fn chained(count: u64) -> (Vec<AuditEntry>, Digest) {
        let mut head = Digest::ZERO;
        let entries = (1..=count)
            .map(|seq| {
                let entry = entry(seq, head);
                head = wire::audit::entry_hash(&entry);
                entry
            })
            .collect();
        (entries, head)
    }

    fn verdict(entries: &[AuditEntry], head: Digest) -> AuditVerdict {
        let mut chain = Chain::default();
        entries.iter().for_each(|entry| chain.follow(entry));
        chain.verdict(head)
    }

    #[test]
    fn a_filter_takes_by_every_field_it_names() {
        let entry = entry(1, Digest::ZERO);
        let query = AuditQuery::default();
        let with = |change: fn(&mut AuditQuery)| {
            let mut query = query.clone();
            change(&mut query);
            Filter::parse(&query).expect("well-formed").takes(&entry)
        };
        assert!(with(|_| {}));
        assert!(with(|query| query.action = Some("grant".into())));
        assert!(!with(|query| query.action = Some("gran".into())), "an action is taken by whole words");
        assert!(with(|query| query.actor = Some("admin:carol".into())));
        assert!(!with(|query| query.actor = Some("admin:dave".into())));
        assert!(!with(|query| query.subject = Some("acme.example".into())));
        assert!(with(|query| query.since = Some("1001".into())));
        assert!(!with(|query| query.until = Some("1001".into())), "the end is not included");
    }

    #[test]
    fn p28_a_whole_chain_holds_and_tells_its_head() {
        let (entries, head) = chained(5);
        let verdict = verdict(&entries, head);
        assert_eq!((verdict.ok, verdict.entries, verdict.broken_at), (true, 5, None));
        assert_eq!(verdict.head, head.to_string());
    }

    #[test]
    fn p28_a_changed_a_missing_and_a_cut_off_entry_all_show() {
        let (entries, head) = chained(5);
        let mut changed = entries.clone();
        changed[2].subject = "initech.example".to_owned();
        assert_eq!(verdict(&changed, head).broken_at, Some(4), "the one after it names another hash");
        let mut missing = entries.clone();
        missing.remove(2);
        assert_eq!(verdict(&missing, head).broken_at, Some(3));
        let cut = verdict(&entries[..4], head);
        assert_eq!((cut.ok, cut.broken_at), (false, None), "the daemon knows where the log ends");
    }
}
