//! Greedy covering over sketches of the balls, for graphs too large for all pairs.
//!
//! Every node draws a rank; the sketch of a ball is the K smallest ranks in it, found by handing
//! sketches from neighbour to neighbour, one round per step of the radius. A sketch is a uniform
//! sample of its ball, so the ball's size times the share of uncovered nodes in the sketch
//! estimates how many uncovered nodes the ball holds. The largest estimates are looked at exactly,
//! by a search, and the best of them becomes a centre. When no sketch holds an uncovered node any more,
//! those that are left draw again, alone: fewer and fewer, until every sketch holds all there is,
//! is exact, and the covering is complete.
//!
//! Departs from Akiba et al. in two points: the state of the covering is exact throughout, where
//! they keep a sketch of it, and the best estimates are searched, since the largest of many
//! estimates is seldom the largest truth.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use layerscope_core::random::shuffle;
use layerscope_core::{Error, Result, Run, filled, with_capacity};

use super::memb;
use super::network::Network;

/// Ranks of a sketch, at least: estimates are then good to one part in eleven.
const FEWEST: usize = 128;
/// And at most, which is good to one part in thirty.
const MOST: usize = 1024;
/// Ranks of all sketches together, as far as the two limits allow.
const ALL: usize = 1 << 24;
/// Candidates for a centre that are searched.
const TRIES: usize = 16;
/// Nodes of one piece of work.
const PIECE: usize = 1024;

/// Ranks of a sketch; it depends on the graph alone.
fn length(nodes: usize) -> usize {
    (ALL / nodes).clamp(FEWEST, MOST)
}

/// Bytes of the first sketches of every repeat, of later ones, and of a new generation.
fn bytes(nodes: usize, repeats: usize) -> u64 {
    nodes as u64 * ((repeats as u64 + 2) * (4 * length(nodes) as u64 + 4) + 64)
}

/// Sketches of all balls of one radius; ranks count from 0, rising.
pub(super) struct Sketches {
    ranks: Vec<u32>,
    lengths: Vec<u16>,
    /// The node that has a rank.
    node: Vec<u32>,
    radius: u32,
    /// Ranks that a sketch holds at most, K.
    most: usize,
}

impl Sketches {
    /// Balls of radius 0 around the nodes that draw.
    pub fn start(nodes: usize, mut drawing: Vec<u32>, seed: u64, item: u64) -> Result<Self> {
        shuffle(&mut drawing, seed, item);
        let most = length(nodes);
        let mut ranks = filled(nodes * most, 0u32)?;
        let mut lengths = filled(nodes, 0u16)?;
        for (rank, &node) in drawing.iter().enumerate() {
            ranks[node as usize * most] = rank as u32;
            lengths[node as usize] = 1;
        }
        Ok(Self {
            ranks,
            lengths,
            node: drawing,
            radius: 0,
            most,
        })
    }

    /// Lets the balls grow to a radius.
    pub fn grow(&mut self, network: Network, radius: u32, run: &Run) -> Result<()> {
        let (nodes, most) = (network.nodes(), self.most);
        let mut grown = filled(self.ranks.len(), 0u32)?;
        let mut lengths = filled(nodes, 0u16)?;
        while self.radius < radius {
            let old = &*self;
            let mut pieces: Vec<_> = grown
                .chunks_mut(PIECE * most)
                .zip(lengths.chunks_mut(PIECE))
                .collect();
            run.for_each_chunk(&mut pieces, 1, |piece, chunk| {
                let (grown, lengths) = &mut chunk[0];
                let (mut sum, mut next) = (with_capacity(most)?, with_capacity(most)?);
                for (offset, (grown, length)) in
                    grown.chunks_mut(most).zip(lengths.iter_mut()).enumerate()
                {
                    if offset % 64 == 0 {
                        run.check()?;
                    }
                    let node = piece * PIECE + offset;
                    sum.clear();
                    sum.extend_from_slice(old.of(node));
                    for &other in network.neighbours(node) {
                        let other = old.of(other as usize);
                        let beyond = sum.len() == most && other.first() > sum.last();
                        if !beyond && !other.is_empty() {
                            merge(&sum, other, most, &mut next);
                            std::mem::swap(&mut sum, &mut next);
                        }
                    }
                    grown[..sum.len()].copy_from_slice(&sum);
                    *length = sum.len() as u16;
                }
                Ok(())
            })?;
            let same = (0..nodes).all(|node| {
                let length = usize::from(lengths[node]);
                self.of(node) == &grown[node * most..][..length]
            });
            std::mem::swap(&mut self.ranks, &mut grown);
            std::mem::swap(&mut self.lengths, &mut lengths);
            // Once a step changes nothing, no later one will.
            self.radius = if same { radius } else { self.radius + 1 };
        }
        Ok(())
    }

    fn of(&self, node: usize) -> &[u32] {
        &self.ranks[node * self.most..][..usize::from(self.lengths[node])]
    }

    /// How many uncovered nodes the ball holds, by estimate, and whether that is exact: where the
    /// sketch is the ball.
    fn gain(&self, node: usize, uncovered: &[bool]) -> (f64, bool) {
        let sketch = self.of(node);
        let hits = sketch
            .iter()
            .filter(|&&rank| uncovered[rank as usize])
            .count() as f64;
        if sketch.len() < self.most {
            return (hits, true);
        }
        // The K-th smallest of M ranks among N drawn without replacement: E[(K − 1) / (R − 1)] is
        // M / N, with ranks R from 1.
        let (k, last) = (self.most as f64, f64::from(sketch[self.most - 1]));
        let size = self.node.len() as f64 * (k - 1.0) / last;
        (hits / k * size, false)
    }
}

