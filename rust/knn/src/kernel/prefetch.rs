//! Asking for memory before it is needed.
#![allow(unsafe_code)]

/// Lines asked for at most: a longer row is found by the processor's own prefetcher.
const LINES: usize = 64;

/// Asks for a row that will be read soon. It never changes a result; its safe twin does nothing.
#[inline]
pub(crate) fn prefetch(row: &[f32]) {
    #[cfg(target_arch = "x86_64")]
    for line in row.chunks(16).take(LINES) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: the address is that of a borrowed value; a prefetch reads nothing into the
        // program and cannot fault. SSE, which has it, belongs to every x86-64 processor.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(line.as_ptr().cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (row, LINES);
}
