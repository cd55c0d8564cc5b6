//! Tests of the parts that decide without a network: pauses, allowances, refusals.

use super::{Jitter, backoff::Backoff, lines::Lines, pauses::Pauses, refused::Refused};
use crate::{
    clock::SystemRandom,
    model::{Code, Domain, limits},
    wire::problem::{self, Retry},
};
use http_body_util::BodyExt as _;
use std::{sync::Mutex, time::Duration};

fn jitter() -> Jitter {
    Jitter(Mutex::new(Box::new(SystemRandom)))
}

fn peer() -> Domain {
    "globex.example".parse().expect("a valid domain")
}

#[test]
fn w16_the_backoff_doubles_up_to_its_limit_and_starts_again_after_a_sign_of_life() {
    let (jitter, mut backoff) = (jitter(), Backoff::new());
    let mut longest_ms = limits::BACKOFF_MS_MIN;
    for _ in 0..20 {
        let pause = backoff.next(&jitter);
        assert!(pause <= Duration::from_millis(longest_ms), "{pause:?} in step {longest_ms}");
        assert!(!pause.is_zero());
        longest_ms = (longest_ms * 2).min(limits::BACKOFF_MS_MAX);
    }
    backoff.reset();
    assert!(backoff.next(&jitter) <= Duration::from_millis(limits::BACKOFF_MS_MIN));
}

#[tokio::test(start_paused = true)]
async fn w8_hellos_in_a_row_are_slowed_down() {
    let mut pauses = Pauses::new();
    for _ in 0..limits::HELLO_BURST_MAX {
        assert!(pauses.burst().is_zero());
    }
    assert!(!pauses.burst().is_zero());
    tokio::time::advance(Duration::from_millis(limits::HELLO_PAUSE_MS)).await;
    assert!(pauses.burst().is_zero(), "one more after the pause");
    assert!(!pauses.burst().is_zero());
}

#[tokio::test(start_paused = true)]
async fn a14_refused_requests_use_up_the_allowance_of_the_peer_alone() {
    let lines = Lines::default();
    let line = lines.of(&peer());
    let burst = 2 * limits::PEER_REQUESTS_PER_SECOND_MAX;
    for _ in 0..burst / limits::REFUSED_REQUEST_COST {
        assert!(line.admits());
        line.charge(limits::REFUSED_REQUEST_COST);
    }
    assert!(!line.admits());
    assert!(lines.of(&"initech.example".parse().expect("valid")).admits());
    tokio::time::advance(Duration::from_secs(4)).await;
    assert!(line.admits(), "it comes back with time");
}

#[tokio::test(start_paused = true)]
async fn a28_many_unsound_envelopes_in_a_row_hold_the_direction_for_a_while() {
    let line = Lines::default().of(&peer());
    for _ in 1..limits::UNSOUND_ENVELOPES_MAX {
        assert!(!line.unsound());
    }
    line.sound();
    for _ in 1..limits::UNSOUND_ENVELOPES_MAX {
        assert!(!line.unsound(), "a sound one starts the count again");
    }
    assert!(line.unsound());
    assert!(!line.takes_envelopes());
    tokio::time::advance(Duration::from_millis(limits::PROBE_MS_MIN)).await;
    assert!(line.takes_envelopes());
}

#[tokio::test]
async fn w16_every_code_becomes_a_refusal_that_a_peer_can_read() {
    for code in Code::ALL {
        let response = Refused::new(*code).into_response();
        assert!(!response.status().is_success());
        let body = response.into_body().collect().await.expect("a body in memory").to_bytes();
        let problem = problem::decode(&body).expect("a refusal in form");
        assert_eq!(problem.code, *code);
        assert_eq!(problem.retry == Retry::After, problem.retry_after_ms.is_some(), "{code}");
    }
}
