//! How sure is an NNTS? Intervals by resampling samples, and what chance alone would give.

use layerscope_core::random::stream;
use layerscope_core::{Result, Run, filled};
use rand::RngExt;

/// Low and high end of the 95 % percentile interval of NNTS: of each k one entry per pair of layers.
///
/// Samples are drawn with replacement, the same draws for all pairs and ks, so that these may be
/// compared. `shared` holds the intersection sizes h, one k after another: of each one row of
/// `samples` per pair. Draw b uses stream b of the seed. O(draws · samples · pairs · ks).
pub fn intervals(
    shared: &[u16],
    samples: usize,
    ks: &[usize],
    draws: usize,
    seed: u64,
    run: &Run,
) -> Result<(Vec<f64>, Vec<f64>)> {
    let lines = shared.len().checked_div(samples).unwrap_or(0);
    let pairs = lines.checked_div(ks.len()).unwrap_or(0);
    let share = |k: usize| (0..=k).map(move |h| h as f64 / (2 * k - h) as f64);
    let shares: Vec<Vec<f64>> = ks.iter().map(|&k| share(k).collect()).collect();
    let largest = ks.last().copied().unwrap_or(0);
    run.progress().start(draws as u64);
    let means = run.map(draws, |draw| {
        let mut times = filled(samples, 0u32)?;
        let mut generator = stream(seed, draw as u64);
        for _ in 0..samples {
            times[generator.random_range(0..samples as u64) as usize] += 1;
        }
        let mut means = Vec::with_capacity(lines);
        let mut weights = vec![0u64; largest + 1];
        for (at, line) in shared.chunks_exact(samples).enumerate() {
            run.check()?;
            let share = &shares[at / pairs];
            let weights = &mut weights[..share.len()];
            weights.fill(0);
            for (&h, &times) in line.iter().zip(&times) {
                weights[usize::from(h)] += u64::from(times);
            }
            let sum: f64 = weights.iter().zip(share).map(|(&w, &s)| w as f64 * s).sum();
            means.push(sum / samples as f64);
        }
        run.progress().step();
        Ok(means)
    })?;
    let (mut low, mut high) = (Vec::with_capacity(lines), Vec::with_capacity(lines));
    for line in 0..lines {
        let mut drawn: Vec<f64> = means.iter().map(|means| means[line]).collect();
        drawn.sort_by(f64::total_cmp);
        low.push(quantile(&drawn, 0.025));
        high.push(quantile(&drawn, 0.975));
    }
    Ok((low, high))
}

/// Quantile of sorted values, linear between them; NaN when there are none.
fn quantile(sorted: &[f64], q: f64) -> f64 {
    if sorted.is_empty() {
        return f64::NAN;
    }
    let at = q * (sorted.len() - 1) as f64;
    let below = at.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (at - below as f64) * (sorted[above] - sorted[below])
}

/// NNTS that two independent layers would have: the mean of h / (2k − h) over the hypergeometric
/// overlap h of two k-subsets of the n − 1 other samples. O(k).
pub fn chance(n: usize, k: usize) -> f64 {
    let others = n.saturating_sub(1);
    if k == 0 || k > others {
        return f64::NAN;
    }
    // p(h + 1) / p(h) = (k − h)² / ((h + 1)(n − 1 − 2k + h + 1)), followed from the mode both ways so
    // that nothing underflows before it no longer matters.
    let lowest = (2 * k).saturating_sub(others);
    let ratio = |h: usize| {
        let left = (k - h) as f64;
        left * left / ((h + 1) as f64 * (others + h + 1 - 2 * k) as f64)
    };
    let mut mode = lowest;
    while mode < k && ratio(mode) > 1.0 {
        mode += 1;
    }
    let share = |h: usize| h as f64 / (2 * k - h) as f64;
    let (mut weight, mut sum) = (1.0, share(mode));
    let mut p = 1.0;
    for h in mode + 1..=k {
        p *= ratio(h - 1);
        weight += p;
        sum += p * share(h);
    }
    p = 1.0;
    for h in (lowest..mode).rev() {
        p /= ratio(h);
        weight += p;
        sum += p * share(h);
    }
    sum / weight
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chance_of_small_sets_by_hand() {
        // n = 4, k = 1: two of three others; overlap 1 with chance 1/3, else 0.
        assert!((chance(4, 1) - 1.0 / 3.0).abs() < 1e-15);
        // n = 4, k = 2: h = 1 with 2/3, h = 2 with 1/3: 2/3 · 1/3 + 1/3 · 1.
        assert!((chance(4, 2) - (2.0 / 9.0 + 1.0 / 3.0)).abs() < 1e-15);
        assert_eq!(chance(4, 3), 1.0);
        assert!(chance(4, 4).is_nan());
    }

    #[test]
    fn chance_of_large_sets_is_near_its_limit() {
        let p: f64 = 12_000.0 / 59_999.0;
        assert!((chance(60_000, 12_000) - p / (2.0 - p)).abs() < 1e-5);
    }

    #[test]
    fn quantiles_interpolate() {
        assert_eq!(quantile(&[0.0, 1.0, 2.0, 3.0], 0.5), 1.5);
        assert_eq!(quantile(&[4.0], 0.975), 4.0);
    }
}
