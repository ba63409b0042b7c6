//! Greedy covering over sketches of the balls, for graphs too large for all pairs.
//!
//! Every node draws a rank; the sketch of a ball is the K smallest ranks in it, found by handing
//! sketches from neighbour to neighbour, one round per step of the radius. A sketch is a uniform
//! sample of its ball, so the ball's size times the share of uncovered nodes in the sketch
//! estimates how many uncovered nodes the ball holds. The largest estimates are looked at exactly,
//! by a search, and the best of them becomes a centre. When few of the nodes that drew are left,
//! samples say little: those that are left draw again, alone. Once they are so few that a bit for
//! each takes no more room than the sketches did, they are covered exactly. Graphs that are so
//! small from the start never come here: [`exact`].
//!
//! Departs from Akiba et al. in two points: the state of the covering is exact throughout, where
//! they keep a sketch of it, and the best estimates are searched, since the largest of many
//! estimates is seldom the largest truth.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use layerscope_core::{Error, Result, Run, filled};

use super::memb;
use super::network::Network;

mod balls;
mod merge;
mod rest;
mod samples;
#[cfg(test)]
mod tests;

use balls::{BALLS, Balls};
pub(super) use samples::Sketches;

/// Ranks of a sketch, at least: estimates are then good to one part in eleven.
const FEWEST: usize = 128;
/// And at most, which is good to one part in thirty.
const MOST: usize = 1024;
/// Ranks of all sketches together, as far as the two limits allow.
const ALL: usize = 1 << 24;
/// Nodes draw again when fewer than one in so many of those that drew are left.
const FEW: usize = 32;

/// Ranks of a sketch; it depends on the graph alone.
pub(super) fn length(nodes: usize) -> usize {
    (ALL / nodes).clamp(FEWEST, MOST)
}

/// So many nodes take no more room as bits than as ranks of a sketch.
fn bits(most: usize) -> usize {
    32 * most
}

/// Whether whole balls, a bit per node, take no more room than sketches of them do.
pub(super) fn exact(nodes: usize) -> bool {
    nodes <= bits(length(nodes))
}

/// Bytes of the first sketches of every repeat, of later ones, and of a new generation.
fn bytes(nodes: usize, repeats: usize) -> u64 {
    nodes as u64 * ((repeats as u64 + 2) * (4 * length(nodes) as u64 + 5) + 160)
}

/// One covering by balls of the sketches' radius.
pub(super) fn cover(
    network: Network,
    first: &Sketches,
    seed: u64,
    repeat: u64,
    run: &Run,
) -> Result<Vec<u32>> {
    let nodes = network.nodes();
    let mut state = State {
        left: filled(nodes, true)?,
        n_left: nodes,
        centres: Vec::new(),
        balls: Balls::new(nodes)?,
    };
    state.choose(network, first, run)?;
    for round in 1.. {
        let drawing = (0..nodes as u32).filter(|&node| state.left[node as usize]);
        if state.n_left <= bits(first.most) {
            let State { left, centres, .. } = &mut state;
            rest::cover(network, first.radius, left, centres, run)?;
            break;
        }
        let item = item(repeat, round);
        let mut sketches = Sketches::start(nodes, first.most, drawing.collect(), seed, item)?;
        sketches.grow(network, first.radius, run)?;
        state.choose(network, &sketches, run)?;
    }
    memb::assign(network, false, &state.centres, run)
}

/// The stream of a round of drawing.
pub(super) fn item(repeat: u64, round: u64) -> u64 {
    repeat << 16 | round
}

/// A covering under way.
struct State {
    left: Vec<bool>,
    n_left: usize,
    centres: Vec<u32>,
    balls: Balls,
}

