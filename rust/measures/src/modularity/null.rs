//! The null: the same labels, permuted, on the same graph.

use layerscope_core::{Labels, Result, Run, filled, random, with_capacity};

use super::{Parameters, Permutations};
use crate::arcs::Arcs;

/// A spread below this is rounding, not chance: every permutation has the same modularity.
const ROUNDING: f64 = 1e-14;

/// Mean and spread of the modularity over permuted labels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Null {
    /// Mean; NaN without permutations.
    pub mean: f64,
    /// Standard deviation with one degree of freedom taken off; NaN below two permutations.
    pub sd: f64,
    /// (value − mean) / sd; NaN where the spread is zero.
    pub z: f64,
}

impl Null {
    pub(super) const NONE: Self = Self {
        mean: f64::NAN,
        sd: f64::NAN,
        z: f64::NAN,
    };

    fn of(values: &[f64], observed: f64) -> Self {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let sd = (squares / (n - 1.0)).sqrt();
        let z = if sd > ROUNDING {
            (observed - mean) / sd
        } else {
            f64::NAN
        };
        Self { mean, sd, z }
    }
}

/// Weight that leaves and enters each node; permuting labels does not change it.
struct Strengths {
    leaving: Vec<f64>,
    entering: Vec<f64>,
    total: f64,
}

impl Strengths {
    fn of(arcs: &impl Arcs, parameters: &Parameters, run: &Run) -> Result<Self> {
        let mut leaving = filled(arcs.nodes(), 0.0)?;
        let mut entering = filled(arcs.nodes(), 0.0)?;
        for (node, leaving) in leaving.iter_mut().enumerate() {
            run.check()?;
            arcs.visit(node, |target, weight| {
                let weight = parameters.weight(weight);
                *leaving += weight;
                entering[target] += weight;
            });
        }
        let total = leaving.iter().sum();
        Ok(Self {
            leaving,
            entering,
            total,
        })
    }
}

pub(super) fn null(
    arcs: &impl Arcs,
    labels: Labels,
    parameters: &Parameters,
    permutations: Permutations,
    observed: f64,
    run: &Run,
) -> Result<Null> {
    if permutations.count == 0 {
        return Ok(Null::NONE);
    }
    let strengths = Strengths::of(arcs, parameters, run)?;
    run.progress().start(permutations.count as u64);
    let scratch = || {
        Ok((
            with_capacity::<u32>(arcs.nodes())?,
            filled(labels.classes(), (0.0, 0.0))?,
        ))
    };
    let values = run.map_with(permutations.count, scratch, |(codes, classes), item| {
        codes.clear();
        codes.extend_from_slice(labels.codes());
        random::shuffle(codes, permutations.seed, item as u64);
        let value = value(arcs, codes, classes, &strengths, parameters, run);
        run.progress().step();
        value
    })?;
    Ok(Null::of(&values, observed))
}

/// Q alone: the weight inside all classes in one sum, the rest from the strengths.
fn value(
    arcs: &impl Arcs,
    codes: &[u32],
    classes: &mut [(f64, f64)],
    strengths: &Strengths,
    parameters: &Parameters,
    run: &Run,
) -> Result<f64> {
    classes.fill((0.0, 0.0));
    let mut inside = 0.0;
    for (node, &class) in codes.iter().enumerate() {
        run.check()?;
        inside += arcs.alike(node, codes, |weight| parameters.weight(weight));
        let (leaving, entering) = &mut classes[class as usize];
        *leaving += strengths.leaving[node];
        *entering += strengths.entering[node];
    }
    let expected: f64 = classes
        .iter()
        .map(|&(leaving, entering)| parameters.expected(leaving, entering, strengths.total))
        .sum();
    Ok(inside / strengths.total - parameters.resolution * expected)
}
