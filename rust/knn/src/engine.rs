//! Which engine multiplies: the widest that the processor has, or what `LAYERSCOPE_SIMD` says.
//!
//! Engines only propose candidates, so the variable never changes a result; it is there to test one
//! engine on a machine that has several, and to rule one out when looking for a fault. This version
//! has two: plain loops, and the product of the `gemm` crate, which takes the widest registers that
//! it finds. `avx2`, `avx512` and `neon` therefore promise that the processor has them, and leave
//! the choice among them to the crate.

use layerscope_core::{Error, Result};

/// The environment variable that forces an engine.
const VARIABLE: &str = "LAYERSCOPE_SIMD";
/// Its words, in the order of api documents.
const WORDS: [&str; 6] = ["scalar", "avx2", "avx512", "bf16", "int8", "neon"];

/// What multiplies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    /// Loops that every processor runs.
    Plain,
    /// The product kernel on the widest registers.
    Widest,
}

/// The engine that the environment asks for.
pub(crate) fn chosen() -> Result<Engine> {
    match std::env::var_os(VARIABLE) {
        None => Ok(Engine::Widest),
        Some(word) => parse(&word.to_string_lossy()),
    }
}

/// A short name for people.
pub fn engine_name() -> Result<&'static str> {
    Ok(match chosen()? {
        Engine::Plain => "exact, float64 tiles, plain loops",
        Engine::Widest => "exact, float64 tiles, widest registers of the processor",
    })
}

fn parse(word: &str) -> Result<Engine> {
    let lacking = |rule: &str| Err(Error::invalid(VARIABLE, rule, word));
    match word {
        "" => Ok(Engine::Widest),
        "scalar" => Ok(Engine::Plain),
        "bf16" | "int8" => {
            lacking("must be an engine of this version: scalar, avx2, avx512 or neon")
        }
        known if WORDS.contains(&known) => {
            if present(known) {
                Ok(Engine::Widest)
            } else {
                lacking("must be an engine that this processor has")
            }
        }
        _ => lacking(&format!("must be one of {}", WORDS.join(", "))),
    }
}

#[cfg(target_arch = "x86_64")]
fn present(word: &str) -> bool {
    match word {
        "avx2" => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
        "avx512" => is_x86_feature_detected!("avx512f"),
        _ => false,
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn present(word: &str) -> bool {
    // Every 64-bit Arm processor has it.
    word == "neon" && cfg!(target_arch = "aarch64")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_engines_or_errors() {
        assert_eq!(parse(""), Ok(Engine::Widest));
        assert_eq!(parse("scalar"), Ok(Engine::Plain));
        for word in ["int8", "bf16", "sse", "AVX2"] {
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
