use rust_decimal::Decimal;

use super::*;
use crate::{Framer, Framing};

fn header() -> SessionHeader {
    SessionHeader::new("FIXT.1.1", "me", "you").unwrap()
}

fn time() -> Timestamp {
    Timestamp::parse(b"20260817-16:00:00.123").unwrap()
}

fn encode(body: impl FnOnce(&mut BodyWriter)) -> Result<String, EncodeError> {
    let mut encoder = Encoder::new();
    body(encoder.begin(&header(), b"D", 7, time()));
    let frame = encoder.finish_checked()?;
    assert_eq!(Framer::default().next(frame), Framing::Frame(frame.len()));
    Ok(String::from_utf8_lossy(frame).replace('\x01', "|"))
}

#[test]
fn writes_every_kind_of_value() {
    let frame = encode(|body| {
        body.field(55, b"X")
            .int(1, -12)
            .unsigned(2, 1234)
            .decimal(44, Decimal::new(5700, 4))
            .boolean(43, true);
        body.timestamp(60, time())
            .data(95, 96, b"a\x01b")
            .field_or_empty(117, b"")
            .raw(b"9999=x\x01");
    });
    let expected = "8=FIXT.1.1|9=142|35=D|49=me|56=you|34=7|52=20260817-16:00:00.123|55=X|1=-12|2=1234|\
                    44=0.5700|43=Y|60=20260817-16:00:00.123|95=3|96=a|b|117=|9999=x|10=";
    let frame = frame.unwrap();
    let body_length = frame.find("|10=").unwrap() + 1 - frame.find("35=").unwrap();
    assert_eq!(
        &frame[..frame.len() - 4],
        expected.replace("142", &body_length.to_string())
    );
}

#[test]
fn refuses_what_would_break_the_frame() {
    let refused = |expected, body: fn(&mut BodyWriter)| assert_eq!(encode(body), Err(expected));
    refused(EncodeError::ContainsDelimiter { tag: 58 }, |body| {
        body.field(58, b"hi\x01there").field(11, b"x");
    });
    refused(EncodeError::ContainsDelimiter { tag: 58 }, |body| {
        body.field(58, b"hi\x01");
    });
    refused(EncodeError::Empty { tag: 58 }, |body| {
        body.field(58, b"");
    });
    refused(EncodeError::Tag { tag: 0 }, |body| {
        body.field(0, b"x");
    });
    assert_eq!(
        SessionHeader::new("FIXT.1.1", "", "y"),
        Err(EncodeError::Empty { tag: 49 })
    );
    assert_eq!(
        SessionHeader::new("FIXT.1.1", "a\x01", "y"),
        Err(EncodeError::ContainsDelimiter { tag: 49 })
    );
}

#[test]
fn grows_and_is_reusable() {
    let mut encoder = Encoder::new();
    let long = vec![b'x'; 100_000];
    encoder.begin(&header(), b"D", u64::MAX, time()).field(58, &long);
    let length = encoder.finish_checked().unwrap().len();
    assert!(length > long.len());
    encoder.begin(&header(), b"0", 1, time());
    assert_eq!(encoder.finish_checked().unwrap().len(), 71);
}

/// A message whose fields are written by compile-time tags, as those of the derives are.
struct Texts(&'static [(Tag, &'static [u8])]);

impl EncodeBody for Texts {
    fn msg_type(&self) -> &[u8] {
        b"D"
    }

    fn encode_body(&self, out: &mut BodyWriter) {
        for (tag, value) in self.0 {
            out.text(*tag, value);
        }
        out.data(95, 96, b"a\x0158=b");
    }
}

#[test]
fn names_the_field_that_smuggles_others_in() {
    const TEXT: Tag = Tag::new(58);
    const ID: Tag = Tag::new(11);
    fn check(fields: &'static [(Tag, &'static [u8])], expected: u32) {
        let mut encoder = Encoder::new();
        let refused = encoder
            .encode(&header(), 7, time(), &Texts(fields))
            .map(<[u8]>::len);
        assert_eq!(refused, Err(EncodeError::ContainsDelimiter { tag: expected }));
        // The encoder is as good as new.
        assert!(
            encoder
                .encode(&header(), 7, time(), &Texts(&[(ID, b"x")]))
                .is_ok()
        );
    }
    check(&[(ID, b"x"), (TEXT, b"hi\x01there")], 58);
    check(&[(TEXT, b"hi\x0154=1"), (ID, b"x")], 58);
    check(&[(TEXT, b"hi\x0154=1\x0111=y")], 58);
    check(&[(ID, b"x\x01"), (TEXT, b"hi")], 11);
    // By tags that are numbers, the field is looked into at once.
    let refused = encode(|body| {
        body.field(58, b"hi\x0111=y").field(11, b"x");
    });
    assert_eq!(refused, Err(EncodeError::ContainsDelimiter { tag: 58 }));
    let refused = encode(|body| {
        body.field_or_empty(58, b"hi\x0111=y");
    });
    assert_eq!(refused, Err(EncodeError::ContainsDelimiter { tag: 58 }));
}
