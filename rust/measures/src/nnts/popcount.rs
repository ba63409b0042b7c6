//! The innermost loop of large neighbourhoods: ones in the AND of two lines.

use layerscope_core::{BitRows, widest};

/// Appends the sizes of the intersections of sample `local` for all pairs of layers, at every k.
pub(super) fn for_each_pair(sets: &[BitRows], local: usize, ks: usize, found: &mut Vec<u16>) {
    for (a, first) in sets.iter().enumerate() {
        for second in &sets[a + 1..] {
            for line in local * ks..(local + 1) * ks {
                found.push(in_both(first.line(line), second.line(line)) as u16);
            }
        }
    }
}

/// Ones in the AND of two lines.
fn in_both(first: &[u64], second: &[u64]) -> u64 {
    widest(
        #[inline(always)]
        || {
            let words = first.iter().zip(second);
            words.map(|(&x, &y)| u64::from((x & y).count_ones())).sum()
        },
    )
}
