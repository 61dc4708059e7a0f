//! Orders, from the first line to the last.

use super::{check, check_product};
use crate::environment::Product;

#[test]
fn orders_trade_by_price_and_time_at_the_resting_price() {
    check(
        "> bob sell b1 10 60
         b1 new
         > bob sell b2 10 59
         b2 new
         > carol sell c1 5 59
         c1 new
         > alice buy a1 18 60
         a1 new (trades)
         a1 takes 10.00@0.5900 open 8.00 paid -5.9000 holds 10.00
         b2 makes 10.00@0.5900 open 0.00 paid -4.1000 holds -10.00
         a1 takes 5.00@0.5900 open 3.00 paid -2.9500 holds 15.00
         c1 makes 5.00@0.5900 open 0.00 paid -2.0500 holds -5.00
         a1 takes 3.00@0.6000 open 0.00 paid -1.8000 holds 18.00
         b1 makes 3.00@0.6000 open 7.00 paid -1.2000 holds -13.00",
    );
}

#[test]
fn orders_that_do_not_rest() {
    check(
        "> bob sell b1 10 60
         b1 new
         > alice buy a1 12 60 fok
         a1 canceled FillOrKillVolume filled 0.00
         > alice buy a2 5 59 ioc
         a2 canceled ImmediateOrCancelled filled 0.00
         > alice buy a3 5 60 post
         a3 canceled PostOnlyCross filled 0.00
         > alice buy a4 5 60 max1
         a4 canceled MaxExecutionCost filled 0.00
         > alice buy a5 1 60 max1
         a5 new (trades)
         a5 takes 1.00@0.6000 open 0.00 paid -0.6000 holds 1.00
         b1 makes 1.00@0.6000 open 9.00 paid -0.4000 holds -1.00
         > alice buy a6 2 60 fok
         a6 new (trades)
         a6 takes 2.00@0.6000 open 0.00 paid -1.2000 holds 3.00
         b1 makes 2.00@0.6000 open 7.00 paid -0.8000 holds -3.00
         > alice buy a7 9 60 past
         a7 new (trades)
         a7 takes 7.00@0.6000 open 2.00 paid -4.2000 holds 10.00
         b1 makes 7.00@0.6000 open 0.00 paid -2.8000 holds -10.00
         a7 canceled ImmediateOrCancelled filled 7.00
         > alice buy a8 5 59 post
         a8 new",
    );
}

#[test]
fn orders_that_are_not_accepted() {
    check(
        "> alice buy a1 10 60 elsewhere
         a1 rejected 1 MARKET_NOT_FOUND
         > alice buy a1 10 60.5
         a1 rejected 11 INVALID_ORDER
         > alice buy a1 10 100
         a1 rejected 11 INVALID_ORDER
         > alice buy a1 0 60
         a1 rejected 13 INVALID_ORDER
         > alice buy a1 -1 60
         a1 rejected 13 INVALID_ORDER
         > alice buy a1 1000000001 1
         a1 rejected 13 INVALID_ORDER
         > alice buy a1 200 60
         a1 rejected 3 INSUFFICIENT_BALANCE
         > alice buy a1 100 60 group
         a1 rejected 11 ORDER_GROUP_NOT_FOUND
         > alice buy a1 100 60
         a1 new
         > alice buy a1 1 60
         a1 rejected 6 ORDER_ALREADY_EXISTS
         > alice sell a2 100 61
         a2 new
         > alice buy a3 100 60
         a3 rejected 3 INSUFFICIENT_BALANCE
         > alice cancel x a1 buy
         x canceled Requested filled 0.00
         > alice buy a1 1 60
         a1 rejected 6 ORDER_ALREADY_EXISTS
         > bob buy a1 1 60
         a1 new",
    );
    check_product(
        Product::Margin,
        "> alice buy a1 1.5 1950
         a1 rejected 13 INVALID_ORDER
         > alice buy a1 52 1950
         a1 rejected 3 INSUFFICIENT_BALANCE
         > alice buy a1 51 1950
         a1 new",
    );
}

