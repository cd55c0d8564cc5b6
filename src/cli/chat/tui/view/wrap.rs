//! Breaking texts into lines as wide as there is room.

use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

/// How many cells a text takes.
#[must_use]
pub fn width(text: &str) -> usize {
    text.width()
}

/// The lines of a text, each at most so many cells wide. Words stay whole where they fit.
#[must_use]
pub fn wrap(text: &str, cells: usize) -> Vec<String> {
    let cells = cells.max(2);
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let mut line = String::new();
        for word in paragraph.split_word_bounds() {
            let room = cells - line.width().min(cells);
            if word.trim_end().width() <= room {
                line.push_str(word);
                continue;
            }
            if word.width() <= cells {
                lines.push(end(&mut line));
                line.push_str(word.trim_start());
                continue;
            }
            for piece in word.graphemes(true) {
                if line.width() + piece.width() > cells {
                    lines.push(end(&mut line));
                }
                line.push_str(piece);
            }
        }
        lines.push(end(&mut line));
    }
    lines
}

fn end(line: &mut String) -> String {
    let mut done = std::mem::take(line);
    done.truncate(done.trim_end().len());
    done
}

/// The lines of what is being written, broken wherever they are full, and the line and column of the cursor.
#[must_use]
pub fn under_cursor(text: &str, at: usize, cells: usize) -> (Vec<String>, (usize, usize)) {
    let cells = cells.max(2);
    let mut lines = vec![String::new()];
    let mut cursor = (0, 0);
    let mut column = 0;
    for (begins, piece) in text.grapheme_indices(true) {
        let wide = if piece == "\n" { 0 } else { piece.width() };
        if column + wide > cells {
            lines.push(String::new());
            column = 0;
        }
        if begins == at {
            cursor = (lines.len() - 1, column);
        }
        if piece == "\n" {
            lines.push(String::new());
            column = 0;
        } else if let Some(line) = lines.last_mut() {
            line.push_str(piece);
            column += wide;
        }
    }
    if at >= text.len() {
        if column >= cells {
            lines.push(String::new());
            column = 0;
        }
        cursor = (lines.len() - 1, column);
    }
    (lines, cursor)
}

/// The beginning of a text, at most so many cells wide; what was cut off is marked.
#[must_use]
pub fn cut(text: &str, cells: usize) -> String {
    if text.width() <= cells {
        return text.to_owned();
    }
    let mut kept = String::new();
    for piece in text.graphemes(true) {
        if kept.width() + piece.width() + 1 > cells {
            break;
        }
        kept.push_str(piece);
    }
    if cells > 0 {
        kept.push('…');
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stay_whole_where_they_fit() {
        assert_eq!(wrap("a letter from the terminal", 10), ["a letter", "from the", "terminal"]);
        assert_eq!(wrap("one\n\ntwo", 10), ["one", "", "two"]);
        assert_eq!(wrap("", 10), [""]);
    }

    #[test]
    fn what_has_no_blanks_is_broken_between_characters() {
        assert_eq!(wrap("abcdefghij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(wrap("안녕하세요", 4), ["안녕", "하세", "요"]);
        for line in wrap("https://handclasp.example/a/very/long/path?with=a&query=that#ends never", 12) {
            assert!(width(&line) <= 12, "{line}");
        }
    }

    #[test]
    fn the_cursor_stands_where_one_writes() {
        assert_eq!(under_cursor("abcd", 4, 4), (vec!["abcd".to_owned(), String::new()], (1, 0)));
        assert_eq!(under_cursor("ab\ncd", 3, 10).1, (1, 0));
        assert_eq!(under_cursor("ab\ncd", 2, 10).1, (0, 2));
        assert_eq!(under_cursor("한글", 3, 10).1, (0, 2));
    }

    #[test]
    fn what_is_cut_off_is_marked() {
        assert_eq!(cut("Launch", 6), "Launch");
        assert_eq!(cut("Launch", 5), "Laun…");
        assert_eq!(cut("한글한글", 5), "한글…");
    }
}
