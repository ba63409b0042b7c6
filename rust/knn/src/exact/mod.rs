//! Exact search: propose by a fast product with certain bounds, decide by the lane sums that
//! define the order.
//!
//! 1. `duplicates`: equal rows become one distinct row.
//! 2. `certify`: per row, what its estimates are worth.
//! 3. `tiles`: every pair is estimated once; `candidates` keeps those that may still count.
//! 4. `candidates`: keys of the survivors, computed and sorted.
//! 5. `output`: distinct rows become rows again.

mod candidates;
pub(crate) mod certify;
mod output;
mod scan;
pub(crate) mod side;
mod tiles;

use std::sync::Mutex;

use layerscope_core::{Ranked, Result, Run, filled, with_capacity};

pub(crate) use candidates::{ENTRY_BYTES, capacity};
pub use output::Neighbours;
pub(crate) use tiles::worker_bytes;

use self::candidates::{Candidates, Context, Scratch};
use self::output::{Output, Writer, expand, own};
use self::side::Side;
use self::tiles::{Sweep, Worker, block_range};
use crate::duplicates::Distinct;
use crate::engine;
use crate::memory::{Plan, Sizes};
use crate::request::Request;
use crate::rows::Rows;
use crate::scale::Scale;

/// Finds the k nearest rows of every row.
pub fn neighbors(run: &Run, request: &Request) -> Result<Neighbours> {
    search(run, request, |plan| plan)
}

/// The search, with a last word on its sizes; tests use it to force many small tiles.
pub(crate) fn search(
    run: &Run,
    request: &Request,
    adjust: impl FnOnce(Plan) -> Plan,
) -> Result<Neighbours> {
    request.check()?;
    let engine = engine::chosen()?;
    let largest = request.check_values(run)?;
    let metric = request.metric;
    let scale = if metric.is_angle() {
        Scale::NONE
    } else {
        Scale::bringing(largest)
    };
    let data = Rows::new(run, request.data, metric, scale)?;
    let queries = match request.queries {
        Some(queries) => Some(Rows::new(run, queries, metric, scale)?),
        None => None,
    };
    let distinct = Distinct::find(run, &request.data, request.groups)?;
    let data_side = Side {
        rows: &data,
        distinct: Some(&distinct),
        groups: request.groups,
    };
    let asked_side = match &queries {
        Some(rows) => Side {
            rows,
            distinct: None,
            groups: None,
        },
        None => data_side,
    };
    let symmetric = queries.is_none();
    let others = if symmetric {
        distinct.len() - 1
    } else {
        distinct.len()
    };
    let sizes = Sizes {
        asked: asked_side.len(),
        data: data_side.len(),
        rows: request.data.rows() + queries.as_ref().map_or(0, Rows::len),
        columns: data.columns(),
        wanted: (request.k + 1).min(others),
        repeats: symmetric && distinct.any_repeated(),
        jobs: run.jobs(),
    };
    let plan = adjust(sizes.plan(request.memory_limit)?);
    let centre = data_side.centre(run)?;
    let data_bounds = certify::bounds(run, &data_side, &centre)?;
    let query_bounds = match &queries {
        Some(_) => Some(certify::bounds(run, &asked_side, &centre)?),
        None => None,
    };
    let context = Context {
        engine,
        run: if plan.jobs == 1 { run.serial() } else { *run },
        asked: asked_side,
        data: data_side,
        asked_bounds: query_bounds.as_ref().unwrap_or(&data_bounds),
        data_bounds: &data_bounds,
        wanted: sizes.wanted,
    };
    let writer = Writer {
        metric,
        scale,
        k: request.k,
    };
    let mut output = Output::new(asked_side.rows.len(), request.k)?;
    Search {
        context,
        plan,
        centre,
        symmetric,
        distinct: &distinct,
        writer,
        workers: Mutex::new(Vec::new()),
    }
    .fill(&mut output)?;
    Ok(output.finish(distinct.n_repeated(), data.n_zero()))
}

/// A worker on loan. It goes back on the shelf, since what an allocator is given back it may keep,
/// and a band after the other would add to that.
struct Shelved<'a> {
    worker: Worker,
    shelf: &'a Mutex<Vec<Worker>>,
}

impl<'a> Shelved<'a> {
    fn take(shelf: &'a Mutex<Vec<Worker>>, make: impl FnOnce() -> Result<Worker>) -> Result<Self> {
        let found = own(shelf).pop();
        let worker = found.map_or_else(make, Ok)?;
        Ok(Self { worker, shelf })
    }

