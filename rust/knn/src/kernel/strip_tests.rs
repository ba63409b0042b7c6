//! Strips against single tiles by the safe twin.

use proptest::prelude::*;

use super::super::panels::{Kernel, Precision};
use super::super::portable;
use super::super::tests::{Packed, Rows};
use super::super::tile::{Test, Tile};
use super::{Strip, Survivor, Survivors};

/// What the safe twin finds, tile by tile; f32 kernels round in another order and are left to
/// their own single tiles.
fn plainly(kernel: Kernel, strip: &Strip) -> Vec<Survivor> {
    let (rows, columns) = (kernel.left_rows(), kernel.right_rows());
    let mut tile = Tile::default();
    let mut found = Vec::new();
    for panel in 0..strip.panels {
        let test = strip.of(panel, rows);
        let left = &strip.left[panel * rows * strip.depth..];
        let any = if kernel.precision() == Precision::Byte {
            portable::micro(kernel, left, strip.right, strip.depth, &test, &mut tile)
        } else {
            let right = strip.right;
            kernel
                .micro(left, right, strip.depth, &test, &mut tile)
                .unwrap()
        };
        for (row, column) in (0..rows).flat_map(|r| (0..columns).map(move |c| (r, c))) {
            if any && tile.masks[row] >> column & 1 == 1 {
                found.push(Survivor {
                    row: (strip.first.0 + panel * rows + row) as u16,
                    column: (strip.first.1 + column) as u16,
                    value: tile.values[row * columns + column],
                });
            }
        }
    }
    found
}

/// Works through a strip as often as it takes with so much room.
fn in_pieces(kernel: Kernel, strip: &Strip, room: usize) -> Vec<Survivor> {
    let rows = kernel.left_rows();
    let mut survivors = Survivors::new(room).unwrap();
    let mut tile = Tile::default();
    let (mut done, mut found) = (0, Vec::new());
    while done < strip.panels {
        let rest = Strip {
            left: &strip.left[done * rows * strip.depth..],
            panels: strip.panels - done,
            first: (strip.first.0 + done * rows, strip.first.1),
            test: strip.of(done, rows),
            ..*strip
        };
        let now = kernel.strip(&rest, &mut tile, &mut survivors).unwrap();
        assert!(now > 0, "an empty buffer has room for one panel");
        done += now;
        assert!(survivors.found().len() <= room);
        found.extend_from_slice(survivors.found());
        survivors.clear();
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn strips_are_tiles_one_after_another(
        rows in 1usize..150,
        features in 0usize..200,
        seed in 0u64..1000,
        extreme: bool,
        more in 0usize..3000,
    ) {
        for kernel in Kernel::available() {
            let (up, across) = (kernel.left_rows(), kernel.right_rows());
            let x = Rows::draw(rows, features, seed, extreme);
            let y = Rows::draw(across, features, seed ^ 1, extreme);
            let mut packed = Packed::new(kernel, &x, &y, features, seed);
            let panels = rows.div_ceil(up);
            let stride = across + 5;
            // The terms of each panel's columns are others.
            let terms = packed.facts[4].clone();
            packed.facts[4] = (0..panels * stride)
                .map(|at| terms[at % stride % across] + (at / stride * 40) as f32)
                .collect();
            let strip = Strip {
                left: &packed.left,
                panels,
                right: &packed.right,
                first: (7, 3),
                depth: kernel.depth(features),
                test: packed.test(0, 0),
                stride,
            };
            let plain = plainly(kernel, &strip);
            prop_assert_eq!(&in_pieces(kernel, &strip, up * across), &plain);
            prop_assert_eq!(&in_pieces(kernel, &strip, up * across + more), &plain);
        }
    }
}

#[test]
fn what_does_not_fit_is_refused_before_any_address_is_formed() {
    for kernel in Kernel::available() {
        let (up, across) = (kernel.left_rows(), kernel.right_rows());
        let x = Rows::draw(2 * up, 65, 1, false);
        let y = Rows::draw(across, 65, 2, false);
        let mut packed = Packed::new(kernel, &x, &y, 65, 1);
        packed.facts[4].resize(2 * across, 0.0);
        let good = Strip {
            left: &packed.left,
            panels: 2,
            right: &packed.right,
            first: (0, 0),
            depth: kernel.depth(65),
            test: packed.test(0, 0),
            stride: across,
        };
        let fits = |strip: Strip| {
            let mut survivors = Survivors::new(up * across).unwrap();
            kernel
                .strip(&strip, &mut Tile::default(), &mut survivors)
                .is_ok()
        };
        assert!(fits(good));
        let broken = [
            Strip { panels: 3, ..good },
            Strip {
                panels: usize::MAX,
                ..good
            },
            Strip {
                left: &good.left[1..],
                ..good
            },
            Strip {
                right: &good.right[1..],
                ..good
            },
            Strip {
                depth: good.depth + 1,
                ..good
            },
            Strip {
                depth: usize::MAX,
                ..good
            },
            Strip {
                stride: across + 1,
                ..good
            },
            Strip {
                stride: usize::MAX,
                ..good
            },
            Strip {
                first: (usize::MAX, 0),
                ..good
            },
            Strip {
                first: (0, 65_535),
                ..good
            },
            Strip {
                test: Test {
                    row_term: &good.test.row_term[1..],
                    ..good.test
                },
                ..good
            },
        ];
        for (at, strip) in broken.into_iter().enumerate() {
            assert!(!fits(strip), "{kernel:?} {at}");
        }
    }
}
