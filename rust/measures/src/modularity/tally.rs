//! Weight inside, leaving and entering each class: all that the closed form asks of a graph.

use layerscope_core::{Labels, Result, Run, filled};

use super::Parameters;
use crate::arcs::Arcs;

/// Arcs per piece of work: enough to pay for handing it out, few enough to share evenly.
const ARCS_PER_CHUNK: usize = 1 << 17;

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
            let mut tally = Self::empty(labels.classes())?;
            for row in start..(start + rows).min(nodes) {
                run.check()?;
                tally.add_row(arcs, row, labels.codes(), parameters);
            }
            Ok(tally)
        })?;
        let mut whole = Self::empty(labels.classes())?;
        for part in &parts {
            whole.add(part);
        }
        Ok(whole)
    }

    #[inline]
    fn add_row(&mut self, arcs: &impl Arcs, row: usize, codes: &[u32], parameters: &Parameters) {
        let class = codes[row];
        let (mut leaving, mut inside) = (0.0, 0.0);
        let (mut seen, mut same, mut negative) = (0u64, 0u64, 0u64);
        arcs.visit(row, |target, weight| {
            let other = codes[target];
            let is_same = other == class;
            negative += u64::from(weight < 0.0);
            let weight = parameters.weight(weight);
            seen += 1;
            same += u64::from(is_same);
            leaving += weight;
            if is_same {
                inside += weight;
            } else {
                self.entering[other as usize] += weight;
            }
        });
        self.inside[class as usize] += inside;
        self.entering[class as usize] += inside;
        self.leaving[class as usize] += leaving;
        self.arcs += seen;
        self.same += same;
        self.negative += negative;
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
