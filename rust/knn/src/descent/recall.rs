//! How much of the exact answer was found, from a sample of rows that were searched exactly.
//!
//! A row contributes the share of its k nearest that were found; shares within a row hang together,
//! so rows are the units. The interval is Wilson's for a proportion, with as many trials as would
//! have the variance seen among rows: m rows of k neighbours count as mk trials over the design
//! effect s² / (p(1 − p)/k), never below m (a share cannot vary more than a row that is found
//! wholly or not at all) and, when every share is one, m.

/// The normal quantile of a 95 % interval.
const Z: f64 = 1.959_963_984_540_054;

/// An estimate of recall.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Recall {
    /// Mean share of the true neighbours that were found.
    pub value: f64,
    /// Lower end of the 95 % interval.
    pub low: f64,
    /// Upper end of the 95 % interval.
    pub high: f64,
}

impl Recall {
    /// From the number of true neighbours found per row, of k each.
    pub(crate) fn of(hits: &[usize], k: usize) -> Self {
        let (m, k) = (hits.len() as f64, k as f64);
        let shares = || hits.iter().map(|&hit| hit as f64 / k);
        let value = shares().sum::<f64>() / m;
        let spread =
            shares().map(|share| (share - value).powi(2)).sum::<f64>() / (m - 1.0).max(1.0);
        let binomial = value * (1.0 - value);
        let trials = if spread > 0.0 {
            (m * binomial / spread).clamp(m, m * k)
        } else {
            m
        };
        let z = Z * Z / trials;
        let middle = (value + z / 2.0) / (1.0 + z);
        let half = Z / (1.0 + z) * (binomial / trials + z / (4.0 * trials)).sqrt();
        Self {
            value,
            low: (middle - half).max(0.0),
            high: (middle + half).min(1.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn independent_hits_give_the_interval_of_wilson() {
        // 90 of 100 with k = 1: the textbook's (0.8256, 0.9448).
        let hits: Vec<usize> = (0..100).map(|i| usize::from(i % 10 != 0)).collect();
        let recall = Recall::of(&hits, 1);
        assert_eq!(recall.value, 0.9);
        assert!((recall.low - 0.8256).abs() < 6e-4 && (recall.high - 0.9448).abs() < 6e-4);
    }

    #[test]
    fn rows_that_fail_as_a_whole_widen_it() {
        let whole: Vec<usize> = (0..100).map(|i| if i % 10 == 0 { 0 } else { 10 }).collect();
        let even = vec![9; 100];
        let (whole, even) = (Recall::of(&whole, 10), Recall::of(&even, 10));
        assert!((whole.value - even.value).abs() < 1e-12);
        assert!(whole.low < even.low && whole.high > even.high);
        let all = Recall::of(&[5; 50], 5);
        assert!(all.value == 1.0 && all.high == 1.0 && all.low > 0.9 && all.low < 0.95);
        let none = Recall::of(&[0; 50], 5);
        assert!(none.value == 0.0 && none.low == 0.0 && none.high < 0.1);
    }
}
