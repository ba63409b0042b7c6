//! Nodes numbered anew, so that nodes near to each other stand near each other in memory.
//!
//! A search from 512 sources at once asks lines of memory, node by node; where its sources lie
//! close together, a node learns of all of them within few steps. Numbers go out in balls: from a
//! node, through its neighbours that have none yet, until 512 have one; the next ball begins next
//! to an old one.

use std::collections::VecDeque;

use layerscope_core::{Result, Run, filled, with_capacity};

use super::line::WIDTH;
use super::network::{Component, Network};

const NONE: u32 = u32::MAX;

/// A network under new numbers.
pub(super) struct Order {
    /// Its nodes are in the new order; `nodes` are their old numbers.
    pub part: Component,
    /// The new number of every node.
    pub place: Vec<u32>,
}

impl Order {
    /// Bytes that an order takes.
    pub fn bytes(network: Network) -> u64 {
        16 * network.nodes() as u64 + 8 * network.arcs() as u64
    }

    pub fn new(network: Network, run: &Run) -> Result<Self> {
        let count = network.nodes();
        let mut place = filled(count, NONE)?;
        let mut nodes: Vec<u32> = with_capacity(count)?;
        // Nodes next to full balls.
        let mut beside = VecDeque::new();
        let mut next = 0;
        while nodes.len() < count {
            run.check()?;
            let seed = loop {
                let seed = beside.pop_front().unwrap_or_else(|| {
                    next += 1;
                    next - 1
                });
                if place[seed as usize] == NONE {
                    break seed;
                }
            };
            let start = nodes.len();
            place[seed as usize] = start as u32;
            nodes.push(seed);
            let mut head = start;
            while head < nodes.len() {
                for &other in network.neighbours(nodes[head] as usize) {
                    if place[other as usize] != NONE {
                        continue;
                    }
                    if nodes.len() - start < WIDTH {
                        place[other as usize] = nodes.len() as u32;
                        nodes.push(other);
                    } else {
                        beside.push_back(other);
                    }
                }
                head += 1;
            }
        }
        let part = Component::of(network, nodes, &place, run)?;
        Ok(Self { part, place })
    }

    /// Positions among `sources`, 512 a batch, those of near nodes together.
    pub fn batches(&self, sources: &[u32]) -> Result<Vec<Vec<u32>>> {
        let mut positions: Vec<u32> = with_capacity(sources.len())?;
        positions.extend(0..sources.len() as u32);
        positions.sort_by_key(|&position| self.place[sources[position as usize] as usize]);
        Ok(positions.chunks(WIDTH).map(<[u32]>::to_vec).collect())
    }
}
