//! How the state looks: a pure function of it.

mod messages;
mod overlay;
mod rooms;
pub mod wrap;

use super::{
    state::{About, Focus, State},
    timeline::Place,
};
use crate::{
    api::client::dto::Room,
    cli::screen::{ago, clean},
    model::Millis,
};
use messages::Laid;
use ratatui::{
    Frame,
    layout::{Constraint, Layout, Position, Rect},
    style::{Color, Modifier, Style},
    text::{Line, Span},
    widgets::{Block, BorderType, Borders, Clear, Paragraph},
};
use wrap::{cut, under_cursor, wrap};

/// Below this width the list of rooms and the room take turns.
const NARROW: u16 = 72;
const SIDEBAR: u16 = 30;
/// The most lines that one sees of what one writes.
const COMPOSER_LINES_MAX: usize = 6;

/// What stands aside: times, hints.
const FAINT: Style = Style::new().fg(Color::DarkGray);
/// What is of another organization (P11).
const EXTERNAL: Style = Style::new().fg(Color::Yellow);
const BAD: Style = Style::new().fg(Color::Red);
const GOOD: Style = Style::new().fg(Color::Green);
const STRONG: Style = Style::new().add_modifier(Modifier::BOLD);

/// Where everything is.
#[derive(Clone, Copy, Debug)]
struct Areas {
    rooms: Rect,
    head: Rect,
    banner: Rect,
    messages: Rect,
    typing: Rect,
    composer: Rect,
    foot: Rect,
}

fn areas(state: &State) -> Areas {
    let (width, height) = state.size;
    let [body, foot] =
        Layout::vertical([Constraint::Min(1), Constraint::Length(1)]).areas(Rect::new(0, 0, width, height));
    let sidebar = match (width < NARROW, state.focus) {
        (false, _) => SIDEBAR,
        (true, Focus::Rooms) => width,
        (true, _) => 0,
    };
    let [rooms, room] = Layout::horizontal([Constraint::Length(sidebar), Constraint::Min(0)]).areas(body);
    let banner = banner(state).map_or(0, |text| wrap(&text, usize::from(room.width)).len().min(3));
    let writing = usize::from(room.width.saturating_sub(2));
    let lines = under_cursor(state.composer.text(), state.composer.at(), writing).0.len().clamp(1, COMPOSER_LINES_MAX);
    let about = usize::from(state.about.is_some());
    let rows = |n: usize| Constraint::Length(u16::try_from(n).unwrap_or(0));
    let [head, banner, messages, typing, composer] =
        Layout::vertical([rows(1), rows(banner), Constraint::Min(1), rows(1), rows(lines + about + 1)]).areas(room);
    Areas { rooms, head, banner, messages, typing, composer, foot }
}

/// Draws everything.
pub fn draw(frame: &mut Frame<'_>, state: &State) {
    let areas = areas(state);
    if areas.rooms.width > 0 {
        rooms::draw(frame, areas.rooms, state);
    }
    match state.room() {
        Some(room) if areas.head.width > 0 => draw_room(frame, &areas, state, room),
        None if areas.head.width > 0 => draw_welcome(frame, areas.messages, state),
        _ => {}
    }
    draw_foot(frame, areas.foot, state);
    if let Some(overlay) = &state.overlay {
        overlay::draw(frame, state, overlay);
    }
}

fn draw_room(frame: &mut Frame<'_>, areas: &Areas, state: &State, room: &Room) {
    frame.render_widget(Paragraph::new(head(state, room, usize::from(areas.head.width))), areas.head);
    if let Some(text) = banner(state) {
        let lines: Vec<Line<'_>> = wrap(&text, usize::from(areas.banner.width)).into_iter().map(Line::from).collect();
        frame.render_widget(Paragraph::new(lines).style(BAD.add_modifier(Modifier::REVERSED)), areas.banner);
    }
    draw_messages(frame, areas.messages, state);
    let typing = state.typing_in(&room.id);
    let typing = match typing.as_slice() {
        [] => String::new(),
        [one] => format!("{one} is typing ..."),
        several => format!("{} are typing ...", several.join(", ")),
    };
    frame.render_widget(Paragraph::new(cut(&typing, usize::from(areas.typing.width))).style(FAINT), areas.typing);
    draw_composer(frame, areas.composer, state, room);
}

