//! What of an execution report is the same for everybody who gets it.

use std::hash::{DefaultHasher, Hasher as _};

use fix_dialect::fields;

/// An ExecutionReport (8), or another message of the exchange's that names an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Report {
    /// The order, by the number in its ClOrdID (11).
    pub order: u64,
    /// ExecType (150); 0 where there is none.
    pub exec_type: u8,
    /// All of the body: two reports with the same are the same.
    pub digest: u64,
}

impl Report {
    /// Reads a frame. `None` if it names no order whose ClOrdID begins with this prefix.
    #[must_use]
    pub fn read(frame: &[u8], prefix: &str) -> Option<Report> {
        let mut order = None;
        let mut exec_type = 0;
        let mut hasher = DefaultHasher::new();
        for field in fields(frame) {
            match field.tag {
                // The header and the trailer are each session's own.
                8 | 9 | 34 | 43 | 49 | 50 | 52 | 56 | 57 | 97 | 122 | 10 => continue,
                11 => order = number(field.value, prefix),
                150 => exec_type = field.value.first().copied().unwrap_or_default(),
                _ => {}
            }
            hasher.write_u32(field.tag);
            hasher.write(field.value);
            hasher.write_u8(0xff);
        }
        Some(Report {
            order: order?,
            exec_type,
            digest: hasher.finish(),
        })
    }

    /// Whether it is a fill.
    #[must_use]
    pub const fn is_fill(&self) -> bool {
        self.exec_type == b'F'
    }
}

fn number(cl_ord_id: &[u8], prefix: &str) -> Option<u64> {
    std::str::from_utf8(cl_ord_id)
        .ok()?
        .strip_prefix(prefix)?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_does_not_count_and_the_body_does() {
        let read = |text: &str| Report::read(text.replace('|', "\x01").as_bytes(), "s");
        let report = read("8=FIXT.1.1|9=9|35=8|49=a|56=b|34=2|52=x|11=s7|17=1;1|150=F|10=000|").unwrap();
        assert_eq!((report.order, report.is_fill()), (7, true));
        let again = read("8=FIXT.1.1|9=9|35=8|49=c|56=d|34=9|43=Y|52=y|122=x|11=s7|17=1;1|150=F|10=001|");
        assert_eq!(again, Some(report));
        let other = read("8=FIXT.1.1|9=9|35=8|49=a|56=b|34=2|52=x|11=s7|17=1;2|150=F|10=000|");
        assert_ne!(other, Some(report));
        assert_eq!(read("8=FIXT.1.1|9=9|35=0|34=2|10=000|"), None);
        assert_eq!(read("8=FIXT.1.1|9=9|35=8|11=t7|10=000|"), None);
    }
}
