//! Maximum excluded mass burning: the centre that has most uncovered nodes near it, again and
//! again; then every node goes to its nearest centre.
//!
//! Masses only fall, so a heap of old masses is enough: the top is counted anew, and is the largest
//! once it is no smaller than the old mass below it. Among equals the smallest node wins.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use layerscope_core::{Result, Run, filled};

use super::lengths::Shortest;
use super::network::Network;
use super::reach::{Bound, Reach, all};

const NONE: u32 = u32::MAX;

/// Centres in the order in which they were chosen.
pub(super) fn centres(reach: &Reach, run: &Run) -> Result<Vec<u32>> {
    let nodes = reach.network.nodes();
    let mut row = reach.row()?;
    let mut uncovered = all(nodes)?;
    let mut left = nodes as u32;
    let mut heap: BinaryHeap<(u32, Reverse<u32>)> = reach
        .sizes(run)?
        .into_iter()
        .zip((0..nodes as u32).map(Reverse))
        .collect();
    let mut centres = Vec::new();
    let mut looks = 0u32;
    while left > 0 {
        let Some((_, Reverse(node))) = heap.pop() else {
            break;
        };
        if looks.is_multiple_of(64) {
            run.check()?;
        }
        looks += 1;
        reach.near(node as usize, &mut row, run)?;
        let both = row.bits.iter().zip(&uncovered);
        let mass: u32 = both.map(|(near, left)| (near & left).count_ones()).sum();
        let entry = (mass, Reverse(node));
        if heap.peek().is_some_and(|next| entry < *next) {
            if mass > 0 {
                heap.push(entry);
            }
            continue;
        }
        centres.push(node);
        left -= mass;
        for (left, near) in uncovered.iter_mut().zip(&row.bits) {
            *left &= !near;
        }
    }
    Ok(centres)
}

/// The box of every node: that of its nearest centre, handed on from neighbour to neighbour.
pub(super) fn assign(
    network: Network,
    weighted: bool,
    centres: &[u32],
    run: &Run,
) -> Result<Vec<u32>> {
    let nodes = network.nodes();
    if weighted {
        let all = Bound {
            limit: f64::INFINITY,
            strict: true,
        };
        let mut shortest = Shortest::new(nodes)?;
        shortest.run(network, centres, all, run)?;
        return Ok((0..nodes).map(|node| shortest.owner(node)).collect());
    }
    let mut boxes = filled(nodes, NONE)?;
    for (number, &centre) in centres.iter().enumerate() {
        boxes[centre as usize] = number as u32;
    }
    let mut ring = centres.to_vec();
    while !ring.is_empty() {
        run.check()?;
        // Smaller nodes hand on first.
        ring.sort_unstable();
        let mut next = Vec::new();
        for &node in &ring {
            for &other in network.neighbours(node as usize) {
                if boxes[other as usize] == NONE {
                    boxes[other as usize] = boxes[node as usize];
                    next.push(other);
                }
            }
        }
        ring = next;
    }
    Ok(boxes)
}
