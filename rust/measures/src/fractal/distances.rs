//! Distances in steps between all nodes, or from some.
//!
//! **Question.** How many edges lie between two nodes?
//!
//! **Formula.** `d(i, j)` is the number of edges of the shortest path; 0 from a node to itself, the
//! largest number of the type where there is no path.
//!
//! **Complexity.** Breadth-first search from 512 sources at once, one bit each: at most
//! O(n/512 · levels · arcs) operations on cache lines, and n² bytes (two each where a distance
//! exceeds 254) for the answer, which the caller allocates.
//!
//! **Needs.** An undirected graph of at least one node.
//!
//! **Edge cases.** Isolated nodes are unreachable from all others. Self-loops change nothing.
//! Repeated sources give repeated rows. A distance that the type cannot hold beside its largest
//! number, which stands for unreachable, is reported.
//!
//! **Determinism.** Whole numbers, the same in any order of work.
//!
//! **Reference.** Then et al., *The More the Merrier: Efficient Multi-Source Graph Traversal*,
//! PVLDB 8, 449 (2014).

use std::sync::{Mutex, PoisonError};

use layerscope_core::{Error, Result, Run, filled, with_capacity};

use super::line::Line;
use super::network::Network;
use super::order::Order;
use super::wave::{self, Scratch};

mod unpack;

/// Writes the distances from each source (all nodes if None) to every node into `table`, one row
/// per source; false where a distance does not fit the type, the table is then unusable.
///
/// `memory_limit` bounds the scratch: where it is short, fewer threads work.
pub fn hop_distances<T: Hops>(
    network: Network,
    sources: Option<&[u32]>,
    table: &mut [T],
    memory_limit: Option<u64>,
    run: &Run,
) -> Result<bool> {
    let nodes = network.nodes();
    let everyone: Vec<u32>;
    let sources = if let Some(sources) = sources {
        sources
    } else {
        everyone = (0..nodes as u32).collect();
        &everyone
    };
    if let Some(wrong) = sources.iter().find(|&&source| source as usize >= nodes) {
        let rule = format!("must be nodes below {nodes}");
        return Err(Error::invalid("sources", rule, wrong));
    }
    if nodes.checked_mul(sources.len()) != Some(table.len()) {
        let rule = format!("must hold {} x {nodes} entries", sources.len());
        return Err(Error::invalid("out", rule, table.len()));
    }
    let run = &afford(*run, network, memory_limit)?;
    let order = Order::new(network, run)?;
    let (batches, mut rows) = (order.batches(sources)?, with_capacity(sources.len())?);
    rows.extend(table.chunks_mut(nodes.max(1)).map(Some));
    let mut shares = with_capacity(batches.len())?;
    for batch in &batches {
        let share = batch
            .iter()
            .filter_map(|&position| rows[position as usize].take());
        shares.push(Mutex::new(share.collect::<Vec<_>>()));
    }
    run.progress().start(batches.len() as u64);
    let fits = run.map_with(
        batches.len(),
        || Search::new(nodes),
        |search, batch| {
            // Each mutex is taken once, by the thread that claimed its batch.
            let mut rows = shares[batch].lock().unwrap_or_else(PoisonError::into_inner);
            let places = batches[batch].iter();
            let places = places.map(|&position| order.place[sources[position as usize] as usize]);
            let fits = search.fill(&order, &places.collect::<Vec<_>>(), &mut rows, run)?;
            run.progress().step();
            // Nothing is gained by going on in a type that is too narrow.
            if fits { Ok(()) } else { Err(too_narrow()) }
        },
    );
    match fits {
        Ok(_) => Ok(true),
        Err(error) if error == too_narrow() => Ok(false),
        Err(error) => Err(error),
    }
}

fn too_narrow() -> Error {
    Error::Internal("a distance does not fit its type".into())
}

