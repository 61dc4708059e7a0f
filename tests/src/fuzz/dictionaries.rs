//! Dictionaries: loading, overlays, merging, the lint, the semantic diff, and tables at run time.
//!
//! An input is two files, with a zero byte between them, and behind another zero byte a body to read by the first.

use std::sync::atomic::{AtomicUsize, Ordering};

use fix_dialect::dictionary::{Dictionary, Diff, Faults};
use fix_dialect::{Printer, Validator};

use crate::fixtures::{SOH, frame, wire};

/// The target.
///
/// # Panics
///
/// Where a fault has no place in its file, or two ways to compare dictionaries disagree.
pub fn run(data: &[u8]) {
    let mut parts = data.splitn(3, |byte| *byte == 0);
    let [one, other, body] = [(); 3].map(|()| parts.next().unwrap_or_default());
    let (first, second) = (load(one, "one.xml"), load(other, "other.xml"));
    match Dictionary::parse_with_overlay((one, "one.xml"), (other, "other.xml")) {
        Ok(dictionary) => {
            let _ = dictionary.warnings.iter().map(ToString::to_string).count();
        }
        Err(faults) => check_faults(&faults, &[one, other]),
    }
    for dictionary in first.iter().chain(&second) {
        assert_eq!(
            Diff::new(dictionary, dictionary).changes(),
            [],
            "a dictionary is what it is"
        );
        read_by(dictionary, data.len(), body);
    }
    if let (Some(first), Some(second)) = (&first, &second) {
        compare(first, second);
        match first.over(second) {
            Ok(both) => {
                assert_eq!(both.messages.len(), first.messages.len() + second.messages.len());
                compare(first, &both);
                read_by(&both, data.len(), body);
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
}

fn load(bytes: &[u8], path: &str) -> Option<Dictionary> {
    match Dictionary::parse_bytes(bytes, path) {
        Ok(dictionary) => {
            for warning in &dictionary.warnings {
                assert!(!warning.to_string().is_empty());
            }
            for message in &dictionary.messages {
                let found = dictionary
                    .message_by_type(&message.msg_type)
                    .map(|found| &found.name);
                assert_eq!(found, Some(&message.name));
            }
            Some(dictionary)
        }
        Err(faults) => {
            check_faults(&faults, &[bytes]);
            None
        }
    }
}

/// Faults can be told, are bounded in number, and are in one of the files.
fn check_faults(faults: &Faults, files: &[&[u8]]) {
    assert!(faults.iter().next().is_some(), "no dictionary, and no fault");
    assert!(faults.iter().count() <= 2 * Faults::LIMIT);
    assert!(!faults.to_string().is_empty());
    let lines = |file: &&[u8]| file.split(|byte| *byte == b'\n').count() as u32;
    let longest = files.iter().map(lines).max().unwrap_or(0);
    for fault in faults {
        let line = fault.position.line;
        assert!(1 <= line && line <= longest, "{fault} of {longest} lines");
    }
}

fn compare(old: &Dictionary, new: &Dictionary) {
    let diff = Diff::new(old, new);
    assert!(!diff.verdict().is_empty());
    for change in diff.changes() {
        assert!(!change.to_string().is_empty());
        assert!(change.impact() <= diff.receive().max(diff.send()));
    }
    assert!(diff.reused().count() <= diff.changes().len());
    let back = Diff::new(new, old);
    assert_eq!(
        diff.changes().is_empty(),
        back.changes().is_empty(),
        "{diff:?} and {back:?}"
    );
}

/// Reads a message of each type by the dictionary's tables, with this body.
///
/// Tables are leaked, as their documentation says, so this stops when it has leaked enough for one process.
fn read_by(dictionary: &Dictionary, length: usize, body: &[u8]) {
    static LEAKED: AtomicUsize = AtomicUsize::new(0);
    if LEAKED.fetch_add(length, Ordering::Relaxed) > MOST_LEAKED {
        return;
    }
    let tables = dictionary.leak_tables();
    let (mut validator, mut printer) = (Validator::new(tables), Printer::new(tables));
    for message in tables.messages.iter().take(4) {
        let mut whole = wire(&format!(
            "35={}|49=A|56=B|34=7|52=20260821-14:30:00.125|",
            message.msg_type
        ));
        whole.extend_from_slice(body);
        if whole.last() != Some(&SOH) {
            whole.push(SOH);
        }
        let whole = frame(&whole);
        for _ in 0..2 {
            let violations = validator.validate(&whole).unwrap_or_default();
            printer.to_string(&whole, &violations);
        }
    }
}

/// How many bytes of dictionaries one process makes tables of. A table takes some ten times its text.
const MOST_LEAKED: usize = 32 << 20;

/// Small dictionaries with every construct, and the venue's own.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let venue = include_str!("../../tests/dictionaries/venue.xml");
    let overlay = include_str!("../../tests/dictionaries/venue-overlay.xml");
    let shapes = include_str!("../../tests/dictionaries/shapes.xml");
    let pairs = [
        (SMALL, SMALL_NEXT, "58=x\x01"),
        (SMALL, OVERLAY, "54=1\x0138=5\x01453=1\x01448=p\x01"),
        (SMALL, TRANSPORT, "54=2\x0144=0.5\x01"),
        (venue, overlay, "11=a\x0154=1\x01555=1\x0155=b\x01"),
        (shapes, venue, "11=a\x01555=1\x0155=b\x0195=3\x0196=a\x01c\x01"),
        ("<fix", "<fix/>", ""),
    ];
    let join = |(one, other, body): (&str, &str, &str)| [one, other, body].join("\0").into_bytes();
    pairs.into_iter().map(join).collect()
}

const SMALL: &str = "<fix type='FIX' major='5' minor='0' servicepack='2' x-dialect='d' x-sessions='NR RT'>
<messages><message name='Order' msgtype='D' msgcat='app' x-client='NR RT' x-family='f'>
<field name='Side' required='Y'/><field name='OrderQty' required='N' x-when='Side=1' x-value='1..99 step 1'/>
<field name='Price' required='N' x-never='Side=2'/><component name='Parties' required='N'/>
</message></messages>
<components><component name='Parties'><group name='NoPartyIDs' required='N' x-entry='Party' x-max-entries='2'>
<field name='PartyID' required='Y'/></group></component></components>
<fields><field number='54' name='Side' type='CHAR'><value enum='1' description='BUY'/><value enum='2' description='SELL'/></field>
<field number='38' name='OrderQty' type='QTY' x-min='0' x-max='100' x-unit='contracts'/><field number='44' name='Price' type='PRICE'/>
<field number='453' name='NoPartyIDs' type='NUMINGROUP'/><field number='448' name='PartyID' type='STRING' x-max-length='8'/></fields></fix>";

const SMALL_NEXT: &str = "<fix type='FIX' major='5' minor='0'>
<messages><message name='Order' msgtype='D' msgcat='app'><field name='Side' required='N'/>
<field name='Text' required='Y'/></message><message name='New' msgtype='U1' msgcat='app'/></messages>
<fields><field number='54' name='Side' type='INT'><value enum='3' description='BUY'/></field>
<field number='58' name='Text' type='STRING'/></fields></fix>";

const OVERLAY: &str = "<fix><messages><message name='Order'><field name='Side' required='Y' x-note='mine'/>
<field name='Strategy' required='N'/></message></messages>
<fields><field name='Side'><value enum='5' description='SELL_SHORT'/></field>
<field number='20001' name='Strategy' type='STRING'/></fields></fix>";

const TRANSPORT: &str = "<fix type='FIXT' major='1' minor='1'>
<header><field name='BeginString' required='Y'/><field name='BodyLength' required='Y'/><field name='MsgType' required='Y'/></header>
<trailer><field name='CheckSum' required='Y'/></trailer>
<messages><message name='Heartbeat' msgtype='0' msgcat='admin'><field name='TestReqID' required='N'/></message></messages>
<fields><field number='8' name='BeginString' type='STRING'/><field number='9' name='BodyLength' type='LENGTH'/>
<field number='35' name='MsgType' type='STRING'><value enum='0' description='HEARTBEAT'/></field>
<field number='10' name='CheckSum' type='STRING'/><field number='112' name='TestReqID' type='STRING'/></fields></fix>";
