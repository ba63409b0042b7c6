//! The innermost loops: bounds of one row of a tile against all rows of the right block.

use super::certify::Bound;
use layerscope_core::widest;

/// Pairs tested together before one of them is looked at alone.
const STRIDE: usize = 16;

/// A pair whose lower bound passed a threshold; rows counted within their blocks.
pub(crate) struct Hit {
    pub left: u32,
    pub right: u32,
    pub lower: f64,
}

/// What a tile needs of the rows of the right block, each as one array.
#[derive(Default)]
pub(crate) struct Columns {
    pub alphas: Vec<f64>,
    pub betas: Vec<f64>,
    pub nus: Vec<f64>,
    pub thresholds: Vec<f64>,
}

impl Columns {
    pub(crate) fn fill(&mut self, bounds: &[Bound]) {
        self.alphas.clear();
        self.alphas.extend(bounds.iter().map(|bound| bound.alpha));
        self.betas.clear();
        self.betas.extend(bounds.iter().map(|bound| bound.beta));
        self.nus.clear();
        self.nus.extend(bounds.iter().map(|bound| bound.nu));
    }

    /// Upper bounds of the keys of one row with all of these.
    pub(crate) fn uppers(&self, own: Bound, products: &[f64], out: &mut Vec<f64>) {
        out.clear();
        widest(
            #[inline(always)]
            || {
                let bounds = self.alphas.iter().zip(&self.betas).zip(&self.nus);
                out.extend(
                    bounds
                        .zip(products)
                        .map(|(((&alpha, &beta), &nu), &product)| {
                            let other = Bound { alpha, beta, nu };
                            own.upper(other, own.lower(other, product))
                        }),
                );
            },
        );
    }
}

/// One row of a tile.
pub(crate) struct Row {
    pub index: u32,
    pub bound: Bound,
    pub threshold: f64,
}

impl Row {
    /// Collects the pairs that this row, or row j of the right block, may want.
    pub(crate) fn test(
        &self,
        from: usize,
        products: &[f64],
        columns: &Columns,
        hits: &mut Vec<Hit>,
    ) {
        widest(
            #[inline(always)]
            || {
                let mut start = from;
                let (chunks, rest) = products[from..].as_chunks::<STRIDE>();
                let (alphas, _) = columns.alphas[from..].as_chunks::<STRIDE>();
                let (nus, _) = columns.nus[from..].as_chunks::<STRIDE>();
                let (thresholds, _) = columns.thresholds[from..].as_chunks::<STRIDE>();
                for (((product, alpha), nu), threshold) in
                    chunks.iter().zip(alphas).zip(nus).zip(thresholds)
                {
                    self.look(product, alpha, nu, threshold, start, hits);
                    start += STRIDE;
                }
                // What is left is filled up with pairs that nobody wants.
                let fill = |values: &[f64], with: f64| {
                    let mut all = [with; STRIDE];
                    all[..rest.len()].copy_from_slice(&values[start..start + rest.len()]);
                    all
                };
                if !rest.is_empty() {
                    let product = fill(products, f64::INFINITY);
                    let alpha = fill(&columns.alphas, 0.0);
                    let nu = fill(&columns.nus, 0.0);
                    let threshold = fill(&columns.thresholds, f64::NEG_INFINITY);
                    self.look(&product, &alpha, &nu, &threshold, start, hits);
                    // An infinite threshold wants even those.
                    while hits
                        .last()
                        .is_some_and(|hit| hit.right as usize >= products.len())
                    {
                        hits.pop();
                    }
                }
            },
        );
    }

    // Without a branch until a pair is wanted, so that the loop vectorises.
    #[allow(clippy::inline_always, clippy::needless_bitwise_bool)]
    #[inline(always)]
    fn look(
        &self,
        product: &[f64; STRIDE],
        alpha: &[f64; STRIDE],
        nu: &[f64; STRIDE],
        threshold: &[f64; STRIDE],
        start: usize,
        hits: &mut Vec<Hit>,
    ) {
        let mut lower = [0.0; STRIDE];
        let mut any = false;
        for l in 0..STRIDE {
            lower[l] = (self.bound.alpha + alpha[l]) + product[l] - self.bound.nu * nu[l];
            any |= (lower[l] <= self.threshold) | (lower[l] <= threshold[l]);
        }
        if any {
            for l in 0..STRIDE {
                if lower[l] <= self.threshold || lower[l] <= threshold[l] {
                    hits.push(Hit {
                        left: self.index,
                        right: (start + l) as u32,
                        lower: lower[l],
                    });
                }
            }
        }
    }
}
