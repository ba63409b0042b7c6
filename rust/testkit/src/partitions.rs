//! Naive twins of what compares partitions: counts of pairs, and exact chances.

use std::collections::BTreeMap;

use proptest::prelude::*;

/// What two partitions have to say about each other.
#[derive(Debug, Clone)]
pub struct Agreement {
    /// Adjusted mutual information.
    pub ami: f64,
    /// Adjusted Rand index.
    pub ari: f64,
    /// Normalised mutual information.
    pub nmi: f64,
    /// Share of samples in the largest class of their community.
    pub purity: f64,
    /// Per class: share of its pairs that are in different communities.
    pub fragmentation: Vec<f64>,
}

/// Number of codes: one more than the largest.
pub fn width(codes: &[u32]) -> usize {
    codes.iter().max().map_or(0, |&code| code as usize + 1)
}

/// Two partitions of the same samples, as codes that may leave gaps.
pub fn pairs(most_rows: usize, most: u32) -> impl Strategy<Value = (Vec<u32>, Vec<u32>)> {
    (0..most_rows, 1..=most, 1..=most).prop_flat_map(|(rows, first, second)| {
        (
            proptest::collection::vec(0..first, rows),
            proptest::collection::vec(0..second, rows),
        )
    })
}

/// Everything from its definition.
pub fn agreement(found: &[u32], classes: &[u32]) -> Agreement {
    let n = found.len();
    let mutual = information(found, classes);
    let mean = f64::midpoint(entropy(found), entropy(classes));
    let expected = expected(found, classes);
    let same = same(found, classes);
    let by_community = sizes(found).into_keys().map(|community| {
        let inside = (0..n).filter(|&i| found[i] == community);
        let counts = sizes(&inside.map(|i| classes[i]).collect::<Vec<_>>());
        counts.into_values().max().unwrap_or(0)
    });
    let hits: usize = by_community.sum();
    let trivial = sizes(found).len() <= 1 || sizes(classes).len() <= 1;
    let (ami, nmi) = match (same, trivial) {
        (true, _) => (1.0, 1.0),
        (false, true) => (0.0, 0.0),
        _ => ((mutual - expected) / (mean - expected), mutual / mean),
    };
    Agreement {
        ami,
        ari: if same { 1.0 } else { rand(found, classes) },
        nmi,
        purity: if n == 0 { 1.0 } else { hits as f64 / n as f64 },
        fragmentation: (0..width(classes) as u32)
            .map(|class| fragmentation(found, classes, class))
            .collect(),
    }
}

fn sizes(codes: &[u32]) -> BTreeMap<u32, usize> {
    let mut sizes = BTreeMap::new();
    for &code in codes {
        *sizes.entry(code).or_insert(0) += 1;
    }
    sizes
}

/// Every pair is together in both or apart in both.
fn same(found: &[u32], classes: &[u32]) -> bool {
    let n = found.len();
    (0..n).all(|i| (0..n).all(|j| (found[i] == found[j]) == (classes[i] == classes[j])))
}

fn entropy(codes: &[u32]) -> f64 {
    let n = codes.len() as f64;
    let shares = sizes(codes).into_values().map(|size| size as f64 / n);
    -shares.map(|p| p * p.ln()).sum::<f64>()
}

/// H(a) + H(b) − H(a, b).
fn information(found: &[u32], classes: &[u32]) -> f64 {
    let width = width(classes) as u32;
    let joint: Vec<u32> = found
        .iter()
        .zip(classes)
        .map(|(f, c)| f * width + c)
        .collect();
    entropy(found) + entropy(classes) - entropy(&joint)
}

/// Expected mutual information, each chance a quotient of binomial coefficients as logarithms.
fn expected(found: &[u32], classes: &[u32]) -> f64 {
    let n = found.len();
    let log_factorial: Vec<f64> = (0..=n)
        .map(|m| (1..=m).map(|k| (k as f64).ln()).sum())
        .collect();
    let choose = |n: usize, k: usize| log_factorial[n] - log_factorial[k] - log_factorial[n - k];
    let mut sum = 0.0;
    for a in sizes(classes).into_values() {
        for b in sizes(found).into_values() {
            for k in 1.max((a + b).saturating_sub(n))..=a.min(b) {
                let chance = (choose(a, k) + choose(n - a, b - k) - choose(n, b)).exp();
                let ratio = (n * k) as f64 / (a * b) as f64;
                sum += chance * k as f64 / n as f64 * ratio.ln();
            }
        }
    }
    sum
}

/// The adjusted Rand index by looking at every pair.
fn rand(found: &[u32], classes: &[u32]) -> f64 {
    let n = found.len();
    let (mut both, mut in_found, mut in_classes, mut all) = (0.0, 0.0, 0.0, 0.0);
    for i in 0..n {
        for j in 0..i {
            let (f, c) = (found[i] == found[j], classes[i] == classes[j]);
            both += f64::from(f && c);
            in_found += f64::from(f);
            in_classes += f64::from(c);
            all += 1.0;
        }
    }
    let chance = in_found * in_classes / all;
    (both - chance) / (f64::midpoint(in_found, in_classes) - chance)
}

fn fragmentation(found: &[u32], classes: &[u32], class: u32) -> f64 {
    let members: Vec<u32> = (0..found.len())
        .filter(|&i| classes[i] == class)
        .map(|i| found[i])
        .collect();
    let (mut apart, mut all) = (0.0, 0.0);
    for (at, one) in members.iter().enumerate() {
        for other in &members[..at] {
            apart += f64::from(one != other);
            all += 1.0;
        }
    }
    match members.len() {
        0 => f64::NAN,
        1 => 0.0,
        _ => apart / all,
    }
}
