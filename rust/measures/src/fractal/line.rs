//! 512 bits that lie in one cache line: what 512 sources know about one node.

/// Bits of a line.
pub(super) const WIDTH: usize = 512;
/// Words of a line.
pub(super) const WORDS: usize = WIDTH / 64;

/// One bit per source of a batch.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
pub(super) struct Line(pub [u64; WORDS]);

// Always inlined, so that loops compiled for wide registers hold them.
#[allow(clippy::inline_always)]
impl Line {
    pub const EMPTY: Self = Self([0; WORDS]);

    /// The first `count` bits.
    pub fn first(count: usize) -> Self {
        Self(std::array::from_fn(|word| {
            match count.saturating_sub(64 * word) {
                0 => 0,
                bits if bits >= 64 => u64::MAX,
                bits => (1 << bits) - 1,
            }
        }))
    }

    pub fn set(&mut self, bit: usize) {
        self.0[bit / 64] |= 1 << (bit % 64);
    }

    pub fn has(&self, bit: usize) -> bool {
        self.0[bit / 64] >> (bit % 64) & 1 == 1
    }

    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        let mut all = 0;
        for word in self.0 {
            all |= word;
        }
        all == 0
    }

    /// Equality word by word; the derived one calls into the C library.
    #[inline(always)]
    pub fn same(&self, other: &Self) -> bool {
        let mut differ = 0;
        for (one, other) in self.0.iter().zip(&other.0) {
            differ |= one ^ other;
        }
        differ == 0
    }

    #[inline(always)]
    pub fn add(&mut self, other: &Self) {
        for (word, other) in self.0.iter_mut().zip(&other.0) {
            *word |= other;
        }
    }

    #[inline(always)]
    pub fn remove(&mut self, other: &Self) {
        for (word, other) in self.0.iter_mut().zip(&other.0) {
            *word &= !other;
        }
    }

    /// How many bits are set in both.
    pub fn common(&self, other: &Self) -> u32 {
        let both = self.0.iter().zip(&other.0);
        both.map(|(one, other)| (one & other).count_ones()).sum()
    }

    pub fn count(&self) -> u32 {
        self.0.iter().map(|word| word.count_ones()).sum()
    }
}
