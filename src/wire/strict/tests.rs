//! Checks of `wire::strict`.
