//! FIX toolkit for Kalshi.

pub mod session;
