//! The metrics and the key that each orders by: smaller is nearer, ties go to the smaller index.
//!
//! | metric | key | value handed out |
//! |---|---|---|
//! | Euclidean | Σ(xⱼ − yⱼ)² | √key |
//! | cosine, Pearson | −s, s = xy / (√xx · √yy) | s |
//! | inner product | −xy | xy |
//!
//! Every sum is a lane sum (see `lanes`), every other step is rounded once, and s is not clipped:
//! it may pass 1 by a few units in the last place.

use layerscope_core::{Error, Result};

use crate::lanes;
use crate::scale::Scale;

/// How nearness is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    /// Straight-line distance.
    Euclidean,
    /// Angle at the origin.
    Cosine,
    /// Cosine of rows from which their own mean is taken.
    Pearson,
    /// The plain product; a row need not be nearest to itself.
    InnerProduct,
}

impl Metric {
    /// All metrics.
    pub const ALL: [Self; 4] = [
        Self::Euclidean,
        Self::Cosine,
        Self::Pearson,
        Self::InnerProduct,
    ];

    /// The metric of that name.
    pub fn parse(name: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|metric| metric.name() == name)
            .ok_or_else(|| {
                let rule = "must be one of 'euclidean', 'cosine', 'pearson', 'inner_product'";
                Error::invalid("metric", rule, format!("'{name}'"))
            })
    }

    /// Its name in the Python interface.
    pub fn name(self) -> &'static str {
        match self {
            Self::Euclidean => "euclidean",
            Self::Cosine => "cosine",
            Self::Pearson => "pearson",
            Self::InnerProduct => "inner_product",
        }
    }

    /// Whether rows are compared by direction only, so that a zero row needs a rule of its own.
    pub(crate) fn is_angle(self) -> bool {
        matches!(self, Self::Cosine | Self::Pearson)
    }

    /// The key of two prepared rows; the roots √xx and √yy matter to the angles only and are zero
    /// for exactly zero rows.
    #[inline]
    pub(crate) fn key(self, x: &[f64], root_x: f64, y: &[f64], root_y: f64) -> f64 {
        match self {
            Self::Euclidean => lanes::squared_distance(x, y),
            Self::InnerProduct => -lanes::product(x, y),
            Self::Cosine | Self::Pearson => Self::angle_key(lanes::product(x, y), root_x, root_y),
        }
    }

    /// The key of an angle, from xy and the roots: 0 where a row has no direction.
    #[allow(clippy::inline_always)]
    #[inline(always)]
    pub(crate) fn angle_key(product: f64, root_x: f64, root_y: f64) -> f64 {
        if root_x == 0.0 || root_y == 0.0 {
            0.0
        } else {
            -(product / (root_x * root_y))
        }
    }

    /// What the caller gets for a key: the distance, the similarity or the product, in the units
    /// of the input.
    pub(crate) fn value(self, key: f64, scale: Scale) -> f64 {
        match self {
            Self::Euclidean => scale.undo(key.sqrt()),
            // From zero, so that a key of either zero becomes the positive one.
            Self::Cosine | Self::Pearson => 0.0 - key,
            Self::InnerProduct => scale.undo(scale.undo(0.0 - key)),
        }
    }
}
