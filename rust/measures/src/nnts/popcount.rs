//! The innermost loop of large neighbourhoods: ones in the AND of two lines.

use std::sync::LazyLock;

use layerscope_core::BitRows;
use pulp::{Arch, NullaryFnOnce};

static ARCH: LazyLock<Arch> = LazyLock::new(Arch::new);

/// Appends the sizes of the intersections of sample `local` for all pairs of layers, at every k.
pub(super) fn for_each_pair(sets: &[BitRows], local: usize, ks: usize, found: &mut Vec<u16>) {
    ARCH.dispatch(Pairs {
        sets,
        local,
        ks,
        found,
    });
}

struct Pairs<'a> {
    sets: &'a [BitRows],
    local: usize,
    ks: usize,
    found: &'a mut Vec<u16>,
}

impl NullaryFnOnce for Pairs<'_> {
    type Output = ();

    // Inlined, so that the loop is compiled with the instructions that `dispatch` found.
    #[allow(clippy::inline_always)]
    #[inline(always)]
    fn call(self) {
        for (a, first) in self.sets.iter().enumerate() {
            for second in &self.sets[a + 1..] {
                for line in self.local * self.ks..(self.local + 1) * self.ks {
                    let words = first.line(line).iter().zip(second.line(line));
                    let ones: u64 = words.map(|(&x, &y)| u64::from((x & y).count_ones())).sum();
                    self.found.push(ones as u16);
                }
            }
        }
    }
}
