//! Naive twins of box covering on dense tables of distances, and graphs whose geometry is known.

use layerscope_core::random::stream;
use rand::RngExt;

/// Edges of a graph without direction.
pub type Edges = Vec<(u32, u32)>;
/// Distances between all nodes; infinite where there is no path.
pub type Table = Vec<Vec<f64>>;

/// Distances by Floyd and Warshall, from edges with lengths.
pub fn distances(nodes: usize, edges: &[(u32, u32)], lengths: &[f64]) -> Table {
    let mut table = vec![vec![f64::INFINITY; nodes]; nodes];
    for (i, row) in table.iter_mut().enumerate() {
        row[i] = 0.0;
    }
    for (&(a, b), &length) in edges.iter().zip(lengths) {
        let (a, b) = (a as usize, b as usize);
        let shorter = table[a][b].min(length);
        table[a][b] = shorter;
        table[b][a] = shorter;
    }
    for via in 0..nodes {
        for i in 0..nodes {
            for j in 0..nodes {
                table[i][j] = table[i][j].min(table[i][via] + table[via][j]);
            }
        }
    }
    table
}

/// Whether nodes of a box are pairwise nearer than `size`.
pub fn covers_by_diameter(table: &Table, boxes: &[u32], size: f64) -> bool {
    (0..boxes.len()).all(|i| (0..i).all(|j| boxes[i] != boxes[j] || table[i][j] < size))
}

/// Whether every box has a node, of any box, within `size` of all its nodes.
pub fn covers_by_radius(table: &Table, boxes: &[u32], size: f64) -> bool {
    let last = boxes.iter().max().map_or(0, |&last| last + 1);
    (0..last).all(|number| {
        let members: Vec<usize> = (0..boxes.len()).filter(|&i| boxes[i] == number).collect();
        !members.is_empty()
            && (0..boxes.len()).any(|centre| members.iter().all(|&i| table[centre][i] <= size))
    })
}

/// Greedy colouring in a given order: the smallest colour that no earlier node at distance ≥ size
/// bears.
pub fn greedy(table: &Table, order: &[u32], size: f64) -> Vec<u32> {
    let mut colours = vec![u32::MAX; order.len()];
    for (position, &node) in order.iter().enumerate() {
        let forbidden: Vec<u32> = order[..position]
            .iter()
            .filter(|&&other| table[node as usize][other as usize] >= size)
            .map(|&other| colours[other as usize])
            .collect();
        colours[node as usize] = (0..order.len() as u32)
            .find(|colour| !forbidden.contains(colour))
            .unwrap_or(0);
    }
    colours
}

/// Compact box burning with the draws of one stream.
pub fn burning(table: &Table, size: f64, seed: u64, item: u64) -> Vec<u32> {
    let mut generator = stream(seed, item);
    let mut boxes = vec![u32::MAX; table.len()];
    let mut number = 0;
    while boxes.contains(&u32::MAX) {
        let mut candidates: Vec<usize> =
            (0..table.len()).filter(|&i| boxes[i] == u32::MAX).collect();
        while !candidates.is_empty() {
            let chosen = candidates[generator.random_range(0..candidates.len() as u32) as usize];
            boxes[chosen] = number;
            candidates.retain(|&other| other != chosen && table[chosen][other] < size);
        }
        number += 1;
    }
    boxes
}

/// Centres of maximum excluded mass burning: masses are counted anew each time.
pub fn memb(table: &Table, radius: f64) -> Vec<u32> {
    let mut uncovered = vec![true; table.len()];
    let mut centres = Vec::new();
    while uncovered.contains(&true) {
        let mass = |centre: usize| {
            (0..table.len())
                .filter(|&i| uncovered[i] && table[centre][i] <= radius)
                .count()
        };
        let best = (0..table.len())
            .rev()
            .max_by_key(|&centre| mass(centre))
            .unwrap_or(0);
        centres.push(best as u32);
        for (i, left) in uncovered.iter_mut().enumerate() {
            *left &= table[best][i] > radius;
        }
    }
    centres
}

/// Random sequential covering in a given order.
pub fn random(table: &Table, order: &[u32], radius: f64) -> Vec<u32> {
    let mut boxes = vec![u32::MAX; table.len()];
    let mut number = 0;
    for &centre in order {
        let new: Vec<usize> = (0..table.len())
            .filter(|&i| boxes[i] == u32::MAX && table[centre as usize][i] <= radius)
            .collect();
        for &i in &new {
            boxes[i] = number;
        }
        number += u32::from(!new.is_empty());
    }
    boxes
}

