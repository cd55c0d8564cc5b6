//! Signatures, digests, keys: verification returns a value that cannot be made elsewhere.

pub mod digest;
