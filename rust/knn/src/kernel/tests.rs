//! Every kernel that the processor has against its safe twin, and the twin against the definition.

use half::bf16;
use layerscope_core::random::stream;
use proptest::prelude::*;
use rand::RngExt;

use super::panels::LONGEST_BYTES;
use super::*;

/// Rows in every precision, made from the same draws.
pub(super) struct Rows {
    single: Vec<Vec<f32>>,
    half: Vec<Vec<u16>>,
    byte: Vec<Vec<i8>>,
}

impl Rows {
    pub(super) fn draw(count: usize, features: usize, seed: u64, extreme: bool) -> Self {
        let mut generator = stream(seed, count as u64);
        let byte: Vec<Vec<i8>> = (0..count)
            .map(|_| {
                let draw = |_| {
                    let value = generator.random_range(-127..=127i64) as i8;
                    if extreme && value % 3 != 0 {
                        127 * value.signum()
                    } else {
                        value
                    }
                };
                (0..features).map(draw).collect()
            })
            .collect();
        let single: Vec<Vec<f32>> = byte
            .iter()
            .map(|row| row.iter().map(|&q| f32::from(q) * 0.37 + 0.011).collect())
            .collect();
        let half = single
            .iter()
            .map(|row| row.iter().map(|&x| bf16::from_f32(x).to_bits()).collect())
            .collect();
        Self { single, half, byte }
    }

    fn get(&self, precision: Precision, row: usize) -> Row<'_> {
        match precision {
            Precision::Single => Row::Single(&self.single[row]),
            Precision::Half => Row::Half(&self.half[row]),
            Precision::Byte => Row::Byte(&self.byte[row]),
        }
    }

    fn values(&self, precision: Precision, row: usize) -> Vec<f64> {
        match precision {
            Precision::Single => self.single[row].iter().map(|&x| f64::from(x)).collect(),
            Precision::Half => self.half[row]
                .iter()
                .map(|&x| bf16::from_bits(x).to_f64())
                .collect(),
            Precision::Byte => self.byte[row].iter().map(|&x| f64::from(x)).collect(),
        }
    }
}

/// Packed panels and the arrays of a test.
pub(super) struct Packed {
    pub(super) left: Words,
    pub(super) right: Words,
    pub(super) facts: [Vec<f32>; 6],
    initial: Vec<i32>,
}

impl Packed {
    pub(super) fn new(kernel: Kernel, x: &Rows, y: &Rows, features: usize, seed: u64) -> Self {
        let (rows, columns) = (x.byte.len(), y.byte.len());
        let mut left = Words::zeros(kernel.left_words(rows, features)).unwrap();
        let mut right = Words::zeros(kernel.right_words(columns, features)).unwrap();
        let precision = kernel.precision();
        let mut initial = vec![0; rows.next_multiple_of(kernel.left_rows())];
        for (row, slot) in initial.iter_mut().enumerate().take(rows) {
            *slot = kernel
                .pack_left(x.get(precision, row), row, &mut left)
                .unwrap();
        }
        for row in 0..columns {
            kernel
                .pack_right(y.get(precision, row), row, &mut right)
                .unwrap();
        }
        let mut generator = stream(seed, 99);
        let scale = if precision == Precision::Byte {
            0.37 * 0.37
        } else {
            1.0
        };
        let spread = 400.0 * (features as f32).sqrt();
        let mut draw = |count: usize, low: f32, high: f32| -> Vec<f32> {
            (0..count)
                .map(|_| low + (high - low) * generator.random::<f32>())
                .collect()
        };
        let (up, across) = (initial.len(), columns.next_multiple_of(kernel.right_rows()));
        let mut facts = [
            draw(up, 0.5, 2.0),
            draw(up, 0.0, spread),
            draw(up, -spread, 0.0),
            draw(across, 0.5 * scale, 2.0 * scale),
            draw(across, 0.0, spread),
            draw(across, -spread, 0.0),
        ];
        facts[1][rows..].fill(PADDING);
        facts[4][columns..].fill(PADDING);
        facts[2][0] = f32::NEG_INFINITY;
        facts[5][0] = f32::INFINITY;
        Self {
            left,
            right,
            facts,
            initial,
        }
    }

