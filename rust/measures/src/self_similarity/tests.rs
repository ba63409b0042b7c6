use std::num::NonZeroUsize;

use layerscope_core::{Element, Interrupt, Progress};
use layerscope_testkit::self_similarity as twin;
use proptest::prelude::*;

use super::*;

const PLAIN: Parameters = Parameters {
    form: Form::Paper,
    rms: false,
    thetas: 256,
    draws: 0,
    seed: 0,
    memory_limit: None,
};

fn measured(data: &[f64], units: usize, jobs: usize, parameters: Parameters) -> SelfSimilarity {
    let (interrupt, progress) = (Interrupt::default(), Progress::default());
    let jobs = NonZeroUsize::new(jobs).unwrap();
    let run = Run::new(jobs, &interrupt, &progress);
    let matrix = Matrix::new("X", Element::F64(data), data.len() / units, units).unwrap();
    self_similarity(&run, &matrix, &parameters).unwrap()
}

/// F[i, j] = sin(0.37 i (j + 1)) + 0.01 i j, 16 units, 8 samples; stored sample by sample.
fn fixture() -> Vec<f64> {
    let mut data = Vec::new();
    for j in 0..8 {
        for i in 0..16 {
            let (i, j) = (f64::from(i), f64::from(j));
            data.push((0.37 * i * (j + 1.0)).sin() + 0.01 * i * j);
        }
    }
    data
}

#[test]
fn the_published_fixture() {
    let paper = measured(&fixture(), 16, 1, PLAIN);
    assert!((paper.value - 0.262_698_053_9).abs() < 1e-9);
    assert!((paper.theta_min - 0.692_375_667_5).abs() < 1e-9);
    assert!((paper.theta_max - 1.786_574_329_9).abs() < 1e-9);
    let printed = Parameters {
        form: Form::Printed,
        ..PLAIN
    };
    let printed = measured(&fixture(), 16, 1, printed);
    assert!((printed.value - 0.343_883_225_2).abs() < 1e-9);
}

