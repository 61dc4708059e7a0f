//! Order books and settlements, held against simpler ones, against the simulated exchange, and against a count of
//! allocations.

mod book_allocations;
mod book_feed;
mod book_properties;
mod book_venue;
mod breaks;
mod settlement_properties;
