//! `TwoNN` from its definition.

/// Slope through the origin of −ln(1 − F) on ln μ over the lower nine tenths of the rows.
pub fn two_nn(first: &[f64], second: &[f64]) -> f64 {
    let mut ratios: Vec<f64> = first
        .iter()
        .zip(second)
        .filter(|&(&r1, _)| r1 > 0.0)
        .map(|(r1, r2)| r2 / r1)
        .collect();
    ratios.sort_by(f64::total_cmp);
    let n = ratios.len();
    let (mut xy, mut xx) = (0.0, 0.0);
    for (i, ratio) in ratios.iter().enumerate() {
        if 10 * (i + 1) <= 9 * n {
            let (x, y) = (ratio.ln(), -(1.0 - (i + 1) as f64 / n as f64).ln());
            xy += x * y;
            xx += x * x;
        }
    }
    xy / xx
}
