//! Pages in many orders, and what is found in them.

use fix_dialect::{Date, Decimal, Decoder};

use super::*;
use crate::prediction::fields::MarketResult::{NoOutcome, ScalarValue, YesOutcome};
use crate::prediction::{self, MarketSettlementReport, Prediction, fields, groups};

fn decimal(text: &str) -> Decimal {
    fix_dialect::parse_decimal(text.as_bytes()).expect("a decimal")
}

/// A party with 100 YES contracts, in a market that was settled as yes, as the venue shows it.
fn party(id: &str) -> groups::MarketSettlementParty<'static> {
    groups::MarketSettlementParty {
        long_qty: Some(decimal("100")),
        short_qty: Some(decimal("0")),
        collateral_amount_changes: Some(vec![payout("100.00")]),
        misc_fees: Some(vec![fee("0.00")]),
        ..groups::MarketSettlementParty::new(
            id.to_owned(),
            fields::MarketSettlementPartyRole::CustomerAccount,
        )
    }
}

fn payout(amount: &str) -> groups::CollateralAmountChange<'static> {
    groups::CollateralAmountChange::new(decimal(amount), fields::CollateralAmountType::Payout)
}

fn fee(amount: &str) -> groups::MiscFee<'static> {
    groups::MiscFee::new(
        decimal(amount),
        "USD",
        fields::MiscFeeType::ExchangeFees,
        fields::MiscFeeBasis::Absolute,
    )
}

/// The page `id` of the market `symbol`, with one party of the same name.
fn page(symbol: &str, id: &str) -> MarketSettlementReport<'static> {
    MarketSettlementReport {
        market_settlement_party_ids: Some(vec![party(id)]),
        ..MarketSettlementReport::new(
            id.to_owned(),
            symbol.to_owned(),
            Date::new(2023, 12, 31).expect("a day"),
            fields::MarketResult::YesOutcome,
            decimal("100.00"),
        )
    }
}

/// As [`page`], one of so many; the last one says so.
fn one_of(symbol: &str, number: i64, total: i64) -> MarketSettlementReport<'static> {
    MarketSettlementReport {
        tot_num_market_settlement_reports: Some(total),
        last_fragment: Some(number == total),
        ..page(symbol, &format!("{symbol}-{number}"))
    }
}

fn small(change: impl FnOnce(&mut ReassemblerSettings)) -> Reassembler {
    let mut settings = ReassemblerSettings::default();
    change(&mut settings);
    Reassembler::new(settings)
}

/// What became of a page, in a word.
fn word(handled: &Handled) -> String {
    match handled {
        Handled::Complete(settlement) => {
            let parties: Vec<&str> = settlement.parties.iter().map(|party| &*party.id).collect();
            format!("{}: {}", settlement.symbol, parties.join(" "))
        }
        Handled::Taken { pages, of, evicted } => {
            let of = of.map_or("?".to_owned(), |of| of.to_string());
            let evicted: Vec<&str> = evicted.iter().map(|batch| &*batch.symbol).collect();
            format!(
                "{pages}/{of}{}{}",
                if evicted.is_empty() { "" } else { " -" },
                evicted.join(" -")
            )
        }
        Handled::Duplicate => "again".to_owned(),
        Handled::DuplicateDiffers { report_id } => format!("{report_id} differs"),
        Handled::Refused(fault) => fault.to_string(),
    }
}

