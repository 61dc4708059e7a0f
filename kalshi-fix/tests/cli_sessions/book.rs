//! `book`, as text and as JSON.

use std::net::Ipv4Addr;

use kalshi_fix::environment::{Product, SessionKind};
use kalshi_fix::gateway::exchange::{NewOrder, Price, Quantity, Side};
use kalshi_fix::gateway::{Effect, Fault, Gateway, Step};
use tokio::net::TcpSocket;

#[cfg(unix)]
use super::terminal::Terminal;
use super::{SYMBOL, Venue, scratch, told};

/// An exchange with one bid and one offer.
async fn venue(name: &str) -> (Venue, String) {
    let gateway = Gateway::start().await.unwrap();
    let member = gateway.member();
    for (side, cents, contracts) in [(Side::Buy, 44, 12), (Side::Sell, 47, 5)] {
        let id = format!("{side:?}");
        let (price, quantity) = (Price::from_cents(cents), Quantity::from_contracts(contracts));
        let order = NewOrder::limit(&id, SYMBOL, side, price, quantity);
        member.place(Product::Prediction, order).unwrap();
    }
    let address = gateway
        .address(Product::Prediction, SessionKind::MarketData)
        .unwrap();
    (Venue::new(gateway, name), address.to_string())
}

#[tokio::test]
async fn books_of_an_exchange_of_its_own() {
    let told = told(&["book", SYMBOL, "B", SYMBOL, "--levels", "3"], &[]).await;
    assert_eq!((told.code, told.error.as_str()), (0, ""), "{told:?}");
    let blocks: Vec<&str> = told.out.split("\n\n").collect();
    assert_eq!(blocks.len(), 2, "{}", told.out);
    let head = format!("{SYMBOL}  prediction, simulated, YES  live");
    assert_eq!(blocks[0].lines().next(), Some(head.as_str()));
    assert!(blocks[1].starts_with("B  "), "{}", told.out);
    // A head, the middle, the columns' names and three levels.
    assert_eq!(blocks[0].lines().count(), 6, "{}", told.out);
}

#[tokio::test]
async fn books_of_another_exchange_from_either_side() {
    let (venue, address) = venue("book-elsewhere").await;
    let arguments = ["book", "--endpoint", &address, "--root", &venue.root, SYMBOL];
    let yes = told(&arguments, &venue.variables()).await;
    let expected = format!(
        "{SYMBOL}  prediction, {address}, YES  live\nmid 0.455  spread 0.03\nsize   bid   ask   size\n  12  0.44   0.47     5\n"
    );
    assert_eq!((yes.code, yes.out), (0, expected), "{}", yes.error);
    let no = told(
        &[&arguments[..], &["--no", "--json"]].concat(),
        &venue.variables(),
    )
    .await;
    let expected = format!(
        "{{\"symbol\":\"{SYMBOL}\",\"product\":\"prediction\",\"place\":\"{address}\",\"terms\":\"no\",\"live\":true,\"empty\":false,\
         \"bids\":[{{\"price\":\"0.53\",\"size\":\"5\"}}],\"asks\":[{{\"price\":\"0.56\",\"size\":\"12\"}}]}}\n"
    );
    assert_eq!((no.code, no.out), (0, expected), "{}", no.error);
    venue.gateway.close().await;
}

#[tokio::test]
async fn a_market_that_is_refused_is_a_finding() {
    let (venue, address) = venue("book-refused").await;
    venue
        .gateway
        .inject(Fault::new(Step::message("V"), Effect::Refuse("no".to_owned())).always());
    let arguments = ["book", "--endpoint", &address, "--root", &venue.root, SYMBOL];
    let told = told(&arguments, &venue.variables()).await;
    assert_eq!(told.code, 1, "{told:?}");
    assert!(!told.out.contains("live"), "{told:?}");
    venue.gateway.close().await;
}

/// A book that is empty is not taken for a market's where the exchange would send the same of one that it does not know.
#[tokio::test]
async fn a_market_that_may_not_exist_is_a_finding() {
    let (venue, address) = venue("book-unknown").await;
    let at = ["book", "--endpoint", &address, "--root", &venue.root];
    let arguments = [&at[..], &[SYMBOL, "NOPE"]].concat();
    let told_text = told(&arguments, &venue.variables()).await;
    assert_eq!(
        (told_text.code, told_text.error.as_str()),
        (1, ""),
        "{told_text:?}"
    );
    let head = format!("NOPE  prediction, {address}, YES  empty\n");
    let (_, unknown) = told_text.out.split_once(&head).expect("the book of NOPE");
    let flowing = unknown.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(
        flowing,
        "no orders, or no prediction market of that name: the exchange answers both alike; check the name, and a perpetual \
         future needs --product margin"
    );
    let arguments = [&at[..], &["nope", "--json"]].concat();
    let told = told(&arguments, &venue.variables()).await;
    assert_eq!(told.code, 1, "{told:?}");
    for part in [
        r#""live":false,"state":"empty","why":"no orders, or no prediction market of that name"#,
        "the venue's names are in capitals",
        r#""empty":true,"bids":[],"asks":[]}"#,
    ] {
        assert!(told.out.contains(part), "{part}: {told:?}");
    }
    venue.gateway.close().await;
}

#[tokio::test]
async fn no_session_leads_to_the_probe() {
    let (venue, _) = venue("book-no-session").await;
    let held = TcpSocket::new_v4().unwrap();
    held.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let closed = held.local_addr().unwrap().to_string();
    let arguments = ["book", "--endpoint", &closed, "--root", &venue.root, SYMBOL];
    let told = told(&arguments, &venue.variables()).await;
    assert_eq!(told.code, 2, "{told:?}");
    let flowing = told.error.split_whitespace().collect::<Vec<_>>().join(" ");
    let probe = format!(
        "step by step: kalshi-fix probe --session md --endpoint {closed} --root {}",
        venue.root
    );
    for part in ["Connection refused", "nothing listens at", &probe] {
        assert!(flowing.contains(part), "{part}: {told:?}");
    }
    venue.gateway.close().await;
}

