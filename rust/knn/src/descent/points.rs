//! The rows as the approximate search sees them: numbered by place, in a space where near means a
//! small Euclidean distance.
//!
//! For Euclidean distance the space is the one given, times a power of two where float32 could
//! overflow; for the angles it is the sphere, |x − y|² = 2 − 2s. Nothing is stored but the order;
//! rows are read when they are needed. Distances here only choose candidates.

use layerscope_core::{Element, Result, Run, filled, with_capacity};

use crate::exact::Side;
use crate::kernel::prefetch;
use crate::metric::Metric;
use crate::scale::Scale;
use layerscope_core::widest;

/// Magnitudes between which float32 differences and their squares neither vanish nor overflow.
const PLAIN: std::ops::Range<f64> = 1e-10..1e15;
/// Rows averaged for a centre.
const SAMPLE: usize = 64;

/// Rows by place.
pub(crate) struct Points<'a> {
    side: Side<'a>,
    /// The distinct row at each place.
    order: Vec<u32>,
    /// The given values, where their differences may be taken in float32.
    plain: Option<&'a [f32]>,
    /// Brings the largest value near one for the other kinds.
    factor: Scale,
    zeros: Vec<f64>,
}

/// Scratch for reading rows.
pub(crate) struct Reader {
    row: Vec<f64>,
}

impl Reader {
    pub(crate) fn new(columns: usize) -> Result<Self> {
        Ok(Self {
            row: filled(columns, 0.0)?,
        })
    }
}

impl<'a> Points<'a> {
    /// All rows with a direction, in the order of their numbers; `largest` is the largest
    /// magnitude as the rows are read.
    pub(crate) fn new(side: Side<'a>, values: Element<'a>, largest: f64) -> Result<Self> {
        let metric = side.rows.metric();
        let plain = match values {
            Element::F32(values) if metric == Metric::Euclidean && PLAIN.contains(&largest) => {
                Some(values)
            }
            _ => None,
        };
        let mut order = with_capacity(side.len())?;
        let directed = |u: &u32| !metric.is_angle() || side.rows.root(side.row(*u as usize)) > 0.0;
        order.extend((0..side.len() as u32).filter(directed));
        let factor = if metric.is_angle() || largest == 0.0 {
            Scale::NONE
        } else {
            Scale::near_one(largest)
        };
        let zeros = filled(side.rows.columns(), 0.0)?;
        Ok(Self {
            side,
            order,
            plain,
            factor,
            zeros,
        })
    }

    /// The same rows at other places: place i holds what was at `order[i]`.
    pub(crate) fn renumber(&mut self, order: &[u32]) -> Result<()> {
        let mut renumbered = with_capacity(order.len())?;
        renumbered.extend(order.iter().map(|&place| self.order[place as usize]));
        self.order = renumbered;
        Ok(())
    }

    pub(crate) fn len(&self) -> usize {
        self.order.len()
    }

    pub(crate) fn columns(&self) -> usize {
        self.zeros.len()
    }

    /// The distinct row at a place.
    pub(crate) fn number(&self, place: u32) -> u32 {
        self.order[place as usize]
    }

    /// The distinct rows by place.
    pub(crate) fn numbers(&self) -> &[u32] {
        &self.order
    }

    /// Whether two places may not be neighbours.
    pub(crate) fn barred(&self, a: u32, b: u32) -> bool {
        let group = |place| self.side.group(self.number(place) as usize);
        self.side.groups.is_some() && group(a) == group(b)
    }

    fn plain_row(&self, values: &'a [f32], place: u32) -> &'a [f32] {
        let row = self.side.row(self.number(place) as usize);
        &values[row * self.columns()..][..self.columns()]
    }

    /// Asks for a row that will be read soon: rows of a leaf lie anywhere in memory.
    #[inline]
    pub(crate) fn expect(&self, place: u32) {
        if let Some(values) = self.plain {
            prefetch(self.plain_row(values, place));
        }
    }

    /// Reads the row at a place in the space of the search.
    fn read(&self, place: u32, out: &mut [f64]) {
        let number = self.number(place) as usize;
        self.side.pack(number, 0..self.columns(), &self.zeros, out);
        self.factor.apply(out);
    }

    /// The mean of some rows.
    pub(crate) fn centre(&self, places: &[u32], reader: &mut Reader, out: &mut [f64]) {
        let picked = SAMPLE.min(places.len());
        out.fill(0.0);
        for s in 0..picked {
            let place = places[s * places.len() / picked];
            if let Some(values) = self.plain {
                for (sum, &x) in out.iter_mut().zip(self.plain_row(values, place)) {
                    *sum += f64::from(x);
                }
            } else {
                self.read(place, &mut reader.row);
                for (sum, x) in out.iter_mut().zip(&reader.row) {
                    *sum += x;
                }
            }
        }
        for sum in out {
            *sum /= picked as f64;
        }
    }

    /// Reads a row less a centre.
    pub(crate) fn centred(&self, place: u32, centre: &[f64], reader: &mut Reader, out: &mut [f32]) {
        if let Some(values) = self.plain {
            let row = self.plain_row(values, place);
            widest(
                #[inline(always)]
                || {
                    for ((slot, &x), &c) in out.iter_mut().zip(row).zip(centre) {
                        *slot = (f64::from(x) - c) as f32;
                    }
                },
            );
        } else {
            self.read(place, &mut reader.row);
            let row = &reader.row;
            widest(
                #[inline(always)]
                || {
                    for ((slot, &x), &c) in out.iter_mut().zip(row).zip(centre) {
                        *slot = (x - c) as f32;
                    }
                },
            );
        }
    }

    pub(crate) fn side(&self) -> &Side<'a> {
        &self.side
    }
}

/// Checks for interruption once in a while: every call with a multiple of 2^12.
pub(crate) fn check_sometimes(run: &Run, step: usize) -> Result<()> {
    if step.is_multiple_of(1 << 12) {
        run.check()
    } else {
        Ok(())
    }
}
