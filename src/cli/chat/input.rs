//! Lines from a person at a terminal, with a prompt that survives arriving messages, or from a script.

use crate::cli::failure::{Done, Failure};
use rustyline::{DefaultEditor, ExternalPrinter, error::ReadlineError};
use std::{
    io::{self, BufRead as _, IsTerminal as _, Write as _},
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread,
};
use tokio::sync::mpsc;

/// Where lines come from.
#[derive(Debug)]
pub struct Input {
    lines: mpsc::Receiver<String>,
    go: SyncSender<()>,
    printer: Option<Printer>,
    is_terminal: bool,
}

/// Where arriving lines are written.
pub enum Printer {
    /// Above the prompt.
    AbovePrompt(Box<dyn ExternalPrinter + Send>),
    /// Standard output.
    Stdout,
}

impl std::fmt::Debug for Printer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Printer")
    }
}

impl Printer {
    /// Writes a line. A reader that has gone away is no failure.
    pub fn line(&mut self, text: &str) -> Done {
        match self {
            Self::AbovePrompt(printer) => printer.print(format!("{text}\n")).map_err(Failure::fault),
            Self::Stdout => {
                let mut out = io::stdout().lock();
                let _ = writeln!(out, "{text}").and_then(|()| out.flush());
                Ok(())
            }
        }
    }
}

impl Input {
    /// Opens the input: a line editor at a terminal, plain lines otherwise.
    pub fn open(prompt: &str) -> Done<Self> {
        let (sender, lines) = mpsc::channel(1);
        let (go, gone_on) = sync_channel(1);
        let is_terminal = io::stdin().is_terminal() && io::stdout().is_terminal();
        let printer = if is_terminal {
            let mut editor = DefaultEditor::new().map_err(Failure::fault)?;
            let printer = editor.create_external_printer().map_err(Failure::fault)?;
            let prompt = prompt.to_owned();
            thread::spawn(move || edit_lines(&mut editor, &prompt, &sender, &gone_on));
            Printer::AbovePrompt(Box::new(printer))
        } else {
            thread::spawn(move || read_lines(&sender, &gone_on));
            Printer::Stdout
        };
        Ok(Self { lines, go, printer: Some(printer), is_terminal })
    }

    /// Whether a person types.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        self.is_terminal
    }

    /// Where arriving lines are to be written. Given once; standard output after that.
    pub fn printer(&mut self) -> Printer {
        self.printer.take().unwrap_or(Printer::Stdout)
    }

    /// The next line; none at the end.
    pub async fn next(&mut self) -> Option<String> {
        self.lines.recv().await
    }

    /// The last line is dealt with. Only then is the next one asked for: a terminal that waits for a line is in raw mode,
    /// and must not be when the process ends.
    pub fn go_on(&self) {
        // An input that has ended needs no answer.
        let _ = self.go.send(());
    }
}

/// Whether a person sits at a terminal that can do more than print.
#[must_use]
pub fn is_at_terminal() -> bool {
    let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    io::stdin().is_terminal() && io::stdout().is_terminal() && !is_dumb
}

fn edit_lines(editor: &mut DefaultEditor, prompt: &str, lines: &mpsc::Sender<String>, go: &Receiver<()>) {
    loop {
        match editor.readline(prompt) {
            Ok(line) => {
                if !line.trim().is_empty() {
                    let _ = editor.add_history_entry(line.as_str());
                }
                if lines.blocking_send(line).is_err() || go.recv().is_err() {
                    return;
                }
            }
            // Ctrl-C and Ctrl-D both end the conversation; dropping the sender says so.
            Err(ReadlineError::Interrupted | ReadlineError::Eof) => return,
            Err(error) => {
                eprintln!("handclasp: the terminal cannot be read: {error}");
                return;
            }
        }
    }
}

fn read_lines(lines: &mpsc::Sender<String>, go: &Receiver<()>) {
    for line in io::stdin().lock().lines() {
        let Ok(line) = line else { return };
        if lines.blocking_send(line).is_err() || go.recv().is_err() {
            return;
        }
    }
}
