//! What is taken from a journalled frame when it is sent again: the body, as it is.

use fix_dialect::{Framer, Framing, Header, Timestamp, fields};

use super::SequenceNumber;

/// A journalled frame, taken apart.
pub(super) struct Original<'a> {
    pub(super) msg_type: &'a [u8],
    pub(super) msg_seq_num: SequenceNumber,
    pub(super) sending_time: Timestamp,
    /// Everything between the header and the trailer, with its delimiters. Fields of the header that a session
    /// does not write itself (SenderSubID (50), PossResend (97)) stand at its beginning.
    pub(super) body: &'a [u8],
}

impl<'a> Original<'a> {
    /// Takes the frame of message `sequence` apart.
    ///
    /// A frame that is not whole, or not that message, must never be sent: the error says what is wrong.
    pub(super) fn read(frame: &'a [u8], sequence: SequenceNumber) -> Result<Self, String> {
        match Framer::new(usize::MAX).next(frame) {
            Framing::Frame(length) if length == frame.len() => {}
            Framing::Frame(length) => return Err(format!("{} bytes after its end", frame.len() - length)),
            Framing::NeedMore(length) => {
                return Err(format!("it has {} bytes, {length} are needed", frame.len()));
            }
            Framing::Garbled { reason, .. } => return Err(reason.to_string()),
        }
        let header = Header::read(frame).map_err(|error| error.to_string())?;
        if header.msg_seq_num != sequence {
            return Err(format!("its MsgSeqNum (34) is {}", header.msg_seq_num));
        }
        let mut rest = fields(frame);
        let mut start = frame.len();
        loop {
            let left = rest.rest().len();
            match rest.next() {
                Some(field) if REWRITTEN.contains(&field.tag) => {}
                Some(_) | None => {
                    start -= left;
                    break;
                }
            }
        }
        let end = frame.len() - TRAILER;
        Ok(Original {
            msg_type: header.msg_type,
            msg_seq_num: sequence,
            sending_time: header.sending_time,
            body: &frame[start.min(end)..end],
        })
    }
}

/// The fields at the head of a frame that a resend writes anew.
const REWRITTEN: [u32; 10] = [8, 9, 35, 49, 56, 34, 52, 43, 122, 369];
/// The length of `10=nnn<SOH>`.
const TRAILER: usize = 7;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::tests::{bars, complete};

    fn body(text: &str) -> Result<String, String> {
        let frame = complete("FIXT.1.1", text);
        Original::read(&frame, 7).map(|original| bars(original.body))
    }

    #[test]
    fn the_body_is_what_the_session_did_not_write() {
        let check = |text: &str, expected: &str| assert_eq!(body(text).as_deref(), Ok(expected), "{text}");
        let head = "35=D|49=me|56=you|34=7|52=20260817-16:00:00.000|";
        check(&format!("{head}11=a|58=x|"), "11=a|58=x|");
        check(&format!("{head}369=4|11=a|34=99|"), "11=a|34=99|");
        check(&format!("{head}50=desk|11=a|"), "50=desk|11=a|");
        check(&format!("{head}95=3|96=a|b|"), "95=3|96=a|b|");
        check(head, "");
    }

    #[test]
    fn what_is_not_that_message_is_refused() {
        let frame = complete(
            "FIXT.1.1",
            "35=D|49=me|56=you|34=7|52=20260817-16:00:00.000|11=a|",
        );
        let fault = |frame: &[u8], sequence| Original::read(frame, sequence).err().unwrap_or_default();
        assert_eq!(fault(&frame, 8), "its MsgSeqNum (34) is 7");
        assert_ne!(fault(&frame[..frame.len() - 1], 7), "");
        assert_eq!(fault(&[&frame[..], b"x"].concat(), 7), "1 bytes after its end");
        for at in 0..frame.len() {
            let mut torn = frame.clone();
            torn[at] ^= 0x11;
            assert_ne!(fault(&torn, 7), "", "byte {at}");
        }
        assert_ne!(fault(b"", 7), "");
    }
}
