//! Words: how a text becomes the terms of the index, and a query the terms that are looked for.
//!
//! Case and accents do not count in Latin, Greek and Cyrillic words. Scripts that are written without spaces between the
//! words (Chinese, Japanese, Korean, Thai …) are cut into overlapping pairs; the last character of such a run also stands
//! alone, so that every character begins a term and a single one can be looked for.

use crate::model::limits;
use std::ops::Range;
use unicode_normalization::{
    UnicodeNormalization as _,
    char::{decompose_canonical, is_combining_mark},
};

/// One term of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word<'a> {
    /// What is looked up.
    pub term: &'a str,
    /// The how-many-th term of the text, from 0.
    pub position: usize,
    /// Where in the text it starts, bytes.
    pub start: usize,
    /// Where it ends, bytes.
    pub end: usize,
    /// What part of its run it is.
    pub part: Part,
}

/// What part of a run of characters a term is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The whole run: a word.
    Whole,
    /// Two characters of a run that is written without spaces.
    Pair,
    /// The last character of such a run, after its pairs.
    Tail,
    /// The only character of such a run.
    Single,
}

/// Shows the terms of a text, in order.
pub fn each(text: &str, visitor: &mut dyn FnMut(Word<'_>)) {
    let mut cutter = Cutter { visitor, position: 0, word: Draft::default(), dense: Vec::new() };
    let mut start = None;
    for (at, c) in text.char_indices() {
        match (is_part(c), start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                cutter.run(text, from..at);
                start = None;
            }
            _ => {}
        }
    }
    if let Some(from) = start {
        cutter.run(text, from..text.len());
    }
}

/// Whether a character belongs to a word.
fn is_part(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_alphanumeric() } else { c.is_alphanumeric() || is_combining_mark(c) }
}

/// Whether the character is of a script that is written without spaces between the words.
fn is_dense(c: char) -> bool {
    matches!(c,
        '\u{0e00}'..='\u{0eff}'     // Thai, Lao
        | '\u{1000}'..='\u{109f}'   // Myanmar
        | '\u{1100}'..='\u{11ff}'   // Hangul letters
        | '\u{1780}'..='\u{17ff}'   // Khmer
        | '\u{3005}'..='\u{3007}'
        | '\u{3041}'..='\u{31ff}'   // Kana, Bopomofo, Hangul letters
        | '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}'
        | '\u{a960}'..='\u{a97f}'
        | '\u{ac00}'..='\u{d7ff}'   // Hangul
        | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{3ffff}')
}

/// A word under way.
#[derive(Default)]
struct Draft {
    term: String,
    chars: usize,
    place: Range<usize>,
    /// Whether accents of the last letter do not count.
    folds: bool,
}

struct Cutter<'a> {
    visitor: &'a mut dyn FnMut(Word<'_>),
    position: usize,
    word: Draft,
    dense: Vec<(char, Range<usize>)>,
}

impl Cutter<'_> {
    /// A run of letters, digits and marks.
    fn run(&mut self, text: &str, place: Range<usize>) {
        let run = &text[place.clone()];
        if run.is_ascii() {
            for c in run.chars().take(limits::SEARCH_TERM_CHARS_MAX) {
                self.word.term.push(c.to_ascii_lowercase());
            }
            self.word.place = place;
            self.end_word();
            return;
        }
        let normal: Vec<char> = run.nfkc().collect();
        let aligned = normal.len() == run.chars().count();
        let starts = run.char_indices().map(|(at, c)| place.start + at..place.start + at + c.len_utf8());
        if aligned {
            normal.into_iter().zip(starts).for_each(|(c, at)| self.take(c, at));
        } else {
            // Composed or taken apart: which character came from where is not known any more.
            normal.into_iter().for_each(|c| self.take(c, place.clone()));
        }
        self.end_dense();
        self.end_word();
    }

    fn take(&mut self, c: char, place: Range<usize>) {
        if is_dense(c) {
            self.end_word();
            self.dense.push((c, place));
        } else if is_part(c) {
            self.end_dense();
            if self.word.term.is_empty() {
                self.word.place.start = place.start;
            }
            self.word.place.end = place.end;
            c.to_lowercase().for_each(|c| self.word.fold(c));
        } else {
            self.end_dense();
            self.end_word();
        }
    }

    fn end_word(&mut self) {
        let word = std::mem::take(&mut self.word);
        if !word.term.is_empty() {
            self.show(&word.term, word.place, Part::Whole);
        }
        self.word.term = word.term;
        self.word.term.clear();
    }

    fn end_dense(&mut self) {
        let dense = std::mem::take(&mut self.dense);
        let mut term = String::with_capacity(8);
        for pair in dense.windows(2) {
            term.clear();
            term.extend([pair[0].0, pair[1].0]);
            self.show(&term, pair[0].1.start..pair[1].1.end, Part::Pair);
        }
        if let Some((c, place)) = dense.last() {
            let part = if dense.len() == 1 { Part::Single } else { Part::Tail };
            self.show(c.encode_utf8(&mut [0; 4]), place.clone(), part);
        }
        self.dense = dense;
        self.dense.clear();
    }

    fn show(&mut self, term: &str, place: Range<usize>, part: Part) {
        (self.visitor)(Word { term, position: self.position, start: place.start, end: place.end, part });
        self.position += 1;
    }
}

