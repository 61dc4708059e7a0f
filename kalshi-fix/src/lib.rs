//! FIX toolkit for Kalshi.

pub mod client;
pub mod credentials;
pub mod driver;
pub mod environment;
#[cfg(feature = "gateway")]
pub mod gateway;
pub mod margin;
pub mod prediction;
pub mod session;
pub mod transport;

pub use fix_derive::Dialect;
pub use fix_dialect as dialect;
