//! Keys and cards that change while everything runs (W1, W2): taken by SIGHUP, and by the partner over the open link.

use crate::harness::{
    daemon::run,
    org::{Org, Pair},
    person::Person,
    proxy::Weather,
    until,
};
use handclasp::{
    clock::SystemRandom,
    config::key_file,
    crypto::{SigningKey, keys::write_secret},
    model::org::{KeyUse, SigningKey as CardKey},
    net::cert::{TlsIdentity, generate},
    wire,
};
use std::path::PathBuf;

pub(crate) fn key_path(org: &Org, name: &str) -> PathBuf {
    org.dir().join("keys").join(name)
}

/// Secrets are never written over: a file with wider access would keep it.
fn replace(org: &Org, name: &str, secret: &[u8]) {
    std::fs::remove_file(key_path(org, name)).expect("init made it");
    write_secret(&key_path(org, name), secret).expect("written");
}

/// Makes another TLS key; returns its pin.
fn replace_tls_key(org: &Org) -> String {
    let (certificate, key) = generate(&org.domain.parse().expect("a domain")).expect("made");
    replace(org, key_file::TLS_CERTIFICATE, certificate.as_bytes());
    replace(org, key_file::TLS_KEY, key.as_bytes());
    TlsIdentity::parse(&certificate, &key).and_then(|tls| tls.pin()).expect("just made").to_string()
}

/// Makes another signing key, and the next card that names it, with this use of the keys before.
fn replace_signing_key(org: &Org, before: KeyUse) {
    let identity = SigningKey::load(&key_path(org, key_file::IDENTITY)).expect("init made it");
    let present = std::fs::read(key_path(org, key_file::CARD)).expect("init made it");
    let mut card = wire::proof::open_card(&present, None).expect("proven").into_inner().card;
    let signing = SigningKey::generate(&mut SystemRandom);
    card.version += 1;
    card.signing_keys.iter_mut().for_each(|key| key.state = before);
    card.signing_keys.insert(0, CardKey { key: signing.public(), state: KeyUse::Current });
    let signed = wire::proof::seal_card(card, &identity).expect("keeps the rules");
    replace(org, key_file::CARD, signed.document.as_bytes());
    std::fs::remove_file(key_path(org, key_file::SIGNING)).expect("init made it");
    signing.save(&key_path(org, key_file::SIGNING)).expect("written");
}

/// Asks the daemon to reload, and waits until its log says this once more than before.
pub(crate) async fn reload(org: &Org, says: &str) {
    let before = org.daemon.log().matches(says).count();
    org.daemon.signal("HUP").await;
    until(&format!("{} says \"{says}\"", org.domain), || async {
        (org.daemon.log().matches(says).count() > before).then_some(())
    })
    .await;
}

/// Fails unless both can write to each other on connections made anew.
pub(crate) async fn check_talk(pair: &Pair, [alice, bob]: [&Person; 2], room: &str, text: &str) {
    for org in [&pair.acme, &pair.globex] {
        org.network.set(Weather::Cut);
        org.network.set(Weather::Fair);
    }
    for (from, to) in [(alice, bob), (bob, alice)] {
        let text = format!("{text} from {}", from.local());
        from.say(room, &text).await;
        to.wait_text(room, &text).await;
    }
}

#[tokio::test]
async fn w1_w2_new_keys_and_cards_are_taken_by_sighup_and_by_the_partner() {
    let pair = Pair::open().await;
    let (alice, bob) = (pair.acme.person("alice").await, pair.globex.person("bob").await);
    let room = alice.befriend(&bob).await;
    for org in [&pair.acme, &pair.globex] {
        let partner = if org.domain == pair.acme.domain { &pair.globex } else { &pair.acme };
        let pin = replace_tls_key(org);
        reload(org, "not reloaded").await;
        check_talk(&pair, [&alice, &bob], &room, "with a key that is not on the card").await;

        let (status, _, errors) = run(&["card", "renew", "--dir", &org.dir_text()]).await;
        assert!(status.success(), "{errors}");
        reload(org, "reload again later").await;
        let card = org.admin.read("/admin/v1/card").await.done();
        let on_disk = std::fs::read_to_string(key_path(org, key_file::CARD)).expect("renewed");
        assert_eq!(card.to_string(), on_disk.trim(), "the new card is shown");
        until("the partner has taken the card", || async {
            (!partner.audit("peer.card_heard").await.is_empty()).then_some(())
        })
        .await;
        check_talk(&pair, [&alice, &bob], &room, "with the next pin on the card").await;

        reload(org, "keys and card are in use").await;
        assert!(org.daemon.log().contains(&pin), "the log names the pin in use:\n{}", org.daemon.log());
        check_talk(&pair, [&alice, &bob], &room, "with the next TLS key").await;

        replace_signing_key(org, KeyUse::Current);
        reload(org, "keys and card are in use").await;
        check_talk(&pair, [&alice, &bob], &room, "with the next signing key").await;
        pair.wait("open", "open").await;
        org.revoke(partner).await;
        partner.wait_link(org, "closed_by_them").await;
        org.grant(partner).await;
        pair.wait("open", "open").await;
        for person in [&alice, &bob] {
            person.wait_writable(&room, true).await;
        }
        check_talk(&pair, [&alice, &bob], &room, "with a grant by the next signing key").await;
    }
}

#[tokio::test]
async fn w2_a_card_that_partners_would_refuse_is_not_reloaded() {
    let org = Org::raise("acme.example", "Acme").await;
    let first = std::fs::read(key_path(&org, key_file::CARD)).expect("init made it");
    let first_key = std::fs::read(key_path(&org, key_file::SIGNING)).expect("init made it");
    let begin_again = || {
        replace(&org, key_file::CARD, &first);
        replace(&org, key_file::SIGNING, &first_key);
    };
    replace_signing_key(&org, KeyUse::Current);
    reload(&org, "keys and card are in use").await;
    let shown = async || org.admin.read("/admin/v1/card").await.done();
    let second = shown().await;
    // Older than the one in use, and another one under its number.
    begin_again();
    reload(&org, "not reloaded").await;
    replace_signing_key(&org, KeyUse::Current);
    reload(&org, "not reloaded").await;
    assert_eq!(shown().await, second, "the card in use stays");
}
