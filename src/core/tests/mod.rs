//! Tests of the decisions, by subject. Scenarios run on two cores that talk in memory ([`crate::testing::Pair`]).

mod authority;
mod grants;
mod hello;
mod ingest;
mod links;
mod settle;
mod signals;
mod users;
mod why;
