//! Questions to the person at the terminal, and secrets that must not stand on a command line.

use super::failure::{Done, Failure};
use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

/// Where a secret comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretFrom {
    /// Asked for at the terminal.
    Terminal,
    /// The first line of standard input.
    Stdin,
}

/// Whether a person can be asked.
#[must_use]
pub fn is_possible() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks for one line. The question goes to stderr, so that stdout stays clean for answers.
pub fn line(question: &str) -> Done<String> {
    eprint!("{question}");
    io::stderr().flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(answer.trim().to_owned())
}

/// Asks for `yes`; anything else is a refusal.
pub fn confirm(question: &str, without_terminal: &str) -> Done {
    if !is_possible() {
        return Err(
            Failure::usage("this needs a confirmation, and there is no terminal to ask at").next(without_terminal)
        );
    }
    match line(&format!("{question} Type yes to go on: "))?.to_lowercase().as_str() {
        "yes" | "y" => Ok(()),
        _ => Err(Failure::refused("not confirmed; nothing was changed")),
    }
}

/// A password that exists already.
pub fn password(prompt: &str, from: SecretFrom) -> Done<String> {
    match from {
        SecretFrom::Stdin => first_line(io::stdin().lock()),
        SecretFrom::Terminal if is_possible() => Ok(rpassword::prompt_password(prompt)?),
        SecretFrom::Terminal => {
            Err(Failure::usage("there is no terminal to ask for the password at").next("use --password-stdin"))
        }
    }
}

/// A new password: asked for twice at a terminal.
pub fn new_password(whose: &str, from: SecretFrom) -> Done<String> {
    let first = password(&format!("New password for {whose}: "), from)?;
    if from == SecretFrom::Terminal && rpassword::prompt_password("The same again: ")? != first {
        return Err(Failure::refused("the two passwords differ; nothing was changed"));
    }
    Ok(first)
}

fn first_line(mut input: impl io::BufRead) -> Done<String> {
    let mut text = String::new();
    input.read_line(&mut text)?;
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        return Err(Failure::usage("no password on standard input"));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_the_first_line_without_its_end() {
        assert_eq!(first_line(&b"correct horse \r\nrest"[..]).expect("a line"), "correct horse ");
        assert!(first_line(&b"\n"[..]).is_err());
    }
}