fn layers() -> impl Strategy<Value = (Vec<f64>, usize)> {
    // Few levels make ties, duplicates and dead units; 40 units make three panels.
    (1usize..12, 3usize..40, prop::bool::ANY).prop_flat_map(|(samples, units, coarse)| {
        let value = if coarse {
            (-2i32..3).prop_map(f64::from).boxed()
        } else {
            (-3.0..3.0f64).boxed()
        };
        (prop::collection::vec(value, samples * units), Just(units))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn rates_equal_the_twin((data, units) in layers()) {
        let all = twin::distances(&data, units);
        let width = units as f64;
        let paper = |theta| width
            - (width - 1.0) * (1.0 + (width - 1.0) * twin::share(&all, theta)).ln() / width.ln();
        let printed = |theta| 1.0
            + (width - 1.0) * (width - (width - 1.0) * twin::share(&all, theta)).ln() / width.ln();
        let heights = twin::heights(&all, units);
        let covering = |theta| (units - heights.iter().filter(|&&h| h <= theta).count()) as f64;
        let forms: [(Form, &dyn Fn(f64) -> f64); 3] =
            [(Form::Paper, &paper), (Form::Printed, &printed), (Form::Covering, &covering)];
        // Among equal distances the order of merges is a matter of choice.
        let mut sorted = all.clone();
        sorted.sort_by(f64::total_cmp);
        sorted.dedup();
        let unique = sorted.len() == all.len();
        for (form, count) in forms {
            if form == Form::Covering && !unique {
                continue;
            }
            // An odd number of values, none of which meets a distance by rounding.
            let found = measured(&data, units, 1, Parameters { form, thetas: 41, ..PLAIN });
            if found.theta_min < found.theta_max {
                let expected = twin::rate(&all, units, 41, count);
                prop_assert!((found.value - expected).abs() < 1e-9, "{form:?} {} {expected}", found.value);
            } else {
                prop_assert!(found.value.is_nan());
            }
        }
    }

    #[test]
    fn neither_threads_nor_memory_change_a_bit((data, units) in layers(), rms in prop::bool::ANY) {
        for form in [Form::Paper, Form::Printed, Form::Correlation, Form::Covering] {
            let parameters = Parameters { form, rms, draws: 2, ..PLAIN };
            let expected = measured(&data, units, 1, parameters);
            for jobs in [2, 7] {
                let got = measured(&data, units, jobs, parameters);
                prop_assert_eq!(got.value.to_bits(), expected.value.to_bits());
                prop_assert_eq!(&got.counts, &expected.counts);
                prop_assert_eq!(
                    got.null.iter().map(|v| v.to_bits()).collect::<Vec<_>>(),
                    expected.null.iter().map(|v| v.to_bits()).collect::<Vec<_>>()
                );
            }
            if form != Form::Covering {
                // Room for the units and one piece, not for all distances.
                let room = (data.len().div_ceil(units) * units.div_ceil(16) * 16 * 8 * 2
                    + (units * units.saturating_sub(1) / 2).min(16 * units) * 8) as u64;
                let tight = Parameters { memory_limit: Some(room), ..parameters };
                let got = measured(&data, units, 1, tight);
                prop_assert_eq!(got.value.to_bits(), expected.value.to_bits());
            }
        }
    }
}

#[test]
fn dead_and_duplicate_units_are_counted() {
    // Units: dead, a, b, a again, dead, −0 beside 0.
    let data = [
        5.0, 1.0, 0.0, 1.0, 2.0, -0.0, //
        5.0, 2.0, 3.0, 2.0, 2.0, 3.0,
    ];
    let found = measured(&data, 6, 1, PLAIN);
    assert_eq!((found.n_dead, found.n_duplicate), (2, 2));
    assert_eq!(found.theta_min, 0.0);
}

#[test]
fn what_cannot_be_told_is_nan() {
    for (data, units) in [(vec![1.0, 2.0], 2), (vec![3.0; 12], 4), (vec![1.0], 1)] {
        for form in [
            Form::Paper,
            Form::Printed,
            Form::Covering,
            Form::Correlation,
        ] {
            let parameters = Parameters {
                form,
                draws: 2,
                ..PLAIN
            };
            let found = measured(&data, units, 1, parameters);
            assert!(found.value.is_nan() && found.null.iter().all(|value| value.is_nan()));
        }
    }
}

#[test]
fn extreme_magnitudes_are_measured_like_others() {
    let base = fixture();
    let plain = measured(&base, 16, 1, PLAIN);
    for factor in [2f64.powi(900), 2f64.powi(-1000)] {
        let moved: Vec<f64> = base.iter().map(|x| x * factor).collect();
        let found = measured(&moved, 16, 1, PLAIN);
        assert_eq!(found.theta_min, plain.theta_min * factor);
        let rms = Parameters { rms: true, ..PLAIN };
        let expected = measured(&base, 16, 1, rms).value;
        assert!((measured(&moved, 16, 1, rms).value - expected).abs() < 1e-12);
    }
}

#[test]
fn a_line_of_units_has_dimension_one() {
    let data: Vec<f64> = (0..400).map(f64::from).collect();
    let form = Form::Correlation;
    let found = measured(
        &data,
        400,
        1,
        Parameters {
            form,
            thetas: 64,
            ..PLAIN
        },
    );
    assert!((found.value - 1.0).abs() < 0.12, "{}", found.value);
    let form = Form::Covering;
    let found = measured(&data, 400, 1, Parameters { form, ..PLAIN });
    assert!((found.dimension - 1.0).abs() < 0.2, "{}", found.dimension);
}

#[test]
fn a_limit_too_small_says_what_would_do() {
    let (interrupt, progress) = (Interrupt::default(), Progress::default());
    let run = Run::new(NonZeroUsize::MIN, &interrupt, &progress);
    let data = fixture();
    let matrix = Matrix::new("X", Element::F64(&data), 8, 16).unwrap();
    let with = |limit| Parameters {
        form: Form::Covering,
        memory_limit: Some(limit),
        ..PLAIN
    };
    let Err(Error::MemoryLimit { needed, .. }) = self_similarity(&run, &matrix, &with(100)) else {
        panic!("100 bytes cannot do");
    };
    assert!(self_similarity(&run, &matrix, &with(needed)).is_ok());
}

/// Central differences of `value` in every response.
fn differences(data: &[f64], value: impl Fn(&[f64]) -> f64) -> Vec<f64> {
    let step = 1e-6;
    (0..data.len())
        .map(|at| {
            let mut moved = data.to_vec();
            moved[at] = data[at] + step;
            let above = value(&moved);
            moved[at] = data[at] - step;
            (above - value(&moved)) / (2.0 * step)
        })
        .collect()
}

fn differentiated(
    data: &[f64],
    units: usize,
    jobs: usize,
    parameters: Parameters,
) -> Differentiated {
    let (interrupt, progress) = (Interrupt::default(), Progress::default());
    let run = Run::new(NonZeroUsize::new(jobs).unwrap(), &interrupt, &progress);
    let matrix = Matrix::new("X", Element::F64(data), data.len() / units, units).unwrap();
    let surrogate = Surrogate {
        kappa: 1.0,
        factor: units as f64,
    };
    differentiate(&run, &matrix, &parameters, surrogate, true).unwrap()
}

fn close(got: &[f64], expected: &[f64], tolerance: f64) {
    let size = expected.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
    assert!(size > 0.0);
    for (got, expected) in got.iter().zip(expected) {
        assert!(
            (got - expected).abs() < tolerance * size,
            "{got} {expected}"
        );
    }
}

#[test]
fn the_covering_gradient_is_that_of_its_merges() {
    let data = fixture();
    let parameters = Parameters {
        form: Form::Covering,
        ..PLAIN
    };
    let found = differentiated(&data, 16, 1, parameters);
    let all = twin::distances(&data, 16);
    let low = all.iter().copied().fold(f64::INFINITY, f64::min).ln_1p();
    let high = all.iter().copied().fold(0.0, f64::max).ln_1p();
    // The ends of the line are held fixed.
    let value = |data: &[f64]| {
        let mut heights = twin::heights(&twin::distances(data, 16), 16);
        heights.sort_by(f64::total_cmp);
        let terms = heights.iter().enumerate().map(|(m, h)| {
            let boxes = (15 - m) as f64;
            (boxes.ln() / 16f64.ln() - (high - h.ln_1p()) / (high - low)).abs()
        });
        2.0 * terms.sum::<f64>() / 15.0
    };
    assert!((found.value - value(&data)).abs() < 1e-12);
    close(&found.gradient, &differences(&data, value), 1e-5);
}

#[test]
fn the_paper_gradient_is_that_of_the_surrogate() {
    let data = fixture();
    let found = differentiated(&data, 16, 1, PLAIN);
    assert_eq!(found.value, measured(&data, 16, 1, PLAIN).value);
    // w_m by hand, the surrogate's sum differentiated by differences.
    let all = twin::distances(&data, 16);
    let (low, high) = (
        all.iter().copied().fold(f64::INFINITY, f64::min),
        all.iter().copied().fold(0.0, f64::max),
    );
    let terms: Vec<(f64, f64)> = (0..256)
        .map(|m| {
            let t = f64::from(m) / 255.0;
            let theta = match m {
                0 => low,
                255 => high,
                _ => (low.ln_1p() * (1.0 - t) + high.ln_1p() * t).exp_m1(),
            };
            let p = twin::share(&all, theta);
            let boxes = 16.0 - 15.0 * (1.0 + 15.0 * p).ln() / 16f64.ln();
            let deviation = boxes.ln() / 16f64.ln() - (1.0 - t);
            let slope = -15.0 * 15.0 / ((1.0 + 15.0 * p) * 16f64.ln());
            let weight = if deviation.abs() < 1e-12 {
                0.0
            } else {
                deviation.signum()
            };
            (theta, weight * 2.0 / 256.0 / (boxes * 16f64.ln()) * slope)
        })
        .collect();
    let surrogate = |data: &[f64]| {
        let all = twin::distances(data, 16);
        let share = |theta: f64| {
            all.iter()
                .map(|c| 16.0 / (1.0 + (c - theta).exp()))
                .sum::<f64>()
                / all.len() as f64
        };
        terms
            .iter()
            .map(|&(theta, weight)| weight * share(theta))
            .sum()
    };
    close(&found.gradient, &differences(&data, surrogate), 1e-5);
}

#[test]
fn the_correlation_gradient_holds_its_quantiles() {
    let data = fixture();
    for rms in [false, true] {
        let parameters = Parameters {
            form: Form::Correlation,
            thetas: 64,
            rms,
            ..PLAIN
        };
        let found = differentiated(&data, 16, 1, parameters);
        let all = twin::distances(&data, 16);
        let root = (all.iter().map(|c| c * c).sum::<f64>() / all.len() as f64).sqrt();
        let divisor = if rms { root } else { 1.0 };
        let mut sorted: Vec<f64> = all.iter().map(|c| c / divisor).collect();
        sorted.sort_by(f64::total_cmp);
        let quantile = |q: f64| {
            let at = q * (sorted.len() - 1) as f64;
            let below = sorted[at.floor() as usize];
            below + (sorted[at.ceil() as usize] - below) * at.fract()
        };
        let (from, to) = (quantile(0.02).ln(), quantile(0.98).ln());
        let tau = 0.1 * (to - from);
        let x: Vec<f64> = (0..64)
            .map(|m| from + (to - from) * f64::from(m) / 63.0)
            .collect();
        let value = |data: &[f64]| {
            let all = twin::distances(data, 16);
            let y: Vec<f64> = x
                .iter()
                .map(|x| {
                    let sum: f64 = all
                        .iter()
                        .map(|c| 1.0 / (1.0 + (((c / divisor).ln() - x) / tau).exp()))
                        .sum();
                    (sum / all.len() as f64).ln()
                })
                .collect();
            layerscope_core::fit_line(&x, &y).slope
        };
        assert!((found.value - value(&data)).abs() < 1e-9);
        close(&found.gradient, &differences(&data, value), 1e-5);
    }
}

#[test]
fn gradients_do_not_depend_on_threads() {
    let data: Vec<f64> = (0..20 * 70).map(|i| f64::from(i * i % 101).sin()).collect();
    for form in [
        Form::Paper,
        Form::Printed,
        Form::Correlation,
        Form::Covering,
    ] {
        let parameters = Parameters { form, ..PLAIN };
        let expected = differentiated(&data, 70, 1, parameters);
        for jobs in [2, 7] {
            let got = differentiated(&data, 70, jobs, parameters);
            assert_eq!(got.value.to_bits(), expected.value.to_bits());
            assert_eq!(got.gradient, expected.gradient);
        }
    }
}
