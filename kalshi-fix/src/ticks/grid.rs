//! A market's grid, and what is on it.

use std::borrow::Cow;

use super::band::{Band, GridError, Rest, Ticks, price, ticks};
use crate::units::Price;

/// The prices that a market accepts: see the [module](super).
///
/// Where two bands meet, the price belongs to both. The outermost ends (0 and 1 dollar of a prediction market) are no
/// prices of orders, and so not on the grid.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TickGrid(Form);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Form {
    /// At least one, each beginning where the last ends.
    Bands(Cow<'static, [Band]>),
    /// Every positive multiple of this.
    Fixed(Ticks),
}

/// Where to look for a price that is on the grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Snap {
    /// The nearest price that is not above: what a buyer who would not pay more wants.
    Down,
    /// The nearest price that is not below: what a seller who would not take less wants.
    Up,
    /// The nearest price; the lower one where two are as near.
    Nearest,
}

impl TickGrid {
    pub(super) const fn banded(bands: Cow<'static, [Band]>) -> TickGrid {
        TickGrid(Form::Bands(bands))
    }

    /// A grid of bands in ascending order, each beginning where the one before ends; 64 at most.
    pub fn from_bands(bands: impl Into<Vec<Band>>) -> Result<TickGrid, GridError> {
        let bands = bands.into();
        let (count, most) = (bands.len(), MAX_BANDS);
        if count == 0 {
            return Err(GridError::Empty);
        }
        if count > most {
            return Err(GridError::TooMany { count, most });
        }
        for pair in bands.windows(2) {
            if pair[1].start != pair[0].end {
                let (start, end) = (pair[1].start(), pair[0].end());
                return Err(GridError::Gap { start, end });
            }
        }
        Ok(TickGrid(Form::Bands(Cow::Owned(bands))))
    }

    /// Every positive multiple of a step, without an upper bound: a margin market.
    pub fn fixed(step: Price) -> Result<TickGrid, GridError> {
        match ticks(step) {
            Some((ticks, Rest::Nothing)) if ticks > 0 => Ok(TickGrid(Form::Fixed(ticks))),
            Some((ticks, _)) if ticks <= 0 && step <= Price::ZERO => Err(GridError::Step { step }),
            _ => Err(GridError::TooFine { price: step }),
        }
    }

    /// Its bands; none where the step is fixed.
    #[must_use]
    pub fn bands(&self) -> &[Band] {
        match &self.0 {
            Form::Bands(bands) => bands,
            Form::Fixed(_) => &[],
        }
    }

    /// Whether a market with this grid accepts the price.
    #[must_use]
    pub fn is_on_grid(&self, price: Price) -> bool {
        let Some((ticks, Rest::Nothing)) = ticks(price) else {
            return false;
        };
        self.at_or_below(ticks) == Some(ticks)
    }

    /// The price, if it is on the grid; the one next to it otherwise. `None`: there is none in that direction, or the
    /// price is beyond the grid's ends, where no price would be within a step of it.
    #[must_use]
    pub fn snap(&self, price: Price, snap: Snap) -> Option<Price> {
        if self.is_on_grid(price) {
            return Some(price);
        }
        let (below, above) = self.around(price)?;
        let found = match (snap, below, above) {
            (Snap::Down, below, _) => below,
            (Snap::Up, _, above) => above,
            (Snap::Nearest, Some(below), Some(above)) => {
                let (ticks, rest) = ticks(price)?;
                // How much further up is than down is, but for twice the rest.
                let difference = (above - ticks) - (ticks - below);
                let up = match rest {
                    Rest::Nothing => difference < 0,
                    Rest::HalfATickAtMost => difference < 1,
                    Rest::MoreThanHalfATick => difference < 2,
                };
                Some(if up { above } else { below })
            }
            (Snap::Nearest, below, above) => below.or(above),
        };
        found.map(self::price)
    }

    /// The lowest price on the grid that is above this one. `None` at the upper end, and beyond the ends.
    #[must_use]
    pub fn next_up(&self, price: Price) -> Option<Price> {
        self.around(price)?.1.map(self::price)
    }

    /// The highest price on the grid that is below this one. `None` at the lower end, and beyond the ends.
    #[must_use]
    pub fn next_down(&self, price: Price) -> Option<Price> {
        self.around(price)?.0.map(self::price)
    }

    /// The step at a price: where two bands meet, that of the upper one. `None` beyond the ends.
    #[must_use]
    pub fn step_at(&self, price: Price) -> Option<Price> {
        if !self.contains(price) {
            return None;
        }
        let (ticks, _) = ticks(price)?;
        let step = match &self.0 {
            Form::Bands(bands) => bands.iter().rfind(|band| band.start <= ticks)?.step,
            Form::Fixed(step) => *step,
        };
        Some(self::price(step))
    }

    /// The lowest price on the grid.
    #[must_use]
    pub fn lowest(&self) -> Option<Price> {
        let from = match &self.0 {
            Form::Bands(bands) => bands.first()?.start,
            Form::Fixed(_) => 0,
        };
        self.at_or_above(from).map(price)
    }

