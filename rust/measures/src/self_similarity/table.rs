//! A smooth function of one number, tabulated and interpolated.

use layerscope_core::{Result, Run, filled};

/// Nodes per width of the function: cubic interpolation is then right to about 1e-9.
const PER_WIDTH: f64 = 64.0;
const FEWEST: usize = 256;

/// The function at equally spaced nodes, or itself where that costs less.
pub(super) struct Table<'a> {
    function: &'a (dyn Fn(f64) -> f64 + Sync),
    ends: (f64, f64),
    per_unit: f64,
    nodes: Vec<f64>,
}

impl<'a> Table<'a> {
    /// Covers what lies between the ends for `uses` look-ups.
    pub(super) fn new(
        run: &Run,
        function: &'a (dyn Fn(f64) -> f64 + Sync),
        ends: (f64, f64),
        width: f64,
        uses: usize,
    ) -> Result<Self> {
        let (low, high) = ends;
        // The cast saturates, also where the width is zero.
        let cells = ((PER_WIDTH * (high - low) / width).ceil() as usize).max(FEWEST);
        let per_unit = cells as f64 / (high - low);
        // One node beyond either end, for the cubic.
        let mut nodes = filled(if cells < uses { cells + 3 } else { 0 }, 0.0)?;
        run.for_each_chunk(&mut nodes, 64, |chunk, slots| {
            run.check()?;
            for (offset, slot) in slots.iter_mut().enumerate() {
                let node = (chunk * 64 + offset) as f64 - 1.0;
                *slot = function(low + node / per_unit);
            }
            Ok(())
        })?;
        Ok(Self {
            function,
            ends,
            per_unit,
            nodes,
        })
    }

    /// The function at `x`.
    pub(super) fn at(&self, x: f64) -> f64 {
        if self.nodes.is_empty() || x < self.ends.0 || x > self.ends.1 {
            return (self.function)(x);
        }
        let place = (x - self.ends.0) * self.per_unit;
        let cell = (place as usize).min(self.nodes.len() - 4);
        let t = place - cell as f64;
        let [a, b, c, d] = [0, 1, 2, 3].map(|offset| self.nodes[cell + offset]);
        // The cubic of Lagrange through nodes at −1, 0, 1, 2.
        let (below, above, far) = (t + 1.0, t - 1.0, t - 2.0);
        t * above * (below * d - far * a) / 6.0 + below * far * (above * b - t * c) / 2.0
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use layerscope_core::{Interrupt, Progress};

    use super::*;

    #[test]
    fn interpolation_is_right_and_few_uses_are_exact() {
        let (interrupt, progress) = (Interrupt::default(), Progress::default());
        let run = Run::new(NonZeroUsize::MIN, &interrupt, &progress);
        let function = |x: f64| (x / 0.1).sin();
        let table = Table::new(&run, &function, (-1.0, 2.0), 0.1, 1 << 20).unwrap();
        assert!(!table.nodes.is_empty());
        for i in 0..=3000 {
            let x = -1.0 + f64::from(i) / 1000.0;
            assert!((table.at(x) - function(x)).abs() < 1e-8, "{x}");
        }
        assert_eq!(table.at(7.0), function(7.0));
        let exact = Table::new(&run, &function, (-1.0, 2.0), 0.1, 10).unwrap();
        assert_eq!(exact.at(0.123), function(0.123));
    }
}
