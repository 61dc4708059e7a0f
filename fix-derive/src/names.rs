//! From the dictionary's names to Rust's.

use proc_macro2::{Ident, Span};

/// `ClOrdID` → `cl_ord_id`, `MDEntryPx` → `md_entry_px`.
pub(crate) fn snake(name: &str) -> String {
    let characters: Vec<char> = name.chars().collect();
    let mut snake = String::new();
    for (at, &character) in characters.iter().enumerate() {
        if character.is_ascii_uppercase() && at > 0 {
            let before = characters[at - 1];
            let after = characters.get(at + 1);
            // `IDs` is a plural, not `I_Ds`.
            let plural = after == Some(&'s')
                && before.is_ascii_uppercase()
                && characters
                    .get(at + 2)
                    .is_none_or(|next| !next.is_ascii_lowercase());
            let starts_word =
                !before.is_ascii_uppercase() || (after.is_some_and(char::is_ascii_lowercase) && !plural);
            if starts_word && before != '_' {
                snake.push('_');
            }
        }
        snake.push(if character.is_ascii_alphanumeric() {
            character.to_ascii_lowercase()
        } else {
            '_'
        });
    }
    snake
}

/// `PARTIALLY_FILLED` → `PartiallyFilled`; words in mixed case stay as they are.
pub(crate) fn camel(name: &str) -> String {
    let mut camel = String::new();
    for word in name
        .split(|character: char| !character.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
    {
        let mut characters = word.chars();
        let shouted = !word.contains(|character: char| character.is_ascii_lowercase());
        if let Some(first) = characters.next() {
            camel.push(first.to_ascii_uppercase());
            camel.extend(characters.map(|next| if shouted { next.to_ascii_lowercase() } else { next }));
        }
    }
    if camel.starts_with(|character: char| character.is_ascii_digit()) {
        camel.insert(0, 'V');
    }
    camel
}

/// The field of a struct that holds a group: `NoPartyIDs` → `party_ids`.
pub(crate) fn group_field(count: &str) -> String {
    snake(group_stem(count))
}

/// What a group counts: `NoPartyIDs` → `PartyIDs`.
pub(crate) fn group_stem(count: &str) -> &str {
    match count.strip_prefix("No") {
        Some(stem) if stem.starts_with(|first: char| first.is_ascii_uppercase()) => stem,
        _ => count,
    }
}

/// An identifier, raw where the name is a keyword.
pub(crate) fn ident(name: &str) -> Ident {
    match name {
        "self" | "Self" | "super" | "crate" | "_" | "" => Ident::new(&format!("{name}_"), Span::call_site()),
        _ => syn::parse_str::<Ident>(name).map_or_else(
            |_| Ident::new_raw(name, Span::call_site()),
            |ident| Ident::new(&ident.to_string(), Span::call_site()),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields() {
        for (name, expected) in [
            ("ClOrdID", "cl_ord_id"),
            ("MDEntryPx", "md_entry_px"),
            ("TestReqID", "test_req_id"),
            ("RfqId", "rfq_id"),
            ("AvgPx", "avg_px"),
            ("NoMDEntries", "no_md_entries"),
            ("LastMkt", "last_mkt"),
            ("MVEValidationReasonCode", "mve_validation_reason_code"),
            (
                "TotNumMarketSettlementReports",
                "tot_num_market_settlement_reports",
            ),
            ("SecurityIDSource", "security_id_source"),
            ("Price2", "price2"),
            ("NoPartyIDs", "no_party_ids"),
            ("XmlDataLen", "xml_data_len"),
        ] {
            assert_eq!(snake(name), expected);
        }
        assert_eq!(group_field("NoPartyIDs"), "party_ids");
        assert_eq!(group_field("NoRelatedSym"), "related_sym");
        assert_eq!(group_field("Nothing"), "nothing");
    }

    #[test]
    fn variants() {
        for (name, expected) in [
            ("PARTIALLY_FILLED", "PartiallyFilled"),
            ("NEW", "New"),
            ("PartiallyFilled", "PartiallyFilled"),
            ("FIX50SP2", "Fix50sp2"),
            ("2_DAYS", "V2Days"),
            ("GTC (GOOD TILL CANCEL)", "GtcGoodTillCancel"),
        ] {
            assert_eq!(camel(name), expected);
        }
        assert_eq!(ident("type").to_string(), "r#type");
        assert_eq!(ident("price").to_string(), "price");
    }
}
