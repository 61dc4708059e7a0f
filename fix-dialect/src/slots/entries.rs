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
        self.entries(found, |(), count| Vec::with_capacity(count))
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
