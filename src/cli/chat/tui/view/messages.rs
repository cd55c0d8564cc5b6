//! The messages of the open room as lines: days, who and when, what is answered, text, files, reactions, delivery, readers.

use super::{
    super::{
        state::State,
        timeline::{Item, Key, Place, Timeline},
    },
    BAD, EXTERNAL, FAINT, GOOD, STRONG,
    wrap::{cut, width, wrap},
};
use crate::{
    api::client::dto::{Delivery, Event},
    cli::{chat::show, screen::clean},
    model::Millis,
};
use jiff::{Timestamp, Zoned, civil, tz::TimeZone};
use ratatui::{
    style::{Color, Modifier, Style},
    text::{Line, Span},
};

/// Messages of one person within this time stand under one name.
const TOGETHER_MS: u64 = 5 * 60_000;
const INDENT: usize = 2;

/// All lines that are known, and of which row each is.
pub struct Laid {
    /// The lines, oldest first.
    pub lines: Vec<(Key, Line<'static>)>,
}

impl Laid {
    /// Behind which line the window ends.
    pub fn bottom(&self, place: Place, height: usize) -> usize {
        let end = self.lines.len();
        let bottom = match place {
            Place::End => end,
            Place::Above(key, lines) => self
                .lines
                .iter()
                .rposition(|(known, _)| *known <= key)
                .map_or(end, |last| (last + 1).saturating_sub(lines)),
        };
        bottom.clamp(height.min(end), end)
    }

    /// What names the window that ends behind this line, so that it stays when others come above or below.
    pub fn place(&self, bottom: usize) -> Place {
        match bottom.checked_sub(1).and_then(|last| self.lines.get(last)) {
            Some((key, _)) if bottom < self.lines.len() => {
                let below = self.lines[bottom..].iter().take_while(|(other, _)| other == key).count();
                Place::Above(*key, below)
            }
            _ => Place::End,
        }
    }

    /// The first and the last line of an event.
    pub fn lines_of(&self, index: u64) -> Option<(usize, usize)> {
        let is_it = |(key, _): &(Key, Line<'_>)| *key == Key::Item(index);
        Some((self.lines.iter().position(is_it)?, self.lines.iter().rposition(is_it)?))
    }
}

/// Lays out what is known of the open room.
pub fn lay(state: &State, cells: usize) -> Laid {
    let Some(open) = &state.open else { return Laid { lines: Vec::new() } };
    let mut page = Page { state, open, cells, lines: Vec::new(), day: None, before: None };
    page.top();
    for (index, item) in &open.items {
        page.item(*index, item);
    }
    for (number, (event, delivery)) in &open.pending {
        page.begin(Key::Pending(*number), event.made_at, event.author.as_deref(), event.kind == "message");
        page.said(Key::Pending(*number), event, None, event.text.as_deref().unwrap_or_default());
        page.delivery(Key::Pending(*number), Some(delivery));
    }
    for (at, letter) in state.letters.iter().enumerate().filter(|(_, letter)| letter.room == open.room) {
        page.begin(Key::Letter(at), state.now.0, Some(&state.me.address), true);
        page.text(Key::Letter(at), &letter.text, FAINT);
        let why = if state.is_connected { "… sending" } else { "… waits for the connection" };
        page.put(Key::Letter(at), Line::styled(format!("  {why}"), FAINT));
    }
    Laid { lines: page.lines }
}

struct Page<'a> {
    state: &'a State,
    open: &'a Timeline,
    cells: usize,
    lines: Vec<(Key, Line<'static>)>,
    day: Option<civil::Date>,
    /// Who spoke before, and when.
    before: Option<(String, u64)>,
}

impl Page<'_> {
    fn put(&mut self, key: Key, line: Line<'static>) {
        let is_picked = self.open.picked.is_some_and(|picked| key == Key::Item(picked));
        let line = if is_picked { line.patch_style(Style::new().add_modifier(Modifier::REVERSED)) } else { line };
        self.lines.push((key, line));
    }

    fn top(&mut self) {
        let first = self.open.items.keys().next().copied().unwrap_or(0);
        let words = match (self.open.is_reading, self.open.next_before.is_some()) {
            (true, _) => "reading older messages ...",
            (false, true) => "(older messages: PgUp)",
            (false, false) => "This is the beginning of the room.",
        };
        self.put(Key::Item(first), Line::styled(cut(words, self.cells), FAINT));
    }

    fn item(&mut self, index: u64, item: &Item) {
        let key = Key::Item(index);
        let is_message = item.event.kind == "message";
        if self.open.first_unread == Some(index) {
            self.rule(key, " new ", BAD);
            self.before = None;
        }
        self.begin(key, item.event.made_at, item.event.author.as_deref(), is_message);
        if !is_message {
            let what = show::happening(&item.event, |address| self.state.name(address));
            let text = format!("{} #{index} {what}", self.clock(item.event.made_at));
            for line in wrap(&text, self.cells) {
                self.put(key, Line::styled(line, FAINT));
            }
            return;
        }
        if item.is_taken_back() {
            let by = item.now.recalled.as_ref().map(|it| it.by.as_str()).or(item.event.author.as_deref());
            let name = self.state.name(by.unwrap_or_default());
            self.put(key, Line::styled(format!("  (taken back by {name})"), FAINT.add_modifier(Modifier::ITALIC)));
            return;
        }
        self.said(key, &item.event, Some(item), item.text());
        if !item.now.reactions.is_empty() {
            let each = item.now.reactions.iter().map(|it| format!("{} {}", clean(&it.emoji), it.people.len()));
            let words = each.collect::<Vec<_>>().join("   ");
            self.put(key, Line::raw(cut(&format!("  {words}"), self.cells)));
        }
        if item.event.author.as_ref() == Some(&self.state.me.address) {
            self.delivery(key, item.delivery.as_ref());
        }
        self.readers(key, index);
    }

