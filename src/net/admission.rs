//! Which handshakes are begun: so many at once, of strangers fewer, of one address fewer still.
//!
//! Addresses are as many as an attacker likes, and partners come from few: who has proven to be one is not held up by
//! those who have not. Nor does a partner with many addresses get more than its share.

use super::accept::AcceptLimits;
use crate::model::{Domain, limits};
use std::{
    collections::{HashMap, VecDeque},
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};

/// From where each partner came last.
type Known = HashMap<Domain, VecDeque<IpAddr>>;

/// The present second, and who is known.
#[derive(Debug)]
pub(super) struct Admission {
    limits: AcceptLimits,
    places: Arc<Semaphore>,
    strangers: Arc<Semaphore>,
    since: Instant,
    begun_by_strangers: u32,
    of_address: HashMap<IpAddr, OfAddress>,
    known: Arc<Mutex<Known>>,
}

/// One address in the present second. An IPv6 address counts as its /64.
#[derive(Debug, Default)]
struct OfAddress {
    begun: u32,
    /// Shared with each handshake that is under way.
    under_way: Arc<()>,
}

/// The permission for one handshake, held until it has ended.
#[derive(Debug)]
pub(super) struct Pass {
    _place: OwnedSemaphorePermit,
    _among_strangers: Option<OwnedSemaphorePermit>,
    _under_way: Option<Arc<()>>,
    network: Option<IpAddr>,
    known: Arc<Mutex<Known>>,
}

impl Admission {
    pub fn new(limits: AcceptLimits) -> Self {
        Self {
            limits,
            places: Arc::new(Semaphore::new(limits.handshakes_at_once_max)),
            strangers: Arc::new(Semaphore::new(limits.strangers_at_once_max)),
            since: Instant::now(),
            begun_by_strangers: 0,
            of_address: HashMap::new(),
            known: Arc::default(),
        }
    }

    /// The permission to begin, if there is one.
    pub fn admit(&mut self, from: Option<IpAddr>) -> Option<Pass> {
        self.begin_second();
        let network = from.map(network_of);
        let under_way = match network {
            Some(network) => Some(self.count(network)?),
            None => None,
        };
        let place = self.places.clone().try_acquire_owned().ok()?;
        let is_known = network.is_none_or(|network| lock(&self.known).values().any(|of| of.contains(&network)));
        let among_strangers = if is_known { None } else { Some(self.admit_stranger()?) };
        let known = self.known.clone();
        Some(Pass { _place: place, _among_strangers: among_strangers, _under_way: under_way, network, known })
    }

    fn begin_second(&mut self) {
        if self.since.elapsed() >= Duration::from_secs(1) {
            (self.since, self.begun_by_strangers) = (Instant::now(), 0);
            self.of_address.retain(|_, of| Arc::strong_count(&of.under_way) > 1);
            self.of_address.values_mut().for_each(|of| of.begun = 0);
        }
    }

    fn count(&mut self, network: IpAddr) -> Option<Arc<()>> {
        let of = self.of_address.entry(network).or_default();
        of.begun = of.begun.saturating_add(1);
        let fits = of.begun <= self.limits.handshakes_per_address_per_second_max
            && Arc::strong_count(&of.under_way) <= self.limits.handshakes_per_address_at_once_max;
        fits.then(|| of.under_way.clone())
    }

    fn admit_stranger(&mut self) -> Option<OwnedSemaphorePermit> {
        if self.begun_by_strangers >= self.limits.strangers_per_second_max {
            return None;
        }
        let permit = self.strangers.clone().try_acquire_owned().ok()?;
        self.begun_by_strangers += 1;
        Some(permit)
    }
}

impl Pass {
    /// The handshake has proven a partner: its address is not a stranger's any more.
    pub fn proven(self, partner: &Domain) {
        let Some(network) = self.network else { return };
        let mut known = lock(&self.known);
        let of = known.entry(partner.clone()).or_default();
        of.retain(|before| *before != network);
        of.push_back(network);
        if of.len() > limits::PARTNER_ADDRESSES_MAX {
            of.pop_front();
        }
    }
}

fn lock(known: &Mutex<Known>) -> MutexGuard<'_, Known> {
    known.lock().unwrap_or_else(PoisonError::into_inner)
}

fn network_of(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(address) => IpAddr::V6((address.to_bits() & !u128::from(u64::MAX)).into()),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> Option<IpAddr> {
        Some([192, 0, 2, last].into())
    }

    fn partner(domain: &str) -> Domain {
        domain.parse().expect("a domain")
    }

    fn admission() -> Admission {
        Admission::new(AcceptLimits {
            handshakes_at_once_max: 4,
            strangers_at_once_max: 2,
            strangers_per_second_max: 3,
            handshakes_per_address_at_once_max: 2,
            handshakes_per_address_per_second_max: 100,
            ..AcceptLimits::default()
        })
    }

    #[tokio::test(start_paused = true)]
    async fn a24_strangers_leave_room_for_partners() {
        let mut admission = admission();
        admission.admit(address(1)).expect("the first").proven(&partner("globex.example"));
        let held: Vec<_> = (2..=9).filter_map(|last| admission.admit(address(last))).collect();
        assert_eq!(held.len(), 2, "as many strangers at once");
        let partner = [admission.admit(address(1)), admission.admit(address(1))];
        assert!(partner.iter().all(Option::is_some), "the partner finds its places");
        drop(held);
        assert!(admission.admit(address(10)).is_none(), "as many in a second");
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(admission.admit(address(10)).is_some(), "and again in the next");
    }

    #[tokio::test(start_paused = true)]
    async fn a24_a_partner_with_many_addresses_is_a_stranger_at_most_of_them() {
        let mut admission = admission();
        let come = async |admission: &mut Admission, last: u8, of: &str| {
            tokio::time::advance(Duration::from_secs(1)).await;
            admission.admit(address(last)).expect("one in a second").proven(&partner(of));
        };
        come(&mut admission, 100, "initech.example").await;
        let many = u8::try_from(limits::PARTNER_ADDRESSES_MAX).expect("few") + 2;
        for last in 0..many {
            come(&mut admission, last, "globex.example").await;
        }
        let _strangers = [admission.admit(address(201)), admission.admit(address(202))];
        assert!(admission.admit(address(many - 1)).is_some(), "where it came from last");
        assert!(admission.admit(address(0)).is_none(), "long ago");
        assert!(admission.admit(address(100)).is_some(), "another partner keeps its places");
    }

    #[tokio::test(start_paused = true)]
    async fn a24_one_address_holds_few_places_however_long_it_is_silent() {
        let mut admission = admission();
        let held: Vec<_> = (0..4).filter_map(|_| admission.admit(address(1))).collect();
        assert_eq!(held.len(), 2);
        tokio::time::advance(Duration::from_secs(2)).await;
        assert!(admission.admit(address(1)).is_none(), "they are still held");
        drop(held);
        assert!(admission.admit(address(1)).is_some());
    }
}
