//! From candidates to the answer: keys in float64, in the order that exact search writes.

use layerscope_core::{Ranked, Result, Run, filled};

use super::lists::{Lists, NOBODY};
use super::points::Points;
use crate::duplicates::Distinct;
use crate::exact::{Neighbours, Output, Writer, expand, own};
use crate::metric::Metric;

/// Rows worked on together.
const PIECE: usize = 256;
/// An entry that nobody has filled.
const EMPTY: Ranked = Ranked {
    key: f64::INFINITY,
    index: u32::MAX,
};

/// What it takes to answer for a row.
pub(crate) struct Answers<'a> {
    pub points: &'a Points<'a>,
    pub distinct: &'a Distinct,
    pub writer: &'a Writer,
    /// Distinct neighbours kept per distinct row, one more than asked.
    pub wanted: usize,
    /// The first distinct rows without a direction: they are at no place.
    pub zero: Vec<u32>,
    /// Place of every distinct row.
    pub homes: Vec<u32>,
}

/// Scratch of one thread.
pub(crate) struct Scratch {
    x: Vec<f64>,
    y: Vec<f64>,
    list: Vec<Ranked>,
    /// The answer for a row, nearest first.
    pub expanded: Vec<Ranked>,
}

impl Scratch {
    pub(crate) fn new(columns: usize) -> Result<Self> {
        Ok(Self {
            x: filled(columns, 0.0)?,
            y: filled(columns, 0.0)?,
            list: Vec::new(),
            expanded: Vec::new(),
        })
    }
}

/// Distinct neighbours of the rows at all places, `wanted` a place.
pub(crate) struct Table(Vec<Ranked>);

impl<'a> Answers<'a> {
    pub(crate) fn new(
        points: &'a Points<'a>,
        distinct: &'a Distinct,
        writer: &'a Writer,
        wanted: usize,
    ) -> Result<Self> {
        let mut homes = filled(distinct.len(), NOBODY)?;
        for (place, &number) in points.numbers().iter().enumerate() {
            homes[number as usize] = place as u32;
        }
        let lost = (0..homes.len() as u32).filter(|&u| homes[u as usize] == NOBODY);
        let zero = lost.take(wanted + 1).collect();
        Ok(Self {
            points,
            distinct,
            writer,
            wanted,
            zero,
            homes,
        })
    }

    fn metric(&self) -> Metric {
        self.writer.metric
    }

    /// Keys of the candidates of a place, the nearest `wanted` in order.
    fn nearest(&self, lists: &Lists, place: u32, scratch: &mut Scratch) {
        let side = self.points.side();
        let number = self.points.number(place);
        let row = side.row(number as usize);
        side.rows.read(row, &mut scratch.x);
        let root = side.rows.root(row);
        let candidates = lists.places(place).iter().filter(|&&other| other != NOBODY);
        let numbers = candidates.map(|&other| self.points.number(other));
        let zero = self.zero.iter().copied();
        let zero = zero.filter(|&other| !self.same_group(number, other));
        scratch.list.clear();
        for &other in lists.places(place) {
            if other != NOBODY {
                self.points.expect(other);
            }
        }
        for other in numbers.chain(zero) {
            let row = side.row(other as usize);
            side.rows.read(row, &mut scratch.y);
            let other_root = side.rows.root(row);
            scratch.list.push(Ranked {
                key: self.metric().key(&scratch.x, root, &scratch.y, other_root),
                index: other,
            });
        }
        scratch.list.sort_unstable();
        scratch.list.truncate(self.wanted);
    }

    /// A row without a direction is equally far from all: the first ones win.
    fn nearest_of_zero(&self, number: u32, scratch: &mut Scratch) {
        scratch.list.clear();
        let others = (0..self.homes.len() as u32)
            .filter(|&other| other != number && !self.same_group(number, other));
        let tied = others.map(|index| Ranked { key: 0.0, index });
        scratch.list.extend(tied.take(self.wanted));
    }

