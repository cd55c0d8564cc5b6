//! Checks of `wire::record`.
