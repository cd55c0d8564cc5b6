//! What commands print: one JSON document, or aligned tables and plain words.

use super::failure::{Done, Failure};
use crate::model::Millis;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use std::{
    fmt::{self, Write as _},
    io::{self, Write as _},
    time::Duration,
};

/// Where answers go, and in which form.
#[derive(Clone, Copy, Debug)]
pub struct Screen {
    form: Form,
}

/// The form of what is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// For people.
    Words,
    /// One JSON document, or one a line for commands that go on.
    Json,
}

impl Screen {
    /// A screen of that form.
    #[must_use]
    pub fn new(form: Form) -> Self {
        Self { form }
    }

    /// Whether JSON was asked for.
    #[must_use]
    pub fn is_json(self) -> bool {
        self.form == Form::Json
    }

    /// Prints the answer of a command: the document, or the words made from it.
    pub fn answer<T: Serialize>(self, document: &T, words: impl FnOnce(&T) -> String) -> Done {
        let text = match self.form {
            Form::Json => serde_json::to_string(document).map_err(Failure::fault)?,
            Form::Words => words(document),
        };
        self.line(text.trim_end())
    }

    /// Prints one line. A reader that has gone away (`| head`) is no failure.
    pub fn line(self, text: &str) -> Done {
        let mut out = io::stdout().lock();
        match writeln!(out, "{text}").and_then(|()| out.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
            _ => Ok(()),
        }
    }
}

/// Between two pictures of what goes on.
const TICK: Duration = Duration::from_millis(120);

/// Shows on a terminal how far something is that takes long; nothing elsewhere.
#[must_use]
pub fn progress(template: &str) -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    bar.set_style(ProgressStyle::with_template(template).expect("a fixed template"));
    bar
}

/// Does something that takes long and tells nothing meanwhile: on a terminal one sees that it goes on, and since when.
pub fn meanwhile<T>(what: &str, doing: impl FnOnce() -> T) -> T {
    let bar = progress("{spinner} {msg}, {elapsed}");
    bar.set_message(what.to_owned());
    bar.enable_steady_tick(TICK);
    let done = doing();
    bar.finish_and_clear();
    done
}

/// Rows under headings, in columns as wide as their widest cell.
#[derive(Debug, Default)]
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// An empty table with these headings.
    #[must_use]
    pub fn new<const N: usize>(headings: [&str; N]) -> Self {
        Self { rows: vec![headings.map(str::to_owned).to_vec()] }
    }

    /// Adds a row.
    pub fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.to_vec());
    }

    /// The same with rows made from items.
    #[must_use]
    pub fn rows<T, const N: usize>(
        mut self,
        items: impl IntoIterator<Item = T>,
        cells: impl Fn(T) -> [String; N],
    ) -> Self {
        for item in items {
            self.row(cells(item));
        }
        self
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            self.rows
                .iter()
                .filter_map(|row| row.get(column))
                .map(|cell| clean(cell).chars().count())
                .max()
                .unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        for row in &self.rows {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                let _ = write!(line, "{:width$}  ", clean(cell));
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// Lines of `name  value`, aligned.
#[must_use]
pub fn fields<const N: usize>(pairs: [(&str, String); N]) -> String {
    let width = pairs.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    pairs.iter().filter(|(_, value)| !value.is_empty()).fold(String::new(), |mut text, (name, value)| {
        let _ = writeln!(text, "{name:width$}  {}", clean(value));
        text
    })
}

/// A text without what could move a terminal's cursor, change its colours or turn its reading direction.
#[must_use]
pub fn clean(text: &str) -> String {
    let is_shown = |c: &char| !c.is_control() && !matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    text.chars().map(|c| if matches!(c, '\n' | '\r' | '\t') { ' ' } else { c }).filter(is_shown).collect()
}

/// A point in time as people write it, UTC.
#[must_use]
pub fn time(at: Millis) -> String {
    i64::try_from(at.0)
        .ok()
        .and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok())
        .map(|stamp| stamp.strftime("%Y-%m-%d %H:%M:%S").to_string())
        .unwrap_or_default()
}

/// The local time of day.
#[must_use]
pub fn clock(at: Millis) -> String {
    i64::try_from(at.0)
        .ok()
        .and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok())
        .map(|stamp| stamp.to_zoned(jiff::tz::TimeZone::system()).strftime("%H:%M").to_string())
        .unwrap_or_default()
}

/// How long ago something was, in the largest unit that fits.
#[must_use]
pub fn ago(at: Option<Millis>, now: Millis) -> String {
    let Some(at) = at else { return "never".to_owned() };
    let seconds = now.since(at) / 1000;
    match seconds {
        0..=1 => "now".to_owned(),
        2..=119 => format!("{seconds} s ago"),
        120..=7199 => format!("{} min ago", seconds / 60),
        7200..=172_799 => format!("{} h ago", seconds / 3600),
        _ => format!("{} days ago", seconds / 86_400),
    }
}

/// "1 room", "2 rooms".
#[must_use]
pub fn count(n: u64, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_as_wide_as_its_widest_cells_and_has_no_trailing_blanks() {
        let mut table = Table::new(["PEER", "STATE"]);
        table.row(["globex.example".to_owned(), "open".to_owned()]);
        table.row(["x.example".to_owned(), "closed_by_us".to_owned()]);
        assert_eq!(table.to_string(), "PEER            STATE\nglobex.example  open\nx.example       closed_by_us\n");
    }

    #[test]
    fn cells_cannot_command_the_terminal() {
        let mut table = Table::new(["NAME"]);
        table.row(["Bob\u{1b}[2J\u{202e}\nEve".to_owned()]);
        assert_eq!(table.to_string(), "NAME\nBob[2J Eve\n");
    }

    #[test]
    fn empty_fields_are_left_out() {
        let text =
            fields([("peer", "globex.example".to_owned()), ("why", String::new()), ("state", "open".to_owned())]);
        assert_eq!(text, "peer   globex.example\nstate  open\n");
    }

    #[test]
    fn times_are_told_in_the_unit_that_fits() {
        let now = Millis(1_000_000_000_000);
        assert_eq!(ago(None, now), "never");
        assert_eq!(ago(Some(now), now), "now");
        assert_eq!(ago(Some(Millis(now.0 - 61_000)), now), "61 s ago");
        assert_eq!(ago(Some(Millis(now.0 - 3_600_000)), now), "60 min ago");
        assert_eq!(ago(Some(Millis(now.0 - 3 * 86_400_000)), now), "3 days ago");
        assert_eq!(time(Millis(0)), "1970-01-01 00:00:00");
    }

    #[test]
    fn one_room_is_not_1_rooms() {
        assert_eq!(count(1, "room", "rooms"), "1 room");
        assert_eq!(count(0, "room", "rooms"), "0 rooms");
    }
}
