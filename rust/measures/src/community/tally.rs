//! Sums by key for a handful of keys: weights from one node to the communities around it.

use layerscope_core::{Result, with_capacity};

/// Slots at the start: 1 KiB, which stays in the nearest cache.
const SLOTS: usize = 64;
/// Up to so many keys each has a place of its own: 1 MiB, which stays in the second cache.
const OWN: usize = 1 << 17;
/// No key; ids of communities and nodes lie below.
const EMPTY: u32 = u32::MAX;
/// The sum of a key that was never added: no sum of weights of at least 0 has these bits.
const ABSENT: f64 = -0.0;

/// Sums that remember the order in which keys appeared, and forget all when they are read.
pub(super) trait Sums {
    /// Adds a weight of at least 0 to the sum of `key`.
    fn add(&mut self, key: u32, weight: f64);

    /// The sum of `key`, 0 if there is none.
    fn get(&self, key: u32) -> f64;

    /// Gives every key with its sum, in the order of their first appearance, and forgets them.
    fn drain(&mut self, visit: impl FnMut(u32, f64));
}

/// Both ways to keep sums; which one is used never shows in a result.
#[derive(Default)]
pub(super) struct Tally {
    direct: Direct,
    hashed: Hashed,
    many: bool,
}

/// The way that suits the keys.
pub(super) enum Way<'a> {
    /// Few possible keys: a place for each.
    Direct(&'a mut Direct),
    /// Many: a small table for those that appear.
    Hashed(&'a mut Hashed),
}

/// A sum for every possible key.
#[derive(Default)]
pub(super) struct Direct {
    sums: Vec<f64>,
    /// Keys that appeared, in order; only the first `taken` count.
    used: Vec<u32>,
    taken: usize,
}

#[derive(Clone, Copy)]
struct Slot {
    key: u32,
    sum: f64,
}

/// A table with open addressing that grows while it is more than half full and starts small again.
#[derive(Default)]
pub(super) struct Hashed {
    slots: Vec<Slot>,
    /// A key's slot is `key * FACTOR >> shift`.
    shift: u32,
    /// Slots in use are the first `mask + 1`.
    mask: usize,
    /// Slots that are taken, in the order in which they were; only the first `taken` count.
    used: Vec<u32>,
    taken: usize,
    moving: Vec<Slot>,
}

const FACTOR: u32 = 0x9E37_79B1;
const NOTHING: Slot = Slot {
    key: EMPTY,
    sum: 0.0,
};

impl Tally {
    /// Makes ready for keys below `keys`; nothing may wait to be read.
    pub fn fit(&mut self, keys: usize) -> Result<()> {
        self.many = keys > OWN;
        if self.many {
            self.hashed.resize(SLOTS);
            return Ok(());
        }
        let direct = &mut self.direct;
        if direct.sums.len() < keys {
            direct.sums = with_capacity(keys)?;
            direct.sums.resize(keys, ABSENT);
            direct.used = with_capacity(keys + 1)?;
            direct.used.resize(keys + 1, 0);
        }
        Ok(())
    }

    /// Opens the way that suits the keys of the last [`Self::fit`].
    #[inline]
    pub fn open(&mut self) -> Way<'_> {
        if self.many {
            Way::Hashed(&mut self.hashed)
        } else {
            Way::Direct(&mut self.direct)
        }
    }
}

impl Sums for Direct {
    #[inline]
    fn add(&mut self, key: u32, weight: f64) {
        let sum = &mut self.sums[key as usize];
        // Whether a key is new cannot be foretold, so nothing branches on it.
        self.used[self.taken] = key;
        self.taken += usize::from(sum.to_bits() == ABSENT.to_bits());
        // A weight may be -0 too.
        *sum += weight.abs();
    }

    #[inline]
    fn get(&self, key: u32) -> f64 {
        self.sums[key as usize].abs()
    }

    #[inline]
    fn drain(&mut self, mut visit: impl FnMut(u32, f64)) {
        for &key in &self.used[..self.taken] {
            let sum = std::mem::replace(&mut self.sums[key as usize], ABSENT);
            visit(key, sum);
        }
        self.taken = 0;
    }
}

impl Sums for Hashed {
    #[inline]
    fn add(&mut self, key: u32, weight: f64) {
        let place = self.place(key);
        let slot = &mut self.slots[place];
        slot.sum += weight;
        self.used[self.taken] = place as u32;
        self.taken += usize::from(slot.key == EMPTY);
        slot.key = key;
        if self.taken * 2 > self.mask {
            self.grow();
        }
    }

    #[inline]
    fn get(&self, key: u32) -> f64 {
        self.slots[self.place(key)].sum
    }

    #[inline]
    fn drain(&mut self, mut visit: impl FnMut(u32, f64)) {
        for &place in &self.used[..self.taken] {
            let slot = &mut self.slots[place as usize];
            visit(slot.key, slot.sum);
            *slot = NOTHING;
        }
        self.taken = 0;
        if self.mask >= SLOTS {
            self.resize(SLOTS);
        }
    }
}

impl Hashed {
    /// Where `key` is, or would be.
    #[inline]
    fn place(&self, key: u32) -> usize {
        let mut place = (key.wrapping_mul(FACTOR) >> self.shift) as usize;
        loop {
            let found = self.slots[place].key;
            if found == key || found == EMPTY {
                return place;
            }
            place = (place + 1) & self.mask;
        }
    }

    /// Hashes into the first `slots` slots, a power of two; all must be empty.
    fn resize(&mut self, slots: usize) {
        self.mask = slots - 1;
        self.shift = 32 - slots.trailing_zeros();
        if self.slots.len() < slots {
            self.slots.resize(slots, NOTHING);
        }
        if self.used.len() < slots {
            self.used.resize(slots, 0);
        }
    }

    #[cold]
    fn grow(&mut self) {
        self.moving.clear();
        for &place in &self.used[..self.taken] {
            self.moving.push(self.slots[place as usize]);
            self.slots[place as usize] = NOTHING;
        }
        self.resize((self.mask + 1) * 4);
        for (i, &slot) in self.moving.iter().enumerate() {
            let place = self.place(slot.key);
            self.slots[place] = slot;
            self.used[i] = place as u32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sums_are_right(sums: &mut impl Sums, round: f64) {
        for key in (0..1000).rev() {
            sums.add(key * 64, 1.0);
            sums.add(key * 64, round);
        }
        sums.add(7, -0.0);
        sums.add(7, -0.0);
        assert_eq!(sums.get(64), 1.0 + round);
        assert_eq!(sums.get(7).to_bits(), 0.0f64.to_bits());
        assert_eq!(sums.get(9).to_bits(), 0.0f64.to_bits());
        let mut seen = Vec::new();
        sums.drain(|key, sum| seen.push((key, sum)));
        let mut expected: Vec<_> = (0..1000).rev().map(|key| (key * 64, 1.0 + round)).collect();
        expected.push((7, 0.0));
        assert_eq!(seen, expected);
    }

    #[test]
    fn sums_come_in_the_order_of_their_keys_and_are_forgotten() {
        let mut tally = Tally::default();
        // Hashed, a place each, and hashed again.
        for (round, keys) in [1 << 30, 64_000, 64_000, (1 << 17) + 1]
            .into_iter()
            .enumerate()
        {
            tally.fit(keys).unwrap();
            match tally.open() {
                Way::Direct(sums) => sums_are_right(sums, round as f64),
                Way::Hashed(sums) => sums_are_right(sums, round as f64),
            }
        }
    }
}
