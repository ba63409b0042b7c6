//! Weight inside, leaving and entering each class: all that the closed form asks of a graph.

use std::ops::Range;

use layerscope_core::{Labels, Result, Run, filled};

use super::Parameters;
use crate::arcs::Arcs;

/// Arcs per piece of work: enough to pay for handing it out, few enough to share evenly.
const ARCS_PER_CHUNK: usize = 1 << 17;
/// Copies of each sum that a row's arcs go to in turn: an addition need not wait for the one
/// before it, which mostly goes to the same class.
const LANES: usize = 8;
/// With more classes than this neighbouring arcs rarely meet, and copies would crowd the cache.
const MOST_CLASSES_IN_LANES: usize = 256;

pub(super) struct Tally {
    /// `E_c`.
    pub inside: Vec<f64>,
    /// `O_c`.
    pub leaving: Vec<f64>,
    /// `I_c`.
    pub entering: Vec<f64>,
    /// Arcs read.
    pub arcs: u64,
    /// Arcs whose ends have the same label.
    pub same: u64,
    /// Arcs of negative weight.
    pub negative: u64,
}

impl Tally {
    pub fn empty(classes: usize) -> Result<Self> {
        Ok(Self {
            inside: filled(classes, 0.0)?,
            leaving: filled(classes, 0.0)?,
            entering: filled(classes, 0.0)?,
            arcs: 0,
            same: 0,
            negative: 0,
        })
    }

    pub fn of(
        arcs: &impl Arcs,
        labels: Labels,
        parameters: &Parameters,
        run: &Run,
    ) -> Result<Self> {
        let nodes = arcs.nodes();
        let rows = (ARCS_PER_CHUNK * nodes).div_ceil(arcs.stored().max(1));
        // A chunk has at least as many rows as there are classes, so that the partial sums of all
        // chunks together take no more room than the rows do.
        let rows = rows.max(labels.classes()).clamp(1, nodes.max(1));
        let parts = run.map(nodes.div_ceil(rows), |chunk| {
            let start = chunk * rows;
            let part = start..(start + rows).min(nodes);
            if labels.classes() <= MOST_CLASSES_IN_LANES {
                Self::of_rows::<LANES>(arcs, labels, part, parameters, run)
            } else {
                Self::of_rows::<1>(arcs, labels, part, parameters, run)
            }
        })?;
        let mut whole = Self::empty(labels.classes())?;
        for part in &parts {
            whole.add(part);
        }
        Ok(whole)
    }

    fn of_rows<const LANES: usize>(
        arcs: &impl Arcs,
        labels: Labels,
        rows: Range<usize>,
        parameters: &Parameters,
        run: &Run,
    ) -> Result<Self> {
        let codes = labels.codes();
        let mut tally = Self::empty(labels.classes())?;
        let mut entering = filled(labels.classes(), [0.0; LANES])?;
        // What leaves each class for others and for itself. Choosing the place to add to, rather
        // than whether to add, spares a branch that labels would make hard to foresee.
        let mut leaving = filled(labels.classes(), [[0.0; LANES]; 2])?;
        let (mut seen, mut same, mut negative) = (0, 0, 0);
        for row in rows {
            run.check()?;
            let class = codes[row];
            let leaving = &mut leaving[class as usize];
            let mut rank = 0;
            arcs.visit(row, |target, weight| {
                let other = codes[target];
                let is_same = other == class;
                negative += u64::from(weight < 0.0);
                same += u64::from(is_same);
                let weight = parameters.weight(weight);
                entering[other as usize][rank % LANES] += weight;
                leaving[usize::from(is_same)][rank % LANES] += weight;
                rank += 1;
            });
            seen += rank as u64;
        }
        (tally.arcs, tally.same, tally.negative) = (seen, same, negative);
        for (class, [to_others, to_own]) in leaving.iter().enumerate() {
            let inside: f64 = to_own.iter().sum();
            tally.inside[class] = inside;
            tally.leaving[class] = inside + to_others.iter().sum::<f64>();
            tally.entering[class] = entering[class].iter().sum();
        }
        Ok(tally)
    }

    fn add(&mut self, part: &Self) {
        for (sum, part) in [
            (&mut self.inside, &part.inside),
            (&mut self.leaving, &part.leaving),
            (&mut self.entering, &part.entering),
        ] {
            for (sum, part) in sum.iter_mut().zip(part) {
                *sum += part;
            }
        }
        self.arcs += part.arcs;
        self.same += part.same;
        self.negative += part.negative;
    }
}
