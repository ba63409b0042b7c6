//! Naive twins of graph building, on dense tables, and generators of edges and neighbour tables.

use std::collections::BTreeMap;

use layerscope_core::{Graph, Symmetrize};
use proptest::prelude::*;

/// A graph as a sorted map from stored arcs to weights.
pub type Arcs = BTreeMap<(u32, u32), f64>;

/// The stored arcs of a built graph.
///
/// # Panics
///
/// Where the columns of a row do not rise.
pub fn arcs_of(graph: &Graph) -> Arcs {
    let mut arcs = Arcs::new();
    for row in 0..graph.n_nodes() {
        let span = graph.indptr()[row] as usize..graph.indptr()[row + 1] as usize;
        let columns = &graph.indices()[span.clone()];
        assert!(
            columns.windows(2).all(|pair| pair[0] < pair[1]),
            "row {row}: {columns:?}"
        );
        for place in span {
            arcs.insert((row as u32, graph.indices()[place]), graph.weights()[place]);
        }
    }
    arcs
}

/// Naive twin of `Graph::from_edges`: a map takes one edge after the other.
pub fn merge_edges(edges: &[(u32, u32)], weights: Option<&[f64]>, directed: bool) -> Arcs {
    let mut arcs = Arcs::new();
    let mut add = |from, to, weight: Option<f64>| match weight {
        Some(weight) => *arcs.entry((from, to)).or_insert(0.0) += weight,
        None => {
            arcs.insert((from, to), 1.0);
        }
    };
    for (position, &(from, to)) in edges.iter().enumerate() {
        let weight = weights.map(|weights| weights[position]);
        add(from, to, weight);
        if !directed && from != to {
            add(to, from, weight);
        }
    }
    arcs
}

/// Naive twin of `Graph::from_neighbours`: every pair of rows is looked at.
pub fn symmetrize(
    k: usize,
    indices: &[u32],
    weights: Option<&[f64]>,
    rule: Option<Symmetrize>,
) -> Arcs {
    let n = indices.len() / k;
    let weight = |from: usize, to: usize| {
        (0..k)
            .find(|slot| indices[from * k + slot] as usize == to)
            .map(|slot| weights.map_or(1.0, |weights| weights[from * k + slot]))
    };
    let mut arcs = Arcs::new();
    for i in 0..n {
        for j in 0..n {
            let (out, back) = (weight(i, j), weight(j, i));
            let present: Vec<f64> = out.into_iter().chain(back).collect();
            let joined = match rule {
                None => out,
                Some(_) if present.is_empty() => None,
                Some(Symmetrize::Mean) => Some(present.iter().sum::<f64>() / 2.0),
                Some(Symmetrize::Union) => present.iter().copied().reduce(f64::max),
                Some(Symmetrize::Mutual) => {
                    (present.len() == 2).then(|| present.iter().sum::<f64>() / 2.0)
                }
            };
            if let Some(weight) = joined {
                arcs.insert((i as u32, j as u32), weight);
            }
        }
    }
    arcs
}

/// Edges among up to `max_nodes` nodes, with repeated and reversed ones and self-loops, and small
/// whole weights, whose sums are exact in any order.
pub fn edges(max_nodes: usize) -> impl Strategy<Value = (usize, Vec<(u32, u32)>, Vec<f64>)> {
    (1..=max_nodes).prop_flat_map(|n| {
        let node = 0..n as u32;
        prop::collection::vec(((node.clone(), node), -4i8..=4), 0..4 * n).prop_map(move |edges| {
            let (ends, weights): (Vec<_>, Vec<i8>) = edges.into_iter().unzip();
            (n, ends, weights.into_iter().map(f64::from).collect())
        })
    })
}

/// A neighbour table of up to `max_rows` rows: k distinct others per row, in any order, and
/// weights in quarters, whose means are exact.
pub fn neighbour_table(max_rows: usize) -> impl Strategy<Value = (usize, Vec<u32>, Vec<f64>)> {
    (2..=max_rows)
        .prop_flat_map(|n| (Just(n), 1..n))
        .prop_flat_map(|(n, k)| {
            let row = |row: u32| {
                let others: Vec<u32> = (0..n as u32).filter(|&other| other != row).collect();
                Just(others).prop_shuffle()
            };
            let rows: Vec<_> = (0..n as u32).map(row).collect();
            (Just(k), rows, prop::collection::vec(-4i8..=4, n * k))
        })
        .prop_map(|(k, rows, weights)| {
            let indices = rows.iter().flat_map(|row| row[..k].to_vec()).collect();
            (
                k,
                indices,
                weights.into_iter().map(|x| f64::from(x) / 4.0).collect(),
            )
        })
}
