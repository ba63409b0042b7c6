//! Naive twins of following communities: sets of samples, and every assignment tried.

use crate::partitions::width;

/// Samples in community `a` of the first partition and `b` of the second.
pub fn overlap(first: &[u32], second: &[u32], a: u32, b: u32) -> usize {
    let both = first.iter().zip(second);
    both.filter(|&(&one, &other)| (one, other) == (a, b))
        .count()
}

/// Per community of the first partition: the one of the second that has more than half of it.
pub fn majority_goes_to(first: &[u32], second: &[u32]) -> Vec<Option<u32>> {
    let target = |a: u32| {
        let size = first.iter().filter(|&&one| one == a).count();
        (0..width(second) as u32).find(|&b| 2 * overlap(first, second, a, b) > size)
    };
    (0..width(first) as u32).map(target).collect()
}

/// The largest number of samples that a one-to-one matching of communities keeps, of pairs whose
/// Jaccard index is at least `threshold`.
pub fn most_kept(first: &[u32], second: &[u32], threshold: f64) -> i64 {
    let size = |codes: &[u32], part: u32| codes.iter().filter(|&&code| code == part).count();
    let weight = |a: u32, b: u32| {
        let both = overlap(first, second, a, b);
        let either = size(first, a) + size(second, b) - both;
        if both > 0 && both as f64 >= threshold * either as f64 {
            both as i64
        } else {
            0
        }
    };
    let rows = 0..width(first) as u32;
    let weights: Vec<Vec<i64>> = rows
        .map(|a| (0..width(second) as u32).map(|b| weight(a, b)).collect())
        .collect();
    heaviest(&weights)
}

/// The largest sum of weights of cells no two of which share a row or a column, by trying all.
pub fn heaviest(weights: &[Vec<i64>]) -> i64 {
    let columns = weights.first().map_or(0, Vec::len);
    best(weights, &mut vec![false; columns])
}

fn best(weights: &[Vec<i64>], taken: &mut [bool]) -> i64 {
    let Some((row, rest)) = weights.split_first() else {
        return 0;
    };
    let mut most = best(rest, taken);
    for (column, &weight) in row.iter().enumerate() {
        if weight > 0 && !taken[column] {
            taken[column] = true;
            most = most.max(weight + best(rest, taken));
            taken[column] = false;
        }
    }
    most
}
