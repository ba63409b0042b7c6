//! From bounds to sets.
//!
//! For one row and one k let l ≤ K ≤ u be the bounds of the computed keys (`exact::certify`) and t
//! the k-th smallest l. Three sentences settle nearly every row j without its key:
//!
//! - **in**, if `u_j` < t: every row at least as near has l ≤ K ≤ `u_j` < t, and fewer than k rows
//!   have such an l.
//! - **out**, if `l_j` > c, where c is the largest u among the rows with l ≤ t: these are at least
//!   k, all with K ≤ c < `K_j`.
//! - **open** otherwise. With m rows certainly in (m < k), the k − m nearest of the open rows by
//!   (key, index) complete the set: whoever is in stands before them, whoever is out behind.
//!
//! A tie between the k-th and the next row is a tie among open rows, since a row that is out is
//! farther than c, which no member exceeds.

use layerscope_core::{BitLines, Error, Ranked, Result, Run, SetNotes, set_bit, widest};

use super::layer::BitSearch;
use super::worker::{KeyScratch, Worker};
use crate::exact::certify::Bound;

/// Rows looked at together: the bits of one word.
const WORD: usize = 64;

impl BitSearch<'_> {
    /// Writes the sets of `row`, whose bounds are line `local` of `worker.lower`.
    pub(super) fn choose(
        &self,
        run: &Run,
        worker: &mut Worker,
        local: usize,
        row: usize,
        ks: &[usize],
        lines: &mut BitLines,
    ) -> Result<SetNotes> {
        let n = self.rows.len();
        let Worker {
            lower,
            keys,
            order,
            open,
            ranked,
            ..
        } = worker;
        let lower = &lower[local * n..(local + 1) * n];
        let own = self.columns.of(row);
        let mut notes = SetNotes::default();
        order[..n].copy_from_slice(lower);
        let mut smallest = &mut order[..n];
        for (at, &k) in ks.iter().enumerate().rev() {
            // What lies before the k-th is all that a smaller k needs.
            let (before, &mut t, _) = smallest.select_nth_unstable_by(k - 1, f64::total_cmp);
            let line = lines.line(local * ks.len() + at);
            let ceiling = self.ceiling(own, lower, t);
            open.clear();
            let certain = self.sort_out(own, lower, t, ceiling, line, open);
            let missing = k.checked_sub(certain).filter(|&missing| missing > 0);
            let missing = missing.filter(|&missing| missing <= open.len());
            let Some(missing) = missing else {
                let found = open.len();
                return Err(Error::Internal(format!(
                    "row {row}: {certain} of {k} neighbours are certain, {found} open"
                )));
            };
            let mut tied = false;
            if missing < open.len() {
                tied = self.settle(run, keys, row, missing, open, ranked)?;
            }
            for &j in &open[..missing] {
                set_bit(line, j as usize);
            }
            if at + 1 == ks.len() {
                notes.tied = u64::from(tied);
                notes.infinite = self.infinite(run, keys, row, line)?;
            }
            smallest = before;
        }
        Ok(notes)
    }

    /// The largest upper bound among the rows whose lower bound does not exceed `t`.
    fn ceiling(&self, own: Bound, lower: &[f64], t: f64) -> f64 {
        let (betas, nus) = (&self.columns.betas, &self.columns.nus);
        widest(
            #[inline(always)]
            || {
                let mut largest = [f64::NEG_INFINITY; 8];
                let (lower, last_lower) = lower.as_chunks::<8>();
                let (betas, last_betas) = betas.as_chunks::<8>();
                let (nus, last_nus) = nus.as_chunks::<8>();
                for ((lower, beta), nu) in lower.iter().zip(betas).zip(nus) {
                    for lane in 0..8 {
                        // Two selections instead of a branch, so that the loop vectorises.
                        let upper = upper(own, beta[lane], nu[lane], lower[lane]);
                        let counted = if lower[lane] <= t {
                            upper
                        } else {
                            f64::NEG_INFINITY
                        };
                        largest[lane] = if counted > largest[lane] {
                            counted
                        } else {
                            largest[lane]
                        };
                    }
                }
                let rest = last_lower.iter().zip(last_betas).zip(last_nus);
                rest.filter(|((lower, _), _)| **lower <= t)
                    .map(|((&lower, &beta), &nu)| upper(own, beta, nu, lower))
                    .chain(largest)
                    .fold(f64::NEG_INFINITY, f64::max)
            },
        )
    }

    /// Writes the rows that are certainly in as bits and collects those that are open; returns how
    /// many are in.
    fn sort_out(
        &self,
        own: Bound,
        lower: &[f64],
        t: f64,
        ceiling: f64,
        line: &mut [u64],
        open: &mut Vec<u32>,
    ) -> usize {
        let words = lower.chunks(WORD).zip(line.iter_mut());
        let bounds = self.columns.betas.chunks(WORD);
        let bounds = bounds.zip(self.columns.nus.chunks(WORD));
        let mut certain = 0;
        let mut start = 0;
        for ((lower, word), (betas, nus)) in words.zip(bounds) {
            let mut inside = [0u8; WORD];
            let mut outside = [1u8; WORD];
            widest(
                #[inline(always)]
                || {
                    let flags = inside.iter_mut().zip(&mut outside);
                    let bounds = betas.iter().zip(nus);
                    for (((inside, outside), &lower), (&beta, &nu)) in flags.zip(lower).zip(bounds)
                    {
                        *inside = u8::from(upper(own, beta, nu, lower) < t);
                        *outside = u8::from(lower > ceiling);
                    }
                },
            );
            *word = pack(&inside);
            certain += word.count_ones() as usize;
            let mut left = !(*word | pack(&outside));
            while left != 0 {
                open.push((start + left.trailing_zeros() as usize) as u32);
                left &= left - 1;
            }
            start += WORD;
        }
        certain
    }

    /// Puts the `wanted` nearest of the open rows first, by their keys; tells whether the last of
    /// them ties with the next.
    fn settle(
        &self,
        run: &Run,
        keys: &mut KeyScratch,
        row: usize,
        wanted: usize,
        open: &mut [u32],
        ranked: &mut Vec<Ranked>,
    ) -> Result<bool> {
        self.rows.read(row, &mut keys.x);
        ranked.clear();
        for &j in open.iter() {
            let key = self.key(run, keys, row, j as usize)?;
            ranked.push(Ranked { key, index: j });
        }
        let (_, next, _) = ranked.select_nth_unstable(wanted);
        let next = next.key;
        let last = ranked[..wanted].iter().max();
        let tied = last.is_some_and(|last| last.key == next);
        for (slot, ranked) in open.iter_mut().zip(&ranked[..wanted]) {
            *slot = ranked.index;
        }
        Ok(tied)
    }

    /// The key of `row`, which `keys.x` holds, with row `j`; equal rows share it.
    fn key(&self, run: &Run, keys: &mut KeyScratch, row: usize, j: usize) -> Result<f64> {
        let u = self.distinct.of(j);
        if keys.asked[u] == row as u32 {
            return Ok(keys.key[u]);
        }
        let roots = (self.rows.root(row), self.rows.root(j));
        let metric = self.rows.metric();
        let key = if metric.is_angle() && (roots.0 == 0.0 || roots.1 == 0.0) {
            0.0
        } else {
            run.check()?;
            self.rows.read(j, &mut keys.y);
            metric.key(&keys.x, roots.0, &keys.y, roots.1)
        };
        keys.asked[u] = row as u32;
        keys.key[u] = key;
        Ok(key)
    }

    /// Members of the set whose distance or product overflows in the units of the input, which
    /// only input that was scaled down can have.
    fn infinite(&self, run: &Run, keys: &mut KeyScratch, row: usize, line: &[u64]) -> Result<u64> {
        if self.scale.exponent() >= 0 {
            return Ok(0);
        }
        self.rows.read(row, &mut keys.x);
        let mut count = 0;
        for j in 0..self.rows.len() {
            if line[j / WORD] >> (j % WORD) & 1 == 1 {
                let key = self.key(run, keys, row, j)?;
                let value = self.rows.metric().value(key, self.scale);
                count += u64::from(value.is_infinite());
            }
        }
        Ok(count)
    }
}

#[allow(clippy::inline_always)]
#[inline(always)]
fn upper(own: Bound, beta: f64, nu: f64, lower: f64) -> f64 {
    let other = Bound {
        alpha: 0.0,
        beta,
        nu,
    };
    own.upper(other, lower)
}

/// The bits of 64 bytes that are 0 or 1.
fn pack(flags: &[u8; WORD]) -> u64 {
    // Byte i moves from bit 8i to bit 56 + i; no two products meet in one bit.
    const GATHER: u64 = 0x0102_0408_1020_4080;
    let (eights, _) = flags.as_chunks::<8>();
    eights.iter().rev().fold(0, |word, eight| {
        word << 8 | u64::from_le_bytes(*eight).wrapping_mul(GATHER) >> 56
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flag_has_its_bit() {
        for i in 0..WORD {
            let mut flags = [0; WORD];
            flags[i] = 1;
            assert_eq!(pack(&flags), 1 << i);
            assert_eq!(pack(&flags.map(|flag| 1 - flag)), !(1 << i));
        }
    }
}
