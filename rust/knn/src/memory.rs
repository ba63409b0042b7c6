//! What a search depends on in size, and the sizes that it then works with. What an engine holds is
//! its own knowledge: `exact::need`, `direct` and `descent` say it, `exact::plan` chooses by it.

use layerscope_core::Run;

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
    /// Whether a narrow kernel sees all pairs of a row at once, and each pair from both sides.
    pub whole: bool,
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
#[allow(clippy::struct_excessive_bools)] // each a fact by itself
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
    /// Whether rows are compared by angle, so that facts about each are kept.
    pub angle: bool,
    /// Whether single pairs are looked at in copies of the rows.
    pub copied: bool,
    /// Threads at most.
    pub jobs: usize,
}

impl Sizes {
    /// Rows that all differ and ask about themselves.
    pub(crate) fn of_one_layer(
        rows: usize,
        columns: usize,
        k: usize,
        angle: bool,
        jobs: usize,
    ) -> Self {
        Self {
            asked: rows,
            data: rows,
            rows,
            columns,
            wanted: k.saturating_add(1).min(rows.saturating_sub(1)),
            symmetric: true,
            repeats: false,
            angle,
            copied: angle,
            jobs: jobs.max(1),
        }
    }

    /// Bytes that every engine holds beside its own: facts about rows, and which repeat.
    pub(crate) fn shared(&self) -> u128 {
        const FACT: u128 = 24;
        const NUMBERS: u128 = 12;
        let rows = self.rows as u128;
        rows * (u128::from(self.angle) * FACT + u128::from(self.repeats) * NUMBERS)
    }

    /// Bytes that finding repeats holds before an engine starts: hashes and two orders, or the
    /// facts in pieces and as a whole.
    pub(crate) fn before(&self) -> u128 {
        const HASHES: u128 = 24;
        self.shared() + HASHES * self.rows as u128
    }
}

/// As a number of bytes; more than fit are as many as fit.
pub(crate) fn bytes(count: u128) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
