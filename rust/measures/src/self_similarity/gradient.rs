//! The number with its gradient, for training.
//!
//! Every form is a function of the distances: ∂S/∂`F_i` = `Σ_j` h(`C_ij`) ∂`C_ij`/∂`F_i`, and
//! ∂`C_ij`/∂`F_i` = (`F_i` − `F_j`) / (B `C_ij`). For the paper's forms and the correlation form h is one
//! scalar function, tabulated once, so that nothing of the size K × pairs is ever made; for the
//! covering form h lives on the D − 1 pairs whose distances are the heights. The ends of the grid,
//! the quantiles and the root mean square are held fixed.

use layerscope_core::{Matrix, Result, Run, filled, fit_line, widest, with_capacity};

use super::correlation::quantile_range;
use super::counts::count_at_most;
use super::covering::merges;
use super::curve::{self, Grid};
use super::distances::{Distances, row_start};
use super::table::Table;
use super::units::{PANEL, Units};
use super::{Form, Parameters};

/// Width of the smoothed step of the correlation form, in ranges of ln r.
const SMOOTHING: f64 = 0.1;

/// Widths of the step beyond the radii up to which its derivative is tabulated.
const BEYOND: f64 = 12.0;

/// Widths of the step beyond which its derivative is below 1e-26 and left out: where features are
/// large, few scales are as near as that to a distance.
const REACH: f64 = 60.0;

/// The smooth stand-in for a step that the backward pass uses: f · sigmoid(κ(θ − C)).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Surrogate {
    /// κ, how steep.
    pub kappa: f64,
    /// f, how strong.
    pub factor: f64,
}

/// S and ∂S/∂X.
#[derive(Debug, Clone)]
pub struct Differentiated {
    /// The number; NaN where it cannot be told.
    pub value: f64,
    /// Samples × units; zeros where the number cannot be told, empty when not asked for.
    pub gradient: Vec<f64>,
}

/// Measures one layer and differentiates. The correlation form is smoothed, the covering form
/// takes its mean over the merges: both differ from the numbers of `self_similarity`.
pub fn differentiate(
    run: &Run,
    data: &Matrix,
    parameters: &Parameters,
    surrogate: Surrogate,
    with_gradient: bool,
) -> Result<Differentiated> {
    let units = Units::new(run, data)?;
    let distances = Distances::new(
        run,
        &units,
        parameters.rms,
        true,
        2,
        parameters.memory_limit,
    )?;
    let (low, high) = distances.range();
    let size = if with_gradient {
        units.samples() * units.len()
    } else {
        0
    };
    let nothing = |gradient| Differentiated {
        value: f64::NAN,
        gradient,
    };
    #[allow(clippy::neg_cmp_op_on_partial_ord)]
    if units.len() < 3 || !(low < high) {
        return Ok(nothing(filled(size, 0.0)?));
    }
    let outcome = match parameters.form {
        Form::Paper | Form::Printed => counted(run, &distances, parameters, surrogate)?,
        Form::Correlation => match correlated(run, &distances, parameters.thetas)? {
            Some(outcome) => outcome,
            None => return Ok(nothing(filled(size, 0.0)?)),
        },
        Form::Covering => covered(run, &distances)?,
    };
    let gradient = if with_gradient {
        let slopes = outcome.slopes.of(run, &distances)?;
        spread(run, &units, &distances, &slopes)?
    } else {
        Vec::new()
    };
    Ok(Differentiated {
        value: outcome.value,
        gradient,
    })
}

/// A value and its derivatives by the distances.
struct Outcome {
    value: f64,
    slopes: Slopes,
}

/// ∂S/∂C.
enum Slopes {
    /// A function of C, smooth on the scale of its width.
    OfDistance(Box<dyn Fn(f64) -> f64 + Sync>, f64),
    /// A function of ln C, divided by C; its width and the ends beyond which it all but vanishes.
    OfLogarithm(Box<dyn Fn(f64) -> f64 + Sync>, f64, (f64, f64)),
    /// Pair by pair.
    Pairs(Vec<(usize, f64)>),
}

impl Slopes {
    /// One number per pair, in the order of the distances.
    fn of(&self, run: &Run, distances: &Distances) -> Result<Vec<f64>> {
        let all = distances.kept().unwrap_or_default();
        let mut slopes = filled(all.len(), 0.0)?;
        match self {
            Slopes::Pairs(pairs) => {
                for &(pair, slope) in pairs {
                    slopes[pair] += slope;
                }
            }
            Slopes::OfDistance(function, width) => {
                let table = Table::new(run, function, distances.range(), *width, all.len())?;
                fill(run, &mut slopes, all, |c| table.at(c))?;
            }
            Slopes::OfLogarithm(function, width, ends) => {
                let table = Table::new(run, function, *ends, *width, all.len())?;
                fill(run, &mut slopes, all, |c| {
                    if c > 0.0 { table.at(c.ln()) / c } else { 0.0 }
                })?;
            }
        }
        Ok(slopes)
    }
}

