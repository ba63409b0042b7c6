//! The rows rounded to bytes once and kept, for the rounds that compare single pairs.

use layerscope_core::{Result, Run, filled, with_capacity};

use super::lists::NOBODY;
use super::points::{Points, Reader};
use super::quantise::round;
use crate::kernel::prefetch;

/// Partitions whose leaves are remembered.
pub(crate) const MET: usize = 4;
/// Rows rounded in one piece of work.
const PIECE: usize = 1024;

/// What is kept beside the bytes of a row, in one half of a cache line.
#[derive(Debug, Clone, Copy)]
#[repr(align(32))]
pub(crate) struct Head {
    scale: f32,
    square: f32,
    /// Leaf of the row in the latest partitions.
    leaves: [u32; MET],
}

/// All rows by place.
pub(crate) struct Copies {
    columns: usize,
    bytes: Vec<i8>,
    heads: Vec<Head>,
}

impl Copies {
    /// Rounds all rows about the middle of a sample.
    pub(crate) fn new(run: &Run, points: &Points) -> Result<Self> {
        let (n, columns) = (points.len(), points.columns());
        let mut centre = filled(columns, 0.0)?;
        let mut all: Vec<u32> = with_capacity(n)?;
        all.extend(0..n as u32);
        points.centre(&all, &mut Reader::new(columns)?, &mut centre);
        let mut bytes = filled(n * columns, 0)?;
        let facts = std::sync::Mutex::new(filled(n, (0.0, 0.0))?);
        run.for_each_chunk(&mut bytes, PIECE * columns, |piece, chunk| {
            let mut reader = Reader::new(columns)?;
            let mut values = filled(columns, 0.0)?;
            let mut mine = with_capacity(PIECE)?;
            for (at, row) in chunk.chunks_exact_mut(columns).enumerate() {
                let place = (piece * PIECE + at) as u32;
                points.centred(place, &centre, &mut reader, &mut values);
                mine.push(round(&values, row));
            }
            crate::exact::own(&facts)[piece * PIECE..][..mine.len()].copy_from_slice(&mine);
            Ok(())
        })?;
        let facts = facts
            .into_inner()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut heads = with_capacity(n)?;
        heads.extend(facts.into_iter().map(|(scale, square)| Head {
            scale,
            square,
            leaves: [NOBODY; MET],
        }));
        Ok(Self {
            columns,
            bytes,
            heads,
        })
    }

    /// Remembers the leaf of a place in a partition.
    pub(crate) fn remember(&mut self, place: u32, partition: usize, leaf: u32) {
        self.heads[place as usize].leaves[partition % MET] = leaf;
    }

    /// Whether two places have shared a leaf.
    #[inline]
    pub(crate) fn met(&self, a: u32, b: u32) -> bool {
        let (a, b) = (
            &self.heads[a as usize].leaves,
            &self.heads[b as usize].leaves,
        );
        // Counted rather than searched, so that it takes no branches.
        let same = (0..MET).map(|t| u32::from(a[t] == b[t]) & u32::from(a[t] != NOBODY));
        same.sum::<u32>() > 0
    }

    fn bytes(&self, place: u32) -> &[i8] {
        &self.bytes[place as usize * self.columns..][..self.columns]
    }

    /// Asks for the facts about a place.
    #[inline]
    pub(crate) fn prefetch_head(&self, place: u32) {
        prefetch(&self.heads[place as usize..=place as usize]);
    }

    /// Asks for the bytes of a place.
    #[inline]
    pub(crate) fn prefetch_bytes(&self, place: u32) {
        prefetch(self.bytes(place));
    }

    /// Squared distance of the rounded rows.
    #[allow(clippy::inline_always)]
    #[inline(always)]
    pub(crate) fn distance(&self, a: u32, b: u32) -> f32 {
        let mut sum = 0i32;
        for (&x, &y) in self.bytes(a).iter().zip(self.bytes(b)) {
            sum += i32::from(x) * i32::from(y);
        }
        let (a, b) = (&self.heads[a as usize], &self.heads[b as usize]);
        let product = sum as f32 * (a.scale * b.scale);
        (a.square + b.square) - 2.0 * product
    }
}
