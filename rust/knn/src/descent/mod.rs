//! Approximate search: random partitions whose leaves are compared pair by pair, then NN-descent,
//! until an exactly searched sample of rows says that enough was found.
//!
//! 1. `partition`: leaves of near rows. 2. `join`: all pairs of a leaf, by the int8 kernel.
//! 3. `pull`: neighbours of neighbours, by rows rounded once (`copies`). 4. `truth` and `recall`: how much is there.
//! 5. `answer`: keys in float64, so the values handed out are those of exact search.

mod answer;
mod copies;
mod join;
mod lists;
mod partition;
mod points;
mod pull;
mod quantise;
mod recall;
mod truth;

use layerscope_core::{Error, Ranked, Result, Run, filled};

pub use recall::Recall;

use self::answer::Answers;
use self::copies::Copies;
use self::lists::Lists;
use self::partition::{Cut, Leaves};
use self::points::Points;
use self::pull::{REVERSE, pull};
use self::truth::Truth;
use crate::duplicates::Distinct;
use crate::exact::{self, Neighbours, Side, Writer};
use crate::kernel::{Kernel, LONGEST_BYTES, Precision};
use crate::memory::{Sizes, bytes};
use crate::metric::Metric;
use crate::request::Request;
use crate::rows::Rows;
use crate::scale::Scale;

/// Neighbours at most; beyond, lists grow so long that exact search is the better choice.
const MOST_NEIGHBOURS: usize = 100;
/// Rows of a group at most.
const LARGEST_GROUP: usize = 1000;

/// What an approximate search found, or an exact one in its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Approximate {
    /// The neighbours; values are exact for the pairs in them.
    pub neighbours: Neighbours,
    /// How many of the true neighbours are among them; `None` when the search was exact.
    pub recall: Option<Recall>,
    /// Why the search was exact, if it was.
    pub exact_because: Option<&'static str>,
}

/// How hard to try.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effort {
    /// An int8 kernel; all give the same bits.
    pub kernel: Kernel,
    /// Distinct rows below which the search is exact.
    pub smallest: usize,
    /// Rows of a leaf, about.
    pub leaf: usize,
    /// Recall at which the search stops.
    pub enough: f64,
    /// Rows searched exactly, first to steer, then to report.
    pub steering: usize,
    pub reporting: usize,
}

impl Effort {
    fn usual() -> Self {
        Self {
            kernel: Kernel::widest(Precision::Byte),
            smallest: 10_000,
            leaf: 4000,
            enough: 0.99,
            steering: 192,
            reporting: 320,
        }
    }
}

/// What is done between two looks at the recall, in this order, until it is enough. Data that fall
/// apart are found in a few small leaves; what is left hangs together, and there larger leaves find
/// more in the same time.
const STEPS: [&[Step]; 9] = [
    &[Step::Small, Step::Small],
    &[Step::Small],
    &[Step::Small],
    &[Step::Large],
    &[Step::Large],
    &[Step::Large, Step::Large],
    &[Step::Large, Step::Large],
    &[Step::Pull],
    &[Step::Large, Step::Large, Step::Pull],
];
/// How much larger large leaves are.
const LARGER: usize = 4;

#[derive(Clone, Copy, PartialEq)]
enum Step {
    /// Cut into small leaves and compare all pairs of each.
    Small,
    /// The same with large leaves.
    Large,
    /// Look at neighbours of neighbours.
    Pull,
}

/// Finds nearly all of the k nearest rows of every row; the same for any number of threads.
pub fn approximate(run: &Run, request: &Request, seed: u64) -> Result<Approximate> {
    search(run, request, seed, Effort::usual())
}

