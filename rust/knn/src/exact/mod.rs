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
pub(crate) mod certify;
mod collect;
mod diagonal;
mod form;
mod frame;
mod judge;
mod narrow;
mod near;
mod need;
mod order;
mod output;
mod scan;
pub(crate) mod side;
mod tiles;
mod vectors;

use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use layerscope_core::{Error, Result, Run};

pub use output::Neighbours;
pub(crate) use output::{Output, Writer, expand, own};
pub(crate) use side::Side;
#[cfg(test)]
pub(crate) use vectors::least_block;
pub(crate) use vectors::serves;

use self::candidates::Context;
use self::form::Form;
use self::judge::Judge;
use self::tiles::{Sweep, Worker};
use self::vectors::Vectors;
use crate::direct::{self, Direct};
use crate::duplicates::Distinct;
use crate::engine::{self, Engine};
use crate::kernel::Kernel;
use crate::memory::{Plan, Sizes};
use crate::request::Request;
use crate::rows::Rows;
use crate::scale::Scale;

/// The threads that a search is worth: waking one takes longer than the smallest searches.
fn threads<'a>(run: &Run<'a>, request: &Request) -> Run<'a> {
    const LEAST_SHARED: u64 = 25_000_000;
    if request.pairs() < LEAST_SHARED {
        run.serial()
    } else {
        *run
    }
}

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
    let run = &threads(run, request);
    let largest = request.check_values(run)?;
    let metric = request.metric;
    let scale = Scale::of(metric, largest);
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
        repeats: distinct.any_repeated(),
        angle: metric.is_angle(),
        copied: !Form::looks_at_given(&data, largest),
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
    if directly(&sizes, engine, request.memory_limit) {
        search.directly().search(run, &mut output)?;
        return Ok(output.finish(distinct.n_repeated(), data.n_zero()));
    }
    for kernel in engine.kernels(&sizes) {
        let plan = adjust(planned(&sizes, engine, Some(kernel), request.memory_limit)?);
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
    let plan = adjust(planned(&sizes, engine, None, request.memory_limit)?);
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

/// Whether keys are taken by their definition: where that is fast, and fits under the limit.
fn directly(sizes: &Sizes, engine: Engine, limit: Option<u64>) -> bool {
    engine.is_direct(sizes) && limit.is_none_or(|limit| direct::held(sizes) <= limit)
}

/// The plan of a search by products; a refusal names the least that any engine would hold.
fn planned(
    sizes: &Sizes,
    engine: Engine,
    kernel: Option<Kernel>,
    limit: Option<u64>,
) -> Result<Plan> {
    need::plan(sizes, kernel, limit).map_err(|error| match error {
        Error::MemoryLimit { needed, limit } if engine.is_direct(sizes) => Error::MemoryLimit {
            needed: needed.min(direct::held(sizes)),
            limit,
        },
        other => other,
    })
}

/// Bytes that a search holds, beside its answer, with the first engine that it tries.
pub(crate) fn scratch(sizes: &Sizes, engine: Engine, limit: Option<u64>) -> Result<u64> {
    if directly(sizes, engine, limit) {
        return Ok(direct::held(sizes));
    }
    let kernel = engine.kernels(sizes).first().copied();
    Ok(need::held(sizes, &planned(sizes, engine, kernel, limit)?))
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

impl<'a> Search<'a> {
    /// The search without products.
    fn directly(&self) -> Direct<'a> {
        Direct {
            asked: self.context.asked.rows,
            data: self.context.data.rows,
            symmetric: self.symmetric,
            groups: self.context.data.groups,
            writer: self.writer,
        }
    }

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
            near: Some(vectors.near(form, order.as_deref())),
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
                plan,
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
}
