//! What happens to markets, and what those hear who watch them.

use super::check;

#[test]
fn pauses_and_closes() {
    check(
        "> alice buy a1 1 40
         a1 new
         > exchange trading-paused
         > alice buy a2 1 40
         a2 rejected 2 TRADING_PAUSED
         > alice amend a2 a1 buy 2 =
         a2 refused 99 TRADING_PAUSED
         > exchange paused
         > alice cancel c1 a1 buy
         c1 refused 99 EXCHANGE_PAUSED
         > alice mass m1
         m1 mass None
         > exchange open
         > market inactive
         > alice buy a3 1 40
         a3 rejected 2 MARKET_INACTIVE
         > market active
         a1 canceled MarketReactivated filled 0.00
         > alice buy a4 1 40
         a4 new
         > market closed
         a4 expired
         > alice buy a5 1 40
         a5 rejected 2 MARKET_INACTIVE
         > alice cancel c a4 buy
         c refused 99 MARKET_INACTIVE
         > alice amend a5 a4 buy 2 =
         a5 refused 99 MARKET_INACTIVE
         > market determined
         > alice buy a5 1 40
         a5 rejected 2 MARKET_ALREADY_CLOSED",
    );
}

#[test]
fn a_day_order_expires_at_the_end_of_the_day() {
    check(
        "> alice buy a1 1 40
         a1 new
         > later 4
         > later 1
         a1 expired
         > alice cancel c1 a1 buy
         c1 refused 0 TOO_LATE_TO_CANCEL",
    );
}

#[test]
fn subscribers_hear_of_levels_and_trades() {
    check(
        "> alice buy a1 2 40
         a1 new
         > carol subscribe NOWHERE
         NOWHERE book [] []
         > carol subscribe M
         M book [2.00@0.4000] []
         > bob sell b1 1 60
         b1 new
         [3] +Sell:1.00@0.6000
         > bob sell b2 3 40
         b2 new (trades)
         b2 takes 2.00@0.4000 open 1.00 paid -1.2000 holds -2.00
         a1 makes 2.00@0.4000 open 0.00 paid -0.8000 holds 2.00
         [3] 2.00@0.4000 Buy:0.00@0.4000 +Sell:1.00@0.4000
         > bob amend b3 b2 sell 4 41
         b3 replaced 4.00@0.4100 open 2.00
         [3] Sell:0.00@0.4000 +Sell:2.00@0.4100
         > carol leave
         > bob cancel c b1 sell
         c canceled Requested filled 0.00",
    );
}

#[test]
fn positions_close_before_they_cost() {
    check(
        "> alice buy a1 100 60
         a1 new
         > bob sell b1 100 60
         b1 new (trades)
         b1 takes 100.00@0.6000 open 0.00 paid -40.0000 holds -100.00
         a1 makes 100.00@0.6000 open 0.00 paid -60.0000 holds 100.00
         > alice sell a2 100 99
         a2 new
         > alice sell a3 14000 99
         a3 rejected 3 INSUFFICIENT_BALANCE
         > alice sell a4 13900 99
         a4 new
         > bob buy b2 100 99
         b2 new (trades)
         b2 takes 100.00@0.9900 open 0.00 paid 1.0000 holds 0.00
         a2 makes 100.00@0.9900 open 0.00 paid 99.0000 holds 0.00",
    );
}
