//! The end of a covering, exactly: balls are known by the few nodes that are left in them, a bit
//! each, and the centre with most of them is taken again and again.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use layerscope_core::{Result, Run, filled};

use crate::fractal::line::{Line, WIDTH};
use crate::fractal::network::Network;
use crate::fractal::wave::{self, Scratch};

/// Chooses centres until no node is left.
pub(super) fn cover(
    network: Network,
    radius: u32,
    left: &mut [bool],
    centres: &mut Vec<u32>,
    run: &Run,
) -> Result<()> {
    let nodes = network.nodes();
    let rest: Vec<u32> = (0..nodes as u32)
        .filter(|&node| left[node as usize])
        .collect();
    let blocks: Vec<&[u32]> = rest.chunks(WIDTH).collect();
    // Which of the nodes left lie near a node: distances have no direction.
    let near: Vec<Vec<Line>> = run.map_with(
        blocks.len(),
        || Scratch::new(nodes),
        |scratch, block| {
            let (full, mut learners) = (Line::first(blocks[block].len()), Vec::new());
            let mut lines = filled(nodes, Line::EMPTY)?;
            wave::start(blocks[block], &mut lines, &mut learners);
            for _ in 0..radius {
                if learners.is_empty() {
                    break;
                }
                wave::step(network, full, &mut lines, &mut learners, scratch, run)?;
            }
            Ok(lines)
        },
    )?;
    let mut uncovered: Vec<Line> = blocks
        .iter()
        .map(|block| Line::first(block.len()))
        .collect();
    let mass = |node: usize, uncovered: &[Line]| -> u32 {
        let both = near.iter().zip(uncovered);
        both.map(|(near, left)| near[node].common(left)).sum()
    };
    let mut heap: BinaryHeap<(u32, Reverse<u32>)> = BinaryHeap::new();
    for node in 0..nodes {
        if node % 4096 == 0 {
            run.check()?;
        }
        let mass = mass(node, &uncovered);
        if mass > 0 {
            heap.push((mass, Reverse(node as u32)));
        }
    }
    let mut looks = 0u32;
    while let Some((_, Reverse(node))) = heap.pop() {
        if looks.is_multiple_of(1024) {
            run.check()?;
        }
        looks = looks.wrapping_add(1);
        // Masses only fall: old ones are bounds.
        let entry = (mass(node as usize, &uncovered), Reverse(node));
        if entry.0 == 0 {
            continue;
        }
        if heap.peek().is_some_and(|next| entry < *next) {
            heap.push(entry);
            continue;
        }
        centres.push(node);
        for (left, near) in uncovered.iter_mut().zip(&near) {
            left.remove(&near[node as usize]);
        }
    }
    for node in rest {
        left[node as usize] = false;
    }
    Ok(())
}
