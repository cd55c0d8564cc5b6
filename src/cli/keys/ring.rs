//! The keys directory while keys change: in such an order that a crash in between leaves a daemon that starts, or a
//! change that the same command finishes.

use crate::{
    cli::{
        card,
        failure::{Done, Failure},
        renew::{load_identity, present_pin, read, replace},
    },
    clock::{Clock as _, SystemClock, SystemRandom},
    config::{Config, key_file},
    crypto::{
        SigningKey,
        keys::{read_secret, write_secret},
    },
    model::{
        Digest, Domain,
        id::PublicKey,
        limits,
        org::{Card, KeyUse, SigningKey as CardKey},
    },
    net::cert::{self, TlsIdentity},
    wire,
};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// A signing key that its card does not name as the one in use yet.
const SIGNING_NEXT: &str = "signing.next.key";
/// The TLS key after the next one, while the next one is put in use.
const TLS_LATER: &str = "tls.later.pem";
/// Where the key begins in a file that holds certificate and key.
const KEY_BEGINS: &str = "-----BEGIN PRIVATE KEY-----";

/// What becomes of the keys that were in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Before {
    /// They verify until they are retired, so that what is under way arrives.
    Overlaps,
    /// They verify nothing from now on.
    Revoked,
}

/// The keys directory with its present card.
pub struct Ring {
    config: Config,
    /// What the card says now.
    pub card: Card,
}

impl Ring {
    /// Reads the present card.
    pub fn open(config: Config) -> Done<Self> {
        let card = card::verify(&read(&config.keys.path(key_file::CARD))?)?.card;
        Ok(Self { config, card })
    }

    /// The identity key, from the file that is named or from the directory.
    pub fn identity(&self, named: Option<PathBuf>) -> Done<SigningKey> {
        load_identity(named, &self.config, &self.card)
    }

    /// The signing key in use.
    pub fn signing(&self) -> Done<PublicKey> {
        let key = SigningKey::load(&self.path(key_file::SIGNING)).map_err(Failure::config)?;
        Ok(key.public())
    }

    /// The pin of the TLS key in use.
    pub fn tls(&self) -> Done<Digest> {
        present_pin(&self.config)
    }

    /// The pin of the next TLS key, if there is one.
    pub fn next_tls(&self) -> Done<Option<Digest>> {
        let path = self.path(key_file::TLS_NEXT);
        if path.exists() { pin_of(&path).map(Some) } else { Ok(None) }
    }

    /// Puts a new signing key in use. What is at the end of the list of old ones makes room on the card.
    pub fn rotate_signing(&mut self, identity: &SigningKey, before: Before) -> Done {
        let draft = self.path(SIGNING_NEXT);
        if !draft.exists() {
            SigningKey::generate(&mut SystemRandom).save(&draft).map_err(Failure::fault)?;
        }
        let next = SigningKey::load(&draft).map_err(Failure::config)?.public();
        if !self.card.signing_keys.iter().any(|listed| listed.key == next) {
            let signing_keys = successors(&self.card.signing_keys, (next, self.signing()?), before);
            self.publish(Card { signing_keys, ..self.card.clone() }, identity)?;
        }
        Ok(fs::rename(draft, self.path(key_file::SIGNING))?)
    }

    /// Puts the next TLS key in use, and announces the one after it.
    pub fn rotate_tls(&mut self, identity: &SigningKey, before: Before) -> Done {
        let (next, later) = (self.path(key_file::TLS_NEXT), self.path(TLS_LATER));
        let pin = if next.exists() { pin_of(&next)? } else { make_next(&self.card.domain, &next)? };
        if self.card.tls_pins[0] != pin {
            let mut tls_pins = vec![pin];
            tls_pins.extend((before == Before::Overlaps).then_some(self.tls()?));
            tls_pins.push(if later.exists() { pin_of(&later)? } else { make_next(&self.card.domain, &later)? });
            self.publish(Card { tls_pins, ..self.card.clone() }, identity)?;
        }
        let pem = read_secret(&next).map_err(Failure::config)?;
        let (certificate, key) = pem.split_at(pem.find(KEY_BEGINS).ok_or_else(|| unreadable(&next))?);
        replace(&self.path(key_file::TLS_KEY), key.as_bytes())?;
        replace(&self.path(key_file::TLS_CERTIFICATE), certificate.as_bytes())?;
        Ok(fs::rename(later, next)?)
    }

