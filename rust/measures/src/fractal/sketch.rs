//! Greedy covering over sketches of the balls, for graphs too large for all pairs.
//!
//! Every node draws a rank; the sketch of a ball is the K smallest ranks in it, found by handing
//! sketches from neighbour to neighbour, one round per step of the radius. A sketch is a uniform
//! sample of its ball, so the ball's size times the share of uncovered nodes in the sketch
//! estimates how many uncovered nodes the ball holds. While effort lasts, every node that may hold
//! most, by an estimate raised by three of its errors, is looked at exactly, by a search, before a
//! centre is chosen: lattices, where many balls are equal, need that. After that sixteen of the
//! largest estimates are searched for each centre. When few of the nodes that drew are left,
//! samples say little: those that are left draw again, alone. Once they are so few that a bit for
//! each takes no more room than the sketches did, they are covered exactly. Graphs that are so
//! small from the start never come here: [`exact`].
//!
//! Once the balls of a large graph are so large that nearly every one holds some of a sample of the
//! nodes, centres are chosen among the sample alone: [`candidates`].
//!
//! Departs from Akiba et al. in two points: the state of the covering is exact throughout, where
//! they keep a sketch of it, and estimates are searched, since the largest of many estimates is
//! seldom the largest truth.

use std::cmp::Reverse;

use layerscope_core::{Error, Result, Run, filled};

use super::memb;
use super::network::Network;

mod balls;
mod candidates;
mod merge;
mod queue;
mod rest;
mod samples;
#[cfg(test)]
mod tests;

use balls::{BALLS, Balls};
use candidates::Candidates;
pub(super) use candidates::sample;
use queue::{Queue, Trust};
use samples::Sketches;

/// Ranks of a sketch, at least: estimates are then good to one part in eleven.
const FEWEST: usize = 128;
/// And at most, which is good to one part in thirty.
const MOST: usize = 1024;
/// Ranks of all sketches together, as far as the two limits allow.
const ALL: usize = 1 << 24;
/// Nodes draw again when fewer than one in so many of those that drew are left.
const FEW: usize = 32;
/// Edges that searches may go along in one covering, for each edge there is, and at least.
const EFFORT: u64 = 30;
const LEAST_EFFORT: u64 = 200_000_000;
/// Standard errors that estimates are raised by while there is effort left.
const ERRORS: f64 = 3.0;

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
    let sketches = nodes as u64 * ((repeats as u64 + 2) * (4 * length(nodes) as u64 + 5) + 160);
    sketches + repeats as u64 * Candidates::bytes(nodes)
}

/// What is known about the balls of one radius before anything is covered.
pub(super) struct First {
    radius: u32,
    /// Ranks of a sketch, at most.
    most: usize,
    /// Until candidates are enough.
    sketches: Option<Sketches>,
    candidates: Candidates,
}

impl First {
    /// Balls of radius 0, by sketches and by a sample of candidates.
    pub fn start(nodes: usize, most: usize, sample: usize, seed: u64, repeat: u64) -> Result<Self> {
        let everyone = (0..nodes as u32).collect();
        let sketches = Sketches::start(nodes, most, everyone, seed, item(repeat, 0))?;
        Ok(Self {
            radius: 0,
            most,
            candidates: Candidates::start(nodes, sketches.node[..sample.min(nodes)].to_vec())?,
            sketches: Some(sketches),
        })
    }

    /// Lets the balls grow to a radius. What is known there depends on the radius alone, not on
    /// the way to it: once candidates are enough, they are at every larger radius.
    pub fn grow(&mut self, network: Network, radius: u32, run: &Run) -> Result<()> {
        self.radius = radius;
        self.candidates.grow(network, radius, run)?;
        if self.sketches.is_some() && self.candidates.enough(network.nodes(), run)? {
            self.sketches = None;
        }
        match &mut self.sketches {
            Some(sketches) => sketches.grow(network, radius, run),
            None => Ok(()),
        }
    }
}

/// One covering by balls of the radius to which they have grown.
pub(super) fn cover(
    network: Network,
    first: &First,
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
        effort: 0,
    };
    if let Some(sketches) = &first.sketches {
        state.choose(network, sketches, run)?;
    } else {
        let State { left, centres, .. } = &mut state;
        state.n_left = first.candidates.choose(left, centres, run)?;
    }
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
fn item(repeat: u64, round: u64) -> u64 {
    repeat << 16 | round
}

/// A covering under way.
struct State {
    left: Vec<bool>,
    n_left: usize,
    centres: Vec<u32>,
    balls: Balls,
    /// Edges that searches went along.
    effort: u64,
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
        let spent = self.effort >= most_effort(network);
        let errors = if spent { 0.0 } else { ERRORS };
        let mut queue = Queue::new(sketches, errors, &uncovered, run)?;
        let mut tried: Vec<u32> = Vec::new();
        loop {
            let Some((node, trust)) = queue.best(sketches, &uncovered, run)? else {
                return Ok(());
            };
            // A sketch that is its ball is exact, however few nodes are left.
            let few = FEW * self.n_left < sketches.node.len() || self.n_left <= bits(sketches.most);
            if few && trust != Trust::Sure {
                return Ok(());
            }
            let mut centre = node;
            if trust == Trust::Guess {
                tried.clear();
                tried.push(node);
                while tried.len() < BALLS {
                    let Some((node, trust)) = queue.best(sketches, &uncovered, run)? else {
                        break;
                    };
                    tried.push(node);
                    if trust != Trust::Guess {
                        break;
                    }
                }
                let around = tried.iter().copied();
                self.effort += self.balls.find(network, around, sketches.radius, run)?;
                let (sizes, counts) = self.balls.counts(&rank_of, &self.left);
                for ((&node, size), &count) in tried.iter().zip(sizes).zip(&counts) {
                    queue.learn(node, size, count, sketches, &uncovered);
                }
                if self.effort < most_effort(network) {
                    continue;
                }
                queue.errors = 0.0;
                let best = tried
                    .iter()
                    .zip(counts)
                    .max_by_key(|&(&node, n)| (n, Reverse(node)));
                centre = best.map_or(node, |(&node, _)| node);
            }
            let alone = std::iter::once(centre);
            self.balls.find(network, alone, sketches.radius, run)?;
            self.centres.push(centre);
            queue.chosen += 1;
            for &other in self.balls.nodes() {
                if std::mem::replace(&mut self.left[other as usize], false) {
                    self.n_left -= 1;
                    uncovered[rank_of[other as usize] as usize] = false;
                }
            }
        }
    }
}

/// Edges that searches for the best centre may go along, in one covering: where that is not enough
/// to be sure of the best, the best of a few must do.
fn most_effort(network: Network) -> u64 {
    (EFFORT * network.arcs() as u64).max(LEAST_EFFORT)
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