    /// What stands above a row: the day when it is another, and who speaks when it is somebody else.
    fn begin(&mut self, key: Key, at: u64, author: Option<&str>, is_message: bool) {
        let day = zoned(at, &self.state.zone).date();
        if self.day != Some(day) {
            self.day = Some(day);
            self.before = None;
            self.rule(key, &format!(" {} ", day.strftime("%A, %-d %B %Y")), FAINT);
        }
        let Some(author) = author.filter(|_| is_message) else {
            self.before = None;
            return;
        };
        let follows = self.before.as_ref().is_some_and(|(who, when)| who == author && at.abs_diff(*when) < TOGETHER_MS);
        self.before = Some((author.to_owned(), at));
        if !follows {
            let mut spans = vec![Span::styled(cut(&self.state.name(author), self.cells), STRONG.fg(colour(author)))];
            spans.extend(self.state.org(author).map(|org| Span::styled(format!(" [{org}]"), EXTERNAL)));
            let place = if let Key::Item(index) = key { format!(" #{index}") } else { String::new() };
            spans.push(Span::styled(format!("  {}{place}", self.clock(at)), FAINT));
            self.put(key, Line::from(spans));
        }
    }

    fn said(&mut self, key: Key, event: &Event, item: Option<&Item>, text: &str) {
        if let Some(index) = event.reply_to {
            let quote = item.and_then(|item| item.now.quote.as_ref());
            let known = self.open.items.get(&index);
            let (who, what) = match (known, quote) {
                (Some(known), _) if known.is_taken_back() => (known.event.author.clone(), "(taken back)".to_owned()),
                (Some(known), _) => (known.event.author.clone(), clean(known.text())),
                (None, Some(quote)) if quote.recalled => (quote.author.clone(), "(taken back)".to_owned()),
                (None, Some(quote)) => (quote.author.clone(), clean(quote.text.as_deref().unwrap_or_default())),
                (None, None) => (None, String::new()),
            };
            let who = who.map(|who| format!(" {}:", self.state.name(&who))).unwrap_or_default();
            self.put(key, Line::styled(cut(&format!("  | #{index}{who} {what}"), self.cells), FAINT));
        }
        if !text.is_empty() {
            let is_called = event.all == Some(true) || event.mentions.contains(&self.state.me.address);
            self.text(key, text, if is_called { STRONG } else { Style::new() });
        }
        if item.is_some_and(|item| item.now.edited.is_some()) {
            self.put(key, Line::styled("  (edited)", FAINT));
        }
        for file in &event.files {
            let words = format!("  [{}] /save {}", clean(&show::file(file)), number(key));
            self.put(key, Line::styled(cut(&words, self.cells), Style::new().fg(Color::Cyan)));
        }
    }

    /// Line breaks stay; everything else that could command a terminal goes.
    fn text(&mut self, key: Key, text: &str, style: Style) {
        let clean: Vec<String> = text.split('\n').map(clean).collect();
        for line in wrap(&clean.join("\n"), self.cells.saturating_sub(INDENT)) {
            self.put(key, Line::styled(format!("  {line}"), style));
        }
    }

    fn delivery(&mut self, key: Key, delivery: Option<&Delivery>) {
        let Some(delivery) = delivery else { return };
        if delivery.state == "delivered" {
            // A mark behind the last line, where there is room for it.
            match self.lines.last_mut().filter(|(_, line)| line.width() + 2 <= self.cells) {
                Some((_, line)) => line.push_span(Span::styled(" ✓", GOOD)),
                None => self.put(key, Line::styled("  ✓", GOOD)),
            }
            return;
        }
        let words = show::delivery(delivery).unwrap_or_default();
        let style = if delivery.state == "queued" { FAINT } else { BAD };
        for line in wrap(words.trim_start(), self.cells.saturating_sub(INDENT)) {
            self.put(key, Line::styled(format!("  {line}"), style));
        }
    }

    /// Who has read to here and no further.
    fn readers(&mut self, key: Key, index: u64) {
        let next = self.open.messages().map(|(index, _)| index).find(|other| *other > index).unwrap_or(u64::MAX);
        let here = self.open.readers.iter().filter(|(_, read)| (index..next).contains(read));
        let names: Vec<String> = here.map(|(address, _)| self.state.name(address)).collect();
        if !names.is_empty() {
            let text = cut(&format!("read by {}", names.join(", ")), self.cells.saturating_sub(INDENT));
            let blank = " ".repeat(self.cells.saturating_sub(width(&text)));
            self.put(key, Line::styled(format!("{blank}{text}"), FAINT));
        }
    }

    fn rule(&mut self, key: Key, words: &str, style: Style) {
        let sides = self.cells.saturating_sub(width(words)) / 2;
        let side = "─".repeat(sides);
        self.put(key, Line::styled(cut(&format!("{side}{words}{side}"), self.cells), style));
    }

    fn clock(&self, at: u64) -> String {
        zoned(at, &self.state.zone).strftime("%H:%M").to_string()
    }
}

fn zoned(at: u64, zone: &TimeZone) -> Zoned {
    let Millis(ms) = Millis(at);
    let stamp = i64::try_from(ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    stamp.unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(zone.clone())
}

fn number(key: Key) -> String {
    if let Key::Item(index) = key { index.to_string() } else { String::new() }
}

/// One of the colours that every terminal has, the same for a person every time.
fn colour(address: &str) -> Color {
    const COLOURS: [Color; 5] = [Color::Cyan, Color::Green, Color::Magenta, Color::Blue, Color::LightCyan];
    let sum = address.bytes().fold(0_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(usize::from(byte)));
    COLOURS[sum % COLOURS.len()]
}
