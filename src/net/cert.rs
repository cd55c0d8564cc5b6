//! TLS keys and certificates of an org: made here, pinned by the SHA-256 of their public key (W1).

use super::tls::TlsError;
use crate::{
    crypto::digest,
    model::{Digest, Domain, Millis},
};
use rustls::{
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    server::ParsedCertificate,
};

/// A new P-256 key and a self-signed certificate for it, both as PEM: certificate, key.
///
/// # Errors
/// When the certificate cannot be made.
pub fn generate(domain: &Domain) -> Result<(String, String), TlsError> {
    let failed = |error: rcgen::Error| TlsError::Certificate(error.to_string());
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).map_err(failed)?;
    let mut params = rcgen::CertificateParams::new(vec![domain.to_string()]).map_err(failed)?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(rcgen::DnType::CommonName, domain.as_str());
    let certificate = params.self_signed(&key).map_err(failed)?;
    Ok((certificate.pem(), key.serialize_pem()))
}

/// The pin of a certificate: SHA-256 of its subject public key info. Read with the parser that also checks the
/// handshake's signature, so that both see the same key.
///
/// # Errors
/// When it is not an X.509 v3 certificate.
pub fn spki_pin(certificate: &CertificateDer<'_>) -> Result<Digest, TlsError> {
    let parsed = ParsedCertificate::try_from(certificate).map_err(|error| TlsError::Certificate(error.to_string()))?;
    Ok(digest::sha256(&parsed.subject_public_key_info()))
}

/// When a certificate says that it ends. Nothing here ends with it, because keys are pinned and dates are not looked at;
/// an admin wants to know all the same.
#[must_use]
pub fn ends_at(certificate: &CertificateDer<'_>) -> Option<Millis> {
    let (_, parsed) = x509_parser::parse_x509_certificate(certificate).ok()?;
    let seconds = u64::try_from(parsed.validity().not_after.timestamp()).ok()?;
    Some(Millis(seconds.saturating_mul(1_000)))
}

/// What a daemon shows to prove which org it is.
#[derive(Debug)]
pub struct TlsIdentity {
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) key: PrivateKeyDer<'static>,
}

impl TlsIdentity {
    /// Reads certificate chain and private key from PEM.
    ///
    /// # Errors
    /// When one of them holds nothing readable.
    pub fn parse(certificate_pem: &str, key_pem: &str) -> Result<Self, TlsError> {
        let unreadable = |what: &str| TlsError::Certificate(format!("the {what} is not readable PEM"));
        let chain = CertificateDer::pem_slice_iter(certificate_pem.as_bytes())
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| unreadable("certificate"))?;
        let key = PrivateKeyDer::from_pem_slice(key_pem.as_bytes()).map_err(|_| unreadable("private key"))?;
        if chain.is_empty() {
            return Err(unreadable("certificate"));
        }
        Ok(Self { chain, key })
    }

    /// The pin that peers know us by.
    ///
    /// # Errors
    /// When the certificate is malformed.
    pub fn pin(&self) -> Result<Digest, TlsError> {
        spki_pin(&self.chain[0])
    }
}
