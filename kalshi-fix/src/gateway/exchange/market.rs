//! What a market is: its symbol, its price grid, its smallest quantity, its fees and its state.

use std::fmt;
use std::sync::Arc;

use super::calendar::Time;
use super::fee::FeeSchedule;
use super::units::{Price, Quantity};
use crate::environment::Product;

/// A market's ticker.
pub type Symbol = Arc<str>;

/// The steps in which orders of a product may be sized: 0.01 contract, or whole contracts on margin.
#[must_use]
pub const fn quantity_step(product: Product) -> Quantity {
    match product {
        Product::Prediction => Quantity::from_hundredths(1),
        Product::Margin => Quantity::from_contracts(1),
    }
}

/// The prices at which a market trades: bands, each with its step, from the lowest up.
///
/// The venue publishes a market's grid in its REST market object and changes grids while a market trades, so a grid is
/// data here too. A price on the border of two bands belongs to both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceGrid {
    bands: Vec<Band>,
    /// The lowest and the highest price itself are not traded: a prediction contract costs more than 0 and less than 1.
    open_ended: bool,
}

/// One band of a [`PriceGrid`]: the prices `start`, `start + step`, … `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Band {
    /// The lowest price of the band.
    pub start: Price,
    /// The highest price of the band.
    pub end: Price,
    /// The distance between two prices of the band; more than zero.
    pub step: Price,
}

impl PriceGrid {
    /// A prediction market's grid of these bands (`start`, `end`, `step` in ten-thousandths of a dollar). The lowest and
    /// highest price are bounds, not prices.
    #[must_use]
    pub fn prediction(bands: &[(i64, i64, i64)]) -> PriceGrid {
        PriceGrid {
            bands: bands.iter().copied().map(Band::new).collect(),
            open_ended: true,
        }
    }

    /// The venue's grid `linear_cent`: whole cents from 1 to 99.
    #[must_use]
    pub fn linear_cent() -> PriceGrid {
        PriceGrid::prediction(&[(0, 10_000, 100)])
    }

    /// The venue's grid `deci_cent`: tenths of a cent.
    #[must_use]
    pub fn deci_cent() -> PriceGrid {
        PriceGrid::prediction(&[(0, 10_000, 10)])
    }

    /// The venue's grid `tapered_deci_cent`: whole cents, tenths of a cent near 0 and 1 dollar.
    #[must_use]
    pub fn tapered_deci_cent() -> PriceGrid {
        PriceGrid::prediction(&[(0, 1_000, 10), (1_000, 9_000, 100), (9_000, 10_000, 10)])
    }

    /// Any other of the venue's named grids, by its name in the REST market object; `None` for a name that was not known
    /// when this was written.
    #[must_use]
    pub fn named(name: &str) -> Option<PriceGrid> {
        NAMED_GRIDS
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, bands)| PriceGrid::prediction(bands))
    }

    /// A margin market's grid: every positive multiple of `step`.
    #[must_use]
    pub fn unbounded(step: Price) -> PriceGrid {
        let band = Band {
            start: step,
            end: HIGHEST_MARGIN_PRICE,
            step,
        };
        PriceGrid {
            bands: vec![band],
            open_ended: false,
        }
    }

    /// Whether orders may carry this price.
    #[must_use]
    pub fn contains(&self, price: Price) -> bool {
        self.bands.iter().any(|band| band.contains(price)) && !(self.open_ended && self.is_bound(price))
    }

    fn is_bound(&self, price: Price) -> bool {
        self.bands.first().is_some_and(|band| band.start == price)
            || self.bands.last().is_some_and(|band| band.end == price)
    }
}

impl Band {
    fn new((start, end, step): (i64, i64, i64)) -> Band {
        Band {
            start: Price::from_ten_thousandths(start),
            end: Price::from_ten_thousandths(end),
            step: Price::from_ten_thousandths(step.max(1)),
        }
    }

    fn contains(self, price: Price) -> bool {
        let beyond = price.ten_thousandths() - self.start.ten_thousandths();
        self.start <= price && price <= self.end && beyond % self.step.ten_thousandths() == 0
    }
}

