//! Sums by key for a handful of keys: weights from one node to the communities around it.

/// Slots at the start: 1 KiB, which stays in the nearest cache.
const SLOTS: usize = 64;
/// No key; ids of communities and nodes lie below.
const EMPTY: u32 = u32::MAX;

#[derive(Clone, Copy)]
struct Slot {
    key: u32,
    sum: f64,
}

/// An open-addressing table that remembers the order in which keys appeared and clears itself when
/// it is read. It grows while it is more than half full and starts small again; how large it is
/// never shows in a result.
pub(super) struct Tally {
    slots: Vec<Slot>,
    /// Slots in use are the first `mask + 1`.
    mask: usize,
    shift: u32,
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
    pub fn new() -> Self {
        let mut tally = Self {
            slots: Vec::new(),
            mask: 0,
            shift: 0,
            used: Vec::new(),
            taken: 0,
            moving: Vec::new(),
        };
        tally.resize(SLOTS);
        tally
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
        if self.mask >= SLOTS {
            self.resize(SLOTS);
        }
    }

    /// Where `key` is, or would be.
    #[inline]
    fn place(&self, key: u32) -> usize {
        let mut place = (key.wrapping_mul(0x9E37_79B1) >> self.shift) as usize;
        loop {
            let found = self.slots[place].key;
            if found == key || found == EMPTY {
                return place;
            }
            place = (place + 1) & self.mask;
        }
    }

    /// Uses the first `slots` slots, a power of two; all must be empty.
    fn resize(&mut self, slots: usize) {
        self.mask = slots - 1;
        self.shift = 32 - slots.trailing_zeros();
        if self.slots.len() < slots {
            self.slots.resize(slots, NOTHING);
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
        let mut tally = Tally::new();
        for round in 0..3 {
            for key in (0..1000).rev() {
                tally.add(key * 64, 1.0);
                tally.add(key * 64, f64::from(round));
            }
            assert_eq!(tally.get(64), 1.0 + f64::from(round));
            assert_eq!(tally.get(7), 0.0);
            let mut seen = Vec::new();
            tally.drain(|key, sum| seen.push((key, sum)));
            let expected: Vec<_> = (0..1000)
                .rev()
                .map(|key| (key * 64, 1.0 + f64::from(round)))
                .collect();
            assert_eq!(seen, expected);
        }
    }
}
