//! From candidates to the answer: decided block by block, written row by row.

use std::ops::Range;
use std::sync::Mutex;

use layerscope_core::{Ranked, Result, filled};

use super::Search;
use super::candidates::{Candidates, Context, Scratch};
use super::output::{Output, expand, own};
use super::tiles::block_range;
use crate::memory::Plan;

/// One row's place in a table of lists that nobody has filled.
const NOBODY: Ranked = Ranked {
    key: f64::INFINITY,
    index: u32::MAX,
};

/// For each piece of the work, ties at each j.
pub(crate) type Ties = Vec<Vec<u64>>;

/// Takes a list of (block, row within the block) and counts ties.
pub(crate) trait Take: Fn(usize, usize, &[Ranked], &mut [u64]) -> Result<()> + Sync {}
impl<F: Fn(usize, usize, &[Ranked], &mut [u64]) -> Result<()> + Sync> Take for F {}

impl Search<'_> {
    /// Empty candidates for the blocks of a band.
    pub(crate) fn states(
        &self,
        plan: &Plan,
        band: &Range<usize>,
    ) -> Result<Vec<Mutex<Candidates>>> {
        self.context.run.map(band.len(), |at| {
            let block = band.start + at;
            let range = block_range(block, plan.block, self.context.asked.len());
            let room = if self.context.wanted == 0 {
                0
            } else {
                plan.capacity
            };
            Ok(Mutex::new(Candidates::new(range.start, range.len(), room)?))
        })
    }

    /// Lets `work` find the lists and writes them; returns whether it did.
    pub(crate) fn write(
        &self,
        plan: &Plan,
        output: &mut Output,
        work: &dyn Fn(&dyn Take) -> Result<Option<Ties>>,
    ) -> Result<bool> {
        let (asked, wanted) = (&self.context.asked, self.context.wanted);
        if self.symmetric && (self.distinct.any_repeated() || self.context.order.is_some()) {
            let mut table = filled(asked.len() * wanted, NOBODY)?;
            let slots: Vec<_> = table
                .chunks_mut((plan.block * wanted).max(1))
                .map(Mutex::new)
                .collect();
            let done = work(
                &|block: usize, local: usize, list: &[Ranked], _: &mut [u64]| {
                    if wanted > 0 {
                        own(&slots[block])[local * wanted..][..list.len()].copy_from_slice(list);
                    }
                    Ok(())
                },
            )?;
            drop(slots);
            if done.is_some() {
                self.expand_all(&table, output)?;
            }
            return Ok(done.is_some());
        }
        let slots = output.slots(plan.block);
        let ties = work(
            &|block: usize, local: usize, list: &[Ranked], tied: &mut [u64]| {
                self.writer
                    .write(&mut own(&slots[block]), local, list, tied)
            },
        )?;
        drop(slots);
        let done = ties.is_some();
        output.count(ties.unwrap_or_default());
        Ok(done)
    }

    /// Decides among the candidates of a band and hands each list to `take`.
    pub(crate) fn gather(
        &self,
        plan: &Plan,
        band: &Range<usize>,
        states: &[Mutex<Candidates>],
        take: &dyn Take,
    ) -> Result<Ties> {
        let Context {
            run, asked, wanted, ..
        } = &self.context;
        run.map_with(
            band.len(),
            || {
                let scratch = Scratch::new(asked.rows.columns(), plan.capacity)?;
                Ok((scratch, Vec::new()))
            },
            |(scratch, expanded), at| {
                let mut tied = filled(self.writer.k, 0u64)?;
                let mut state = own(&states[at]);
                let block = band.start + at;
                for local in 0..block_range(block, plan.block, asked.len()).len() {
                    let list = if *wanted == 0 {
                        &[][..]
                    } else {
                        state.finish(&self.context, scratch, local)?
                    };
                    if !self.symmetric && self.distinct.any_repeated() {
                        expand(list, self.distinct, None, self.writer.k + 1, expanded);
                        take(block, local, expanded, &mut tied)?;
                    } else {
                        take(block, local, list, &mut tied)?;
                    }
                }
                run.progress().step();
                Ok(tied)
            },
        )
    }

    /// Gives every row the list of its distinct row, its own copies merged in.
    fn expand_all(&self, table: &[Ranked], output: &mut Output) -> Result<()> {
        const ROWS: usize = 256;
        let Context {
            run, asked, wanted, ..
        } = &self.context;
        let places = self.context.places()?;
        let rows = asked.rows.len();
        let slots = output.slots(ROWS);
        let ties = run.map_with(
            rows.div_ceil(ROWS),
            || Ok((filled(asked.rows.columns(), 0.0)?, Vec::new(), Vec::new())),
            |(buffer, list, expanded), at| {
                let mut tied = filled(self.writer.k, 0u64)?;
                let mut slot = own(&slots[at]);
                for (local, row) in block_range(at, ROWS, rows).enumerate() {
                    run.check()?;
                    let u = self.distinct.of(row);
                    list.clear();
                    let place = places.get(u).map_or(u, |&place| place as usize);
                    let known = &table[place * wanted..(place + 1) * wanted];
                    list.extend(known.iter().take_while(|ranked| **ranked != NOBODY));
                    if !self.distinct.any_repeated() {
                        self.writer.write(&mut slot, local, list, &mut tied)?;
                        continue;
                    }
                    if asked.groups.is_none() && self.distinct.members(u).len() > 1 {
                        asked.rows.read(row, buffer);
                        let root = asked.rows.root(row);
                        let copies = Ranked {
                            key: self.writer.metric.key(buffer, root, buffer, root),
                            index: u as u32,
                        };
                        list.insert(list.partition_point(|other| *other < copies), copies);
                    }
                    expand(
                        list,
                        self.distinct,
                        Some(row as u32),
                        self.writer.k + 1,
                        expanded,
                    );
                    self.writer.write(&mut slot, local, expanded, &mut tied)?;
                }
                Ok(tied)
            },
        )?;
        drop(slots);
        output.count(ties);
        Ok(())
    }
}