/// Overlapping boxes with seeds in a given order; see `layerscope_measures::fractal`.
pub fn obca(table: &Table, order: &[u32], size: f64) -> Vec<u32> {
    let mut boxes: Vec<Vec<usize>> = Vec::new();
    let times = |boxes: &[Vec<usize>], node: usize| {
        boxes
            .iter()
            .filter(|members| members.contains(&node))
            .count()
    };
    for &first in order {
        let first = first as usize;
        if times(&boxes, first) > 0 {
            continue;
        }
        let mut members = vec![first];
        for covered in [false, true] {
            for &node in order {
                let node = node as usize;
                if (times(&boxes, node) > 0) == covered
                    && !members.contains(&node)
                    && members.iter().all(|&member| table[member][node] < size)
                {
                    members.push(node);
                }
            }
        }
        boxes.push(members);
    }
    let mut place = 0;
    while place < boxes.len() {
        if boxes[place].iter().all(|&node| times(&boxes, node) > 1) {
            boxes.remove(place);
        } else {
            place += 1;
        }
    }
    (0..table.len())
        .map(|node| {
            boxes
                .iter()
                .position(|members| members.contains(&node))
                .unwrap_or(boxes.len()) as u32
        })
        .collect()
}

/// Degree-preserving swaps with the draws of one stream; an edge list is all there is.
pub fn rewire(edges: &[(u32, u32)], attempts: u64, seed: u64) -> Edges {
    let mut generator = stream(seed, 0);
    let mut edges = edges.to_vec();
    for _ in 0..attempts {
        let one = generator.random_range(0..edges.len() as u64) as usize;
        let other = generator.random_range(0..edges.len() as u64) as usize;
        let forward = generator.random::<bool>();
        let ((a, b), (c, d)) = (edges[one], edges[other]);
        let (c, d) = if forward { (c, d) } else { (d, c) };
        let (first, second) = ((a.min(d), a.max(d)), (c.min(b), c.max(b)));
        let free = |edge: &(u32, u32)| edge.0 != edge.1 && !edges.contains(edge);
        if one != other && free(&first) && free(&second) {
            edges[one] = first;
            edges[other] = second;
        }
    }
    edges
}

/// The (u, v)-flower: each edge becomes two paths, of u and of v edges.
pub fn flower(u: u32, v: u32, generation: u32) -> (usize, Edges) {
    let mut edges: Edges = (0..u + v).map(|i| (i, (i + 1) % (u + v))).collect();
    let mut nodes = u + v;
    for _ in 1..generation {
        let mut grown = Vec::new();
        for &(a, b) in &edges {
            for length in [u, v] {
                let mut before = a;
                for _ in 1..length {
                    grown.push((before, nodes));
                    before = nodes;
                    nodes += 1;
                }
                grown.push((before, b));
            }
        }
        edges = grown;
    }
    (nodes as usize, edges)
}

/// A grid of rows and columns.
pub fn grid(rows: u32, columns: u32) -> (usize, Edges) {
    let mut edges = Vec::new();
    for i in 0..rows {
        for j in 0..columns {
            if i + 1 < rows {
                edges.push((i * columns + j, (i + 1) * columns + j));
            }
            if j + 1 < columns {
                edges.push((i * columns + j, i * columns + j + 1));
            }
        }
    }
    ((rows * columns) as usize, edges)
}

/// A path.
pub fn path(nodes: u32) -> (usize, Edges) {
    (nodes as usize, (1..nodes).map(|i| (i - 1, i)).collect())
}

/// Diameters at which groups join under complete linkage, the nearest two groups first.
pub fn linkage_heights(distances: &[Vec<f64>]) -> Vec<f64> {
    let mut groups: Vec<Vec<usize>> = (0..distances.len()).map(|point| vec![point]).collect();
    let diameter = |group: &[usize]| {
        let pairs = group
            .iter()
            .flat_map(|&i| group.iter().map(move |&j| (i, j)));
        pairs.map(|(i, j)| distances[i][j]).fold(0.0, f64::max)
    };
    let mut heights = Vec::new();
    while groups.len() > 1 {
        let mut best = (f64::INFINITY, 0, 0);
        for i in 0..groups.len() {
            for j in i + 1..groups.len() {
                let union = diameter(&[groups[i].clone(), groups[j].clone()].concat());
                if union < best.0 {
                    best = (union, i, j);
                }
            }
        }
        let (height, i, j) = best;
        let gone = groups.remove(j);
        groups[i].extend(gone);
        heights.push(height);
    }
    heights
}
