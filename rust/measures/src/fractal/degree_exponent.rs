//! The exponent of a power law of degrees.
//!
//! **Question.** Do degrees k occur with probability ∝ k^(−γ) from some k on, and with which γ?
//!
//! **Formula.** For each candidate `k_min`, γ maximises `−n ln ζ(γ, k_min) − γ Σ ln k` over the n
//! degrees from `k_min` on, with the Hurwitz zeta function; the `k_min` whose fitted law lies nearest to the
//! observed one by Kolmogorov and Smirnov is kept. The standard error is
//! 1 / √(n (ln ζ)″(γ)), from the curvature of the likelihood.
//!
//! **Complexity.** O(different degrees²) sums.
//!
//! **Needs.** Positive degrees with at least two different values.
//!
//! **Edge cases.** Degrees of 0 are left out. No variety: NaN.
//!
//! **Determinism.** One pass per candidate.
//!
//! **Reference.** Clauset, Shalizi and Newman, *SIAM Review* 51, 661 (2009).

use layerscope_core::{Result, Run};

/// A fitted law.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Exponent {
    /// γ; NaN where it cannot be told.
    pub value: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// The smallest degree that counts.
    pub k_min: u64,
    /// Degrees that count.
    pub n_tail: usize,
    /// Largest distance between the two cumulative laws.
    pub distance: f64,
}

/// γ lies between these.
const RANGE: (f64, f64) = (1.0 + 1e-6, 20.0);

/// Fits a law to degrees.
pub fn degree_exponent(degrees: &[u64], run: &Run) -> Result<Exponent> {
    let mut sorted: Vec<u64> = degrees.iter().copied().filter(|&k| k > 0).collect();
    sorted.sort_unstable();
    let mut best = Exponent {
        value: f64::NAN,
        standard_error: f64::NAN,
        k_min: sorted.first().copied().unwrap_or(0),
        n_tail: sorted.len(),
        distance: f64::INFINITY,
    };
    let mut start = 0;
    // The tail must hold two different degrees, or its likelihood has no maximum.
    while start < sorted.len() && sorted[start] < sorted[sorted.len() - 1] {
        run.check()?;
        let found = tail(&sorted[start..]);
        if found.distance < best.distance {
            best = found;
        }
        start += sorted[start..].partition_point(|&k| k == sorted[start]);
    }
    if best.value.is_nan() {
        best.distance = f64::NAN;
    }
    Ok(best)
}

fn tail(sorted: &[u64]) -> Exponent {
    let (n, k_min) = (sorted.len() as f64, sorted[0] as f64);
    let mean_log = sorted.iter().map(|&k| (k as f64).ln()).sum::<f64>() / n;
    // The likelihood is concave: its slope per degree, −(ln ζ)′ − mean ln k, falls through zero once.
    let (mut low, mut high) = RANGE;
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        let [zeta, first, _] = zeta(middle, k_min);
        if -first / zeta > mean_log {
            low = middle;
        } else {
            high = middle;
        }
    }
    let value = f64::midpoint(low, high);
    let [whole, first, second] = zeta(value, k_min);
    let curvature = second / whole - (first / whole) * (first / whole);
    let mut distance = 0.0f64;
    let mut seen = 0;
    while seen < sorted.len() {
        let k = sorted[seen] as f64;
        let below = seen as f64 / n;
        seen += sorted[seen..].partition_point(|&other| other as f64 == k);
        // Both sides of the step at k: the share below k, and the share up to k.
        let fitted_below = 1.0 - zeta(value, k)[0] / whole;
        let fitted_up_to = 1.0 - zeta(value, k + 1.0)[0] / whole;
        distance = distance
            .max((below - fitted_below).abs())
            .max((seen as f64 / n - fitted_up_to).abs());
    }
    Exponent {
        value,
        standard_error: 1.0 / (n * curvature).sqrt(),
        k_min: sorted[0],
        n_tail: sorted.len(),
        distance,
    }
}

/// Hurwitz' ζ(s, a) = Σ (a + i)^(−s) for s > 1, with its first and second derivative in s: some
/// terms, then the formula of Euler and Maclaurin for the rest.
fn zeta(s: f64, a: f64) -> [f64; 3] {
    const TERMS: usize = 20;
    let mut sums = [0.0; 3];
    for i in 0..TERMS {
        let x = a + i as f64;
        let (log, power) = (x.ln(), x.powf(-s));
        sums[0] += power;
        sums[1] -= power * log;
        sums[2] += power * log * log;
    }
    // ∫ x^(−s) dx = N^(1−s) / (s − 1) =: E, half the next term, and corrections with Bernoulli
    // numbers B₂, B₄, B₆; a correction is c · s (s+1) … · N^(−s−m), differentiated by logarithms.
    let end = a + TERMS as f64;
    let (log, power) = (end.ln(), end.powf(-s));
    let t = 1.0 / (s - 1.0);
    let rest = power * end * t;
    sums[0] += rest + 0.5 * power;
    sums[1] -= rest * (log + t) + 0.5 * power * log;
    sums[2] += rest * ((log + t) * (log + t) + t * t) + 0.5 * power * log * log;
    let corrections = [
        (1.0 / 12.0, 1),
        (-1.0 / 720.0, 3),
        (1.0 / 30240.0, 5),
        (-1.0 / 1_209_600.0, 7),
    ];
    for (factor, order) in corrections {
        let (mut product, mut slope, mut curve) = (1.0, 0.0, 0.0);
        for i in 0..order {
            let x = s + f64::from(i);
            product *= x;
            slope += 1.0 / x;
            curve += 1.0 / (x * x);
        }
        let term = factor * product * power * end.powi(-order);
        let first = slope - log;
        sums[0] += term;
        sums[1] += term * first;
        sums[2] += term * (first * first - curve);
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeta_and_its_derivatives() {
        let pi = std::f64::consts::PI;
        assert!((zeta(2.0, 1.0)[0] - pi * pi / 6.0).abs() < 1e-14);
        assert!((zeta(4.0, 1.0)[0] - pi.powi(4) / 90.0).abs() < 1e-14);
        assert!((zeta(2.0, 3.0)[0] - (pi * pi / 6.0 - 1.25)).abs() < 1e-14);
        // ζ′(2) = −0.937548254…; the second derivative by differences of the first.
        assert!((zeta(2.0, 1.0)[1] + 0.937_548_254_315_844).abs() < 1e-13);
        for (s, a) in [(1.5, 1.0), (3.0, 7.0)] {
            let h = 1e-5;
            let difference = (zeta(s + h, a)[1] - zeta(s - h, a)[1]) / (2.0 * h);
            assert!((zeta(s, a)[2] / difference - 1.0).abs() < 1e-6);
        }
    }
}
