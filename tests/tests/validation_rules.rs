//! Every rule of the validator broken by itself, and told alike of the raw message and of the typed one.

use std::collections::BTreeSet;

use fix_dialect::{Context, Decoder, Dialect, Prices, Rule, Sender, Validator, Violation};
use kalshi_fix::prediction::Prediction;
use kalshi_fix_tests::fixtures::{frame, wire};

const HEADER: &str = "49=s|56=t|34=7|52=20260821-14:30:00.125|";
/// The rest of an order that breaks no rule.
const ORDER: &str = "11=a|38=1|40=2|44=0.55|54=1|55=M|";
const LONG: &str = "11=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa|";

/// What the validator says of the raw message, and `validate` of the decoded one.
fn violations(body: &str, sender: Sender) -> [Vec<Violation>; 2] {
    let (msg_type, rest) = body.split_once('|').expect("a MsgType");
    let body = format!("{msg_type}|{HEADER}{rest}")
        .replace("ORDER|", ORDER)
        .replace("LONG|", LONG);
    let frame = frame(&wire(&body));
    let context = Context::default()
        .from(sender)
        .on("NR")
        .priced_in(Prices::Dollars);
    let raw = Validator::new(Prediction::tables()).validate_in(&frame, &context);
    let mut decoder = Decoder::<Prediction>::new();
    let decoded = decoder.decode(&frame).expect("a sound frame");
    [raw.expect("a sound frame"), decoded.validate_in(&context)]
}

#[test]
fn each_rule_is_broken_by_itself() {
    let cases = [
        ("35=D|ORDER|", Sender::Client, None, ""),
        (
            "35=D|11=a|38=1|40=2|44=0.55|54=1|",
            Sender::Client,
            Some(Rule::Required),
            "NewOrderSingle/55: required field is missing",
        ),
        (
            "35=D|ORDER|59=6|",
            Sender::Client,
            Some(Rule::Conditional),
            "NewOrderSingle/126: field is required in this case and missing",
        ),
        (
            "35=D|ORDER|453=1|448=p|452=24|79=1|",
            Sender::Client,
            Some(Rule::Forbidden),
            "NewOrderSingle/79: field must not be there in this case: `1`",
        ),
        (
            "35=D|ORDER|18=|",
            Sender::Client,
            Some(Rule::NotEmpty),
            "NewOrderSingle/18: field has no value",
        ),
        (
            "35=D|11=a|38=many|40=2|44=0.55|54=1|55=M|",
            Sender::Client,
            Some(Rule::Type),
            "NewOrderSingle/38: value is not of the field's type: `many`",
        ),
        (
            "35=D|ORDER|59=9|",
            Sender::Client,
            Some(Rule::Listed),
            "NewOrderSingle/59: value is not among those listed: `9`; expected 0 (DAY), 1 (GTC), 3 (IOC), 4 (FOK), 6 (GTD)",
        ),
        (
            "35=A|98=0|108=30|95=1|96=x|141=N|1137=9|",
            Sender::Client,
            Some(Rule::Fixed),
            "Logon/141: value is not the one that it must be in this case: `N`; expected `Y`",
        ),
        (
            "35=D|ORDER|79=64|",
            Sender::Client,
            Some(Rule::Range),
            "NewOrderSingle/79: value is out of range: `64`; expected 0..63",
        ),
        (
            "35=D|11=a|38=0.005|40=2|44=0.55|54=1|55=M|",
            Sender::Client,
            Some(Rule::Step),
            "NewOrderSingle/38: value is not a multiple of its step: `0.005`; expected ",
        ),
        (
            "35=D|LONG|38=1|40=2|44=0.55|54=1|55=M|",
            Sender::Client,
            Some(Rule::Length),
            "NewOrderSingle/11: value is too long: ",
        ),
        (
            "35=D|ORDER|453=2|448=p|452=24|",
            Sender::Client,
            Some(Rule::GroupCount),
            "NewOrderSingle/453: count is not the number of entries: `2`; expected 1",
        ),
        (
            "35=D|ORDER|453=2|448=p|452=24|448=q|452=24|",
            Sender::Client,
            Some(Rule::Entries),
            "NewOrderSingle/453: number of entries is out of range: `2`; expected 0 to 1",
        ),
        (
            "35=D|ORDER|453=1|452=24|448=p|",
            Sender::Client,
            Some(Rule::GroupOrder),
            "NewOrderSingle/453[0]/452: group entry does not begin with its first field: `24`",
        ),
        (
            "35=D|ORDER|44=0.56|",
            Sender::Client,
            Some(Rule::Once),
            "NewOrderSingle/44: field appears more than once: `0.56`",
        ),
        (
            "35=D|ORDER|97=N|",
            Sender::Client,
            Some(Rule::Order),
            "NewOrderSingle/97: field of the header or trailer is not in its place: `N`",
        ),
        (
            "35=D|ORDER|9999=x|",
            Sender::Client,
            Some(Rule::Defined),
            "NewOrderSingle/9999: tag is not defined: `x`",
        ),
        (
            "35=D|ORDER|31=0.5|",
            Sender::Client,
            Some(Rule::Member),
            "NewOrderSingle/31: tag is not defined for this message: `0.5`",
        ),
        (
            "35=A|98=0|108=30|95=3|96=xy|141=Y|1137=9|",
            Sender::Client,
            Some(Rule::DataLength),
            "Logon/95: length does not lead to the end of its data field: `3`",
        ),
        (
            "35=D|ORDER|",
            Sender::Exchange,
            Some(Rule::Sender),
            "NewOrderSingle/35: message is not sent by this side on this session: `D`",
        ),
    ];
    let mut wrong = Vec::new();
    for (body, sender, rule, expected) in cases {
        let [raw, typed] = violations(body, sender);
        let is_right = match rule {
            None => raw.is_empty(),
            Some(rule) => {
                matches!(&raw[..], [only] if only.rule == rule && only.to_string().starts_with(expected))
            }
        };
        if !is_right || raw != typed {
            wrong.push(format!(
                "{body}: expected {expected}\n    raw   {raw:?}\n    typed {typed:?}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let broken: BTreeSet<&str> = cases
        .iter()
        .filter_map(|(_, _, rule, _)| Some((*rule)?.name()))
        .collect();
    let all: BTreeSet<&str> = Rule::ALL.iter().map(|rule| rule.name()).collect();
    assert_eq!(broken, all);
}
