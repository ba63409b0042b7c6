//! The best candidates of every place so far: a fixed number of (place, key) per row.
//!
//! A row is one stretch of words, first the places, then the bits of the keys. Keys are squared
//! distances, never negative, so their bits order as they do, and replacing the worst is a search
//! among words. What an empty slot holds is worse than anything.

use layerscope_core::{Result, filled};

/// No place.
pub(crate) const NOBODY: u32 = u32::MAX;

/// Lists of all places.
pub(crate) struct Lists {
    length: usize,
    words: Vec<u32>,
}

impl Lists {
    pub(crate) fn empty(rows: usize, length: usize) -> Result<Self> {
        let mut words = filled(rows * 2 * length, NOBODY)?;
        clear(&mut words, length);
        Ok(Self { length, words })
    }

    /// Slots of a row.
    pub(crate) fn length(&self) -> usize {
        self.length
    }

    /// Words of a row.
    pub(crate) fn stride(&self) -> usize {
        2 * self.length
    }

    pub(crate) fn row(&self, place: u32) -> &[u32] {
        &self.words[place as usize * self.stride()..][..self.stride()]
    }

    /// The places of a row.
    pub(crate) fn places(&self, place: u32) -> &[u32] {
        &self.row(place)[..self.length]
    }

    pub(crate) fn words_mut(&mut self) -> &mut [u32] {
        &mut self.words
    }
}

/// Empties rows.
pub(crate) fn clear(words: &mut [u32], length: usize) {
    for row in words.chunks_exact_mut(2 * length) {
        row[..length].fill(NOBODY);
        row[length..].fill(f32::INFINITY.to_bits());
    }
}

/// The largest key of a row.
#[inline]
pub(crate) fn worst(row: &[u32]) -> f32 {
    let keys = &row[row.len() / 2..];
    f32::from_bits(keys.iter().fold(0, |most, &key| most.max(key)))
}

/// Puts a candidate in the place of the worst, which is `limit`, unless it is there already;
/// returns the new worst. The key must be below the limit.
#[allow(clippy::inline_always)]
#[inline(always)]
pub(crate) fn insert(row: &mut [u32], limit: f32, place: u32, key: f32) -> f32 {
    let (places, keys) = row.split_at_mut(row.len() / 2);
    // Counted rather than searched, so that it becomes a few wide comparisons.
    if places
        .iter()
        .map(|&own| u32::from(own == place))
        .sum::<u32>()
        > 0
    {
        return limit;
    }
    let bits = limit.to_bits();
    if let Some(at) = keys.iter().position(|&own| own == bits) {
        places[at] = place;
        keys[at] = key.max(0.0).to_bits();
    }
    f32::from_bits(keys.iter().fold(0, |most, &own| most.max(own)))
}

/// Sorts a row by key, then place.
pub(crate) fn sort(row: &mut [u32]) {
    let (places, keys) = row.split_at_mut(row.len() / 2);
    for at in 1..keys.len() {
        let (key, place) = (keys[at], places[at]);
        let mut slot = at;
        while slot > 0 && (keys[slot - 1], places[slot - 1]) > (key, place) {
            keys[slot] = keys[slot - 1];
            places[slot] = places[slot - 1];
            slot -= 1;
        }
        (keys[slot], places[slot]) = (key, place);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_keeps_the_nearest_once() {
        let mut lists = Lists::empty(2, 4).unwrap();
        let row = &mut lists.words_mut()[8..];
        let mut limit = worst(row);
        assert_eq!(limit, f32::INFINITY);
        for (place, key) in [
            (5, 4.0),
            (6, 3.0),
            (7, 9.0),
            (5, 1.0),
            (8, 2.0),
            (9, 2.5),
            (4, -1.0),
        ] {
            if key < limit {
                limit = insert(row, limit, place, key);
            }
        }
        sort(row);
        assert_eq!(row[..4], [4, 8, 9, 6]);
        assert_eq!(f32::from_bits(row[4]), 0.0);
        assert_eq!(limit, 3.0);
        assert_eq!(lists.places(0), [NOBODY; 4]);
    }
}