/// The smallest of both, each once.
fn merge(one: &[u32], other: &[u32], most: usize, into: &mut Vec<u32>) {
    into.clear();
    let (mut i, mut j) = (0, 0);
    while into.len() < most {
        let rank = match (one.get(i), other.get(j)) {
            (Some(&a), Some(&b)) => {
                i += usize::from(a <= b);
                j += usize::from(b <= a);
                a.min(b)
            }
            (Some(&a), None) => {
                i += 1;
                a
            }
            (None, Some(&b)) => {
                j += 1;
                b
            }
            (None, None) => break,
        };
        into.push(rank);
    }
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
    let mut left: Vec<bool> = filled(nodes, true)?;
    let mut centres = Vec::new();
    let mut ball = Ball {
        seen: filled(nodes, false)?,
        nodes: with_capacity(nodes)?,
    };
    choose(network, first, &mut left, &mut centres, &mut ball, run)?;
    for round in 1.. {
        let drawing: Vec<u32> = (0..nodes as u32)
            .filter(|&node| left[node as usize])
            .collect();
        if drawing.is_empty() {
            break;
        }
        let mut sketches = Sketches::start(nodes, drawing, seed, item(repeat, round))?;
        sketches.grow(network, first.radius, run)?;
        choose(network, &sketches, &mut left, &mut centres, &mut ball, run)?;
    }
    memb::assign(network, false, &centres, run)
}

/// The stream of a round of drawing.
pub(super) fn item(repeat: u64, round: u64) -> u64 {
    repeat << 16 | round
}

/// The nodes of a ball, found by a search.
struct Ball {
    seen: Vec<bool>,
    nodes: Vec<u32>,
}

impl Ball {
    fn find(&mut self, network: Network, centre: u32, radius: u32, run: &Run) -> Result<&[u32]> {
        for &node in &self.nodes {
            self.seen[node as usize] = false;
        }
        self.nodes.clear();
        self.nodes.push(centre);
        self.seen[centre as usize] = true;
        let mut from = 0;
        for _ in 0..radius {
            let to = self.nodes.len();
            for place in from..to {
                if place % 4096 == 0 {
                    run.check()?;
                }
                for &other in network.neighbours(self.nodes[place] as usize) {
                    if !self.seen[other as usize] {
                        self.seen[other as usize] = true;
                        self.nodes.push(other);
                    }
                }
            }
            from = to;
        }
        Ok(&self.nodes)
    }
}

/// Chooses centres until no sketch holds an uncovered node.
fn choose(
    network: Network,
    sketches: &Sketches,
    left: &mut [bool],
    centres: &mut Vec<u32>,
    ball: &mut Ball,
    run: &Run,
) -> Result<()> {
    let mut rank_of = filled(left.len(), u32::MAX)?;
    let mut uncovered = filled(sketches.node.len(), false)?;
    for (rank, &node) in sketches.node.iter().enumerate() {
        rank_of[node as usize] = rank as u32;
        uncovered[rank] = left[node as usize];
    }
    // Estimates only fall while nodes are covered, so old ones are bounds, as in `memb`. The bits
    // of floats that are not negative are ordered as the floats are.
    let mut heap: BinaryHeap<Entry> = BinaryHeap::new();
    for node in 0..left.len() {
        if node % 4096 == 0 {
            run.check()?;
        }
        let (gain, _) = sketches.gain(node, &uncovered);
        if gain > 0.0 {
            heap.push((gain.to_bits(), Reverse(node as u32)));
        }
    }
    let mut looks = 0u32;
    let mut tried: Vec<Entry> = Vec::new();
    loop {
        // The best that is known exactly, until no estimate promises more or enough were tried.
        while let Some((_, Reverse(node))) = heap.pop() {
            if looks.is_multiple_of(1024) {
                run.check()?;
            }
            looks = looks.wrapping_add(1);
            let (gain, exact) = sketches.gain(node as usize, &uncovered);
            let entry = (gain.to_bits(), Reverse(node));
            if gain == 0.0 {
                continue;
            }
            if heap.peek().is_some_and(|next| entry < *next) {
                heap.push(entry);
                continue;
            }
            if tried.iter().any(|best| *best >= entry) {
                heap.push(entry);
                break;
            }
            if exact {
                tried.push(entry);
                break;
            }
            let near = ball.find(network, node, sketches.radius, run)?;
            let truth = near.iter().filter(|&&other| left[other as usize]).count() as f64;
            tried.push((truth.to_bits(), Reverse(node)));
            if tried.len() == TRIES {
                break;
            }
        }
        tried.sort_unstable();
        let Some((_, Reverse(node))) = tried.pop() else {
            return Ok(());
        };
        // The others wait with their estimates, which are anew below what they were.
        for (_, Reverse(other)) in tried.drain(..) {
            let (gain, _) = sketches.gain(other as usize, &uncovered);
            heap.push((gain.to_bits(), Reverse(other)));
        }
        centres.push(node);
        for &other in ball.find(network, node, sketches.radius, run)? {
            if std::mem::replace(&mut left[other as usize], false) {
                uncovered[rank_of[other as usize] as usize] = false;
            }
        }
    }
}

/// A gain, by its bits, and whose it is: the smallest node first among equals.
type Entry = (u64, Reverse<u32>);

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
