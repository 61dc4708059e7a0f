//! The whole stack: sockets, TLS and processes are real.

mod connections;
mod crash;