fn head(state: &State, room: &Room, cells: usize) -> Line<'static> {
    let mut spans = vec![Span::styled(cut(&state.room_name(room), cells), STRONG)];
    if room.external {
        let org = room.partner_name.as_deref().or(room.partner.as_deref()).unwrap_or_default();
        spans.push(Span::styled(format!("  [external: {}]", clean(org)), EXTERNAL));
    }
    let aside = match &room.with {
        Some(with) => {
            let presence = state.presence.get(with).map(|it| format!(", {}", clean(it))).unwrap_or_default();
            format!("  {}{presence}", clean(with))
        }
        None => format!("  {}", crate::cli::screen::count(room.members_count, "member", "members")),
    };
    spans.push(Span::styled(aside, FAINT));
    Line::from(spans)
}

/// What stands in the way of talking here, since when, and what becomes of messages.
fn banner(state: &State) -> Option<String> {
    let room = state.room()?;
    let peer = room.partner.as_deref().and_then(|partner| state.peer(partner));
    let org = peer.map(|peer| clean(&peer.org_name)).unwrap_or_default();
    let contact = |at: Option<u64>| ago(at.map(Millis), state.now);
    match peer.map(|peer| (peer.state.as_str(), peer.last_contact_at)) {
        Some(("closed_by_us", _)) => {
            Some(format!("Messaging with {org} is switched off by our admin. What was said can still be read."))
        }
        Some(("closed_by_them" | "pinned", _)) => {
            Some(format!("Messaging with {org} is switched off by their admin. What was said can still be read."))
        }
        Some(("stale", at)) => Some(format!(
            "{org} was last heard of {}. Messages wait here, safe, and cross when it is back.",
            contact(at)
        )),
        Some(("quarantined", _)) => {
            Some(format!("Messaging with {org} is held until the admins have cleared a contradiction."))
        }
        Some(("open", _)) | None => match &room.why_not {
            Some(why) if !room.writable => Some(format!("Nothing can be written here now: {}", clean(&why.detail))),
            _ => None,
        },
        Some(_) => Some(format!("The link with {org} is being set up. Messages wait here until it is.")),
    }
}

fn draw_messages(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let Some(open) = &state.open else { return };
    if !open.is_read && open.items.is_empty() {
        frame.render_widget(Paragraph::new("reading ...").style(FAINT), area);
        return;
    }
    let laid = messages::lay(state, usize::from(area.width));
    let height = usize::from(area.height);
    let bottom = laid.bottom(open.place, height);
    let lines: Vec<Line<'_>> =
        laid.lines[bottom.saturating_sub(height)..bottom].iter().map(|(_, line)| line.clone()).collect();
    let blank = u16::try_from(height.saturating_sub(lines.len())).unwrap_or(0);
    let area = Rect { y: area.y + blank, height: area.height - blank, ..area };
    frame.render_widget(Paragraph::new(lines), area);
    let below = laid.lines.len() - bottom;
    if below > 0 {
        let text = format!(" {below} more lines below (PgDn) ");
        let width = u16::try_from(wrap::width(&text)).unwrap_or(0).min(area.width);
        let place = Rect { x: area.right() - width, y: area.bottom().saturating_sub(1), width, height: 1 };
        frame.render_widget(Paragraph::new(text).style(Style::new().add_modifier(Modifier::REVERSED)), place);
    }
}

fn draw_composer(frame: &mut Frame<'_>, area: Rect, state: &State, room: &Room) {
    let has_focus = state.focus == Focus::Composer && state.overlay.is_none();
    let style = if has_focus { Style::new().fg(Color::Cyan) } else { FAINT };
    let block = Block::new().borders(Borders::TOP).border_type(BorderType::Plain).border_style(style);
    let mut inner = block.inner(area);
    frame.render_widget(block, area);
    if let Some(about) = state.about {
        let text = match about {
            About::Answer(index) => format!("Answer to #{index}: {} (Esc: no answer)", quoted(state, index)),
            About::Edit(index) => format!("Changing #{index} (Esc: leave it as it is)"),
        };
        let line = Rect { height: 1.min(inner.height), ..inner };
        frame.render_widget(Paragraph::new(cut(&text, usize::from(inner.width))).style(EXTERNAL), line);
        inner.y += line.height;
        inner.height -= line.height;
    }
    if !room.writable && state.composer.is_blank() {
        frame.render_widget(Paragraph::new("Nothing can be written here now.").style(FAINT), inner);
        return;
    }
    let text = Rect { x: inner.x + 2.min(inner.width), width: inner.width.saturating_sub(2), ..inner };
    frame.render_widget(Paragraph::new("> ").style(style), inner);
    if state.composer.text().is_empty() {
        let hint = match has_focus {
            true => "Enter sends, Alt+Enter begins a new line, F1 helps",
            false => "Tab or Esc comes back here",
        };
        frame.render_widget(Paragraph::new(cut(hint, usize::from(text.width))).style(FAINT), text);
    }
    let (lines, (row, column)) = under_cursor(state.composer.text(), state.composer.at(), usize::from(text.width));
    let from = (row + 1).saturating_sub(usize::from(text.height));
    if !state.composer.text().is_empty() {
        let lines: Vec<Line<'_>> = lines.into_iter().skip(from).map(Line::from).collect();
        frame.render_widget(Paragraph::new(lines), text);
    }
    if has_focus {
        let at = |n: usize| u16::try_from(n).unwrap_or(0);
        frame.set_cursor_position(Position { x: text.x + at(column), y: text.y + at(row.saturating_sub(from)) });
    }
}

