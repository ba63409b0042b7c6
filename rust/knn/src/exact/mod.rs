//! Exact search: propose by a fast product with certain bounds, decide by the lane sums that
//! define the order.
//!
//! 1. `duplicates`: equal rows become one distinct row.
//! 2. `certify`: per row, what its estimates are worth.
//! 3. `tiles` (float64 products) or `narrow` (f32, bfloat16 or int8 products of `vectors`): every
//!    pair is estimated once; `candidates` keeps those that may still count.
//! 4. `candidates`: keys of the survivors, computed and sorted.
//! 5. `output`: distinct rows become rows again.

mod candidates;
mod certify;
mod form;
mod judge;
mod narrow;
mod near;
mod order;
mod output;
mod scan;
mod side;
mod tiles;
mod vectors;

use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use layerscope_core::{Ranked, Result, Run, filled, with_capacity};

pub(crate) use candidates::{ENTRY_BYTES, capacity, narrow_capacity};
pub(crate) use narrow::worker_bytes as narrow_worker_bytes;
pub(crate) use order::MEMBERS;
pub use output::Neighbours;
pub(crate) use output::{Output, Writer, expand, own};
pub(crate) use side::Side;
pub(crate) use tiles::worker_bytes;
#[cfg(test)]
pub(crate) use vectors::least_block;
pub(crate) use vectors::{block_rows, bytes as vector_bytes, serves};

use self::candidates::{Candidates, Context, Scratch};
use self::form::Form;
use self::judge::Judge;
use self::tiles::{Sweep, Worker, block_range};
use self::vectors::Vectors;
use crate::duplicates::Distinct;
use crate::engine::{self, Engine};
use crate::kernel::Kernel;
use crate::memory::{Plan, Sizes};
use crate::request::Request;
use crate::rows::Rows;
use crate::scale::Scale;

/// Finds the k nearest rows of every row.
pub fn neighbors(run: &Run, request: &Request) -> Result<Neighbours> {
    search(run, request, engine::chosen()?, |plan| plan)
}

/// The search, with a last word on its sizes; tests use it to force many small tiles.
pub(crate) fn search(
    run: &Run,
    request: &Request,
    engine: Engine,
    adjust: impl Fn(Plan) -> Plan,
) -> Result<Neighbours> {
    request.check()?;
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
        symmetric,
        repeats: symmetric && distinct.any_repeated(),
        jobs: run.jobs(),
    };
    let mut scaled = [largest];
    scale.apply(&mut scaled);
    let looked_at = AtomicU64::new(0);
    let mut search = Search {
        context: Context {
            engine,
            run: *run,
            asked: asked_side,
            data: data_side,
            judge: Judge::new(asked_side, data_side),
            asked_bounds: &[],
            data_bounds: &[],
            order: None,
            near: None,
            wanted: sizes.wanted,
            looked_at: &looked_at,
        },
        symmetric,
        distinct: &distinct,
        writer: Writer {
            metric,
            scale,
            k: request.k,
        },
    };
    let mut output = Output::new(asked_side.rows.len(), request.k)?;
    for kernel in engine.kernels(&sizes) {
        let plan = adjust(sizes.plan(Some(kernel), request.memory_limit)?);
        let Some(kernel) = plan.kernel else {
            break;
        };
        search.context.run = plan.run(run);
        let form = Form::new(run, data_side, scaled[0])?;
        if search.narrowly(kernel, &plan, &form, &mut output)? {
            return Ok(output.finish(distinct.n_repeated(), data.n_zero()));
        }
        looked_at.store(0, Ordering::Relaxed);
    }
    let plan = adjust(sizes.plan(None, request.memory_limit)?);
    search.context.run = plan.run(run);
    let centre = data_side.centre(run)?;
    let data_bounds = certify::bounds(run, &data_side, &centre)?;
    let query_bounds = match &queries {
        Some(_) => Some(certify::bounds(run, &asked_side, &centre)?),
        None => None,
    };
    search.context.asked_bounds = query_bounds.as_ref().unwrap_or(&data_bounds);
    search.context.data_bounds = &data_bounds;
    search.widely(&plan, &centre, &mut output)?;
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
#[derive(Clone, Copy)]
struct Search<'a> {
    context: Context<'a>,
    symmetric: bool,
    distinct: &'a Distinct,
    writer: Writer,
}

/// One row's place in a table of lists that nobody has filled.
const NOBODY: Ranked = Ranked {
    key: f64::INFINITY,
    index: u32::MAX,
};

/// Takes a list of (block, row within the block) and counts ties.
trait Take: Fn(usize, usize, &[Ranked], &mut [u64]) -> Result<()> + Sync {}
impl<F: Fn(usize, usize, &[Ranked], &mut [u64]) -> Result<()> + Sync> Take for F {}