#[test]
fn a_member_does_not_trade_with_itself() {
    check(
        "> bob sell b1 1 60
         b1 new
         > alice sell a1 5 60
         a1 new
         > alice buy a2 3 60
         a2 new (trades)
         a2 takes 1.00@0.6000 open 2.00 paid -0.6000 holds 1.00
         b1 makes 1.00@0.6000 open 0.00 paid -0.4000 holds -1.00
         a2 canceled SelfTradeTaker filled 1.00
         > alice buy a3 3 60
         a3 canceled SelfTradeTaker filled 0.00
         > alice buy a4 3 60 stp0
         a4 canceled SelfCross filled 0.00
         > alice buy a5 3 60 fok
         a5 canceled SelfTradeTaker filled 0.00
         > alice buy a6 3 60 maker
         a6 new
         a1 canceled SelfTradeMaker filled 0.00
         > alice sell a7 3 61
         a7 new
         > alice amend a8 a7 sell 3 60
         a8 refused 18 SELF_CROSS_ATTEMPT",
    );
}

#[test]
fn amends_keep_or_lose_the_place_in_the_queue() {
    check(
        "> alice sell a1 10 60
         a1 new
         > bob sell b1 10 60
         b1 new
         > alice amend a2 a1 sell 8 =
         a2 replaced 8.00@0.6000 open 8.00
         > carol buy c1 1 60
         c1 new (trades)
         c1 takes 1.00@0.6000 open 0.00 paid -0.6000 holds 1.00
         a2 makes 1.00@0.6000 open 7.00 paid -0.4000 holds -1.00
         > alice amend a3 a2 sell 9 =
         a3 replaced 9.00@0.6000 open 8.00
         > carol buy c2 1 60
         c2 new (trades)
         c2 takes 1.00@0.6000 open 0.00 paid -0.6000 holds 2.00
         b1 makes 1.00@0.6000 open 9.00 paid -0.4000 holds -1.00
         > alice amend a4 a2 sell 9 =
         a4 refused 1 ORDER_NOT_FOUND
         > alice amend a4 a3 sell 0.5 =
         a4 refused 2 INVALID_AMEND_QTY_FOR_ORDER
         > alice amend a4 a3 buy 5 =
         a4 refused 1 INVALID_ORDER
         > alice amend a1 a3 sell 5 =
         a1 refused 99 ORDER_ALREADY_EXISTS
         > alice amend a4 a3 sell 5 60.5
         a4 refused 18 INVALID_PRICE
         > alice amend a4 a3 sell 500 =
         a4 refused 99 INSUFFICIENT_BALANCE
         > alice amend a4 a3 sell 1 =
         a4 canceled Requested filled 1.00
         > alice amend a5 a3 sell 2 =
         a5 refused 0 TOO_LATE_TO_CANCEL",
    );
}

#[test]
fn an_amended_price_can_trade() {
    check(
        "> alice buy a1 10 40
         a1 new
         > bob sell b1 10 60
         b1 new
         > bob amend b2 b1 sell 10 40
         b2 replaced 10.00@0.4000 open 10.00
         b2 takes 10.00@0.4000 open 0.00 paid -6.0000 holds -10.00
         a1 makes 10.00@0.4000 open 0.00 paid -4.0000 holds 10.00
         > bob amend b3 b2 sell 11 =
         b3 refused 2 CANNOT_UPDATE_FILLED_ORDER
         > bob cancel b3 b2 sell
         b3 refused 0 TOO_LATE_TO_CANCEL
         > bob cancel b3 zz sell
         b3 refused 1 ORDER_NOT_FOUND
         > alice sell a2 10 70
         a2 new
         > bob buy b4 4 60 post
         b4 new
         > bob amend b5 b4 buy 4 70
         b5 canceled PostOnlyCross filled 0.00",
    );
}

#[test]
fn a_mass_cancel_ends_the_sessions_orders_and_no_others() {
    check(
        "> alice buy a1 1 40
         a1 new
         > alice sell a2 1 60
         a2 new
         > bob buy b1 1 40
         b1 new
         > alice mass m1
         m1 mass Some(2)
         a1 canceled MassCancel filled 0.00
         a2 canceled MassCancel filled 0.00
         > wait 999
         > alice mass m2
         m2 mass None
         > bob mass m3
         m3 mass Some(1)
         b1 canceled MassCancel filled 0.00
         > wait 1
         > alice mass m4
         m4 mass Some(0)",
    );
}
