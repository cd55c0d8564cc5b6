//! Tells the story: chapters and checked steps, in words or as a line of JSON a step.

use crate::cli::{
    failure::{Done, Failure},
    screen::Screen,
};
use serde_json::{Value, json};
use std::{future::Future, time::Instant};

/// The narrator.
#[derive(Debug)]
pub struct Narrator {
    screen: Screen,
    began: Instant,
    chapters: u32,
    chapter: &'static str,
    steps: u32,
}

impl Narrator {
    /// A narrator who has told nothing yet.
    #[must_use]
    pub fn new(screen: Screen) -> Self {
        Self { screen, began: Instant::now(), chapters: 0, chapter: "", steps: 0 }
    }

    /// Begins a chapter.
    pub fn chapter(&mut self, title: &'static str) -> Done {
        self.chapters += 1;
        self.chapter = title;
        self.words(&format!("\n{}. {title}", self.chapters))
    }

    /// Something that only people read.
    pub fn words(&self, text: &str) -> Done {
        if self.screen.is_json() { Ok(()) } else { self.screen.line(text) }
    }

    /// Does a step and tells what came of it: the work gives a value and the sentence about it.
    ///
    /// # Errors
    /// What went wrong, with the step's name.
    pub async fn step<T>(&mut self, what: &str, work: impl Future<Output = Done<(T, String)>>) -> Done<T> {
        self.steps += 1;
        let began = Instant::now();
        let done = work.await;
        let ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        match done {
            Ok((value, told)) => {
                self.told(what, &told, ms)?;
                Ok(value)
            }
            Err(failure) => Err(self.failed(what, ms, failure)),
        }
    }

    fn told(&self, what: &str, told: &str, ms: u64) -> Done {
        let line = json!({
            "step": self.steps, "chapter": self.chapter, "what": what, "told": told, "ok": true, "ms": ms,
        });
        match self.screen.is_json() {
            true => self.screen.line(&line.to_string()),
            false => self.screen.line(&format!("   ✓ {}", told.replace('\n', "\n     "))),
        }
    }

    fn failed(&self, what: &str, ms: u64, mut failure: Failure) -> Failure {
        if self.screen.is_json() {
            let line = json!({
                "step": self.steps, "chapter": self.chapter, "what": what, "ok": false, "ms": ms,
                "code": failure.code, "detail": failure.message,
            });
            // The failure itself is what counts, and it is reported in any case.
            let _ = self.screen.line(&line.to_string());
        } else {
            let _ = self.screen.line(&format!("   ✗ {what}"));
        }
        failure.message = format!("step {} ({what}) failed: {}", self.steps, failure.message);
        failure
    }

    /// Tells a program what it can go on with; people read it in words.
    pub fn ready(&self, facts: &Value) -> Done {
        if self.screen.is_json() { self.screen.line(&facts.to_string()) } else { Ok(()) }
    }

    /// Ends the story.
    pub fn close(&self, text: &str) -> Done {
        self.words(&format!("\n{text} ({} steps, {:.1} s)", self.steps, self.began.elapsed().as_secs_f64()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::screen::Form;

    #[tokio::test]
    async fn a_failed_step_is_named_and_keeps_its_class() {
        let mut narrator = Narrator::new(Screen::new(Form::Json));
        let failure = narrator.step::<()>("alice says hello", async { Err(Failure::unreachable("nobody is there")) });
        let failure = failure.await.expect_err("it failed");
        assert_eq!(failure.message, "step 1 (alice says hello) failed: nobody is there");
        assert_eq!(failure.exit, crate::cli::failure::Exit::Unreachable);
    }
}
