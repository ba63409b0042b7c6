//! The promises of sections 5 to 7 of docs/neighbours-proof.md, for every kernel there is.

use std::num::NonZeroUsize;

use layerscope_core::{Element, Interrupt, Matrix, Progress, Run};
use layerscope_testkit::knn_matrices::nasty;

use super::super::side;
use super::super::vectors::least_block;
use super::*;
use crate::kernel::{Kernel, Precision};
use crate::metric::Metric;
use crate::rows::{Rows, magnitude};
use crate::scale::Scale;

/// Checks that no lower bound exceeds its key; returns how far the widest lies below, against
/// the largest key.
fn check_all_pairs(name: &str, values: &[f64], d: usize, metric: Metric, kernel: Kernel) -> f64 {
    let (interrupt, progress) = (Interrupt::default(), Progress::default());
    let run = Run::new(NonZeroUsize::MIN, &interrupt, &progress);
    let n = values.len() / d;
    let matrix = Matrix::new("X", Element::F64(values), n, d).unwrap();
    let mut largest = [magnitude(values)];
    let scale = if metric.is_angle() {
        Scale::NONE
    } else {
        Scale::bringing(largest[0])
    };
    scale.apply(&mut largest);
    let rows = Rows::new(&run, matrix, metric, scale).unwrap();
    let side = side::Side {
        rows: &rows,
        distinct: None,
        groups: None,
    };
    let form = Form::new(&run, side, largest[0]).unwrap();
    let vectors = Vectors::new(&run, &form, kernel, least_block(kernel), None).unwrap();
    let (left, right) = (kernel.left_rows(), kernel.right_rows());
    let near = vectors.near(&form, None);
    let mut frame = Frame::new(&vectors).unwrap();
    let mut tile = Tile::default();
    let (mut x, mut y) = (vec![0.0; d], vec![0.0; d]);
    let (mut widest, mut highest) = (0.0f64, 0.0f64);
    for (i, j) in (0..vectors.blocks()).flat_map(|i| (0..vectors.blocks()).map(move |j| (i, j))) {
        frame.set(&vectors, i, j);
        for start in (0..vectors.range(i).len()).step_by(left) {
            for first in (0..vectors.range(j).len()).step_by(right) {
                let panels = (start / left, first / right);
                let test = frame.test((panels.0, start), (panels.1, first));
                let (a, b) = (vectors.left(i, panels.0), vectors.right(j, panels.1));
                assert!(kernel.micro(a, b, vectors.depth, &test, &mut tile).unwrap());
                for (row, column) in (0..left).flat_map(|r| (0..right).map(move |c| (r, c))) {
                    let me = i * vectors.block + start + row;
                    let you = j * vectors.block + first + column;
                    let passed = tile.masks[row] >> column & 1 == 1;
                    if me >= n || you >= n {
                        assert!(!passed, "{name}: padding passed");
                        continue;
                    }
                    assert!(
                        passed,
                        "{name} {me} {you}: did not pass an infinite threshold"
                    );
                    let w = f64::from(tile.values[row * right + column]);
                    let lower = form.key(f64::from(test.row_term[row]) - w);
                    rows.read(me, &mut x);
                    rows.read(you, &mut y);
                    let key = metric.key(&x, rows.root(me), &y, rows.root(you));
                    assert!(
                        lower <= key,
                        "{name} {me} {you}: {lower:e} {key:e} {kernel:?}"
                    );
                    let (lower, upper) = near.look(me, &[you])[0];
                    assert!(
                        lower <= key && key <= upper,
                        "{name} {me} {you}: {lower:e} {key:e} {upper:e} near"
                    );
                    let mut limit = [0.0];
                    form.limits(&[key], &mut limit);
                    assert!(f64::from(limit[0]) >= f64::from(test.row_term[row]) - w);
                    widest = widest.max(key - lower);
                    highest = highest.max(key.abs());
                }
            }
        }
    }
    widest / highest
}

#[test]
fn no_lower_bound_exceeds_its_key() {
    for (n, d) in [(12, 1), (23, 5), (17, 64), (9, 300)] {
        for (name, table) in nasty(n, d, 12) {
            for metric in Metric::ALL {
                for kernel in Kernel::available() {
                    check_all_pairs(name, &table.values, d, metric, kernel);
                }
            }
        }
    }
}

#[test]
fn long_rows_keep_their_bounds() {
    for (name, table) in nasty(3, 20_000, 13) {
        for kernel in Kernel::available() {
            check_all_pairs(name, &table.values, 20_000, Metric::Euclidean, kernel);
        }
    }
}

#[test]
fn offsets_cost_nothing_and_digits_what_they_should() {
    let (_, table) = nasty(30, 64, 14).swap_remove(0);
    for kernel in Kernel::available() {
        let allowed = match kernel.precision() {
            Precision::Single => 1e-4,
            Precision::Half => 0.02,
            Precision::Byte => 0.1,
        };
        for metric in Metric::ALL {
            let width = check_all_pairs("gaussian", &table.values, 64, metric, kernel);
            assert!(width < allowed, "{kernel:?} {metric:?} {width}");
        }
        for offset in [1e3, 1e6] {
            let shifted: Vec<f64> = table.values.iter().map(|x| x + offset).collect();
            let metric = Metric::Euclidean;
            let width = check_all_pairs("shifted", &shifted, 64, metric, kernel);
            assert!(width < allowed, "{kernel:?} {offset} {width}");
        }
    }
}
