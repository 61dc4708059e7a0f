//! Seeing frames as they come and go.

/// Sees every frame of a session in the order of the wire: what a log of messages, or a counter of them, stands on.
///
/// It is called while the session is at work, and must not block. A session without one pays a comparison a frame.
///
/// Frames hold secrets (signatures, passwords): never log them unredacted.
pub trait WireTap: Send {
    /// A whole frame was received. What becomes of it is not known yet.
    fn received(&mut self, frame: &[u8]);

    /// Bytes were received that are no frame: a run of them may come in several pieces.
    fn garbled(&mut self, bytes: &[u8]);

    /// A frame goes to the transport. It may never arrive.
    fn sent(&mut self, frame: &[u8]);
}
