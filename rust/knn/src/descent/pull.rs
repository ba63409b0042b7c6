//! NN-descent in pull form: every row looks at the neighbours of its neighbours.
//!
//! A round reads frozen lists and writes new ones, so rows do not depend on each other and neither
//! does the answer on the threads. A row asks the rows that it lists and those that list it (a few,
//! first ranks first) for the rows that they list. What it met in a leaf, or could have met in the
//! round before, is passed over.

use layerscope_core::{Result, Run, filled, with_capacity};

use super::copies::Copies;
use super::lists::{Lists, NOBODY, insert, sort, worst};
use super::points::{Points, check_sometimes};
use crate::kernel::prefetch;
use layerscope_core::widest;

/// Rows written in one piece of work.
const PIECE: usize = 256;
/// Ranks of a list that take part.
const RANKS: usize = 24;
/// Rows that list a row and are asked, at most.
pub(crate) const REVERSE: usize = 16;

struct Scratch {
    seen: Seen,
    asked: Vec<(u32, bool)>,
    candidates: Vec<u32>,
}

/// One round; sorts the lists and says what is new in them.
///
/// `fresh` says which entries are new since the last round: bit r of a place for rank r.
pub(crate) fn pull(
    run: &Run,
    points: &Points,
    copies: &Copies,
    lists: &mut Lists,
    fresh: &mut Vec<u32>,
) -> Result<()> {
    let (n, length, stride) = (points.len(), lists.length(), lists.stride());
    run.for_each_chunk(lists.words_mut(), PIECE * stride, |_, words| {
        words.chunks_exact_mut(stride).for_each(sort);
        Ok(())
    })?;
    let before = &*lists;
    let reverse = Reverse::of(run, before, fresh)?;
    let pieces = n.div_ceil(PIECE);
    run.progress().start(pieces as u64);
    let make = || {
        Ok(Scratch {
            seen: Seen::new(length)?,
            asked: Vec::new(),
            candidates: Vec::new(),
        })
    };
    let table = Round {
        points,
        copies,
        lists: before,
        reverse: &reverse,
        fresh,
    };
    let written = run.map_with(pieces, make, |scratch, piece| {
        let places = piece * PIECE..((piece + 1) * PIECE).min(n);
        let mut words = filled(places.len() * stride, 0)?;
        let mut new_bits = with_capacity(places.len())?;
        for (place, row) in places.zip(words.chunks_exact_mut(stride)) {
            check_sometimes(run, place * 64)?;
            let place = place as u32;
            table.pull_row(place, scratch, row);
            let old = before.places(place);
            let is_new = |&(_, own): &(usize, &u32)| !old.contains(own);
            let new = row[..length.min(32)].iter().enumerate().filter(is_new);
            new_bits.push(new.fold(0u32, |bits, (rank, _)| bits | 1 << rank));
        }
        run.progress().step();
        Ok((words, new_bits))
    })?;
    drop(reverse);
    // Back into the same lists: a third copy would be the most that the search ever holds.
    fresh.clear();
    for (to, (from, new)) in lists.words_mut().chunks_mut(PIECE * stride).zip(written) {
        to.copy_from_slice(&from);
        fresh.extend_from_slice(&new);
    }
    Ok(())
}

/// What a round reads.
struct Round<'a> {
    points: &'a Points<'a>,
    copies: &'a Copies,
    lists: &'a Lists,
    reverse: &'a Reverse,
    fresh: &'a [u32],
}

