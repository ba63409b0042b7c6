//! Greedy colouring: nodes come in a random order, each joins the first box all of whose members
//! are near, or opens one.
//!
//! This colours the graph that joins nodes at distance ≥ `l_B`, which is never built. Two ways lead
//! to the same boxes. Where much is near, a box knows which nodes are near to all its members, a
//! bit each: one look per box, and one pass over the bits when a node joins. Where little is near,
//! the node counts by box the members near to it: a box is open to it where that is all of them.

use layerscope_core::random::shuffle;
use layerscope_core::{Result, Run, filled};

use super::reach::{Reach, common, has, set};

/// More boxes than one in so many nodes, and the bits of the boxes are given up.
const MANY: usize = 32;
const NONE: u32 = u32::MAX;

/// One covering; boxes are numbered as they were opened.
pub(super) fn cover(reach: &Reach, seed: u64, repeat: u64, run: &Run) -> Result<Vec<u32>> {
    let nodes = reach.network.nodes();
    let mut order: Vec<u32> = (0..nodes as u32).collect();
    shuffle(&mut order, seed, repeat);
    match by_box(reach, &order, run)? {
        Some(colours) => Ok(colours),
        None => by_member(reach, &order, run),
    }
}

/// Boxes know who may still join; None where they become too many.
pub(super) fn by_box(reach: &Reach, order: &[u32], run: &Run) -> Result<Option<Vec<u32>>> {
    let most = order.len() / MANY + 8;
    let mut row = reach.row()?;
    let mut colours = filled(order.len(), NONE)?;
    let mut open: Vec<Vec<u64>> = Vec::new();
    for &node in order {
        run.check()?;
        let node = node as usize;
        let colour = open.iter().position(|bits| has(bits, node));
        if colour.is_none() && open.len() == most {
            return Ok(None);
        }
        reach.near(node, &mut row, run)?;
        if let Some(colour) = colour {
            for (open, near) in open[colour].iter_mut().zip(&row.bits) {
                *open &= near;
            }
        } else {
            open.push(row.bits.clone());
        }
        colours[node] = colour.unwrap_or(open.len() - 1) as u32;
    }
    Ok(Some(colours))
}

/// Nodes count the members near to them.
pub(super) fn by_member(reach: &Reach, order: &[u32], run: &Run) -> Result<Vec<u32>> {
    let mut row = reach.row()?;
    let mut colours = filled(order.len(), NONE)?;
    let mut coloured = filled(row.bits.len(), 0u64)?;
    // Per box: members, and members near to the node at hand.
    let (mut members, mut near): (Vec<u32>, Vec<u32>) = (Vec::new(), Vec::new());
    let mut touched: Vec<u32> = Vec::new();
    for &node in order {
        run.check()?;
        reach.near(node as usize, &mut row, run)?;
        for other in common(&row.bits, &coloured) {
            let colour = colours[other as usize];
            if near[colour as usize] == 0 {
                touched.push(colour);
            }
            near[colour as usize] += 1;
        }
        let colour = touched
            .iter()
            .copied()
            .filter(|&colour| near[colour as usize] == members[colour as usize])
            .min()
            .unwrap_or(members.len() as u32);
        for colour in touched.drain(..) {
            near[colour as usize] = 0;
        }
        if colour as usize == members.len() {
            members.push(0);
            near.push(0);
        }
        members[colour as usize] += 1;
        colours[node as usize] = colour;
        set(&mut coloured, node as usize);
    }
    Ok(colours)
}
