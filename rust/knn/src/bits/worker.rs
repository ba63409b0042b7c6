//! Scratch of one thread, and the shelf from which it is lent.

use std::sync::{Mutex, PoisonError};

use layerscope_core::{Ranked, Result, filled, with_capacity};

/// Rows of the data multiplied at a time.
pub(super) const BLOCK: usize = 256;
/// Features multiplied at a time.
pub(super) const PANEL: usize = 1024;
/// What the product keeps for itself: its slab of the second-level cache.
const SLAB: u64 = 2 << 20;

/// Scratch of one thread.
#[derive(Debug, Default)]
pub(super) struct Worker {
    /// The asking rows as packed, panel after panel.
    pub left: Vec<f64>,
    /// One panel of a block of the data.
    pub right: Vec<f64>,
    pub product: Vec<f64>,
    /// Lower bounds of the keys, one line per asking row.
    pub lower: Vec<f64>,
    pub keys: KeyScratch,
    pub order: Vec<f64>,
    /// Rows that the bounds leave open.
    pub open: Vec<u32>,
    pub ranked: Vec<Ranked>,
}

/// What computing a key takes.
#[derive(Debug, Default)]
pub(super) struct KeyScratch {
    pub x: Vec<f64>,
    pub y: Vec<f64>,
    /// The last key of each distinct row, and the asking row that it was computed for.
    pub key: Vec<f64>,
    pub asked: Vec<u32>,
}

/// No row: there are fewer than 2^32.
pub(super) const NOBODY: u32 = u32::MAX;

impl Worker {
    /// Makes room for `piece` asking rows among `rows` rows of `columns` features.
    fn fit(&mut self, piece: usize, rows: usize, columns: usize) -> Result<()> {
        grow(&mut self.left, piece * columns)?;
        grow(&mut self.right, BLOCK * columns.min(PANEL))?;
        grow(&mut self.product, piece * BLOCK)?;
        grow(&mut self.lower, piece * rows)?;
        grow(&mut self.order, rows)?;
        grow(&mut self.keys.key, rows)?;
        // The row of these asks about another layer than the one before: nothing is remembered.
        self.keys.asked.fill(NOBODY);
        if self.keys.asked.len() < rows {
            self.keys.asked = filled(rows, NOBODY)?;
        }
        if self.keys.x.len() != columns {
            self.keys.x = filled(columns, 0.0)?;
            self.keys.y = filled(columns, 0.0)?;
        }
        if self.open.capacity() < rows {
            self.open = with_capacity(rows)?;
            self.ranked = with_capacity(rows)?;
        }
        Ok(())
    }
}

fn grow(values: &mut Vec<f64>, length: usize) -> Result<()> {
    if values.len() < length {
        // The old values go first: both together might be too much.
        *values = Vec::new();
        *values = filled(length, 0.0)?;
    }
    Ok(())
}

/// Bytes of a worker.
pub(super) fn bytes(piece: usize, rows: usize, columns: usize) -> u64 {
    let (piece, rows, columns) = (piece as u64, rows as u64, columns as u64);
    let (block, panel) = (BLOCK as u64, columns.min(PANEL as u64));
    let values = piece * (columns + block + rows) + 2 * block * panel + 2 * rows + 2 * columns;
    8 * values + (4 + 4 + size_of::<Ranked>() as u64) * rows + SLAB
}

/// Scratch that several layers share: as many pieces as threads work at once, made when needed.
#[derive(Debug, Default)]
pub struct Workers(Mutex<Vec<Worker>>);

impl Workers {
    /// Lends a worker that is large enough.
    pub(super) fn lend(&self, piece: usize, rows: usize, columns: usize) -> Result<Lent<'_>> {
        let mut worker = self.lock().pop().unwrap_or_default();
        worker.fit(piece, rows, columns)?;
        Ok(Lent {
            worker,
            shelf: self,
        })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Worker>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A worker on loan.
pub(super) struct Lent<'a> {
    pub worker: Worker,
    shelf: &'a Workers,
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let worker = std::mem::take(&mut self.worker);
        self.shelf.lock().push(worker);
    }
}
