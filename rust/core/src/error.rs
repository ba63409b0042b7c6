//! The one error type. Each variant carries what a person needs to mend the call: which argument,
//! which rule, which value.

/// What can go wrong in layerscope, with the values inside.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// An argument breaks a rule.
    #[error("{argument} {rule}; got {value}")]
    InvalidInput {
        /// Name of the argument as the caller wrote it.
        argument: String,
        /// The rule, as a phrase that follows the name: "must be finite".
        rule: String,
        /// The offending value, short enough for one line.
        value: String,
    },
    /// The work does not fit under the memory limit that the caller set.
    #[error("memory_limit must be at least {needed} bytes for this input; got {limit}")]
    MemoryLimit {
        /// Bytes of scratch that the smallest plan needs.
        needed: u64,
        /// The limit given.
        limit: u64,
    },
    /// The system refused an allocation.
    #[error("memory must hold {bytes} more bytes; got a refusal from the system")]
    OutOfMemory {
        /// Bytes asked for.
        bytes: u64,
    },
    /// The interrupt token was set.
    #[error("interrupted")]
    Interrupted,
    /// A broken promise inside layerscope: always a bug worth reporting.
    #[error("internal error: {0}")]
    Internal(String),
}

/// Shorthand used all over the workspace.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An argument that breaks a rule.
    pub fn invalid(
        argument: impl Into<String>,
        rule: impl Into<String>,
        value: impl std::fmt::Display,
    ) -> Self {
        Self::InvalidInput {
            argument: argument.into(),
            rule: rule.into(),
            value: readable(value.to_string()),
        }
    }
}

/// Numbers with dozens of zeros as powers of ten: Rust writes 1e300 with all its digits.
fn readable(value: String) -> String {
    const LONGEST: usize = 24;
    match value.parse::<f64>() {
        Ok(number) if value.len() > LONGEST => format!("{number:e}"),
        _ => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_numbers_are_written_as_powers_of_ten() {
        let said = |value: &dyn std::fmt::Display| Error::invalid("x", "must be", value);
        assert!(said(&1e300).to_string().ends_with("1e300"));
        assert!(said(&-2.5e-310).to_string().ends_with("-2.5e-310"));
        assert!(said(&0.25).to_string().ends_with("0.25"));
        assert!(
            said(&u64::MAX)
                .to_string()
                .ends_with("18446744073709551615")
        );
        let words = "a sentence longer than any number that stands here";
        assert!(said(&words).to_string().ends_with(words));
    }

    #[test]
    fn a_message_is_argument_rule_value() {
        let error = Error::invalid("n_neighbors", "must be below the number of rows (5)", 9);
        assert_eq!(
            error.to_string(),
            "n_neighbors must be below the number of rows (5); got 9"
        );
    }
}
