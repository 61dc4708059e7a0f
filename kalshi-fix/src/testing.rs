//! What tests of several modules share: messages by their fields, and a writer that keeps what is written.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use fix_dialect::{BodyWriter, EncodeBody, Encoder, SessionHeader, Timestamp};

/// The first message from `sender`: its type, and then its fields, as in `8|11=a|150=0`.
pub(crate) fn frame(sender: &str, fields: &str) -> Bytes {
    let header = SessionHeader::new("FIXT.1.1", sender, "key-id").unwrap();
    let time = Timestamp::from_unix_nanos(0);
    let mut encoder = Encoder::new();
    Bytes::copy_from_slice(encoder.encode(&header, 1, time, &Fields(fields)).unwrap())
}

struct Fields<'a>(&'a str);

impl EncodeBody for Fields<'_> {
    fn msg_type(&self) -> &[u8] {
        self.0.split('|').next().unwrap().as_bytes()
    }

    fn encode_body(&self, out: &mut BodyWriter) {
        for field in self.0.split('|').skip(1) {
            let (tag, value) = field.split_once('=').unwrap();
            out.field_or_empty(tag.parse().unwrap(), value.as_bytes());
        }
    }
}

/// What was written, and a writer of it.
#[derive(Clone, Default)]
pub(crate) struct Written(Arc<Mutex<Vec<u8>>>);

impl Written {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap().clone()
    }

    /// As text, with `|` between the fields.
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.bytes()).unwrap().replace('\x01', "|")
    }
}

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
