//! Class labels as codes.

use crate::{Error, Result};

/// One class code per sample; codes run from 0 to `classes() - 1`, each code may be absent.
#[derive(Debug, Clone, Copy)]
pub struct Labels<'a> {
    codes: &'a [u32],
    classes: usize,
}

impl<'a> Labels<'a> {
    /// Checks that every code lies below `classes`.
    pub fn new(codes: &'a [u32], classes: usize) -> Result<Self> {
        if let Some((row, code)) = codes
            .iter()
            .enumerate()
            .find(|&(_, &code)| code as usize >= classes)
        {
            return Err(Error::invalid(
                "labels",
                format!("must be codes below {classes}"),
                format!("{code} at row {row}"),
            ));
        }
        Ok(Self { codes, classes })
    }

    /// The code of each sample.
    pub fn codes(&self) -> &'a [u32] {
        self.codes
    }

    /// Number of classes.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// Refuses labels whose length is not `rows`.
    pub fn check_rows(&self, rows: usize) -> Result<()> {
        if self.codes.len() == rows {
            Ok(())
        } else {
            Err(Error::invalid(
                "labels",
                format!("must have one entry per row ({rows})"),
                format!("{} entries", self.codes.len()),
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_outside_the_classes_and_wrong_lengths_are_refused() {
        assert!(Labels::new(&[0, 1, 2], 2).is_err());
        let labels = Labels::new(&[0, 1, 1], 2).unwrap();
        assert!(labels.check_rows(3).is_ok());
        assert!(labels.check_rows(4).is_err());
    }
}
