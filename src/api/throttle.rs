//! Failed sign-ins are counted per user and per address; beyond the maximum further ones wait out the window.

use super::problem::Problem;
use crate::model::{Code, LocalPart, Millis, limits};
use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Whose failures are counted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Name {
    User(LocalPart),
    Address(IpAddr),
}

/// Failures since a time.
#[derive(Clone, Copy, Debug)]
struct Window {
    since: Millis,
    failures: u32,
}

/// The counts. In memory: a restart forgives.
#[derive(Debug, Default)]
pub struct Throttle {
    windows: Mutex<HashMap<Name, Window>>,
}

/// One sign-in under way. It counts as failed unless it is said to have succeeded, so that many at once
/// cannot slip through together.
#[derive(Debug)]
#[must_use = "an attempt counts as failed until it succeeded"]
pub struct Attempt<'a> {
    throttle: &'a Throttle,
    user: Name,
    address: Option<Name>,
}

impl Throttle {
    /// Begins a sign-in.
    ///
    /// # Errors
    /// `RATE_LIMITED` with when to try again.
    pub fn begin(&self, user: &LocalPart, address: Option<IpAddr>, now: Millis) -> Result<Attempt<'_>, Problem> {
        let user = Name::User(user.clone());
        let address = address.and_then(countable).map(Name::Address);
        let mut windows = self.lock();
        for name in [Some(&user), address.as_ref()].into_iter().flatten() {
            check(&mut windows, name, now)?;
        }
        for name in [Some(&user), address.as_ref()].into_iter().flatten() {
            make_room(&mut windows, name, now);
            windows.entry(name.clone()).or_insert(Window { since: now, failures: 0 }).failures += 1;
        }
        Ok(Attempt { throttle: self, user, address })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Name, Window>> {
        self.windows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Attempt<'_> {
    /// It succeeded: the user's failures are forgotten, and this attempt does not count against the address.
    pub fn succeeded(self) {
        let mut windows = self.throttle.lock();
        windows.remove(&self.user);
        if let Some(window) = self.address.as_ref().and_then(|address| windows.get_mut(address)) {
            window.failures = window.failures.saturating_sub(1);
        }
    }
}

fn check(windows: &mut HashMap<Name, Window>, name: &Name, now: Millis) -> Result<(), Problem> {
    let Some(window) = windows.get(name) else { return Ok(()) };
    let age_ms = now.since(window.since);
    if age_ms >= limits::SIGN_IN_WINDOW_MS {
        windows.remove(name);
        return Ok(());
    }
    if window.failures < limits::SIGN_IN_FAILURES_MAX {
        return Ok(());
    }
    let problem = Problem::new(Code::RateLimited, "too many failed sign-ins; wait before the next one");
    Err(problem.limit("sign_in_failures").retry_after(limits::SIGN_IN_WINDOW_MS - age_ms))
}

fn make_room(windows: &mut HashMap<Name, Window>, name: &Name, now: Millis) {
    if windows.len() < limits::SIGN_IN_NAMES_MAX || windows.contains_key(name) {
        return;
    }
    windows.retain(|_, window| now.since(window.since) < limits::SIGN_IN_WINDOW_MS);
    if windows.len() >= limits::SIGN_IN_NAMES_MAX {
        let oldest = windows.iter().min_by_key(|(_, window)| window.since).map(|(name, _)| name.clone());
        oldest.and_then(|oldest| windows.remove(&oldest));
    }
}

/// The address to count by. Loopback stands for a proxy with all its users; an IPv6 network is one subscriber.
fn countable(address: IpAddr) -> Option<IpAddr> {
    match address.to_canonical() {
        address if address.is_loopback() => None,
        IpAddr::V6(v6) => Some(IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64)))),
        v4 => Some(v4),
    }
}

#[cfg(test)]
mod tests {
    //! Guessing is slow, and nobody is locked out for longer than the window.

    use super::*;

    fn user(text: &str) -> LocalPart {
        text.parse().expect("a local part")
    }

    fn address(text: &str) -> Option<IpAddr> {
        Some(text.parse().expect("an address"))
    }

    fn fail(throttle: &Throttle, name: &str, from: &str, times: u32) {
        for _ in 0..times {
            let _ = throttle.begin(&user(name), address(from), Millis(0)).expect("not yet throttled");
        }
    }

    #[test]
    fn failures_of_a_user_count_from_everywhere() {
        let throttle = Throttle::default();
        for at in 0..limits::SIGN_IN_FAILURES_MAX {
            fail(&throttle, "alice", &format!("192.0.2.{at}"), 1);
        }
        let problem = throttle.begin(&user("alice"), address("192.0.2.99"), Millis(1_000)).expect_err("throttled");
        assert_eq!((problem.status, problem.retry_after_ms), (429, Some(limits::SIGN_IN_WINDOW_MS - 1_000)));
        assert!(throttle.begin(&user("bob"), address("192.0.2.99"), Millis(0)).is_ok());
    }

    #[test]
    fn failures_from_an_address_count_for_all_users() {
        let throttle = Throttle::default();
        for at in 0..limits::SIGN_IN_FAILURES_MAX {
            fail(&throttle, &format!("user{at}"), "2001:db8::1", 1);
        }
        assert!(throttle.begin(&user("bob"), address("2001:db8::2"), Millis(0)).is_err(), "the same network");
        assert!(throttle.begin(&user("bob"), address("2001:db8:0:1::2"), Millis(0)).is_ok(), "another network");
    }

    #[test]
    fn the_window_ends() {
        let throttle = Throttle::default();
        fail(&throttle, "alice", "192.0.2.1", limits::SIGN_IN_FAILURES_MAX);
        let end = Millis(limits::SIGN_IN_WINDOW_MS);
        assert!(throttle.begin(&user("alice"), address("192.0.2.1"), Millis(end.0 - 1)).is_err());
        assert!(throttle.begin(&user("alice"), address("192.0.2.1"), end).is_ok());
    }

    #[test]
    fn a_success_forgives_the_user_and_not_the_address() {
        let throttle = Throttle::default();
        fail(&throttle, "alice", "192.0.2.1", limits::SIGN_IN_FAILURES_MAX - 1);
        throttle.begin(&user("alice"), address("192.0.2.1"), Millis(0)).expect("the last one").succeeded();
        fail(&throttle, "alice", "192.0.2.1", 1);
        assert!(throttle.begin(&user("alice"), address("192.0.2.1"), Millis(0)).is_err(), "the address is used up");
        assert!(throttle.begin(&user("alice"), address("192.0.2.2"), Millis(0)).is_ok());
    }

    #[test]
    fn a_proxy_on_loopback_is_nobodys_address() {
        let throttle = Throttle::default();
        for at in 0..limits::SIGN_IN_FAILURES_MAX * 2 {
            fail(&throttle, &format!("user{at}"), "127.0.0.1", 1);
        }
    }

    #[test]
    fn the_memory_is_bounded() {
        let throttle = Throttle::default();
        for at in 0..=limits::SIGN_IN_NAMES_MAX {
            fail(&throttle, &format!("user{at}"), "127.0.0.1", 1);
        }
        assert_eq!(throttle.lock().len(), limits::SIGN_IN_NAMES_MAX);
    }
}
