//! The fields by which an answer says what it answers, and how.

use std::str;

use crate::session::Inbound;

macro_rules! answer_fields {
    ($($(#[$doc:meta])* $name:ident = $tag:literal,)+) => {
        /// The first occurrence of each, as it stands on the wire.
        #[derive(Clone, Copy, Debug, Default)]
        pub(super) struct AnswerFields<'a> { $($(#[$doc])* pub(super) $name: Option<&'a [u8]>,)+ }

        impl<'a> AnswerFields<'a> {
            pub(super) fn of(inbound: &'a Inbound) -> AnswerFields<'a> {
                let mut found = AnswerFields::default();
                for field in fix_dialect::fields(&inbound.frame) {
                    match field.tag {
                        $($tag => { found.$name.get_or_insert(field.value); })+
                        _ => {}
                    }
                }
                found
            }
        }
    };
}

answer_fields! {
    cl_ord_id = 11,
    ref_seq_num = 45,
    text = 58,
    cxl_rej_reason = 102,
    ord_rej_reason = 103,
    quote_id = 117,
    quote_req_id = 131,
    exec_type = 150,
    quote_status = 297,
    quote_cancel_status = 298,
    ref_tag_id = 371,
    ref_msg_type = 372,
    business_reject_ref_id = 379,
    business_reject_reason = 380,
    mass_cancel_response = 531,
    mass_cancel_reject_reason = 532,
    quote_request_reject_reason = 658,
    order_group_id = 20_130,
    resend_event_count = 21_003,
    event_resend_reject_reason = 21_004,
    quote_confirm_status = 21_010,
    rfq_cancel_status = 21_013,
    rfq_id = 21_023,
    accept_quote_status = 21_025,
}

impl AnswerFields<'_> {
    /// Text (58), lossily read as UTF-8.
    pub(super) fn text(&self) -> Option<String> {
        self.text.map(|text| String::from_utf8_lossy(text).into_owned())
    }
}

/// Only the ClOrdID (11): most reports are of orders that nobody waits for.
pub(super) fn cl_ord_id(inbound: &Inbound) -> Option<&[u8]> {
    fix_dialect::fields(&inbound.frame)
        .find(|field| field.tag == 11)
        .map(|field| field.value)
}

/// A value that is a number and nothing else; anything else is no value, and never another number.
pub(super) fn number<N: str::FromStr>(value: Option<&[u8]>) -> Option<N> {
    let value = value.filter(|value| value.iter().all(u8::is_ascii_digit))?;
    str::from_utf8(value).ok()?.parse().ok()
}
