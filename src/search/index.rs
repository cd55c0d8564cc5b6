//! The index on disk: its fields, its one writer, and how far it has followed the journal.
//!
//! Nothing of a text is kept here but its terms. Each commit carries the position of the journal up to which it holds
//! everything, so that after a crash the index goes on where it was, without a gap and without a double.

use super::{
    SearchError,
    content::Entry,
    directory::{Unsynced, boot_id},
    question::Kind,
    words,
};
use crate::model::{InstanceId, RoomId};
use serde::{Deserialize, Serialize};
use std::{
    fs,
    os::unix::fs::DirBuilderExt as _,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};
use tantivy::{
    Index, IndexReader, IndexSettings, IndexWriter, ReloadPolicy, TantivyDocument, TantivyError, Term,
    directory::RamDirectory,
    indexer::IndexWriterOptions,
    schema::{BytesOptions, FAST, Field, IndexRecordOption, Schema, TextFieldIndexing, TextOptions},
    tokenizer::{TextAnalyzer, Token, TokenStream, Tokenizer},
};

/// The layout that this version reads and writes; another one is made anew.
const LAYOUT: u32 = 1;
/// The name under which the index knows how texts are cut.
const WORDS: &str = "words";
/// Smallest memory in which the index is written, bytes.
pub const MEMORY_BYTES_MIN: u64 = 15_000_000;

/// Where the index stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In this directory, which can be deleted at any time while the daemon does not run.
    Directory(PathBuf),
    /// In memory: for tests.
    Memory,
}

/// How far an index has followed which journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Followed {
    layout: u32,
    /// The database, as hex.
    pub instance: String,
    /// The next position of the journal that is not in the index.
    pub next: u64,
    /// The digest of the entry before, as hex, so that a journal that went another way is noticed; empty at the start.
    pub mark: String,
    /// Whether the index is still being built from the timelines: what is missing is missing anywhere.
    pub building: bool,
    /// The machine's start in which it was written; nothing was synced.
    boot: String,
}

impl Followed {
    /// Up to this position of the journal of a database.
    #[must_use]
    pub fn new(instance: InstanceId, next: u64, mark: String, building: bool) -> Self {
        Self { layout: LAYOUT, instance: instance.to_string(), next, mark, building, boot: boot_id() }
    }
}

/// The fields of a document.
#[derive(Clone, Copy, Debug)]
pub struct Fields {
    /// Room and index: names the document.
    key: Field,
    /// The room.
    pub room: Field,
    /// The index of the item.
    index: Field,
    /// When it became durable here.
    at: Field,
    /// Who made it.
    pub author: Field,
    /// What it is.
    pub kind: Field,
    /// Its words.
    pub text: Field,
}

/// The names of the fields that are read back for each finding.
pub mod column {
    /// The room.
    pub const ROOM: &str = "room";
    /// The index of the item.
    pub const INDEX: &str = "index";
    /// When it became durable here.
    pub const AT: &str = "at";
}

impl Fields {
    fn schema() -> (Schema, Self) {
        let mut schema = Schema::builder();
        let word = |tokenizer, option| {
            let indexing = TextFieldIndexing::default().set_tokenizer(tokenizer).set_index_option(option);
            TextOptions::default().set_indexing_options(indexing)
        };
        let name = || word("raw", IndexRecordOption::Basic);
        let fields = Self {
            key: schema.add_bytes_field("key", BytesOptions::default().set_indexed()),
            room: schema.add_bytes_field(column::ROOM, BytesOptions::default().set_indexed().set_fast()),
            index: schema.add_u64_field(column::INDEX, FAST),
            at: schema.add_u64_field(column::AT, FAST),
            author: schema.add_text_field("author", name()),
            kind: schema.add_text_field("kind", name()),
            text: schema.add_text_field("text", word(WORDS, IndexRecordOption::WithFreqsAndPositions)),
        };
        (schema.build(), fields)
    }

