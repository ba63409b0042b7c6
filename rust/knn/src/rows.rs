//! Rows as they are compared: read into float64 without rounding, scaled, and for Pearson centred
//! by their own mean. Nothing is converted as a whole; a row is read when it is needed.

use layerscope_core::{Matrix, Result, Run};

use crate::lanes;
use crate::metric::Metric;
use crate::scale::Scale;

/// Values that one piece of a pass over all rows handles.
const PIECE: usize = 1 << 16;

/// A matrix together with what it takes to read its rows as prepared for a metric.
pub(crate) struct Rows<'a> {
    matrix: Matrix<'a>,
    metric: Metric,
    scale: Scale,
    facts: Vec<Fact>,
}

/// What an angle needs to know of a row.
#[derive(Debug, Clone, Copy)]
struct Fact {
    /// The row's own scaling, as an exponent.
    exponent: i32,
    /// Mean of the scaled row (Pearson), else zero.
    mean: f64,
    /// √xx of the prepared row; zero for zero rows and only for them.
    root: f64,
}

impl<'a> Rows<'a> {
    /// Prepares to read; `scale` is the common one of Euclidean distance and inner product.
    pub(crate) fn new(run: &Run, matrix: Matrix<'a>, metric: Metric, scale: Scale) -> Result<Self> {
        let mut rows = Self {
            matrix,
            metric,
            scale,
            facts: Vec::new(),
        };
        if metric.is_angle() {
            let pieces = over_row_pieces(run, &matrix, |range| {
                let mut buffer = layerscope_core::filled(matrix.columns(), 0.0)?;
                Ok(range
                    .map(|row| rows.fact(row, &mut buffer))
                    .collect::<Vec<_>>())
            })?;
            rows.facts = layerscope_core::with_capacity(matrix.rows())?;
            rows.facts.extend(pieces.into_iter().flatten());
        }
        Ok(rows)
    }

    fn fact(&self, row: usize, buffer: &mut [f64]) -> Fact {
        self.matrix.read_row(row, buffer);
        let scale = Scale::bringing(magnitude(buffer));
        scale.apply(buffer);
        let exponent = scale.exponent();
        let mut mean = 0.0;
        if self.metric == Metric::Pearson {
            // The mean of equal values may be rounded, and the row would be noise instead of
            // zero: such a row is recognised by its values.
            if buffer.iter().all(|value| *value == buffer[0]) {
                return Fact {
                    exponent,
                    mean,
                    root: 0.0,
                };
            }
            mean = lanes::sum(buffer) / buffer.len() as f64;
            for value in buffer.iter_mut() {
                *value -= mean;
            }
        }
        let root = lanes::product(buffer, buffer).sqrt();
        Fact {
            exponent,
            mean,
            root,
        }
    }

    pub(crate) fn metric(&self) -> Metric {
        self.metric
    }

    pub(crate) fn scale(&self) -> Scale {
        self.scale
    }

    pub(crate) fn len(&self) -> usize {
        self.matrix.rows()
    }

    pub(crate) fn columns(&self) -> usize {
        self.matrix.columns()
    }

    /// √xx of the prepared row for the angles, zero otherwise.
    pub(crate) fn root(&self, row: usize) -> f64 {
        self.facts.get(row).map_or(0.0, |fact| fact.root)
    }

    /// Rows that have no direction.
    pub(crate) fn n_zero(&self) -> usize {
        self.facts.iter().filter(|fact| fact.root == 0.0).count()
    }

    /// Reads the prepared row.
    pub(crate) fn read(&self, row: usize, out: &mut [f64]) {
        self.matrix.read_row(row, out);
        match self.facts.get(row) {
            None => self.scale.apply(out),
            Some(fact) if fact.root == 0.0 => out.fill(0.0),
            Some(fact) => {
                Scale::by(fact.exponent).apply(out);
                if self.metric == Metric::Pearson {
                    for value in out {
                        *value -= fact.mean;
                    }
                }
            }
        }
    }
}

/// Largest magnitude of a row.
pub(crate) fn magnitude(row: &[f64]) -> f64 {
    row.iter()
        .fold(0.0, |largest: f64, value| largest.max(value.abs()))
}

/// Works on ranges of rows of moderate size, in parallel; results in the order of the rows.
pub(crate) fn over_row_pieces<T: Send>(
    run: &Run,
    matrix: &Matrix,
    work: impl Fn(std::ops::Range<usize>) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    let length = (PIECE / matrix.columns().max(1)).max(1);
    let rows = matrix.rows();
    run.map(rows.div_ceil(length), |piece| {
        work(piece * length..((piece + 1) * length).min(rows))
    })
}