/// Whether a market takes orders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MarketStatus {
    /// Orders, amends and cancels are taken.
    #[default]
    Active,
    /// The market does not trade for now: orders and amends are refused with MARKET_INACTIVE, cancels are taken.
    Inactive,
    /// The market's close time has passed; everything, cancels included, is refused with MARKET_INACTIVE.
    Closed,
    /// The outcome is known; everything is refused with MARKET_ALREADY_CLOSED.
    Determined,
    /// Positions are paid out; everything is refused with MARKET_ALREADY_CLOSED, for good.
    Settled,
}

/// Whether the whole exchange takes orders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExchangeStatus {
    /// Orders, amends and cancels are taken.
    #[default]
    Open,
    /// Maintenance, first half: no new orders and no amends, but cancels.
    TradingPaused,
    /// Maintenance, second half: no cancels either.
    Paused,
}

impl fmt::Display for MarketStatus {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            MarketStatus::Active => "active",
            MarketStatus::Inactive => "inactive",
            MarketStatus::Closed => "closed",
            MarketStatus::Determined => "determined",
            MarketStatus::Settled => "settled",
        })
    }
}

impl fmt::Display for ExchangeStatus {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            ExchangeStatus::Open => "open",
            ExchangeStatus::TradingPaused => "paused for all but cancels",
            ExchangeStatus::Paused => "paused",
        })
    }
}

/// A market to list.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Market {
    /// The ticker.
    pub symbol: Symbol,
    /// The exchange index (shard) that it trades on; 0 unless told otherwise.
    pub exchange_index: u32,
    /// The prices at which it trades.
    pub grid: PriceGrid,
    /// What a trade costs.
    pub fees: FeeSchedule,
    /// Whether it takes orders.
    pub status: MarketStatus,
    /// Whether it is a market of high volatility, in which accepted quotes are confirmed and executed faster.
    pub high_volatility: bool,
    /// When it closes by itself.
    pub closes: Option<Time>,
    /// How many contracts an account may hold on either side, its open orders filled.
    pub position_limit: Option<Quantity>,
    /// The lowest position (negative when short) that an account's sells may lead to.
    pub sell_position_floor: Option<Quantity>,
}

impl Market {
    /// A prediction market on whole cents, with the venue's usual fees.
    #[must_use]
    pub fn prediction(symbol: &str) -> Market {
        Market::active(symbol, PriceGrid::linear_cent(), FeeSchedule::prediction())
    }

    /// Whether a market can have this symbol: 1 to 100 printable ASCII characters without spaces.
    #[must_use]
    pub fn is_symbol(text: &str) -> bool {
        (1..=LONGEST_SYMBOL).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
    }

    /// A margin market on steps of a hundredth of a cent.
    #[must_use]
    pub fn margin(symbol: &str) -> Market {
        let grid = PriceGrid::unbounded(Price::from_ten_thousandths(1));
        Market::active(symbol, grid, FeeSchedule::margin())
    }

    /// A market that takes orders, without limits of its own.
    fn active(symbol: &str, grid: PriceGrid, fees: FeeSchedule) -> Market {
        Market {
            symbol: symbol.into(),
            exchange_index: 0,
            grid,
            fees,
            status: MarketStatus::Active,
            high_volatility: false,
            closes: None,
            position_limit: None,
            sell_position_floor: None,
        }
    }

    /// The same market on another price grid.
    #[must_use]
    pub fn with_grid(self, grid: PriceGrid) -> Market {
        Market { grid, ..self }
    }

    /// The same market on another exchange index. Its members need money there.
    #[must_use]
    pub fn on_index(self, exchange_index: u32) -> Market {
        Market {
            exchange_index,
            ..self
        }
    }

    /// The same market as one of high volatility.
    #[must_use]
    pub fn with_high_volatility(self) -> Market {
        Market {
            high_volatility: true,
            ..self
        }
    }

    /// The same market, which closes at this time.
    #[must_use]
    pub fn closing_at(self, time: Time) -> Market {
        Market {
            closes: Some(time),
            ..self
        }
    }

    /// The same market, in which an account holds so many contracts at most, long or short, its open orders filled:
    /// EXCEEDED_PER_MARKET_RISK_LIMIT.
    #[must_use]
    pub fn with_position_limit(self, most: Quantity) -> Market {
        Market {
            position_limit: Some(most),
            ..self
        }
    }

