//! Questions: what a person typed, as clauses that a text must meet all of.
//!
//! Words stand apart; `"words in quotes"` follow each other; `word*` is the beginning of one. What is written together,
//! such as `e-mail` or a run of Chinese, follows each other too.

use super::words::{self, Part};
use crate::model::{
    Address, RoomId,
    limits::{self, SEARCH_QUERY_BYTES_MAX, SEARCH_TERMS_MAX},
};
use std::{fmt, ops::Range, str::FromStr};

/// What is looked for, and how it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Every one has to be met.
    pub clauses: Vec<Clause>,
    /// Only in this room.
    pub room: Option<RoomId>,
    /// Only from this person.
    pub author: Option<Address>,
    /// Only what became durable here in this time, milliseconds since 1970.
    pub at: Range<u64>,
    /// Only of this kind.
    pub kind: Option<Kind>,
    /// Which comes first.
    pub order: Order,
    /// Only what comes after this.
    pub after: Option<Rank>,
    /// Most findings.
    pub items_max: usize,
}

/// Terms that follow each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clause {
    /// Distance from the first, and the term; ascending, never empty.
    pub terms: Vec<(usize, String)>,
    /// Whether the last term is only the beginning of one.
    pub is_prefix: bool,
}

/// What can be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A message.
    Message,
    /// A message with files.
    File,
    /// A note.
    Note,
    /// A comment under a note.
    Comment,
    /// A date.
    Date,
}

/// Which finding comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The newest.
    Newest,
    /// The one that says most about the words.
    Relevance,
}

/// Where a finding stands: larger comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rank {
    /// The bits of its score; zero by [`Order::Newest`].
    pub score: u32,
    /// When it became durable here, milliseconds since 1970.
    pub at: u64,
    /// Which room.
    pub room: RoomId,
    /// Which item of the room.
    pub index: u64,
}

/// Why a question is not asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuestionError {
    /// Too long.
    #[error("must be at most {SEARCH_QUERY_BYTES_MAX} bytes of UTF-8")]
    TooLong,
    /// Too many terms.
    #[error(
        "must hold at most {SEARCH_TERMS_MAX} terms; a run of Chinese, Japanese or Korean counts by its characters"
    )]
    TooMany,
    /// Nothing that could be looked for.
    #[error("must hold a letter or a digit")]
    Empty,
}

/// The text of a [`Rank`] is not one of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is no place in a list of findings")]
pub struct RankError;

impl fmt::Display for Rank {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {} {}", self.score, self.at, self.room, self.index)
    }
}

impl FromStr for Rank {
    type Err = RankError;

    fn from_str(text: &str) -> Result<Self, RankError> {
        let mut parts = text.split(' ');
        let mut part = || parts.next().ok_or(RankError);
        let (score, at, room, index) = (part()?, part()?, part()?, part()?);
        let rank = Self {
            score: score.parse().map_err(|_| RankError)?,
            at: at.parse().map_err(|_| RankError)?,
            room: room.parse().map_err(|_| RankError)?,
            index: index.parse().map_err(|_| RankError)?,
        };
        if part().is_err() { Ok(rank) } else { Err(RankError) }
    }
}

impl Kind {
    /// All kinds, with their words.
    pub const WORDS: &'static [(&'static str, Self)] =
        &[("message", Self::Message), ("note", Self::Note), ("comment", Self::Comment), ("date", Self::Date)];

    /// Its word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::File => "file",
            Self::Note => "note",
            Self::Comment => "comment",
            Self::Date => "date",
        }
    }
}

impl Order {
    /// All orders, with their words.
    pub const WORDS: &'static [(&'static str, Self)] = &[("newest", Self::Newest), ("relevance", Self::Relevance)];
}

/// Reads what a person typed.
///
/// # Errors
/// When it is too long, or holds no word.
pub fn parse(text: &str) -> Result<Vec<Clause>, QuestionError> {
    if text.len() > limits::SEARCH_QUERY_BYTES_MAX {
        return Err(QuestionError::TooLong);
    }
    let mut clauses = Vec::new();
    for (at, part) in text.split('"').enumerate() {
        if at % 2 == 1 {
            add(part, &mut clauses);
        } else {
            part.split_whitespace().for_each(|chunk| add(chunk, &mut clauses));
        }
    }
    match clauses.iter().map(|clause| clause.terms.len()).sum::<usize>() {
        0 => Err(QuestionError::Empty),
        terms if terms > limits::SEARCH_TERMS_MAX => Err(QuestionError::TooMany),
        _ => Ok(clauses),
    }
}

