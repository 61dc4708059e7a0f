//! A simulated exchange of a command's own, whose markets are lively from the start.

use std::time::Duration;

use kalshi_fix::client::{ClientBuilder, KalshiProduct};
use kalshi_fix::credentials::PrivateKey;
use kalshi_fix::environment::Product;
use kalshi_fix::gateway::exchange::{Happening, NewOrder, Price, Quantity, Scenario, Side, TimeInForce};
use kalshi_fix::gateway::{BotSettings, Gateway, Member};

use crate::output::Failure;

pub(super) async fn start(product: Product, symbols: &[String]) -> Result<Gateway, Failure> {
    let mut bots = BotSettings::new(BOTS);
    bots.interval = INTERVAL;
    let mut builder = Gateway::builder();
    for (number, symbol) in symbols.iter().enumerate() {
        let worth = Happening::Worth(worth(product, number));
        builder = match product {
            Product::Prediction => builder.market(symbol),
            Product::Margin => builder.margin_market(symbol),
        };
        // Bots wander off from there by themselves.
        builder = builder.scenario(product, symbol, Scenario::new().after(Duration::ZERO, worth));
    }
    let gateway = builder.bots(bots).start().await?;
    let house = gateway.member();
    house.deposit(product, DEPOSIT);
    for (number, symbol) in symbols.iter().enumerate() {
        rest(&house, product, symbol, worth(product, number));
    }
    Ok(gateway)
}

pub(super) fn client<D: KalshiProduct>(gateway: &Gateway) -> Result<ClientBuilder<D>, Failure> {
    let key = PrivateKey::generate().map_err(Failure::session)?;
    Ok(gateway.client_builder::<D>(gateway.member().credentials(&key)))
}

/// What the market of this number is worth at first.
fn worth(product: Product, number: usize) -> Price {
    let number = i64::try_from(number % 8).unwrap_or_default();
    match product {
        Product::Prediction => Price::from_cents(56 + number * 11 % 40 - 8 * (number % 2)),
        Product::Margin => Price::from_cents(6_500_000 - number * 700_000),
    }
}

/// Orders that rest away from what the market is worth, more of them the further away: what a book that is looked at for the
/// first time should have.
fn rest(house: &Member, product: Product, symbol: &str, worth: Price) {
    let step = match product {
        Product::Prediction => Price::from_cents(1).ten_thousandths(),
        Product::Margin => Price::from_cents(100).ten_thousandths(),
    };
    for away in 1..=LEVELS {
        for (side, sign) in [(Side::Buy, -1), (Side::Sell, 1)] {
            let price = worth.ten_thousandths() + sign * step * (away + 1);
            let contracts = away * 9 + (away * 37 + sign * 11).rem_euclid(40) + 5;
            let id = format!("house-{symbol}-{side:?}-{away}");
            let (price, quantity) = (
                Price::from_ten_thousandths(price),
                Quantity::from_contracts(contracts),
            );
            let mut order = NewOrder::limit(&id, symbol, side, price, quantity);
            order.time_in_force = TimeInForce::GoodTillCancel;
            // One that is off the market's grid, at the far end of it, is left out.
            let _ = house.place(product, order);
        }
    }
}

/// How many bots trade in each market.
const BOTS: u32 = 6;
/// How long it takes until one of them does something again.
const INTERVAL: Duration = Duration::from_millis(60);
/// At how many prices of a side orders rest at first.
const LEVELS: i64 = 40;
/// What the member behind them has, in dollars.
const DEPOSIT: i64 = 1_000_000_000;
