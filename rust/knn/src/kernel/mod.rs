//! The only folder of the project with unsafe code: each block gives its reason, and a safe twin
//! is tested against it.
//!
//! `product` is the dense float64 product. The rest proposes: `panels` says which kernels there are
//! and how rows are packed for them, `tile` what a kernel tests and hands out, `portable` holds the
//! safe twins, `amx`, `avx512`, `avx2` and `neon` the fast ones.

#[cfg(target_arch = "x86_64")]
mod amx;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;
mod panels;
mod portable;
mod prefetch;
mod present;
mod product;
mod strip;
mod tile;
mod words;

pub(crate) use panels::{Isa, Kernel, LONGEST_BYTES, Precision, Row};
pub(crate) use prefetch::prefetch;
pub(crate) use product::{Product, multiply, multiply_plainly};
pub(crate) use strip::{Strip, Survivors};
pub(crate) use tile::{MOST_LEFT, PADDING, Test, Tile};
pub(crate) use words::Words;

#[cfg(test)]
mod tests;
