//! Agreement of two partitions.
//!
//! **Question.** How far are the communities that were found the classes that are known?
//!
//! **Formulas**, with a class i of `a_i` samples, a community j of `b_j`, `n_ij` in both, n in all:
//!
//! - mutual information `MI = Σ n_ij/n · ln(n n_ij / (a_i b_j))`, entropy `H(a) = −Σ a_i/n · ln(a_i/n)`;
//! - `nmi = MI / ((H(a) + H(b)) / 2)`;
//! - `ami = (MI − E) / ((H(a) + H(b)) / 2 − E)`, E the mean of MI over all ways to deal the samples
//!   into parts of these sizes (Vinh, Epps and Bailey 2010): each `n_ij` is hypergeometric, so
//!   `E = Σ_ij Σ_k P(n_ij = k) · k/n · ln(n k / (a_i b_j))`;
//! - `ari`, the Rand index likewise adjusted (Hubert and Arabie 1985), from counts of pairs;
//! - `purity = Σ_j max_i n_ij / n`;
//! - fragmentation of class i: the chance that two of its members, drawn without repetition, lie in
//!   different communities, `1 − Σ_j n_ij (n_ij − 1) / (a_i (a_i − 1))`.
//!
//! **How.** E depends on the sizes alone, so equal sizes are computed once: there are at most √(2n)
//! different sizes on a side. For two sizes the hypergeometric weights are built outwards from the
//! mode by the ratio of consecutive ones, divided at the end by their sum: no logarithm of a
//! factorial is rounded, and the walk ends where the weights cannot reach the result any more.
//!
//! **Complexity.** O(n + D₁ D₂ √n) with D different sizes on each side.
//!
//! **Edge cases** (those of scikit-learn, where it has the measure). Partitions that are equal up
//! to the names of their parts agree fully, also without samples, with one part, with all samples
//! apart: ami = ari = nmi = 1. One part beside several: 0. A class of one member is never torn:
//! its fragmentation is 0. A code that no sample bears has fragmentation NaN.
//!
//! **Determinism.** Each row of sizes is one piece; pieces are added in order.

use layerscope_core::{Labels, Result, Run, filled};

use crate::contingency::Contingency;

/// How far two partitions agree.
#[derive(Debug, Clone, PartialEq)]
pub struct PartitionAgreement {
    /// Mutual information, adjusted for chance, over the mean of the entropies.
    pub ami: f64,
    /// Adjusted Rand index.
    pub ari: f64,
    /// Mutual information over the mean of the entropies.
    pub nmi: f64,
    /// Share of the samples that belong to the largest class of their community.
    pub purity: f64,
    /// Per class: chance that two of its members lie in different communities.
    pub fragmentation: Vec<f64>,
    /// Per community: its largest class, the first of equals; 0 for a community without samples.
    pub majority: Vec<u32>,
    /// Per community: samples of its largest class.
    pub majority_count: Vec<u64>,
}

/// Weights of this share of the largest are not walked to: they cannot change the last bit of E.
const NEGLIGIBLE: f64 = 1e-30;

/// Compares the communities `found` with `classes`.
pub fn partition_agreement(
    found: Labels,
    classes: Labels,
    run: &Run,
) -> Result<PartitionAgreement> {
    let table = Contingency::new(classes, found, run)?;
    let (majority, majority_count) = majorities(&table)?;
    let hits: u64 = majority_count.iter().sum();
    let purity = if table.samples == 0 {
        1.0
    } else {
        hits as f64 / table.samples as f64
    };
    let (ami, nmi) = information(&table, run)?;
    Ok(PartitionAgreement {
        ami,
        ari: rand_index(&table),
        nmi,
        purity,
        fragmentation: fragmentation(&table)?,
        majority,
        majority_count,
    })
}

fn majorities(table: &Contingency) -> Result<(Vec<u32>, Vec<u64>)> {
    let mut majority = filled(table.second.len(), 0u32)?;
    let mut count = filled(table.second.len(), 0u64)?;
    for cell in &table.cells {
        let community = cell.second as usize;
        if cell.count > count[community] {
            (majority[community], count[community]) = (cell.first, cell.count);
        }
    }
    Ok((majority, count))
}

fn fragmentation(table: &Contingency) -> Result<Vec<f64>> {
    let mut together = filled(table.first.len(), 0u64)?;
    for cell in &table.cells {
        together[cell.first as usize] += cell.count * (cell.count - 1);
    }
    let share = |(&size, &together): (&u64, &u64)| match size {
        0 => f64::NAN,
        1 => 0.0,
        _ => (size * (size - 1) - together) as f64 / (size * (size - 1)) as f64,
    };
    Ok(table.first.iter().zip(&together).map(share).collect())
}

