//! Rows of acks: a receiver that says what is not so (A29), and what users of the daemon see of it.

use handclasp::{
    core::{command::UserOp, state::Delivery},
    model::{
        Code, Digest, EpochId,
        contact::ContactState,
        grant::Scopes,
        limits,
        link::LinkState,
        record::{Ack, Credit, Envelope, RecordBody},
    },
    store::mem_kv::MemKv,
    testing::{
        Node,
        evil::{EvilLink, EvilServer, OrgKeys, Reply},
        fixtures::{domain, parsed},
    },
    wire::{
        self,
        problem::{Problem, Retry},
    },
};
use std::sync::{Arc, Mutex};

fn seal(link: &EvilLink, ack: &Ack) -> String {
    wire::proof::seal_ack(ack, &link.keys.signing)
}

/// A daemon with one record for an evil receiver that answers by `answers`.
async fn sends_to(answers: impl FnMut(&EvilLink, Ack) -> String + Send + 'static) -> (Node, EvilServer) {
    let mut answers = answers;
    let node = Node::start("acme.example", &["alice"]).await;
    let server = sends(&node, move |link, _, honest| Reply::Taken(answers(link, honest).into())).await;
    (node, server)
}

async fn sends(node: &Node, answers: impl FnMut(&EvilLink, &Envelope, Ack) -> Reply + Send + 'static) -> EvilServer {
    let server = EvilServer::start(node, "globex.example", Box::new(answers)).await;
    node.until_link(&parsed("globex.example"), LinkState::Open).await;
    node.user("alice", UserOp::AddContact(parsed("mallory@globex.example"))).await.expect("an add can be asked for");
    server
}

fn contact_state(node: &Node, address: &str) -> Option<ContactState> {
    node.engine.state().contacts.get(&(parsed("alice"), parsed(address))).map(|contact| contact.state)
}

/// Refuses each envelope whose first record is as said, as one that cannot be taken in form.
fn refuses(unreadable: fn(&RecordBody) -> bool) -> impl FnMut(&EvilLink, &Envelope, Ack) -> Reply + Send {
    move |link, envelope, honest| match envelope.records.iter().find(|it| it.body.as_ref().is_ok_and(unreadable)) {
        Some(record) => Reply::Refused(Problem { seq: Some(record.seq), ..Problem::new(Code::Malformed, Retry::No) }),
        None => Reply::Taken(seal(link, &honest).into()),
    }
}

fn acked(node: &Node) -> u64 {
    node.engine.state().links[&domain("globex.example")].streams.out.map_or(0, |out| out.acked)
}

async fn quarantined(node: &Node) -> Code {
    node.until_link(&parsed("globex.example"), LinkState::Quarantined).await;
    let state = node.engine.state();
    state.links[&domain("globex.example")].peer.quarantine.as_ref().expect("quarantined").code
}

#[tokio::test]
async fn a29_an_honest_ack_settles() {
    let (node, _server) = sends_to(|link, honest| seal(link, &honest)).await;
    node.until("the record is acknowledged", |_| acked(&node) == 1).await;
}

#[tokio::test]
async fn a29_an_ack_ahead_of_what_was_sent_is_a_contradiction() {
    let (node, _server) = sends_to(|link, honest| seal(link, &Ack { cursor: honest.cursor + 7, ..honest })).await;
    quarantined(&node).await;
    assert_eq!(acked(&node), 0);
}

#[tokio::test]
async fn a29_an_ack_with_another_head_is_a_contradiction() {
    let (node, _server) = sends_to(|link, honest| seal(link, &Ack { head: Digest([7; 32]), ..honest })).await;
    assert_eq!(quarantined(&node).await, Code::Fork);
    assert_eq!(acked(&node), 0);
}

#[tokio::test]
async fn a29_an_ack_behind_is_answered_by_sending_again() {
    let mut lies = 2;
    let (node, server) = sends_to(move |link, honest| {
        if lies == 0 {
            return seal(link, &honest);
        }
        lies -= 1;
        seal(link, &Ack { cursor: 0, head: Digest::ZERO, ..honest })
    })
    .await;
    node.until("the record is acknowledged", |_| acked(&node) == 1).await;
    assert!(*server.arrived.borrow() >= 3);
}

#[tokio::test]
async fn a29_unproven_acks_settle_nothing() {
    let stranger = OrgKeys::new("initech.example");
    let mut tries = 0;
    let (node, _server) = sends_to(move |link, honest| {
        tries += 1;
        match tries {
            1 => "{}".to_owned(),
            2 => wire::proof::seal_ack(&honest, &stranger.signing),
            3 => seal(link, &Ack { epoch: handclasp::model::record::Epoch { n: 9, id: EpochId([9; 16]) }, ..honest }),
            4 => seal(link, &Ack { destination: parsed("initech.example"), ..honest }),
            _ => seal(link, &honest),
        }
    })
    .await;
    node.until("the honest ack came", |_| acked(&node) == 1).await;
    assert_eq!(node.link_state(&parsed("globex.example")), Some(LinkState::Open));
}

#[tokio::test]
async fn a29_absurd_credit_and_foreign_verdicts_are_harmless() {
    let (node, _server) = sends_to(|link, honest| {
        let rejects = vec![(1, Code::Unavailable)];
        seal(link, &Ack { credit: Credit { records: (1 << 53) - 1, bytes: (1 << 53) - 1 }, rejects, ..honest })
    })
    .await;
    node.until("the record is acknowledged", |_| acked(&node) == 1).await;
    let contact = (parsed("alice"), parsed("mallory@globex.example"));
    let state = node.engine.state();
    assert_eq!(
        state.contacts.get(&contact).map(|it| it.state),
        Some(handclasp::model::contact::ContactState::Unavailable),
        "the adder is told"
    );
}

