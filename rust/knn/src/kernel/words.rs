//! A buffer of 32-bit words that starts at a cache line.
#![allow(unsafe_code)]

use std::ops::{Deref, DerefMut};

use layerscope_core::{Result, filled};

const LINE: usize = 16;

/// One cache line.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
struct Line([u32; LINE]);

/// Words in memory that starts at a cache line, so that the rows of a panel do not straddle two.
#[derive(Debug, Default)]
pub(crate) struct Words {
    lines: Vec<Line>,
    length: usize,
}

impl Words {
    /// That many zeros.
    pub(crate) fn zeros(length: usize) -> Result<Self> {
        Ok(Self {
            lines: filled(length.div_ceil(LINE), Line([0; LINE]))?,
            length,
        })
    }
}

impl Deref for Words {
    type Target = [u32];

    fn deref(&self) -> &[u32] {
        // SAFETY: `lines` holds at least `length` words, one after another: a `Line` is an array
        // of words and nothing else, its size is a multiple of its alignment, so no padding lies
        // between two lines, and every bit pattern is a word. The borrow of self covers it.
        unsafe { std::slice::from_raw_parts(self.lines.as_ptr().cast(), self.length) }
    }
}

impl DerefMut for Words {
    fn deref_mut(&mut self) -> &mut [u32] {
        // SAFETY: as in `deref`; self is borrowed mutably, so this is the only reference.
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), self.length) }
    }
}