fn parts(sizes: &[u64]) -> usize {
    sizes.iter().filter(|&&size| size > 0).count()
}

/// Whether the two partitions are one, names apart.
fn are_equal(table: &Contingency) -> bool {
    let cells = table.cells.len();
    cells == parts(&table.first) && cells == parts(&table.second)
}

/// ami and nmi.
fn information(table: &Contingency, run: &Run) -> Result<(f64, f64)> {
    if are_equal(table) {
        return Ok((1.0, 1.0));
    }
    if parts(&table.first) == 1 || parts(&table.second) == 1 {
        return Ok((0.0, 0.0));
    }
    let n = table.samples as f64;
    let mutual: f64 = table
        .cells
        .iter()
        .map(|cell| {
            let (a, b) = table.sizes(cell);
            term(cell.count as f64, a as f64, b as f64, n)
        })
        .sum();
    let mutual = mutual.max(0.0);
    let normalizer = f64::midpoint(entropy(&table.first, n), entropy(&table.second, n));
    let expected = expected_information(&table.first, &table.second, table.samples, run)?;
    // Above zero in exact arithmetic: the partitions are not one.
    let room = (normalizer - expected).max(f64::EPSILON);
    Ok(((mutual - expected) / room, mutual / normalizer))
}

fn term(shared: f64, a: f64, b: f64, n: f64) -> f64 {
    shared / n * (n * shared / (a * b)).ln()
}

fn entropy(sizes: &[u64], n: f64) -> f64 {
    let shares = sizes.iter().filter(|&&size| size > 0);
    let shares = shares.map(|&size| size as f64 / n);
    -shares.map(|p| p * p.ln()).sum::<f64>()
}

/// The different sizes of parts that have samples, rising, and how often each occurs.
fn distinct(sizes: &[u64]) -> Vec<(u64, f64)> {
    let mut sorted: Vec<u64> = sizes.iter().copied().filter(|&size| size > 0).collect();
    sorted.sort_unstable();
    sorted
        .chunk_by(|a, b| a == b)
        .map(|equal| (equal[0], equal.len() as f64))
        .collect()
}

/// Mean of the mutual information over all ways to deal `n` samples into parts of these sizes.
pub fn expected_information(first: &[u64], second: &[u64], n: u64, run: &Run) -> Result<f64> {
    let (first, second) = (distinct(first), distinct(second));
    let (many, few) = if first.len() >= second.len() {
        (first, second)
    } else {
        (second, first)
    };
    let rows = run.map(many.len(), |row| {
        let (a, times) = many[row];
        let mut sum = 0.0;
        for &(b, often) in &few {
            run.check()?;
            sum += often * expected_term(a, b, n);
        }
        Ok(times * sum)
    })?;
    Ok(rows.iter().sum())
}

/// Mean of `k/n · ln(n k / (a b))` where k is how many of `a` chosen samples are among `b` of `n`.
fn expected_term(a: u64, b: u64, n: u64) -> f64 {
    let (low, high) = ((a + b).saturating_sub(n), a.min(b));
    let wide = u128::from(a + 1) * u128::from(b + 1) / u128::from(n + 2);
    let mode = (wide as u64).clamp(low, high);
    let (a, b, n) = (a as f64, b as f64, n as f64);
    let value = |k: u64| {
        if k == 0 { 0.0 } else { term(k as f64, a, b, n) }
    };
    let (mut weights, mut sum) = (1.0, value(mode));
    let (mut weight, mut k) = (1.0, mode);
    while k < high && weight > NEGLIGIBLE {
        let at = k as f64;
        weight *= (a - at) * (b - at) / ((at + 1.0) * (n - a - b + at + 1.0));
        k += 1;
        weights += weight;
        sum += weight * value(k);
    }
    (weight, k) = (1.0, mode);
    while k > low && weight > NEGLIGIBLE {
        let at = k as f64;
        weight *= at * (n - a - b + at) / ((a - at + 1.0) * (b - at + 1.0));
        k -= 1;
        weights += weight;
        sum += weight * value(k);
    }
    sum / weights
}

