//! Asking for memory before it is needed.
#![allow(unsafe_code)]

/// Bytes asked for at most: of a longer row the processor finds the rest by itself.
const MOST: usize = 1024;

/// Asks for values that will be read soon. It never changes a result; its safe twin does nothing.
#[inline]
pub(crate) fn prefetch<T>(values: &[T]) {
    #[cfg(target_arch = "x86_64")]
    for offset in (0..size_of_val(values).min(MOST)).step_by(64) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: the address lies inside `values`; a prefetch reads nothing into the program and
        // cannot fault. SSE, which has it, belongs to every x86-64 processor.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(values.as_ptr().cast::<i8>().add(offset)) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (values, MOST);
}