/// Adds the clauses of what is written together.
fn add(text: &str, clauses: &mut Vec<Clause>) {
    let mut terms: Vec<(usize, String)> = Vec::new();
    let mut first = 0;
    let mut last = Part::Whole;
    words::each(text, &mut |word| {
        last = word.part;
        if word.part == Part::Tail {
            // Its pairs hold it already.
            return;
        }
        if terms.is_empty() {
            first = word.position;
        }
        terms.push((word.position - first, word.term.to_owned()));
        if word.part == Part::Single {
            // In a text it may begin a pair: what comes after it stands who knows where.
            clauses.push(Clause { terms: std::mem::take(&mut terms), is_prefix: true });
        }
    });
    if !terms.is_empty() {
        clauses.push(Clause { terms, is_prefix: text.ends_with('*') && last == Part::Whole });
    }
}

impl Clause {
    /// Whether this stands in a text at this term of it.
    #[must_use]
    pub fn is_at<T: AsRef<str>>(&self, terms: &[T], at: usize) -> bool {
        let last = self.terms.len() - 1;
        self.terms.iter().enumerate().all(|(n, (distance, wanted))| {
            terms.get(at + distance).is_some_and(|term| match self.is_prefix && n == last {
                true => term.as_ref().starts_with(wanted),
                false => term.as_ref() == wanted,
            })
        })
    }

    /// How many terms of a text it covers.
    #[must_use]
    pub fn width(&self) -> usize {
        self.terms.last().map_or(1, |(distance, _)| distance + 1)
    }
}

#[cfg(test)]
mod tests {
    //! What was typed becomes what is looked up.

    use super::*;

    fn shown(text: &str) -> Vec<String> {
        let clauses = parse(text).expect(text);
        let show = |clause: &Clause| {
            let terms: Vec<String> = clause.terms.iter().map(|(distance, term)| format!("{distance}{term}")).collect();
            terms.join(" ") + if clause.is_prefix { "*" } else { "" }
        };
        clauses.iter().map(show).collect()
    }

    #[test]
    fn questions_become_clauses() {
        let table: &[(&str, &[&str])] = &[
            ("Hello world", &["0hello", "0world"]),
            ("\"Hello world\" again", &["0hello 1world", "0again"]),
            ("\"never closed", &["0never 1closed"]),
            ("e-mail", &["0e 1mail"]),
            ("quart*", &["0quart*"]),
            ("\"the quart*\"", &["0the 1quart*"]),
            ("회의 자료", &["0회의", "0자료"]),
            ("会议记录", &["0会议 1议记 2记录"]),
            ("山", &["0山*"]),
            ("東京tower", &["0東京 2tower"]),
            ("A用B", &["0a 1用*", "0b"]),
            ("東京*", &["0東京"]),
        ];
        for (text, expected) in table {
            assert_eq!(shown(text), *expected, "{text}");
        }
    }

    #[test]
    fn places_in_a_list_are_read_back_as_written() {
        let rank = Rank { score: 1.5_f32.to_bits(), at: 7, room: RoomId([9; 16]), index: u64::MAX };
        assert_eq!(rank.to_string().parse(), Ok(rank));
        for wrong in ["", "1 2 3 4", "x", &format!("{rank} 1")] {
            assert_eq!(wrong.parse::<Rank>(), Err(RankError), "{wrong}");
        }
    }

    #[test]
    fn questions_keep_their_limits() {
        assert_eq!(parse(""), Err(QuestionError::Empty));
        assert_eq!(parse("\" ?! \u{1F44B}"), Err(QuestionError::Empty));
        assert_eq!(parse(&"x".repeat(SEARCH_QUERY_BYTES_MAX + 1)), Err(QuestionError::TooLong));
        let words = |n: usize| vec!["x"; n].join(" ");
        assert!(parse(&words(SEARCH_TERMS_MAX)).is_ok());
        assert_eq!(parse(&words(SEARCH_TERMS_MAX + 1)), Err(QuestionError::TooMany));
        assert_eq!(parse(&"山".repeat(SEARCH_TERMS_MAX + 2)), Err(QuestionError::TooMany));
    }
}
