//! Self-similarity from its definitions: all distances, sorted or counted one by one.

/// `C_ij`, i < j, of the columns of `data` (samples × units).
pub fn distances(data: &[f64], units: usize) -> Vec<f64> {
    let samples = data.len() / units;
    let mut all = Vec::new();
    for i in 0..units {
        for j in i + 1..units {
            let mut sum = 0.0;
            for sample in 0..samples {
                let difference = data[sample * units + i] - data[sample * units + j];
                sum += difference * difference;
            }
            all.push((sum / samples as f64).sqrt());
        }
    }
    all
}

/// The rate of counts N(θ) on a grid uniform in ln(1 + θ).
pub fn rate(distances: &[f64], units: usize, k: usize, count: impl Fn(f64) -> f64) -> f64 {
    let low = distances.iter().copied().fold(f64::INFINITY, f64::min);
    let high = distances.iter().copied().fold(0.0, f64::max);
    let mut sum = 0.0;
    for m in 0..k {
        let t = m as f64 / (k - 1) as f64;
        let x = (1.0 + low).ln() * (1.0 - t) + (1.0 + high).ln() * t;
        let theta = match m {
            0 => low,
            m if m == k - 1 => high,
            _ => x.exp() - 1.0,
        };
        sum += (count(theta).ln() / (units as f64).ln() - (1.0 - t)).abs();
    }
    2.0 * sum / k as f64
}

/// Share of distances ≤ θ.
pub fn share(distances: &[f64], theta: f64) -> f64 {
    distances.iter().filter(|&&c| c <= theta).count() as f64 / distances.len() as f64
}

/// Heights of complete linkage, by merging the two nearest clusters again and again.
pub fn heights(distances: &[f64], units: usize) -> Vec<f64> {
    let at = |i: usize, j: usize| {
        let (i, j) = (i.min(j), i.max(j));
        distances[i * (2 * units - i - 1) / 2 + j - i - 1]
    };
    let mut clusters: Vec<Vec<usize>> = (0..units).map(|unit| vec![unit]).collect();
    let mut heights = Vec::new();
    while clusters.len() > 1 {
        let mut best = (f64::INFINITY, 0, 1);
        for a in 0..clusters.len() {
            for b in a + 1..clusters.len() {
                let mut diameter = 0f64;
                for &i in &clusters[a] {
                    for &j in &clusters[b] {
                        diameter = diameter.max(at(i, j));
                    }
                }
                if diameter < best.0 {
                    best = (diameter, a, b);
                }
            }
        }
        heights.push(best.0);
        let gone = clusters.remove(best.2);
        clusters[best.1].extend(gone);
    }
    heights
}