    /// Makes a next TLS key where there is none, and announces it.
    pub fn announce_tls(&mut self, identity: &SigningKey) -> Done {
        let next = self.path(key_file::TLS_NEXT);
        let pin = make_next(&self.card.domain, &next)?;
        self.publish(Card { tls_pins: vec![self.tls()?, pin], ..self.card.clone() }, identity)
    }

    /// Ends the overlap: only the keys in use and the announced one stay. Says whether there was anything to end.
    pub fn retire(&mut self, identity: &SigningKey) -> Done<bool> {
        let signing = self.signing()?;
        let signing_keys: Vec<CardKey> = self.card.signing_keys.iter().map(|key| retired(key, &signing)).collect();
        let tls_pins: Vec<Digest> = [Some(self.tls()?), self.next_tls()?].into_iter().flatten().collect();
        if signing_keys == self.card.signing_keys && tls_pins == self.card.tls_pins {
            return Ok(false);
        }
        self.publish(Card { signing_keys, tls_pins, ..self.card.clone() }, identity)?;
        Ok(true)
    }

    fn publish(&mut self, next: Card, identity: &SigningKey) -> Done {
        let next = Card { version: self.card.version + 1, issued_at: SystemClock.now(), ..next };
        let signed = wire::proof::seal_card(next, identity).map_err(Failure::config)?;
        replace(&self.path(key_file::CARD), signed.document.as_bytes())?;
        self.card = signed.card;
        Ok(())
    }

    fn path(&self, file: &str) -> PathBuf {
        self.config.keys.path(file)
    }
}

/// Makes a TLS key with its certificate in one new file, and says its pin.
pub fn make_next(domain: &Domain, path: &Path) -> Done<Digest> {
    let (certificate, key) = cert::generate(domain).map_err(Failure::fault)?;
    let pem = zeroize::Zeroizing::new(format!("{certificate}{key}"));
    write_secret(path, pem.as_bytes()).map_err(Failure::fault)?;
    pin_of(path)
}

fn unreadable(path: &Path) -> Failure {
    Failure::config(format!("{} does not hold a certificate and then its key", path.display()))
}

fn pin_of(path: &Path) -> Done<Digest> {
    let pem = read_secret(path).map_err(Failure::config)?;
    TlsIdentity::parse(&pem, &pem).and_then(|tls| tls.pin()).map_err(Failure::config)
}

/// The keys of the next card: the new one, the one before it, and older ones as far as there is room.
fn successors(listed: &[CardKey], (next, present): (PublicKey, PublicKey), before: Before) -> Vec<CardKey> {
    let mut keys = vec![CardKey { key: next, state: KeyUse::Current }];
    keys.extend(listed.iter().map(|key| match before {
        Before::Overlaps => retired(key, &present),
        Before::Revoked if key.state == KeyUse::Current => CardKey { state: KeyUse::Revoked, ..key.clone() },
        Before::Revoked => key.clone(),
    }));
    // A revoked key must stay known as that for longer than one that is only retired.
    while keys.len() > limits::CARD_SIGNING_KEYS_MAX {
        let oldest = keys.iter().rposition(|key| key.state == KeyUse::Retired).unwrap_or(keys.len() - 1);
        keys.remove(oldest);
    }
    keys
}

fn retired(key: &CardKey, present: &PublicKey) -> CardKey {
    let ends = key.state == KeyUse::Current && key.key != *present;
    CardKey { key: key.key, state: if ends { KeyUse::Retired } else { key.state } }
}