pub(crate) fn search(
    run: &Run,
    request: &Request,
    seed: u64,
    effort: Effort,
) -> Result<Approximate> {
    request.check()?;
    let exactly = |because| {
        let neighbours = exact::neighbors(run, request)?;
        Ok(Approximate {
            neighbours,
            recall: None,
            exact_because: Some(because),
        })
    };
    let (n, d) = (request.data.rows(), request.data.columns());
    let unsuited = match request.queries {
        Some(_) => Some("there are queries"),
        None => unsuited(n, d, request.k, request.metric, effort),
    };
    if let Some(because) = unsuited {
        return exactly(because);
    }
    let crowd = request.groups.map_or(0, largest_group);
    if crowd > LARGEST_GROUP {
        return exactly("a group has more than 1000 rows");
    }
    let largest = request.check_values(run)?;
    let metric = request.metric;
    let scale = Scale::of(metric, largest);
    let rows = Rows::new(run, request.data, metric, scale)?;
    let distinct = Distinct::find(run, &request.data, request.groups)?;
    if distinct.len() < effort.smallest {
        return exactly("few rows differ");
    }
    let side = Side {
        rows: &rows,
        distinct: Some(&distinct),
        groups: request.groups,
    };
    let sizes = Sizes {
        rows: n,
        repeats: distinct.any_repeated(),
        ..Sizes::of_one_layer(distinct.len(), d, request.k, metric.is_angle(), run.jobs())
    };
    let needed = held(&sizes, request.k, effort);
    if let Some(limit) = request.memory_limit.filter(|&limit| needed > limit) {
        return Err(Error::MemoryLimit { needed, limit });
    }
    let size = effort.steering + effort.reporting;
    let truth = Truth::draw(run, request, size, crowd, seed)?;
    let largest = if scale.is_none() { largest } else { 1.0 };
    let points = Points::new(side, request.data.values(), largest)?;
    let writer = Writer {
        metric,
        scale,
        k: request.k,
    };
    let mut descent = Descent {
        run,
        points,
        seed,
        effort,
        partitions: 0,
    };
    let wanted = request.k + 1;
    let (lists, recall) = descent.descend(&truth, &distinct, &writer, wanted)?;
    let answers = Answers::new(&descent.points, &distinct, &writer, wanted)?;
    let table = answers.table(run, &lists)?;
    drop(lists);
    match answers.all(run, &table, rows.n_zero())? {
        Some(neighbours) => Ok(Approximate {
            neighbours,
            recall: Some(recall),
            exact_because: None,
        }),
        None => exactly("some rows met too few others"),
    }
}

/// Whether a search of that many rows, features and neighbours can be approximate.
pub(crate) fn suits(n: usize, d: usize, k: usize, metric: Metric) -> bool {
    unsuited(n, d, k, metric, Effort::usual()).is_none()
}

/// Why it cannot.
fn unsuited(n: usize, d: usize, k: usize, metric: Metric, effort: Effort) -> Option<&'static str> {
    let reasons = [
        (
            metric == Metric::InnerProduct,
            "the largest inner products need not be near",
        ),
        (k > MOST_NEIGHBOURS, "more than 100 neighbours are wanted"),
        (n < effort.smallest, "there are fewer than 10,000 rows"),
        (d > LONGEST_BYTES, "rows are too long"),
        (n > 1 << 31, "there are too many rows"),
    ];
    let found = reasons.into_iter().find(|(unsuited, _)| *unsuited);
    found.map(|(_, because)| because)
}

fn largest_group(groups: &[u32]) -> usize {
    let mut sorted = groups.to_vec();
    sorted.sort_unstable();
    let sizes = sorted.chunk_by(|a, b| a == b).map(<[u32]>::len);
    sizes.max().unwrap_or(0)
}

/// Slots of a list for that many wanted distinct neighbours: room for what is misjudged.
fn list_length(wanted: usize) -> usize {
    (wanted + (wanted / 4).max(5)).next_multiple_of(8)
}