fn quoted(state: &State, index: u64) -> String {
    let item = state.open.as_ref().and_then(|open| open.items.get(&index));
    item.map(|item| clean(item.text())).unwrap_or_default()
}

fn draw_welcome(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let words = match state.rooms.is_empty() {
        true => "You are in no room yet. Ctrl+T adds somebody of a partner organization.",
        false => "Choose a room with the arrow keys and press Enter. F1 helps.",
    };
    let lines: Vec<Line<'_>> =
        wrap(words, usize::from(area.width.saturating_sub(4))).into_iter().map(Line::from).collect();
    let area = Rect { x: area.x + 2.min(area.width), width: area.width.saturating_sub(2), ..area };
    frame.render_widget(Paragraph::new(lines).style(FAINT), area);
}

fn draw_foot(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let width = usize::from(area.width);
    let (text, style) = match (&state.remark, state.is_connected) {
        (Some(remark), _) => (format!(" {}", remark.text), if remark.is_bad { BAD } else { GOOD }),
        (None, false) => {
            let waiting = match state.letters.len() {
                0 => String::new(),
                n => format!(
                    " {} here until then.",
                    crate::cli::screen::count(n as u64, "message waits", "messages wait")
                ),
            };
            (format!(" No connection to the daemon; trying again.{waiting}"), BAD)
        }
        (None, true) => {
            (format!(" {}   F1 help  Tab next  ^K rooms  ^T contact  ^Q quit", clean(&state.me.address)), FAINT)
        }
    };
    frame.render_widget(Clear, area);
    frame.render_widget(Paragraph::new(cut(&text, width)).style(style.add_modifier(Modifier::REVERSED)), area);
}

fn laid(state: &State) -> (Laid, usize) {
    let area = areas(state).messages;
    (messages::lay(state, usize::from(area.width)), usize::from(area.height))
}

/// How many lines of messages are in sight.
#[must_use]
pub fn messages_height(state: &State) -> usize {
    usize::from(areas(state).messages.height)
}

/// Moves what is in sight by so many lines: up when negative.
pub fn scroll(state: &mut State, by: isize) {
    let (laid, height) = laid(state);
    let Some(open) = &mut state.open else { return };
    let bottom = laid.bottom(open.place, height).saturating_add_signed(by);
    open.place = laid.place(bottom.clamp(height.min(laid.lines.len()), laid.lines.len()));
}

/// Brings the message that is chosen into sight.
pub fn show_picked(state: &mut State) {
    let (laid, height) = laid(state);
    let Some(open) = &mut state.open else { return };
    let Some((first, last)) = open.picked.and_then(|picked| laid.lines_of(picked)) else { return };
    let bottom = laid.bottom(open.place, height);
    let top = bottom.saturating_sub(height);
    if first < top {
        open.place = laid.place((first + height).min(laid.lines.len()));
    } else if last >= bottom {
        open.place = laid.place(last + 1);
    }
}

/// Whether the beginning of what is known is nearly in sight.
#[must_use]
pub fn is_near_top(state: &State) -> bool {
    let (laid, height) = laid(state);
    let place = state.open.as_ref().map_or(Place::End, |open| open.place);
    laid.bottom(place, height) < 3 * height
}

/// What lies over everything is not scrolled out of sight.
pub fn keep_in_overlay(state: &mut State) {
    overlay::keep(state);
}
