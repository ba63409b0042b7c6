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
            value: value.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_argument_rule_value() {
        let error = Error::invalid("n_neighbors", "must be below the number of rows (5)", 9);
        assert_eq!(
            error.to_string(),
            "n_neighbors must be below the number of rows (5); got 9"
        );
    }
}
