//! Two drivers over a pipe in memory, on tokio's paused clock; and one driver against a scripted peer.

mod endings;
mod flow;
mod pair;
mod pressure;
mod scripted;
mod stored;
mod supervised;