#[tokio::test]
async fn a29_without_credit_the_sender_waits_and_then_goes_on() {
    let (node, _server) =
        sends_to(|link, honest| seal(link, &Ack { credit: Credit { records: 4_096, bytes: 0 }, ..honest })).await;
    node.until("the first record is acknowledged", |_| acked(&node) == 1).await;
    node.user("alice", UserOp::AddContact(parsed("trudy@globex.example"))).await.expect("another add");
    node.until("the second record is acknowledged", |_| acked(&node) == 2).await;
}

#[tokio::test]
async fn w13_a_record_that_cannot_be_taken_in_form_is_voided_and_the_stream_goes_on() {
    let node = Node::start("acme.example", &["alice"]).await;
    let unreadable =
        |body: &RecordBody| matches!(body, RecordBody::ContactAdd { to, .. } if to.local_str() == "mallory");
    let _server = sends(&node, refuses(unreadable)).await;
    node.user("alice", UserOp::AddContact(parsed("trudy@globex.example"))).await.expect("another add");
    // The ack's head is compared with the chain over the records as they were: a void keeps the place.
    node.until("both records are acknowledged", |_| acked(&node) == 2).await;
    assert_eq!(contact_state(&node, "mallory@globex.example"), Some(ContactState::Unavailable), "the adder is told");
    assert_eq!(contact_state(&node, "trudy@globex.example"), Some(ContactState::Pending));
    let state = node.engine.state();
    let epoch_n = state.links[&domain("globex.example")].out_epoch().expect("a stream").n;
    let delivery = |seq| state.delivery(&domain("globex.example"), epoch_n, seq);
    assert_eq!((delivery(1), delivery(2)), (Delivery::Refused(Code::Void), Delivery::Delivered));
    assert_eq!(node.link_state(&parsed("globex.example")), Some(LinkState::Open));
}

#[tokio::test]
async fn w13_a_peer_that_takes_not_even_the_void_is_quarantined() {
    let node = Node::start("acme.example", &["alice"]).await;
    let _server = sends(&node, refuses(|_| true)).await;
    assert_eq!(quarantined(&node).await, Code::Malformed);
    assert_eq!(acked(&node), 0);
}

#[tokio::test]
async fn f8_verdicts_that_found_the_disk_full_are_asked_for_again() {
    let disk = Arc::new(MemKv::new());
    let kv = disk.clone();
    let node = Node::start_on(OrgKeys::new("acme.example"), kv, &["alice"]).await;
    let mut envelopes = 0;
    let _server = sends(&node, move |link, _, honest| {
        envelopes += 1;
        if envelopes < 3 {
            disk.fill()
        } else {
            disk.free()
        }
        Reply::Taken(seal(link, &Ack { rejects: vec![(1, Code::Unavailable)], ..honest }).into())
    })
    .await;
    node.until("the verdict is settled", |_| acked(&node) == 1).await;
    assert_eq!(contact_state(&node, "mallory@globex.example"), Some(ContactState::Unavailable), "the adder is told");
}

type Sizes = Arc<Mutex<Vec<usize>>>;

/// Takes everything, gives this credit, and notes how many records each envelope had.
fn counts(credit: Credit, sizes: Sizes) -> impl FnMut(&EvilLink, &Envelope, Ack) -> Reply + Send {
    move |link, envelope, honest| {
        sizes.lock().expect("no test panics while it holds this").push(envelope.records.len());
        Reply::Taken(seal(link, &Ack { credit, ..honest }).into())
    }
}

/// Eight adds at once, after the first one, until they are acknowledged.
async fn add_eight(node: &Node) {
    let adds = (0..8).map(|n| node.user("alice", UserOp::AddContact(parsed(&format!("user{n}@globex.example")))));
    assert!(futures_util::future::join_all(adds).await.iter().all(Result::is_ok));
    node.until("all are acknowledged", |_| acked(node) == 9).await;
}

#[tokio::test]
async fn w11_the_sender_keeps_to_a_credit_of_bytes() {
    let node = Node::start("acme.example", &["alice"]).await;
    let sizes = Sizes::default();
    let _server = sends(&node, counts(Credit { records: 4_096, bytes: 1 }, sizes.clone())).await;
    node.until("the first record is acknowledged", |_| acked(&node) == 1).await;
    add_eight(&node).await;
    assert_eq!(*sizes.lock().expect("no test panics while it holds this"), [1; 9]);
}

#[tokio::test]
async fn w8_the_sender_keeps_to_the_largest_envelope_of_the_hello() {
    let node = Node::start("acme.example", &["alice"]).await;
    let sizes = Sizes::default();
    let server = sends(&node, counts(Credit::FULL, sizes.clone())).await;
    node.until("the first record is acknowledged", |_| acked(&node) == 1).await;
    server.change(|link| link.takes = (1, limits::ENVELOPE_BYTES_MIN as u64));
    // A changed grant is told by a hello, before anything else is sent.
    node.grant(&parsed("globex.example"), Some(Scopes::all())).await;
    add_eight(&node).await;
    assert_eq!(*sizes.lock().expect("no test panics while it holds this"), [1; 9]);
}