#[test]
fn counted_pages_come_in_any_order() {
    let orders = [[1, 2, 3], [1, 3, 2], [2, 1, 3], [2, 3, 1], [3, 1, 2], [3, 2, 1]];
    let settled = orders.map(|order| {
        let mut reassembler = small(|_| ());
        let handled = order.map(|number| reassembler.handle(&one_of("A", number, 3)));
        let words = handled.each_ref().map(word);
        assert_eq!(words, ["1/3", "2/3", "A: A-1 A-2 A-3"]);
        assert!(reassembler.incomplete().is_empty());
        // All of it comes again: nothing is given out twice.
        for number in order {
            assert_eq!(reassembler.handle(&one_of("A", number, 3)), Handled::Duplicate);
        }
        let [.., complete] = handled;
        complete
    });
    assert!(settled.iter().all(|one| *one == settled[0]));
    let Handled::Complete(settlement) = &settled[0] else {
        panic!()
    };
    assert!(settlement.is_reconciled(), "{:?}", settlement.findings);
    assert_eq!(settlement.price.to_string(), "1.0000");
    assert_eq!(settlement.total_payout().unwrap().to_string(), "300.00");
    assert_eq!(settlement.total_fees().unwrap().to_string(), "0.00");
}

#[test]
fn batches_interleave() {
    let mut reassembler = small(|_| ());
    let pages = [
        ("A", 1, 2),
        ("B", 2, 2),
        ("A", 1, 2),
        ("C", 1, 1),
        ("B", 1, 2),
        ("A", 2, 2),
    ];
    let words =
        pages.map(|(symbol, number, total)| word(&reassembler.handle(&one_of(symbol, number, total))));
    assert_eq!(
        words,
        ["1/2", "1/2", "again", "C: C-1", "B: B-1 B-2", "A: A-1 A-2"]
    );
}

#[test]
fn pages_without_a_count_end_with_the_last_fragment() {
    let fragment = |id: &str, last| MarketSettlementReport {
        last_fragment: last,
        ..page("A", id)
    };
    let mut reassembler = small(|_| ());
    assert_eq!(word(&reassembler.handle(&fragment("1", Some(false)))), "1/?");
    assert_eq!(word(&reassembler.handle(&fragment("2", Some(false)))), "2/?");
    let Handled::Complete(settlement) = reassembler.handle(&fragment("3", Some(true))) else {
        panic!()
    };
    assert_eq!(settlement.findings, [Finding::Uncounted { pages: 3 }]);
    // One that is no fragment is a batch, and is as documented.
    for last in [Some(true), None] {
        let Handled::Complete(settlement) = small(|_| ()).handle(&fragment("1", last)) else {
            panic!()
        };
        assert_eq!(settlement.findings, []);
    }
}

#[test]
fn one_id_is_one_page() {
    let mut reassembler = small(|_| ());
    let _ = reassembler.handle(&one_of("A", 1, 3));
    let mut other = one_of("A", 1, 3);
    other.settlement_price = decimal("99");
    assert_eq!(word(&reassembler.handle(&other)), "A-1 differs");
    // The same value in other digits is the same page.
    other.settlement_price = decimal("100");
    assert_eq!(word(&reassembler.handle(&other)), "again");
    let elsewhere = MarketSettlementReport {
        symbol: "B".into(),
        ..one_of("A", 1, 3)
    };
    assert_eq!(word(&reassembler.handle(&elsewhere)), "A-1 differs");
    assert_eq!(reassembler.incomplete()[0].pages, 1);
}

