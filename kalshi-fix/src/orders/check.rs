//! The venue's rules for single values.

use fix_dialect::Timestamp;
use rust_decimal::Decimal;

use super::error::OrderError;
use super::terms::{Account, TimeInForce};
use crate::environment::Product;
use crate::ticks::{Snap, TickGrid};
use crate::units::{Money, Price, PriceField, PriceUnits, Quantity};

pub(crate) const CL_ORD_ID: &str = "ClOrdID (11)";
pub(crate) const ORIG_CL_ORD_ID: &str = "OrigClOrdID (41)";
pub(crate) const SYMBOL: &str = "Symbol (55)";
pub(crate) const ORDER_QTY: &str = "OrderQty (38)";
pub(crate) const PRICE: &str = "Price (44)";
pub(crate) const EXEC_INST: &str = "ExecInst (18)";
pub(crate) const EXPIRE_TIME: &str = "ExpireTime (126)";
pub(crate) const ALLOC_ACCOUNT: &str = "AllocAccount (79)";
pub(crate) const PARTY_ID: &str = "PartyID (448)";
pub(crate) const ORDER_GROUP: &str = "SecondaryClOrdID (526)";
pub(crate) const MAX_EXECUTION_COST: &str = "MaxExecutionCost (21009)";
pub(crate) const QUOTE_ID: &str = "QuoteID (117)";
pub(crate) const RFQ_ID: &str = "RfqId (21023)";

/// What [`is_symbol`] expects.
pub(crate) const A_SYMBOL: &str = "a market's ticker, printable ASCII characters without spaces";

/// An identifier of ours: 64 characters at most.
pub(crate) fn identifier(field: &'static str, value: &str) -> Result<(), OrderError> {
    if (1..=64).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(());
    }
    let expected = "1 to 64 printable ASCII characters without spaces";
    Err(OrderError::value(field, &format!("{value:?}"), expected))
}

pub(crate) fn symbol(value: &str) -> Result<(), OrderError> {
    if is_symbol(value) {
        return Ok(());
    }
    Err(OrderError::value(SYMBOL, &format!("{value:?}"), A_SYMBOL))
}

/// Whether a market can have this symbol. How long it may be, nobody says.
pub(crate) fn is_symbol(value: &str) -> bool {
    !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_graphic())
}

pub(crate) fn uuid(field: &'static str, value: &str) -> Result<(), OrderError> {
    let parts = value.split('-').map(|part| {
        let hexadecimal = part.bytes().all(|byte| byte.is_ascii_hexdigit());
        hexadecimal.then_some(part.len())
    });
    if parts.eq([8, 4, 4, 4, 12].map(Some)) {
        return Ok(());
    }
    Err(OrderError::value(field, &format!("{value:?}"), "a UUID"))
}

pub(crate) fn quantity(product: Product, quantity: Quantity) -> Result<Decimal, OrderError> {
    let (step, expected) = match product {
        Product::Prediction => (
            Quantity::from_contracts(Decimal::new(1, 2)),
            "a multiple of 0.01 contracts above zero",
        ),
        Product::Margin => (Quantity::from_whole(1), "a whole number of contracts above zero"),
    };
    if quantity.is_positive() && quantity.is_multiple_of(step) {
        return Ok(quantity.contracts());
    }
    Err(OrderError::value(ORDER_QTY, &quantity, expected))
}

/// The price for the wire.
pub(crate) fn price(units: PriceUnits, grid: Option<&TickGrid>, price: Price) -> Result<Decimal, OrderError> {
    price_of(PRICE, PriceField::Price, units, grid, price)
}

/// As [`price`], of another field, by its name and by what it is to the units.
pub(crate) fn price_of(
    name: &'static str,
    field: PriceField,
    units: PriceUnits,
    grid: Option<&TickGrid>,
    price: Price,
) -> Result<Decimal, OrderError> {
    let (is_inside, expected) = match units.product() {
        Product::Prediction => (
            price > Price::ZERO && price < Price::ONE_DOLLAR,
            "dollars above 0 and below 1",
        ),
        Product::Margin => (price > Price::ZERO, "dollars above 0"),
    };
    if !is_inside {
        return Err(OrderError::value(name, &price, expected));
    }
    if let Some(grid) = grid
        && !grid.is_on_grid(price)
    {
        let near = [Snap::Down, Snap::Up].map(|snap| grid.snap(price, snap));
        let expected = match near {
            [Some(down), Some(up)] => format!("a price on the market's grid, such as {down} or {up}"),
            [Some(near), None] | [None, Some(near)] => {
                format!("a price on the market's grid, such as {near}")
            }
            [None, None] => "a price on the market's grid".to_owned(),
        };
        return Err(OrderError::value(name, &price, expected));
    }
    let wire = units.to_wire(field, price);
    wire.map_err(|source| OrderError::Unit { field: name, source })
}

pub(crate) fn time_in_force(time: TimeInForce, post_only: bool, now: Timestamp) -> Result<(), OrderError> {
    if let TimeInForce::GoodTillDate(until) = time
        && until.unix_nanos() <= now.unix_nanos()
    {
        return Err(OrderError::value(
            EXPIRE_TIME,
            &until,
            format!("a time (UTC) after now, {now}"),
        ));
    }
    if post_only && matches!(time, TimeInForce::ImmediateOrCancel | TimeInForce::FillOrKill) {
        // One of them may never be filled on arrival, the other one only then.
        return Err(OrderError::Conflict {
            field: EXEC_INST,
            value: "PostOnly".to_owned(),
            other: format!("TimeInForce (59) {time}"),
            expected: "a time in force that lets the order rest",
        });
    }
    Ok(())
}

pub(crate) fn account(product: Product, account: &Account) -> Result<(), OrderError> {
    match account {
        Account::Primary => Ok(()),
        Account::Subaccount(number) if *number <= 63 => Ok(()),
        Account::Subaccount(number) => Err(OrderError::value(ALLOC_ACCOUNT, &number, "0 to 63")),
        Account::Customer(id) => match product {
            Product::Prediction => uuid(PARTY_ID, id),
            Product::Margin => identifier(PARTY_ID, id),
        },
    }
}

pub(crate) fn cost(most: Money) -> Result<Decimal, OrderError> {
    if most.is_positive() {
        return Ok(most.dollars());
    }
    Err(OrderError::value(MAX_EXECUTION_COST, &most, "dollars above 0"))
}
