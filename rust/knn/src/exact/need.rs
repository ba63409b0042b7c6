//! What each engine holds at once, and the fastest plan that a limit admits.

use layerscope_core::{Error, Result};

use super::candidates::{ENTRY_BYTES, capacity, narrow_capacity};
use super::order::MEMBERS;
use super::{narrow, tiles, vectors};
use crate::kernel::Kernel;
use crate::memory::{Plan, Sizes, bytes};

const BLOCK: usize = 256;
const PANEL: usize = 1024;
/// What the float64 product keeps for itself per thread, beside both sides packed.
const SLAB: u128 = 1 << 16;
/// Length and threshold of a row's buffer.
const BUFFER: u128 = 16;
/// A candidate with its key, in a list.
const RANKED: u128 = 16;

/// Sizes for float64 products.
fn wide(sizes: &Sizes, block: usize, panel: usize, jobs: usize) -> Plan {
    // Some eight tiles a thread, so that no thread waits long for the last one. The answer
    // does not depend on the block, so the block may depend on the threads.
    let parts = if jobs == 1 { 1 } else { 4 * jobs.isqrt() };
    let block = block
        .min(sizes.data.max(1).div_ceil(parts).max(32))
        .min(sizes.data.max(1));
    Plan {
        block,
        panel: panel.min(sizes.columns),
        band: sizes.asked.div_ceil(block).max(1),
        capacity: capacity(sizes.wanted, sizes.data),
        jobs,
        cluster: MEMBERS,
        whole: false,
        kernel: None,
    }
}

/// Bytes that float64 products hold.
fn wide_bytes(sizes: &Sizes, plan: &Plan) -> u64 {
    let band = (plan.band as u128 * plan.block as u128).min(sizes.asked as u128);
    let tiles = 8 * plan.band as u128 * sizes.data.div_ceil(plan.block) as u128;
    let worker = tiles::worker_bytes(plan.block, plan.panel)
        + 16 * (plan.block * plan.panel) as u128
        + SLAB
        + 16 * sizes.columns as u128
        + (RANKED + 8) * plan.capacity as u128;
    let lists = if sizes.symmetric && sizes.repeats {
        RANKED * sizes.asked as u128 * sizes.wanted as u128
    } else {
        0
    };
    let bounds = size_of::<super::certify::Bound>() as u128 * sizes.rows as u128;
    let held = sizes.shared()
        // Bounds come in pieces that are put together.
        + 2 * bounds
        + plan.jobs as u128 * worker
        + band * (ENTRY_BYTES * plan.capacity as u128 + BUFFER)
        + tiles
        + lists
        + 8 * sizes.columns as u128;
    bytes(held.max(sizes.before()))
}

/// Sizes for a narrow kernel.
fn narrow(sizes: &Sizes, kernel: Kernel) -> Plan {
    let whole = narrow::prefers_whole(kernel, sizes.data, sizes.columns);
    let rows = if whole {
        vectors::SMALL_BLOCK
    } else {
        vectors::BLOCK
    };
    Plan {
        block: vectors::block_rows(kernel, sizes.columns, rows),
        panel: 0,
        band: usize::MAX,
        capacity: narrow_capacity(sizes.wanted, sizes.data),
        jobs: sizes.jobs,
        cluster: MEMBERS,
        whole,
        kernel: Some(kernel),
    }
}

/// Bytes that a narrow kernel holds.
fn narrow_bytes(sizes: &Sizes, kernel: Kernel, plan: &Plan) -> u64 {
    let rows = sizes.data as u128;
    let worker = narrow::worker_bytes(plan, sizes.data)
        + 48 * sizes.columns as u128
        + (RANKED + 8) * plan.capacity as u128;
    let blocks = sizes.data.div_ceil(plan.block) as u128;
    let held = sizes.shared()
        // The order of the sweep and its inverse.
        + 8 * rows
        + plan.jobs as u128 * worker
        + vectors::bytes(kernel, sizes.data, sizes.columns, plan.block, sizes.copied)
        + rows * (ENTRY_BYTES * plan.capacity as u128 + BUFFER)
        + RANKED * rows * sizes.wanted as u128
        + 4 * blocks * (blocks + 1)
        + 8 * sizes.columns as u128;
    bytes(held.max(sizes.before()))
}

/// Bytes that a plan holds.
pub(crate) fn held(sizes: &Sizes, plan: &Plan) -> u64 {
    match plan.kernel {
        Some(kernel) => narrow_bytes(sizes, kernel, plan),
        None => wide_bytes(sizes, plan),
    }
}

/// The fastest plan that stays under the limit: that of the kernel, else one for float64 products
/// with smaller and smaller tiles and bands.
pub(crate) fn plan(sizes: &Sizes, kernel: Option<Kernel>, limit: Option<u64>) -> Result<Plan> {
    if let Some(kernel) = kernel {
        let plan = narrow(sizes, kernel);
        if limit.is_none_or(|limit| held(sizes, &plan) <= limit) {
            return Ok(plan);
        }
    }
    let fastest = wide(sizes, BLOCK, PANEL, sizes.jobs);
    let Some(limit) = limit else {
        return Ok(fastest);
    };
    let mut needed = u64::MAX;
    for jobs in [sizes.jobs, 1] {
        for (block, panel) in [(BLOCK, PANEL), (128, 512), (64, 256), (32, 128)] {
            let mut plan = wide(sizes, block, panel, jobs);
            loop {
                let scratch = held(sizes, &plan);
                needed = needed.min(scratch);
                if scratch <= limit {
                    return Ok(plan);
                }
                if plan.band == 1 {
                    break;
                }
                plan.band = plan.band.div_ceil(2);
            }
        }
    }
    Err(Error::MemoryLimit { needed, limit })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes() -> Sizes {
        Sizes {
            jobs: 4,
            ..Sizes::of_one_layer(20_000, 3_000, 15, false, 4)
        }
    }

    #[test]
    fn a_plan_stays_under_its_limit() {
        let sizes = sizes();
        let free = held(&sizes, &plan(&sizes, None, None).unwrap());
        for share in 2..6 {
            let limit = free / share;
            let plan = plan(&sizes, None, Some(limit)).unwrap();
            assert!(held(&sizes, &plan) <= limit);
        }
        assert_eq!(
            plan(&sizes, None, Some(free)).unwrap(),
            plan(&sizes, None, None).unwrap()
        );
    }

    #[test]
    fn too_little_is_refused_with_what_would_do() {
        let Err(Error::MemoryLimit { needed, limit }) = plan(&sizes(), None, Some(1000)) else {
            panic!("a kilobyte cannot do");
        };
        assert_eq!(limit, 1000);
        assert!(plan(&sizes(), None, Some(needed)).is_ok());
        assert!(plan(&sizes(), None, Some(needed - 1)).is_err());
    }
}