/// The Rand index adjusted for chance, from counts of ordered pairs.
fn rand_index(table: &Contingency) -> f64 {
    if are_equal(table) {
        return 1.0;
    }
    let squares = |sizes: &[u64]| -> i128 {
        let squared = sizes
            .iter()
            .map(|&size| i128::from(size) * i128::from(size));
        squared.sum()
    };
    let n = i128::from(table.samples);
    let shared: i128 = table
        .cells
        .iter()
        .map(|cell| i128::from(cell.count) * i128::from(cell.count))
        .sum();
    let (first, second) = (squares(&table.first), squares(&table.second));
    // Pairs together in both, apart in the second alone, apart in the first alone, apart in both.
    let both = shared - n;
    let (torn, mixed) = (first - shared, second - shared);
    let apart = n * n - first - second + shared;
    let above = 2.0 * (both * apart - torn * mixed) as f64;
    let [both, torn, mixed, apart] = [both, torn, mixed, apart].map(|pairs| pairs as f64);
    above / ((both + torn) * (torn + apart) + (both + mixed) * (mixed + apart))
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use layerscope_core::{Interrupt, Progress};
    use layerscope_testkit::partitions as twin;
    use proptest::prelude::*;

    use super::*;

    fn measure(found: &[u32], classes: &[u32], jobs: usize) -> PartitionAgreement {
        let (interrupt, progress) = (Interrupt::default(), Progress::default());
        let run = Run::new(NonZeroUsize::new(jobs).unwrap(), &interrupt, &progress);
        let labels = |codes| Labels::new(codes, twin::width(codes)).unwrap();
        partition_agreement(labels(found), labels(classes), &run).unwrap()
    }

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-10 || (a.is_nan() && b.is_nan())
    }

    proptest! {
        #[test]
        fn equals_its_twin((found, classes) in twin::pairs(40, 7)) {
            let got = measure(&found, &classes, 1);
            let expected = twin::agreement(&found, &classes);
            prop_assert!(close(got.ami, expected.ami), "{} {}", got.ami, expected.ami);
            prop_assert!(close(got.ari, expected.ari));
            prop_assert!(close(got.nmi, expected.nmi));
            prop_assert!(close(got.purity, expected.purity));
            for (one, other) in got.fragmentation.iter().zip(&expected.fragmentation) {
                prop_assert!(close(*one, *other));
            }
        }

        #[test]
        fn threads_decide_nothing((found, classes) in twin::pairs(200, 30)) {
            let one = format!("{:?}", measure(&found, &classes, 1));
            prop_assert_eq!(&one, &format!("{:?}", measure(&found, &classes, 2)));
            prop_assert_eq!(&one, &format!("{:?}", measure(&found, &classes, 7)));
        }
    }

    #[test]
    fn far_weights_count_for_nothing() {
        // The whole range of the hypergeometric law, in one order, against the walk that stops.
        let (a, b, n) = (6_000u64, 7_000u64, 20_000u64);
        let mut logs = vec![0.0f64];
        for k in 1..=n {
            logs.push(logs[k as usize - 1] + (k as f64).ln());
        }
        let choose = |n: u64, k: u64| logs[n as usize] - logs[k as usize] - logs[(n - k) as usize];
        let full: f64 = (1..=a)
            .map(|k| {
                let weight = choose(a, k) + choose(n - a, b - k) - choose(n, b);
                weight.exp() * term(k as f64, a as f64, b as f64, n as f64)
            })
            .sum();
        let walked = expected_term(a, b, n);
        // Terms of both signs as large as .1 leave the rest to the 13th place.
        assert!((walked - full).abs() < 1e-13, "{walked} {full}");
    }

    #[test]
    fn limits() {
        let all_apart: Vec<u32> = (0..6).collect();
        let one = vec![0; 6];
        let halves = [0, 0, 0, 1, 1, 1];
        let full = |got: PartitionAgreement| (got.ami, got.ari, got.nmi);
        assert_eq!(full(measure(&one, &one, 1)), (1.0, 1.0, 1.0));
        assert_eq!(full(measure(&all_apart, &all_apart, 1)), (1.0, 1.0, 1.0));
        assert_eq!(full(measure(&[], &[], 1)), (1.0, 1.0, 1.0));
        assert_eq!(full(measure(&[0], &[0], 1)), (1.0, 1.0, 1.0));
        assert_eq!(full(measure(&one, &halves, 1)), (0.0, 0.0, 0.0));
        assert_eq!(measure(&halves, &one, 1).fragmentation, [0.6]);
        assert_eq!(measure(&one, &all_apart, 1).fragmentation, [0.0; 6]);
    }
}