#[test]
fn what_waits_is_seen_and_bounded() {
    let mut reassembler = small(|settings| settings.open_batches = 2);
    let _ = reassembler.handle(&one_of("A", 1, 3));
    let _ = reassembler.handle(&one_of("B", 1, 2));
    let _ = reassembler.handle(&one_of("A", 2, 3));
    let waiting = reassembler.incomplete();
    assert_eq!(
        waiting.iter().map(|batch| &*batch.symbol).collect::<Vec<_>>(),
        ["A", "B"]
    );
    let Incomplete {
        pages,
        of,
        parties,
        report_ids,
        ..
    } = &waiting[0];
    assert_eq!((*pages, *of, *parties), (2, Some(3), 2));
    assert_eq!(
        report_ids.iter().map(|id| &**id).collect::<Vec<_>>(),
        ["A-1", "A-2"]
    );
    // The one that waits longest makes room, and says so.
    assert_eq!(word(&reassembler.handle(&one_of("C", 1, 2))), "1/2 -A");
    assert_eq!(reassembler.evicted(), 1);
    // Its pages are taken anew when they come again.
    assert_eq!(word(&reassembler.handle(&one_of("A", 1, 3))), "1/3 -B");
    assert!(reassembler.abandon("B").is_none());
    assert_eq!(reassembler.abandon("A").unwrap().pages, 1);
    assert_eq!(reassembler.incomplete().len(), 1);

    let mut reassembler = small(|settings| settings.held_parties = 3);
    let crowded = MarketSettlementReport {
        market_settlement_party_ids: Some(["1", "2", "3"].map(party).to_vec()),
        ..one_of("B", 1, 2)
    };
    let _ = reassembler.handle(&one_of("A", 1, 3));
    assert_eq!(word(&reassembler.handle(&crowded)), "1/2 -A");
    // Pages without parties count as well.
    let empty = MarketSettlementReport {
        market_settlement_party_ids: None,
        ..one_of("C", 1, 2)
    };
    assert_eq!(word(&reassembler.handle(&empty)), "1/2 -B");
    // One that is more than there is room for gives itself up.
    let crowd = MarketSettlementReport {
        market_settlement_party_ids: Some(["1", "2", "3", "4"].map(party).to_vec()),
        ..one_of("D", 1, 2)
    };
    assert_eq!(word(&reassembler.handle(&crowd)), "1/2 -C -D");
    assert!(reassembler.incomplete().is_empty());
    let settlement = reassembler.handle(&one_of("E", 1, 1));
    assert!(matches!(settlement, Handled::Complete(_)), "there is room again");
}

#[test]
fn complete_settlements_are_forgotten_after_so_many_pages() {
    let mut reassembler = small(|settings| settings.remembered_reports = 2);
    for symbol in ["A", "B", "C"] {
        assert!(matches!(
            reassembler.handle(&one_of(symbol, 1, 1)),
            Handled::Complete(_)
        ));
    }
    assert_eq!(reassembler.handle(&one_of("C", 1, 1)), Handled::Duplicate);
    assert_eq!(reassembler.handle(&one_of("B", 1, 1)), Handled::Duplicate);
    assert!(matches!(
        reassembler.handle(&one_of("A", 1, 1)),
        Handled::Complete(_)
    ));
    assert!(
        format!("{reassembler:?}").contains("remembered_reports: 2"),
        "{reassembler:?}"
    );
}

#[test]
fn a_second_settlement_of_a_market_says_so() {
    let mut reassembler = small(|_| ());
    let _ = reassembler.handle(&page("A", "1"));
    let Handled::Complete(again) = reassembler.handle(&page("A", "2")) else {
        panic!()
    };
    assert_eq!(again.findings, [Finding::SettledBefore]);
}

#[test]
fn what_cannot_be_named_is_refused() {
    let check = |change: fn(&mut MarketSettlementReport<'_>), expected: &str| {
        let mut reassembler = small(|_| ());
        let mut page = one_of("A", 1, 2);
        change(&mut page);
        assert_eq!(word(&reassembler.handle(&page)), expected);
        assert!(reassembler.incomplete().is_empty());
    };
    check(|page| page.symbol = "".into(), "Symbol (55) is no name: \"\"");
    check(
        |page| page.market_settlement_report_id = b"\xff".as_slice().into(),
        "MarketSettlementReportID (20105) is no name: \"\u{fffd}\"",
    );
    check(
        |page| page.settlement_price = Decimal::new(1, 28),
        "SettlementPrice (730) is 0.0000000000000000000000000001 cents: no price in dollars",
    );
    check(
        |page| page.market_settlement_party_ids.as_mut().unwrap()[0].market_settlement_party_id = "".into(),
        "MarketSettlementPartyID (20109) is no name: \"\"",
    );
}

type Party = groups::MarketSettlementParty<'static>;

