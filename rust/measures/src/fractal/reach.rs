//! Who lies near whom, at one size: a table of bits, or one search per question where the table
//! would not fit.
//!
//! The table is kept in blocks of 512 nodes that are asked about, as [`super::wave`] makes it, so
//! it grows by a step in place; distances have no direction, so a block column is also a piece of
//! a row. It takes n²/8 bytes.

use layerscope_core::{Result, Run, filled, with_capacity};

use super::lengths::Shortest;
use super::line::{Line, WIDTH, WORDS};
use super::network::Network;
use super::wave::{self, Scratch};

/// How far is near: distances below `limit`, or up to it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Bound {
    pub limit: f64,
    pub strict: bool,
}

impl Bound {
    pub fn holds(self, distance: f64) -> bool {
        distance < self.limit || (!self.strict && distance == self.limit)
    }

    /// The largest number of steps that is near.
    pub fn steps(self) -> u32 {
        let whole = self.limit.floor();
        let below = self.strict && whole == self.limit;
        (whole as u32).saturating_sub(u32::from(below))
    }
}

/// Bytes that a table may take where no limit is given.
pub(super) const TABLE_BYTES: u64 = 2_000_000_000;

/// What is near, at the size set last.
pub(super) struct Reach<'a> {
    pub network: Network<'a>,
    weighted: bool,
    bound: Bound,
    /// None: each row is searched when it is asked for.
    blocks: Option<Vec<Block>>,
    /// Steps that the table has made.
    steps: u32,
}

struct Block {
    lines: Vec<Line>,
    learners: Vec<u32>,
}

/// A row of the table, and what a search for one needs.
pub(super) struct Row {
    /// One bit per node; bits beyond the last node are 0.
    pub bits: Vec<u64>,
    queue: Vec<u32>,
    shortest: Option<Shortest>,
}

impl<'a> Reach<'a> {
    /// Nothing is set yet. A table is made where it takes at most `memory_limit` bytes.
    pub fn new(
        network: Network<'a>,
        weighted: bool,
        memory_limit: Option<u64>,
        run: &Run,
    ) -> Result<Self> {
        let nodes = network.nodes();
        let count = nodes.div_ceil(WIDTH);
        let table = count as u64 * nodes as u64 * 68;
        let scratch = Scratch::bytes(nodes) * run.jobs().min(count) as u64;
        let blocks = if table + scratch <= memory_limit.unwrap_or(TABLE_BYTES) {
            let mut blocks = with_capacity(count)?;
            for first in (0..nodes).step_by(WIDTH) {
                run.check()?;
                let mut block = Block {
                    lines: filled(nodes, Line::EMPTY)?,
                    learners: Vec::new(),
                };
                let sources: Vec<u32> = (first..(first + WIDTH).min(nodes))
                    .map(|node| node as u32)
                    .collect();
                wave::start(&sources, &mut block.lines, &mut block.learners);
                blocks.push(block);
            }
            Some(blocks)
        } else {
            None
        };
        Ok(Self {
            network,
            weighted,
            bound: Bound {
                limit: 0.0,
                strict: false,
            },
            blocks,
            steps: 0,
        })
    }

    /// Sets the size, which must not fall from call to call.
    pub fn set(&mut self, bound: Bound, run: &Run) -> Result<()> {
        self.bound = bound;
        let (network, nodes) = (self.network, self.network.nodes());
        let Some(blocks) = &mut self.blocks else {
            return Ok(());
        };
        if self.weighted {
            return run.for_each_chunk(blocks, 1, |block, chunk| {
                let mut shortest = Shortest::new(nodes)?;
                for bit in 0..WIDTH.min(nodes - block * WIDTH) {
                    shortest.run(network, &[(block * WIDTH + bit) as u32], bound, run)?;
                    for &node in shortest.near() {
                        chunk[0].lines[node as usize].set(bit);
                    }
                }
                Ok(())
            });
        }
        let more = bound.steps().saturating_sub(self.steps);
        run.for_each_chunk(blocks, 1, |block, chunk| {
            let mut scratch = Scratch::new(nodes)?;
            let full = Line::first(WIDTH.min(nodes - block * WIDTH));
            let Block { lines, learners } = &mut chunk[0];
            for _ in 0..more {
                if learners.is_empty() {
                    break;
                }
                wave::step(network, full, lines, learners, &mut scratch, run)?;
            }
            Ok(())
        })?;
        self.steps += more;
        Ok(())
    }