impl Search<'_> {
    /// Searches by float64 products, in bands of rows.
    fn widely(&self, plan: &Plan, centre: &[f64], output: &mut Output) -> Result<()> {
        let shelf = Mutex::new(Vec::new());
        let sweep = |band: &Range<usize>| Sweep {
            context: &self.context,
            plan,
            centre,
            symmetric: self.symmetric,
            band: band.clone(),
            states: &[],
        };
        let blocks = self.context.asked.len().div_ceil(plan.block);
        let bands: Vec<_> = (0..blocks)
            .step_by(plan.band)
            .map(|start| start..(start + plan.band).min(blocks))
            .collect();
        let total: usize = bands
            .iter()
            .map(|band| sweep(band).tiles().len() + band.len())
            .sum();
        self.context.run.progress().start(total as u64);
        self.write(plan, output, &|take| {
            let mut ties = Vec::new();
            for band in &bands {
                let states = self.states(plan, band)?;
                let sweep = Sweep {
                    states: &states,
                    ..sweep(band)
                };
                let tiles = sweep.tiles();
                if self.context.wanted > 0 {
                    self.context.run.map_with(
                        tiles.len(),
                        || Shelved::take(&shelf, || sweep.worker()),
                        |worker, tile| {
                            sweep.run_tile(worker.get(), tiles[tile])?;
                            self.context.run.progress().step();
                            Ok(())
                        },
                    )?;
                }
                ties.extend(self.gather(plan, band, &states, take)?);
            }
            Ok(Some(ties))
        })?;
        Ok(())
    }

    /// Searches by a narrow kernel; returns false when that turns out to be the wrong one.
    fn narrowly(
        &self,
        kernel: Kernel,
        plan: &Plan,
        form: &Form,
        output: &mut Output,
    ) -> Result<bool> {
        let run = &self.context.run;
        let order = order::order(run, &self.context.data, form.middle(), plan.cluster)?;
        let vectors = Vectors::new(run, form, kernel, plan.block, order.as_deref())?;
        let context = Context {
            order: order.as_deref(),
            near: Some(vectors.near(form)),
            ..self.context
        };
        let search = Search { context, ..*self };
        search.sweep_narrowly(plan, form, &vectors, output)
    }

    fn sweep_narrowly(
        &self,
        plan: &Plan,
        form: &Form,
        vectors: &Vectors,
        output: &mut Output,
    ) -> Result<bool> {
        let run = &self.context.run;
        let flooded = AtomicBool::new(false);
        let band = 0..vectors.blocks();
        self.write(plan, output, &|take| {
            let states = self.states(plan, &band)?;
            let sweep = narrow::Sweep {
                context: &self.context,
                form,
                vectors,
                capacity: plan.capacity,
                states: &states,
                flooded: &flooded,
            };
            let (tiles, first) = sweep.tiles();
            run.progress().start((tiles.len() + band.len()) as u64);
            let stage = |tiles: &[(u32, u32)], before: usize| {
                run.map_with(
                    tiles.len(),
                    || sweep.worker(),
                    |worker, tile| {
                        sweep.run_tile(worker, before + tile, tiles[tile])?;
                        run.progress().step();
                        Ok(())
                    },
                )
            };
            stage(&tiles[..first], 0)?;
            if first < tiles.len() {
                run.map_with(
                    band.len(),
                    || sweep.worker(),
                    |worker, block| sweep.tighten(worker, block),
                )?;
            }
            stage(&tiles[first..], first)?;
            if flooded.load(Ordering::Relaxed) {
                return Ok(None);
            }
            self.gather(plan, &band, &states, take).map(Some)
        })
    }

    /// Empty candidates for the blocks of a band.
    fn states(&self, plan: &Plan, band: &Range<usize>) -> Result<Vec<Mutex<Candidates>>> {
        let mut states = with_capacity(band.len())?;
        for block in band.clone() {
            let range = block_range(block, plan.block, self.context.asked.len());
            let room = if self.context.wanted == 0 {
                0
            } else {
                plan.capacity
            };
            states.push(Mutex::new(Candidates::new(range.start, range.len(), room)?));
        }
        Ok(states)
    }

    /// Lets `work` find the lists and writes them; returns whether it did.
    fn write(
        &self,
        plan: &Plan,
        output: &mut Output,
        work: &dyn Fn(&dyn Take) -> Result<Option<Vec<Vec<u64>>>>,
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
    fn gather(
        &self,
        plan: &Plan,
        band: &Range<usize>,
        states: &[Mutex<Candidates>],
        take: &dyn Take,
    ) -> Result<Vec<Vec<u64>>> {
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
