//! Every pair of every leaf, through the block kernel.
//!
//! The leaves of one partition are disjoint, so each list belongs to one piece of work: nothing is
//! locked, and the answer does not depend on the threads.

use layerscope_core::{Result, Run, filled};

use super::lists::{Lists, insert, worst};
use super::partition::Leaves;
use super::points::{Points, Reader};
use super::quantise::{Packed, Sides};
use crate::kernel::{Kernel, Tile};
use layerscope_core::widest;

/// Rows of a block inside a leaf: a common multiple of the panels of every kernel.
const BLOCK: usize = 96;
/// Rows whose lists are written back together.
const PIECE: usize = 1024;

struct Scratch {
    packed: Packed,
    reader: Reader,
    centre: Vec<f64>,
    limits: Vec<f32>,
    tile: Tile,
}

/// Offers every pair of every leaf to both of its lists.
pub(crate) fn join(
    run: &Run,
    kernel: Kernel,
    points: &Points,
    leaves: &Leaves,
    lists: &mut Lists,
) -> Result<()> {
    let columns = points.columns();
    let stride = lists.stride();
    let most = leaves.largest().next_multiple_of(BLOCK);
    let make = || {
        Ok(Scratch {
            packed: Packed::new(kernel, most, columns, Sides::Both)?,
            reader: Reader::new(columns)?,
            centre: filled(columns, 0.0)?,
            limits: filled(most, 0.0)?,
            tile: Tile::default(),
        })
    };
    let before = &*lists;
    run.progress().start(leaves.len() as u64);
    let joined = run.map_with(leaves.len(), make, |scratch, leaf| {
        let places = leaves.places(leaf);
        let mut words = filled(places.len() * stride, 0)?;
        for (row, &place) in words.chunks_exact_mut(stride).zip(places) {
            row.copy_from_slice(before.row(place));
        }
        join_leaf(run, points, places, scratch, &mut words, stride)?;
        run.progress().step();
        Ok(words)
    })?;
    let homes = leaves.homes()?;
    run.for_each_chunk(lists.words_mut(), PIECE * stride, |piece, words| {
        for (at, row) in words.chunks_exact_mut(stride).enumerate() {
            let (leaf, slot) = homes[piece * PIECE + at];
            row.copy_from_slice(&joined[leaf as usize][slot as usize * stride..][..stride]);
        }
        Ok(())
    })
}

fn join_leaf(
    run: &Run,
    points: &Points,
    places: &[u32],
    scratch: &mut Scratch,
    words: &mut [u32],
    stride: usize,
) -> Result<()> {
    points.centre(places, &mut scratch.reader, &mut scratch.centre);
    scratch
        .packed
        .fill(run, points, places, &scratch.centre, &mut scratch.reader)?;
    for (limit, row) in scratch.limits.iter_mut().zip(words.chunks_exact(stride)) {
        *limit = worst(row);
    }
    scratch.limits[places.len()..].fill(0.0);
    let blocks = places.len().div_ceil(BLOCK);
    // Blocks near the diagonal first: neighbours in a leaf tend to be near, and limits fall early.
    for offset in 0..blocks {
        for block in 0..blocks - offset {
            run.check()?;
            let rows = block * BLOCK;
            join_blocks(
                points,
                places,
                scratch,
                words,
                (rows, rows + offset * BLOCK),
            )?;
        }
    }
    Ok(())
}

fn join_blocks(
    points: &Points,
    places: &[u32],
    scratch: &mut Scratch,
    words: &mut [u32],
    (rows, columns): (usize, usize),
) -> Result<()> {
    let Scratch {
        packed,
        limits,
        tile,
        ..
    } = scratch;
    let kernel = packed.kernel();
    let (up, across) = (kernel.left_rows(), kernel.right_rows());
    let end = |start: usize| (start + BLOCK).min(places.len());
    for column in (columns..end(columns)).step_by(across) {
        for row in (rows..end(rows)).step_by(up) {
            // Tiles below the diagonal hold only pairs that another tile holds too.
            if row >= column + across {
                break;
            }
            if packed.test(row, limits, packed, column, limits, tile)? {
                let here = (row, column, up, across);
                offer(points, places, packed, tile, limits, words, here);
            }
        }
    }
    Ok(())
}

/// Offers the survivors of a tile to the lists of both sides.
fn offer(
    points: &Points,
    places: &[u32],
    packed: &Packed,
    tile: &Tile,
    limits: &mut [f32],
    words: &mut [u32],
    (row, column, up, across): (usize, usize, usize, usize),
) {
    let stride = words.len() / places.len();
    widest(
        #[inline(always)]
        || {
            for r in 0..up {
                let i = row + r;
                // Each pair once: only columns beyond the row.
                let below = (i + 1).saturating_sub(column).min(32);
                let mut mask = u64::from(tile.masks[r]) >> below << below;
                while mask != 0 {
                    let c = mask.trailing_zeros() as usize;
                    mask &= mask - 1;
                    let j = column + c;
                    let key = packed.row_term(i) - tile.values[r * across + c];
                    if points.barred(places[i], places[j]) {
                        continue;
                    }
                    if key < limits[i] {
                        let list = &mut words[i * stride..(i + 1) * stride];
                        limits[i] = insert(list, limits[i], places[j], key);
                    }
                    if key < limits[j] {
                        let list = &mut words[j * stride..(j + 1) * stride];
                        limits[j] = insert(list, limits[j], places[i], key);
                    }
                }
            }
        },
    );
}