impl Round<'_> {
    fn is_fresh(&self, place: u32, rank: usize) -> bool {
        self.fresh[place as usize] >> rank & 1 == 1
    }

    /// Writes the new list of a place. What is needed next is asked for ahead: the time goes into
    /// waiting for memory.
    fn pull_row(&self, place: u32, scratch: &mut Scratch, row: &mut [u32]) {
        let Scratch {
            seen,
            asked,
            candidates,
        } = scratch;
        row.copy_from_slice(self.lists.row(place));
        seen.clear();
        seen.insert(place);
        candidates.clear();
        asked.clear();
        for (rank, &other) in self.lists.places(place).iter().enumerate() {
            if other == NOBODY {
                break;
            }
            seen.insert(other);
            if rank < RANKS {
                asked.push((other, self.is_fresh(place, rank)));
            }
        }
        for &word in self.reverse.of_row(place) {
            let other = word >> 1;
            asked.push((other, word & 1 == 1));
            if seen.insert(other) {
                candidates.push(other);
            }
        }
        for &(other, _) in &*asked {
            prefetch(&self.lists.places(other)[..RANKS.min(self.lists.length())]);
            prefetch(&self.fresh[other as usize..=other as usize]);
        }
        for &(other, fresh) in &*asked {
            for (rank, &third) in self.lists.places(other).iter().take(RANKS).enumerate() {
                if third != NOBODY && (fresh || self.is_fresh(other, rank)) && seen.insert(third) {
                    self.copies.prefetch_head(third);
                    candidates.push(third);
                }
            }
        }
        candidates.retain(|&other| {
            let wanted = !self.copies.met(place, other) && !self.points.barred(place, other);
            if wanted {
                self.copies.prefetch_bytes(other);
            }
            wanted
        });
        let mut limit = worst(row);
        widest(
            #[inline(always)]
            || {
                for &other in &*candidates {
                    let key = self.copies.distance(place, other);
                    if key < limit {
                        limit = insert(row, limit, other, key);
                    }
                }
            },
        );
        sort(row);
    }
}

/// For every place some of the rows that list it.
struct Reverse {
    starts: Vec<u32>,
    /// Place and, in the lowest bit, whether the entry is new.
    words: Vec<u32>,
}

impl Reverse {
    fn of(run: &Run, lists: &Lists, fresh: &[u32]) -> Result<Self> {
        let n = fresh.len();
        let ranks = RANKS.min(lists.length());
        let mut counts = filled(n, 0u32)?;
        let each = |take: &mut dyn FnMut(usize, usize, u32)| -> Result<()> {
            for rank in 0..ranks {
                for place in 0..n {
                    check_sometimes(run, place)?;
                    let other = lists.places(place as u32)[rank];
                    if other != NOBODY {
                        take(rank, place, other);
                    }
                }
            }
            Ok(())
        };
        each(&mut |_, _, other| {
            let count = &mut counts[other as usize];
            *count = (*count + 1).min(REVERSE as u32);
        })?;
        let mut starts = with_capacity(n + 1)?;
        let mut total = 0;
        for &count in &counts {
            starts.push(total);
            total += count;
        }
        starts.push(total);
        counts.fill(0);
        let mut words = filled(total as usize, 0)?;
        each(&mut |rank, place, other| {
            let count = &mut counts[other as usize];
            if (*count as usize) < REVERSE {
                let fresh = fresh[place] >> rank & 1;
                words[(starts[other as usize] + *count) as usize] = (place as u32) << 1 | fresh;
                *count += 1;
            }
        })?;
        Ok(Self { starts, words })
    }

    fn of_row(&self, place: u32) -> &[u32] {
        let place = place as usize;
        &self.words[self.starts[place] as usize..self.starts[place + 1] as usize]
    }
}

/// A set of places, cheap to empty.
struct Seen {
    slots: Vec<u32>,
    used: Vec<u32>,
}

impl Seen {
    /// Room for all that one row can meet.
    fn new(length: usize) -> Result<Self> {
        let most = (RANKS.min(length) + REVERSE) * RANKS + length + REVERSE + 1;
        Ok(Self {
            slots: filled((2 * most).next_power_of_two(), NOBODY)?,
            used: with_capacity(most)?,
        })
    }

    fn clear(&mut self) {
        for &slot in &self.used {
            self.slots[slot as usize] = NOBODY;
        }
        self.used.clear();
    }

    /// Whether it was not there.
    fn insert(&mut self, place: u32) -> bool {
        let mask = self.slots.len() - 1;
        let mut slot = (place.wrapping_mul(0x9e37_79b1) >> 7) as usize & mask;
        loop {
            let held = self.slots[slot];
            if held == place {
                return false;
            }
            if held == NOBODY {
                self.slots[slot] = place;
                self.used.push(slot as u32);
                return true;
            }
            slot = (slot + 1) & mask;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_was_put_in() {
        let mut seen = Seen::new(24).unwrap();
        for round in 0..3 {
            seen.clear();
            for place in 0..900 {
                assert!(seen.insert(place * 128 + round));
                assert!(!seen.insert(place * 128 + round));
            }
        }
    }
}
