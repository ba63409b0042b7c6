//! Label agreement from its definition.

/// Mean over rows of the share of neighbours with the row's label; lists of neighbours may differ
/// in length, rows without any are left out.
pub fn agreement(neighbours: &[Vec<u32>], codes: &[u32]) -> f64 {
    let shares: Vec<f64> = neighbours
        .iter()
        .zip(codes)
        .filter(|(list, _)| !list.is_empty())
        .map(|(list, &code)| {
            let same = list.iter().filter(|&&j| codes[j as usize] == code).count();
            same as f64 / list.len() as f64
        })
        .collect();
    shares.iter().sum::<f64>() / shares.len() as f64
}