    /// The highest price on the grid; none where it has no upper bound.
    #[must_use]
    pub fn highest(&self) -> Option<Price> {
        match &self.0 {
            Form::Bands(bands) => self.at_or_below(bands.last()?.end).map(price),
            Form::Fixed(_) => None,
        }
    }

    /// The nearest prices below and above. `None` beyond the ends, which are not.
    fn around(&self, price: Price) -> Option<(Option<Ticks>, Option<Ticks>)> {
        if !self.contains(price) {
            return None;
        }
        let (ticks, rest) = ticks(price)?;
        // What has a rest is above its whole ticks already.
        let below = self.at_or_below(if rest == Rest::Nothing { ticks - 1 } else { ticks });
        Some((below, self.at_or_above(ticks + 1)))
    }

    /// Whether the price is not beyond the ends, which are included.
    fn contains(&self, price: Price) -> bool {
        let Some((ticks, rest)) = ticks(price) else {
            return false;
        };
        match &self.0 {
            Form::Bands(bands) => match (bands.first(), bands.last()) {
                (Some(first), Some(last)) => {
                    first.start <= ticks && (ticks < last.end || ticks == last.end && rest == Rest::Nothing)
                }
                _ => false,
            },
            Form::Fixed(_) => ticks >= 0,
        }
    }

    fn at_or_below(&self, ticks: Ticks) -> Option<Ticks> {
        match &self.0 {
            Form::Bands(bands) => {
                let (first, last) = (bands.first()?.start, bands.last()?);
                // The last end is no price, and one below it belongs to the step before.
                let ticks = ticks.min(last.end - 1);
                let band = bands.iter().rfind(|band| band.start <= ticks)?;
                let found = ticks - (ticks - band.start) % band.step;
                (found > first).then_some(found)
            }
            Form::Fixed(step) => {
                let found = ticks - ticks.rem_euclid(*step);
                (found > 0).then_some(found)
            }
        }
    }

    fn at_or_above(&self, ticks: Ticks) -> Option<Ticks> {
        match &self.0 {
            Form::Bands(bands) => {
                let (first, last) = (bands.first()?.start, bands.last()?.end);
                let ticks = ticks.max(first + 1);
                let band = bands.iter().find(|band| ticks <= band.end)?;
                let over = (ticks - band.start) % band.step;
                let found = if over == 0 {
                    ticks
                } else {
                    ticks - over + band.step
                };
                (found < last).then_some(found)
            }
            Form::Fixed(step) => {
                let over = ticks.rem_euclid(*step);
                let found = if over == 0 { ticks } else { ticks - over + step };
                Some(found.max(*step))
            }
        }
    }
}

