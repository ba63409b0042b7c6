//! Compact box burning: a box takes random nodes among those near to all its members until none
//! is left; then the next box begins.

use layerscope_core::random::stream;
use layerscope_core::{Result, Run, filled};
use rand::RngExt;

use super::reach::{Reach, all, clear, count};

/// One covering; boxes are numbered as they were opened.
pub(super) fn cover(reach: &Reach, seed: u64, item: u64, run: &Run) -> Result<Vec<u32>> {
    let nodes = reach.network.nodes();
    let mut generator = stream(seed, item);
    let mut row = reach.row()?;
    let mut boxes = filled(nodes, 0u32)?;
    let mut uncovered = all(nodes)?;
    let mut candidates = uncovered.clone();
    let mut open = 0;
    let mut covered = 0;
    while covered < nodes {
        run.check()?;
        let left = count(&candidates);
        if left == 0 {
            candidates.copy_from_slice(&uncovered);
            open += 1;
            continue;
        }
        let node = nth(&candidates, generator.random_range(0..left));
        boxes[node] = open;
        covered += 1;
        clear(&mut uncovered, node);
        reach.near(node, &mut row, run)?;
        for (candidates, near) in candidates.iter_mut().zip(&row.bits) {
            *candidates &= near;
        }
        clear(&mut candidates, node);
    }
    Ok(boxes)
}

/// The number of the n-th bit that is set.
fn nth(bits: &[u64], mut n: u32) -> usize {
    for (word, &bits) in bits.iter().enumerate() {
        let here = bits.count_ones();
        if n < here {
            let mut left = bits;
            for _ in 0..n {
                left &= left - 1;
            }
            return 64 * word + left.trailing_zeros() as usize;
        }
        n -= here;
    }
    0
}
