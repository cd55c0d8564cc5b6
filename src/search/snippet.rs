//! The part of a text around what was found, with the matches marked.

use super::{
    question::Clause,
    words::{self, Part},
};
use crate::model::limits::SNIPPET_CHARS_MAX;
use std::ops::Range;

/// A piece of a snippet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// What is written.
    pub text: String,
    /// Whether it is what was looked for.
    pub is_match: bool,
}

/// At most this part of a snippet stands before the first match.
const BEFORE_CHARS_MAX: usize = SNIPPET_CHARS_MAX / 4;

/// Cuts a text to a snippet. What was left out is shown by `…`.
#[must_use]
pub fn cut(text: &str, clauses: &[Clause]) -> Vec<Piece> {
    let matches = matches(text, clauses);
    let part = part_around(text, matches.first().map_or(0, |found| found.start));
    let mut pieces = Vec::new();
    push(&mut pieces, if part.start > 0 { "…" } else { "" }, false);
    let mut at = part.start;
    for found in matches {
        let (start, end) = (found.start.max(at), found.end.min(part.end));
        if start < end {
            push(&mut pieces, &text[at..start], false);
            push(&mut pieces, &text[start..end], true);
            at = end;
        }
    }
    push(&mut pieces, &text[at..part.end], false);
    push(&mut pieces, if part.end < text.len() { "…" } else { "" }, false);
    pieces
}

fn push(pieces: &mut Vec<Piece>, text: &str, is_match: bool) {
    match pieces.last_mut() {
        _ if text.is_empty() => {}
        Some(last) if last.is_match == is_match => last.text.push_str(text),
        _ => pieces.push(Piece { text: text.to_owned(), is_match }),
    }
}

/// Where the clauses stand in the text, in order and without overlaps.
fn matches(text: &str, clauses: &[Clause]) -> Vec<Range<usize>> {
    let (mut terms, mut places) = (Vec::new(), Vec::new());
    words::each(text, &mut |word| {
        // Of a pair that only begins with what was looked for, the first character is meant.
        let first_end = word.start + text[word.start..].chars().next().map_or(0, char::len_utf8);
        let begun_end = if word.part == Part::Pair { first_end } else { word.end };
        terms.push(word.term.to_owned());
        places.push((word.start, word.end, begun_end));
    });
    let mut found: Vec<Range<usize>> = Vec::new();
    for clause in clauses {
        for at in (0..terms.len()).filter(|at| clause.is_at(&terms, *at)) {
            let (_, end, begun_end) = places[at + clause.width() - 1];
            found.push(places[at].0..if clause.is_prefix { begun_end } else { end });
        }
    }
    found.sort_by_key(|range| (range.start, range.end));
    found.dedup_by(|next, kept| {
        let touches = next.start <= kept.end;
        if touches {
            kept.end = kept.end.max(next.end);
        }
        touches
    });
    found
}

/// The part of the text that is shown, so that what begins at `first` is in it.
fn part_around(text: &str, first: usize) -> Range<usize> {
    let start = back(text, first, BEFORE_CHARS_MAX);
    let end = forth(text, start, SNIPPET_CHARS_MAX);
    // What fits behind the match is shown before it instead.
    let start = if end == text.len() { back(text, end, SNIPPET_CHARS_MAX).min(start) } else { start };
    start..end
}

fn back(text: &str, from: usize, chars: usize) -> usize {
    match chars.checked_sub(1) {
        None => from,
        Some(last) => text[..from].char_indices().rev().nth(last).map_or(0, |(at, _)| at),
    }
}

fn forth(text: &str, from: usize, chars: usize) -> usize {
    text[from..].char_indices().nth(chars).map_or(text.len(), |(at, _)| from + at)
}

#[cfg(test)]
mod tests {
    //! Matches are marked where they stand, and long texts are cut around the first.

    use super::*;
    use crate::search::question::parse;

    fn shown(text: &str, question: &str) -> String {
        let pieces = cut(text, &parse(question).expect("a question"));
        pieces.iter().map(|it| if it.is_match { format!("[{}]", it.text) } else { it.text.clone() }).collect()
    }

    #[test]
    fn matches_are_marked_in_every_script() {
        for (text, question, expected) in [
            ("Hello, big World!", "world HELLO", "[Hello], big [World]!"),
            ("Die Größe zählt", "grosse", "Die [Größe] zählt"),
            ("the quick quiche", "qui*", "the [quick] [quiche]"),
            ("no yes, yes no", "\"yes no\"", "no yes, [yes no]"),
            ("来週の会議記録です", "会議記録", "来週の[会議記録]です"),
            ("富士山", "山", "富士[山]"),
            ("山と富士", "山", "[山]と富士"),
            ("다음 회의는 금요일", "회의", "다음 [회의]는 금요일"),
            ("nothing of it", "else", "nothing of it"),
        ] {
            assert_eq!(shown(text, question), expected, "{text}");
        }
    }

    #[test]
    fn long_texts_are_cut_around_the_first_match() {
        let text = format!("{} needle {}", "before ".repeat(200), "äfter ".repeat(200));
        let shown = shown(&text, "needle");
        assert!(shown.starts_with('…') && shown.ends_with('…') && shown.contains("[needle]"), "{shown}");
        assert!(shown.chars().count() <= SNIPPET_CHARS_MAX + 4, "{shown}");
        let end = format!("{}needle", "x ".repeat(600));
        let pieces = cut(&end, &parse("needle").expect("a word"));
        assert_eq!(pieces.iter().map(|piece| piece.text.chars().count()).sum::<usize>(), SNIPPET_CHARS_MAX + 1);
    }
}
