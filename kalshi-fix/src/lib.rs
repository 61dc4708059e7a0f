//! FIX toolkit for Kalshi.

pub mod credentials;
pub mod environment;
pub mod margin;
pub mod prediction;
pub mod session;
pub mod transport;

pub use fix_derive::Dialect;
pub use fix_dialect as dialect;
