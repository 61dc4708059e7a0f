//! FIX toolkit for Kalshi.

pub mod credentials;
pub mod environment;
pub mod session;
pub mod transport;