#[test]
fn parties_are_reconciled() {
    let check = |result: fields::MarketResult, cents: &str, change: fn(&mut Party), expected: &[&str]| {
        let mut page = page("A", "p");
        (page.market_result, page.settlement_price) = (result, decimal(cents));
        change(&mut page.market_settlement_party_ids.as_mut().unwrap()[0]);
        let Handled::Complete(settlement) = small(|_| ()).handle(&page) else {
            panic!()
        };
        let found: Vec<String> = settlement.findings.iter().map(ToString::to_string).collect();
        assert_eq!(found, expected);
    };
    let short = |party: &mut Party| (party.long_qty, party.short_qty) = (None, Some(decimal("100")));
    check(YesOutcome, "100.00", |_| (), &[]);
    check(NoOutcome, "0", short, &[]);
    // 0.5 contracts at 30.61 cents are 15.305 cents: 15 are paid out.
    let scalar = |party: &mut Party| {
        party.long_qty = Some(decimal("0.5"));
        party.collateral_amount_changes = Some(vec![payout("0.15")]);
        party.misc_fees = Some(vec![fee("0.00305")]);
    };
    check(ScalarValue, "30.61", scalar, &[]);
    check(
        ScalarValue,
        "30.62",
        scalar,
        &["p: payout and fee are 0.15305, the position is worth 0.15310"],
    );
    // In cents instead of dollars, the price would be a hundred times too low.
    check(
        YesOutcome,
        "1.00",
        |_| (),
        &[
            "the price is 0.0100 dollars, with the result YesOutcome",
            "p: payout and fee are 100.00, the position is worth 1.0000",
        ],
    );
    check(
        ScalarValue,
        "130",
        |_| (),
        &["the price is 1.30 dollars, with the result ScalarValue"],
    );
    check(
        YesOutcome,
        "100",
        |party| party.collateral_amount_changes = None,
        &[
            "p: 0 collateral changes, instead of one",
            "p: no payout is stated",
        ],
    );
    check(
        YesOutcome,
        "100",
        |party| {
            let balance = fields::CollateralAmountType::Balance;
            let changes = party.collateral_amount_changes.as_mut().unwrap();
            changes.push(groups::CollateralAmountChange::new(decimal("7"), balance));
        },
        &["p: 2 collateral changes, instead of one"],
    );
    check(
        ScalarValue,
        "100",
        |party| party.collateral_amount_changes = Some(vec![payout("99.995")]),
        &[
            "p: the payout is 99.995, no whole cents",
            "p: payout and fee are 99.995, the position is worth 100.00",
        ],
    );
    check(
        YesOutcome,
        "100",
        |party| party.misc_fees = None,
        &["p: 0 fees, instead of one"],
    );
    check(
        YesOutcome,
        "100",
        |party| party.misc_fees.as_mut().unwrap()[0].misc_fee_curr = "EUR".into(),
        &["p: a fee in EUR"],
    );
    check(
        YesOutcome,
        "100",
        |party| (party.long_qty, party.short_qty) = (None, None),
        &["p: no position is stated"],
    );
    check(
        ScalarValue,
        "50",
        |party| {
            (party.long_qty, party.short_qty) = (Some(decimal("-1")), Some(decimal("201")));
        },
        &["p: the position is no net position"],
    );
    check(
        ScalarValue,
        "50",
        |party| party.short_qty = Some(decimal("100")),
        &["p: the position is no net position"],
    );
    check(
        YesOutcome,
        "100",
        |party| {
            party.collateral_amount_changes = Some(vec![payout(&Decimal::MAX.to_string()), payout("0.1")]);
        },
        &[
            "p: amounts that cannot be added exactly",
            "p: 2 collateral changes, instead of one",
            "p: no payout is stated",
        ],
    );
}