    fn document(&self, entry: Entry) -> TantivyDocument {
        let mut document = TantivyDocument::new();
        document.add_bytes(self.key, &key_of(entry.room, entry.index));
        document.add_bytes(self.room, &entry.room.0);
        document.add_u64(self.index, entry.index);
        document.add_u64(self.at, entry.at.0);
        if let Some(author) = &entry.author {
            document.add_text(self.author, author.as_str());
        }
        document.add_text(self.kind, entry.kind.as_str());
        if entry.kind == Kind::File {
            document.add_text(self.kind, Kind::Message.as_str());
        }
        document.add_text(self.text, entry.text);
        document
    }
}

fn key_of(room: RoomId, index: u64) -> [u8; 24] {
    let mut key = [0; 24];
    key[..16].copy_from_slice(&room.0);
    key[16..].copy_from_slice(&index.to_be_bytes());
    key
}

/// What searches read. Cheap to clone.
#[derive(Clone)]
pub struct Readable {
    /// The committed index.
    pub reader: IndexReader,
    /// Its fields.
    pub fields: Fields,
}

/// The index with its one writer.
pub struct Indexer {
    writer: IndexWriter,
    readable: Readable,
    followed: Option<Followed>,
    pending: usize,
    pending_since: Option<Instant>,
    /// How long the last commit took.
    committed_in: Duration,
}

impl Indexer {
    /// Opens or makes the index; what cannot be read, or is of another layout, is made anew.
    ///
    /// # Errors
    /// When the directory cannot be written.
    pub fn open(place: &Place, memory_bytes: u64) -> Result<Self, SearchError> {
        match Self::try_open(place, memory_bytes) {
            Ok(indexer) => Ok(indexer),
            Err(error) => {
                tracing::warn!(%error, "the search index cannot be used, and is made anew");
                erase(place)?;
                Self::try_open(place, memory_bytes)
            }
        }
    }

    fn try_open(place: &Place, memory_bytes: u64) -> Result<Self, SearchError> {
        let (schema, fields) = Fields::schema();
        let settings = IndexSettings { docstore_compress_dedicated_thread: false, ..IndexSettings::default() };
        let builder = Index::builder().schema(schema).settings(settings);
        let index = match place {
            Place::Memory => builder.open_or_create(RamDirectory::create())?,
            Place::Directory(path) => {
                fs::DirBuilder::new().recursive(true).mode(0o700).create(path)?;
                builder.open_or_create(Unsynced::open(path).map_err(TantivyError::from)?)?
            }
        };
        index.tokenizers().register(WORDS, TextAnalyzer::from(Words::default()));
        let payload = index.load_metas()?.payload;
        let followed = payload.and_then(|text| serde_json::from_str::<Followed>(&text).ok());
        if followed.as_ref().is_some_and(|followed| followed.boot.is_empty() || followed.boot != boot_id()) {
            check_whole(&index)?;
        }
        let options = IndexWriterOptions::builder()
            .memory_budget_per_thread(usize::try_from(memory_bytes.max(MEMORY_BYTES_MIN)).unwrap_or(usize::MAX))
            .num_worker_threads(1)
            .num_merge_threads(1)
            .build();
        let writer = index.writer_with_options(options)?;
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        Ok(Self {
            writer,
            readable: Readable { reader, fields },
            followed: followed.filter(|followed| followed.layout == LAYOUT),
            pending: 0,
            pending_since: None,
            committed_in: Duration::ZERO,
        })
    }

    /// How far the last commit has followed; none for an index that is new.
    #[must_use]
    pub fn followed(&self) -> Option<&Followed> {
        self.followed.as_ref()
    }

    /// What searches read.
    #[must_use]
    pub fn readable(&self) -> Readable {
        self.readable.clone()
    }