    /// The same market, in which sells may not lead to a position below this one: EXCEEDED_SELL_POSITION_FLOOR. Zero forbids
    /// short positions. (The venue names the text, not the rule.)
    #[must_use]
    pub fn with_sell_position_floor(self, lowest: Quantity) -> Market {
        Market {
            sell_position_floor: Some(lowest),
            ..self
        }
    }

    /// The same market with other fees.
    #[must_use]
    pub fn with_fees(self, fees: FeeSchedule) -> Market {
        Market { fees, ..self }
    }
}

/// Bands of start, end and step in ten-thousandths of a dollar.
type Bands = &'static [(i64, i64, i64)];

/// The grids that the venue had named when this was written.
const NAMED_GRIDS: &[(&str, Bands)] = &[
    ("linear_cent", &[(0, 10_000, 100)]),
    ("deci_cent", &[(0, 10_000, 10)]),
    (
        "tapered_deci_cent",
        &[(0, 1_000, 10), (1_000, 9_000, 100), (9_000, 10_000, 10)],
    ),
    (
        "center_whole_edge_half_cent",
        &[(0, 1_000, 50), (1_000, 9_000, 100), (9_000, 10_000, 50)],
    ),
    (
        "center_whole_edge_quint_cent",
        &[(0, 1_000, 20), (1_000, 9_000, 100), (9_000, 10_000, 20)],
    ),
    ("center_half_edge_half_cent", &[(0, 10_000, 50)]),
    (
        "center_half_edge_quint_cent",
        &[(0, 1_000, 20), (1_000, 9_000, 50), (9_000, 10_000, 20)],
    ),
    (
        "center_half_edge_deci_cent",
        &[(0, 1_000, 10), (1_000, 9_000, 50), (9_000, 10_000, 10)],
    ),
    ("center_quint_edge_quint_cent", &[(0, 10_000, 20)]),
    (
        "center_quint_edge_deci_cent",
        &[(0, 1_000, 10), (1_000, 9_000, 20), (9_000, 10_000, 10)],
    ),
    ("center_centi_edge_centi_cent", &[(0, 10_000, 1)]),
    (
        "center_deci_edge_centi_cent",
        &[(0, 100, 1), (100, 9_900, 10), (9_900, 10_000, 1)],
    ),
];

/// In bytes: far beyond the symbols of the venue's documentation.
const LONGEST_SYMBOL: usize = 100;

/// Ten million dollars a contract: far from every market, and small enough that no sum of orders overflows.
const HIGHEST_MARGIN_PRICE: Price = Price::from_ten_thousandths(100_000_000_000);

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(grid: &PriceGrid, ten_thousandths: i64, expected: bool) {
        assert_eq!(
            grid.contains(Price::from_ten_thousandths(ten_thousandths)),
            expected,
            "{ten_thousandths}"
        );
    }

    #[test]
    fn prices_lie_on_the_grid_or_not() {
        let cents = PriceGrid::linear_cent();
        check(&cents, 7_500, true);
        check(&cents, 100, true);
        check(&cents, 9_900, true);
        check(&cents, 7_550, false);
        check(&cents, 0, false);
        check(&cents, 10_000, false);
        check(&cents, -100, false);
        check(&cents, 10_100, false);

        let tapered = PriceGrid::tapered_deci_cent();
        check(&tapered, 990, true);
        check(&tapered, 1_000, true);
        check(&tapered, 1_010, false);
        check(&tapered, 9_000, true);
        check(&tapered, 9_010, true);

        let margin = PriceGrid::unbounded(Price::from_ten_thousandths(100));
        check(&margin, 195_000, true);
        check(&margin, 195_050, false);
        check(&margin, 0, false);
    }

    #[test]
    fn every_named_grid_is_made_of_adjoining_bands() {
        for (name, _) in NAMED_GRIDS {
            let grid = PriceGrid::named(name).expect("listed");
            assert!(
                grid.bands.windows(2).all(|pair| pair[0].end == pair[1].start),
                "{name}"
            );
            for band in &grid.bands {
                let width = band.end.ten_thousandths() - band.start.ten_thousandths();
                assert_eq!(width % band.step.ten_thousandths(), 0, "{name}");
            }
        }
        assert_eq!(PriceGrid::named("no_such_grid"), None);
    }
}
