//! The terminal client: rooms, messages and a place to write, kept true by live events. The state is changed by keys,
//! events and answers, and drawn by a pure function; only this file knows the terminal.

mod answer;
mod composer;
mod hear;
mod keys;
mod pages;
mod slash;
mod state;
mod timeline;
mod view;
mod wish;
mod work;

#[cfg(test)]
mod tests;

use crate::{
    api::client::dto::Me,
    cli::{
        failure::{Done, Failure},
        http::Http,
        sse::Events,
    },
    clock::{Clock as _, SystemClock, SystemRandom, random_16},
    model::id::hex,
};
use futures_util::{StreamExt as _, future::LocalBoxFuture, stream::FuturesUnordered};
use jiff::tz::TimeZone;
use ratatui::{
    DefaultTerminal,
    crossterm::{
        event::{self, DisableBracketedPaste, EnableBracketedPaste, Event, KeyEventKind},
        execute,
    },
};
use state::State;
use std::{io, panic, thread, time::Duration};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::mpsc,
};
use wish::{Answer, Wish};

/// How often what passes by itself is looked at.
const TICK: Duration = Duration::from_millis(500);

/// Talks until the person ends it.
pub async fn run(http: Http, me: Me, with: Option<String>) -> Done {
    let mut events = Events::open(&http, None).await?;
    let mut signals = Signals::new()?;
    let mut screen = Screen::open()?;
    let size = screen.terminal.size()?;
    let state = State::new(me, TimeZone::system(), SystemClock.now(), (size.width, size.height));
    let (sender, mut told) = mpsc::unbounded_channel();
    let mut client = Client { http, state, told: sender, work: FuturesUnordered::new(), is_over: false };
    client.wish(vec![Wish::ReadAll]);
    client.wish(with.into_iter().map(Wish::Find).collect());
    let mut keys = keys();
    let mut ticks = tokio::time::interval(TICK);
    while !client.is_over {
        // Asked for and not only heard: the event of another size can be lost behind others.
        let size = screen.terminal.size()?;
        client.state.size = (size.width, size.height);
        screen.terminal.draw(|frame| view::draw(frame, &client.state)).map_err(Failure::fault)?;
        let wishes = tokio::select! {
            key = keys.recv() => match key {
                Some(event) => client.take_event(event),
                None => break,
            },
            live = events.next() => client.state.hear(live?),
            Some(answer) = client.work.next() => client.state.take(answer),
            Some(words) = told.recv() => client.state.take(Answer::Told(words)),
            () = signals.next() => break,
            _ = ticks.tick() => Vec::new(),
        };
        client.state.pass(SystemClock.now());
        if wishes.contains(&Wish::Redraw) {
            screen.terminal.clear().map_err(Failure::fault)?;
        }
        client.wish(wishes);
    }
    Ok(())
}

struct Client {
    http: Http,
    state: State,
    told: mpsc::UnboundedSender<String>,
    work: FuturesUnordered<LocalBoxFuture<'static, Answer>>,
    is_over: bool,
}

impl Client {
    fn wish(&mut self, wishes: Vec<Wish>) {
        for wish in wishes {
            self.is_over |= wish == Wish::Quit;
            let (http, me, told) = (self.http.clone(), self.state.me.clone(), self.told.clone());
            self.work.push(Box::pin(work::fulfil(http, me, wish, told)));
        }
    }

    fn take_event(&mut self, event: Event) -> Vec<Wish> {
        match event {
            Event::Key(key) if key.kind != KeyEventKind::Release => {
                self.state.press(key, || hex(&random_16(&mut SystemRandom)))
            }
            Event::Paste(text) => self.state.paste(&text),
            Event::Resize(width, height) => {
                self.state.size = (width, height);
                view::keep_in_overlay(&mut self.state);
                Vec::new()
            }
            _ => Vec::new(),
        }
    }
}

/// Keys as they come; none when the terminal has gone away.
fn keys() -> mpsc::Receiver<Event> {
    let (sender, keys) = mpsc::channel(64);
    thread::spawn(move || {
        while let Ok(event) = event::read() {
            if sender.blocking_send(event).is_err() {
                return;
            }
        }
    });
    keys
}

/// The terminal, as long as it is ours. It is given back however the client ends: also by a panic, before its words.
struct Screen {
    terminal: DefaultTerminal,
}

impl Screen {
    fn open() -> Done<Self> {
        let terminal = ratatui::try_init().map_err(Failure::fault)?;
        let hook = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            give_back();
            hook(panic);
        }));
        let screen = Self { terminal };
        execute!(io::stdout(), EnableBracketedPaste).map_err(Failure::fault)?;
        Ok(screen)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

fn give_back() {
    // Where the terminal has gone away nothing is left to be given back.
    let _ = execute!(io::stdout(), DisableBracketedPaste);
    let _ = ratatui::try_restore();
}

/// The signals that end the client.
struct Signals([Signal; 3]);

impl Signals {
    fn new() -> Done<Self> {
        Ok(Self([signal(SignalKind::terminate())?, signal(SignalKind::hangup())?, signal(SignalKind::interrupt())?]))
    }

    async fn next(&mut self) {
        let [terminate, hangup, interrupt] = &mut self.0;
        tokio::select! {
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
            _ = interrupt.recv() => {}
        }
    }
}
