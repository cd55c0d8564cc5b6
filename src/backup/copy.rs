//! Copying a store that is in use: a scan while commits go on, and those commits again on top of it.
//!
//! The scan sees each row as of some moment after the beginning. All commits since then, in order, bring every row to
//! what it was after the last of them: the copy is the store as of that commit.

use crate::store::{
    keyspace::all_rows,
    kv::{Batch, Kv, StoreError},
};
use std::sync::mpsc::Receiver;

/// Rows of one commit of the copy.
const ROWS_PER_COMMIT: usize = 1_000;

/// Copies all rows into an empty store, and tells how many it has read so far.
///
/// # Errors
/// When one of the two fails.
pub fn copy(source: &dyn Kv, target: &dyn Kv, mut tell: impl FnMut(u64)) -> Result<(), StoreError> {
    let commits = source.follow();
    let (mut from, to) = all_rows();
    let mut rows = 0;
    loop {
        let some = source.scan(&from, &to, ROWS_PER_COMMIT)?;
        let Some((last, _)) = some.last() else { break };
        from = [last, &[0][..]].concat();
        rows += some.len() as u64;
        target.commit(Batch { rows: some.into_iter().map(|(key, value)| (key, Some(value))).collect() })?;
        take(&commits, target)?;
        tell(rows);
    }
    // A commit of which the scan has seen one row and not another one has been told when this returns.
    drop(source.follow());
    take(&commits, target)
}

/// Takes what was committed meanwhile.
fn take(commits: &Receiver<Batch>, target: &dyn Kv) -> Result<(), StoreError> {
    let mut rows = Vec::new();
    while let Ok(batch) = commits.try_recv() {
        rows.extend(batch.rows);
        if rows.len() >= ROWS_PER_COMMIT {
            target.commit(Batch { rows: std::mem::take(&mut rows) })?;
        }
    }
    if rows.is_empty() { Ok(()) } else { target.commit(Batch { rows }) }
}
