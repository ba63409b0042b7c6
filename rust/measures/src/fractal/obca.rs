//! Overlapping boxes: uncovered nodes of small degree propose boxes that may overlap; a box all of
//! whose nodes lie in other boxes too is dropped.
//!
//! A proposed box begins with its seed and goes through the nodes near to it, uncovered ones
//! first, then those of small degree, and takes each that is near to all members so far.

use layerscope_core::random::shuffle;
use layerscope_core::{Result, Run, filled};

use super::reach::{Reach, clear, common, has};

const NONE: u32 = u32::MAX;

/// One covering: a node goes to the first kept box that holds it. Boxes are numbered as they were
/// proposed.
pub(super) fn cover(reach: &Reach, seed: u64, repeat: u64, run: &Run) -> Result<Vec<u32>> {
    let nodes = reach.network.nodes();
    let mut order: Vec<u32> = (0..nodes as u32).collect();
    shuffle(&mut order, seed, repeat);
    order.sort_by_key(|&node| reach.network.degree(node as usize));
    let mut rank = filled(nodes, 0u32)?;
    for (position, &node) in order.iter().enumerate() {
        rank[node as usize] = position as u32;
    }
    let mut times = filled(nodes, 0u32)?;
    let mut proposed: Vec<Vec<u32>> = Vec::new();
    let (mut row, mut candidates) = (reach.row()?, Vec::new());
    let mut waiting: Vec<u32> = Vec::new();
    for &first in &order {
        if times[first as usize] > 0 {
            continue;
        }
        reach.near(first as usize, &mut row, run)?;
        candidates.clone_from(&row.bits);
        clear(&mut candidates, first as usize);
        waiting.clear();
        waiting.extend(common(&candidates, &row.bits));
        waiting.sort_unstable_by_key(|&node| (times[node as usize] > 0, rank[node as usize]));
        let mut members = vec![first];
        for &node in &waiting {
            if !has(&candidates, node as usize) {
                continue;
            }
            run.check()?;
            members.push(node);
            reach.near(node as usize, &mut row, run)?;
            for (candidates, near) in candidates.iter_mut().zip(&row.bits) {
                *candidates &= near;
            }
        }
        for &node in &members {
            times[node as usize] += 1;
        }
        proposed.push(members);
    }
    let mut boxes = filled(nodes, NONE)?;
    let mut kept = 0;
    for members in proposed {
        if members.iter().all(|&node| times[node as usize] > 1) {
            for &node in &members {
                times[node as usize] -= 1;
            }
            continue;
        }
        for &node in &members {
            if boxes[node as usize] == NONE {
                boxes[node as usize] = kept;
            }
        }
        kept += 1;
    }
    Ok(boxes)
}
