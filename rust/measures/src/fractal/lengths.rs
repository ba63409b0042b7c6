//! Shortest paths where edges have lengths (Dijkstra), up to a bound.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use layerscope_core::{Error, Result, Run, filled};

use super::network::Network;
use super::reach::Bound;

/// A length as the heap orders it.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Length(f64);

impl Eq for Length {}

impl PartialOrd for Length {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Length {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

/// Room for one search after the other.
pub(super) struct Shortest {
    distance: Vec<f64>,
    /// Position of the source that a node is nearest to.
    owner: Vec<u32>,
    heap: BinaryHeap<Reverse<(Length, u32, u32)>>,
    near: Vec<u32>,
    seen: Vec<u32>,
}

impl Shortest {
    pub fn new(nodes: usize) -> Result<Self> {
        Ok(Self {
            distance: filled(nodes, f64::INFINITY)?,
            owner: filled(nodes, u32::MAX)?,
            heap: BinaryHeap::new(),
            near: Vec::new(),
            seen: Vec::new(),
        })
    }

    /// Finds the nodes whose distance from the nearest source is within the bound. Of sources at
    /// the same distance the path through the smaller node wins.
    pub fn run(
        &mut self,
        network: Network,
        sources: &[u32],
        bound: Bound,
        run: &Run,
    ) -> Result<()> {
        for &node in &self.seen {
            self.distance[node as usize] = f64::INFINITY;
        }
        self.seen.clear();
        self.near.clear();
        self.heap.clear();
        for (position, &source) in sources.iter().enumerate() {
            self.distance[source as usize] = 0.0;
            self.owner[source as usize] = position as u32;
            self.seen.push(source);
            self.heap
                .push(Reverse((Length(0.0), source, position as u32)));
        }
        while let Some(Reverse((Length(distance), node, owner))) = self.heap.pop() {
            let here = node as usize;
            if distance > self.distance[here] || owner != self.owner[here] {
                continue;
            }
            if !bound.holds(distance) {
                break;
            }
            if self.near.len().is_multiple_of(1024) {
                run.check()?;
            }
            self.near.push(node);
            let edges = network
                .neighbours(here)
                .iter()
                .zip(network.weights_of(here));
            for (&other, length) in edges {
                let there = other as usize;
                let through = distance + length;
                if through < self.distance[there] {
                    if self.distance[there] == f64::INFINITY {
                        self.seen.push(other);
                    }
                    self.distance[there] = through;
                    self.owner[there] = owner;
                    self.heap.push(Reverse((Length(through), other, owner)));
                }
            }
        }
        Ok(())
    }

    /// Nodes within the bound, nearest first.
    pub fn near(&self) -> &[u32] {
        &self.near
    }

    /// Distance of a node from the nearest source, where it is within the bound.
    pub fn distance(&self, node: usize) -> f64 {
        self.distance[node]
    }

    /// Position of the source nearest to a node within the bound.
    pub fn owner(&self, node: usize) -> u32 {
        self.owner[node]
    }
}

/// Refuses lengths that are negative.
pub(super) fn check(network: Network) -> Result<()> {
    match network.weights().iter().find(|&&length| length < 0.0) {
        Some(wrong) => Err(Error::invalid(
            "graph",
            "must have no negative weight where weights are lengths",
            wrong,
        )),
        None => Ok(()),
    }
}

/// The largest finite distance, and the smallest positive length of an edge, if there is any.
pub(super) fn extent(network: Network, run: &Run) -> Result<(f64, Option<f64>)> {
    let nodes = network.nodes();
    let all = Bound {
        limit: f64::INFINITY,
        strict: true,
    };
    let farthest = run.map_with(
        nodes,
        || Shortest::new(nodes),
        |shortest, source| {
            shortest.run(network, &[source as u32], all, run)?;
            let last = shortest.near().last();
            Ok(last.map_or(0.0, |&node| shortest.distance(node as usize)))
        },
    )?;
    let positive = network
        .weights()
        .iter()
        .copied()
        .filter(|&length| length > 0.0);
    Ok((
        farthest.into_iter().fold(0.0, f64::max),
        positive.reduce(f64::min),
    ))
}
