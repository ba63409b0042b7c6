//! One level of the hierarchy: a graph whose nodes are parts of the original one.

use layerscope_core::{Result, Run, filled};

use super::network::Network;

/// Weights of the arcs of a level: all 1, or one each. A row without self-loops is all that the
/// algorithms ask for.
pub(super) trait Weights: Copy + Sync {
    /// Whether every arc weighs 1.
    const ONES: bool;

    /// Calls `visit(target, weight)` for the arcs `span` that do not lead back to `node`.
    fn visit(
        self,
        indices: &[u32],
        span: std::ops::Range<usize>,
        node: usize,
        visit: impl FnMut(usize, f64),
    );

    /// The weights of the arcs `span`, nothing where all are 1.
    fn row<'a>(self, span: std::ops::Range<usize>) -> &'a [f64]
    where
        Self: 'a;
}

/// Every arc weighs 1.
#[derive(Clone, Copy)]
pub(super) struct Ones;

impl Weights for Ones {
    const ONES: bool = true;

    #[inline]
    fn visit(
        self,
        indices: &[u32],
        span: std::ops::Range<usize>,
        node: usize,
        mut visit: impl FnMut(usize, f64),
    ) {
        for &target in &indices[span] {
            if target as usize != node {
                visit(target as usize, 1.0);
            }
        }
    }

    #[inline]
    fn row<'a>(self, _: std::ops::Range<usize>) -> &'a [f64] {
        &[]
    }
}

impl Weights for &[f64] {
    const ONES: bool = false;

    #[inline]
    fn visit(
        self,
        indices: &[u32],
        span: std::ops::Range<usize>,
        node: usize,
        mut visit: impl FnMut(usize, f64),
    ) {
        for (&target, &weight) in indices[span.clone()].iter().zip(&self[span]) {
            if target as usize != node {
                visit(target as usize, weight);
            }
        }
    }

    #[inline]
    fn row<'a>(self, span: std::ops::Range<usize>) -> &'a [f64]
    where
        Self: 'a,
    {
        &self[span]
    }
}

/// A graph and what its nodes weigh.
#[derive(Clone, Copy)]
pub(super) struct Level<'a, W> {
    pub indptr: &'a [i64],
    pub indices: &'a [u32],
    pub weights: W,
    /// Whether any arc leads back to its node; only the original graph has such arcs.
    pub loops: bool,
    /// What each node weighs in the null model: its degree (modularity) or its original nodes
    /// (CPM).
    pub mass: &'a [f64],
    /// γ / 2m (modularity) or γ (CPM): times two masses, the weight that the null model expects
    /// between them.
    pub rate: f64,
}

impl<W: Weights> Level<'_, W> {
    pub fn nodes(&self) -> usize {
        self.indptr.len() - 1
    }

    pub fn arcs(&self) -> usize {
        self.indices.len()
    }

    #[inline]
    pub fn visit(&self, node: usize, visit: impl FnMut(usize, f64)) {
        self.weights
            .visit(self.indices, self.row(node), node, visit);
    }

    /// Places of a row's arcs.
    #[inline]
    pub fn row(&self, node: usize) -> std::ops::Range<usize> {
        self.indptr[node] as usize..self.indptr[node + 1] as usize
    }
}

/// A level that was made by merging nodes. It stores no self-loops: what they weigh lives on in the
/// masses, and no move changes it.
pub(super) struct Coarse {
    pub indptr: Vec<i64>,
    pub indices: Vec<u32>,
    pub weights: Vec<f64>,
    pub mass: Vec<f64>,
}

impl Coarse {
    pub fn level(&self, rate: f64) -> Level<'_, &[f64]> {
        Level {
            indptr: &self.indptr,
            indices: &self.indices,
            weights: &self.weights,
            loops: false,
            mass: &self.mass,
            rate,
        }
    }
}

/// Degrees of the nodes: weights of their arcs, a self-loop twice.
pub(super) fn degrees(run: &Run, network: &Network) -> Result<Vec<f64>> {
    let mut degrees = filled(network.nodes(), 0.0)?;
    run.for_each_chunk(&mut degrees, 1 << 14, |chunk, degrees| {
        for (i, degree) in degrees.iter_mut().enumerate() {
            let node = (chunk << 14) + i;
            if network.plain() {
                *degree = network.targets(node).len() as f64;
                continue;
            }
            network.visit(node, |target, weight| {
                *degree += if target == node { 2.0 * weight } else { weight };
            });
        }
        Ok(())
    })?;
    Ok(degrees)
}
