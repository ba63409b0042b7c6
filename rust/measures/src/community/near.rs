//! What lies around the next few nodes, fetched ahead of the thinking.
//!
//! In a large graph nearly every look at a row or at a neighbour's community waits for memory.
//! Looks that do not depend on one another wait together: so the rows of several nodes are fetched
//! in one go, then the communities of all their neighbours, and only then is anything decided.

use super::level::{Level, Weights};

/// Nodes fetched together, and arcs beyond which no further node joins.
const NODES: usize = 16;
const ARCS: usize = 1024;

/// Communities around a few nodes, and the weights of the arcs that lead there.
#[derive(Default)]
pub(super) struct Near {
    homes: Vec<(u32, f64)>,
    rows: Vec<std::ops::Range<usize>>,
    communities: Vec<u32>,
    weights: Vec<f64>,
    ends: Vec<usize>,
}

/// One node: its community, its mass, the communities and weights around it.
#[derive(Clone, Copy)]
pub(super) struct Around<'a> {
    pub own: u32,
    pub mass: f64,
    pub communities: &'a [u32],
    pub weights: &'a [f64],
}

impl Near {
    /// Fetches what lies around the first of `nodes`; how many of them it took, at least one.
    pub fn fetch<W: Weights>(
        &mut self,
        level: &Level<W>,
        nodes: &[u32],
        community: &[u32],
    ) -> usize {
        self.rows.clear();
        self.communities.clear();
        self.weights.clear();
        self.ends.clear();
        self.homes.clear();
        let nodes = &nodes[..nodes.len().min(NODES)];
        let home = |&node: &u32| (community[node as usize], level.mass[node as usize]);
        self.homes.extend(nodes.iter().map(home));
        self.rows
            .extend(nodes.iter().map(|&node| level.row(node as usize)));
        let ends = |row: &std::ops::Range<usize>| {
            level.indices[row.start..row.end]
                .first()
                .copied()
                .unwrap_or(0)
                ^ level.indices[row.start..row.end]
                    .last()
                    .copied()
                    .unwrap_or(0)
        };
        // Nothing but the wait for these lines of memory is wanted here.
        std::hint::black_box(self.rows.iter().map(ends).fold(0, |sum, end| sum ^ end));
        for (&node, row) in nodes.iter().zip(&self.rows) {
            level.weights.visit(
                level.indices,
                row.clone(),
                node as usize,
                |target, weight| {
                    self.communities.push(community[target]);
                    self.weights.push(weight);
                },
            );
            self.ends.push(self.communities.len());
            if self.communities.len() > ARCS {
                break;
            }
        }
        self.ends.len()
    }

    /// The i-th node and what lies around it.
    #[inline]
    pub fn around(&self, i: usize) -> Around<'_> {
        let begin = if i == 0 { 0 } else { self.ends[i - 1] };
        let span = begin..self.ends[i];
        Around {
            own: self.homes[i].0,
            mass: self.homes[i].1,
            communities: &self.communities[span.clone()],
            weights: &self.weights[span],
        }
    }
}
