//! Tests of the exchange with peers.
