//! Modularity of class labels on a layer's neighbour graph.
//!
//! **Question.** Do samples of one class have each other as neighbours, more than chance would
//! have it?
//!
//! **Formula.** With arc weights w(i→j), T = Σ w, and per class c the weight of arcs inside c
//! (`E_c`), of arcs that leave its members (`O_c`) and of arcs that enter them (`I_c`; both count
//! the arcs inside too),
//!
//! ```text
//! Q = Σ_c [ E_c / T − γ ((O_c + I_c) / 2T)² ]
//! ```
//!
//! is Newman's weighted modularity of A = (W + Wᵀ)/2 with the classes as communities. The directed
//! form (Leicht and Newman) has `γ O_c I_c / T²` in place of the square. The largest value that
//! these class sizes allow is the bound `1 − γ Σ p_c²` with `p_c = (O_c + I_c) / 2T`; Q / bound is
//! Newman's assortativity.
//!
//! **Complexity.** O(arcs) time, O(nodes) memory; each permutation of the null costs as much again.
//!
//! **Needs.** Labels. No smallest number of rows, no connectedness.
//!
//! **Edge cases.** No weight at all (no arcs, or weights that add to zero): everything is NaN but
//! the share of same-label neighbours, which counts arcs. One class: Q = 0 at γ = 1, the bound is
//! 0 and the ratio NaN. Isolated nodes add nothing. Negative weights are clipped to zero and
//! counted, or kept and counted.
//!
//! **Determinism.** Sums run over chunks whose size depends on the input alone and are added in
//! the order of the chunks: the same bits for any number of threads. Permutation p of the null is
//! drawn from the random stream (seed, p).
//!
//! **References.** Newman, *Physical Review E* 69, 026113 (2004) and 67, 026126 (2003);
//! Leicht and Newman, *Physical Review Letters* 100, 118703 (2008); Lu et al., ECCV 2022,
//! arXiv 2111.12485 (labels as communities of a layer's graph).

mod jackknife;
mod null;
mod tally;

pub use jackknife::leave_groups_out;
pub use null::Null;

use layerscope_core::{Error, Labels, Result, Run};

use crate::arcs::Arcs;
use tally::Tally;

/// Which modularity is meant.
#[derive(Debug, Clone, Copy)]
pub struct Parameters {
    resolution: f64,
    directed: bool,
    clip_negative: bool,
}

impl Parameters {
    /// `resolution` is γ, finite and not negative; `directed` asks for Leicht and Newman's form;
    /// `clip_negative` turns negative weights into zero.
    pub fn new(resolution: f64, directed: bool, clip_negative: bool) -> Result<Self> {
        if !(resolution.is_finite() && resolution >= 0.0) {
            return Err(Error::invalid(
                "resolution",
                "must be a finite number of at least 0",
                resolution,
            ));
        }
        Ok(Self {
            resolution,
            directed,
            clip_negative,
        })
    }

    /// What a weight counts.
    #[inline]
    fn weight(&self, weight: f64) -> f64 {
        if self.clip_negative && weight < 0.0 {
            0.0
        } else {
            weight
        }
    }

    /// What chance alone would put inside a class, as a share of all weight.
    #[inline]
    fn expected(&self, leaving: f64, entering: f64, total: f64) -> f64 {
        if self.directed {
            (leaving / total) * (entering / total)
        } else {
            let share = (leaving + entering) / (2.0 * total);
            share * share
        }
    }
}

/// Permutations of the labels on the same graph.
#[derive(Debug, Clone, Copy)]
pub struct Permutations {
    /// How many; 0 leaves the null NaN.
    pub count: usize,
    /// Seed of their random streams.
    pub seed: u64,
}

/// The modularity of labels, with what is needed to judge it.
#[derive(Debug, Clone, PartialEq)]
pub struct Modularity {
    /// Q.
    pub value: f64,
    /// `1 − γ Σ p_c²`.
    pub bound: f64,
    /// Q / bound; NaN where the bound is not positive.
    pub ratio: f64,
    /// The terms of Q, one per class.
    pub per_class: Vec<f64>,
    /// Share of arcs whose ends have the same label, each arc counted once whatever it weighs.
    pub same_label_share: f64,
    /// Number of negative weights; an undirected edge counts once.
    pub n_negative_edges: u64,
    /// Labels permuted on the same graph.
    pub null: Null,
}

/// The modularity of `labels` on `arcs`.
pub fn modularity(
    arcs: &impl Arcs,
    labels: Labels,
    parameters: &Parameters,
    permutations: Permutations,
    run: &Run,
) -> Result<Modularity> {
    labels.check_rows(arcs.nodes())?;
    let tally = Tally::of(arcs, labels, parameters, run)?;
    let total: f64 = tally.leaving.iter().sum();
    let per_class: Vec<f64> = (0..labels.classes())
        .map(|class| {
            let expected = parameters.expected(tally.leaving[class], tally.entering[class], total);
            tally.inside[class] / total - parameters.resolution * expected
        })
        .collect();
    let weightless = total == 0.0;
    let value = if weightless {
        f64::NAN
    } else {
        per_class.iter().sum()
    };
    let squares: f64 = tally
        .leaving
        .iter()
        .zip(&tally.entering)
        .map(|(leaving, entering)| ((leaving + entering) / (2.0 * total)).powi(2))
        .sum();
    let bound = 1.0 - parameters.resolution * squares;
    let null = if weightless {
        Null::NONE
    } else {
        null::null(arcs, labels, parameters, permutations, value, run)?
    };
    Ok(Modularity {
        value,
        bound,
        ratio: if bound > 0.0 { value / bound } else { f64::NAN },
        per_class: if weightless {
            vec![f64::NAN; labels.classes()]
        } else {
            per_class
        },
        same_label_share: tally.same as f64 / tally.arcs as f64,
        n_negative_edges: tally.negative / if arcs.undirected() { 2 } else { 1 },
        null,
    })
}

#[cfg(test)]
mod tests;
