//! Allocation that can say no: scratch is reserved fallibly, so that a refusal becomes an
//! [`Error`] instead of an abort.

use crate::{Error, Result};

/// An empty vector with room for `len` elements.
pub fn with_capacity<T>(len: usize) -> Result<Vec<T>> {
    let mut vec = Vec::new();
    vec.try_reserve_exact(len).map_err(|_| Error::OutOfMemory {
        bytes: (len as u64).saturating_mul(size_of::<T>() as u64),
    })?;
    Ok(vec)
}

/// A vector of `len` copies of `value`.
pub fn filled<T: Clone>(len: usize, value: T) -> Result<Vec<T>> {
    let mut vec = with_capacity(len)?;
    vec.resize(len, value);
    Ok(vec)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_an_error_with_the_bytes() {
        let refused = filled::<u64>(usize::MAX / 16, 0);
        assert!(matches!(refused, Err(Error::OutOfMemory { bytes }) if bytes > 1 << 50));
    }
}
