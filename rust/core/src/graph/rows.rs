//! Arcs dealt into rows by counting: a stable sort that costs one pass for the counts and one for
//! the arcs, and can be stopped at any moment.

use super::Graph;
use crate::{Error, Result, Run, filled};

/// Arcs between two looks at the interrupt token: a fraction of a millisecond of work.
const STRIDE: usize = 1 << 16;

/// Arcs grouped by their row; within a row they keep the order they came in.
pub(super) struct Rows {
    pub indptr: Vec<u64>,
    pub indices: Vec<u32>,
    /// None when all arcs weigh 1.
    pub weights: Option<Vec<f64>>,
}

impl Rows {
    /// Deals arcs `(row, column, weight)` into `n_nodes` rows; every row must lie below that.
    /// Unweighted arcs carry any weight, it is not looked at.
    pub fn deal(
        run: &Run,
        n_nodes: usize,
        weighted: bool,
        arcs: impl Iterator<Item = (u32, u32, f64)> + Clone,
    ) -> Result<Self> {
        let mut indptr = filled(n_nodes + 1, 0u64)?;
        for (position, (row, _, _)) in arcs.clone().enumerate() {
            if position % STRIDE == 0 {
                run.check()?;
            }
            indptr[row as usize + 1] += 1;
        }
        for row in 0..n_nodes {
            indptr[row + 1] += indptr[row];
        }
        let total = indptr[n_nodes] as usize;
        let mut indices = filled(total, 0u32)?;
        let mut weights = if weighted {
            Some(filled(total, 0.0)?)
        } else {
            None
        };
        // Each row's pointer runs through its places; afterwards it stands where the next row
        // starts, so one shift restores the pointers and no second array is needed.
        for (position, (row, column, weight)) in arcs.enumerate() {
            if position % STRIDE == 0 {
                run.check()?;
            }
            let place = indptr[row as usize] as usize;
            indices[place] = column;
            if let Some(weights) = &mut weights {
                weights[place] = weight;
            }
            indptr[row as usize] += 1;
        }
        indptr.copy_within(0..n_nodes, 1);
        indptr[0] = 0;
        Ok(Self {
            indptr,
            indices,
            weights,
        })
    }

    /// The same arcs seen from their columns: rows of the answer are columns here, and its
    /// columns rise within each row.
    pub fn transposed(&self, run: &Run) -> Result<Self> {
        let arcs = (0..self.n_nodes()).flat_map(|row| {
            self.span(row)
                .map(move |place| (self.indices[place], row as u32, self.weight(place)))
        });
        Self::deal(run, self.n_nodes(), self.weights.is_some(), arcs)
    }

    /// Number of rows.
    pub fn n_nodes(&self) -> usize {
        self.indptr.len() - 1
    }

    /// Places of a row's arcs.
    pub fn span(&self, row: usize) -> std::ops::Range<usize> {
        self.indptr[row] as usize..self.indptr[row + 1] as usize
    }

    /// Weight of the arc at a place.
    pub fn weight(&self, place: usize) -> f64 {
        self.weights.as_ref().map_or(1.0, |weights| weights[place])
    }

    /// Replaces arcs of the same row and column, which must stand side by side, by one: weights
    /// add up in the order given, unweighted arcs count once.
    pub fn merge_repeated(&mut self, run: &Run) -> Result<()> {
        let mut kept = 0;
        for row in 0..self.n_nodes() {
            if row % 256 == 0 {
                run.check()?;
            }
            let span = self.span(row);
            let start = kept;
            self.indptr[row] = start as u64;
            for place in span {
                let column = self.indices[place];
                if kept > start && self.indices[kept - 1] == column {
                    if let Some(weights) = &mut self.weights {
                        let sum = weights[kept - 1] + weights[place];
                        if !sum.is_finite() {
                            return Err(Error::invalid(
                                "weights",
                                "must stay finite where repeated edges add up",
                                format!("{sum} between nodes {row} and {column}"),
                            ));
                        }
                        weights[kept - 1] = sum;
                    }
                } else {
                    self.indices[kept] = column;
                    if let Some(weights) = &mut self.weights {
                        weights[kept] = weights[place];
                    }
                    kept += 1;
                }
            }
        }
        let n_nodes = self.n_nodes();
        self.indptr[n_nodes] = kept as u64;
        self.indices.truncate(kept);
        if let Some(weights) = &mut self.weights {
            weights.truncate(kept);
        }
        Ok(())
    }

    /// The graph whose rows these are: columns must rise, and without a direction every arc must
    /// stand in both rows.
    pub fn into_graph(self, directed: bool) -> Result<Graph> {
        let weights = match self.weights {
            Some(weights) => weights,
            None => filled(self.indices.len(), 1.0)?,
        };
        Ok(Graph {
            indptr: self.indptr,
            indices: self.indices,
            weights,
            directed,
        })
    }
}
