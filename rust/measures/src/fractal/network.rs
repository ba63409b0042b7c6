//! An undirected graph as this folder reads it, and its components.

use layerscope_core::{Error, Result, Run, filled, with_capacity};

/// Compressed sparse rows of an undirected graph: every edge stands in both rows.
#[derive(Debug, Clone, Copy)]
pub struct Network<'a> {
    indptr: &'a [i64],
    indices: &'a [u32],
    weights: &'a [f64],
}

impl<'a> Network<'a> {
    /// Wraps the arrays of an undirected graph of at least one node; `weights` may be empty where
    /// nobody asks for lengths.
    pub fn new(indptr: &'a [i64], indices: &'a [u32], weights: &'a [f64]) -> Result<Self> {
        let nodes = indptr.len().saturating_sub(1);
        if nodes == 0 {
            return Err(Error::invalid("graph", "must have at least one node", 0));
        }
        let rises = indptr.windows(2).all(|pair| pair[0] <= pair[1]);
        if indptr[0] != 0 || !rises || usize::try_from(indptr[nodes]) != Ok(indices.len()) {
            return Err(Error::invalid(
                "indptr",
                "must rise from 0 to the number of arcs",
                format!("{} arcs", indices.len()),
            ));
        }
        if let Some(wrong) = indices.iter().find(|&&node| node as usize >= nodes) {
            let rule = format!("must lie below the number of nodes ({nodes})");
            return Err(Error::invalid("indices", rule, wrong));
        }
        if !weights.is_empty() && weights.len() != indices.len() {
            let rule = format!("must have one entry per arc ({})", indices.len());
            return Err(Error::invalid("weights", rule, weights.len()));
        }
        Ok(Self {
            indptr,
            indices,
            weights,
        })
    }

    /// Number of nodes.
    pub fn nodes(&self) -> usize {
        self.indptr.len() - 1
    }

    /// Number of stored arcs.
    pub fn arcs(&self) -> usize {
        self.indices.len()
    }

    /// The other ends of a node's edges, rising.
    #[allow(clippy::inline_always)]
    #[inline(always)]
    pub fn neighbours(&self, node: usize) -> &'a [u32] {
        &self.indices[self.indptr[node] as usize..self.indptr[node + 1] as usize]
    }

    /// Weights of a node's edges, in the order of [`Self::neighbours`].
    pub fn weights_of(&self, node: usize) -> &'a [f64] {
        &self.weights[self.indptr[node] as usize..self.indptr[node + 1] as usize]
    }

    /// All weights.
    pub fn weights(&self) -> &'a [f64] {
        self.weights
    }

    /// Number of a node's edges to other nodes.
    pub fn degree(&self, node: usize) -> usize {
        let near = self.neighbours(node);
        near.len() - usize::from(near.binary_search(&(node as u32)).is_ok())
    }
}

/// The component of every node, numbered by their smallest node, and how many there are.
pub fn components(network: Network, run: &Run) -> Result<(Vec<u32>, usize)> {
    const UNSEEN: u32 = u32::MAX;
    let mut component = filled(network.nodes(), UNSEEN)?;
    let mut queue = with_capacity(network.nodes())?;
    let mut found = 0;
    for start in 0..network.nodes() {
        if component[start] != UNSEEN {
            continue;
        }
        component[start] = found;
        queue.clear();
        queue.push(start as u32);
        let mut head = 0;
        while head < queue.len() {
            if head % 4096 == 0 {
                run.check()?;
            }
            for &other in network.neighbours(queue[head] as usize) {
                if component[other as usize] == UNSEEN {
                    component[other as usize] = found;
                    queue.push(other);
                }
            }
            head += 1;
        }
        found += 1;
    }
    Ok((component, found as usize))
}

/// A part of a network with arrays of its own.
#[derive(Debug, Clone)]
pub struct Component {
    indptr: Vec<i64>,
    indices: Vec<u32>,
    weights: Vec<f64>,
    /// The nodes of the whole that the part's nodes are.
    pub nodes: Vec<u32>,
}

impl Component {
    /// The component with most nodes; among equals the one with the smallest node.
    pub fn largest(network: Network, run: &Run) -> Result<Self> {
        let (component, count) = components(network, run)?;
        let mut sizes = filled(count, 0usize)?;
        for &number in &component {
            sizes[number as usize] += 1;
        }
        // `max_by_key` keeps the last of equals, so they are asked from behind.
        let largest = (0..count).rev().max_by_key(|&c| sizes[c]).unwrap_or(0);
        let mut nodes: Vec<u32> = with_capacity(sizes[largest])?;
        let mut number = filled(network.nodes(), 0u32)?;
        for (node, _) in component
            .iter()
            .enumerate()
            .filter(|&(_, &c)| c as usize == largest)
        {
            number[node] = nodes.len() as u32;
            nodes.push(node as u32);
        }
        Self::of(network, nodes, &number, run)
    }

    /// The nodes given, which no edge leaves, under the numbers given.
    pub(super) fn of(network: Network, nodes: Vec<u32>, number: &[u32], run: &Run) -> Result<Self> {
        let ends = |&node: &u32| network.neighbours(node as usize).len();
        let mut part = Self {
            indptr: with_capacity(nodes.len() + 1)?,
            indices: with_capacity(nodes.iter().map(ends).sum())?,
            weights: Vec::new(),
            nodes,
        };
        part.indptr.push(0);
        for (position, &node) in part.nodes.iter().enumerate() {
            if position % 4096 == 0 {
                run.check()?;
            }
            let near = network.neighbours(node as usize);
            part.indices
                .extend(near.iter().map(|&other| number[other as usize]));
            if !network.weights().is_empty() {
                part.weights
                    .extend_from_slice(network.weights_of(node as usize));
            }
            part.indptr.push(part.indices.len() as i64);
        }
        Ok(part)
    }

    /// The part as a network.
    pub fn network(&self) -> Network<'_> {
        Network {
            indptr: &self.indptr,
            indices: &self.indices,
            weights: &self.weights,
        }
    }
}
