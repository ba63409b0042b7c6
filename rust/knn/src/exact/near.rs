//! A look at single pairs: bounds of a key from f32 sums, to within a few units of f32.
//!
//! Euclidean distances are looked at in the rows as they are given, which need no copy and whose
//! differences are small where the rows are close. Other keys, and values so large or small that
//! f32 squares would not do, are looked at in f32 copies of the vectors of the form.

use layerscope_core::{Element, widest};

use super::form::{Form, Place};
use super::side::Side;
use crate::kernel::prefetch;
use crate::scale::power;
use crate::widen::half_to_single;

/// Pairs that are looked at together.
pub(crate) const TOGETHER: usize = 4;

/// What is known of a row besides its f32 vector; units of the form.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Aside {
    /// What the form adds to the squared length of the vector.
    own: f64,
    /// How far the row's share of the form may be off.
    slack: f64,
    /// Length of what the f32 vector misses, from above.
    missed: f64,
}

impl Aside {
    pub(crate) fn new(place: &Place) -> Self {
        Self {
            own: place.own,
            slack: place.slack,
            // Each value is rounded once, relative to itself or to the least of all numbers.
            missed: power(-24) * (1.0 + power(-20)) * place.norm + power(-100),
        }
    }
}

/// Looks at pairs of places.
#[derive(Clone, Copy)]
pub(crate) struct Near<'a> {
    form: &'a Form<'a>,
    source: Source<'a>,
    /// How far f32 sums of squared differences may be off: relative, and absolute.
    relative: f64,
    absolute: f64,
}

/// Where the values of a place are.
#[derive(Clone, Copy)]
enum Source<'a> {
    /// The rows as they are given, and the number at each place.
    Given(&'a Side<'a>, Option<&'a [u32]>),
    /// Copies in the order of the places.
    Copied(&'a [f32], &'a [Aside]),
}

impl<'a> Near<'a> {
    /// Looks at the rows as they are given.
    pub(crate) fn at_given(form: &'a Form<'a>, order: Option<&'a [u32]>) -> Self {
        Self::new(form, Source::Given(form.side(), order))
    }

    /// Looks at copies.
    pub(crate) fn at_copies(form: &'a Form<'a>, singles: &'a [f32], asides: &'a [Aside]) -> Self {
        Self::new(form, Source::Copied(singles, asides))
    }

    fn new(form: &'a Form<'a>, source: Source<'a>) -> Self {
        let columns = form.middle().len();
        let roundings = (columns.div_ceil(ACCUMULATORS) + 11) as f64;
        Self {
            form,
            source,
            relative: roundings * power(-24) * 1.01,
            absolute: columns as f64 * power(-148),
        }
    }

    /// The power of two that is 1 in units of the form.
    pub(crate) fn unit(&self) -> f64 {
        self.form.unit()
    }

    /// Asks for a row that will be looked at soon.
    pub(crate) fn expect(&self, place: usize) {
        let columns = self.form.middle().len();
        match self.source {
            Source::Given(side, order) => {
                let row = given(side, order, place);
                let span = row * columns..(row + 1) * columns;
                match side.rows.values() {
                    Element::F64(values) => prefetch(&values[span]),
                    Element::F32(values) => prefetch(&values[span]),
                    Element::F16(values) => prefetch(&values[span]),
                    Element::Bf16(values) => prefetch(&values[span]),
                }
            }
            Source::Copied(singles, _) => prefetch(part(singles, place, columns)),
        }
    }

    /// Bounds of the keys of a place with up to [`TOGETHER`] others; those beyond mean nothing.
    pub(crate) fn look(&self, place: usize, others: &[usize]) -> [(f64, f64); TOGETHER] {
        let columns = self.form.middle().len();
        let mut bounds = [(0.0, 0.0); TOGETHER];
        match self.source {
            Source::Given(side, order) => {
                let row = |place| given(side, order, place);
                let sums = match side.rows.values() {
                    Element::F64(values) => sums(values, columns, place, others, row),
                    Element::F32(values) => sums(values, columns, place, others, row),
                    Element::F16(values) => sums(values, columns, place, others, row),
                    Element::Bf16(values) => sums(values, columns, place, others, row),
                };
                for (bound, sum) in bounds.iter_mut().zip(sums) {
                    let error = sum * self.relative + self.absolute;
                    *bound = (sum - error, sum + error);
                }
            }
            Source::Copied(singles, asides) => {
                let sums = sums(singles, columns, place, others, |place| place);
                for ((bound, sum), &other) in bounds.iter_mut().zip(sums).zip(others) {
                    *bound = self.of_copies(sum, &asides[place], &asides[other]);
                }
            }
        }
        bounds
    }

    fn of_copies(&self, sum: f64, x: &Aside, y: &Aside) -> (f64, f64) {
        let missed = x.missed + y.missed;
        let slack = x.slack + y.slack;
        let own = x.own + y.own;
        let error = sum * self.relative + self.absolute;
        let lower = ((sum - error).max(0.0).sqrt() - missed).max(0.0);
        let upper = (sum + error).sqrt() + missed;
        let (down, up) = (1.0 - power(-40), 1.0 + power(-40));
        (
            self.form.key(lower * lower * down + own - slack),
            self.form.key_above(upper * upper * up + own + slack),
        )
    }
}

