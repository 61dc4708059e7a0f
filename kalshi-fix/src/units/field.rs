//! Which unit a priced field is in.

use fix_dialect::{Prices, Sender};
use rust_decimal::Decimal;

use super::{Price, UnitError};
use crate::environment::Product;

/// What a price is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PriceUnit {
    /// Dollars. On a session: its logon set `UseDollars (21005)`, or the product knows nothing else.
    Dollars,
    /// Cents.
    Cents,
}

impl PriceUnit {
    /// What a logon asks for with `UseDollars (21005)`.
    #[must_use]
    pub const fn of_logon(use_dollars: bool) -> PriceUnit {
        if use_dollars {
            PriceUnit::Dollars
        } else {
            PriceUnit::Cents
        }
    }

    /// Reads a value in this unit.
    pub fn price(self, value: Decimal) -> Result<Price, UnitError> {
        match self {
            PriceUnit::Dollars => Ok(Price::from_dollars(value)),
            PriceUnit::Cents => Price::from_cents(value),
        }
    }
}

impl From<PriceUnit> for Prices {
    fn from(unit: PriceUnit) -> Prices {
        match unit {
            PriceUnit::Dollars => Prices::Dollars,
            PriceUnit::Cents => Prices::Cents,
        }
    }
}

impl From<Prices> for PriceUnit {
    fn from(prices: Prices) -> PriceUnit {
        match prices {
            Prices::Dollars => PriceUnit::Dollars,
            Prices::Cents => PriceUnit::Cents,
        }
    }
}

/// A field that carries a price, and where it stands: the same tag has another unit in another message, or from the
/// other side. Message and sender tell the session too, since `Quote (S)` is sent to the venue on RFQ only, and by the
/// venue on RT only.
///
/// Amounts (`MiscFeeAmt (137)`, `CashOrderQty (152)`, `CollateralAmountChange (1704)`, `MaxExecutionCost (21009)`,
/// 21030, 21031) are not prices: they are dollars everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PriceField {
    /// `Price (44)` of NewOrderSingle (D), OrderCancelReplaceRequest (G) and ExecutionReport (8).
    Price,
    /// `LastPx (31)` of ExecutionReport (8).
    LastPx,
    /// `AvgPx (6)` of ExecutionReport (8): may have decimals in cents too.
    AvgPx,
    /// `BidPx (132)` of a maker's Quote (S): what it pays for YES.
    MakerBidPx,
    /// `OfferPx (133)` of a maker's Quote (S): what it pays for NO, not an ask in YES terms.
    MakerOfferPx,
    /// `BidPx (132)` of a Quote (S) that the venue announces to the creator of the RFQ.
    AnnouncedBidPx,
    /// `OfferPx (133)` of a Quote (S) that the venue announces to the creator of the RFQ; for NO.
    AnnouncedOfferPx,
    /// `BidPx (132)` of QuoteStatusReport (AI): whole cents, whatever the quote had beyond them.
    StatusBidPx,
    /// `OfferPx (133)` of QuoteStatusReport (AI): as its bid, for NO.
    StatusOfferPx,
    /// `MDEntryPx (270)` of market data (W, X).
    MDEntryPx,
    /// `SettlementPrice (730)` of MarketSettlementReport (UMS): up to 2 decimals of a cent.
    SettlementPrice,
}

impl PriceField {
    /// Every one of them.
    pub const ALL: [PriceField; 11] = [
        PriceField::Price,
        PriceField::LastPx,
        PriceField::AvgPx,
        PriceField::MakerBidPx,
        PriceField::MakerOfferPx,
        PriceField::AnnouncedBidPx,
        PriceField::AnnouncedOfferPx,
        PriceField::StatusBidPx,
        PriceField::StatusOfferPx,
        PriceField::MDEntryPx,
        PriceField::SettlementPrice,
    ];

    /// The field of this tag in a message of this `MsgType (35)` from this side. `None`: no price.
    #[must_use]
    pub fn of(msg_type: &str, sender: Sender, tag: u32) -> Option<PriceField> {
        use Sender::{Client, Exchange};
        Some(match (msg_type, sender, tag) {
            ("D" | "G", Client, 44) | ("8", Exchange, 44) => PriceField::Price,
            ("8", Exchange, 31) => PriceField::LastPx,
            ("8", Exchange, 6) => PriceField::AvgPx,
            ("S", Client, 132) => PriceField::MakerBidPx,
            ("S", Client, 133) => PriceField::MakerOfferPx,
            ("S", Exchange, 132) => PriceField::AnnouncedBidPx,
            ("S", Exchange, 133) => PriceField::AnnouncedOfferPx,
            ("AI", Exchange, 132) => PriceField::StatusBidPx,
            ("AI", Exchange, 133) => PriceField::StatusOfferPx,
            ("W" | "X", Exchange, 270) => PriceField::MDEntryPx,
            ("UMS", Exchange, 730) => PriceField::SettlementPrice,
            _ => return None,
        })
    }

