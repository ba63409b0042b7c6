//! Test kit: naive twins of every measure, strategies and graphs with known answers. Not published:
//! the tests of the other crates use it.
//!
//! A twin is written from the definition, as short and as slow as it likes, and shares no code with
//! what it checks.

#![forbid(unsafe_code)]

pub mod agreement;
pub mod dimension;
pub mod graphs;
pub mod modularity;
