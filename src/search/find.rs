//! Finding: the question as a query of the index, and the best of what it matches that the user may see.

use super::{
    SearchError,
    index::{Fields, Readable, column},
    question::{Clause, Order, Question, Rank},
    sight::{Seen, Sight},
};
use crate::model::limits;
use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    time::{Duration, Instant},
};
use tantivy::{
    COLLECT_BLOCK_BUFFER_LEN, DocId, Score, SegmentReader, TERMINATED, Term,
    columnar::Column,
    query::{
        AllQuery, BooleanQuery, EnableScoring, Occur, PhrasePrefixQuery, PhraseQuery, Query, Scorer, TermQuery, Weight,
    },
    schema::{Field, IndexRecordOption},
};

/// Documents between two looks at the clock.
const DOCUMENTS_PER_LOOK: usize = 65_536;

/// The best findings, best first; one more than asked for when there are more.
///
/// # Errors
/// When the index cannot be read, or it takes too long.
pub fn find(readable: &Readable, sight: &Sight, question: &Question) -> Result<Vec<Rank>, SearchError> {
    let searcher = readable.reader.searcher();
    let query = query_of(&readable.fields, question);
    let scoring = match question.order {
        Order::Newest => EnableScoring::disabled_from_searcher(&searcher),
        Order::Relevance => EnableScoring::enabled_from_searcher(&searcher),
    };
    let weight = query.weight(scoring)?;
    let mut segments = Vec::new();
    for segment in searcher.segment_readers() {
        segments.extend(Columns::open(segment, sight)?.map(|columns| (segment, columns)));
    }
    // The newest first, so that most of the others hold nothing that is new enough.
    segments.sort_by_key(|(_, columns)| Reverse(columns.at.max_value()));
    let mut best = Best::new(question);
    for (segment, columns) in segments {
        best.add_segment(segment, &*weight, &columns)?;
    }
    Ok(best.into_ranks())
}

fn query_of(fields: &Fields, question: &Question) -> Box<dyn Query> {
    let exact = |term| Box::new(TermQuery::new(term, IndexRecordOption::Basic)) as Box<dyn Query>;
    let mut parts: Vec<Box<dyn Query>> =
        question.clauses.iter().map(|clause| clause_query(fields.text, clause)).collect();
    parts.extend(question.room.map(|room| exact(Term::from_field_bytes(fields.room, &room.0))));
    parts.extend(question.author.as_ref().map(|who| exact(Term::from_field_text(fields.author, who.as_str()))));
    parts.extend(question.kind.map(|kind| exact(Term::from_field_text(fields.kind, kind.as_str()))));
    match parts.len() {
        0 => Box::new(AllQuery),
        1 => parts.remove(0),
        _ => Box::new(BooleanQuery::new(parts.into_iter().map(|part| (Occur::Must, part)).collect())),
    }
}

fn clause_query(text: Field, clause: &Clause) -> Box<dyn Query> {
    let mut terms: Vec<(usize, Term)> =
        clause.terms.iter().map(|(at, term)| (*at, Term::from_field_text(text, term))).collect();
    if clause.is_prefix {
        let mut query = PhrasePrefixQuery::new_with_offset(terms);
        query.set_max_expansions(limits::SEARCH_EXPANSIONS_MAX);
        return Box::new(query);
    }
    if terms.len() == 1 {
        return Box::new(TermQuery::new(terms.remove(0).1, IndexRecordOption::WithFreqs));
    }
    Box::new(PhraseQuery::new_with_offset(terms))
}

/// The best findings so far.
struct Best<'a> {
    question: &'a Question,
    ends_at: Instant,
    kept_max: usize,
    heap: BinaryHeap<Reverse<Rank>>,
}

impl<'a> Best<'a> {
    fn new(question: &'a Question) -> Self {
        let kept_max = question.items_max.saturating_add(1);
        let ends_at = Instant::now() + Duration::from_millis(limits::SEARCH_MS_MAX);
        Self { question, ends_at, kept_max, heap: BinaryHeap::with_capacity(kept_max.min(1_024)) }
    }

    fn add_segment(
        &mut self,
        segment: &SegmentReader,
        weight: &dyn Weight,
        columns: &Columns<'_>,
    ) -> Result<(), SearchError> {
        if !self.may_hold(columns) {
            return Ok(());
        }
        let mut scorer = weight.scorer(segment, 1.0)?;
        match self.question.order {
            Order::Newest => self.add_newest(segment, &mut *scorer, columns),
            Order::Relevance => self.add_relevant(segment, &mut *scorer, columns),
        }
    }

