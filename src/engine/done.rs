//! Requests that were done under an idempotency key, so that a repeated one is answered and not done again.

use super::IdempotencyKey;
use crate::model::{Millis, journal::Outcome, limits};
use std::collections::{HashMap, VecDeque};

/// The remembered keys.
#[derive(Debug, Default)]
pub struct Done {
    outcomes: HashMap<[u8; 16], ([u8; 8], Outcome)>,
    order: VecDeque<([u8; 16], Millis)>,
}

/// What is known of a key.
#[derive(Debug, PartialEq)]
pub enum Known {
    /// Nothing: do it.
    New,
    /// It was done; this was answered.
    Done(Outcome),
    /// The key named another request.
    Reused,
}

impl Done {
    /// Looks a key up.
    pub fn find(&self, key: IdempotencyKey) -> Known {
        match self.outcomes.get(&key.key) {
            None => Known::New,
            Some((request, outcome)) if *request == key.request => Known::Done(outcome.clone()),
            Some(_) => Known::Reused,
        }
    }

    /// Remembers an outcome, and forgets what is too old or too much.
    pub fn insert(&mut self, key: IdempotencyKey, outcome: Outcome, at: Millis, now: Millis) {
        if self.outcomes.insert(key.key, (key.request, outcome)).is_none() {
            self.order.push_back((key.key, at));
        }
        while let Some((oldest, since)) = self.order.front() {
            if self.order.len() <= limits::IDEMPOTENCY_KEYS_MAX && now.since(*since) <= limits::IDEMPOTENCY_MS_MAX {
                break;
            }
            self.outcomes.remove(oldest);
            self.order.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: u8) -> IdempotencyKey {
        IdempotencyKey { key: [n; 16], request: [1; 8] }
    }

    #[test]
    fn a_repeated_key_gets_the_first_answer() {
        let mut done = Done::default();
        done.insert(key(1), Outcome::Serial(7), Millis(0), Millis(0));
        assert_eq!(done.find(key(1)), Known::Done(Outcome::Serial(7)));
        assert_eq!(done.find(key(2)), Known::New);
    }

    #[test]
    fn a_key_for_another_request_is_refused() {
        let mut done = Done::default();
        done.insert(key(1), Outcome::Done, Millis(0), Millis(0));
        assert_eq!(done.find(IdempotencyKey { key: [1; 16], request: [2; 8] }), Known::Reused);
    }

    #[test]
    fn keys_are_forgotten_after_their_time() {
        let mut done = Done::default();
        done.insert(key(1), Outcome::Done, Millis(0), Millis(0));
        let later = Millis(limits::IDEMPOTENCY_MS_MAX + 1);
        done.insert(key(2), Outcome::Done, later, later);
        assert_eq!(done.find(key(1)), Known::New);
        assert_eq!(done.find(key(2)), Known::Done(Outcome::Done));
    }
}