/// Bytes held at once beside the answer: while leaves are joined or lists are pulled (twice the
/// lists, rounded rows, who lists whom, the packed leaf of every thread), or at the end, when keys
/// are put in tables.
fn held(sizes: &Sizes, k: usize, effort: Effort) -> u64 {
    let [n, d, jobs] = [sizes.data, sizes.columns, sizes.jobs].map(|size| size as u128);
    let lists = 8 * list_length(k + 1) as u128;
    let places = 16;
    let copies = d + size_of::<copies::Head>() as u128;
    let asked = 8 + 4 * REVERSE as u128;
    let leaf = (LARGER * effort.leaf).min(sizes.data) as u128;
    let joining = n * (copies + 2 * lists + asked + places) + jobs * leaf * (2 * d + 24);
    bytes(sizes.shared() + joining.max(n * (lists + table(k) + places)))
}

/// Bytes of a row in the table of keys.
fn table(k: usize) -> u128 {
    size_of::<Ranked>() as u128 * (k as u128 + 1)
}

/// Bytes that the search and its answer take at most at once.
pub(crate) fn peak(sizes: &Sizes, k: usize, limit: Option<u64>) -> Result<u64> {
    let needed = held(sizes, k, Effort::usual());
    if let Some(limit) = limit.filter(|&limit| needed > limit) {
        return Err(Error::MemoryLimit { needed, limit });
    }
    let ending = sizes.shared() + sizes.rows as u128 * (table(k) + 12 * k as u128 + 8);
    Ok(needed.max(bytes(ending)))
}

struct Descent<'a> {
    run: &'a Run<'a>,
    points: Points<'a>,
    seed: u64,
    effort: Effort,
    partitions: u64,
}

impl Descent<'_> {
    fn leaves(&mut self, target: usize) -> Result<Leaves> {
        let number = self.partitions;
        self.partitions += 1;
        let cut = Cut {
            run: self.run,
            kernel: self.effort.kernel,
            points: &self.points,
            target,
            seed: self.seed,
            number,
        };
        cut.leaves()
    }

    /// Works until the recall is enough; returns the lists and the recall by the other sample.
    fn descend(
        &mut self,
        truth: &Truth,
        distinct: &Distinct,
        writer: &Writer,
        wanted: usize,
    ) -> Result<(Lists, Recall)> {
        // The first partition gives the places, so that near rows lie near each other.
        let first = self.leaves(self.effort.leaf)?;
        self.points.renumber(first.order())?;
        let mut first = Some(first.renumbered());
        let n = self.points.len();
        let mut lists = Lists::empty(n, list_length(wanted))?;
        let mut copies = Copies::new(self.run, &self.points)?;
        let mut fresh = filled(n, u32::MAX)?;
        let mut met = 0;
        let steering = 0..self.effort.steering.min(truth.len());
        for steps in STEPS {
            for step in steps {
                if *step == Step::Pull {
                    pull(self.run, &self.points, &copies, &mut lists, &mut fresh)?;
                    continue;
                }
                let leaves = match (first.take(), step) {
                    (Some(leaves), _) => leaves,
                    (None, Step::Large) => self.leaves(LARGER * self.effort.leaf)?,
                    (None, _) => self.leaves(self.effort.leaf)?,
                };
                join::join(
                    self.run,
                    self.effort.kernel,
                    &self.points,
                    &leaves,
                    &mut lists,
                )?;
                for leaf in 0..leaves.len() {
                    for &place in leaves.places(leaf) {
                        copies.remember(place, met, leaf as u32);
                    }
                }
                met += 1;
                fresh.fill(u32::MAX);
            }
            let answers = Answers::new(&self.points, distinct, writer, wanted)?;
            let recall = truth.recall(self.run, &answers, &lists, steering.clone())?;
            if steering.is_empty() || recall.value >= self.effort.enough {
                break;
            }
        }
        let answers = Answers::new(&self.points, distinct, writer, wanted)?;
        let recall = truth.recall(self.run, &answers, &lists, steering.end..truth.len())?;
        Ok((lists, recall))
    }
}

#[cfg(test)]
mod tests;
