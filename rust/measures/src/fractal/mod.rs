//! Fractal geometry of a graph: distances in steps, box coverings, dimensions, renormalisation.
//!
//! Everything here looks at an undirected [`Network`]: self-loops change no distance and are
//! passed over. A box of size `l_B` holds nodes whose pairwise distances, taken in the whole
//! graph, lie *strictly below* `l_B`; a box of radius `r_B` holds nodes within `r_B` of a centre.
//! Nodes of different components are infinitely far apart, so no box spans two components and
//! the counts of components add up by themselves.

mod burning;
mod diameter;
mod greedy;
mod line;
mod memb;
mod network;
mod obca;
mod order;
mod random;
mod reach;
mod sketch;
mod wave;

pub mod counts;
pub mod degree_exponent;
pub mod dimension;
pub mod distances;
pub mod lengths;
pub mod linkage;
pub mod paths;
pub mod rewire;

pub use network::{Component, Network, components};

#[cfg(test)]
mod tests;