    fn get(&mut self) -> &mut Worker {
        &mut self.worker
    }
}

impl Drop for Shelved<'_> {
    fn drop(&mut self) {
        let worker = std::mem::take(&mut self.worker);
        own(self.shelf).push(worker);
    }
}

/// Everything that one search shares.
struct Search<'a> {
    context: Context<'a>,
    plan: Plan,
    centre: Vec<f64>,
    symmetric: bool,
    distinct: &'a Distinct,
    writer: Writer,
    /// Workers between two bands.
    workers: Mutex<Vec<Worker>>,
}

/// One row's place in a table of lists that nobody has filled.
const NOBODY: Ranked = Ranked {
    key: f64::INFINITY,
    index: u32::MAX,
};

impl Search<'_> {
    fn fill(&self, output: &mut Output) -> Result<()> {
        let (asked, wanted) = (&self.context.asked, self.context.wanted);
        let blocks = asked.len().div_ceil(self.plan.block);
        let bands = (0..blocks)
            .step_by(self.plan.band)
            .map(|start| start..(start + self.plan.band).min(blocks));
        let total: usize = bands
            .clone()
            .map(|band| self.sweep(band.clone(), &[]).tiles().len() + band.len())
            .sum();
        self.context.run.progress().start(total as u64);
        if self.symmetric && self.distinct.any_repeated() {
            let mut table = filled(asked.len() * wanted, NOBODY)?;
            let slots: Vec<_> = table
                .chunks_mut((self.plan.block * wanted).max(1))
                .map(Mutex::new)
                .collect();
            for band in bands {
                self.work(band, &|block, local, list, _| {
                    if wanted > 0 {
                        own(&slots[block])[local * wanted..][..list.len()].copy_from_slice(list);
                    }
                    Ok(())
                })?;
            }
            drop(slots);
            return self.expand_all(&table, output);
        }
        let mut ties = Vec::new();
        let slots = output.slots(self.plan.block);
        for band in bands {
            ties.extend(self.work(band, &|block, local, list, tied| {
                self.writer
                    .write(&mut own(&slots[block]), local, list, tied)
            })?);
        }
        drop(slots);
        output.count(ties);
        Ok(())
    }

    fn sweep<'s>(
        &'s self,
        band: std::ops::Range<usize>,
        states: &'s [Mutex<Candidates>],
    ) -> Sweep<'s> {
        Sweep {
            context: &self.context,
            plan: &self.plan,
            centre: &self.centre,
            symmetric: self.symmetric,
            band,
            states,
        }
    }

    /// Searches for the rows of a band and hands each list, by (block, row within the block), to
    /// `take`, which also counts ties.
    fn work(
        &self,
        band: std::ops::Range<usize>,
        take: &(impl Fn(usize, usize, &[Ranked], &mut [u64]) -> Result<()> + Sync),
    ) -> Result<Vec<Vec<u64>>> {
        let Context {
            run, asked, wanted, ..
        } = &self.context;
        let Plan {
            block: rows,
            capacity,
            ..
        } = self.plan;
        let mut states = with_capacity(band.len())?;
        for block in band.clone() {
            let range = block_range(block, rows, asked.len());
            let room = if *wanted == 0 { 0 } else { capacity };
            states.push(Mutex::new(Candidates::new(range.start, range.len(), room)?));
        }
        if *wanted > 0 {
            let sweep = self.sweep(band.clone(), &states);
            let tiles = sweep.tiles();
            run.map_with(
                tiles.len(),
                || Shelved::take(&self.workers, || sweep.worker()),
                |worker, tile| {
                    sweep.run_tile(worker.get(), tiles[tile])?;
                    run.progress().step();
                    Ok(())
                },
            )?;
        }
        run.map_with(
            band.len(),
            || Ok((Scratch::new(asked.rows.columns(), capacity)?, Vec::new())),
            |(scratch, expanded), at| {
                let mut tied = filled(self.writer.k, 0u64)?;
                let mut state = own(&states[at]);
                let block = band.start + at;
                for local in 0..block_range(block, rows, asked.len()).len() {
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
                    let known = &table[u * wanted..(u + 1) * wanted];
                    list.extend(known.iter().take_while(|ranked| **ranked != NOBODY));
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
