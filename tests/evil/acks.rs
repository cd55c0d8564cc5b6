//! Rows of acks: a receiver that says what is not so (A29), and what users of the daemon see of it.

use handclasp::{
    core::command::UserOp,
    model::{Code, Digest, EpochId, link::LinkState, record::Ack},
    testing::{
        Node,
        evil::{EvilLink, EvilServer, OrgKeys},
        fixtures::{domain, parsed},
    },
    wire,
};

fn seal(link: &EvilLink, ack: &Ack) -> String {
    wire::proof::seal_ack(ack, &link.keys.signing)
}

/// A daemon with one record for an evil receiver that answers by `answers`.
async fn sends_to(answers: impl FnMut(&EvilLink, Ack) -> String + Send + 'static) -> (Node, EvilServer) {
    let mut answers = answers;
    let node = Node::start("acme.example", &["alice"]).await;
    let server =
        EvilServer::start(&node, "globex.example", Box::new(move |link, _, honest| answers(link, honest))).await;
    node.until_link(&parsed("globex.example"), LinkState::Open).await;
    node.user("alice", UserOp::AddContact(parsed("mallory@globex.example"))).await.expect("an add can be asked for");
    (node, server)
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
        seal(link, &Ack { credit: (1 << 53) - 1, rejects, ..honest })
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
    let (node, _server) = sends_to(|link, honest| seal(link, &Ack { credit: 0, ..honest })).await;
    node.until("the first record is acknowledged", |_| acked(&node) == 1).await;
    node.user("alice", UserOp::AddContact(parsed("trudy@globex.example"))).await.expect("another add");
    node.until("the second record is acknowledged", |_| acked(&node) == 2).await;
}