    /// Documents since the last commit.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.pending
    }

    /// How long the oldest of them waits.
    #[must_use]
    pub fn waits(&self) -> Duration {
        self.pending_since.map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// How long the last commit took.
    #[must_use]
    pub fn committed_in(&self) -> Duration {
        self.committed_in
    }

    /// Adds an item that the index does not hold.
    ///
    /// # Errors
    /// When the index cannot be written.
    pub fn add(&mut self, entry: Entry) -> Result<(), SearchError> {
        self.writer.add_document(self.readable.fields.document(entry))?;
        self.changed();
        Ok(())
    }

    /// Puts an item in the place of what the index holds of it.
    ///
    /// # Errors
    /// When the index cannot be written.
    pub fn replace(&mut self, entry: Entry) -> Result<(), SearchError> {
        self.remove(entry.room, entry.index);
        self.add(entry)
    }

    /// Takes an item away.
    pub fn remove(&mut self, room: RoomId, index: u64) {
        self.writer.delete_term(Term::from_field_bytes(self.readable.fields.key, &key_of(room, index)));
        self.changed();
    }

    /// Takes everything away.
    ///
    /// # Errors
    /// When the index cannot be written.
    pub fn clear(&mut self) -> Result<(), SearchError> {
        self.writer.delete_all_documents()?;
        self.changed();
        Ok(())
    }

    fn changed(&mut self) {
        self.pending += 1;
        self.pending_since.get_or_insert_with(Instant::now);
    }

    /// Makes everything up to here durable and visible to searches.
    ///
    /// # Errors
    /// When the index cannot be written.
    pub fn commit(&mut self, followed: Followed) -> Result<(), SearchError> {
        let began = Instant::now();
        let payload = serde_json::to_string(&followed).expect("texts and numbers are always JSON");
        let mut prepared = self.writer.prepare_commit()?;
        prepared.set_payload(&payload);
        prepared.commit()?;
        self.readable.reader.reload()?;
        (self.pending, self.pending_since) = (0, None);
        self.followed = Some(followed);
        self.committed_in = began.elapsed();
        Ok(())
    }

    /// Waits for the merging that is under way; for measurements.
    ///
    /// # Errors
    /// When the index cannot be written.
    pub fn settle(self) -> Result<Readable, SearchError> {
        let Self { writer, readable, .. } = self;
        writer.wait_merging_threads()?;
        readable.reader.reload()?;
        Ok(readable)
    }
}

/// After another start of the machine: whether the files are what was written.
fn check_whole(index: &Index) -> Result<(), SearchError> {
    match index.validate_checksum()?.len() {
        0 => Ok(()),
        n => Err(TantivyError::InternalError(format!("{n} of its files are not what was written")).into()),
    }
}

/// Deletes the index.
///
/// # Errors
/// When the directory cannot be written.
pub fn erase(place: &Place) -> Result<(), SearchError> {
    match place {
        Place::Memory => Ok(()),
        Place::Directory(path) => match fs::remove_dir_all(path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        },
    }
}

/// How the index cuts texts.
#[derive(Clone, Default)]
struct Words {
    /// The terms of the present text, one after the other.
    terms: String,
    ends: Vec<usize>,
    token: Token,
}

/// The terms of one text.
struct WordStream<'a> {
    words: &'a mut Words,
    next: usize,
}

impl Tokenizer for Words {
    type TokenStream<'a> = WordStream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> WordStream<'a> {
        self.terms.clear();
        self.ends.clear();
        words::each(text, &mut |word| {
            self.terms.push_str(word.term);
            self.ends.push(self.terms.len());
        });
        WordStream { words: self, next: 0 }
    }
}

impl TokenStream for WordStream<'_> {
    fn advance(&mut self) -> bool {
        let Words { terms, ends, token } = &mut *self.words;
        let Some(end) = ends.get(self.next) else { return false };
        let start = self.next.checked_sub(1).map_or(0, |before| ends[before]);
        token.text.clear();
        token.text.push_str(&terms[start..*end]);
        token.position = self.next;
        self.next += 1;
        true
    }

    fn token(&self) -> &Token {
        &self.words.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.words.token
    }
}

/// Shared by searches: the present index, none until it is open.
pub type Shown = arc_swap::ArcSwapOption<Readable>;

/// Shows an index to searches.
pub fn show(shown: &Shown, indexer: &Indexer) {
    shown.store(Some(Arc::new(indexer.readable())));
}
