//! The graph as it comes in: three borrowed arrays, checked once.

use layerscope_core::{Error, Result, Run};

/// Arcs of one piece of a pass over all of them.
const PIECE: usize = 1 << 15;
/// Legal weights.
const WEIGHTS: std::ops::Range<f64> = 0.0..f64::INFINITY;
/// Sums of weights outside of these bounds leave no room for products of degrees.
const SUMS: std::ops::RangeInclusive<f64> = 1e-290..=1e290;

/// An undirected graph in compressed sparse rows: an edge is stored in both rows, a self-loop
/// once. Weights are finite and at least 0.
#[derive(Debug, Clone, Copy)]
pub struct Network<'a> {
    pub(super) indptr: &'a [i64],
    pub(super) indices: &'a [u32],
    pub(super) weights: &'a [f64],
    pub(super) facts: Facts,
}

/// What one pass over the arcs finds out.
#[derive(Debug, Clone, Copy, Default)]
// Facts that an inner loop asks one by one; none excludes another.
#[allow(clippy::struct_excessive_bools)]
pub(super) struct Facts {
    /// 2m: the sum of all degrees.
    pub total: f64,
    /// Whether any weight is not 1.
    pub weighted: bool,
    /// Whether any arc leads back to its node.
    pub loops: bool,
    wrong_weight: bool,
    wrong_column: bool,
    /// Sum of fingerprints of arcs that rise minus those that fall: 0 in a symmetric graph.
    balance: u64,
}

impl<'a> Network<'a> {
    /// Wraps and checks the arrays, O(arcs) time.
    ///
    /// Symmetry is checked by 64-bit fingerprints of the arcs, whose sums over both directions
    /// must cancel: an asymmetric graph passes with a chance of about 2⁻⁶⁴.
    pub fn new(
        run: &Run,
        indptr: &'a [i64],
        indices: &'a [u32],
        weights: &'a [f64],
    ) -> Result<Self> {
        check_shape(indptr, indices, weights)?;
        let mut network = Self {
            indptr,
            indices,
            weights,
            facts: Facts::default(),
        };
        let bounds = network.bounds();
        let parts = run.map(bounds.len() - 1, |i| {
            Ok(network.look(bounds[i]..bounds[i + 1]))
        })?;
        network.facts = parts.into_iter().fold(Facts::default(), Facts::and);
        network.check()?;
        Ok(network)
    }

    /// Number of nodes.
    pub fn nodes(&self) -> usize {
        self.indptr.len() - 1
    }

    /// Visits the arcs of a row, self-loop included.
    #[inline]
    pub(super) fn visit(&self, node: usize, mut visit: impl FnMut(usize, f64)) {
        let arcs = self.span(node);
        for (&target, &weight) in self.indices[arcs.clone()].iter().zip(&self.weights[arcs]) {
            visit(target as usize, weight);
        }
    }

    /// Whether all arcs weigh 1 and none leads back to its node, so that [`Self::targets`] tell all.
    pub(super) fn plain(&self) -> bool {
        !self.facts.weighted && !self.facts.loops
    }

    /// Where the arcs of a row lead.
    #[inline]
    pub(super) fn targets(&self, node: usize) -> &[u32] {
        &self.indices[self.span(node)]
    }

    fn span(&self, node: usize) -> std::ops::Range<usize> {
        self.indptr[node] as usize..self.indptr[node + 1] as usize
    }

    /// Cuts the nodes into ranges of about [`PIECE`] arcs.
    pub(super) fn bounds(&self) -> Vec<usize> {
        let pieces = self.indices.len() / PIECE + self.nodes() / PIECE + 1;
        (0..=pieces)
            .map(|piece| match piece {
                0 => 0,
                _ if piece == pieces => self.nodes(),
                _ => {
                    let arc = (self.indices.len() * piece / pieces) as i64;
                    self.indptr[..self.nodes()].partition_point(|&start| start < arc)
                }
            })
            .collect()
    }