    /// An empty row.
    pub fn row(&self) -> Result<Row> {
        let nodes = self.network.nodes();
        Ok(Row {
            bits: filled(nodes.div_ceil(WIDTH) * WORDS, 0)?,
            queue: Vec::new(),
            shortest: if self.weighted && self.blocks.is_none() {
                Some(Shortest::new(nodes)?)
            } else {
                None
            },
        })
    }

    /// Finds what is near `node`, the node itself included.
    pub fn near(&self, node: usize, row: &mut Row, run: &Run) -> Result<()> {
        if let Some(blocks) = &self.blocks {
            for (words, block) in row.bits.chunks_exact_mut(WORDS).zip(blocks) {
                words.copy_from_slice(&block.lines[node].0);
            }
            return Ok(());
        }
        run.check()?;
        row.bits.fill(0);
        if let Some(shortest) = &mut row.shortest {
            shortest.run(self.network, &[node as u32], self.bound, run)?;
            for &node in shortest.near() {
                set(&mut row.bits, node as usize);
            }
            return Ok(());
        }
        let Row { bits, queue, .. } = row;
        queue.clear();
        queue.push(node as u32);
        set(bits, node);
        let (mut from, mut steps) = (0, self.bound.steps());
        while from < queue.len() && steps > 0 {
            let to = queue.len();
            for place in from..to {
                for &other in self.network.neighbours(queue[place] as usize) {
                    if !has(bits, other as usize) {
                        set(bits, other as usize);
                        queue.push(other);
                    }
                }
            }
            (from, steps) = (to, steps - 1);
        }
        Ok(())
    }

    /// How many nodes are near each node.
    pub fn sizes(&self, run: &Run) -> Result<Vec<u32>> {
        const PIECE: usize = 1024;
        let mut sizes = filled(self.network.nodes(), 0u32)?;
        run.for_each_chunk(&mut sizes, PIECE, |piece, sizes| {
            let start = piece * PIECE;
            if let Some(blocks) = &self.blocks {
                for block in blocks {
                    run.check()?;
                    for (size, line) in sizes.iter_mut().zip(&block.lines[start..]) {
                        *size += line.count();
                    }
                }
                return Ok(());
            }
            let mut row = self.row()?;
            for (offset, size) in sizes.iter_mut().enumerate() {
                self.near(start + offset, &mut row, run)?;
                *size = count(&row.bits);
            }
            Ok(())
        })?;
        Ok(sizes)
    }
}

pub(super) fn set(bits: &mut [u64], node: usize) {
    bits[node / 64] |= 1 << (node % 64);
}

pub(super) fn clear(bits: &mut [u64], node: usize) {
    bits[node / 64] &= !(1 << (node % 64));
}

pub(super) fn has(bits: &[u64], node: usize) -> bool {
    bits[node / 64] >> (node % 64) & 1 == 1
}

pub(super) fn count(bits: &[u64]) -> u32 {
    bits.iter().map(|word| word.count_ones()).sum()
}

/// A bit per node, all set.
pub(super) fn all(nodes: usize) -> Result<Vec<u64>> {
    let mut bits = filled(nodes.div_ceil(WIDTH) * WORDS, 0u64)?;
    for (word, bits) in bits.iter_mut().enumerate() {
        let left = nodes.saturating_sub(64 * word);
        *bits = if left >= 64 {
            u64::MAX
        } else {
            (1 << left) - 1
        };
    }
    Ok(bits)
}

/// The numbers of the bits that are set in both.
pub(super) fn common<'a>(one: &'a [u64], other: &'a [u64]) -> impl Iterator<Item = u32> + 'a {
    one.iter()
        .zip(other)
        .enumerate()
        .flat_map(|(word, (a, b))| {
            let mut left = a & b;
            std::iter::from_fn(move || {
                (left != 0).then(|| {
                    let bit = left.trailing_zeros();
                    left &= left - 1;
                    64 * word as u32 + bit
                })
            })
        })
}
