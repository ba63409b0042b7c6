//! Loops compiled for the widest registers that the processor has, chosen at run time.

use std::sync::LazyLock;

use pulp::{Arch, NullaryFnOnce};

static ARCH: LazyLock<Arch> = LazyLock::new(Arch::new);

/// Runs a loop compiled for the widest registers that the processor has. Widths change nothing:
/// the compiler neither reorders nor fuses float arithmetic.
///
/// The closure must be `#[inline(always)]`, and so must what it calls. It is an `FnMut` because
/// the call of one *as* `FnOnce` goes through a shim without that attribute, which may stay
/// outside and be compiled for the narrowest processor.
pub fn widest<R>(work: impl FnMut() -> R) -> R {
    ARCH.dispatch(Wide(work))
}

struct Wide<F>(F);

impl<R, F: FnMut() -> R> NullaryFnOnce for Wide<F> {
    type Output = R;

    #[allow(clippy::inline_always)]
    #[inline(always)]
    fn call(mut self) -> R {
        (self.0)()
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_answer_is_that_of_the_plain_loop() {
        let values: Vec<f64> = (0..1000).map(|i| f64::from(i).sin()).collect();
        let sum = |values: &[f64]| values.iter().fold(0.0, |sum, x| sum + x * x);
        let wide = super::widest(
            #[inline(always)]
            || sum(&values),
        );
        assert_eq!(wide.to_bits(), sum(&values).to_bits());
    }
}
