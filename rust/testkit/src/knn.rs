//! The naive twin of exact neighbours: all pairs, one sum after another, a full sort.

use crate::knn_matrices::Table;

/// Which order is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Σ(x − y)².
    Euclidean,
    /// −xy / (√xx √yy).
    Cosine,
    /// The same of rows less their mean.
    Pearson,
    /// −xy.
    InnerProduct,
}

/// What the twin found, in the layout of the engine.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// Rows × k.
    pub indices: Vec<u32>,
    /// Distances, similarities or products.
    pub values: Vec<f64>,
    /// Equal neighbouring keys per rank.
    pub tied: Vec<u64>,
    /// Rows equal to an earlier row.
    pub n_duplicate_rows: usize,
    /// Rows without a direction.
    pub n_zero_rows: usize,
}

/// The k nearest by definition.
///
/// # Panics
///
/// When a row has fewer than k others to choose from.
pub fn nearest(
    data: &Table,
    queries: Option<&Table>,
    groups: Option<&[u32]>,
    k: usize,
    order: Order,
) -> Found {
    let angle = matches!(order, Order::Cosine | Order::Pearson);
    let all = data
        .values
        .iter()
        .chain(queries.iter().flat_map(|q| &q.values));
    let largest = all.fold(0.0, |m: f64, x| m.max(x.abs()));
    let power = if angle { 0 } else { power_for(largest) };
    let prepared = |table: &Table| -> Vec<Vec<f64>> {
        table.rows().map(|row| prepare(row, order, power)).collect()
    };
    let rows = prepared(data);
    let asked = queries.map_or_else(|| rows.clone(), prepared);
    let mut found = Found {
        indices: Vec::new(),
        values: Vec::new(),
        tied: vec![0; k],
        n_duplicate_rows: 0,
        n_zero_rows: 0,
    };
    for (i, x) in asked.iter().enumerate() {
        let mut list: Vec<(f64, u32)> = Vec::new();
        for (j, y) in rows.iter().enumerate() {
            let same_group = groups.is_some_and(|g| g[i] == g[j]);
            let itself = queries.is_none() && i == j;
            if !same_group && !itself {
                list.push((key(x, y, order), j as u32));
            }
        }
        list.sort_by(|a, b| a.0.partial_cmp(&b.0).unwrap().then(a.1.cmp(&b.1)));
        for j in 0..k {
            found.indices.push(list[j].1);
            found.values.push(match order {
                Order::Euclidean => shift(list[j].0.sqrt(), -power),
                Order::InnerProduct => shift(shift(0.0 - list[j].0, -power), -power),
                _ => 0.0 - list[j].0,
            });
            if list.len() > j + 1 && list[j].0 == list[j + 1].0 {
                found.tied[j] += 1;
            }
        }
    }
    let originals: Vec<&[f64]> = data.rows().collect();
    found.n_duplicate_rows = (0..originals.len())
        .filter(|&i| originals[..i].contains(&originals[i]))
        .count();
    if angle {
        found.n_zero_rows = rows
            .iter()
            .filter(|row| row.iter().all(|&x| x == 0.0))
            .count();
    }
    found
}

fn key(x: &[f64], y: &[f64], order: Order) -> f64 {
    match order {
        Order::Euclidean => {
            let differences: Vec<f64> = x.iter().zip(y).map(|(a, b)| a - b).collect();
            product(&differences, &differences)
        }
        Order::InnerProduct => -product(x, y),
        Order::Cosine | Order::Pearson => {
            let zero = |row: &[f64]| row.iter().all(|&value| value == 0.0);
            if zero(x) || zero(y) {
                0.0
            } else {
                -(product(x, y) / (product(x, x).sqrt() * product(y, y).sqrt()))
            }
        }
    }
}

fn prepare(row: &[f64], order: Order, power: i32) -> Vec<f64> {
    let angle = matches!(order, Order::Cosine | Order::Pearson);
    let largest = row.iter().fold(0.0, |m: f64, x| m.max(x.abs()));
    let power = if angle { power_for(largest) } else { power };
    let mut row: Vec<f64> = row.iter().map(|&x| shift(x, power)).collect();
    if order == Order::Pearson {
        if row.iter().all(|&x| x == row[0]) {
            return vec![0.0; row.len()];
        }
        let mean = sum(row.iter().copied()) / row.len() as f64;
        for value in &mut row {
            *value -= mean;
        }
    }
    row
}

fn product(x: &[f64], y: &[f64]) -> f64 {
    sum(x.iter().zip(y).map(|(a, b)| a * b))
}

/// Eight lanes, feature j in lane j mod 8.
fn sum(terms: impl Iterator<Item = f64>) -> f64 {
    let mut lane = [0.0; 8];
    for (j, term) in terms.enumerate() {
        lane[j % 8] += term;
    }
    ((lane[0] + lane[4]) + (lane[2] + lane[6])) + ((lane[1] + lane[5]) + (lane[3] + lane[7]))
}

/// The exponent that brings `largest` into [1, 2), when it lies outside 2^±400.
fn power_for(largest: f64) -> i32 {
    let (mut value, mut power) = (largest, 0i32);
    if value == 0.0 {
        return 0;
    }
    while value >= 2.0 {
        value /= 2.0;
        power -= 1;
    }
    while value < 1.0 {
        value *= 2.0;
        power += 1;
    }
    let exactly_the_edge = power == -400 && value == 1.0;
    if power.abs() <= 400 && (power > -400 || exactly_the_edge) {
        0
    } else {
        power
    }
}

/// value · 2^power, rounded once: two powers of two are multiplied only where both are exact.
fn shift(value: f64, power: i32) -> f64 {
    let two_to = |power: i32| {
        let step = if power < 0 { 0.5 } else { 2.0 };
        (0..power.abs()).fold(1.0, |product: f64, _| product * step)
    };
    let first = power.min(1000);
    value * two_to(first) * two_to(power - first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_points_on_a_line() {
        let data = Table::new(vec![0.0, 3.0, 5.0], 1);
        let found = nearest(&data, None, None, 2, Order::Euclidean);
        assert_eq!(found.indices, [1, 2, 2, 0, 1, 0]);
        assert_eq!(found.values, [3.0, 5.0, 2.0, 3.0, 2.0, 5.0]);
        assert_eq!(found.tied, [0, 0]);
    }

    #[test]
    fn a_square_is_full_of_ties() {
        let data = Table::new(vec![0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0], 2);
        let found = nearest(&data, None, None, 1, Order::Euclidean);
        assert_eq!(found.indices, [1, 0, 0, 1]);
        assert_eq!(found.tied, [4]);
    }

    #[test]
    fn scaling_starts_outside_its_edges() {
        let two = |power: i32| shift(1.0, power);
        assert_eq!((power_for(two(400)), power_for(two(-400))), (0, 0));
        assert_eq!(
            (power_for(two(400) * 1.5), power_for(two(-401))),
            (-400, 401)
        );
        assert_eq!(shift(5e-324, 1074), 1.0);
    }
}
