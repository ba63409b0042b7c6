//! Rows as they are compared: read into float64 without rounding, scaled, and for Pearson centred
//! by their own mean. Nothing is converted as a whole; a row is read when it is needed.

use std::ops::Range;

use layerscope_core::{Element, Matrix, Result, Run, filled, with_capacity};

use crate::lanes;
use crate::metric::Metric;
use crate::scale::Scale;
use crate::widen::read_part;
use layerscope_core::widest;

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
                let mut buffer = filled(matrix.columns(), 0.0)?;
                Ok(range
                    .map(|row| rows.fact(row, &mut buffer))
                    .collect::<Vec<_>>())
            })?;
            let mut facts = with_capacity(matrix.rows())?;
            facts.extend(pieces.into_iter().flatten());
            rows.facts = facts;
        }
        Ok(rows)
    }

    fn fact(&self, row: usize, buffer: &mut [f64]) -> Fact {
        read_part(&self.matrix, row, 0..buffer.len(), buffer);
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

    /// The values as they are stored.
    pub(crate) fn values(&self) -> Element<'a> {
        self.matrix.values()
    }

    /// Whether rows are compared as they are stored.
    pub(crate) fn is_as_given(&self) -> bool {
        self.metric == Metric::Euclidean && self.scale.is_none()
    }

    pub(crate) fn len(&self) -> usize {
        self.matrix.rows()
    }

    pub(crate) fn columns(&self) -> usize {
        self.matrix.columns()
    }

    /// The row as it is stored, where that is f32 and what Euclidean distances are taken of.
    pub(crate) fn singles(&self, row: usize) -> Option<&'a [f32]> {
        let columns = self.columns();
        match self.matrix.values() {
            Element::F32(values) if self.is_as_given() => {
                values.get(row * columns..(row + 1) * columns)
            }
            _ => None,
        }
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
        self.read_part(row, 0..self.columns(), out);
    }

    /// Reads some columns of the prepared row.
    pub(crate) fn read_part(&self, row: usize, columns: Range<usize>, out: &mut [f64]) {
        let fact = self.facts.get(row);
        if fact.is_some_and(|fact| fact.root == 0.0) {
            out.fill(0.0);
            return;
        }
        read_part(&self.matrix, row, columns, out);
        let Some(fact) = fact else {
            self.scale.apply(out);
            return;
        };
        if fact.exponent != 0 {
            Scale::by(fact.exponent).apply(out);
        }
        if self.metric == Metric::Pearson {
            widest(
                #[inline(always)]
                || {
                    for value in out.iter_mut() {
                        *value -= fact.mean;
                    }
                },
            );
        }
    }
}

/// Largest magnitude of a row.
pub(crate) fn magnitude(row: &[f64]) -> f64 {
    widest(
        #[inline(always)]
        || {
            let mut largest = [0.0f64; 8];
            let (full, rest) = row.as_chunks::<8>();
            for chunk in full {
                for (slot, value) in largest.iter_mut().zip(chunk) {
                    *slot = if value.abs() > *slot {
                        value.abs()
                    } else {
                        *slot
                    };
                }
            }
            rest.iter()
                .map(|value| value.abs())
                .chain(largest)
                .fold(0.0, f64::max)
        },
    )
}

/// Works on ranges of rows of moderate size, in parallel; results in the order of the rows.
pub(crate) fn over_row_pieces<T: Send>(
    run: &Run,
    matrix: &Matrix,
    work: impl Fn(Range<usize>) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    let length = (PIECE / matrix.columns().max(1)).max(1);
    let rows = matrix.rows();
    run.map(rows.div_ceil(length), |piece| {
        work(piece * length..((piece + 1) * length).min(rows))
    })
}
