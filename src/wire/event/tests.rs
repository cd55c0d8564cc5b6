//! Checks of `wire::event`.
