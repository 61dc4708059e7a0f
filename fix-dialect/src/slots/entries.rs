//! Groups of messages that a user declares: their entries are owned by the message, and no pool lends them room.

use super::{Block, Refused, Slots};
use crate::walk::Span;

impl<'a> Slots<'_, 'a, ()> {
    /// The entries of a required group.
    ///
    /// # Errors
    ///
    /// When the group is missing, its count is wrong, or an entry lacks a required value.
    pub fn required_entries<T: Block<'a, ()>>(&mut self, found: Span) -> Result<Vec<T>, Refused> {
        if !found.is_set() {
            return Err(Refused);
        }
        let Some(&group) = self.walk.groups.get(found.end as usize) else {
            return Err(Refused);
        };
        if group.declared != Some(u64::from(group.found)) {
            return Err(Refused);
        }
        // Each entry has been found on the wire, so that the count cannot ask for more room than the frame justifies.
        let mut entries = Vec::with_capacity(group.found as usize);
        let mut next = group.first;
        while let Some(&entry) = self.walk.entries.get(next as usize) {
            let base = entry.base as usize;
            let values = self.walk.values.get(base..base + T::SLOTS).ok_or(Refused)?;
            let mut slots = Slots {
                frame: self.frame,
                walk: self.walk,
                values,
                entry: next,
                storage: &mut *self.storage,
                malformed: &mut *self.malformed,
            };
            entries.push(T::read(&mut slots)?);
            next = entry.next;
        }
        Ok(entries)
    }

    /// The entries of an optional group; `None` when it is absent, or faulty, which is a violation then.
    pub fn optional_entries<T: Block<'a, ()>>(&mut self, found: Span) -> Option<Vec<T>> {
        if !found.is_set() {
            return None;
        }
        let entries = self.required_entries(found).ok();
        if entries.is_none() {
            *self.malformed = true;
        }
        entries
    }
}
