//! How much is held at once: sizes of tiles and bands that fit a limit, and what that costs.

use layerscope_core::{Error, Result, Run};

use crate::engine::Engine;
use crate::exact;
use crate::kernel::Kernel;

/// Sizes of one search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Rows per block; a tile is a pair of blocks.
    pub block: usize,
    /// Features multiplied at a time.
    pub panel: usize,
    /// Blocks of asking rows whose candidates are held at once.
    pub band: usize,
    /// Candidates held per row.
    pub capacity: usize,
    /// Threads that work.
    pub jobs: usize,
    /// Rows of a cluster at least, where rows are put in order.
    pub cluster: usize,
    /// The kernel that proposes; `None` for float64 products.
    pub kernel: Option<Kernel>,
}

impl Plan {
    /// The run with as many threads as planned.
    pub(crate) fn run<'a>(&self, run: &Run<'a>) -> Run<'a> {
        if self.jobs == 1 { run.serial() } else { *run }
    }
}

/// What a plan depends on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sizes {
    /// Rows that ask, as the search sees them.
    pub asked: usize,
    /// Rows of the data, as the search sees them.
    pub data: usize,
    /// All rows, repeats and queries included.
    pub rows: usize,
    /// Features.
    pub columns: usize,
    /// Neighbours that the search looks for, one more than asked where there are so many.
    pub wanted: usize,
    /// Whether the rows ask about themselves.
    pub symmetric: bool,
    /// Whether some row repeats: lists are then kept per distinct row.
    pub repeats: bool,
    /// Threads at most.
    pub jobs: usize,
}

const BLOCK: usize = 256;
const PANEL: usize = 1024;
/// What the product keeps for itself per thread: its slab of the second-level cache.
const SLAB: u128 = 2 << 20;
/// Per row: hashes and their order, members and numbers, facts and bounds, in vectors that are
/// made from pieces.
const PER_ROW: u128 = 160;

impl Sizes {
    fn shape(&self, block: usize, panel: usize, jobs: usize) -> Plan {
        // Some eight tiles a thread, so that no thread waits long for the last one. The answer
        // does not depend on the block, so the block may depend on the threads.
        let parts = if jobs == 1 { 1 } else { 4 * jobs.isqrt() };
        let block = block
            .min(self.data.max(1).div_ceil(parts).max(32))
            .min(self.data.max(1));
        Plan {
            block,
            panel: panel.min(self.columns),
            band: self.asked.div_ceil(block).max(1),
            capacity: exact::capacity(self.wanted, self.data),
            jobs,
            cluster: exact::MEMBERS,
            kernel: None,
        }
    }

    /// The sizes for a narrow kernel.
    fn narrow(&self, kernel: Kernel) -> Plan {
        Plan {
            block: exact::block_rows(kernel, self.columns),
            panel: 0,
            band: usize::MAX,
            capacity: exact::narrow_capacity(self.wanted, self.data),
            jobs: self.jobs,
            cluster: exact::MEMBERS,
            kernel: Some(kernel),
        }
    }

    /// Bytes of scratch under a plan for a narrow kernel.
    fn narrow_scratch(&self, kernel: Kernel, plan: &Plan) -> u64 {
        let wide = |size: usize| size as u128;
        let worker = exact::narrow_worker_bytes(plan.block)
            + 48 * wide(self.columns)
            + 24 * wide(plan.capacity);
        let blocks = wide(self.data.div_ceil(plan.block));
        let bytes = 96 * wide(self.rows)
            + wide(plan.jobs) * worker
            + exact::vector_bytes(kernel, self.data, self.columns)
            + wide(self.data) * (exact::ENTRY_BYTES * wide(plan.capacity) + 16)
            + 16 * wide(self.data) * wide(self.wanted)
            + 4 * blocks * (blocks + 1)
            + 8 * wide(self.columns);
        u64::try_from(bytes).unwrap_or(u64::MAX)
    }

