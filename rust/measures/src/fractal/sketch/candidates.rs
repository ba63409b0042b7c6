//! Greedy covering by a sample of the nodes, for radii at which few boxes are enough.
//!
//! A ball of many nodes holds many of a few thousand random ones, and a centre among these does about
//! as well as the best of all. Each node has a bit for every candidate that lies near it, one
//! [`Line`] per 512 candidates, and the bits grow from radius to radius. How many uncovered nodes a
//! candidate's ball holds is then a sum of bits over nodes, kept exactly: a node is taken from the
//! sums once, when it is covered.

use layerscope_core::{Result, Run, filled, widest, with_capacity};

use super::merge::NONE;
use crate::fractal::line::{Line, WIDTH, WORDS};
use crate::fractal::network::Network;
use crate::fractal::wave::{self, Scratch};

/// Candidates of graphs that are large enough to have any.
const CANDIDATES: usize = 4096;
/// In smaller graphs sketches are fast at every radius, and more exact.
const LARGE: usize = 1 << 17;
/// One candidate in so many near a node is enough for it, and one node in so many may have fewer.
const ENOUGH: usize = 128;
const FEW: usize = 16;
/// A part of the number of candidates: so many nodes are left to an exact search of all centres.
const LAST: usize = 4;
/// Digits of a counter of bits, and the lines that it takes.
const DIGITS: usize = 8;
const FULL: usize = (1 << DIGITS) - 1;
/// Nodes between two looks at the interrupt token.
const STRIDE: usize = 16 * FULL;

/// How many candidates a graph has.
pub(in crate::fractal) fn sample(nodes: usize) -> usize {
    if nodes > LARGE { CANDIDATES } else { 0 }
}

/// Who of the candidates lies near each node, at one radius.
pub(super) struct Candidates {
    blocks: Vec<Block>,
    sample: usize,
    radius: u32,
}

/// What is known about 512 of them.
struct Block {
    sources: Vec<u32>,
    lines: Vec<Line>,
    learners: Vec<u32>,
}

impl Candidates {
    /// Candidates at radius 0.
    pub fn start(nodes: usize, mut candidates: Vec<u32>) -> Result<Self> {
        // In order, so that the smallest node comes first.
        candidates.sort_unstable();
        let mut blocks = Vec::new();
        for sources in candidates.chunks(WIDTH) {
            let mut block = Block {
                sources: sources.to_vec(),
                lines: filled(nodes, Line::EMPTY)?,
                learners: Vec::new(),
            };
            wave::start(sources, &mut block.lines, &mut block.learners);
            blocks.push(block);
        }
        Ok(Self {
            blocks,
            sample: candidates.len(),
            radius: 0,
        })
    }

    /// Bytes that the candidates of one covering need.
    pub fn bytes(nodes: usize) -> u64 {
        (nodes * sample(nodes) / 8) as u64
    }

    /// Lets the balls grow to a radius.
    pub fn grow(&mut self, network: Network, radius: u32, run: &Run) -> Result<()> {
        let more = radius.saturating_sub(self.radius);
        run.for_each_chunk(&mut self.blocks, 1, |_, chunk| {
            let Block {
                sources,
                lines,
                learners,
            } = &mut chunk[0];
            let full = Line::first(sources.len());
            let mut scratch = Scratch::new(network.nodes())?;
            for _ in 0..more {
                if learners.is_empty() {
                    break;
                }
                wave::step(network, full, lines, learners, &mut scratch, run)?;
            }
            Ok(())
        })?;
        self.radius += more;
        Ok(())
    }

    /// Whether most nodes have candidates enough near them.
    pub fn enough(&self, nodes: usize, run: &Run) -> Result<bool> {
        if self.blocks.is_empty() {
            return Ok(false);
        }
        let mut poor = 0;
        for node in 0..nodes {
            if node % STRIDE == 0 {
                run.check()?;
            }
            let counts = self.blocks.iter().map(|block| block.lines[node].count());
            poor += usize::from((counts.sum::<u32>() as usize) < self.sample / ENOUGH);
        }
        Ok(FEW * poor <= nodes)
    }

    /// Chooses the candidate whose ball holds most uncovered nodes, the smallest among equals, again
    /// and again, until few are left or none that is near a candidate; says how many are left.
    pub fn choose(&self, left: &mut [bool], centres: &mut Vec<u32>, run: &Run) -> Result<usize> {
        let mut alive: Vec<u32> = (0..left.len() as u32)
            .filter(|&node| left[node as usize])
            .collect();
        let mut masses = self.sums(&alive, run)?;
        while alive.len() > self.sample / LAST {
            run.check()?;
            let (mut best, mut most) = (NONE as usize, 0);
            for (place, &mass) in masses.iter().enumerate() {
                if mass > most {
                    (best, most) = (place, mass);
                }
            }
            if most == 0 {
                break;
            }
            let block = &self.blocks[best / WIDTH];
            centres.push(block.sources[best % WIDTH]);
            let mut covered = with_capacity(most as usize)?;
            alive.retain(|&node| {
                let near = block.lines[node as usize].has(best % WIDTH);
                if near {
                    left[node as usize] = false;
                    covered.push(node);
                }
                !near
            });
            for (mass, gone) in masses.iter_mut().zip(self.sums(&covered, run)?) {
                *mass -= gone;
            }
        }
        Ok(alive.len())
    }

    /// How many of the nodes lie near each candidate.
    fn sums(&self, nodes: &[u32], run: &Run) -> Result<Vec<u32>> {
        let sums = run.map(self.blocks.len(), |block| {
            let mut sums = vec![0; WIDTH];
            for nodes in nodes.chunks(STRIDE) {
                run.check()?;
                widest(
                    #[inline(always)]
                    || add(&self.blocks[block].lines, nodes, &mut sums),
                );
            }
            Ok(sums)
        })?;
        Ok(sums.concat())
    }
}

/// Adds the bits of nodes to sums, one for each place in a line: 512 counters stand side by side,
/// a line per binary digit.
#[allow(clippy::inline_always)]
#[inline(always)]
fn add(lines: &[Line], nodes: &[u32], sums: &mut [u32]) {
    for nodes in nodes.chunks(FULL) {
        let mut digits = [[0u64; WORDS]; DIGITS];
        for &node in nodes {
            let mut carry = lines[node as usize].0;
            for digit in &mut digits {
                for (digit, carry) in digit.iter_mut().zip(&mut carry) {
                    let both = *digit & *carry;
                    *digit ^= *carry;
                    *carry = both;
                }
            }
        }
        for (place, sum) in sums.iter_mut().enumerate() {
            for (power, digit) in digits.iter().enumerate() {
                *sum += ((digit[place / 64] >> (place % 64) & 1) as u32) << power;
            }
        }
    }
}
