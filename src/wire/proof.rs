//! Signed objects in one step: verify, then read, then compare who speaks with whose key it was (W3, W4).

use super::{
    WireError, ack, card, envelope,
    envelope::EnvelopeHead,
    grant,
    hello::{self, BundleV1, HelloParts},
    signals,
    strict::refuse,
};
use crate::{
    crypto::{
        KeySet, ProofError, SigningKey, Verified,
        digest::sha256,
        dsse::{self, Kind},
    },
    model::{
        Code, Domain,
        grant::{Grant, SignedGrant},
        id::PublicKey,
        limits,
        org::{Card, SignedCard},
        record::{Ack, Envelope, Evidence, Hello},
        signal::SignalBatch,
    },
};

/// Why a document is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The proof does not hold.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// The proof holds, what it proves is not in form.
    #[error(transparent)]
    Wire(#[from] WireError),
}

impl OpenError {
    /// The stable code for a refusal.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Proof(error) => error.code(),
            Self::Wire(error) => error.code(),
        }
    }

    /// The reason, for the log only.
    #[must_use]
    pub fn detail(&self) -> String {
        match self {
            Self::Proof(error) => error.detail().to_owned(),
            Self::Wire(error) => error.to_string(),
        }
    }

    /// The record at fault, when the rest of the envelope is proven and in form (W13).
    #[must_use]
    pub fn seq(&self) -> Option<u64> {
        match self {
            Self::Proof(_) => None,
            Self::Wire(error) => error.seq(),
        }
    }
}

/// Opens a card: by the identity key that is expected, or, for a card from a file, by the one that it names itself.
///
/// # Errors
/// When the proof does not hold, the card is of another identity, or breaks a rule.
pub fn open_card(document: &[u8], identity: Option<&PublicKey>) -> Result<Verified<SignedCard>, OpenError> {
    let verified = match identity {
        Some(key) => dsse::open(Kind::Card, document, &KeySet::identity(*key))?,
        None => dsse::open_self_signed(Kind::Card, document)?,
    };
    let signed_by = verified.key();
    let document = document_text(document)?;
    verified.try_map(|payload| {
        let card = card::decode(&payload)?;
        if card.identity == signed_by { Ok(SignedCard { card, document: document.into() }) } else { Err(owner()) }
    })
}

/// Opens a grant of the org that the card describes.
///
/// # Errors
/// When the proof does not hold, the issuer is another org, or the form is wrong.
pub fn open_grant(document: &[u8], issuer: &Card) -> Result<Verified<SignedGrant>, OpenError> {
    let verified = dsse::open(Kind::Grant, document, &KeySet::current(issuer))?;
    let document = document_text(document)?;
    verified.try_map(|payload| {
        let grant = grant::decode(&payload)?;
        check_owner(&grant.issuer, issuer)?;
        Ok(SignedGrant { grant, document: document.into() })
    })
}

/// Opens the bundle of a hello from the org whose card is known: first its card by the pinned identity key, then the
/// hello by the keys of the newer of the two cards, then the grant by the same. Whether a newer card, grant or position
/// is taken is for the caller to decide.
///
/// # Errors
/// When any of the proofs does not hold, or a form is wrong.
pub fn open_hello(bundle: &[u8], known: &Card) -> Result<Verified<Hello>, OpenError> {
    let bundle = hello::decode_bundle(bundle)?;
    let offered = open_card(bundle.card.as_bytes(), Some(&known.identity))?.into_inner();
    check_owner(&offered.card.domain, known)?;
    let keys_of = if offered.card.version > known.version { &offered.card } else { known };
    let verified = dsse::open(Kind::Hello, bundle.hello.as_bytes(), &KeySet::current(keys_of))?;
    let parts = verified.try_map(|payload| hello::decode(&payload))?;
    check_owner(&parts.origin, known)?;
    check_bundle(&bundle, &parts)?;
    let grant = bundle.grant.as_deref().map(|document| open_grant(document.as_bytes(), keys_of)).transpose()?;
    let grant = grant.map(Verified::into_inner);
    Ok(parts.map(|parts| assemble(parts, offered, grant)))
}

/// Opens an envelope of the org that the card describes, and keeps what proves it.
///
/// # Errors
/// When the proof does not hold, the origin is another org, or the form is wrong.
pub fn open_envelope(document: &[u8], origin: &Card) -> Result<(Verified<Envelope>, Evidence), OpenError> {
    let verified = dsse::open(Kind::Envelope, document, &KeySet::current(origin))?;
    let evidence = Evidence { payload: (&*verified).into(), key: verified.key(), signature: verified.signature() };
    let envelope = verified.try_map(|payload| envelope::decode(&payload))?;
    check_owner(&envelope.origin, origin)?;
    Ok((envelope, evidence))
}