    /// Bytes of scratch under a plan.
    pub(crate) fn scratch(&self, plan: &Plan) -> u64 {
        let wide = |size: usize| size as u128;
        let band_rows = wide(plan.band) * wide(plan.block);
        let tiles = 8 * wide(plan.band) * wide(self.data.div_ceil(plan.block));
        let worker = exact::worker_bytes(plan.block, plan.panel)
            + 8 * wide(plan.block) * wide(plan.panel)
            + SLAB
            + 16 * wide(self.columns)
            + 24 * wide(plan.capacity);
        let lists = if self.repeats {
            16 * wide(self.asked) * wide(self.wanted)
        } else {
            0
        };
        let bytes = PER_ROW * wide(self.rows)
            + wide(plan.jobs) * worker
            + band_rows.min(wide(self.asked)) * (exact::ENTRY_BYTES * wide(plan.capacity) + 16)
            + tiles
            + lists
            + 8 * wide(self.columns);
        u64::try_from(bytes).unwrap_or(u64::MAX)
    }

    /// The fastest plan that stays under the limit.
    pub(crate) fn plan(&self, kernel: Option<Kernel>, limit: Option<u64>) -> Result<Plan> {
        if let Some(kernel) = kernel {
            let plan = self.narrow(kernel);
            if limit.is_none_or(|limit| self.narrow_scratch(kernel, &plan) <= limit) {
                return Ok(plan);
            }
        }
        let fastest = self.shape(BLOCK, PANEL, self.jobs);
        let Some(limit) = limit else {
            return Ok(fastest);
        };
        let mut needed = u64::MAX;
        for jobs in [self.jobs, 1] {
            for (block, panel) in [(BLOCK, PANEL), (128, 512), (64, 256), (32, 128)] {
                let mut plan = self.shape(block, panel, jobs);
                loop {
                    let scratch = self.scratch(&plan);
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
}

/// Bytes that a search of rows among themselves takes without a limit: scratch at most, and output.
pub fn estimate_memory(rows: usize, columns: usize, k: usize, jobs: usize) -> u64 {
    let sizes = Sizes {
        asked: rows,
        data: rows,
        rows,
        columns,
        wanted: k.saturating_add(1).min(rows.saturating_sub(1)),
        symmetric: true,
        repeats: true,
        jobs: jobs.max(1),
    };
    let plan = sizes.shape(BLOCK, PANEL, sizes.jobs);
    let output = (rows as u64).saturating_mul(12).saturating_mul(k as u64);
    let wide = sizes.scratch(&plan);
    // The first kernel is the one that is used, but for data that it cannot tell apart.
    let kernels = Engine::Fitting.kernels(&sizes);
    let scratch = kernels.first().map_or(wide, |&kernel| {
        sizes.narrow_scratch(kernel, &sizes.narrow(kernel))
    });
    scratch.saturating_add(output)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes() -> Sizes {
        Sizes {
            asked: 20_000,
            data: 20_000,
            rows: 20_000,
            columns: 3_000,
            wanted: 16,
            symmetric: true,
            repeats: false,
            jobs: 4,
        }
    }

    #[test]
    fn a_plan_stays_under_its_limit() {
        let sizes = sizes();
        let free = sizes.scratch(&sizes.plan(None, None).unwrap());
        for share in 2..6 {
            let limit = free / share;
            let plan = sizes.plan(None, Some(limit)).unwrap();
            assert!(sizes.scratch(&plan) <= limit);
        }
        assert_eq!(
            sizes.plan(None, Some(free)).unwrap(),
            sizes.plan(None, None).unwrap()
        );
    }

    #[test]
    fn too_little_is_refused_with_what_would_do() {
        let Err(Error::MemoryLimit { needed, limit }) = sizes().plan(None, Some(1000)) else {
            panic!("a kilobyte cannot do");
        };
        assert_eq!(limit, 1000);
        assert!(sizes().plan(None, Some(needed)).is_ok());
        assert!(sizes().plan(None, Some(needed - 1)).is_err());
    }

    #[test]
    fn the_estimate_grows_with_everything() {
        let base = estimate_memory(1000, 100, 10, 2);
        assert!(estimate_memory(2000, 100, 10, 2) > base);
        assert!(estimate_memory(1000, 200, 10, 2) > base);
        assert!(estimate_memory(1000, 100, 20, 2) > base);
        assert!(estimate_memory(1000, 100, 10, 4) > base);
    }
}
