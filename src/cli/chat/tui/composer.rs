//! Where one writes: a text of any number of lines, and a cursor between its characters.

use unicode_segmentation::UnicodeSegmentation as _;

/// A text under the cursor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Composer {
    text: String,
    /// Where the cursor is, bytes; always between two characters as people count them.
    at: usize,
}

/// Where the cursor goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// One character back.
    Left,
    /// One character on.
    Right,
    /// To the beginning of a word.
    WordLeft,
    /// Behind a word.
    WordRight,
    /// To the beginning of the line.
    LineStart,
    /// To its end.
    LineEnd,
    /// One line up.
    Up,
    /// One line down.
    Down,
}

impl Composer {
    /// With a text, the cursor at its end.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { at: text.len(), text }
    }

    /// What is written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where the cursor is, bytes.
    #[must_use]
    pub fn at(&self) -> usize {
        self.at
    }

    /// Whether there is nothing to be sent.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }

    /// Takes the text away.
    pub fn take(&mut self) -> String {
        self.at = 0;
        std::mem::take(&mut self.text)
    }

    /// Puts something in at the cursor. What is pasted can hold anything: only line breaks stay of what is no text.
    pub fn insert(&mut self, text: &str) {
        let text = text.replace("\r\n", "\n").replace(['\r', '\t'], " ");
        let kept: String = text.chars().filter(|c| *c == '\n' || !c.is_control()).collect();
        self.text.insert_str(self.at, &kept);
        self.at += kept.len();
    }

    /// Removes the character before the cursor.
    pub fn erase_before(&mut self) {
        self.erase_to(Step::Left);
    }

    /// Removes the character after the cursor.
    pub fn erase_after(&mut self) {
        let end = self.after();
        self.text.replace_range(self.at..end, "");
    }

    /// Removes everything between the cursor and where it would go back to.
    pub fn erase_to(&mut self, step: Step) {
        let end = self.at;
        self.step(step);
        self.text.replace_range(self.at.min(end)..end, "");
    }

    /// Moves the cursor; whether it could be.
    pub fn step(&mut self, step: Step) -> bool {
        let was = self.at;
        self.at = match step {
            Step::Left => self.text[..was].grapheme_indices(true).next_back().map_or(0, |(at, _)| at),
            Step::Right => self.after(),
            Step::WordLeft => self.text[..was].unicode_word_indices().next_back().map_or(0, |(at, _)| at),
            Step::WordRight => {
                let word = self.text[was..].unicode_word_indices().next();
                word.map_or(self.text.len(), |(at, word)| was + at + word.len())
            }
            Step::LineStart => self.line_start(was),
            Step::LineEnd => self.line_end(was),
            Step::Up => match self.line_start(was) {
                0 => was,
                start => self.column(self.line_start(start - 1), self.graphemes(start, was)),
            },
            Step::Down => match self.line_end(was) {
                end if end == self.text.len() => was,
                end => self.column(end + 1, self.graphemes(self.line_start(was), was)),
            },
        };
        self.at != was
    }

    fn after(&self) -> usize {
        self.at + self.text[self.at..].graphemes(true).next().map_or(0, str::len)
    }

    fn line_start(&self, at: usize) -> usize {
        self.text[..at].rfind('\n').map_or(0, |before| before + 1)
    }

    fn line_end(&self, at: usize) -> usize {
        self.text[at..].find('\n').map_or(self.text.len(), |after| at + after)
    }

    fn graphemes(&self, from: usize, to: usize) -> usize {
        self.text[from..to].graphemes(true).count()
    }

    /// Behind so many characters of the line that begins there, or at its end.
    fn column(&self, start: usize, characters: usize) -> usize {
        let line = &self.text[start..self.line_end(start)];
        start + line.grapheme_indices(true).nth(characters).map_or(line.len(), |(at, _)| at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(text: &str, steps: &[Step]) -> Composer {
        let mut composer = Composer::new(text);
        for step in steps {
            composer.step(*step);
        }
        composer
    }

    #[test]
    fn one_writes_and_erases_characters_as_people_count_them() {
        let mut composer = typed("a👨‍👩‍👧b", &[Step::Left]);
        composer.erase_before();
        assert_eq!(composer.text(), "ab");
        composer.insert("한글");
        composer.step(Step::Left);
        composer.erase_after();
        assert_eq!(composer.text(), "a한b");
    }

    #[test]
    fn up_and_down_stay_in_their_column_where_the_line_is_long_enough() {
        let mut composer = typed("one long line\nab\nthe third", &[]);
        assert!(composer.step(Step::Up));
        assert_eq!(composer.at(), "one long line\nab".len());
        assert!(composer.step(Step::Up));
        assert_eq!(composer.at(), 2);
        assert!(!composer.step(Step::Up));
        composer.step(Step::LineEnd);
        assert!(composer.step(Step::Down));
        assert_eq!(composer.at(), "one long line\nab".len());
    }

    #[test]
    fn words_are_left_out_at_once() {
        let mut composer = Composer::new("say hello to bob");
        composer.erase_to(Step::WordLeft);
        assert_eq!(composer.text(), "say hello to ");
        composer.erase_to(Step::LineStart);
        assert!(composer.is_blank());
    }

    #[test]
    fn a22_what_is_pasted_leaves_nothing_that_commands_the_terminal() {
        let mut composer = Composer::default();
        composer.insert("one\r\ntwo\u{1b}[2J\tthree\u{7}");
        assert_eq!(composer.text(), "one\ntwo[2J three");
    }
}
