//! Modularity from its definition, on a dense matrix, and the spec's worked example.

use proptest::prelude::*;

/// Q of the definition: Σ over ordered pairs of the same class of A/2m − γ k k / (2m)², with
/// A = (W + Wᵀ)/2; or, directed, of W/m − γ `k_out` `k_in` / m².
pub fn dense(weights: &[Vec<f64>], codes: &[u32], resolution: f64, directed: bool) -> f64 {
    let n = weights.len();
    let entry = |i: usize, j: usize| {
        if directed {
            weights[i][j]
        } else {
            f64::midpoint(weights[i][j], weights[j][i])
        }
    };
    let out: Vec<f64> = (0..n).map(|i| (0..n).map(|j| entry(i, j)).sum()).collect();
    let into: Vec<f64> = (0..n).map(|j| (0..n).map(|i| entry(i, j)).sum()).collect();
    let total: f64 = out.iter().sum();
    let mut value = 0.0;
    for i in 0..n {
        for j in 0..n {
            if codes[i] == codes[j] {
                value += entry(i, j) / total - resolution * out[i] * into[j] / (total * total);
            }
        }
    }
    value
}

/// The dense matrix of a neighbour table, without weights of ones.
pub fn matrix(indices: &[u32], weights: Option<&[f64]>, rows: usize) -> Vec<Vec<f64>> {
    let k = indices.len() / rows;
    let mut dense = vec![vec![0.0; rows]; rows];
    for (position, &target) in indices.iter().enumerate() {
        dense[position / k][target as usize] += weights.map_or(1.0, |weights| weights[position]);
    }
    dense
}

/// A random neighbour table with its labels.
#[derive(Debug, Clone)]
pub struct Case {
    /// Number of rows.
    pub rows: usize,
    /// Neighbours per row.
    pub k: usize,
    /// Neighbours, row by row, distinct in each row and never the row itself.
    pub indices: Vec<u32>,
    /// Weights between −0.5 and 1.
    pub weights: Vec<f64>,
    /// Class codes.
    pub codes: Vec<u32>,
    /// Number of classes.
    pub classes: usize,
}

/// Tables of 2 to 24 rows with every k, 1 to 5 classes.
pub fn cases() -> impl Strategy<Value = Case> {
    (2usize..25, 1usize..6)
        .prop_flat_map(|(rows, classes)| (Just(rows), 1..rows, Just(classes)))
        .prop_flat_map(|(rows, k, classes)| {
            let others = prop::collection::vec(
                prop::sample::subsequence((0..rows as u32 - 1).collect::<Vec<_>>(), k)
                    .prop_shuffle(),
                rows,
            );
            let weights = prop::collection::vec(-0.5..1.0f64, rows * k);
            let codes = prop::collection::vec(0..classes as u32, rows);
            (Just((rows, k, classes)), others, weights, codes)
        })
        .prop_map(|((rows, k, classes), others, weights, codes)| Case {
            rows,
            k,
            // Leaving the row out: entries at or above it move up by one.
            indices: others
                .iter()
                .enumerate()
                .flat_map(|(row, others)| {
                    others.iter().map(move |&j| j + u32::from(j >= row as u32))
                })
                .collect(),
            weights,
            codes,
            classes,
        })
}

/// The worked example of the spec: six points in the plane, cosine, k = 2.
pub mod worked {
    /// Neighbours, row by row.
    pub const INDICES: [u32; 12] = [1, 2, 0, 2, 3, 1, 4, 2, 3, 5, 4, 3];
    /// Labelings, as codes.
    pub const LABELS: [[u32; 6]; 3] = [[0, 0, 0, 1, 1, 1], [0, 0, 0, 0, 1, 1], [0, 1, 0, 1, 0, 1]];
    /// Q of each labeling.
    pub const VALUES: [f64; 3] = [0.333_298_692_902, 0.170_636_587_439, -0.359_788_744_368];
    /// The directed form of each labeling.
    pub const DIRECTED: [f64; 3] = [0.333_298_693, 0.173_407_732, -0.359_788_744];
    /// The bound of each labeling.
    pub const BOUNDS: [f64; 3] = [0.499_766_232, 0.421_648_623, 0.499_962_637];
    /// Sum of the weights.
    pub const TOTAL: f64 = 10.745_965_207;

    /// Cosine similarities along the arcs.
    pub fn weights() -> Vec<f64> {
        let points: [(f64, f64); 6] = [(1., 0.), (4., 1.), (1., 1.), (1., 3.), (0., 1.), (-1., 3.)];
        INDICES
            .iter()
            .enumerate()
            .map(|(position, &j)| {
                let (a, b) = (points[position / 2], points[j as usize]);
                (a.0 * b.0 + a.1 * b.1) / (a.0.hypot(a.1) * b.0.hypot(b.1))
            })
            .collect()
    }
}
