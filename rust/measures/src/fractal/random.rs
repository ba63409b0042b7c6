//! Random sequential covering: every node in a random order becomes a centre if that covers
//! anything new. A baseline.

use layerscope_core::random::shuffle;
use layerscope_core::{Result, Run, filled};

use super::reach::{Reach, all, common};

/// One covering; boxes are numbered as they were opened.
pub(super) fn cover(reach: &Reach, seed: u64, repeat: u64, run: &Run) -> Result<Vec<u32>> {
    let nodes = reach.network.nodes();
    let mut order: Vec<u32> = (0..nodes as u32).collect();
    shuffle(&mut order, seed, repeat);
    let mut row = reach.row()?;
    let mut uncovered = all(nodes)?;
    let mut boxes = filled(nodes, 0u32)?;
    let (mut open, mut covered) = (0, 0);
    for node in order {
        if covered == nodes {
            break;
        }
        run.check()?;
        reach.near(node as usize, &mut row, run)?;
        let before = covered;
        for other in common(&row.bits, &uncovered) {
            boxes[other as usize] = open;
            covered += 1;
        }
        if covered > before {
            open += 1;
            for (left, near) in uncovered.iter_mut().zip(&row.bits) {
                *left &= !near;
            }
        }
    }
    Ok(boxes)
}
