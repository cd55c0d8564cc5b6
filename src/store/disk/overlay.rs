//! What is committed and not in the pages yet, in memory: readers see it as if it were.

use super::wal::Row;
use crate::store::kv::{KeyValue, StoreError};
use imbl::OrdMap;
use std::{cmp::Ordering, iter::Peekable, ops::Bound, sync::Arc};

/// Rows by key; none for a deleted one. A clone is a snapshot.
pub type Rows = OrdMap<Arc<[u8]>, Option<Arc<[u8]>>>;

/// Two layers above the pages.
#[derive(Clone, Debug, Default)]
pub struct Layers {
    /// Commits of the present segment of the log.
    pub active: Rows,
    /// Commits of the segment before, on their way to the pages.
    pub frozen: Rows,
}

impl Layers {
    /// These layers with one more commit.
    #[must_use]
    pub fn with(&self, rows: &[Row]) -> Self {
        let mut active = self.active.clone();
        for (key, value) in rows {
            active.insert(key.as_slice().into(), value.as_deref().map(Into::into));
        }
        Self { active, frozen: self.frozen.clone() }
    }

    /// What the layers say of a key: nothing, that it is deleted, or its value.
    #[must_use]
    pub fn row(&self, key: &[u8]) -> Option<Option<Vec<u8>>> {
        let row = self.active.get(key).or_else(|| self.frozen.get(key))?;
        Some(row.as_ref().map(|value| value.to_vec()))
    }

    /// The first rows of a range, over those of the pages.
    ///
    /// # Errors
    /// The pages'.
    pub fn scan(
        &self,
        (from, to): (&[u8], &[u8]),
        pages: impl Iterator<Item = Result<KeyValue, StoreError>>,
        rows_max: usize,
    ) -> Result<Vec<KeyValue>, StoreError> {
        let bounds = (Bound::Included(from), Bound::Excluded(to));
        let active = self.active.range::<_, [u8]>(bounds).map(owned);
        let frozen = self.frozen.range::<_, [u8]>(bounds).map(owned);
        present(over(active, over(frozen, pages.map(kept), Ordering::Less), Ordering::Less), rows_max)
    }

    /// The last rows of a range, in descending order, over those of the pages, which come in that order too.
    ///
    /// # Errors
    /// The pages'.
    pub fn scan_back(
        &self,
        (from, to): (&[u8], &[u8]),
        pages: impl Iterator<Item = Result<KeyValue, StoreError>>,
        rows_max: usize,
    ) -> Result<Vec<KeyValue>, StoreError> {
        let bounds = (Bound::Included(from), Bound::Excluded(to));
        let active = self.active.range::<_, [u8]>(bounds).rev().map(owned);
        let frozen = self.frozen.range::<_, [u8]>(bounds).rev().map(owned);
        present(over(active, over(frozen, pages.map(kept), Ordering::Greater), Ordering::Greater), rows_max)
    }
}

type Found = Result<Row, StoreError>;

fn owned((key, value): (&Arc<[u8]>, &Option<Arc<[u8]>>)) -> Found {
    Ok((key.to_vec(), value.as_ref().map(|value| value.to_vec())))
}

fn kept(row: Result<KeyValue, StoreError>) -> Found {
    row.map(|(key, value)| (key, Some(value)))
}

fn present(rows: impl Iterator<Item = Found>, rows_max: usize) -> Result<Vec<KeyValue>, StoreError> {
    let present = rows.filter_map(|row| row.map(|(key, value)| Some((key, value?))).transpose());
    present.take(rows_max).collect()
}

/// Two sorted sequences as one; where both have a key, the upper one's row stands.
fn over(
    upper: impl IntoIterator<Item = Found>,
    lower: impl IntoIterator<Item = Found>,
    order: Ordering,
) -> impl Iterator<Item = Found> {
    let (mut upper, mut lower) = (upper.into_iter().peekable(), lower.into_iter().peekable());
    std::iter::from_fn(move || {
        let (Some(Ok((one, _))), Some(Ok((other, _)))) = (upper.peek(), lower.peek()) else {
            return first_left(&mut upper, &mut lower);
        };
        let compared = one.cmp(other);
        if compared == Ordering::Equal {
            lower.next();
        }
        if compared == order || compared == Ordering::Equal { upper.next() } else { lower.next() }
    })
}

/// The next when one side is at its end or failed. A failure comes at once.
fn first_left<A, B>(upper: &mut Peekable<A>, lower: &mut Peekable<B>) -> Option<Found>
where
    A: Iterator<Item = Found>,
    B: Iterator<Item = Found>,
{
    if lower.peek().is_some_and(Result::is_err) { lower.next() } else { upper.next().or_else(|| lower.next()) }
}
