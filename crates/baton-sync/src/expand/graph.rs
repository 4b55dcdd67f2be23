//! The graph of expansion: which entitlements are fed by which, and in which order that is done.

use std::collections::{BTreeMap, BTreeSet, HashMap};

/// How grants pass along an edge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pass {
    /// Only grants that are direct on the source pass.
    pub shallow: bool,
    /// Only principals of these resource types pass; all if empty.
    pub principal_types: BTreeSet<String>,
}

impl Pass {
    /// Two edges between the same ends act as one: deep wins over shallow, no filter over a filter, filters unite.
    fn merge(&mut self, other: &Self) {
        self.shallow &= other.shallow;
        if self.principal_types.is_empty() || other.principal_types.is_empty() {
            self.principal_types.clear();
        } else {
            self.principal_types.extend(other.principal_types.iter().cloned());
        }
    }
}

/// Entitlements and the edges between them.
#[derive(Debug, Default)]
pub(super) struct Graph {
    names: Vec<String>,
    index: HashMap<String, usize>,
    edges: Vec<BTreeMap<usize, Pass>>,
}

/// One pass of grants, from every source to every destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    pub source: String,
    pub destination: String,
    pub pass: Pass,
}

impl Graph {
    /// Adds the edge `source` → `destination`. An entitlement that feeds itself is no edge.
    pub(super) fn add(&mut self, source: &str, destination: &str, pass: Pass) {
        let (source, destination) = (self.node(source), self.node(destination));
        if source == destination {
            return;
        }
        match self.edges[source].get_mut(&destination) {
            Some(known) => known.merge(&pass),
            None => {
                self.edges[source].insert(destination, pass);
            }
        }
    }

    fn node(&mut self, name: &str) -> usize {
        if let Some(known) = self.index.get(name) {
            return *known;
        }
        let node = self.names.len();
        self.names.push(name.to_owned());
        self.index.insert(name.to_owned(), node);
        self.edges.push(BTreeMap::new());
        node
    }

    /// The passes in an order in which each source is complete before it passes on.
    ///
    /// Entitlements that feed each other in a circle are one knot: edges inside it do nothing, an edge into it feeds
    /// every member, and every member feeds an edge out of it.
    pub(super) fn steps(&self) -> Vec<Step> {
        let knots = self.knots();
        let mut knot_of = vec![0; self.names.len()];
        for (knot, members) in knots.iter().enumerate() {
            for member in members {
                knot_of[*member] = knot;
            }
        }
        let mut steps = Vec::new();
        for (knot, members) in knots.iter().enumerate() {
            let mut onward = BTreeMap::<usize, Pass>::new();
            for (destination, pass) in members.iter().flat_map(|member| &self.edges[*member]) {
                if knot_of[*destination] != knot {
                    onward
                        .entry(knot_of[*destination])
                        .and_modify(|known| known.merge(pass))
                        .or_insert_with(|| pass.clone());
                }
            }
            for (next, pass) in onward {
                for source in members {
                    for destination in &knots[next] {
                        steps.push(Step {
                            source: self.names[*source].clone(),
                            destination: self.names[*destination].clone(),
                            pass: pass.clone(),
                        });
                    }
                }
            }
        }
        steps
    }

    /// The strongly connected parts, sources before what they feed (Tarjan's algorithm, without recursion because a
    /// chain of groups can be long).
    fn knots(&self) -> Vec<Vec<usize>> {
        const NEW: usize = usize::MAX;
        let count = self.names.len();
        let (mut order, mut low, mut on_stack) = (vec![NEW; count], vec![0; count], vec![false; count]);
        let (mut stack, mut knots, mut clock) = (Vec::new(), Vec::new(), 0);
        for root in 0..count {
            if order[root] != NEW {
                continue;
            }
            let mut visits = vec![(root, self.edges[root].keys())];
            (order[root], low[root], on_stack[root]) = (clock, clock, true);
            clock += 1;
            stack.push(root);
            while let Some((node, next)) = visits.last_mut() {
                let node = *node;
                match next.next() {
                    Some(&to) if order[to] == NEW => {
                        (order[to], low[to], on_stack[to]) = (clock, clock, true);
                        clock += 1;
                        stack.push(to);
                        visits.push((to, self.edges[to].keys()));
                    }
                    Some(&to) if on_stack[to] => low[node] = low[node].min(order[to]),
                    Some(_) => {}
                    None => {
                        visits.pop();
                        if let Some((parent, _)) = visits.last() {
                            low[*parent] = low[*parent].min(low[node]);
                        }
                        if low[node] == order[node] {
                            let start = stack.iter().rposition(|member| *member == node).unwrap_or(0);
                            let mut members = stack.split_off(start);
                            members.sort_unstable();
                            for member in &members {
                                on_stack[*member] = false;
                            }
                            knots.push(members);
                        }
                    }
                }
            }
        }
        knots.reverse();
        knots
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deep() -> Pass {
        Pass { shallow: false, principal_types: BTreeSet::new() }
    }

    fn pairs(graph: &Graph) -> Vec<(String, String)> {
        graph.steps().into_iter().map(|step| (step.source, step.destination)).collect()
    }

    fn pair(source: &str, destination: &str) -> (String, String) {
        (source.to_owned(), destination.to_owned())
    }

    #[test]
    fn sources_come_before_what_they_feed() {
        let mut graph = Graph::default();
        for (source, destination) in [("B", "C"), ("C", "D"), ("A", "B"), ("A", "C"), ("D", "E")] {
            graph.add(source, destination, deep());
        }
        let steps = pairs(&graph);
        let at = |wanted: &(String, String)| steps.iter().position(|step| step == wanted);
        assert!(at(&pair("A", "B")) < at(&pair("B", "C")));
        assert!(at(&pair("A", "C")) < at(&pair("C", "D")));
        assert!(at(&pair("B", "C")) < at(&pair("C", "D")));
        assert!(at(&pair("C", "D")) < at(&pair("D", "E")));
        assert_eq!(steps.len(), 5);
    }

    #[test]
    fn a_circle_is_one_knot() {
        let mut graph = Graph::default();
        for (source, destination) in [("F", "G"), ("G", "F"), ("H", "F"), ("F", "I")] {
            graph.add(source, destination, deep());
        }
        let steps = pairs(&graph);
        assert_eq!(steps, [pair("H", "F"), pair("H", "G"), pair("F", "I"), pair("G", "I")]);
    }

    #[test]
    fn edges_between_the_same_ends_merge() {
        let mut graph = Graph::default();
        let filtered = |types: &[&str], shallow| Pass {
            shallow,
            principal_types: types.iter().map(|name| (*name).to_owned()).collect(),
        };
        graph.add("A", "B", filtered(&["user"], true));
        graph.add("A", "B", filtered(&["group"], false));
        assert_eq!(graph.steps()[0].pass, filtered(&["group", "user"], false));
        graph.add("A", "B", filtered(&[], true));
        assert_eq!(graph.steps()[0].pass, filtered(&[], false));
    }

    #[test]
    fn a_long_chain_does_not_overflow_the_stack() {
        let mut graph = Graph::default();
        for node in 0..200_000 {
            graph.add(&node.to_string(), &(node + 1).to_string(), deep());
        }
        assert_eq!(graph.steps().len(), 200_000);
    }
}
