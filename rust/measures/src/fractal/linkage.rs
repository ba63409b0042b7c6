//! Boxes straight from a table of distances, by complete linkage.
//!
//! **Question.** How many boxes of a diameter does it take to cover a set of points, where no
//! graph joins them?
//!
//! **Formula.** The two groups whose union has the smallest diameter become one, again and again;
//! the heights are these diameters. N(l) is n less the number of heights below l, and boxes have
//! diameters strictly below l.
//!
//! **Complexity.** O(n²) time by chains of nearest neighbours, and 8 n² bytes.
//!
//! **Needs.** A square table of finite distances, none negative, the same in both directions but for
//! rounding; of two that differ the larger counts.
//!
//! **Edge cases.** One point has no heights. Points that coincide join at height 0.
//!
//! **Determinism.** Ties go to the group before in the chain, else to that of the smallest index.
//!
//! **Reference.** Murtagh, *The Computer Journal* 26, 354 (1983): chains of nearest neighbours.

use layerscope_core::{Error, Result, Run, filled, with_capacity};

/// Heights of all merges of `count` points, rising.
pub fn heights(distances: &[f64], count: usize, run: &Run) -> Result<Vec<f64>> {
    check(distances, count, run)?;
    let mut table: Vec<f64> = with_capacity(distances.len())?;
    table.extend_from_slice(distances);
    for i in 0..count {
        run.check()?;
        for j in 0..i {
            let larger = table[i * count + j].max(table[j * count + i]);
            table[i * count + j] = larger;
            table[j * count + i] = larger;
        }
    }
    let mut groups: Vec<usize> = (0..count).collect();
    let mut chain: Vec<usize> = with_capacity(count)?;
    let mut heights = with_capacity(count)?;
    let mut gone = filled(count, false)?;
    run.progress().start(count as u64);
    while heights.len() + 1 < count {
        run.check()?;
        if chain.is_empty() {
            groups.retain(|&group| !gone[group]);
            chain.push(groups[0]);
        }
        let end = chain[chain.len() - 1];
        let row = &table[end * count..][..count];
        // The group before wins ties, or a chain could run in a circle.
        let before = chain.len().checked_sub(2).map(|place| chain[place]);
        let mut best = before.map_or((f64::INFINITY, end), |other| (row[other], other));
        for &other in &groups {
            if row[other] < best.0 && other != end && !gone[other] {
                best = (row[other], other);
            }
        }
        let (height, near) = best;
        if Some(near) != before {
            chain.push(near);
            continue;
        }
        chain.truncate(chain.len() - 2);
        heights.push(height);
        run.progress().step();
        gone[end] = true;
        for &other in &groups {
            if !gone[other] && other != near {
                let farther = table[near * count + other].max(table[end * count + other]);
                table[near * count + other] = farther;
                table[other * count + near] = farther;
            }
        }
    }
    heights.sort_by(f64::total_cmp);
    Ok(heights)
}

/// Distances of one pair may differ by this share of the larger: sums along a path from either end
/// round differently, and so do distances by products.
const ROUNDING: f64 = 1e-9;

fn check(distances: &[f64], count: usize, run: &Run) -> Result<()> {
    if count == 0 || count.checked_mul(count) != Some(distances.len()) {
        let rule = "must be a square table of at least one point";
        return Err(Error::invalid("distances", rule, distances.len()));
    }
    for (i, row) in distances.chunks_exact(count).enumerate() {
        run.check()?;
        for (j, &distance) in row.iter().enumerate() {
            let place = || format!("{distance} at ({i}, {j})");
            if !distance.is_finite() || distance < 0.0 {
                let rule = "must be finite, and none negative; of a graph, take one component";
                return Err(Error::invalid("distances", rule, place()));
            }
            let other = distances[j * count + i];
            let apart = (distance - other).abs() > ROUNDING * distance.max(other);
            if apart || (i == j && distance != 0.0) {
                let rule = "must be symmetric, with zeros on the diagonal";
                return Err(Error::invalid("distances", rule, place()));
            }
        }
    }
    Ok(())
}
