//! An immutable weighted graph in compressed sparse rows.
//!
//! An undirected edge is stored in both rows, a self-loop once; a self-loop counts twice in the
//! degree, as the textbooks have it. Columns of a row rise strictly: repeated edges are merged on
//! the way in.

use crate::{Error, Result};

/// A graph with sorted columns and one weight per stored arc.
#[derive(Debug, Clone, PartialEq)]
pub struct Graph {
    indptr: Vec<u64>,
    indices: Vec<u32>,
    weights: Vec<f64>,
    directed: bool,
}

impl Graph {
    /// Builds a graph from arcs `(from, to, weight)` in any order. Arcs with the same ends merge
    /// by `merge`, applied in the order given. For an undirected graph every arc is an edge and
    /// is stored in both rows.
    pub fn from_arcs(
        n_nodes: usize,
        arcs: impl IntoIterator<Item = (u32, u32, f64)>,
        directed: bool,
        merge: impl Fn(f64, f64) -> f64,
    ) -> Result<Self> {
        let mut stored: Vec<(u32, u32, f64)> = Vec::new();
        for (position, (from, to, weight)) in arcs.into_iter().enumerate() {
            for node in [from, to] {
                if node as usize >= n_nodes {
                    return Err(Error::invalid(
                        "edges",
                        format!("must join nodes below {n_nodes}"),
                        format!("node {node} in edge {position}"),
                    ));
                }
            }
            if !weight.is_finite() {
                return Err(Error::invalid(
                    "weights",
                    "must be finite",
                    format!("{weight} in edge {position}"),
                ));
            }
            // An undirected edge keeps its smaller end first, so that reversed copies meet.
            if directed || from <= to {
                stored.push((from, to, weight));
            } else {
                stored.push((to, from, weight));
            }
        }
        // Stable, so that merging adds in the order given.
        stored.sort_by_key(|&(from, to, _)| (from, to));
        stored.dedup_by(|later, kept| {
            let same = (later.0, later.1) == (kept.0, kept.1);
            if same {
                kept.2 = merge(kept.2, later.2);
            }
            same
        });
        if !directed {
            let reversed: Vec<_> = stored
                .iter()
                .filter(|&&(from, to, _)| from != to)
                .map(|&(from, to, weight)| (to, from, weight))
                .collect();
            stored.extend(reversed);
            stored.sort_unstable_by_key(|&(from, to, _)| (from, to));
        }
        let mut indptr = vec![0u64; n_nodes + 1];
        for &(from, _, _) in &stored {
            indptr[from as usize + 1] += 1;
        }
        for i in 0..n_nodes {
            indptr[i + 1] += indptr[i];
        }
        Ok(Self {
            indptr,
            indices: stored.iter().map(|&(_, to, _)| to).collect(),
            weights: stored.iter().map(|&(_, _, weight)| weight).collect(),
            directed,
        })
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_and_reversed_edges_merge() {
        let edges = [(0, 1, 1.0), (1, 0, 2.0), (2, 2, 5.0), (1, 2, 1.0)];
        let graph = Graph::from_arcs(4, edges, false, |a, b| a + b).unwrap();
        assert_eq!(graph.indptr(), [0, 1, 3, 5, 5]);
        assert_eq!(graph.indices(), [1, 0, 2, 1, 2]);
        assert_eq!(graph.weights(), [3.0, 3.0, 1.0, 1.0, 5.0]);
        let directed = Graph::from_arcs(4, edges, true, |a, b| a + b).unwrap();
        assert_eq!(directed.indices(), [1, 0, 2, 2]);
    }

    #[test]
    fn a_graph_may_be_empty() {
        let graph = Graph::from_arcs(0, [], false, |a, _| a).unwrap();
        assert_eq!(graph.n_nodes(), 0);
    }

    #[test]
    fn bad_ends_and_weights_are_refused() {
        assert!(Graph::from_arcs(2, [(0, 2, 1.0)], false, |a, _| a).is_err());
        assert!(Graph::from_arcs(2, [(0, 1, f64::NAN)], false, |a, _| a).is_err());
    }
}
