//! The floors that the codec is measured against, written by hand for exactly the five recorded messages.
//!
//! - [`scan`] decodes a frame in straight scalar code: it verifies `BodyLength` and `CheckSum`, converts every value to
//!   its type and drops it; texts stay bytes, as the codec's do. It fills no struct, keeps nothing that it does not
//!   know, and reports no cause.
//! - [`write`] encodes a frame from typed values in straight scalar code.
//! - [`vector`] makes the one pass that any decoder must make: it finds all delimiters and sums the bytes, 16 at a
//!   time, and converts nothing. The ratio of the two decode floors tells whether the first is an honest one.
//!
//! A floor says what the hardware allows for this job in code that nobody would want to maintain. `tests/floors.rs`
//! checks that the floors do the job that they are timed for.

pub(crate) mod scan;
pub(crate) mod values;
pub(crate) mod vector;
pub(crate) mod write;