/// Opens an ack of the org that the card describes.
///
/// # Errors
/// When the proof does not hold, the origin is another org, or the form is wrong.
pub fn open_ack(document: &[u8], origin: &Card) -> Result<Verified<Ack>, OpenError> {
    let verified = dsse::open(Kind::Ack, document, &KeySet::current(origin))?;
    let ack = verified.try_map(|payload| ack::decode(&payload))?;
    check_owner(&ack.origin, origin)?;
    Ok(ack)
}

/// Opens a batch of signals of the org that the card describes.
///
/// # Errors
/// When the proof does not hold, the origin is another org, or the form is wrong.
pub fn open_signals(document: &[u8], origin: &Card) -> Result<Verified<SignalBatch>, OpenError> {
    let verified = dsse::open(Kind::Signals, document, &KeySet::current(origin))?;
    let batch = verified.try_map(|payload| signals::decode(&payload))?;
    check_owner(&batch.origin, origin)?;
    Ok(batch)
}

/// Signs a card with the identity key.
///
/// # Errors
/// The rule that the card breaks: what we seal, a peer can open.
pub fn seal_card(card: Card, identity: &SigningKey) -> Result<SignedCard, WireError> {
    let payload = card::encode(&card);
    card::decode(&payload)?;
    if card.identity != identity.public() {
        return refuse("card", "identity", "must be the key that signs it");
    }
    let document = dsse::sign(Kind::Card, &payload, identity).into();
    Ok(SignedCard { card, document })
}

/// Signs a grant.
///
/// # Errors
/// The rule that the grant breaks: what we seal, a peer can open.
pub fn seal_grant(grant: Grant, key: &SigningKey) -> Result<SignedGrant, WireError> {
    let payload = grant::encode(&grant);
    grant::decode(&payload)?;
    let document = dsse::sign(Kind::Grant, &payload, key).into();
    Ok(SignedGrant { grant, document })
}

/// Signs a hello, and bundles it with its card and grant.
///
/// # Errors
/// The rule that the hello breaks: what we seal, a peer can open.
pub fn seal_hello(hello: &Hello, key: &SigningKey) -> Result<String, WireError> {
    let payload = hello::encode(hello);
    hello::decode(&payload)?;
    Ok(hello::encode_bundle(&BundleV1 {
        card: (*hello.card.document).into(),
        grant: hello.grant.as_ref().map(|signed| (*signed.document).into()),
        hello: dsse::sign(Kind::Hello, &payload, key).into(),
    }))
}

/// Signs an envelope over records as they stand in the outbox. The caller keeps to the limits of count and size.
pub fn seal_envelope<'a>(head: &EnvelopeHead, records: impl Iterator<Item = &'a [u8]>, key: &SigningKey) -> String {
    dsse::sign(Kind::Envelope, &envelope::encode(head, records), key)
}

/// Signs an ack. Rejects beyond [`limits::REJECTS_PER_ACK_MAX`] wait for the next ack.
#[must_use]
pub fn seal_ack(ack: &Ack, key: &SigningKey) -> String {
    if ack.rejects.len() <= limits::REJECTS_PER_ACK_MAX {
        return dsse::sign(Kind::Ack, &ack::encode(ack), key);
    }
    let mut first = ack.clone();
    first.rejects.truncate(limits::REJECTS_PER_ACK_MAX);
    dsse::sign(Kind::Ack, &ack::encode(&first), key)
}

/// Signs a batch of signals. The caller keeps to the limit of their number.
#[must_use]
pub fn seal_signals(batch: &SignalBatch, key: &SigningKey) -> String {
    dsse::sign(Kind::Signals, &signals::encode(batch), key)
}

fn owner() -> OpenError {
    ProofError::Owner.into()
}

fn check_owner(named: &Domain, card: &Card) -> Result<(), OpenError> {
    if *named == card.domain { Ok(()) } else { Err(owner()) }
}

fn check_bundle(bundle: &BundleV1<'_>, parts: &HelloParts) -> Result<(), ProofError> {
    let grant = bundle.grant.as_deref().map(|document| sha256(document.as_bytes()));
    let same = parts.card == sha256(bundle.card.as_bytes()) && parts.grant == grant;
    if same { Ok(()) } else { Err(ProofError::Bundle) }
}

fn document_text(document: &[u8]) -> Result<&str, ProofError> {
    std::str::from_utf8(document).map(str::trim_ascii).map_err(|_| ProofError::Form)
}

fn assemble(parts: HelloParts, card: SignedCard, grant: Option<SignedGrant>) -> Hello {
    Hello {
        link: parts.link,
        origin: parts.origin,
        destination: parts.destination,
        sent_at: parts.sent_at,
        instance: parts.instance,
        run: parts.run,
        card,
        grant,
        seen_card: parts.seen_card,
        seen_serial: parts.seen_serial,
        outgoing: parts.outgoing,
        incoming: parts.incoming,
        follows: parts.follows,
        through: parts.through,
        ended: parts.ended,
        features: parts.features,
        files: parts.files,
        envelope_max: parts.envelope_max,
    }
}
