//! Which engine multiplies: what suits the shape and the processor, or what `LAYERSCOPE_SIMD` says.
//!
//! Engines only propose candidates, so the variable never changes a result; it is there to test one
//! engine on a machine that has several, and to rule one out when looking for a fault. Queries,
//! tight memory limits and data that an engine cannot tell apart go to float64 products whatever
//! it says.

use layerscope_core::{Error, Result};

use crate::exact::serves;
use crate::kernel::{Isa, Kernel, Precision};
use crate::memory::Sizes;

/// The environment variable that forces an engine.
const VARIABLE: &str = "LAYERSCOPE_SIMD";
/// Its words, in the order of api documents.
const WORDS: [&str; 7] = ["scalar", "avx2", "avx512", "bf16", "int8", "amx", "neon"];

/// What proposes candidates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    /// Whatever is fastest for the shape.
    Fitting,
    /// Keys by their definition, nothing else; tests ask for it.
    #[cfg_attr(not(test), allow(dead_code))]
    Direct,
    /// float64 loops that every processor runs.
    Plain,
    /// float64 products on the widest registers; tests ask for it.
    #[cfg_attr(not(test), allow(dead_code))]
    Wide,
    /// Products of rounded rows.
    Narrow(Kernel),
}

/// The engine that the environment asks for.
pub(crate) fn chosen() -> Result<Engine> {
    match std::env::var_os(VARIABLE) {
        None => Ok(Engine::Fitting),
        Some(word) => parse(&word.to_string_lossy()),
    }
}

impl Engine {
    /// Whether keys by their definition are the fastest.
    pub(crate) fn is_direct(self, sizes: &Sizes) -> bool {
        match self {
            Self::Fitting => {
                suits_direct(sizes) && (is_small(sizes) || self.kernels(sizes).is_empty())
            }
            Self::Direct => true,
            Self::Plain | Self::Wide | Self::Narrow(_) => false,
        }
    }

    /// The kernels to try in turn before float64 products.
    pub(crate) fn kernels(self, sizes: &Sizes) -> Vec<Kernel> {
        let all = match self {
            Self::Plain | Self::Wide | Self::Direct => Vec::new(),
            Self::Narrow(kernel) => vec![kernel],
            Self::Fitting => fitting(sizes),
        };
        let fits =
            |kernel: &Kernel| sizes.wanted > 0 && sizes.symmetric && serves(*kernel, sizes.columns);
        all.into_iter().filter(fits).collect()
    }
}

/// The cost model: int8 where the processor multiplies it fast, then f32, then float64 products
/// where data defeat both. What a narrow search prepares pays from some size on; below that, and
/// for long lists, float64 products are as fast. bfloat16 is left to those who ask for it: beside
/// fast int8 products it has not been the fastest anywhere yet.
fn fitting(sizes: &Sizes) -> Vec<Kernel> {
    const ROWS: usize = 100;
    const VALUES: usize = 100_000;
    const WANTED: usize = 64;
    const FEATURES_OF_BYTES: usize = 32;
    let (rows, columns) = (sizes.data, sizes.columns);
    let short = is_small(sizes) && rows.saturating_mul(columns) < VALUES;
    if rows < ROWS || short || sizes.wanted > WANTED {
        return Vec::new();
    }
    let kernels = [Precision::Byte, Precision::Single].map(Kernel::widest);
    kernels
        .into_iter()
        .filter(|kernel| match (kernel.precision(), kernel.isa()) {
            (_, Isa::Portable) | (Precision::Byte, Isa::Avx2) => false,
            (Precision::Byte, _) => columns >= FEATURES_OF_BYTES,
            _ => true,
        })
        .collect()
}

/// Few rows: a search of its own to the cost model.
fn is_small(sizes: &Sizes) -> bool {
    const ROWS: usize = 150;
    sizes.rows <= ROWS
}

/// Whether int8 products by AMX tiles can be used here.
pub fn has_amx() -> bool {
    Kernel::new(Precision::Byte, Isa::Amx).is_some()
}

/// The cost model of keys by their definition: no product pays for its preparation before there is
/// so much to multiply.
fn suits_direct(sizes: &Sizes) -> bool {
    const MOST: usize = 65_000;
    sizes.rows.saturating_mul(sizes.columns + 9) <= MOST
}

/// What searches here, for people: the engine that was forced, or those that the shape chooses from.
pub fn engine_name() -> Result<String> {
    let name = |kernel: Kernel| {
        let precision = match kernel.precision() {
            Precision::Single => "float32",
            Precision::Half => "bfloat16",
            Precision::Byte => "int8",
        };
        format!("{precision} tiles by {}", kernel.isa().name())
    };
    let forced = match chosen()? {
        Engine::Fitting => {
            let [byte, single] = [Precision::Byte, Precision::Single].map(Kernel::widest);
            let (byte, single) = (name(byte), name(single));
            return Ok(format!("exact, by shape: {byte}, {single}, or float64"));
        }
        Engine::Plain => "float64 tiles, plain loops".into(),
        Engine::Wide => "float64 tiles, widest registers of the processor".into(),
        Engine::Direct => "keys by their definition".into(),
        Engine::Narrow(kernel) => name(kernel),
    };
    Ok(format!("exact, forced by {VARIABLE}: {forced}"))
}

fn parse(word: &str) -> Result<Engine> {
    let refused = |rule: &str| Err(Error::invalid(VARIABLE, rule, word));
    let one = |precision, isas: &[Isa]| {
        let mut found = isas.iter().filter_map(|&isa| Kernel::new(precision, isa));
        match found.next() {
            Some(kernel) => Ok(Engine::Narrow(kernel)),
            None => refused("must be an engine that this processor has"),
        }
    };
    match word {
        "" => Ok(Engine::Fitting),
        "scalar" => Ok(Engine::Plain),
        "avx2" => one(Precision::Single, &[Isa::Avx2]),
        "avx512" => one(Precision::Single, &[Isa::Avx512]),
        "neon" => one(Precision::Single, &[Isa::Neon]),
        "bf16" => one(Precision::Half, &[Isa::Avx512Bf16]),
        "amx" => one(Precision::Byte, &[Isa::Amx]),
        "int8" => one(
            Precision::Byte,
            &[Isa::Avx512Vnni, Isa::AvxVnni, Isa::NeonDot],
        ),
        _ => refused(&format!("must be one of {}", WORDS.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_engines_or_errors() {
        assert_eq!(parse(""), Ok(Engine::Fitting));
        assert_eq!(parse("scalar"), Ok(Engine::Plain));
        for word in ["sse", "AVX2"] {
            let error = parse(word).unwrap_err().to_string();
            assert!(error.starts_with("LAYERSCOPE_SIMD must be") && error.ends_with(word));
        }
        let foreign = if cfg!(target_arch = "x86_64") {
            "neon"
        } else {
            "avx2"
        };
        assert!(
            parse(foreign)
                .unwrap_err()
                .to_string()
                .contains("processor has")
        );
    }
}
