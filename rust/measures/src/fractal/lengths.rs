//! Shortest paths where edges have lengths, up to a bound.
//!
//! **Question.** How long is the shortest path between two nodes, where edges have lengths?
//!
//! **Formula.** The least sum of lengths over all paths, by Dijkstra's search.
//!
//! **Complexity.** O(arcs · log arcs) from each source.
//!
//! **Needs.** Lengths that are not negative and whose sum is finite.
//!
//! **Edge cases.** Infinity where there is no path; an edge of length 0 joins without distance.
//!
//! **Determinism.** One search per source; of equal paths that through the smaller node is kept,
//! and sums go along the path.
//!
//! **Reference.** Dijkstra, *Numerische Mathematik* 1, 269 (1959).

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::sync::{Mutex, PoisonError};

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

/// Refuses lengths that are negative, or whose sums may overflow.
pub(super) fn check(network: Network) -> Result<()> {
    let negative = |&&length: &&f64| length < 0.0;
    if let Some(wrong) = network.weights().iter().find(negative) {
        let rule = "must have no negative weight where weights are lengths";
        return Err(Error::invalid("graph", rule, wrong));
    }
    // No path is longer than all edges together.
    let sum: f64 = network.weights().iter().sum();
    if !sum.is_finite() {
        let rule = "must have lengths whose sum is a finite number";
        return Err(Error::invalid("graph", rule, sum));
    }
    Ok(())
}

/// Writes the length of the shortest path from each source (all nodes if None) to every node into
/// `table`, one row per source; infinity where there is no path.
pub fn path_lengths(
    network: Network,
    sources: Option<&[u32]>,
    table: &mut [f64],
    run: &Run,
) -> Result<()> {
    check(network)?;
    let nodes = network.nodes();
    let count = sources.map_or(nodes, <[u32]>::len);
    if let Some(wrong) = sources.and_then(|all| all.iter().find(|&&node| node as usize >= nodes)) {
        let rule = format!("must be nodes below {nodes}");
        return Err(Error::invalid("sources", rule, wrong));
    }
    if nodes.checked_mul(count) != Some(table.len()) {
        let rule = format!("must hold {count} x {nodes} entries");
        return Err(Error::invalid("out", rule, table.len()));
    }
    let everything = Bound {
        limit: f64::INFINITY,
        strict: true,
    };
    let rows: Vec<_> = table.chunks_mut(nodes).map(Mutex::new).collect();
    run.progress().start(count as u64);
    run.map_with(
        count,
        || Shortest::new(nodes),
        |shortest, row| {
            let source = sources.map_or(row as u32, |sources| sources[row]);
            shortest.run(network, &[source], everything, run)?;
            // Each mutex is taken once, by the thread that claimed its row.
            let mut row = rows[row].lock().unwrap_or_else(PoisonError::into_inner);
            row.fill(f64::INFINITY);
            for &node in shortest.near() {
                row[node as usize] = shortest.distance(node as usize);
            }
            run.progress().step();
            Ok(())
        },
    )?;
    Ok(())
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
