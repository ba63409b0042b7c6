//! The grid of θ, the closed forms of the count, and the rate.

/// Values of θ, uniform in x = ln(1 + θ).
pub(super) struct Grid {
    x: Vec<f64>,
    pub(super) theta: Vec<f64>,
}

impl Grid {
    /// `k` values from `low` to `high`, both met exactly: through ln and exp they would lose or
    /// keep the extreme pair by rounding.
    pub(super) fn new(low: f64, high: f64, k: usize) -> Self {
        let (from, to) = (low.ln_1p(), high.ln_1p());
        let x: Vec<f64> = (0..k)
            .map(|m| from + (to - from) * (m as f64 / (k - 1) as f64))
            .collect();
        let mut theta: Vec<f64> = x.iter().map(|x| x.exp_m1().clamp(low, high)).collect();
        theta[0] = low;
        theta[k - 1] = high;
        Self { x, theta }
    }

    /// Twice the mean distance of ln N / ln D from the self-similar line, the paper's `SS_rate`.
    pub(super) fn rate(&self, boxes: &[f64], width: f64) -> f64 {
        let sum: f64 = self.deviations(boxes, width).map(f64::abs).sum();
        2.0 * sum / boxes.len() as f64
    }

    /// ln N / ln D less the line, at each θ.
    pub(super) fn deviations(&self, boxes: &[f64], width: f64) -> impl Iterator<Item = f64> {
        let (from, to) = (self.x[0], self.x[self.x.len() - 1]);
        self.x.iter().zip(boxes).map(move |(x, boxes)| {
            let line = (to - x) / (to - from);
            boxes.ln() / width.ln() - line
        })
    }
}

/// N = D − (D − 1) `log_D`(1 + (D − 1) p), as the released code has it.
pub(super) fn paper_count(width: f64, share: f64) -> f64 {
    // At p = 1 the logarithm is 1 by definition; rounding must not make N fall below one box.
    (width - (width - 1.0) * ((width - 1.0) * share).ln_1p() / width.ln()).max(1.0)
}

/// N = 1 + (D − 1) `log_D`(D − (D − 1) p), as printed.
pub(super) fn printed_count(width: f64, share: f64) -> f64 {
    1.0 + (width - 1.0) * (width - (width - 1.0) * share).ln() / width.ln()
}
