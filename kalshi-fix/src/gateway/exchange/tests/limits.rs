//! What markets and sessions allow, and orders of which nobody knows what came.

use super::super::*;
use super::check;

#[test]
fn positions_have_a_limit_with_all_orders_filled() {
    check(
        "> list limited
         > alice buy a1 6 50
         a1 new
         > alice buy a2 5 40
         a2 rejected 3 EXCEEDED_PER_MARKET_RISK_LIMIT
         > alice buy a2 4 40
         a2 new
         > alice amend a3 a2 buy 5 =
         a3 refused 99 EXCEEDED_PER_MARKET_RISK_LIMIT
         > alice amend a3 a2 buy 4 41
         a3 replaced 4.00@0.4100 open 4.00
         > bob sell b1 6 50
         b1 new (trades)
         b1 takes 6.00@0.5000 open 0.00 paid -3.0000 holds -6.00
         a1 makes 6.00@0.5000 open 0.00 paid -3.0000 holds 6.00
         > alice buy a4 0.01 40
         a4 rejected 3 EXCEEDED_PER_MARKET_RISK_LIMIT
         > alice sell a5 16 60
         a5 new
         > alice sell a6 0.01 60
         a6 rejected 3 EXCEEDED_PER_MARKET_RISK_LIMIT",
    );
}

#[test]
fn sells_have_a_floor() {
    check(
        "> list floored
         > bob sell b1 2 60
         b1 new
         > bob sell b2 0.01 60
         b2 rejected 3 EXCEEDED_SELL_POSITION_FLOOR
         > bob amend b3 b1 sell 3 =
         b3 refused 99 EXCEEDED_SELL_POSITION_FLOOR
         > bob buy b4 1 50
         b4 new
         > alice sell a1 1 50
         a1 new (trades)
         a1 takes 1.00@0.5000 open 0.00 paid -0.5000 holds -1.00
         b4 makes 1.00@0.5000 open 0.00 paid -0.5000 holds 1.00
         > bob sell b5 1 60
         b5 new",
    );
}

#[test]
fn a_market_closes_on_time() {
    check(
        "> list closing
         > alice buy a1 1 40
         a1 new
         > wait 999
         > wait 1
         a1 expired
         > alice buy a2 1 40
         a2 rejected 2 MARKET_INACTIVE
         > alice cancel c a1 buy
         c refused 99 MARKET_INACTIVE",
    );
}

#[test]
fn an_order_in_doubt_may_live() {
    check(
        "> bob sell b1 1 60
         b1 new
         > doubt alice buy a1 3 60
         b1 makes 1.00@0.6000 open 0.00 paid -0.4000 holds -1.00
         a1 rejected 99 EXCHANGE_UNAVAILABLE
         > alice buy a1 3 60
         a1 rejected 6 ORDER_ALREADY_EXISTS
         > alice cancel c a1 buy
         c canceled Requested filled 1.00",
    );
}

#[test]
fn reasons_are_found_by_their_texts() {
    for text in ["EXCHANGE_UNAVAILABLE", "MARKET_NOT_FOUND", "TOO_LATE_TO_ENTER"] {
        assert_eq!(RejectReason::named(text).map(RejectReason::text), Some(text));
    }
    assert_eq!(RejectReason::named("maintenance"), None);
}
