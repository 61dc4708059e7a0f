//! Groups of messages that a user declares: their entries are owned by the message, and no pool lends them room.

use super::{Block, Refused, Slots};
use crate::walk::Span;

impl<'a> Slots<'_, 'a, ()> {
    /// As [`Slots::required`], by a function: a type that is no field's value is told once, where it is written.
    ///
    /// # Errors
    ///
    /// When the value is missing, empty or malformed.
    #[inline]
    pub fn required_value<T>(
        &self,
        found: Span,
        read: impl FnOnce(&'a [u8], usize, usize) -> Option<T>,
    ) -> Result<T, Refused> {
        if found.start >= found.end {
            return Err(Refused);
        }
        read(self.frame, found.start as usize, found.end as usize).ok_or(Refused)
    }

    /// As [`Slots::optional`], by a function.
    #[inline]
    pub fn optional_value<T>(
        &mut self,
        found: Span,
        read: impl FnOnce(&'a [u8], usize, usize) -> Option<T>,
    ) -> Option<T> {
        if !found.is_set() {
            return None;
        }
        let value = self.required_value(found, read).ok();
        if value.is_none() {
            *self.malformed = true;
        }
        value
    }

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