/// More than any structure of the venue's will have: three, so far.
const MAX_BANDS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn dollars(text: &str) -> Price {
        text.parse().expect("a price")
    }

    /// On the grid or not, then down, up, nearest, next down, next up.
    #[track_caller]
    fn check(grid: &TickGrid, price: &str, expected: &str) {
        let show = |price: Option<Price>| {
            price.map_or("-".to_owned(), |price| price.dollars().normalize().to_string())
        };
        let price = dollars(price);
        let is_on_grid = grid.is_on_grid(price);
        let found = [
            grid.snap(price, Snap::Down),
            grid.snap(price, Snap::Up),
            grid.snap(price, Snap::Nearest),
            grid.next_down(price),
            grid.next_up(price),
        ]
        .map(show)
        .join(" ");
        assert_eq!(
            format!("{} {found}", if is_on_grid { "on" } else { "off" }),
            expected,
            "{price}"
        );
    }

    #[test]
    fn one_band() {
        let grid = &TickGrid::LINEAR_CENT;
        check(grid, "0.57", "on 0.57 0.57 0.57 0.56 0.58");
        check(grid, "0.5700", "on 0.57 0.57 0.57 0.56 0.58");
        check(grid, "0.574", "off 0.57 0.58 0.57 0.57 0.58");
        check(grid, "0.575", "off 0.57 0.58 0.57 0.57 0.58");
        check(grid, "0.5750000000000001", "off 0.57 0.58 0.58 0.57 0.58");
        check(grid, "0.5699999999999999", "off 0.56 0.57 0.57 0.56 0.57");
        check(grid, "0.01", "on 0.01 0.01 0.01 - 0.02");
        check(grid, "0.99", "on 0.99 0.99 0.99 0.98 -");
        // Between the last price and the end there is something on one side only.
        check(grid, "0.001", "off - 0.01 0.01 - 0.01");
        check(grid, "0.999", "off 0.99 - 0.99 0.99 -");
        check(grid, "0", "off - 0.01 0.01 - 0.01");
        check(grid, "1", "off 0.99 - 0.99 0.99 -");
        for beyond in [
            "-0.01",
            "1.01",
            "1.00000000000001",
            "-0.000000000001",
            "79228162514264337593543950335",
        ] {
            check(grid, beyond, "off - - - - -");
        }
    }

    #[test]
    fn bands_that_meet() {
        let grid = &TickGrid::TAPERED_DECI_CENT;
        check(grid, "0.1", "on 0.1 0.1 0.1 0.099 0.11");
        check(grid, "0.105", "off 0.1 0.11 0.1 0.1 0.11");
        check(grid, "0.9", "on 0.9 0.9 0.9 0.89 0.901");
        check(grid, "0.0995", "off 0.099 0.1 0.099 0.099 0.1");
        check(grid, "0.001", "on 0.001 0.001 0.001 - 0.002");
        assert_eq!(grid.step_at(dollars("0.1")), Some(dollars("0.01")));
        assert_eq!(grid.step_at(dollars("0.0999")), Some(dollars("0.001")));
        assert_eq!(grid.step_at(dollars("2")), None);
        assert_eq!(
            (grid.lowest(), grid.highest()),
            (Some(dollars("0.001")), Some(dollars("0.999")))
        );
    }

    #[test]
    fn a_fixed_step() {
        let grid = &TickGrid::fixed(dollars("0.25")).unwrap();
        check(grid, "64000.25", "on 64000.25 64000.25 64000.25 64000 64000.5");
        check(grid, "64000.30", "off 64000.25 64000.5 64000.25 64000.25 64000.5");
        check(grid, "0.25", "on 0.25 0.25 0.25 - 0.5");
        check(grid, "0.1", "off - 0.25 0.25 - 0.25");
        check(grid, "0", "off - 0.25 0.25 - 0.25");
        check(grid, "-1", "off - - - - -");
        assert_eq!((grid.lowest(), grid.highest()), (Some(dollars("0.25")), None));
        // Two prices that are further from it than a decimal can tell are still the nearest ones.
        let coarse = &TickGrid::fixed(dollars("792282")).unwrap();
        check(
            coarse,
            "0.00000000000000000000001",
            "off - 792282 792282 - 792282",
        );
        check(
            coarse,
            "792282.00000000000000000001",
            "off 792282 1584564 792282 792282 1584564",
        );
        let odd = &TickGrid::fixed(dollars("0.000000003")).unwrap();
        check(
            odd,
            "0.0000000045",
            "off 0.000000003 0.000000006 0.000000003 0.000000003 0.000000006",
        );
        check(
            odd,
            "0.00000000451",
            "off 0.000000003 0.000000006 0.000000006 0.000000003 0.000000006",
        );
        check(
            odd,
            "0.00000000449",
            "off 0.000000003 0.000000006 0.000000003 0.000000003 0.000000006",
        );
        // The venue's finest.
        check(
            &TickGrid::fixed(dollars("0.0001")).unwrap(),
            "19.50005",
            "off 19.5 19.5001 19.5 19.5 19.5001",
        );
    }

    #[test]
    fn what_is_no_grid_is_refused() {
        let band =
            |start: &str, end: &str, step: &str| Band::new(dollars(start), dollars(end), dollars(step));
        let refused = |error: GridError, expected: &str| assert_eq!(error.to_string(), expected);
        refused(
            band("0", "1", "0").unwrap_err(),
            "the step 0 dollars: expected one above zero",
        );
        refused(
            band("0", "1", "0.03").unwrap_err(),
            "the band 0 to 1 dollars: expected an end above the start, by a multiple of the step 0.03",
        );
        assert!(matches!(band("1", "0", "0.01"), Err(GridError::Extent { .. })));
        assert!(matches!(
            band("0", "1", "0.0000000001"),
            Err(GridError::TooFine { .. })
        ));
        assert!(matches!(
            band("0", "79228162514264337593543950335", "1"),
            Err(GridError::TooFine { .. })
        ));
        refused(
            TickGrid::from_bands([]).unwrap_err(),
            "a grid without bands has no prices: expected at least one",
        );
        let apart = [
            band("0", "0.1", "0.01").unwrap(),
            band("0.2", "1", "0.01").unwrap(),
        ];
        refused(
            TickGrid::from_bands(apart).unwrap_err(),
            "a band begins at 0.2000 dollars: expected 0.1000, where the one before it ends",
        );
        let many: Vec<_> = (0..65)
            .map(|at| band(&at.to_string(), &(at + 1).to_string(), "1").unwrap())
            .collect();
        refused(
            TickGrid::from_bands(many).unwrap_err(),
            "65 bands: expected at most 64",
        );
        assert!(matches!(
            TickGrid::fixed(Price::ZERO),
            Err(GridError::Step { .. })
        ));
        assert!(matches!(
            TickGrid::fixed(dollars("-1")),
            Err(GridError::Step { .. })
        ));
        assert!(matches!(
            TickGrid::fixed(dollars("0.0000000001")),
            Err(GridError::TooFine { .. })
        ));
    }

    #[test]
    fn a_band_of_one_step_has_no_price_of_its_own() {
        let band = Band::new(dollars("0"), dollars("1"), dollars("1")).unwrap();
        let grid = TickGrid::from_bands([band]).unwrap();
        assert_eq!((grid.lowest(), grid.highest()), (None, None));
        check(&grid, "0.5", "off - - - - -");
    }
}
