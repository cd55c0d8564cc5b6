//! The list of rooms: who, where from, and how much is new.

use super::{
    super::state::{Focus, State},
    EXTERNAL, FAINT, STRONG,
    wrap::{cut, under_cursor, width},
};
use crate::{api::client::dto::Room, cli::screen::clean};
use ratatui::{
    Frame,
    layout::{Position, Rect},
    style::{Color, Modifier, Style},
    text::{Line, Span},
    widgets::{Block, Borders, Paragraph},
};

/// Draws the list.
pub fn draw(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let has_focus = state.focus == Focus::Rooms && state.overlay.is_none();
    let style = if has_focus { Style::new().fg(Color::Cyan) } else { FAINT };
    let block = Block::new().borders(Borders::RIGHT).border_style(style);
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let top = Rect { height: 1.min(inner.height), ..inner };
    draw_top(frame, top, state, has_focus);
    let list = Rect { y: inner.y + top.height, height: inner.height - top.height, ..inner };
    let rooms = state.listed();
    let picked = rooms.iter().position(|room| state.picked.as_ref() == Some(&room.id));
    let each = 2;
    let shown = usize::from(list.height) / each;
    let from = picked.map_or(0, |at| (at + 1).saturating_sub(shown.max(1)));
    let lines: Vec<Line<'_>> = rooms
        .iter()
        .enumerate()
        .skip(from)
        .flat_map(|(at, room)| row(state, room, Some(at) == picked && has_focus, usize::from(list.width)))
        .collect();
    if lines.is_empty() {
        let none = if state.rooms.is_empty() { "no rooms yet" } else { "no such room" };
        frame.render_widget(Paragraph::new(none).style(FAINT), list);
    }
    frame.render_widget(Paragraph::new(lines), list);
}

fn draw_top(frame: &mut Frame<'_>, area: Rect, state: &State, has_focus: bool) {
    let cells = usize::from(area.width);
    let Some(search) = &state.search else {
        let unread = state.unread();
        let unread = if unread > 0 { format!(" ({unread} new)") } else { String::new() };
        frame.render_widget(Paragraph::new(cut(&format!("Rooms{unread}"), cells)).style(STRONG), area);
        return;
    };
    frame.render_widget(Paragraph::new(format!("/{}", cut(search.text(), cells.saturating_sub(2)))), area);
    if has_focus {
        let (_, (_, column)) = under_cursor(search.text(), search.at(), usize::MAX);
        let x = area.x + 1 + u16::try_from(column).unwrap_or(0);
        frame.set_cursor_position(Position { x: x.min(area.right().saturating_sub(1)), y: area.y });
    }
}

/// Two lines: name and new messages; organization, or that one types, or that something waits to be sent.
fn row(state: &State, room: &Room, is_picked: bool, cells: usize) -> [Line<'static>; 2] {
    let is_open = state.is_open(&room.id);
    let mark = if is_open { "▌" } else { " " };
    let unread = if room.unread > 0 { format!(" {}", room.unread) } else { String::new() };
    let name = cut(&state.room_name(room), cells.saturating_sub(3 + width(&unread)));
    let blank = " ".repeat(cells.saturating_sub(2 + width(&name) + width(&unread)));
    let strength = if room.unread > 0 || is_open { STRONG } else { Style::new() };
    let presence = match room.with.as_ref().and_then(|with| state.presence.get(with)).map(String::as_str) {
        Some("online") => Span::styled("●", super::GOOD),
        Some("away") => Span::styled("○", super::GOOD),
        _ => Span::raw(" "),
    };
    let first = Line::from(vec![
        Span::styled(mark, Style::new().fg(Color::Cyan)),
        presence,
        Span::styled(name, strength),
        Span::raw(blank),
        Span::styled(unread, STRONG.fg(Color::Cyan)),
    ]);
    let (below, style) = below(state, room);
    let second = Line::from(vec![
        Span::styled(mark, Style::new().fg(Color::Cyan)),
        Span::styled(
            format!(" {:<width$}", cut(&below, cells.saturating_sub(3)), width = cells.saturating_sub(3)),
            style,
        ),
    ]);
    match is_picked {
        true => [first, second].map(|line| line.style(Style::new().add_modifier(Modifier::REVERSED))),
        false => [first, second],
    }
}

fn below(state: &State, room: &Room) -> (String, Style) {
    let typing = state.typing_in(&room.id);
    if !typing.is_empty() {
        return ("typing ...".to_owned(), super::GOOD);
    }
    if state.drafts.contains_key(&room.id) {
        return ("draft".to_owned(), FAINT);
    }
    match room.partner_name.as_deref().or(room.partner.as_deref()).filter(|_| room.external) {
        Some(org) if room.writable => (format!("ext {}", clean(org)), EXTERNAL),
        Some(org) => (format!("ext {}, closed", clean(org)), super::BAD),
        None => ("internal".to_owned(), FAINT),
    }
}
