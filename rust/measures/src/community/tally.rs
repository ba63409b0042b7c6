//! Sums by key for a handful of keys: weights from one node to the communities around it.

use layerscope_core::{Result, with_capacity};

/// Slots at the start: 1 KiB, which stays in the nearest cache.
const SLOTS: usize = 64;
/// Up to so many keys each has a slot of its own: 1 MiB, which stays in the second cache.
const OWN: usize = 1 << 17;
/// No key; ids of communities and nodes lie below.
const EMPTY: u32 = u32::MAX;

#[derive(Clone, Copy)]
struct Slot {
    key: u32,
    sum: f64,
}

/// A table that remembers the order in which keys appeared and clears itself when it is read.
///
/// Few possible keys have a slot each. Of many, those that appear are hashed into a table with open
/// addressing that grows while it is more than half full and starts small again. How large it is
/// never shows in a result. Nothing can be added before [`Tally::fit`].
#[derive(Default)]
pub(super) struct Tally {
    slots: Vec<Slot>,
    /// A key's slot is `key * factor >> shift`; 1 and 0 where each key has its own.
    factor: u32,
    shift: u32,
    /// Hashed slots in use are the first `mask + 1`.
    mask: usize,
    /// Slots that are taken, in the order in which they were; only the first `taken` count.
    used: Vec<u32>,
    taken: usize,
    moving: Vec<Slot>,
}

const NOTHING: Slot = Slot {
    key: EMPTY,
    sum: 0.0,
};

impl Tally {
    /// Makes ready for keys below `keys`; the table must be empty.
    pub fn fit(&mut self, keys: usize) -> Result<()> {
        if keys > OWN {
            self.resize(SLOTS);
            return Ok(());
        }
        (self.factor, self.shift, self.mask) = (1, 0, usize::MAX / 2);
        if self.slots.len() < keys {
            self.slots = with_capacity(keys)?;
            self.slots.resize(keys, NOTHING);
        }
        if self.used.len() <= keys {
            self.used = with_capacity(keys + 1)?;
            self.used.resize(keys + 1, 0);
        }
        Ok(())
    }

    /// Adds `weight` to the sum of `key`.
    #[inline]
    pub fn add(&mut self, key: u32, weight: f64) {
        let place = self.place(key);
        let slot = &mut self.slots[place];
        slot.sum += weight;
        // Whether a key is new cannot be foretold, so nothing branches on it.
        self.used[self.taken] = place as u32;
        self.taken += usize::from(slot.key == EMPTY);
        slot.key = key;
        if self.taken * 2 > self.mask {
            self.grow();
        }
    }

    /// The sum of `key`.
    #[inline]
    pub fn get(&self, key: u32) -> f64 {
        self.slots[self.place(key)].sum
    }

    /// Gives every key with its sum, in the order of their first appearance, and forgets them.
    #[inline]
    pub fn drain(&mut self, mut visit: impl FnMut(u32, f64)) {
        for &place in &self.used[..self.taken] {
            let slot = &mut self.slots[place as usize];
            visit(slot.key, slot.sum);
            *slot = NOTHING;
        }
        self.taken = 0;
        if self.mask >= SLOTS && self.shift > 0 {
            self.resize(SLOTS);
        }
    }

    /// Where `key` is, or would be.
    #[inline]
    fn place(&self, key: u32) -> usize {
        let mut place = (key.wrapping_mul(self.factor) >> self.shift) as usize;
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
        self.factor = 0x9E37_79B1;
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

    #[test]
    fn sums_come_in_the_order_of_their_keys_and_are_forgotten() {
        let mut tally = Tally::default();
        // Hashed, a slot each, and hashed again.
        for (round, keys) in [1 << 30, 64_000, 64_000, 1 << 17].into_iter().enumerate() {
            tally.fit(keys).unwrap();
            for key in (0..1000).rev() {
                tally.add(key * 64, 1.0);
                tally.add(key * 64, round as f64);
            }
            assert_eq!(tally.get(64), 1.0 + round as f64);
            assert_eq!(tally.get(7), 0.0);
            let mut seen = Vec::new();
            tally.drain(|key, sum| seen.push((key, sum)));
            let expected: Vec<_> = (0..1000)
                .rev()
                .map(|key| (key * 64, 1.0 + round as f64))
                .collect();
            assert_eq!(seen, expected);
        }
    }
}
