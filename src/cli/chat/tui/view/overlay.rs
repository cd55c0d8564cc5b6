//! What lies over everything: help, something to read, a question.

use super::{
    super::{
        slash::COMMANDS,
        state::{Overlay, Question, State},
        wish::Tool,
    },
    FAINT, STRONG,
    wrap::{under_cursor, width, wrap},
};
use ratatui::{
    Frame,
    layout::{Position, Rect},
    style::{Color, Style},
    text::Line,
    widgets::{Block, Borders, Clear, Paragraph},
};

const KEYS: &[(&str, &str)] = &[
    ("Tab, Shift+Tab", "rooms, messages, where one writes"),
    ("Ctrl+K, or / in the list", "search the rooms"),
    ("Ctrl+N, Ctrl+P, Alt+Down, Alt+Up", "the next room, the one before"),
    ("Ctrl+T, or a in the list", "add a contact"),
    ("Enter; Alt+Enter or Ctrl+J", "send; a new line"),
    ("PgUp, PgDn; Home, End", "scroll; to the beginning, the end"),
    ("Up in an empty line", "choose a message"),
    ("  r, e, d, +, s", "answer, change, take back, react, save files"),
    ("F2, F3, F4, F5", "notes, calendar, folder, members"),
    ("Ctrl+L", "draw everything anew"),
    ("Ctrl+Q, or Ctrl+C in an empty line", "end"),
];

/// Draws it.
pub fn draw(frame: &mut Frame<'_>, state: &State, overlay: &Overlay) {
    let area = area(state, overlay);
    let title = match overlay {
        Overlay::Help { .. } => " Help ",
        Overlay::Page { tool: Tool::Notes, .. } => " Notes ",
        Overlay::Page { tool: Tool::Calendar, .. } => " Calendar ",
        Overlay::Page { tool: Tool::Folder, .. } => " Folder ",
        Overlay::Page { tool: Tool::Members, .. } => " Members ",
        Overlay::Ask { question: Question::Contact, .. } => " Add a contact ",
        Overlay::Ask { question: Question::Reaction(_), .. } => " React ",
        Overlay::Ask { question: Question::Recall(_), .. } => " Take back ",
    };
    let close = match overlay {
        Overlay::Ask { .. } => " Enter: go on   Esc: leave ",
        _ => " Esc: leave   arrows: scroll ",
    };
    let block = Block::new().borders(Borders::ALL).border_style(Style::new().fg(Color::Cyan)).title(title);
    let block = block.title_style(STRONG).title_bottom(Line::styled(close, FAINT).right_aligned());
    let inner = block.inner(area);
    frame.render_widget(Clear, area);
    frame.render_widget(block, area);
    match overlay {
        Overlay::Help { from } | Overlay::Page { from, .. } => {
            let lines = lines(overlay, usize::from(inner.width)).into_iter().skip(*from).map(Line::from);
            frame.render_widget(Paragraph::new(lines.collect::<Vec<_>>()), inner);
        }
        Overlay::Ask { question, line, told } => {
            let asked = match question {
                Question::Contact => "Their address (name@organization):",
                Question::Reaction(_) => "Which emoji?",
                Question::Recall(_) => "Take the message back, here and at the partner? yes or no:",
            };
            let cells = usize::from(inner.width);
            let mut lines: Vec<Line<'_>> = wrap(asked, cells).into_iter().map(Line::from).collect();
            let (typed, (row, column)) = under_cursor(line.text(), line.at(), cells);
            let at = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
            frame.set_cursor_position(Position { x: inner.x + at(column), y: inner.y + at(lines.len() + row) });
            lines.extend(typed.into_iter().map(|line| Line::styled(line, STRONG)));
            lines.push(Line::default());
            lines.extend(told.iter().flat_map(|text| wrap(text, cells)).map(Line::from));
            frame.render_widget(Paragraph::new(lines), inner);
        }
    }
}

fn area(state: &State, overlay: &Overlay) -> Rect {
    let (width, height) = state.size;
    let wide = width.min(78);
    let high = match overlay {
        Overlay::Ask { .. } => height.min(11),
        _ => height.saturating_sub(2),
    };
    Rect { x: (width - wide) / 2, y: (height - high) / 2, width: wide, height: high }
}

fn lines(overlay: &Overlay, cells: usize) -> Vec<String> {
    match overlay {
        Overlay::Help { .. } => {
            let both = [KEYS, COMMANDS];
            let widest = both.iter().flat_map(|part| part.iter()).map(|(keys, _)| width(keys)).max().unwrap_or(0);
            let line = |(keys, what): &(&str, &str)| match cells > widest + 24 {
                true => format!("{keys:widest$}  {what}"),
                false => format!("{keys}: {what}"),
            };
            let mut lines: Vec<String> = KEYS.iter().map(line).collect();
            lines.push(String::new());
            lines.extend(COMMANDS.iter().map(line));
            lines.iter().flat_map(|line| wrap(line, cells)).collect()
        }
        Overlay::Page { lines: None, .. } => vec!["reading ...".to_owned()],
        Overlay::Page { lines: Some(lines), .. } => lines.iter().flat_map(|line| hanging(line, cells)).collect(),
        Overlay::Ask { .. } => Vec::new(),
    }
}

/// A line that is too long goes on under its own beginning.
fn hanging(line: &str, cells: usize) -> Vec<String> {
    let text = line.trim_start();
    let blank = " ".repeat((line.len() - text.len()).min(cells / 2));
    wrap(text, cells.saturating_sub(blank.len())).into_iter().map(|piece| format!("{blank}{piece}")).collect()
}

/// Scrolls back what was scrolled out of sight.
pub fn keep(state: &mut State) {
    let Some(overlay) = &state.overlay else { return };
    let area = area(state, overlay);
    let all = lines(overlay, usize::from(area.width.saturating_sub(2))).len();
    let last = all.saturating_sub(usize::from(area.height.saturating_sub(2)));
    if let Some(Overlay::Help { from } | Overlay::Page { from, .. }) = &mut state.overlay {
        *from = (*from).min(last);
    }
}