impl State {
    /// Chooses centres while the sketches have something to say.
    fn choose(&mut self, network: Network, sketches: &Sketches, run: &Run) -> Result<()> {
        let nodes = self.left.len();
        let mut rank_of = filled(nodes, u32::MAX)?;
        let mut uncovered = filled(sketches.node.len(), false)?;
        for (rank, &node) in sketches.node.iter().enumerate() {
            rank_of[node as usize] = rank as u32;
            uncovered[rank] = self.left[node as usize];
        }
        let mut queue = Queue::new(sketches, &uncovered, run)?;
        let mut tried: Vec<u32> = Vec::new();
        loop {
            let Some((node, sure)) = queue.best(sketches, &uncovered, run)? else {
                return Ok(());
            };
            // A sketch that is its ball is exact, however few nodes are left.
            let few = FEW * self.n_left < sketches.node.len() || self.n_left <= bits(sketches.most);
            if few && !sure {
                return Ok(());
            }
            tried.clear();
            tried.push(node);
            while !sure && tried.len() < BALLS {
                let Some((node, _)) = queue.best(sketches, &uncovered, run)? else {
                    break;
                };
                tried.push(node);
            }
            self.balls
                .find(network, tried.iter().copied(), sketches.radius, run)?;
            let counts = self.balls.counts(&self.left);
            let (ball, &centre) = tried
                .iter()
                .enumerate()
                .max_by_key(|&(ball, &node)| (counts[ball], Reverse(node)))
                .ok_or_else(|| Error::Internal("no centre was tried".into()))?;
            self.centres.push(centre);
            for other in self.balls.nodes(ball) {
                if std::mem::replace(&mut self.left[other as usize], false) {
                    self.n_left -= 1;
                    uncovered[rank_of[other as usize] as usize] = false;
                }
            }
            for (&node, count) in tried.iter().zip(counts) {
                if node != centre {
                    queue.wait(node, count, sketches, &uncovered);
                }
            }
        }
    }
}

/// A gain, by its bits, and whose it is: the smallest node first among equals. The bits of floats
/// that are not negative are ordered as the floats are.
type Entry = (u64, Reverse<u32>);

/// Nodes by the gains they promise. Gains only fall while nodes are covered, so old ones are
/// bounds, as in `memb`.
struct Queue {
    heap: BinaryHeap<Entry>,
    /// What a search has found a node's gain to be: an estimate above it is wrong.
    known: Vec<u32>,
    looks: u32,
}

impl Queue {
    fn new(sketches: &Sketches, uncovered: &[bool], run: &Run) -> Result<Self> {
        let nodes = sketches.nodes();
        let mut queue = Self {
            heap: BinaryHeap::new(),
            known: filled(nodes, u32::MAX)?,
            looks: 0,
        };
        for node in 0..nodes as u32 {
            if node % 4096 == 0 {
                run.check()?;
            }
            let (entry, _) = queue.entry(node, sketches, uncovered);
            if entry.0 > 0 {
                queue.heap.push(entry);
            }
        }
        Ok(queue)
    }

    fn entry(&self, node: u32, sketches: &Sketches, uncovered: &[bool]) -> (Entry, bool) {
        let (gain, sure) = sketches.gain(node as usize, uncovered);
        let gain = gain.min(f64::from(self.known[node as usize]));
        ((gain.to_bits(), Reverse(node)), sure)
    }

    /// Takes out the node that promises most, and says whether it is sure to keep that.
    fn best(
        &mut self,
        sketches: &Sketches,
        uncovered: &[bool],
        run: &Run,
    ) -> Result<Option<(u32, bool)>> {
        while let Some((_, Reverse(node))) = self.heap.pop() {
            if self.looks.is_multiple_of(1024) {
                run.check()?;
            }
            self.looks = self.looks.wrapping_add(1);
            let (entry, sure) = self.entry(node, sketches, uncovered);
            if entry.0 == 0 {
                continue;
            }
            if self.heap.peek().is_some_and(|next| entry < *next) {
                self.heap.push(entry);
                continue;
            }
            return Ok(Some((node, sure)));
        }
        Ok(None)
    }

    /// Puts back a node that a search has found to have a gain.
    fn wait(&mut self, node: u32, count: u32, sketches: &Sketches, uncovered: &[bool]) {
        self.known[node as usize] = count;
        let (entry, _) = self.entry(node, sketches, uncovered);
        self.heap.push(entry);
    }
}

/// Refuses a limit that the sketches do not fit under.
pub(super) fn check(nodes: usize, repeats: usize, memory_limit: Option<u64>) -> Result<()> {
    match memory_limit {
        Some(limit) if bytes(nodes, repeats) > limit => Err(Error::MemoryLimit {
            needed: bytes(nodes, repeats),
            limit,
        }),
        _ => Ok(()),
    }
}