fn fill(run: &Run, slopes: &mut [f64], all: &[f64], at: impl Fn(f64) -> f64 + Sync) -> Result<()> {
    const CHUNK: usize = 1 << 14;
    run.for_each_chunk(slopes, CHUNK, |chunk, slots| {
        run.check()?;
        for (slot, &c) in slots.iter_mut().zip(&all[chunk * CHUNK..]) {
            *slot = at(c);
        }
        Ok(())
    })
}

/// The closed forms: exact counts forward, the surrogate backward.
fn counted(
    run: &Run,
    distances: &Distances,
    parameters: &Parameters,
    surrogate: Surrogate,
) -> Result<Outcome> {
    let (low, high) = distances.range();
    let (width, pairs) = (distances.len() as f64, distances.pairs() as f64);
    let grid = Grid::new(low, high, parameters.thetas);
    let at_most = count_at_most(run, distances, &grid.theta, 1.0)?;
    let share: Vec<f64> = at_most.iter().map(|&count| count as f64 / pairs).collect();
    let printed = parameters.form == Form::Printed;
    let count = if printed {
        curve::printed_count
    } else {
        curve::paper_count
    };
    let boxes: Vec<f64> = share.iter().map(|&p| count(width, p)).collect();
    // w_m = ∂S/∂p(θ_m)
    let weights: Vec<f64> = grid
        .deviations(&boxes, width)
        .zip(share.iter().zip(&boxes))
        .map(|(deviation, (&p, &boxes))| {
            let inner = if printed {
                width - (width - 1.0) * p
            } else {
                1.0 + (width - 1.0) * p
            };
            let per_share = -(width - 1.0) * (width - 1.0) / (inner * width.ln());
            sign(deviation) * 2.0 / (boxes * width.ln() * share.len() as f64) * per_share
        })
        .collect();
    let value = grid.rate(&boxes, width);
    let Surrogate { kappa, factor } = surrogate;
    let theta = grid.theta;
    let reach = REACH / kappa;
    let function = move |c: f64| {
        let first = theta.partition_point(|&theta| theta < c - reach);
        let sum: f64 = theta[first..]
            .iter()
            .zip(&weights[first..])
            .take_while(|&(&theta, _)| theta <= c + reach)
            .map(|(theta, weight)| weight * bell(kappa * (theta - c)))
            .sum();
        -factor * kappa / pairs * sum
    };
    Ok(Outcome {
        value,
        slopes: Slopes::OfDistance(Box::new(function), 1.0 / kappa),
    })
}

/// Twice the mean distance from the line over the merges: N(`h_m`) = D − m exactly, and each
/// height is one distance.
fn covered(run: &Run, distances: &Distances) -> Result<Outcome> {
    let d = distances.len();
    let (low, high) = distances.range();
    let (from, to) = (low.ln_1p(), high.ln_1p());
    let mut merges = merges(run, distances)?;
    merges.sort_by(|a, b| a.height.total_cmp(&b.height));
    let mut sum = 0.0;
    let mut slopes = with_capacity(merges.len())?;
    for (m, merge) in merges.iter().enumerate() {
        let left = (d - m - 1) as f64;
        let line = (to - merge.height.ln_1p()) / (to - from);
        let deviation = left.ln() / (d as f64).ln() - line;
        sum += deviation.abs();
        let slope = sign(deviation) / ((1.0 + merge.height) * (to - from));
        slopes.push((merge.pair, 2.0 / merges.len() as f64 * slope));
    }
    Ok(Outcome {
        value: 2.0 * sum / merges.len() as f64,
        slopes: Slopes::Pairs(slopes),
    })
}