    fn same_group(&self, a: u32, b: u32) -> bool {
        let side = self.points.side();
        side.groups.is_some() && side.group(a as usize) == side.group(b as usize)
    }

    /// The answer for a row from the distinct neighbours of its distinct row, into
    /// `scratch.expanded`.
    fn answer(&self, row: usize, scratch: &mut Scratch) {
        let Scratch {
            x, list, expanded, ..
        } = scratch;
        if !self.distinct.any_repeated() {
            std::mem::swap(list, expanded);
            return;
        }
        let side = self.points.side();
        let u = self.distinct.of(row);
        if side.groups.is_none() && self.distinct.members(u).len() > 1 {
            side.rows.read(row, x);
            let root = side.rows.root(row);
            let copies = Ranked {
                key: self.metric().key(x, root, x, root),
                index: u as u32,
            };
            list.insert(list.partition_point(|other| *other < copies), copies);
        }
        let most = self.writer.k + 1;
        expand(list, self.distinct, Some(row as u32), most, expanded);
    }

    /// The answer for a row as the lists stand.
    pub(crate) fn of_row(&self, lists: &Lists, row: usize, scratch: &mut Scratch) {
        let number = self.distinct.of(row);
        match self.homes[number] {
            NOBODY => self.nearest_of_zero(number as u32, scratch),
            place => self.nearest(lists, place, scratch),
        }
        self.answer(row, scratch);
    }

    /// The distinct neighbours of every place, in the order of places, so that rows that are read
    /// together lie together.
    pub(crate) fn table(&self, run: &Run, lists: &Lists) -> Result<Table> {
        let mut table = filled(self.points.len() * self.wanted, EMPTY)?;
        let pieces = self.points.len().div_ceil(PIECE);
        run.progress().start(pieces as u64);
        run.for_each_chunk(&mut table, PIECE * self.wanted, |piece, chunk| {
            let mut scratch = Scratch::new(self.points.columns())?;
            for (at, slots) in chunk.chunks_exact_mut(self.wanted).enumerate() {
                self.nearest(lists, (piece * PIECE + at) as u32, &mut scratch);
                slots[..scratch.list.len()].copy_from_slice(&scratch.list);
            }
            run.progress().step();
            Ok(())
        })?;
        Ok(Table(table))
    }

    /// The answer for all rows; `None` when some row has too few candidates.
    pub(crate) fn all(
        &self,
        run: &Run,
        table: &Table,
        n_zero: usize,
    ) -> Result<Option<Neighbours>> {
        let rows = self.points.side().rows.len();
        let mut output = Output::new(rows, self.writer.k)?;
        let slots = output.slots(PIECE);
        let ties = run.map_with(
            slots.len(),
            || Scratch::new(self.points.columns()),
            |scratch, piece| {
                let mut slot = own(&slots[piece]);
                let mut tied = filled(self.writer.k, 0u64)?;
                for (local, row) in (piece * PIECE..((piece + 1) * PIECE).min(rows)).enumerate() {
                    let number = self.distinct.of(row);
                    match self.homes[number] {
                        NOBODY => self.nearest_of_zero(number as u32, scratch),
                        place => {
                            let start = place as usize * self.wanted;
                            let known = &table.0[start..start + self.wanted];
                            let known = known.iter().take_while(|ranked| **ranked != EMPTY);
                            scratch.list.clear();
                            scratch.list.extend(known);
                        }
                    }
                    self.answer(row, scratch);
                    if scratch.expanded.len() < self.writer.k {
                        return Ok(None);
                    }
                    self.writer
                        .write(&mut slot, local, &scratch.expanded, &mut tied)?;
                }
                Ok(Some(tied))
            },
        )?;
        drop(slots);
        let Some(ties) = ties.into_iter().collect::<Option<Vec<_>>>() else {
            return Ok(None);
        };
        output.count(ties);
        Ok(Some(output.finish(self.distinct.n_repeated(), n_zero)))
    }
}
