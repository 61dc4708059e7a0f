//! Case 14 where the dictionary's rules find the fault, and the application answers as they say.

use fix_dialect::{Answer, Dialect as _, Rule, Validator};

use super::*;
use crate::prediction::Prediction;
use crate::session::{Event, Reject, RejectReason};

/// An order, and fields behind it.
const ORDER: &str = "35=D|34=2|11=a|38=1|40=2|44=0.55|54=1|55=M";

/// Has the dictionary find this one fault in a message that the session delivers, and answers it as the rule says.
fn answers(us: &mut Bench, message: &str, rule: Rule, sent: &str) {
    us.receive(message);
    let delivered = us.take_events();
    let [Event::Application(inbound)] = &delivered[..] else {
        panic!("{delivered:?}")
    };
    let mut validator = Validator::new(Prediction::tables());
    let violations = validator.validate(&inbound.frame).unwrap();
    let [violation] = &violations[..] else {
        panic!("one fault: {violations:?}")
    };
    assert_eq!(violation.rule, rule);
    let msg_type = String::from_utf8_lossy(inbound.msg_type()).into_owned();
    match violation.answer {
        Answer::Reject(code) => {
            let reason = RejectReason::from_code(code.into()).expect("a reason that is known");
            let reject = Reject::new(inbound.msg_seq_num, reason)
                .of_type(msg_type)
                .about(violation.tag);
            us.session.reject(us.now(), reject).unwrap();
        }
        Answer::BusinessReject(code) => {
            let answer = bench::Body(
                "j",
                vec![
                    (45, inbound.msg_seq_num.to_string()),
                    (372, msg_type),
                    (380, code.to_string()),
                ],
            );
            us.session.send(us.now(), &answer).unwrap();
        }
    }
    us.drain();
    us.expect_sent([sent]);
    // The message has used its number, whatever was wrong with it, and the session goes on.
    assert_eq!(us.next(), (3, 3));
    us.receive("35=1|34=3|112=x");
    us.expect_sent(["35=0|34=3|112=x"]);
}

both_roles! {
    fn case_14g_a_field_of_the_header_in_the_body(us) {
        let message = format!("{ORDER}|43=N");
        answers(&mut us, &message, Rule::Order, "35=3|34=2|45=2|371=43|372=D|373=14");
    }

    fn case_14i_a_count_that_is_not_the_number_of_entries(us) {
        let message = format!("{ORDER}|453=2|448=P|452=24");
        answers(&mut us, &message, Rule::GroupCount, "35=3|34=2|45=2|371=453|372=D|373=16");
    }

    fn case_14j_an_entry_that_begins_with_another_field(us) {
        let message = format!("{ORDER}|453=1|452=24|448=P");
        answers(&mut us, &message, Rule::GroupOrder, "35=3|34=2|45=2|371=452|372=D|373=15");
    }

    /// TimeInForce (59) = 6 wants an ExpireTime (126).
    fn case_14m_a_conditional_field_that_is_missing(us) {
        let message = format!("{ORDER}|59=6");
        answers(&mut us, &message, Rule::Conditional, "35=j|34=2|45=2|372=D|380=5");
    }
}