    fn look(&self, nodes: std::ops::Range<usize>) -> Facts {
        let mut facts = Facts::default();
        for node in nodes {
            self.visit(node, |target, weight| {
                facts.wrong_weight |= !WEIGHTS.contains(&weight);
                facts.wrong_column |= target >= self.nodes();
                facts.weighted |= weight != 1.0;
                facts.total += weight;
                if target == node {
                    facts.loops = true;
                    facts.total += weight;
                } else {
                    let print = fingerprint(node.min(target), node.max(target), weight);
                    let signed = if node < target {
                        print
                    } else {
                        print.wrapping_neg()
                    };
                    facts.balance = facts.balance.wrapping_add(signed);
                }
            });
        }
        facts
    }

    fn check(&self) -> Result<()> {
        let facts = self.facts;
        if facts.wrong_column {
            let rule = format!("must lie below the number of nodes ({})", self.nodes());
            let largest = self.indices.iter().max().copied().unwrap_or(0);
            return Err(Error::invalid("indices", rule, largest));
        }
        if facts.wrong_weight {
            return Err(self.wrong_weight());
        }
        if facts.total != 0.0 && !SUMS.contains(&facts.total) {
            let rule = "must add up to something between 1e-290 and 1e290";
            return Err(Error::invalid("weights", rule, facts.total));
        }
        if facts.balance != 0 {
            return Err(self.asymmetry());
        }
        Ok(())
    }

    fn wrong_weight(&self) -> Error {
        let rule = "must have weights that are finite and at least 0";
        let wrong = self.weights.iter().position(|w| !WEIGHTS.contains(w));
        let place = wrong.unwrap_or(0);
        let node = self
            .indptr
            .partition_point(|&start| start as usize <= place)
            - 1;
        let found = format!(
            "{} between nodes {node} and {}",
            self.weights[place], self.indices[place]
        );
        Error::invalid("graph", rule, found)
    }

    /// Names the first arc that does not come back with its weight.
    fn asymmetry(&self) -> Error {
        let rule = "must be symmetric, each edge stored in both rows with one weight";
        let between = |from: usize, to: usize| {
            let mut sum = 0.0;
            self.visit(from, |target, weight| {
                if target == to {
                    sum += weight;
                }
            });
            sum
        };
        for node in 0..self.nodes() {
            for place in self.span(node) {
                let target = self.indices[place] as usize;
                let (out, back) = (between(node, target), between(target, node));
                if out != back {
                    let found =
                        format!("{out} from node {node} to {target} and {back} from there back");
                    return Error::invalid("graph", rule, found);
                }
            }
        }
        Error::invalid("graph", rule, "arcs that differ in zeros or repeats only")
    }
}

impl Facts {
    fn and(self, other: Self) -> Self {
        Self {
            total: self.total + other.total,
            weighted: self.weighted | other.weighted,
            loops: self.loops | other.loops,
            wrong_weight: self.wrong_weight | other.wrong_weight,
            wrong_column: self.wrong_column | other.wrong_column,
            balance: self.balance.wrapping_add(other.balance),
        }
    }
}

fn check_shape(indptr: &[i64], indices: &[u32], weights: &[f64]) -> Result<()> {
    let ends = indptr.first() == Some(&0)
        && indptr
            .last()
            .is_some_and(|&end| usize::try_from(end) == Ok(indices.len()));
    if !ends || indptr.windows(2).any(|pair| pair[0] > pair[1]) {
        let rule = "must rise from 0 to the number of stored arcs";
        let found = format!("{} pointers for {} arcs", indptr.len(), indices.len());
        return Err(Error::invalid("indptr", rule, found));
    }
    if weights.len() != indices.len() {
        let rule = format!("must have one entry per arc ({})", indices.len());
        return Err(Error::invalid("weights", rule, weights.len()));
    }
    if indptr.len() > u32::MAX as usize {
        let rule = "must have fewer than 4294967295 nodes";
        return Err(Error::invalid("graph", rule, indptr.len() - 1));
    }
    Ok(())
}

/// 64 well mixed bits of an edge. The multipliers are odd numbers with random looking bits.
fn fingerprint(low: usize, high: usize, weight: f64) -> u64 {
    let ends = ((low as u64) << 32 | high as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut x = ends ^ weight.to_bits().wrapping_mul(0xD6E8_FEB8_6659_FD93);
    x ^= x >> 32;
    x = x.wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x ^= x >> 29;
    x = x.wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 32)
}
