//! The best candidates of every place so far: a fixed number of (place, key) per row.
//!
//! A row is one stretch of words, first the places, then the bits of the keys. Keys are squared
//! distances, never negative, so their bits order as they do, and replacing the worst is a search
//! among words. What an empty slot holds is worse than anything.

use layerscope_core::{Result, filled};

/// Slots that are compared at once.
const WIDE: usize = 8;

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
#[allow(clippy::inline_always, clippy::needless_range_loop)]
#[inline(always)]
pub(crate) fn insert(row: &mut [u32], limit: f32, place: u32, key: f32) -> f32 {
    // Everything is counted rather than searched, eight slots at a time, so that it becomes a few
    // wide comparisons and no branch: lists are a multiple of eight long.
    let (places, keys) = row.split_at_mut(row.len() / 2);
    let (places, keys) = (
        places.as_chunks_mut::<WIDE>().0,
        keys.as_chunks_mut::<WIDE>().0,
    );
    let mut there = [0u32; WIDE];
    for own in &*places {
        for lane in 0..WIDE {
            there[lane] |= u32::from(own[lane] == place);
        }
    }
    if there != [0; WIDE] {
        return limit;
    }
    let (old, new) = (limit.to_bits(), key.max(0.0).to_bits());
    let mut open = true;
    let mut most = [0u32; WIDE];
    for (places, keys) in places.iter_mut().zip(keys) {
        if open && keys.contains(&old) {
            open = false;
            let mut first = WIDE as u32;
            for lane in 0..WIDE {
                let lane_here = if keys[lane] == old {
                    lane as u32
                } else {
                    WIDE as u32
                };
                first = first.min(lane_here);
            }
            places[first as usize] = place;
            keys[first as usize] = new;
        }
        for lane in 0..WIDE {
            most[lane] = most[lane].max(keys[lane]);
        }
    }
    f32::from_bits(most.iter().fold(0, |most, &own| most.max(own)))
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
        let mut lists = Lists::empty(2, 8).unwrap();
        let row = &mut lists.words_mut()[16..];
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
            (1, 7.0),
            (2, 6.0),
            (3, 8.0),
            (10, 0.5),
            (11, 5.0),
        ] {
            if key < limit {
                limit = insert(row, limit, place, key);
            }
        }
        sort(row);
        assert_eq!(row[..8], [4, 10, 8, 9, 6, 5, 11, 2]);
        assert_eq!(f32::from_bits(row[8]), 0.0);
        assert_eq!(limit, 6.0);
        assert_eq!(lists.places(0), [NOBODY; 8]);
    }
}
