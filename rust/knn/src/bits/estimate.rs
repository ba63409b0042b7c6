//! Certain lower bounds of the keys of some rows with all rows, from dense products.

use std::ops::Range;

use layerscope_core::{Result, Run, widest};

use super::layer::BitSearch;
use super::worker::{BLOCK, PANEL, Worker};
use crate::engine::Engine;
use crate::exact::certify::Bound;
use crate::kernel::{Product, multiply, multiply_plainly};
use crate::metric::Metric;

impl BitSearch<'_> {
    /// Fills `worker.lower`, a line of n bounds per row; a row is infinitely far from itself.
    pub(super) fn estimate(
        &self,
        run: &Run,
        rows: Range<usize>,
        worker: &mut Worker,
    ) -> Result<()> {
        let (n, d) = (self.rows.len(), self.rows.columns());
        let panels = || (0..d).step_by(PANEL).map(|at| at..(at + PANEL).min(d));
        for columns in panels() {
            run.check()?;
            let packed = &mut worker.left[rows.len() * columns.start..rows.len() * columns.end];
            self.pack(rows.clone(), columns, packed);
        }
        for start in (0..n).step_by(BLOCK) {
            let block = start..(start + BLOCK).min(n);
            let out = &mut worker.product[..rows.len() * block.len()];
            for columns in panels() {
                run.check()?;
                let width = columns.len();
                let right = &mut worker.right[..block.len() * width];
                self.pack(block.clone(), columns.clone(), right);
                let product = Product {
                    left: &worker.left[rows.len() * columns.start..rows.len() * columns.end],
                    right,
                    left_rows: rows.len(),
                    right_rows: block.len(),
                    features: width,
                    factor: if self.rows.metric() == Metric::Euclidean {
                        -2.0
                    } else {
                        -1.0
                    },
                    accumulate: columns.start > 0,
                };
                match self.engine {
                    Engine::Plain => multiply_plainly(&product, out)?,
                    _ => multiply(&product, out)?,
                }
            }
            for (local, products) in out.chunks_exact(block.len()).enumerate() {
                let own = self.columns.of(rows.start + local);
                let lower = &mut worker.lower[local * n..][block.clone()];
                self.bound(own, &block, products, lower);
            }
        }
        for (local, row) in rows.enumerate() {
            worker.lower[local * n + row] = f64::INFINITY;
        }
        Ok(())
    }

    fn pack(&self, rows: Range<usize>, columns: Range<usize>, out: &mut [f64]) {
        let width = columns.len();
        for (row, out) in rows.zip(out.chunks_exact_mut(width)) {
            self.side().pack(row, columns.clone(), &self.centre, out);
        }
    }

    fn bound(&self, own: Bound, block: &Range<usize>, products: &[f64], lower: &mut [f64]) {
        let alphas = &self.columns.alphas[block.clone()];
        let nus = &self.columns.nus[block.clone()];
        widest(
            #[inline(always)]
            || {
                let others = alphas.iter().zip(nus).zip(products);
                for (slot, ((&alpha, &nu), &product)) in lower.iter_mut().zip(others) {
                    let other = Bound {
                        alpha,
                        beta: 0.0,
                        nu,
                    };
                    *slot = own.lower(other, product);
                }
            },
        );
    }
}