/// The run with as many threads as the limit has scratch for.
fn afford<'a>(run: Run<'a>, network: Network, memory_limit: Option<u64>) -> Result<Run<'a>> {
    let nodes = network.nodes() as u64;
    // Lines, learners and eight planes; longer distances than 255 need more of these.
    let each = nodes * (64 + 4 + 8 * 64) + Scratch::bytes(network.nodes());
    let order = Order::bytes(network);
    match memory_limit {
        Some(limit) if order + each > limit => Err(Error::MemoryLimit {
            needed: order + each,
            limit,
        }),
        Some(limit) if order + each * run.jobs() as u64 > limit => Ok(run.serial()),
        _ => Ok(run),
    }
}

/// A type that distances are kept in.
pub trait Hops: Copy + Default + Send {
    /// The number of bits.
    const BITS: usize;
    /// Puts 64 numbers together from their low and high bytes.
    fn put(low: &[u64; 8], high: &[u64; 8], block: &mut [Self; 64]);
}

impl Hops for u8 {
    const BITS: usize = 8;
    #[allow(clippy::inline_always)]
    #[inline(always)]
    fn put(low: &[u64; 8], _high: &[u64; 8], block: &mut [Self; 64]) {
        for (bytes, word) in block.as_chunks_mut().0.iter_mut().zip(low) {
            *bytes = word.to_le_bytes();
        }
    }
}

impl Hops for u16 {
    const BITS: usize = 16;
    #[allow(clippy::inline_always)]
    #[inline(always)]
    fn put(low: &[u64; 8], high: &[u64; 8], block: &mut [Self; 64]) {
        for ((numbers, low), high) in block.chunks_exact_mut(8).zip(low).zip(high) {
            let bytes = low.to_le_bytes().into_iter().zip(high.to_le_bytes());
            for (number, (low, high)) in numbers.iter_mut().zip(bytes) {
                *number = Self::from_le_bytes([low, high]);
            }
        }
    }
}

/// Search from one batch of sources; distances are kept as planes, one per binary digit.
struct Search {
    lines: Vec<Line>,
    learners: Vec<u32>,
    scratch: Scratch,
    planes: Vec<Vec<Line>>,
}

impl Search {
    fn new(nodes: usize) -> Result<Self> {
        Ok(Self {
            lines: filled(nodes, Line::EMPTY)?,
            learners: with_capacity(nodes)?,
            scratch: Scratch::new(nodes)?,
            planes: Vec::new(),
        })
    }

    /// Writes the rows of a batch of sources, which are places of the order; false where a distance
    /// does not fit.
    fn fill<T: Hops>(
        &mut self,
        order: &Order,
        sources: &[u32],
        rows: &mut [&mut [T]],
        run: &Run,
    ) -> Result<bool> {
        let (network, full) = (order.part.network(), Line::first(sources.len()));
        wave::start(sources, &mut self.lines, &mut self.learners);
        for plane in &mut self.planes {
            plane.fill(Line::EMPTY);
        }
        let mut level = 0usize;
        let mut used = 0;
        loop {
            wave::step(
                network,
                full,
                &mut self.lines,
                &mut self.learners,
                &mut self.scratch,
                run,
            )?;
            if self.learners.is_empty() {
                break;
            }
            level += 1;
            if level >= (1 << T::BITS) - 1 {
                return Ok(false);
            }
            used = (usize::BITS - level.leading_zeros()) as usize;
            while self.planes.len() < used {
                self.planes.push(filled(network.nodes(), Line::EMPTY)?);
            }
            for (digit, plane) in self.planes[..used].iter_mut().enumerate() {
                if level >> digit & 1 == 1 {
                    for (&node, new) in self.learners.iter().zip(&self.scratch.fresh) {
                        plane[node as usize].add(new);
                    }
                }
            }
        }
        let complete = self.lines.iter().all(|line| line.same(&full));
        let reached = (!complete).then_some(&*self.lines);
        unpack::rows(&self.planes[..used], reached, &order.place, rows, run)?;
        Ok(true)
    }
}
