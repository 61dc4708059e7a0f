//! Order groups.

use super::check;

#[test]
fn a_group_that_trades_too_much_is_cancelled_until_it_is_reset() {
    check(
        "> bob group create 5
         group 1 limit Some(5)
         > bob sell b1 3 60 group1
         b1 new
         > bob sell b2 9 61 group1
         b2 new
         > bob sell b3 9 70
         b3 new
         > alice buy a1 5 61
         a1 new (trades)
         a1 takes 3.00@0.6000 open 2.00 paid -1.8000 holds 3.00
         b1 makes 3.00@0.6000 open 0.00 paid -1.2000 holds -3.00
         a1 takes 2.00@0.6100 open 0.00 paid -1.2200 holds 5.00
         b2 makes 2.00@0.6100 open 7.00 paid -0.7800 holds -5.00
         > alice buy a2 0.01 61
         a2 new (trades)
         a2 takes 0.01@0.6100 open 0.00 paid -0.0061 holds 5.01
         b2 makes 0.01@0.6100 open 6.99 paid -0.0039 holds -5.01
         b2 canceled OrderGroup filled 2.01
         > bob sell b4 1 60 group1
         b4 rejected 3 EXCEEDED_ORDER_GROUP_RISK_LIMIT
         > bob group reset 1
         group 1 limit None
         > bob sell b4 1 60 group1
         b4 new
         > alice buy a3 1 60
         a3 new (trades)
         a3 takes 1.00@0.6000 open 0.00 paid -0.6000 holds 6.01
         b4 makes 1.00@0.6000 open 0.00 paid -0.4000 holds -6.01",
    );
}

#[test]
fn fills_count_for_fifteen_seconds() {
    check(
        "> bob group create 5
         group 1 limit Some(5)
         > bob sell b1 20 60 group1
         b1 new
         > alice buy a1 5 60
         a1 new (trades)
         a1 takes 5.00@0.6000 open 0.00 paid -3.0000 holds 5.00
         b1 makes 5.00@0.6000 open 15.00 paid -2.0000 holds -5.00
         > wait 14999
         > bob group update 1 5
         group 1 limit Some(5)
         > wait 1
         > alice buy a2 5 60
         a2 new (trades)
         a2 takes 5.00@0.6000 open 0.00 paid -3.0000 holds 10.00
         b1 makes 5.00@0.6000 open 10.00 paid -2.0000 holds -10.00
         > wait 14999
         > alice buy a3 1 60
         a3 new (trades)
         a3 takes 1.00@0.6000 open 0.00 paid -0.6000 holds 11.00
         b1 makes 1.00@0.6000 open 9.00 paid -0.4000 holds -11.00
         b1 canceled OrderGroup filled 11.00",
    );
}

#[test]
fn an_incoming_order_counts_too_and_its_rest_does_not_rest() {
    check(
        "> alice buy a1 3 60
         a1 new
         > bob group create 2
         group 1 limit Some(2)
         > bob sell b1 9 70 group1
         b1 new
         > bob sell b2 5 60 group1
         b2 new (trades)
         b2 takes 3.00@0.6000 open 2.00 paid -1.2000 holds -3.00
         a1 makes 3.00@0.6000 open 0.00 paid -1.8000 holds 3.00
         b1 canceled OrderGroup filled 0.00
         b2 canceled OrderGroup filled 3.00",
    );
}

#[test]
fn a_group_is_triggered_deleted_and_updated_by_hand() {
    check(
        "> bob group create 10
         group 1 limit Some(10)
         > bob sell b1 9 60 group1
         b1 new
         > bob group trigger 1
         group 1 limit None
         b1 canceled OrderGroup filled 0.00
         > bob sell b2 9 60 group1
         b2 rejected 3 EXCEEDED_ORDER_GROUP_RISK_LIMIT
         > bob group update 1 20
         group 1 limit Some(20)
         > bob sell b2 9 60 group1
         b2 rejected 3 EXCEEDED_ORDER_GROUP_RISK_LIMIT
         > bob group reset 1
         group 1 limit None
         > bob sell b2 9 60 group1
         b2 new
         > alice buy a1 4 60
         a1 new (trades)
         a1 takes 4.00@0.6000 open 0.00 paid -2.4000 holds 4.00
         b2 makes 4.00@0.6000 open 5.00 paid -1.6000 holds -4.00
         > bob group update 1 4
         group 1 limit Some(4)
         > bob group update 1 3
         group 1 limit Some(3)
         b2 canceled OrderGroup filled 4.00
         > bob group reset 1
         group 1 limit None
         > bob sell b3 1 60 group1
         b3 new
         > bob group delete 1
         group 1 limit None
         b3 canceled OrderGroup filled 0.00
         > bob sell b4 1 60 group1
         b4 rejected 11 ORDER_GROUP_NOT_FOUND
         > bob group reset 1
         group refused 1 ORDER_GROUP_NOT_FOUND",
    );
}

#[test]
fn a_group_is_known_to_its_subaccount_alone() {
    check(
        "> bob group create 0
         group refused 0 INVALID_ORDER_GROUP_LIMIT
         > bob group create 1000001
         group refused 0 INVALID_ORDER_GROUP_LIMIT
         > bob group create 1000000
         group 1 limit Some(1000000)
         > alice group reset 1
         group refused 1 ORDER_GROUP_NOT_FOUND
         > alice buy a1 1 40 group1
         a1 rejected 11 ORDER_GROUP_NOT_FOUND
         > bob sell b1 1 60 group1 sub3
         b1 rejected 11 ORDER_GROUP_NOT_FOUND
         > bob group reset 1 sub3
         group refused 1 ORDER_GROUP_NOT_FOUND
         > bob group reset 1 index1
         group refused 1 ORDER_GROUP_NOT_FOUND
         > exchange trading-paused
         > bob group trigger 1
         group 1 limit None
         > exchange paused
         > bob group reset 1
         group refused 4 EXCHANGE_PAUSED",
    );
}

#[test]
fn an_amended_order_stays_in_its_group() {
    check(
        "> bob group create 1
         group 1 limit Some(1)
         > bob sell b1 5 61 group1
         b1 new
         > bob amend b2 b1 sell 5 60
         b2 replaced 5.00@0.6000 open 5.00
         > bob amend b3 b2 sell 4 =
         b3 replaced 4.00@0.6000 open 4.00
         > alice buy a1 2 60
         a1 new (trades)
         a1 takes 2.00@0.6000 open 0.00 paid -1.2000 holds 2.00
         b3 makes 2.00@0.6000 open 2.00 paid -0.8000 holds -2.00
         b3 canceled OrderGroup filled 2.00",
    );
}
