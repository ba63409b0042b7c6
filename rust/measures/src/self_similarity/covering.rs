//! True covering counts for every θ: complete linkage by the chain of nearest neighbours.

use layerscope_core::{Error, Line, Result, Run, filled, fit_line, with_capacity};

use super::distances::{Distances, row_start};

/// Boxes below which, and the share of all units above which, a count is left out of the line.
const FEWEST_BOXES: f64 = 5.0;
const LARGEST_SHARE: f64 = 0.5;

/// Two clusters that become one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Merge {
    /// The diameter of the union: the largest distance between the two.
    pub(super) height: f64,
    /// Which distance that is: its place in the upper triangle.
    pub(super) pair: usize,
}

/// The D − 1 merges, in the order in which the chain meets them.
///
/// Boxes of diameter ≤ θ: after all merges up to θ, every cluster has diameter ≤ θ. Ties take the
/// cluster of the smallest index. O(D²) time; the distances once more, and which pair each is.
pub(super) fn merges(run: &Run, distances: &Distances) -> Result<Vec<Merge>> {
    let d = distances.len();
    let Some(kept) = distances.kept() else {
        return Err(Error::Internal("distances were not kept".into()));
    };
    let mut table: Vec<f64> = with_capacity(kept.len())?;
    table.extend_from_slice(kept);
    let at = |i: usize, j: usize| row_start(i.min(j), d) + i.max(j) - i.min(j) - 1;
    let mut alive = filled(d, true)?;
    let mut members: Vec<Vec<usize>> = (0..d).map(|unit| vec![unit]).collect();
    let mut chain: Vec<usize> = with_capacity(d)?;
    let mut merges = with_capacity(d)?;
    let mut lowest = 0;
    while merges.len() + 1 < d {
        run.check()?;
        if chain.is_empty() {
            while !alive[lowest] {
                lowest += 1;
            }
            chain.push(lowest);
        }
        let end = chain[chain.len() - 1];
        let before = chain.len().checked_sub(2).map(|i| chain[i]);
        // The one before wins ties, or the chain could turn in a circle.
        let mut best = before.map_or((f64::INFINITY, end), |other| (table[at(end, other)], other));
        for other in (0..d).filter(|&other| other != end && alive[other]) {
            let c = table[at(end, other)];
            if c < best.0 {
                best = (c, other);
            }
        }
        let (height, near) = best;
        if Some(near) != before {
            chain.push(near);
            continue;
        }
        chain.truncate(chain.len() - 2);
        let (gone, stays) = (end.max(near), end.min(near));
        // Each pair is looked at in the one merge that joins its ends: O(D²) over all merges.
        let reach = |&i: &usize| members[gone].iter().map(move |&j| at(i, j));
        let pair = members[stays]
            .iter()
            .flat_map(reach)
            .find(|&pair| kept[pair] == height);
        merges.push(Merge {
            height,
            pair: pair.ok_or_else(|| Error::Internal("a height is no distance".into()))?,
        });
        alive[gone] = false;
        let joined = std::mem::take(&mut members[gone]);
        members[stays].extend(joined);
        for other in (0..d).filter(|&other| alive[other] && other != stays) {
            let farther = table[at(stays, other)].max(table[at(gone, other)]);
            table[at(stays, other)] = farther;
        }
    }
    Ok(merges)
}

/// The heights of all merges, ascending.
pub(super) fn heights(run: &Run, distances: &Distances) -> Result<Vec<f64>> {
    let mut heights: Vec<f64> = merges(run, distances)?
        .iter()
        .map(|merge| merge.height)
        .collect();
    heights.sort_by(f64::total_cmp);
    Ok(heights)
}

/// N(θ) = D − number of merges at heights ≤ θ.
pub(super) fn counts(heights: &[f64], d: usize, theta: &[f64]) -> Vec<f64> {
    theta
        .iter()
        .map(|&theta| (d - heights.partition_point(|&height| height <= theta)) as f64)
        .collect()
}

/// The line of ln N on ln θ where N lies between 5 and D / 2, and the ends of that window.
pub(super) fn dimension(theta: &[f64], boxes: &[f64], width: f64) -> (Line, (f64, f64)) {
    let inside: Vec<usize> = (0..theta.len())
        .filter(|&m| {
            theta[m] > 0.0 && boxes[m] >= FEWEST_BOXES && boxes[m] <= LARGEST_SHARE * width
        })
        .collect();
    let x: Vec<f64> = inside.iter().map(|&m| theta[m].ln()).collect();
    let y: Vec<f64> = inside.iter().map(|&m| boxes[m].ln()).collect();
    let window = match (inside.first(), inside.last()) {
        (Some(&first), Some(&last)) => (theta[first], theta[last]),
        _ => (f64::NAN, f64::NAN),
    };
    (fit_line(&x, &y), window)
}
