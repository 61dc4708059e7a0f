//! Order groups over FIX: OrderGroupRequest (UOG), OrderGroupResponse (UOH), and the refusals.

use std::sync::Arc;

use fix_dialect::{BodyWriter, EncodeBody, parse_int, parse_unsigned};

use super::exchange::{GroupAction, GroupReject, GroupRequest, GroupResponse};
use super::request::{Business, Refusal, Request};
use crate::environment::Product;
use crate::session::RejectReason;

/// Reads an OrderGroupRequest (UOG) that keeps the dictionary's rules.
pub(super) fn read(request: &Request<'_>) -> Result<GroupRequest, Refusal> {
    // Out of a u64 is out of the limits too, which are the exchange's to judge.
    let limit = || {
        request
            .raw
            .field(20132)
            .and_then(parse_unsigned)
            .unwrap_or_default()
    };
    let action = match request.raw.field(20131) {
        Some(b"1") => GroupAction::Create(limit()),
        Some(b"2") => GroupAction::Reset(id(request)?),
        Some(b"3") => GroupAction::Delete(id(request)?),
        Some(b"4") => GroupAction::Trigger(id(request)?),
        Some(b"5") => GroupAction::Update(id(request)?, limit()),
        _ => return Err(request.value_incorrect(20131, "actions are numbered from 1 to 5")),
    };
    let exchange_index = match request.raw.field(100) {
        None => 0,
        // A group has no symbol to find the index by, so -1 names no index.
        Some(text) => parse_int(text)
            .and_then(|index| u32::try_from(index).ok())
            .ok_or_else(|| request.value_incorrect(100, "an order group needs the exchange index itself"))?,
    };
    Ok(GroupRequest {
        reference: request.raw.header().msg_seq_num,
        action,
        exchange_index,
        subaccount: request.subaccount()?.unwrap_or(0),
    })
}

/// OrderGroupID (20130): one that is no UUID is malformed, rather than unknown.
fn id(request: &Request<'_>) -> Result<Arc<str>, Refusal> {
    let id = request.text(20130)?;
    if is_uuid(&id) {
        return Ok(id);
    }
    let reject = request.reject(RejectReason::IncorrectDataFormat).about(20130);
    Err(Refusal::Session(
        reject.with_text("OrderGroupID (20130) is not a UUID"),
    ))
}

fn is_uuid(text: &str) -> bool {
    let lengths = [8, 4, 4, 4, 12];
    let mut parts = text.split('-');
    lengths.iter().all(|length| {
        parts
            .next()
            .is_some_and(|part| part.len() == *length && part.bytes().all(|byte| byte.is_ascii_hexdigit()))
    }) && parts.next().is_none()
}

/// OrderGroupResponse (UOH).
pub(super) struct OrderGroupResponse<'a> {
    pub(super) response: &'a GroupResponse,
    pub(super) product: Product,
}

impl EncodeBody for OrderGroupResponse<'_> {
    fn msg_type(&self) -> &[u8] {
        b"UOH"
    }

    fn encode_body(&self, out: &mut BodyWriter) {
        let GroupResponse {
            id,
            limit,
            subaccount,
            ..
        } = self.response;
        out.field(20130, id.to_string().as_bytes());
        // Margin's has the id alone.
        if self.product == Product::Prediction {
            if let Some(limit) = limit {
                out.unsigned(20132, *limit);
            }
            out.unsigned(79, (*subaccount).into());
        }
    }
}

/// The BusinessMessageReject (j) of a refused request.
pub(super) fn reject(reject: &GroupReject) -> Business {
    Business {
        ref_seq_num: reject.reference,
        ref_msg_type: "UOG".to_owned(),
        ref_id: reject.id.as_deref().map(str::to_owned),
        reason: reject.reason.code(),
        text: reject.reason.text().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_id_is_a_uuid() {
        for (text, expected) in [
            ("770e8400-e29b-41d4-a716-446655440002", true),
            ("770E8400-E29B-41D4-A716-446655440002", true),
            ("770e8400e29b41d4a716446655440002", false),
            ("770e8400-e29b-41d4-a716-44665544000g", false),
            ("770e8400-e29b-41d4-a716-446655440002-", false),
            ("", false),
        ] {
            assert_eq!(is_uuid(text), expected, "{text}");
        }
    }
}
