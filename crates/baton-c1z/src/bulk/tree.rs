//! Trees filled from sorted rows: every page is written once, full, from the leaves up (SQLite file format, 1.6).

use crate::error::Error;

use super::pages::{Kind, Node, PageNumber, Pages, cell};
use super::record::varint;

/// The page that a tree begins with, and its content. The schema says where it stands.
pub(crate) type Root = (PageNumber, Vec<u8>);

/// Fills the tree of a table in the order of its row ids.
#[derive(Debug)]
pub(crate) struct TableTree {
    leaf: Node,
    head: Vec<u8>,
    leaves: Level,
    last: i64,
}

impl TableTree {
    /// A tree with pages of `size` bytes.
    pub(crate) fn new(size: usize) -> Self {
        Self { leaf: Node::new(Kind::TableLeaf, size), head: Vec::new(), leaves: Level::default(), last: 0 }
    }

    /// Adds a row behind all others.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(crate) fn push(&mut self, pages: &mut Pages, row: i64, record: &[u8]) -> Result<(), Error> {
        self.head.clear();
        varint(&mut self.head, record.len() as u64);
        varint(&mut self.head, row.cast_unsigned());
        let rest = cell(&mut self.head, pages, record, Kind::TableLeaf)?;
        if !self.leaf.push(&[&self.head, rest]) {
            // In a table the key between two pages is a copy of the last row id on its left.
            let mut key = Vec::with_capacity(9);
            varint(&mut key, self.last.cast_unsigned());
            self.leaves.children.push(pages.append(self.leaf.page(None))?);
            self.leaves.keys.push(key);
            self.leaf.clear();
            self.leaf.push(&[&self.head, rest]);
        }
        self.last = row;
        Ok(())
    }

    /// Writes all that is left but the root, which belongs at `root`.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(crate) fn finish(self, pages: &mut Pages, root: PageNumber) -> Result<Root, Error> {
        finish(self.leaf, self.leaves, Kind::TableInterior, pages, root)
    }
}

/// Fills the tree of an index in the order of its keys.
#[derive(Debug)]
pub(crate) struct IndexTree {
    leaf: Node,
    head: Vec<u8>,
    leaves: Level,
}

impl IndexTree {
    /// A tree with pages of `size` bytes.
    pub(crate) fn new(size: usize) -> Self {
        Self { leaf: Node::new(Kind::IndexLeaf, size), head: Vec::new(), leaves: Level::default() }
    }

    /// Adds a key behind all others.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(crate) fn push(&mut self, pages: &mut Pages, record: &[u8]) -> Result<(), Error> {
        let mut head = std::mem::take(&mut self.head);
        head.clear();
        varint(&mut head, record.len() as u64);
        let rest = cell(&mut head, pages, record, Kind::IndexLeaf)?;
        let pushed = self.push_cell(pages, &[&head, rest]);
        self.head = head;
        pushed
    }

    /// Adds a key, given as its cell in parts, behind all others.
    ///
    /// # Errors
    /// The file cannot be written.
    #[inline]
    pub(crate) fn push_cell(&mut self, pages: &mut Pages, cell: &[&[u8]]) -> Result<(), Error> {
        if !self.leaf.push(cell) {
            // In an index the key between two pages stands in no leaf. A full page has at least three keys.
            let key = self.leaf.pop().unwrap_or_default();
            self.leaves.children.push(pages.append(self.leaf.page(None))?);
            self.leaves.keys.push(key);
            self.leaf.clear();
            self.leaf.push(cell);
        }
        Ok(())
    }

    /// As [`TableTree::finish`].
    ///
    /// # Errors
    /// The file cannot be written.
    pub(crate) fn finish(self, pages: &mut Pages, root: PageNumber) -> Result<Root, Error> {
        finish(self.leaf, self.leaves, Kind::IndexInterior, pages, root)
    }
}

/// Finished pages of one level, and the keys between them: one fewer than pages once the level is complete. A key is
/// what stands behind the page number in a cell of the level above.
#[derive(Debug, Default)]
struct Level {
    children: Vec<PageNumber>,
    keys: Vec<Vec<u8>>,
}

fn finish(
    mut leaf: Node,
    mut level: Level,
    interior: Kind,
    pages: &mut Pages,
    root: PageNumber,
) -> Result<Root, Error> {
    if level.children.is_empty() {
        return Ok((root, leaf.page(None).to_vec()));
    }
    level.children.push(pages.append(leaf.page(None))?);
    let mut node = Node::new(interior, pages.size());
    loop {
        let mut above = Level::default();
        let mut first = 0;
        loop {
            let last = level.last_of_page(first, pages.size());
            for child in first..last {
                node.push(&[&level.children[child].to_be_bytes(), &level.keys[child]]);
            }
            let page = node.page(Some(level.children[last]));
            if first == 0 && last + 1 == level.children.len() {
                return Ok((root, page.to_vec()));
            }
            above.children.push(pages.append(page)?);
            node.clear();
            match level.keys.get_mut(last) {
                Some(key) => above.keys.push(std::mem::take(key)),
                None => break,
            }
            first = last + 1;
        }
        level = above;
    }
}

impl Level {
    /// The last child of an interior page that begins with the child `first`: as many as fit, but no page after it may
    /// have only one.
    fn last_of_page(&self, first: usize, size: usize) -> usize {
        const HEADER: usize = 12;
        let mut room = size - HEADER;
        let mut last = first;
        while last + 1 < self.children.len() {
            let needed = 2 + 4 + self.keys[last].len();
            if needed > room {
                break;
            }
            room -= needed;
            last += 1;
        }
        if last + 2 == self.children.len() { last - 1 } else { last }
    }
}
