//! The only folder of the project with unsafe code: each block gives its reason, and a safe twin
//! is tested against it.

mod product;

pub(crate) use product::{Product, multiply, multiply_plainly};
