//! A dictionary's names and Rust's, compared while a user's crate is compiled.

use crate::tables::{FieldTable, Tables};

/// Whether `rust` is what the derives call the field `fix` of a dictionary: `cl_ord_id` for ClOrdID, and for the group
/// that it counts `party_ids` for NoPartyIDs.
#[must_use]
pub const fn is_rust_name(rust: &str, fix: &str, group: bool) -> bool {
    let (rust, fix) = (rust.as_bytes(), fix.as_bytes());
    let mut at = if group { stem(fix) } else { 0 };
    let first = at;
    let mut written = 0;
    while at < fix.len() {
        let character = fix[at];
        if character.is_ascii_uppercase() && at > first && starts_word(fix, at) {
            if written >= rust.len() || rust[written] != b'_' {
                return false;
            }
            written += 1;
        }
        let expected = if character.is_ascii_alphanumeric() {
            character.to_ascii_lowercase()
        } else {
            b'_'
        };
        if written >= rust.len() || rust[written] != expected {
            return false;
        }
        written += 1;
        at += 1;
    }
    written == rust.len()
}

/// Whether the capital at `at` begins a word: `ClOrdID` has three, and so have `PartyIDs` and `MDEntryPx` two and three.
const fn starts_word(name: &[u8], at: usize) -> bool {
    let before = name[at - 1];
    let after = if at + 1 < name.len() { name[at + 1] } else { 0 };
    let behind = if at + 2 < name.len() { name[at + 2] } else { 0 };
    // `IDs` is a plural, not `I_Ds`.
    let plural = after == b's' && before.is_ascii_uppercase() && !behind.is_ascii_lowercase();
    let starts = !before.is_ascii_uppercase() || (after.is_ascii_lowercase() && !plural);
    starts && before != b'_'
}

/// Where the name of what a group counts begins: behind `No`.
const fn stem(count: &[u8]) -> usize {
    if count.len() > 2 && count[0] == b'N' && count[1] == b'o' && count[2].is_ascii_uppercase() {
        2
    } else {
        0
    }
}

/// The field of a dialect that has this name in Rust.
pub(super) const fn by_rust_name(
    tables: &'static Tables,
    rust: &str,
    group: bool,
) -> Option<&'static FieldTable> {
    let mut at = 0;
    while at < tables.fields.len() {
        if is_rust_name(rust, tables.fields[at].name, group) {
            return Some(tables.fields[at]);
        }
        at += 1;
    }
    None
}

/// The field of a dialect with this tag.
pub(super) const fn by_tag(tables: &'static Tables, tag: u32) -> Option<&'static FieldTable> {
    let (mut low, mut high) = (0, tables.fields.len());
    while low < high {
        let middle = usize::midpoint(low, high);
        let found = tables.fields[middle];
        if found.tag == tag {
            return Some(found);
        }
        if found.tag < tag {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    None
}

/// The field that was probably meant: the first whose name is the one given but for one edit, or two in a long name.
pub(super) const fn nearest(tables: &'static Tables, rust: &str, group: bool) -> Option<&'static FieldTable> {
    let mut best = None;
    let mut least = if rust.len() < 6 { 1 } else { 2 } + 1;
    let mut at = 0;
    while at < tables.fields.len() {
        let field = tables.fields[at];
        let (name, length) = lowered(field.name, group);
        let edits = edits(rust.as_bytes(), &name, length, least);
        if edits < least {
            least = edits;
            best = Some(field);
        }
        at += 1;
    }
    best
}

const LONGEST: usize = 48;

/// The Rust name of a field, and its length; none for a name that is too long.
const fn lowered(fix: &str, group: bool) -> ([u8; LONGEST], usize) {
    let fix = fix.as_bytes();
    let mut name = [0; LONGEST];
    let mut length = 0;
    let first = if group { stem(fix) } else { 0 };
    let mut at = first;
    while at < fix.len() {
        if length + 2 > LONGEST {
            return (name, 0);
        }
        if fix[at].is_ascii_uppercase() && at > first && starts_word(fix, at) {
            name[length] = b'_';
            length += 1;
        }
        name[length] = if fix[at].is_ascii_alphanumeric() {
            fix[at].to_ascii_lowercase()
        } else {
            b'_'
        };
        length += 1;
        at += 1;
    }
    (name, length)
}

/// How many letters are to be changed, added or left out to make one name the other, as far as it is less than `limit`:
/// what both begin and end with is the same, and what is between differs.
const fn edits(one: &[u8], other: &[u8; LONGEST], length: usize, limit: usize) -> usize {
    if length == 0 || one.len().abs_diff(length) >= limit {
        return limit;
    }
    let shorter = if one.len() < length { one.len() } else { length };
    let mut front = 0;
    while front < shorter && one[front] == other[front] {
        front += 1;
    }
    let mut back = 0;
    while back < shorter - front && one[one.len() - 1 - back] == other[length - 1 - back] {
        back += 1;
    }
    let (left, right) = (one.len() - front - back, length - front - back);
    if left > right { left } else { right }
}

/// Writes the Rust name of a field.
pub(super) const fn tell(words: &mut super::words::Words, field: &FieldTable, group: bool) {
    let (name, length) = lowered(field.name, group);
    let (name, _) = name.split_at(length);
    if let Ok(name) = std::str::from_utf8(name) {
        words.text(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_as_the_derives_make_them() {
        for (fix, rust) in [
            ("ClOrdID", "cl_ord_id"),
            ("MDEntryPx", "md_entry_px"),
            ("RfqId", "rfq_id"),
            ("NoMDEntries", "no_md_entries"),
            ("MVEValidationReasonCode", "mve_validation_reason_code"),
            (
                "TotNumMarketSettlementReports",
                "tot_num_market_settlement_reports",
            ),
            ("SecurityIDSource", "security_id_source"),
            ("Price2", "price2"),
            ("NoPartyIDs", "no_party_ids"),
            ("XmlDataLen", "xml_data_len"),
            ("A_B", "a_b"),
            ("a b", "a_b"),
        ] {
            assert!(is_rust_name(rust, fix, false), "{fix}");
            assert!(!is_rust_name(&format!("{rust}x"), fix, false), "{fix}");
            assert!(!is_rust_name(&rust[1..], fix, false), "{fix}");
            let (name, length) = lowered(fix, false);
            assert_eq!(&name[..length], rust.as_bytes());
        }
        assert!(is_rust_name("party_ids", "NoPartyIDs", true));
        assert!(is_rust_name("related_sym", "NoRelatedSym", true));
        assert!(is_rust_name("nothing", "Nothing", true));
        assert!(!is_rust_name("party_ids", "NoPartyIDs", false));
    }

    #[test]
    fn edits_are_counted() {
        let check = |one: &str, fix: &str, expected: usize| {
            let (name, length) = lowered(fix, false);
            assert_eq!(edits(one.as_bytes(), &name, length, 3), expected, "{one} {fix}");
        };
        check("price", "Price", 0);
        check("pricee", "Price", 1);
        check("prcie", "Price", 2);
        check("cl_order_id", "ClOrdID", 2);
        check("quantity", "Price", 3);
        check("x", "", 3);
    }
}