/// The given row at a place.
fn given(side: &Side, order: Option<&[u32]>, place: usize) -> usize {
    side.row(order.map_or(place, |order| order[place] as usize))
}

fn part<T>(values: &[T], row: usize, columns: usize) -> &[T] {
    &values[row * columns..(row + 1) * columns]
}

/// Squared distances of a place to some others.
fn sums<T: Value>(
    values: &[T],
    columns: usize,
    place: usize,
    others: &[usize],
    row: impl Fn(usize) -> usize,
) -> [f64; TOGETHER] {
    let x = part(values, row(place), columns);
    let y = |at: usize| part(values, row(others[at]), columns);
    let mut sums = [0.0; TOGETHER];
    if others.len() < TOGETHER {
        for (at, sum) in sums.iter_mut().enumerate().take(others.len()) {
            *sum = f64::from(squared_distance(x, y(at)));
        }
        return sums;
    }
    squared_distances(x, std::array::from_fn(y)).map(f64::from)
}

/// A stored value. Differences are rounded twice at most: to the stored kind, or float64, and to
/// f32.
trait Value: Copy {
    fn minus(self, other: Self) -> f32;
}

impl Value for f64 {
    #[allow(clippy::inline_always)]
    #[inline(always)]
    fn minus(self, other: Self) -> f32 {
        (self - other) as f32
    }
}

impl Value for f32 {
    #[allow(clippy::inline_always)]
    #[inline(always)]
    fn minus(self, other: Self) -> f32 {
        self - other
    }
}

impl Value for half::f16 {
    #[allow(clippy::inline_always)]
    #[inline(always)]
    fn minus(self, other: Self) -> f32 {
        half_to_single(self.to_bits()) - half_to_single(other.to_bits())
    }
}

impl Value for half::bf16 {
    #[allow(clippy::inline_always)]
    #[inline(always)]
    fn minus(self, other: Self) -> f32 {
        let wide = |value: Self| f32::from_bits(u32::from(value.to_bits()) << 16);
        wide(self) - wide(other)
    }
}

const ACCUMULATORS: usize = 32;

/// Σ (xⱼ − yⱼ)² in f32 for several y: a term passes at most ⌈d/32⌉ + 5 additions, and four roundings
/// before (the difference, squared, may bring two each).
fn squared_distances<T: Value>(x: &[T], y: [&[T]; TOGETHER]) -> [f32; TOGETHER] {
    widest(
        #[inline(always)]
        || {
            // One array a row: arrays of arrays do not stay in registers.
            let mut a = [0f32; ACCUMULATORS];
            let (mut b, mut c, mut d) = (a, a, a);
            let (full, rest) = x.as_chunks::<ACCUMULATORS>();
            let others = y.map(
                #[inline(always)]
                |y| &y.as_chunks::<ACCUMULATORS>().0[..full.len()],
            );
            for (at, x) in full.iter().enumerate() {
                add(&mut a, x, &others[0][at]);
                add(&mut b, x, &others[1][at]);
                add(&mut c, x, &others[2][at]);
                add(&mut d, x, &others[3][at]);
            }
            let from = x.len() - rest.len();
            [
                total(a, rest, &y[0][from..]),
                total(b, rest, &y[1][from..]),
                total(c, rest, &y[2][from..]),
                total(d, rest, &y[3][from..]),
            ]
        },
    )
}

/// The same for one y.
fn squared_distance<T: Value>(x: &[T], y: &[T]) -> f32 {
    widest(
        #[inline(always)]
        || {
            let mut sums = [0f32; ACCUMULATORS];
            let (full_x, rest_x) = x.as_chunks::<ACCUMULATORS>();
            let (full_y, rest_y) = y.as_chunks::<ACCUMULATORS>();
            for (x, y) in full_x.iter().zip(full_y) {
                add(&mut sums, x, y);
            }
            total(sums, rest_x, rest_y)
        },
    )
}

#[allow(clippy::inline_always)]
#[inline(always)]
fn add<T: Value>(sums: &mut [f32; ACCUMULATORS], x: &[T; ACCUMULATORS], y: &[T; ACCUMULATORS]) {
    for l in 0..ACCUMULATORS {
        let difference = x[l].minus(y[l]);
        sums[l] += difference * difference;
    }
}

#[allow(clippy::inline_always)]
#[inline(always)]
fn total<T: Value>(mut sums: [f32; ACCUMULATORS], x: &[T], y: &[T]) -> f32 {
    for ((sum, &x), &y) in sums.iter_mut().zip(x).zip(y) {
        let difference = x.minus(y);
        *sum += difference * difference;
    }
    let mut width = ACCUMULATORS / 2;
    while width > 0 {
        for l in 0..width {
            sums[l] += sums[l + width];
        }
        width /= 2;
    }
    sums[0]
}
