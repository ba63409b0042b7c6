//! Self-similarity of a layer's feature network.
//!
//! **Question.** Do the units of a layer lie about each other in the same way at every scale?
//!
//! **Formula.** Nodes are the D units, `C_ij` = ‖`F_i` − `F_j`‖ / √B over B samples, p(θ) the share of
//! unordered pairs with `C_ij` ≤ θ. `Form::Paper` counts boxes by the closed form
//! N(θ) = D − (D − 1) `log_D`(1 + (D − 1) p(θ)), `Form::Printed` by the formula as printed,
//! `Form::Covering` by complete linkage, N(θ) truly. The rate is twice the mean of
//! |ln N / ln D − line| over K values of θ, uniform in ln(1 + θ), the line falling from 1 at `θ_min`
//! to 0 at `θ_max`. `Form::Correlation` is the slope of ln p on ln θ.
//!
//! **Complexity.** O(D² B) for the distances, O(D²) beside them. Distances are kept when they are
//! few and computed again where they are not.
//!
//! **Needs.** At least three units and two different distances.
//!
//! **Edge cases.** Dead units (constant over the samples) and duplicates are counted. Fewer than
//! three units or one distance only: NaN.
//!
//! **Determinism.** A distance sums its samples in order; counts are integers; sums go piece by
//! piece in order.
//!
//! **Reference.** Ding et al., arXiv 2507.17785 (2025).

mod correlation;
mod counts;
mod covering;
mod curve;
mod distances;
mod gradient;
mod null;
mod table;
mod tile;
mod units;

pub use counts::FINEST_GRID;
pub use distances::Distances;
pub use gradient::{Differentiated, Surrogate, differentiate};
pub use null::Null;
pub use units::Units;

use layerscope_core::{Error, Matrix, Result, Run};

use self::correlation::slope;
use self::counts::count_at_most;
use self::curve::Grid;

/// Which count of boxes, and so which number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// The closed form of the paper's released code.
    Paper,
    /// The formula as printed in the paper.
    Printed,
    /// Boxes of complete linkage.
    Covering,
    /// Correlation dimension.
    Correlation,
}

/// How to measure.
#[derive(Debug, Clone, Copy)]
pub struct Parameters {
    /// The form.
    pub form: Form,
    /// Divide every distance by the root of the mean squared distance.
    pub rms: bool,
    /// K, the number of values of θ; for the correlation form, of r.
    pub thetas: usize,
    /// Permuted layers for the null.
    pub draws: usize,
    /// Seed of the null.
    pub seed: u64,
    /// Bytes of scratch that may be taken.
    pub memory_limit: Option<u64>,
}

/// What one layer says.
#[derive(Debug, Clone)]
pub struct SelfSimilarity {
    /// The rate, or the dimension for the correlation form; NaN where it cannot be told.
    pub value: f64,
    /// Smallest and largest distance.
    pub theta_min: f64,
    /// Largest distance.
    pub theta_max: f64,
    /// Values of θ.
    pub theta: Vec<f64>,
    /// N(θ); for the correlation form p(θ).
    pub counts: Vec<f64>,
    /// A dimension: minus the slope of ln N on ln θ (covering), the slope of ln p on ln θ
    /// (correlation); NaN for the others.
    pub dimension: f64,
    /// Its standard error by the residuals of the line.
    pub dimension_error: f64,
    /// The values of θ between which the line was fitted.
    pub window: (f64, f64),
    /// Values under the null, in the order of the draws.
    pub null: Vec<f64>,
    /// Units that are constant over the samples.
    pub n_dead: usize,
    /// Units equal to an earlier one that is not dead.
    pub n_duplicate: usize,
}

/// Measures one layer: rows of `data` are samples, columns are units.
pub fn self_similarity(
    run: &Run,
    data: &Matrix,
    parameters: &Parameters,
) -> Result<SelfSimilarity> {
    if !(2..=FINEST_GRID).contains(&parameters.thetas) {
        return Err(Error::invalid(
            "n_thetas",
            format!("must be between 2 and {FINEST_GRID}"),
            parameters.thetas,
        ));
    }
    let units = Units::new(run, data)?;
    run.progress().start(1 + parameters.draws as u64);
    let (n_dead, n_duplicate) = units.dead_and_duplicate(run)?;
    let found = measure(run, &units, parameters)?;
    run.progress().step();
    let mut null = Vec::with_capacity(parameters.draws);
    for draw in 0..parameters.draws {
        let permuted = null::permuted(run, &units, parameters.seed, draw)?;
        null.push(measure(run, &permuted, parameters)?.value);
        run.progress().step();
    }
    Ok(SelfSimilarity {
        null,
        n_dead,
        n_duplicate,
        ..found
    })
}

/// The number of one set of units, without its null.
fn measure(run: &Run, units: &Units, parameters: &Parameters) -> Result<SelfSimilarity> {
    let distances = Distances::new(
        run,
        units,
        parameters.rms,
        parameters.form == Form::Covering,
        if parameters.draws > 0 { 2 } else { 1 },
        parameters.memory_limit,
    )?;
    let (theta_min, theta_max) = distances.range();
    let nothing = SelfSimilarity {
        value: f64::NAN,
        theta_min,
        theta_max,
        theta: Vec::new(),
        counts: Vec::new(),
        dimension: f64::NAN,
        dimension_error: f64::NAN,
        window: (f64::NAN, f64::NAN),
        null: Vec::new(),
        n_dead: 0,
        n_duplicate: 0,
    };
    // The negation also refuses NaN, which an empty range is.
    #[allow(clippy::neg_cmp_op_on_partial_ord)]
    if units.len() < 3 || !(theta_min < theta_max) {
        return Ok(nothing);
    }
    let width = units.len() as f64;
    match parameters.form {
        Form::Paper | Form::Printed => {
            let grid = Grid::new(theta_min, theta_max, parameters.thetas);
            let at_most = count_at_most(run, &distances, &grid.theta, 1.0)?;
            let pairs = distances.pairs() as f64;
            let boxes: Vec<f64> = at_most
                .iter()
                .map(|&count| {
                    let share = count as f64 / pairs;
                    match parameters.form {
                        Form::Printed => curve::printed_count(width, share),
                        _ => curve::paper_count(width, share),
                    }
                })
                .collect();
            Ok(SelfSimilarity {
                value: grid.rate(&boxes, width),
                theta: grid.theta,
                counts: boxes,
                ..nothing
            })
        }
        Form::Covering => {
            let grid = Grid::new(theta_min, theta_max, parameters.thetas);
            let heights = covering::heights(run, &distances)?;
            let boxes = covering::counts(&heights, units.len(), &grid.theta);
            let (line, window) = covering::dimension(&grid.theta, &boxes, width);
            Ok(SelfSimilarity {
                value: grid.rate(&boxes, width),
                theta: grid.theta,
                counts: boxes,
                dimension: -line.slope,
                dimension_error: line.slope_error,
                window,
                ..nothing
            })
        }
        Form::Correlation => {
            let Some(found) = slope(run, &distances, parameters.thetas)? else {
                return Ok(nothing);
            };
            Ok(SelfSimilarity {
                value: found.line.slope,
                dimension: found.line.slope,
                dimension_error: found.line.slope_error,
                window: (found.theta[0], found.theta[found.theta.len() - 1]),
                theta: found.theta,
                counts: found.share,
                ..nothing
            })
        }
    }
}

#[cfg(test)]
mod tests;
