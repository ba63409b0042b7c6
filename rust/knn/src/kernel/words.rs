//! A buffer of 32-bit words that starts at a cache line.
#![allow(unsafe_code)]

use std::alloc::{Layout, alloc_zeroed};
use std::ops::{Deref, DerefMut, Range};
use std::ptr::slice_from_raw_parts_mut;

use layerscope_core::{Error, Result};

/// Bytes of a cache line, and its words.
const BYTES: usize = 64;
const LINE: usize = BYTES / size_of::<u32>();

/// Words in memory that starts at a cache line, so that the rows of a panel do not straddle two.
#[derive(Debug, Default)]
pub(crate) struct Words {
    all: Box<[u32]>,
    /// Those that start at a line. A box that is moved leaves its words where they are.
    used: Range<usize>,
}

impl Words {
    /// That many zeros.
    pub(crate) fn zeros(length: usize) -> Result<Self> {
        let all = zeros(length.saturating_add(LINE))?;
        let start = all.as_ptr().align_offset(BYTES).min(LINE);
        Ok(Self {
            all,
            used: start..start + length,
        })
    }
}

/// Zeros that the system hands out page by page, to the thread that first writes there.
#[allow(clippy::cast_ptr_alignment)] // the layout is that of words
fn zeros(length: usize) -> Result<Box<[u32]>> {
    let refused = Error::OutOfMemory {
        bytes: (length as u64).saturating_mul(size_of::<u32>() as u64),
    };
    let Ok(layout) = Layout::array::<u32>(length) else {
        return Err(refused);
    };
    if layout.size() == 0 {
        return Ok(Box::default());
    }
    // SAFETY: the layout has a size.
    let start = unsafe { alloc_zeroed(layout) }.cast::<u32>();
    if start.is_null() {
        return Err(refused);
    }
    // SAFETY: the allocator of boxes has just given room for `length` words, in the layout of an
    // array of them, zero bytes are words, and nobody else has the address.
    Ok(unsafe { Box::from_raw(slice_from_raw_parts_mut(start, length)) })
}

impl Deref for Words {
    type Target = [u32];

    fn deref(&self) -> &[u32] {
        &self.all[self.used.clone()]
    }
}

impl DerefMut for Words {
    fn deref_mut(&mut self) -> &mut [u32] {
        &mut self.all[self.used.clone()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_are_those_of_the_safe_twin() {
        for length in [0, 1, 16, 17, 100_000] {
            let words = Words::zeros(length).unwrap();
            assert_eq!(*words, *vec![0; length]);
            assert_eq!(words.as_ptr().align_offset(64), 0);
        }
        let refused = Words::zeros(usize::MAX);
        assert!(matches!(refused, Err(Error::OutOfMemory { bytes }) if bytes > 1 << 50));
    }
}
