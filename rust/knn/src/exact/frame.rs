//! What the pairs of a tile are tested against: terms and thresholds of both sides.
//!
//! With `Facts` of the rows, rᵢ = baseᵢ − errorᵢ · max |v̂ⱼ| and tⱼ = baseⱼ − residualⱼ · max |vᵢ|, the maxima
//! taken over the panel on the other side.

use layerscope_core::{Result, filled, widest};

use super::vectors::{Facts, Vectors};
use crate::kernel::{PADDING, Test};

/// One side of a tile, each fact as one array.
#[derive(Default)]
pub(crate) struct Edge {
    base: Vec<f32>,
    error: Vec<f32>,
    residual: Vec<f32>,
    scale: Vec<f32>,
    initial: Vec<i32>,
    pub threshold: Vec<f32>,
    /// Largest |v| and |v̂| of each panel.
    norms: Vec<f32>,
    digits: Vec<f32>,
}

/// What the pairs of one tile are tested against.
pub(crate) struct Frame {
    block: usize,
    pub left: Edge,
    pub right: Edge,
    /// rᵢ for each panel on the right, tⱼ for each panel on the left.
    pub row_terms: Vec<f32>,
    column_terms: Vec<f32>,
}

impl Frame {
    /// What the kernel tests in a pair of panels: each by its number and its first place.
    pub(crate) fn test(
        &self,
        (other, start): (usize, usize),
        (panel, first): (usize, usize),
    ) -> Test<'_> {
        Test {
            initial: &self.left.initial[start..],
            row_scale: &self.left.scale[start..],
            row_term: &self.row_terms[panel * self.block + start..],
            row_threshold: &self.left.threshold[start..],
            column_scale: &self.right.scale[first..],
            column_term: &self.column_terms[other * self.block + first..],
            column_threshold: &self.right.threshold[first..],
        }
    }

    /// About how far the lower bounds of the left row `local` lie below what is certain from above.
    pub(crate) fn width(&self, local: usize) -> f32 {
        4.0 * self.left.error[local] * self.right.digits.first().copied().unwrap_or(0.0)
    }

    pub(crate) fn new(vectors: &Vectors) -> Result<Self> {
        let (block, kernel) = (vectors.block, vectors.kernel);
        Ok(Self {
            block,
            left: Edge::default(),
            right: Edge::default(),
            row_terms: filled(block * (block / kernel.right_rows()), 0.0)?,
            column_terms: filled(block * (block / kernel.left_rows()), 0.0)?,
        })
    }

    /// Makes ready for a tile in which every pair passes.
    pub(crate) fn set(&mut self, vectors: &Vectors, i: usize, j: usize) {
        let (block, kernel) = (vectors.block, vectors.kernel);
        self.left.fill(vectors.facts(i), kernel.left_rows(), true);
        self.right
            .fill(vectors.facts(j), kernel.right_rows(), false);
        let terms = |out: &mut [f32], base: &[f32], factor: &[f32], largest: f32| {
            widest(
                #[inline(always)]
                || {
                    for ((slot, &base), &factor) in out.iter_mut().zip(base).zip(factor) {
                        *slot = base - factor * largest;
                    }
                },
            );
        };
        let rows = vectors.range(i).len();
        let columns = vectors.range(j).len();
        for (out, &digits) in self
            .row_terms
            .chunks_exact_mut(block)
            .zip(&self.right.digits)
        {
            terms(out, &self.left.base, &self.left.error, digits);
            out[rows..].fill(PADDING);
        }
        for (out, &norm) in self
            .column_terms
            .chunks_exact_mut(block)
            .zip(&self.left.norms)
        {
            terms(out, &self.right.base, &self.right.residual, norm);
            out[columns..].fill(PADDING);
        }
    }
}

impl Edge {
    fn fill(&mut self, facts: &[Facts], panel: usize, left: bool) {
        fn put<T>(to: &mut Vec<T>, facts: &[Facts], what: impl Fn(&Facts) -> T) {
            to.clear();
            to.extend(facts.iter().map(what));
        }
        put(&mut self.base, facts, |fact| fact.base);
        // The factor 2 of the form goes to the rows on the left.
        put(&mut self.scale, facts, |fact| {
            if left { 2.0 * fact.scale } else { fact.scale }
        });
        if left {
            put(&mut self.error, facts, |fact| fact.error);
            put(&mut self.initial, facts, |fact| fact.initial);
        } else {
            put(&mut self.residual, facts, |fact| fact.residual);
        }
        self.threshold.clear();
        self.threshold.resize(facts.len(), f32::INFINITY);
        let largest = |what: fn(&Facts) -> f32, out: &mut Vec<f32>| {
            out.clear();
            out.extend(
                facts
                    .chunks(panel)
                    .map(|rows| rows.iter().map(what).fold(0.0, f32::max)),
            );
        };
        largest(|fact| fact.norm, &mut self.norms);
        largest(|fact| fact.digits, &mut self.digits);
    }
}