impl Draft {
    /// Adds a letter without what does not count. A word that is too long goes on unseen.
    fn fold(&mut self, c: char) {
        let letters = match c {
            'ß' => "ss",
            'æ' => "ae",
            'œ' => "oe",
            'ø' => "o",
            'đ' | 'ð' => "d",
            'ħ' => "h",
            'ı' => "i",
            'ł' => "l",
            'þ' => "th",
            'ς' => "σ",
            _ => return decompose_canonical(c, |c| self.push(c)),
        };
        letters.chars().for_each(|c| self.push(c));
    }

    fn push(&mut self, c: char) {
        let is_mark = is_combining_mark(c);
        // Marks are letters of their own in other scripts; at the beginning they belong to nothing.
        if is_mark && (self.folds || self.term.is_empty()) {
            return;
        }
        if !is_mark {
            self.folds = matches!(c, '\0'..='\u{52f}' | '\u{1e00}'..='\u{1fff}');
        }
        if self.chars < limits::SEARCH_TERM_CHARS_MAX {
            self.chars += 1;
            self.term.push(c);
        }
    }
}

#[cfg(test)]
mod tests {
    //! What people type finds what people wrote.

    use super::*;

    fn terms(text: &str) -> Vec<String> {
        let mut terms = Vec::new();
        each(text, &mut |word| {
            assert_eq!(word.position, terms.len(), "positions are dense");
            assert!(text.is_char_boundary(word.start) && text.is_char_boundary(word.end), "{word:?}");
            terms.push(word.term.to_owned());
        });
        terms
    }

    #[test]
    fn texts_are_cut_into_the_terms_of_their_script() {
        let table: &[(&str, &[&str])] = &[
            ("", &[]),
            (" .,! \u{1F44B}\u{FE0F} ", &[]),
            ("Hello, World 2026!", &["hello", "world", "2026"]),
            ("e-mail to bob@globex.example", &["e", "mail", "to", "bob", "globex", "example"]),
            // German, French, Polish, Danish, Turkish, Vietnamese; composed and not.
            ("Größe STRASSE Straße", &["grosse", "strasse", "strasse"]),
            ("Übergrößenträger", &["ubergrossentrager"]),
            ("Café cafe\u{301} CAFÉ", &["cafe", "cafe", "cafe"]),
            ("Łódź Ærø İstanbul ılık", &["lodz", "aero", "istanbul", "ilik"]),
            ("Tiếng Việt", &["tieng", "viet"]),
            // Greek and Cyrillic.
            ("ΟΔΌΣ οδός", &["οδοσ", "οδοσ"]),
            ("Ёлка", &["елка"]),
            // Chinese.
            ("会议记录", &["会议", "议记", "记录", "录"]),
            ("我", &["我"]),
            // Japanese: kana, kanji, half-width kana, voiced marks apart.
            ("東京タワー", &["東京", "京タ", "タワ", "ワー", "ー"]),
            ("ﾃｽﾄ", &["テス", "スト", "ト"]),
            ("か\u{3099}く", &["がく", "く"]),
            // Korean, composed and in letters.
            ("회의 자료", &["회의", "의", "자료", "료"]),
            ("한국", &["한국", "국"]),
            ("\u{1112}\u{1161}\u{11ab}\u{1100}\u{116e}\u{11a8}", &["한국", "국"]),
            // Mixed.
            ("iPhone用ケース", &["iphone", "用ケ", "ケー", "ース", "ス"]),
            ("ＡＢＣ１２３", &["abc123"]),
            ("서울2026년", &["서울", "울", "2026", "년"]),
            // Vowel signs of other scripts count.
            ("हिन्दी", &["हिन्दी"]),
        ];
        for (text, expected) in table {
            assert_eq!(terms(text), *expected, "{text}");
        }
    }

    #[test]
    fn places_point_at_what_was_written() {
        let text = "  Größe, 東京! ";
        let mut shown = Vec::new();
        each(text, &mut |word| shown.push((&text[word.start..word.end], word.part)));
        assert_eq!(shown, [("Größe", Part::Whole), ("東京", Part::Pair), ("京", Part::Tail)]);
    }

    #[test]
    fn long_words_are_cut_the_same_way_in_texts_and_queries() {
        for letter in ["x", "é"] {
            let terms = terms(&letter.repeat(500));
            assert_eq!(terms.len(), 1);
            assert_eq!(terms[0].chars().count(), limits::SEARCH_TERM_CHARS_MAX);
        }
    }
}