/// The live screen waits for the first connection, and the reason why there is none is known at once: it is said once.
#[cfg(unix)]
#[tokio::test]
async fn what_keeps_a_live_book_from_its_connection() {
    let (venue, address) = venue("book-waits").await;
    let held = TcpSocket::new_v4().unwrap();
    held.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let closed = held.local_addr().unwrap().to_string();
    venue
        .gateway
        .inject(Fault::new(Step::Logon, Effect::Refuse("already exists".to_owned())).always());
    for (address, what, remedy) in [
        (closed, "Connection refused", "nothing listens at"),
        (
            address,
            "logon refused: already exists",
            "another connection holds this API key",
        ),
    ] {
        let arguments = ["book", "--endpoint", &address, "--root", &venue.root, SYMBOL].map(str::to_owned);
        let variables = venue
            .variables()
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let left = tokio::task::spawn_blocking(move || {
            let arguments = arguments.each_ref().map(String::as_str);
            let variables = variables
                .each_ref()
                .map(|(name, value)| (name.as_str(), value.as_str()));
            let mut terminal = Terminal::start(&arguments, &variables, (30, 100));
            for part in [
                "not connected yet: ",
                what,
                remedy,
                "it is tried again by itself, and Ctrl-C gives up",
                "kalshi-fix probe --session md --endpoint",
            ] {
                terminal.wait_for(part);
            }
            terminal.signal("INT");
            terminal.left()
        });
        let left = left.await.unwrap();
        assert_eq!(
            left.screen.matches("not connected yet").count(),
            1,
            "{}",
            left.screen
        );
    }
    venue.gateway.close().await;
}

#[tokio::test]
async fn what_is_wrong_is_said() {
    let nowhere = scratch("book-nowhere").display().to_string();
    let check = async |arguments: &[&str], expected: &str| {
        let told = told(arguments, &[]).await;
        assert_eq!(told.code, 2, "{arguments:?}: {told:?}");
        assert!(told.error.contains(expected), "{arguments:?}: {told:?}");
    };
    check(&["book"], "<SYMBOL>").await;
    for (arguments, expected) in [
        (&["", "B"][..], "\"\" is no market's name: it is empty"),
        (&["A B"], "several markets are words of their own"),
        (&["A\u{1}B"], "\"A\\u{1}B\" is no market's name"),
        (&["A\nB"], "\"A\\nB\" is no market's name"),
        (&["A", "--levels", "0"], "expected a whole number from 1 to 65536"),
        (
            &["A", "--levels", "-1"],
            "expected a whole number from 1 to 65536",
        ),
        (
            &["A", "--levels", "65537"],
            "expected a whole number from 1 to 65536",
        ),
        (
            &["A", "--no", "--product", "margin"],
            "--no is for event contracts",
        ),
        (
            &["A", "--member", "2"],
            "--member is one of the exchange that --gateway",
        ),
        (
            &["A", "--demo", "--member", "2"],
            "--member is one of the exchange that --gateway",
        ),
        (
            &["A", "--root", "r"],
            "--root is for --demo, --production or --endpoint",
        ),
        (&["A", "--server-name", "n"], "--server-name is for --demo"),
    ] {
        check(&[&["book"], arguments].concat(), expected).await;
    }
    check(&["book", "A", "--simulated", "--demo"], "cannot be used with").await;
    check(
        &["book", "A", "--simulated", "--root", "r"],
        "cannot be used with",
    )
    .await;
    check(&["book", "A", "--endpoint", "nowhere"], "no HOST:PORT").await;
    check(&["book", "A", "--demo"], "KALSHI_KEY_ID is not set").await;
    check(
        &["book", "A", "--demo", "--product", "margin"],
        "KALSHI_PERPS_KEY_ID is not set",
    )
    .await;
    check(&["book", "A", "--gateway", &nowhere], "kalshi-fix gateway").await;
    let directory = scratch("book-damaged");
    std::fs::write(directory.join("exchange.json"), "{\"members\":[{}]").unwrap();
    let damaged = directory.display().to_string();
    check(&["book", "A", "--gateway", &damaged], "no JSON from byte 15 on").await;
    std::fs::write(directory.join("exchange.json"), "{\"members\":[{}]}").unwrap();
    check(
        &["book", "A", "--gateway", &damaged],
        "is not running (it was started before",
    )
    .await;
    // From here on somebody holds the directory.
    let lock = std::fs::File::create(directory.join("exchange.lock")).unwrap();
    lock.lock().unwrap();
    check(&["book", "A", "--gateway", &damaged], "host is missing").await;
    check(
        &["book", "A", "--gateway", &damaged, "--member", "2"],
        "has no member 2: --member is from 1 to 1",
    )
    .await;
    drop(lock);
}

#[tokio::test]
async fn a_logon_that_is_refused_says_what_to_do() {
    let (venue, address) = venue("book-in-use").await;
    venue.gateway.inject(Fault::already_exists());
    let arguments = ["book", "--endpoint", &address, "--root", &venue.root, SYMBOL];
    let told = told(&arguments, &venue.variables()).await;
    assert_eq!(told.code, 2, "{told:?}");
    assert!(
        told.error.contains("another connection holds this API key"),
        "{told:?}"
    );
    venue.gateway.close().await;
}
