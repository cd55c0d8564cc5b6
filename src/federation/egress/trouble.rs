//! After trouble: what is reported, what is voided, and when it is tried again (W13, W16).

use super::{AFTER_MS, Egress, OWN_TROUBLE_MS, Trouble, probe_pause};
use crate::{
    core::command::PeerOp,
    model::{Code, limits, record::Epoch},
    net::client::PeerAnswer,
    wire::{
        self,
        problem::{Problem, Retry},
    },
};
use std::time::Duration;
use tokio::time::Instant;

impl Egress {
    /// What comes after an exchange that came to nothing.
    pub(super) async fn recover(&mut self, trouble: Trouble) {
        match trouble {
            Trouble::Unreachable(error) => {
                tracing::debug!(peer = %self.peer, %error, "peer unreachable");
                self.connection = None;
                self.position = None;
                self.endpoint = self.endpoint.wrapping_add(1);
                self.pauses.hello = Instant::now();
                self.line.set_away();
                self.pauses.away = Some(Instant::now() + self.pauses.unreachable.next(&self.federation.jitter));
            }
            Trouble::Unproven(detail) => {
                tracing::warn!(peer = %self.peer, detail, "answer refused");
                self.connection = None;
                self.position = None;
                self.pauses.hello = Instant::now() + self.pauses.conflict(&self.federation);
            }
            Trouble::Refused(problem) => self.refused(problem).await,
            Trouble::Contradiction(evidence) => {
                let detail = "the peer claims to hold records that our chain does not have".to_owned();
                let op = PeerOp::Contradiction { code: Code::Fork, detail, evidence: vec![evidence] };
                self.report(op).await;
                self.pauses.hello = Instant::now() + probe_pause(&self.federation);
            }
            Trouble::Own | Trouble::End => {
                self.pauses.away = Some(Instant::now() + Duration::from_millis(OWN_TROUBLE_MS));
            }
        }
    }

    /// The peer said no (W16).
    async fn refused(&mut self, problem: Problem) {
        tracing::info!(peer = %self.peer, code = %problem.code, "refused by the peer");
        let epoch = self.position.take().map(|position| position.epoch);
        let now = Instant::now();
        match (problem.retry, problem.code, problem.seq) {
            (_, code @ (Code::Malformed | Code::TooLarge), Some(seq)) => {
                self.void(epoch, seq, code).await;
                self.pauses.hello = now + self.pauses.conflict(&self.federation);
            }
            (Retry::After, ..) => {
                let after_ms = problem.retry_after_ms.unwrap_or(limits::CREDIT_PAUSE_MS).clamp(AFTER_MS.0, AFTER_MS.1);
                self.pauses.hold(epoch, now + Duration::from_millis(after_ms));
                self.pauses.hello = self.pauses.hello.max(now + Duration::from_millis(after_ms));
            }
            (Retry::Hello, ..) | (_, Code::ClosedByThem, _) => {
                self.pauses.hello = now + self.pauses.conflict(&self.federation);
            }
            (Retry::Admin | Retry::No, ..) => {
                self.hear_evidence(problem.evidence.as_deref()).await;
                let pause = probe_pause(&self.federation);
                self.pauses.hold(epoch, now + pause);
                self.pauses.hello = now + pause;
                self.report_refusal(problem.code).await;
                if problem.code == Code::Fenced {
                    self.fenced().await;
                }
            }
        }
    }

    /// Another daemon speaks for us: what is numbered here would be numbered there too (F26).
    async fn fenced(&self) {
        let detail = format!(
            "another daemon speaks for our organization with {}, and began later than this one: two run on copies of one \
             database. Stop one, restart the other, then: handclasp peer lift {}",
            self.peer, self.peer
        );
        self.report(PeerOp::Contradiction { code: Code::Fenced, detail, evidence: Vec::new() }).await;
    }

    /// A void takes the place of a record that the peer cannot read (W13).
    async fn void(&mut self, epoch: Option<Epoch>, seq: u64, code: Code) {
        // Verdicts that are under way come first: they may be on that very record.
        self.settled().await;
        let Some(epoch) = epoch else { return };
        let Ok(items) = self.federation.read_outbox(&self.peer, epoch.n, seq, 1) else { return };
        if let Some(item) = items.into_iter().find(|item| item.seq == seq) {
            self.report(PeerOp::Unacceptable { epoch, seq, reference: item.reference, code }).await;
        }
    }

    /// The grant that closed the link, if the refusal carries one (F20).
    async fn hear_evidence(&self, evidence: Option<&str>) {
        let Some(document) = evidence else { return };
        let Ok(peer) = self.pinned() else { return };
        match wire::proof::open_grant(document.as_bytes(), &peer.card.card) {
            Ok(grant) => self.report(PeerOp::HeardGrant(Box::new(grant.into_inner()))).await,
            Err(error) => tracing::debug!(peer = %self.peer, detail = error.detail(), "evidence not taken"),
        }
    }

    async fn report_refusal(&self, code: Code) {
        let state = self.federation.engine.state();
        let last = state.links.get(&self.peer).and_then(|link| link.last_refusal.as_ref());
        if last.is_none_or(|(_, text)| text != code.as_str()) {
            self.report(PeerOp::RefusedUs(code.as_str().to_owned())).await;
        }
    }

    async fn report(&self, op: PeerOp) {
        if let Err(refusal) = self.tell(op).await {
            tracing::debug!(peer = %self.peer, %refusal, "report not taken");
        }
    }
}

/// What a refusal says. One that cannot be read counts as overload: some other server answers there for now.
pub(super) fn refusal_of(answer: &PeerAnswer) -> Trouble {
    let unreadable = || Problem::new(Code::Overloaded, Retry::After);
    Trouble::Refused(wire::problem::decode(&answer.body).unwrap_or_else(|_| unreadable()))
}