    /// Whether the segment's times allow for anything better than what is kept.
    fn may_hold(&self, columns: &Columns<'_>) -> bool {
        let (oldest, newest) = (columns.at.min_value(), columns.at.max_value());
        let is_asked = newest >= self.question.at.start && oldest < self.question.at.end;
        let by_time = self.question.order == Order::Newest;
        let is_passed = by_time && self.question.after.is_some_and(|after| oldest > after.at);
        let is_too_old = by_time && self.worst().is_some_and(|worst| newest < worst.at);
        is_asked && !is_passed && !is_too_old
    }

    /// The last of what is kept, once that is as much as was asked for.
    fn worst(&self) -> Option<Rank> {
        self.heap.peek().filter(|_| self.heap.len() == self.kept_max).map(|kept| kept.0)
    }

    /// Documents stand about in the order of time: from the last one back, most are too old after one look.
    fn add_newest(
        &mut self,
        segment: &SegmentReader,
        scorer: &mut dyn Scorer,
        columns: &Columns<'_>,
    ) -> Result<(), SearchError> {
        let mut documents: Vec<DocId> = Vec::new();
        let mut block = [0; COLLECT_BLOCK_BUFFER_LEN];
        loop {
            let filled = scorer.fill_buffer(&mut block);
            documents.extend_from_slice(&block[..filled]);
            if filled < COLLECT_BLOCK_BUFFER_LEN {
                break;
            }
            if documents.len().is_multiple_of(DOCUMENTS_PER_LOOK) {
                self.check_time()?;
            }
        }
        for some in documents.rchunks(DOCUMENTS_PER_LOOK) {
            some.iter().rev().for_each(|document| self.add(segment, columns, *document, 0.0));
            self.check_time()?;
        }
        Ok(())
    }

    fn add_relevant(
        &mut self,
        segment: &SegmentReader,
        scorer: &mut dyn Scorer,
        columns: &Columns<'_>,
    ) -> Result<(), SearchError> {
        let mut looked_at = 0_usize;
        let mut document = scorer.doc();
        while document != TERMINATED {
            let score = scorer.score();
            self.add(segment, columns, document, score);
            document = scorer.advance();
            looked_at += 1;
            if looked_at.is_multiple_of(DOCUMENTS_PER_LOOK) {
                self.check_time()?;
            }
        }
        Ok(())
    }

    fn check_time(&self) -> Result<(), SearchError> {
        if Instant::now() < self.ends_at { Ok(()) } else { Err(SearchError::TooLong) }
    }

    /// Keeps a document if it is among the best, and the user may see it.
    fn add(&mut self, segment: &SegmentReader, columns: &Columns<'_>, document: DocId, score: Score) {
        // Scores are never negative, so their bits have their order.
        let score = score.max(0.0).to_bits();
        let at = columns.at.first(document).unwrap_or_default();
        let worst = self.worst();
        let is_too_late = worst.is_some_and(|worst| (score, at) < (worst.score, worst.at));
        if is_too_late || !self.question.at.contains(&at) || segment.is_deleted(document) {
            return;
        }
        let index = columns.index.first(document).unwrap_or_default();
        let Some(seen) = columns.seen(document).filter(|seen| seen.range.holds(index)) else { return };
        let rank = Rank { score, at, room: seen.room, index };
        if self.question.after.is_some_and(|after| rank >= after) || worst.is_some_and(|worst| rank < worst) {
            return;
        }
        if worst.is_some() {
            self.heap.pop();
        }
        self.heap.push(Reverse(rank));
    }

    fn into_ranks(self) -> Vec<Rank> {
        self.heap.into_sorted_vec().into_iter().map(|Reverse(rank)| rank).collect()
    }
}

/// What is read of each document of a segment.
struct Columns<'a> {
    at: Column<u64>,
    index: Column<u64>,
    room: Column<u64>,
    /// What the user sees of each room, by the room's number in this segment.
    sight: Vec<Option<Seen<'a>>>,
}

impl<'a> Columns<'a> {
    /// None when the user sees no room of this segment.
    fn open(segment: &SegmentReader, sight: &'a Sight) -> Result<Option<Self>, SearchError> {
        let fast = segment.fast_fields();
        let Some(rooms) = fast.bytes(column::ROOM)? else { return Ok(None) };
        let mut seen = vec![None; rooms.num_terms()];
        let mut any = false;
        for room in sight.rooms() {
            let number = rooms.dictionary().term_ord(room.room.0)?;
            if let Some(place) = number.and_then(|n| usize::try_from(n).ok()).and_then(|n| seen.get_mut(n)) {
                *place = Some(room);
                any = true;
            }
        }
        if !any {
            return Ok(None);
        }
        let (at, index) = (fast.u64(column::AT)?, fast.u64(column::INDEX)?);
        Ok(Some(Self { at, index, room: rooms.ords().clone(), sight: seen }))
    }

    fn seen(&self, document: DocId) -> Option<Seen<'a>> {
        let number = usize::try_from(self.room.first(document)?).ok()?;
        self.sight.get(number).copied().flatten()
    }
}
