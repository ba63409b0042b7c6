//! Matrices that hurt: each breaks some shortcut that a fast neighbour search would like to take.

use layerscope_core::random::stream;
use rand::{Rng, RngExt};

/// A matrix of float64, row by row.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// The values.
    pub values: Vec<f64>,
    /// Features.
    pub columns: usize,
}

impl Table {
    /// Wraps values of that many columns.
    pub fn new(values: Vec<f64>, columns: usize) -> Self {
        Self { values, columns }
    }

    /// The rows in order.
    pub fn rows(&self) -> impl Iterator<Item = &[f64]> {
        self.values.chunks_exact(self.columns)
    }

    /// Number of rows.
    pub fn n_rows(&self) -> usize {
        self.values.len() / self.columns
    }
}

/// Standard normal values (Box and Muller).
fn normal(generator: &mut impl Rng) -> f64 {
    let radius = (-2.0 * (1.0 - generator.random::<f64>()).ln()).sqrt();
    radius * (generator.random::<f64>() * std::f64::consts::TAU).cos()
}

/// All of them for one size, with names.
pub fn nasty(n: usize, d: usize, seed: u64) -> Vec<(&'static str, Table)> {
    type Rule = fn(usize, usize, &mut [f64]);
    // Each rule gets (row, number of rows, a row of standard normal values) and spoils it.
    let rules: [(&'static str, Rule); 21] = [
        ("gaussian", |_, _, _| {}),
        ("rectified", |_, _, row| change(row, |x| x.max(0.0))),
        ("grid of ties", |_, _, row| change(row, f64::round)),
        ("signs", |_, _, row| change(row, f64::signum)),
        ("all equal", |_, _, row| row.fill(0.1)),
        ("all zero", |i, _, row| {
            row.fill(if i % 2 == 0 { 0.0 } else { -0.0 });
        }),
        ("each row constant", |i, _, row| {
            row.fill(0.1 * (i / 2) as f64);
        }),
        ("zero rows", |i, _, row| {
            if i % 3 == 0 {
                row.fill(0.0);
            }
        }),
        ("shifted by a thousand", |_, _, row| {
            change(row, |x| x + 1e3);
        }),
        ("shifted by 1e8", |_, _, row| change(row, |x| x + 1e8)),
        ("tight far clusters", |i, _, row| {
            let place = if i % 2 == 0 { 30.0 } else { -30.0 };
            change(row, |x| place + 1e-9 * x);
        }),
        ("equal up to the last bits", |_, _, row| {
            change(row, |x| {
                f64::from_bits(1.5f64.to_bits() + (2.0 * x.abs()) as u64)
            });
        }),
        ("one huge outlier", |i, n, row| {
            if i == n / 2 {
                change(row, |x| x * 1e20);
            }
        }),
        ("subnormal", |_, _, row| change(row, |x| x * 1e-320)),
        ("squares overflow", |_, _, row| change(row, |x| x * 1e200)),
        ("near the largest number", |_, _, row| {
            change(row, |x| x.signum() * (1.7e308 - x.abs()));
        }),
        ("squares underflow", |_, _, row| change(row, |x| x * 1e-200)),
        ("features of many scales", |_, _, row| {
            let d = row.len();
            for (j, x) in row.iter_mut().enumerate() {
                *x *= 10f64.powi(-6 + (12 * j / d) as i32);
            }
        }),
        ("rows of many lengths", |i, n, row| {
            let factor = 10f64.powi(-150 + (300 * i / n) as i32);
            change(row, |x| x * factor);
        }),
        ("a few tiny rows", |i, _, row| {
            if i % 4 == 0 {
                change(row, |x| x * 1e-310);
            }
        }),
        ("giants and dwarfs in a row", |i, _, row| {
            let d = row.len();
            row[i % d] *= 1e300;
            row[(i + 1) % d] *= 1e-300;
        }),
    ];
    let mut tables: Vec<(&'static str, Table)> = rules
        .into_iter()
        .enumerate()
        .map(|(which, (name, rule))| {
            let mut generator = stream(seed, which as u64);
            let mut values: Vec<f64> = (0..n * d).map(|_| normal(&mut generator)).collect();
            for (i, row) in values.chunks_exact_mut(d).enumerate() {
                rule(i, n, row);
            }
            (name, Table::new(values, d))
        })
        .collect();
    // Copies of a few rows in random order, with some zeros of the other sign.
    let mut generator = stream(seed, 1000);
    let pool: Vec<Vec<f64>> = (0..n.div_ceil(3))
        .map(|_| (0..d).map(|_| normal(&mut generator).round()).collect())
        .collect();
    let copies = (0..n).flat_map(|_| {
        let row = &pool[generator.random_range(0..pool.len() as u64) as usize];
        let sign = if generator.random::<bool>() {
            0.0
        } else {
            -0.0
        };
        row.iter()
            .map(move |&x| if x == 0.0 { sign } else { x })
            .collect::<Vec<_>>()
    });
    let copies = Table::new(copies.collect(), d);
    tables.push(("copies", copies));
    tables
}

fn change(row: &mut [f64], rule: impl Fn(f64) -> f64) {
    for value in row {
        *value = rule(*value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_what_they_are_called() {
        let tables = nasty(12, 5, 3);
        let table = |name: &str| &tables.iter().find(|(own, _)| *own == name).unwrap().1;
        assert!(
            tables
                .iter()
                .all(|(_, t)| t.n_rows() == 12 && t.values.iter().all(|x| x.is_finite()))
        );
        assert!(
            table("subnormal")
                .values
                .iter()
                .any(|x| *x != 0.0 && x.abs() < f64::MIN_POSITIVE)
        );
        let square = |x: &f64| x * x;
        assert!(
            table("squares overflow")
                .values
                .iter()
                .map(square)
                .any(f64::is_infinite)
        );
        assert!(table("copies").rows().next().is_some());
        let copies: Vec<_> = table("copies").rows().collect();
        assert!((0..12).any(|i| copies[..i].contains(&copies[i])));
        assert_eq!(nasty(12, 5, 3), tables);
    }
}
