//! What a thread needs beside the graph. Making it costs more than a batch of nodes, so it goes back
//! to a shelf when it is not used.

use std::sync::{Mutex, PoisonError};

use layerscope_core::{Result, Run};

use super::near::Near;
use super::tally::Tally;

/// Scratch of one thread; nothing in it outlives a piece of work.
#[derive(Default)]
pub(super) struct Tools {
    pub near: Near,
    pub tally: Tally,
}

/// Tools that nobody uses at the moment.
#[derive(Default)]
pub(super) struct Shelf(Mutex<Vec<Tools>>);

/// How work is done, and what with.
#[derive(Clone, Copy)]
pub(super) struct Shop<'a> {
    pub run: &'a Run<'a>,
    pub shelf: &'a Shelf,
}

/// Tools that go back to their shelf.
pub(super) struct Lent<'a> {
    shelf: &'a Shelf,
    pub tools: Tools,
}

impl<'a> Shop<'a> {
    /// Lends tools that sum over keys below `keys`.
    pub fn lend(&self, keys: usize) -> Result<Lent<'a>> {
        let kept = self.shelf.0.lock();
        let kept = kept.unwrap_or_else(PoisonError::into_inner).pop();
        let mut tools = kept.unwrap_or_default();
        tools.tally.fit(keys)?;
        let shelf = self.shelf;
        Ok(Lent { shelf, tools })
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let tools = std::mem::take(&mut self.tools);
        let kept = self.shelf.0.lock();
        kept.unwrap_or_else(PoisonError::into_inner).push(tools);
    }
}
