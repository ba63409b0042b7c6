//! Qualities of partitions from their definitions, the best partition by trying them all, and
//! graphs to look for communities in.

use layerscope_core::{Graph, Interrupt, Progress, Run};
use proptest::prelude::*;

/// An undirected graph as a list of edges, each once; an edge from a node to itself is a loop.
#[derive(Debug, Clone)]
pub struct Edges {
    /// Number of nodes.
    pub nodes: usize,
    /// Two ends and a weight.
    pub edges: Vec<(u32, u32, f64)>,
}

impl Edges {
    /// The matrix A of the textbooks: weights between nodes, twice that of a loop on the diagonal.
    pub fn dense(&self) -> Vec<Vec<f64>> {
        let mut dense = vec![vec![0.0; self.nodes]; self.nodes];
        for &(u, v, weight) in &self.edges {
            dense[u as usize][v as usize] += weight;
            dense[v as usize][u as usize] += weight;
        }
        dense
    }

    /// The three arrays of its sparse rows.
    ///
    /// # Panics
    ///
    /// For ends that are no nodes.
    pub fn sparse(&self) -> (Vec<i64>, Vec<u32>, Vec<f64>) {
        let (interrupt, progress) = (Interrupt::default(), Progress::default());
        let run = Run::new(std::num::NonZeroUsize::MIN, &interrupt, &progress);
        let ends = |side: fn(&(u32, u32, f64)) -> u32| self.edges.iter().map(side).collect();
        let (sources, targets): (Vec<u32>, Vec<u32>) = (ends(|e| e.0), ends(|e| e.1));
        let weights: Vec<f64> = self.edges.iter().map(|e| e.2).collect();
        let graph =
            Graph::from_edges(&run, self.nodes, &sources, &targets, Some(&weights), false).unwrap();
        let (indptr, indices, weights) = graph.into_parts();
        let indptr = indptr.into_iter().map(u64::cast_signed).collect();
        (indptr, indices, weights)
    }
}

/// Σ over ordered pairs of one community of `A_ij / 2m − γ k_i k_j / (2m)²`.
pub fn modularity(graph: &Edges, labels: &[u32], resolution: f64) -> f64 {
    let dense = graph.dense();
    let degree: Vec<f64> = dense.iter().map(|row| row.iter().sum()).collect();
    let total: f64 = degree.iter().sum();
    let mut value = 0.0;
    for i in 0..graph.nodes {
        for j in 0..graph.nodes {
            if labels[i] == labels[j] {
                value += dense[i][j] / total - resolution * degree[i] * degree[j] / (total * total);
            }
        }
    }
    value
}

/// Σ over pairs i < j of one community of `w_ij − γ`, and the loops.
pub fn cpm(graph: &Edges, labels: &[u32], resolution: f64) -> f64 {
    let dense = graph.dense();
    let mut value = 0.0;
    for i in 0..graph.nodes {
        value += dense[i][i] / 2.0;
        for j in 0..i {
            if labels[i] == labels[j] {
                value += dense[i][j] - resolution;
            }
        }
    }
    value
}

/// The largest value of `quality` over all partitions of up to 9 nodes.
pub fn largest(nodes: usize, quality: &impl Fn(&[u32]) -> f64) -> f64 {
    fn fill(labels: &mut [u32], node: usize, used: u32, quality: &impl Fn(&[u32]) -> f64) -> f64 {
        if node == labels.len() {
            return quality(labels);
        }
        let mut best = f64::NEG_INFINITY;
        for label in 0..=used {
            labels[node] = label;
            best = best.max(fill(labels, node + 1, used.max(label + 1), quality));
        }
        best
    }
    fill(&mut vec![0; nodes], 0, 0, quality)
}

/// Whether every community is connected inside itself by edges that weigh something.
pub fn connected(graph: &Edges, labels: &[u32]) -> bool {
    let mut component: Vec<usize> = (0..graph.nodes).collect();
    for _ in 0..graph.nodes {
        for &(u, v, weight) in &graph.edges {
            let (u, v) = (u as usize, v as usize);
            if weight > 0.0 && labels[u] == labels[v] {
                let low = component[u].min(component[v]);
                (component[u], component[v]) = (low, low);
            }
        }
    }
    (0..graph.nodes).all(|i| (0..i).all(|j| labels[i] != labels[j] || component[i] == component[j]))
}

/// Up to `nodes` nodes with loops, repeated edges, isolated nodes and weights in quarters, some of
/// them 0; half of the graphs weigh 1 throughout.
pub fn graphs(nodes: usize) -> impl Strategy<Value = Edges> {
    (1..=nodes, any::<bool>()).prop_flat_map(|(nodes, ones)| {
        let node = 0..nodes as u32;
        let edge = (node.clone(), node, 0u8..9);
        prop::collection::vec(edge, 0..3 * nodes).prop_map(move |mut edges| {
            if ones {
                edges.sort_unstable_by_key(|&(u, v, _)| (u.min(v), u.max(v)));
                edges.dedup_by_key(|&mut (u, v, _)| (u.min(v), u.max(v)));
            }
            let weight = |quarters| if ones { 1.0 } else { f64::from(quarters) / 4.0 };
            let edges = edges.into_iter().map(|(u, v, w)| (u, v, weight(w)));
            Edges {
                nodes,
                edges: edges.collect(),
            }
        })
    })
}

/// `groups` rings of `size` nodes with chords, joined by a few edges: large enough for batches.
pub fn rings(groups: u32, size: u32) -> Edges {
    let mut edges = Vec::new();
    for group in 0..groups {
        let node = |i: u32| group * size + i % size;
        for i in 0..size {
            for step in [1, 2, 5] {
                edges.push((node(i), node(i + step), 1.0));
            }
        }
        edges.push((node(0), (node(0) + 7 * size + 3) % (groups * size), 1.0));
    }
    Edges {
        nodes: (groups * size) as usize,
        edges,
    }
}
