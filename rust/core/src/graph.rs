//! An immutable weighted graph in compressed sparse rows.
//!
//! An undirected edge is stored in both rows, a self-loop once; a self-loop counts twice in the
//! degree, as the textbooks have it. Columns of a row rise strictly: repeated edges are merged on
//! the way in. A graph is built from a list of edges ([`Graph::from_edges`]) or from a neighbour table
//! ([`Graph::from_neighbours`]), in time proportional to its size.

mod edges;
mod neighbours;
mod rows;

pub use neighbours::Symmetrize;

/// A graph with sorted columns and one weight per stored arc.
#[derive(Debug, Clone, PartialEq)]
pub struct Graph {
    indptr: Vec<u64>,
    indices: Vec<u32>,
    weights: Vec<f64>,
    directed: bool,
}

impl Graph {
    /// Number of nodes.
    pub fn n_nodes(&self) -> usize {
        self.indptr.len() - 1
    }

    /// Whether arcs have a direction.
    pub fn directed(&self) -> bool {
        self.directed
    }

    /// Row pointers, length `n_nodes + 1`.
    pub fn indptr(&self) -> &[u64] {
        &self.indptr
    }

    /// Columns, rising within each row.
    pub fn indices(&self) -> &[u32] {
        &self.indices
    }

    /// One weight per stored arc.
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// The three arrays, for handing over without a copy.
    pub fn into_parts(self) -> (Vec<u64>, Vec<u32>, Vec<f64>) {
        (self.indptr, self.indices, self.weights)
    }
}
