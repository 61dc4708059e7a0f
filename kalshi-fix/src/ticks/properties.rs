//! Properties of every grid, the venue's and others, at any price.

use proptest::prelude::*;
use rust_decimal::Decimal;

use super::{Band, Snap, TickGrid};
use crate::units::Price;

/// One of the venue's grids, a fixed step, or bands of one's own.
fn grids() -> impl Strategy<Value = TickGrid> {
    let venue: Vec<TickGrid> = TickGrid::venue().map(|(_, grid)| grid.clone()).collect();
    let fixed = (1_i64..1_000_000_000, 0_u32..=9)
        .prop_map(|(mantissa, scale)| TickGrid::fixed(Price::from_dollars(Decimal::new(mantissa, scale))));
    let bands = prop::collection::vec((1_i64..50, 1_i64..100_000), 1..6).prop_map(|bands| {
        let mut start = 0;
        let bands: Result<Vec<_>, _> = bands
            .into_iter()
            .map(|(count, step)| {
                let end = start + count * step;
                let band = Band::new(price(start), price(end), price(step));
                start = end;
                band
            })
            .collect();
        bands.and_then(TickGrid::from_bands)
    });
    prop_oneof![
        prop::sample::select(venue),
        fixed.prop_map(|grid| grid.expect("a fixed grid")),
        bands.prop_map(|grid| grid.expect("a banded grid")),
    ]
}

fn price(ten_thousandths: i64) -> Price {
    Price::from_dollars(Decimal::new(ten_thousandths, 4))
}

/// Mostly prices of prediction markets, of any scale.
fn prices() -> impl Strategy<Value = Price> {
    prop_oneof![
        (0_i64..=10_000).prop_map(price),
        (-100_000_i64..20_000_000).prop_map(price),
        (any::<i64>(), 0_u32..=28)
            .prop_map(|(mantissa, scale)| Price::from_dollars(Decimal::new(mantissa, scale))),
    ]
}

proptest! {
    #[test]
    fn snapping_is_idempotent_on_the_grid_and_within_one_step(grid in grids(), price in prices()) {
        for snap in [Snap::Down, Snap::Up, Snap::Nearest] {
            let Some(snapped) = grid.snap(price, snap) else { continue };
            prop_assert!(grid.is_on_grid(snapped), "{snapped}");
            prop_assert_eq!(grid.snap(snapped, snap), Some(snapped));
            match snap {
                Snap::Down => prop_assert!(snapped <= price),
                Snap::Up => prop_assert!(snapped >= price),
                Snap::Nearest => {}
            }
            // Differences of more than 28 digits are beyond a decimal, though not beyond the grid.
            let distance_to = |other: Price| other.checked_sub(price).map(Price::abs);
            let Some(distance) = distance_to(snapped) else { continue };
            let step = grid.step_at(price).or(grid.step_at(snapped)).expect("a step");
            // The ends themselves are one whole step from the nearest price.
            prop_assert!(distance <= step, "{distance} of {step}");
            if snap == Snap::Nearest {
                let others = [Snap::Down, Snap::Up].into_iter().filter_map(|snap| grid.snap(price, snap));
                for other in others.filter_map(distance_to) {
                    prop_assert!(distance <= other);
                }
            }
        }
    }

    #[test]
    fn steps_up_and_down_are_each_others_inverse(grid in grids(), price in prices()) {
        if let Some(up) = grid.next_up(price) {
            prop_assert!(up > price && grid.is_on_grid(up));
            if grid.is_on_grid(price) {
                prop_assert_eq!(grid.next_down(up), Some(price));
            } else {
                prop_assert_eq!(grid.snap(price, Snap::Up), Some(up));
            }
        }
        if let Some(down) = grid.next_down(price) {
            prop_assert!(down < price && grid.is_on_grid(down));
            if grid.is_on_grid(price) {
                prop_assert_eq!(grid.next_up(down), Some(price));
            } else {
                prop_assert_eq!(grid.snap(price, Snap::Down), Some(down));
            }
        }
    }

    #[test]
    fn whole_cents_are_on_every_grid_of_the_venue(cents in 1_i64..=99) {
        // Why a session that prices in cents can trade every market.
        for (name, grid) in TickGrid::venue() {
            prop_assert!(grid.is_on_grid(Price::from_whole_cents(cents)), "{name}");
        }
    }

    #[test]
    fn a_price_is_on_a_grid_of_the_venue_just_when_its_complement_is(price in prices()) {
        let Some(complement) = price.complement() else { return Ok(()) };
        for (name, grid) in TickGrid::venue() {
            prop_assert_eq!(grid.is_on_grid(price), grid.is_on_grid(complement), "{}", name);
        }
    }
}