/// The slope of ln C(r) on ln r, C(r) the mean of sigmoid((ln r − ln `C_ij`) / τ).
fn correlated(run: &Run, distances: &Distances, k: usize) -> Result<Option<Outcome>> {
    let Some((low, high)) = quantile_range(run, distances)? else {
        return Ok(None);
    };
    let (from, to) = (low.ln(), high.ln());
    let tau = SMOOTHING * (to - from);
    let x: Vec<f64> = (0..k)
        .map(|m| from + (to - from) * (m as f64 / (k - 1) as f64))
        .collect();
    // exp((ln c − ln r_m) / τ) = exp((ln c − ln r_0) / τ) · ratios_m: one exponential per pair.
    let ratios: Vec<f64> = x.iter().map(|x| ((from - x) / tau).exp()).collect();
    let pieces = distances.fold(run, |piece| smoothed(piece, from, tau, &ratios))?;
    let pairs = distances.pairs() as f64;
    let mut share = filled(k, 0.0)?;
    for piece in &pieces {
        for (total, part) in share.iter_mut().zip(piece) {
            *total += part / pairs;
        }
    }
    let y: Vec<f64> = share.iter().map(|share: &f64| share.ln()).collect();
    let line = fit_line(&x, &y);
    let mean = x.iter().sum::<f64>() / k as f64;
    let spread: f64 = x.iter().map(|x| (x - mean) * (x - mean)).sum();
    let weights: Vec<f64> = x
        .iter()
        .zip(&share)
        .map(|(x, share)| (x - mean) / spread / share)
        .collect();
    let function = move |logarithm: f64| {
        let sum: f64 = x
            .iter()
            .zip(&weights)
            .map(|(x, weight)| weight * bell((x - logarithm) / tau))
            .sum();
        -sum / (pairs * tau)
    };
    Ok(Some(Outcome {
        value: line.slope,
        slopes: Slopes::OfLogarithm(
            Box::new(function),
            tau,
            (from - BEYOND * tau, to + BEYOND * tau),
        ),
    }))
}

fn smoothed(piece: &[f64], from: f64, tau: f64, ratios: &[f64]) -> Vec<f64> {
    let mut sums = vec![0.0; ratios.len()];
    widest(
        #[inline(always)]
        || {
            for &c in piece {
                let first = ((c.ln() - from) / tau).exp();
                for (sum, ratio) in sums.iter_mut().zip(ratios) {
                    *sum += 1.0 / (1.0 + first * ratio);
                }
            }
        },
    );
    sums
}

/// The derivative of the sigmoid.
fn bell(t: f64) -> f64 {
    let e = (-t.abs()).exp();
    e / ((1.0 + e) * (1.0 + e))
}

/// The sign; 0 for 0 but for rounding, where the absolute value has no derivative: at the largest
/// θ the curve meets the line by definition.
fn sign(deviation: f64) -> f64 {
    const ROUNDING: f64 = 1e-12;
    if deviation.abs() < ROUNDING {
        0.0
    } else {
        deviation.signum()
    }
}

/// From derivatives by distances to derivatives by responses, samples × units.
fn spread(run: &Run, units: &Units, distances: &Distances, slopes: &[f64]) -> Result<Vec<f64>> {
    let (d, samples) = (units.len(), units.samples());
    let all = distances.kept().unwrap_or_default();
    // Distances are divided by the root mean square, responses multiplied by the scale: with both
    // taken back, (F_i − F_j) / C_ij has neither.
    // Divisor and scale are about each other's inverse: together first, nothing overflows.
    let even = distances.divisor() * units.scale();
    let factor = 1.0 / (samples as f64 * even * distances.divisor());
    let weight = |i: usize, j: usize| {
        if i == j {
            return 0.0;
        }
        let at = row_start(i.min(j), d) + i.max(j) - i.min(j) - 1;
        if all[at] > 0.0 {
            slopes[at] * factor / all[at]
        } else {
            0.0
        }
    };
    let panels = run.map(units.panels(), |left| {
        let mut out = filled(samples, [0.0; PANEL])?;
        let own = units.panel(left);
        for right in 0..units.panels() {
            run.check()?;
            let mut weights = [[0.0; PANEL]; PANEL];
            for (other, row) in weights.iter_mut().enumerate() {
                for (lane, slot) in row.iter_mut().enumerate() {
                    let (i, j) = (left * PANEL + lane, right * PANEL + other);
                    if i < d && j < d {
                        *slot = weight(i, j);
                    }
                }
            }
            pull(&mut out, own, units.panel(right), &weights);
        }
        Ok(out)
    })?;
    let mut gradient = filled(samples * d, 0.0)?;
    for (panel, rows) in panels.iter().enumerate() {
        let first = panel * PANEL;
        let lanes = PANEL.min(d - first);
        for (sample, row) in rows.iter().enumerate() {
            gradient[sample * d + first..][..lanes].copy_from_slice(&row[..lanes]);
        }
    }
    Ok(gradient)
}

/// out += `Σ_j` `g_ij` (`F_i` − `F_j`), the j of one panel in order.
fn pull(
    out: &mut [[f64; PANEL]],
    own: &[[f64; PANEL]],
    other: &[[f64; PANEL]],
    weights: &[[f64; PANEL]; PANEL],
) {
    widest(
        #[inline(always)]
        || {
            for ((out, own), other) in out.iter_mut().zip(own).zip(other) {
                for (&response, weights) in other.iter().zip(weights) {
                    for lane in 0..PANEL {
                        out[lane] += weights[lane] * (own[lane] - response);
                    }
                }
            }
        },
    );
}