    /// Its tag.
    #[must_use]
    pub const fn tag(self) -> u32 {
        match self {
            PriceField::Price => 44,
            PriceField::LastPx => 31,
            PriceField::AvgPx => 6,
            PriceField::MakerBidPx | PriceField::AnnouncedBidPx | PriceField::StatusBidPx => 132,
            PriceField::MakerOfferPx | PriceField::AnnouncedOfferPx | PriceField::StatusOfferPx => 133,
            PriceField::MDEntryPx => 270,
            PriceField::SettlementPrice => 730,
        }
    }
}

/// The units of a session's prices: by its product, and by what its logon asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PriceUnits {
    product: Product,
    logon: PriceUnit,
}

impl PriceUnits {
    /// Those of a session of this product whose logon asked for this unit. Margin prices in dollars whatever it asked.
    #[must_use]
    pub const fn new(product: Product, logon: PriceUnit) -> PriceUnits {
        let logon = match product {
            Product::Prediction => logon,
            Product::Margin => PriceUnit::Dollars,
        };
        PriceUnits { product, logon }
    }

    /// The product.
    #[must_use]
    pub const fn product(self) -> Product {
        self.product
    }

    /// The unit of orders and of reports of them on the session.
    #[must_use]
    pub const fn orders(self) -> PriceUnit {
        self.logon
    }

    /// The unit of a field.
    #[must_use]
    pub const fn unit(self, field: PriceField) -> PriceUnit {
        match field {
            PriceField::Price
            | PriceField::LastPx
            | PriceField::AvgPx
            | PriceField::MakerBidPx
            | PriceField::MakerOfferPx => self.logon,
            PriceField::AnnouncedBidPx | PriceField::AnnouncedOfferPx | PriceField::MDEntryPx => {
                PriceUnit::Dollars
            }
            PriceField::StatusBidPx | PriceField::StatusOfferPx | PriceField::SettlementPrice => {
                PriceUnit::Cents
            }
        }
    }

    /// Reads the value of a field.
    ///
    /// The prices of a QuoteStatusReport (AI) are refused where they are no whole cents: the venue documents them to be,
    /// so that anything else would be in a unit that nobody told.
    pub fn price(self, field: PriceField, value: Decimal) -> Result<Price, UnitError> {
        let price = self.unit(field).price(value)?;
        if matches!(field, PriceField::StatusBidPx | PriceField::StatusOfferPx) {
            price.to_whole_cents()?;
        }
        Ok(price)
    }

    /// Reads the price of an order or of a fill. On prediction that is 0 to 1 dollar, both included: anything else is mostly
    /// in another unit.
    pub(crate) fn contract_price(self, value: Decimal) -> Result<Price, UnitError> {
        let unit = self.orders();
        let price = unit.price(value)?;
        let is_possible = match self.product {
            Product::Prediction => (Price::ZERO..=Price::ONE_DOLLAR).contains(&price),
            Product::Margin => true,
        };
        if is_possible {
            Ok(price)
        } else {
            Err(UnitError::NoContractPrice { value, unit })
        }
    }

