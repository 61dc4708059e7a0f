//! Two drivers over a pipe in memory, on tokio's paused clock; and one driver against a scripted peer.

mod cancel;
mod endings;
mod flow;
mod observed;
mod outages;
mod pair;
mod pressure;
mod renumbering;
mod scripted;
mod stored;
mod supervised;