    pub(super) fn test(&self, row: usize, column: usize) -> Test<'_> {
        let [
            row_scale,
            row_term,
            row_threshold,
            column_scale,
            column_term,
            column_threshold,
        ] = &self.facts;
        Test {
            initial: &self.initial[row..],
            row_scale: &row_scale[row..],
            row_term: &row_term[row..],
            row_threshold: &row_threshold[row..],
            column_scale: &column_scale[column..],
            column_term: &column_term[column..],
            column_threshold: &column_threshold[column..],
        }
    }
}

/// Checks all tiles of two sets of rows.
fn check(kernel: Kernel, rows: usize, columns: usize, features: usize, seed: u64, extreme: bool) {
    let precision = kernel.precision();
    let x = Rows::draw(rows, features, seed, extreme);
    let y = Rows::draw(columns, features, seed ^ 1, extreme);
    let packed = Packed::new(kernel, &x, &y, features, seed);
    let (up, across) = (kernel.left_rows(), kernel.right_rows());
    let depth = kernel.depth(features);
    let unit = 2f64.powi(-24);
    for i0 in (0..rows).step_by(up) {
        for j0 in (0..columns).step_by(across) {
            let test = packed.test(i0, j0);
            let left = &packed.left[i0 * depth..];
            let right = &packed.right[j0 * depth..];
            let mut fast = Tile::default();
            let mut plain = Tile::default();
            let any = kernel.micro(left, right, depth, &test, &mut fast).unwrap();
            let plain_any = portable::micro(kernel, left, right, depth, &test, &mut plain);
            assert_eq!(any, fast.masks.iter().any(|&mask| mask != 0));
            if precision == Precision::Byte {
                assert_eq!(any, plain_any);
                assert_eq!(fast.masks, plain.masks);
                let bits = |tile: &Tile| tile.values.map(f32::to_bits);
                assert!(i0 + up > rows || j0 + across > columns || bits(&fast) == bits(&plain));
            }
            for i in 0..up.min(rows - i0) {
                let a = x.values(precision, i0 + i);
                for j in 0..across.min(columns - j0) {
                    let b = y.values(precision, j0 + j);
                    let product: f64 = a.iter().zip(&b).map(|(a, b)| a * b).sum();
                    let size: f64 = a.iter().zip(&b).map(|(a, b)| (a * b).abs()).sum();
                    let roundings = if precision == Precision::Byte {
                        1.0
                    } else {
                        2.0 * depth as f64 + 2.0
                    };
                    let scale = f64::from(test.column_scale[j]) * f64::from(test.row_scale[i]);
                    let term = f64::from(test.column_term[j]);
                    let exact = product * scale - term;
                    // The product's own error, then the scaling, the fused step.
                    let allowed =
                        unit * 1.001 * (scale * size * (roundings + 2.0) + exact.abs()) + 1e-30;
                    let most = test.row_threshold[i].max(test.column_threshold[j]);
                    let margin = exact + f64::from(most) - f64::from(test.row_term[i]);
                    let doubt = 2.0 * allowed + unit * (exact + f64::from(most).min(1e30)).abs();
                    let passed = any && fast.masks[i] >> j & 1 == 1;
                    if margin > doubt {
                        assert!(passed, "{kernel:?} {i} {j}: lost by {margin}");
                    } else if margin < -doubt {
                        assert!(!passed, "{kernel:?} {i} {j}: kept by {margin}");
                    }
                    if any {
                        let found = f64::from(fast.values[i * across + j]);
                        assert!(
                            (found - exact).abs() <= allowed,
                            "{kernel:?} {i} {j}: {found} is not {exact}"
                        );
                    }
                }
            }
            if any {
                let real = |count: usize, all: usize| (1u64 << count.min(all)) - 1;
                let columns_here = real(columns - j0, across);
                for (i, &mask) in fast.masks.iter().enumerate().take(up) {
                    let allowed = if i0 + i < rows { columns_here } else { 0 };
                    assert_eq!(u64::from(mask) & !allowed, 0, "padding never survives");
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn every_kernel_agrees_with_its_twin_and_the_definition(
        rows in 1usize..30,
        columns in 1usize..70,
        features in 0usize..70,
        seed in 0u64..1000,
        extreme: bool,
    ) {
        for kernel in Kernel::available() {
            check(kernel, rows, columns, features, seed, extreme);
        }
    }
}

#[test]
fn long_rows() {
    for kernel in Kernel::available() {
        check(
            kernel,
            kernel.left_rows(),
            kernel.right_rows(),
            20_001,
            3,
            true,
        );
    }
}

#[test]
fn the_longest_rows_of_extreme_bytes_do_not_overflow() {
    for kernel in Kernel::available() {
        if kernel.precision() != Precision::Byte {
            continue;
        }
        for sign in [1, -1] {
            let rows = |value: i8| Rows {
                single: Vec::new(),
                half: Vec::new(),
                byte: vec![vec![value; LONGEST_BYTES]],
            };
            let mut packed = Packed::new(kernel, &rows(127), &rows(127 * sign), LONGEST_BYTES, 1);
            packed.facts = packed.facts.map(|fact| vec![0.0; fact.len()]);
            packed.facts[0].fill(1.0);
            packed.facts[3].fill(1.0);
            packed.facts[2].fill(f32::INFINITY);
            let mut tile = Tile::default();
            let depth = kernel.depth(LONGEST_BYTES);
            let test = packed.test(0, 0);
            let any = kernel.micro(&packed.left, &packed.right, depth, &test, &mut tile);
            assert!(any.unwrap());
            let exact = i64::from(sign) * 127 * 127 * LONGEST_BYTES as i64;
            assert_eq!(tile.values[0], exact as f32, "{kernel:?}");
            let longer = vec![1i8; LONGEST_BYTES + 1];
            let refused = kernel.pack_left(Row::Byte(&longer), 0, &mut packed.left);
            assert!(refused.is_err());
        }
    }
}

#[test]
fn what_does_not_fit_is_refused_before_any_address_is_formed() {
    for kernel in Kernel::available() {
        let (x, y) = (Rows::draw(3, 9, 1, false), Rows::draw(3, 9, 2, false));
        let packed = Packed::new(kernel, &x, &y, 9, 1);
        let depth = kernel.depth(9);
        let mut tile = Tile::default();
        let test = packed.test(0, 0);
        let mut run = |left: &[u32], right: &[u32], depth: usize, test: &Test| {
            kernel.micro(left, right, depth, test, &mut tile).is_ok()
        };
        let (left, right): (&[u32], &[u32]) = (&packed.left, &packed.right);
        assert!(run(left, right, depth, &test));
        assert!(!run(&left[1..], right, depth, &test));
        assert!(!run(left, &right[1..], depth, &test));
        assert!(!run(left, right, depth + 1, &test));
        assert!(!run(left, right, usize::MAX, &test));
        let short = |facts: &'static [f32]| facts;
        for broken in [
            Test {
                row_scale: short(&[1.0]),
                ..test
            },
            Test {
                row_term: short(&[1.0]),
                ..test
            },
            Test {
                row_threshold: short(&[1.0]),
                ..test
            },
            Test {
                column_scale: short(&[1.0]),
                ..test
            },
            Test {
                column_term: short(&[1.0]),
                ..test
            },
            Test {
                column_threshold: short(&[1.0]),
                ..test
            },
        ] {
            assert!(!run(left, right, depth, &broken));
        }
        let broken = Test {
            initial: &[0],
            ..test
        };
        assert_eq!(
            run(left, right, depth, &broken),
            kernel.precision() != Precision::Byte
        );
        let mut words = vec![0; kernel.left_words(3, 9)];
        let row = x.get(kernel.precision(), 0);
        assert!(
            kernel
                .pack_left(row, kernel.left_rows(), &mut words)
                .is_err()
        );
        let other = match kernel.precision() {
            Precision::Single => x.get(Precision::Byte, 0),
            _ => x.get(Precision::Single, 0),
        };
        assert!(kernel.pack_left(other, 0, &mut words).is_err());
    }
}

#[test]
fn the_portable_kernels_are_everywhere() {
    for precision in [Precision::Single, Precision::Half, Precision::Byte] {
        assert!(Kernel::new(precision, Isa::Portable).is_some());
        assert_eq!(Kernel::widest(precision).precision(), precision);
    }
    assert_eq!(Kernel::new(Precision::Single, Isa::Avx512Vnni), None);
    assert!(
        Kernel::available()
            .iter()
            .all(|kernel| kernel.left_rows() <= MOST_LEFT)
    );
    let words = Words::zeros(40).unwrap();
    assert_eq!(words.as_ptr().addr() % 64, 0);
    assert_eq!(words.len(), 40);
}
