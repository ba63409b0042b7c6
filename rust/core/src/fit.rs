//! Straight-line fits by ordinary least squares, with their errors.

/// A fitted line y = intercept + slope · x.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Line {
    /// Slope; NaN when the x values do not vary.
    pub slope: f64,
    /// Intercept; 0 for a line through the origin.
    pub intercept: f64,
    /// Standard error of the slope; NaN when no point is left over to estimate it.
    pub slope_error: f64,
    /// Root of the mean squared residual, √(SSE / points).
    pub rmse: f64,
}

/// Fits y = a + b x.
pub fn fit_line(x: &[f64], y: &[f64]) -> Line {
    let n = x.len() as f64;
    let (mean_x, mean_y) = (x.iter().sum::<f64>() / n, y.iter().sum::<f64>() / n);
    let (mut sxx, mut sxy) = (0.0, 0.0);
    for (&x, &y) in x.iter().zip(y) {
        sxx += (x - mean_x) * (x - mean_x);
        sxy += (x - mean_x) * (y - mean_y);
    }
    let slope = if sxx > 0.0 { sxy / sxx } else { f64::NAN };
    finish(x, y, slope, mean_y - slope * mean_x, sxx, 2)
}

/// Fits y = b x.
pub fn fit_line_through_origin(x: &[f64], y: &[f64]) -> Line {
    let (mut sxx, mut sxy) = (0.0, 0.0);
    for (&x, &y) in x.iter().zip(y) {
        sxx += x * x;
        sxy += x * y;
    }
    let slope = if sxx > 0.0 { sxy / sxx } else { f64::NAN };
    finish(x, y, slope, 0.0, sxx, 1)
}

fn finish(x: &[f64], y: &[f64], slope: f64, intercept: f64, sxx: f64, parameters: usize) -> Line {
    let mut squares = 0.0;
    for (&x, &y) in x.iter().zip(y) {
        let residual = y - intercept - slope * x;
        squares += residual * residual;
    }
    let free = x.len().saturating_sub(parameters);
    let slope_error = if free > 0 {
        (squares / free as f64 / sxx).sqrt()
    } else {
        f64::NAN
    };
    Line {
        slope,
        intercept,
        slope_error,
        rmse: (squares / x.len() as f64).sqrt(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_textbook_line() {
        // x 1..4, y 2 4 5 4: slope 0.7, intercept 2, SSE 2.3.
        let line = fit_line(&[1.0, 2.0, 3.0, 4.0], &[2.0, 4.0, 5.0, 4.0]);
        assert!((line.slope - 0.7).abs() < 1e-15);
        assert!((line.intercept - 2.0).abs() < 1e-14);
        assert!((line.rmse - (2.3f64 / 4.0).sqrt()).abs() < 1e-15);
        assert!((line.slope_error - (2.3f64 / 2.0 / 5.0).sqrt()).abs() < 1e-15);
    }

    #[test]
    fn through_the_origin() {
        let line = fit_line_through_origin(&[1.0, 2.0], &[1.0, 3.0]);
        assert!((line.slope - 1.4).abs() < 1e-15);
        assert_eq!(line.intercept, 0.0);
    }

    #[test]
    fn no_spread_no_slope() {
        assert!(fit_line(&[1.0, 1.0], &[0.0, 2.0]).slope.is_nan());
    }
}
