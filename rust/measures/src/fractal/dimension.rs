//! A dimension from counts: the slope of a power law, beside its exponential rival.
//!
//! **Question.** Do counts fall with size as a power, and with which exponent?
//!
//! **Formula.** Least squares of ln N on ln l (slope, its standard error, root of the mean squared
//! residual √(SSE / points)), and of ln N on l.
//!
//! **Complexity.** O(points).
//!
//! **Needs.** Positive sizes and counts.
//!
//! **Edge cases.** Fewer than two different sizes: NaN. Fewer than three: no standard error.
//!
//! **Determinism.** One pass in order.

use layerscope_core::{Error, Result, fit_line};

/// Two laws fitted to the same points.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Laws {
    /// Slope of ln N on ln l.
    pub slope: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// Root of the mean squared residual of the power law, in ln N.
    pub rmse_power: f64,
    /// The same for ln N linear in l.
    pub rmse_exponential: f64,
}

/// Fits both laws.
pub fn fit(sizes: &[f64], counts: &[f64]) -> Result<Laws> {
    if sizes.len() != counts.len() {
        let rule = format!("must have one entry per size ({})", sizes.len());
        return Err(Error::invalid("counts", rule, counts.len()));
    }
    let finite = |&value: &f64| value.is_finite() && value > 0.0;
    for (argument, values) in [("sizes", sizes), ("counts", counts)] {
        if let Some(wrong) = values.iter().find(|value| !finite(value)) {
            return Err(Error::invalid(argument, "must be positive", wrong));
        }
    }
    let logarithms = |values: &[f64]| values.iter().map(|value| value.ln()).collect::<Vec<_>>();
    let (x, y) = (logarithms(sizes), logarithms(counts));
    // In units of the largest: squares of far lengths would overflow, or vanish.
    let largest = sizes.iter().copied().fold(0.0, f64::max);
    let shares: Vec<f64> = sizes.iter().map(|size| size / largest).collect();
    let (power, exponential) = (fit_line(&x, &y), fit_line(&shares, &y));
    Ok(Laws {
        slope: power.slope,
        standard_error: power.slope_error,
        rmse_power: power.rmse,
        rmse_exponential: exponential.rmse,
    })
}
