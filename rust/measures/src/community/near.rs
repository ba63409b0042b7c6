//! What lies around the next few nodes, fetched ahead of the thinking.
//!
//! In a large graph nearly every look at a row or at a neighbour's community waits for memory.
//! Looks that do not depend on one another wait together: so the rows of several nodes are fetched
//! in one go, then the communities of all their neighbours, and only then is anything decided.

use super::level::{Level, Weights};

/// Nodes fetched together, and arcs beyond which no further node joins.
const NODES: usize = 16;
const ARCS: usize = 1024;

/// Up to so many nodes all that a visit asks for lies in near memory anyway.
pub(super) const NEAR: usize = 1 << 17;

/// Communities around a few nodes, and the weights of the arcs that lead there where rows hold
/// self-loops as well; elsewhere weights are read where they are.
#[derive(Default)]
pub(super) struct Near {
    homes: Vec<(u32, f64)>,
    rows: Vec<std::ops::Range<usize>>,
    communities: Vec<u32>,
    weights: Vec<f64>,
    ends: Vec<usize>,
}

/// One node: its community, its mass, the communities around it and the weights of the arcs that
/// lead there; no weights where all are 1.
#[derive(Clone, Copy)]
pub(super) struct Around<'a> {
    pub own: u32,
    pub mass: f64,
    communities: &'a [u32],
    weights: &'a [f64],
}

impl Around<'_> {
    /// Whether all arcs stay in the node's community.
    #[inline]
    pub fn at_home(&self) -> bool {
        // Most rows are short, and where the first stranger stands cannot be foretold.
        let strangers = self.communities.iter();
        strangers.fold(0, |any, &community| any | (community ^ self.own)) == 0
    }

    /// Weight of all arcs.
    #[inline]
    pub fn strength(&self) -> f64 {
        if self.weights.is_empty() {
            self.communities.len() as f64
        } else {
            self.weights.iter().sum()
        }
    }

    /// Calls `visit(community, weight)` for each arc.
    #[inline]
    pub fn each(&self, mut visit: impl FnMut(u32, f64)) {
        if self.weights.is_empty() {
            self.communities
                .iter()
                .for_each(|&community| visit(community, 1.0));
        } else {
            for (&community, &weight) in self.communities.iter().zip(self.weights) {
                visit(community, weight);
            }
        }
    }
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
        // Nothing but the wait for these lines of memory is wanted here.
        let ends = |row: &std::ops::Range<usize>| {
            let row = &level.indices[row.clone()];
            row.first().unwrap_or(&0) ^ row.last().unwrap_or(&0)
        };
        std::hint::black_box(self.rows.iter().map(ends).fold(0, |sum, end| sum ^ end));
        for (&node, row) in nodes.iter().zip(&self.rows) {
            if level.loops {
                level.visit(node as usize, |target, weight| {
                    self.communities.push(community[target]);
                    self.weights.push(weight);
                });
            } else {
                let targets = level.indices[row.clone()].iter();
                self.communities
                    .extend(targets.map(|&target| community[target as usize]));
            }
            self.ends.push(self.communities.len());
            if self.communities.len() > ARCS {
                break;
            }
        }
        self.ends.len()
    }

    /// The i-th node and what lies around it.
    #[inline]
    pub fn around<'a, W: Weights + 'a>(&'a self, level: &Level<'a, W>, i: usize) -> Around<'a> {
        let begin = if i == 0 { 0 } else { self.ends[i - 1] };
        let span = begin..self.ends[i];
        Around {
            own: self.homes[i].0,
            mass: self.homes[i].1,
            communities: &self.communities[span.clone()],
            weights: if level.loops {
                &self.weights[span]
            } else {
                level.weights.row(self.rows[i].clone())
            },
        }
    }
}