    /// The value of a field that carries this price: dollars with at most four decimals, or cents, whole ones but for
    /// `AvgPx (6)` and `SettlementPrice (730)`.
    pub fn to_wire(self, field: PriceField, price: Price) -> Result<Decimal, UnitError> {
        let may_be_fine = matches!(field, PriceField::AvgPx | PriceField::SettlementPrice);
        match self.unit(field) {
            PriceUnit::Cents if may_be_fine => price.to_cents(),
            PriceUnit::Cents => price.to_whole_cents(),
            PriceUnit::Dollars if may_be_fine || price.dollars().scale() <= 4 => Ok(price.dollars()),
            PriceUnit::Dollars => {
                let dollars = price.dollars().normalize();
                if dollars.scale() <= 4 {
                    Ok(dollars)
                } else {
                    Err(UnitError::TooFine { dollars })
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the venue documents, a line a field: MsgType, sender, tag, and the unit with UseDollars=Y and without it
    /// (fix/order-entry, fix/subpenny-pricing, fix/rfq-messages, fix/market-data, fix/market-settlement; margin's own).
    const PREDICTION: &[(&str, Sender, u32, &str)] = &[
        ("D", Sender::Client, 44, "dollars, cents"),
        ("G", Sender::Client, 44, "dollars, cents"),
        ("8", Sender::Exchange, 6, "dollars, cents"),
        ("8", Sender::Exchange, 31, "dollars, cents"),
        ("8", Sender::Exchange, 44, "dollars, cents"),
        ("S", Sender::Client, 132, "dollars, cents"),
        ("S", Sender::Client, 133, "dollars, cents"),
        ("S", Sender::Exchange, 132, "dollars, dollars"),
        ("S", Sender::Exchange, 133, "dollars, dollars"),
        ("AI", Sender::Exchange, 132, "cents, cents"),
        ("AI", Sender::Exchange, 133, "cents, cents"),
        ("W", Sender::Exchange, 270, "dollars, dollars"),
        ("X", Sender::Exchange, 270, "dollars, dollars"),
        ("UMS", Sender::Exchange, 730, "cents, cents"),
    ];
    const MARGIN: &[(&str, Sender, u32, &str)] = &[
        ("D", Sender::Client, 44, "dollars, dollars"),
        ("G", Sender::Client, 44, "dollars, dollars"),
        ("8", Sender::Exchange, 6, "dollars, dollars"),
        ("8", Sender::Exchange, 31, "dollars, dollars"),
        ("8", Sender::Exchange, 44, "dollars, dollars"),
        ("W", Sender::Exchange, 270, "dollars, dollars"),
        ("X", Sender::Exchange, 270, "dollars, dollars"),
    ];

    #[test]
    fn units_are_those_that_the_venue_documents() {
        for (product, facts) in [(Product::Prediction, PREDICTION), (Product::Margin, MARGIN)] {
            for &(msg_type, sender, tag, expected) in facts {
                let field = PriceField::of(msg_type, sender, tag).expect("a price");
                assert_eq!(field.tag(), tag);
                let unit = |logon| match PriceUnits::new(product, logon).unit(field) {
                    PriceUnit::Dollars => "dollars",
                    PriceUnit::Cents => "cents",
                };
                let found = format!("{}, {}", unit(PriceUnit::Dollars), unit(PriceUnit::Cents));
                assert_eq!(found, expected, "{product}: {tag} of {msg_type} from {sender:?}");
            }
        }
        for field in PriceField::ALL {
            let is =
                |fact: &&(&str, Sender, u32, &str)| PriceField::of(fact.0, fact.1, fact.2) == Some(field);
            assert!(PREDICTION.iter().any(|fact| is(&fact)), "{field:?}");
        }
    }

    #[test]
    fn amounts_and_what_the_other_side_sends_are_no_prices() {
        for (msg_type, sender, tag) in [
            ("D", Sender::Exchange, 44),
            ("8", Sender::Exchange, 137),
            ("UMS", Sender::Exchange, 1704),
            ("R", Sender::Client, 152),
            ("D", Sender::Client, 21009),
            ("S", Sender::Client, 44),
        ] {
            assert_eq!(PriceField::of(msg_type, sender, tag), None, "{tag} of {msg_type}");
        }
    }

    fn decimal(text: &str) -> Decimal {
        fix_dialect::parse_decimal(text.as_bytes()).expect("a decimal")
    }

    #[test]
    fn values_are_read_in_their_unit() {
        let check = |logon, field, value: &str, expected: Result<&str, &str>| {
            let units = PriceUnits::new(Product::Prediction, logon);
            let found = units.price(field, decimal(value)).map(|price| price.to_string());
            let found = found.map_err(|error| error.to_string());
            assert_eq!(
                found.as_deref().map_err(String::as_str),
                expected,
                "{field:?} {value}"
            );
        };
        let (dollars, cents) = (PriceUnit::Dollars, PriceUnit::Cents);
        check(dollars, PriceField::LastPx, "0.7000", Ok("0.7000"));
        check(cents, PriceField::LastPx, "70", Ok("0.70"));
        check(cents, PriceField::AvgPx, "66.5", Ok("0.665"));
        check(cents, PriceField::MDEntryPx, "0.7", Ok("0.7"));
        check(dollars, PriceField::SettlementPrice, "100.00", Ok("1.0000"));
        check(dollars, PriceField::StatusBidPx, "75", Ok("0.75"));
        // A status report in dollars would be read a hundred times too low.
        let error = "the price 0.75 cents lies between two cents: expected whole cents";
        check(dollars, PriceField::StatusBidPx, "0.75", Err(error));
    }

    #[test]
    fn prices_are_written_in_their_unit() {
        let check = |product, logon, field, price: &str, expected: Result<&str, &str>| {
            let units = PriceUnits::new(product, logon);
            let found = units
                .to_wire(field, price.parse().unwrap())
                .map(|value| value.to_string());
            let found = found.map_err(|error| error.to_string());
            assert_eq!(
                found.as_deref().map_err(String::as_str),
                expected,
                "{field:?} {price}"
            );
        };
        let (dollars, cents) = (PriceUnit::Dollars, PriceUnit::Cents);
        let prediction = Product::Prediction;
        check(prediction, dollars, PriceField::Price, "0.5700", Ok("0.5700"));
        check(prediction, dollars, PriceField::Price, "0.570000", Ok("0.57"));
        check(prediction, cents, PriceField::Price, "0.5700", Ok("57"));
        check(prediction, cents, PriceField::AvgPx, "0.575", Ok("57.5"));
        let fine = "the price 57.5 cents lies between two cents: expected whole cents";
        check(prediction, cents, PriceField::Price, "0.575", Err(fine));
        let finer = "the price 0.57001 dollars is too fine: expected at most 4 decimals";
        check(prediction, dollars, PriceField::MakerBidPx, "0.57001", Err(finer));
        check(
            Product::Margin,
            cents,
            PriceField::Price,
            "19.5000",
            Ok("19.5000"),
        );
    }
}
