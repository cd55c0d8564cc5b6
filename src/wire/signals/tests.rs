//! Batches of signals.