#[test]
fn batches_are_reconciled() {
    let check = |pages: Vec<MarketSettlementReport<'_>>, expected: &[&str]| {
        let mut reassembler = small(|_| ());
        let handled = pages.iter().map(|page| reassembler.handle(page)).last();
        let Some(Handled::Complete(settlement)) = handled else {
            panic!("{handled:?}")
        };
        let found: Vec<String> = settlement.findings.iter().map(ToString::to_string).collect();
        assert_eq!(found, expected);
    };
    let with = |number, change: fn(&mut MarketSettlementReport<'_>)| {
        let mut page = one_of("A", number, 2);
        change(&mut page);
        page
    };
    check(vec![one_of("A", 1, 2), one_of("A", 2, 2)], &[]);
    check(
        vec![with(1, |page| page.last_fragment = Some(true)), one_of("A", 2, 2)],
        &["2 pages are the last by LastFragment (893)"],
    );
    check(
        vec![one_of("A", 1, 2), with(2, |page| page.last_fragment = None)],
        &["0 pages are the last by LastFragment (893)"],
    );
    check(
        vec![with(2, |page| page.tot_num_market_settlement_reports = Some(-1))],
        &["TotNumMarketSettlementReports (20106) is [-1]"],
    );
    check(
        vec![with(1, |page| page.tot_num_market_settlement_reports = Some(1))],
        &["0 pages are the last by LastFragment (893)"],
    );
    check(
        vec![
            with(1, |page| page.settlement_price = decimal("99.9")),
            with(2, |page| {
                page.market_result = fields::MarketResult::ScalarValue;
                page.clearing_business_date = Date::new(2024, 1, 1).unwrap();
            }),
        ],
        &[
            "pages differ in ClearingBusinessDate (715)",
            "pages differ in MarketResult (20107)",
            "pages differ in SettlementPrice (730)",
            "the price is 0.999 dollars, with the result YesOutcome",
            "A-1: payout and fee are 100.00, the position is worth 99.900",
            "A-2: payout and fee are 100.00, the position is worth 99.900",
        ],
    );
    check(
        vec![
            one_of("A", 1, 2),
            with(2, |page| {
                page.market_settlement_party_ids = Some(["A-1", "A-2", "A-1"].map(party).to_vec());
            }),
        ],
        &["A-1 is there 3 times"],
    );
}

/// The venue's own examples. The second states a fee on a whole payout, which its own rule has none of.
#[test]
fn the_documented_reports() {
    let mut reassembler = small(|_| ());
    let mut decoder = Decoder::<Prediction>::new();
    let mut take = |id: &str, user: &str, fee: &str| {
        let body = format!(
            "35=UMS|49=KalshiPT|56=me|34=2|52=20231231-16:00:00.900|20105={id}|55=HIGHNY-23DEC31|715=20231231|20107=yes|730=100.00|893=Y|20108=1|20109={user}|20110=24|704=100|705=0|1703=1|1704=100.00|1705=PAYOUT|136=1|137={fee}|138=USD|139=4|891=0|"
        )
        .replace('|', "\x01");
        let head = format!("8=FIXT.1.1\x019={}\x01", body.len());
        let sum = head.bytes().chain(body.bytes()).fold(0_u8, u8::wrapping_add);
        let frame = format!("{head}{body}10={sum:03}\x01").into_bytes();
        let decoded = decoder.decode(&frame).unwrap();
        let Some(prediction::Message::MarketSettlementReport(report)) = decoded.message() else {
            panic!("{decoded:?}")
        };
        let Handled::Complete(settlement) = reassembler.handle(report) else {
            panic!()
        };
        settlement
    };
    let first = take("settle-123", "user-456", "0.00");
    assert!(first.is_reconciled(), "{:?}", first.findings);
    let [party] = &first.parties[..] else { panic!() };
    assert_eq!(
        (party.long.unwrap().to_string(), party.payout.unwrap().to_string()),
        ("100".into(), "100.00".into())
    );
    let second = take("settle-456", "user-789", "0.006");
    let found: Vec<String> = second.findings.iter().map(ToString::to_string).collect();
    assert_eq!(
        found,
        [
            "the market was settled before",
            "user-789: a fee of 0.006 on a whole payout",
            "user-789: payout and fee are 100.006, the position is worth 100.0000",
        ]
    );
}
