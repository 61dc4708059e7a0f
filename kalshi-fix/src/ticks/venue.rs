//! The venue's price level structures, as its REST interface names them.

use std::borrow::Cow;

use super::band::Band;
use super::grid::TickGrid;

macro_rules! structures {
    ($($(#[$note:meta])* $constant:ident = $name:literal: $([$start:literal, $end:literal; $step:literal])+;)*) => {
        impl TickGrid {
            $(
                #[doc = concat!("`", $name, "`, as bands of start, end and step in ten-thousandths of a dollar: ",
                    $("`", $start, "..", $end, ": ", $step, "` ",)+ ".")]
                $(#[$note])*
                pub const $constant: TickGrid =
                    TickGrid::banded(Cow::Borrowed(&[$(Band::ten_thousandths($start, $end, $step)),+]));
            )*
        }

        static VENUE: &[(&str, TickGrid)] = &[$(($name, TickGrid::$constant)),*];
    };
}

structures! {
    LINEAR_CENT = "linear_cent": [0, 10_000; 100];
    DECI_CENT = "deci_cent": [0, 10_000; 10];
    TAPERED_DECI_CENT = "tapered_deci_cent": [0, 1_000; 10] [1_000, 9_000; 100] [9_000, 10_000; 10];
    CENTER_WHOLE_EDGE_HALF_CENT = "center_whole_edge_half_cent":
        [0, 1_000; 50] [1_000, 9_000; 100] [9_000, 10_000; 50];
    CENTER_WHOLE_EDGE_QUINT_CENT = "center_whole_edge_quint_cent":
        [0, 1_000; 20] [1_000, 9_000; 100] [9_000, 10_000; 20];
    CENTER_HALF_EDGE_HALF_CENT = "center_half_edge_half_cent": [0, 10_000; 50];
    CENTER_HALF_EDGE_QUINT_CENT = "center_half_edge_quint_cent":
        [0, 1_000; 20] [1_000, 9_000; 50] [9_000, 10_000; 20];
    CENTER_HALF_EDGE_DECI_CENT = "center_half_edge_deci_cent":
        [0, 1_000; 10] [1_000, 9_000; 50] [9_000, 10_000; 10];
    CENTER_QUINT_EDGE_QUINT_CENT = "center_quint_edge_quint_cent": [0, 10_000; 20];
    CENTER_QUINT_EDGE_DECI_CENT = "center_quint_edge_deci_cent":
        [0, 1_000; 10] [1_000, 9_000; 20] [9_000, 10_000; 10];
    CENTER_CENTI_EDGE_CENTI_CENT = "center_centi_edge_centi_cent": [0, 10_000; 1];
    /// Combos (multivariate markets) all have it.
    CENTER_DECI_EDGE_CENTI_CENT = "center_deci_edge_centi_cent":
        [0, 100; 1] [100, 9_900; 10] [9_900, 10_000; 1];
}

impl TickGrid {
    /// The venue's structure of this name. `None`: one that is newer than this table; make it of its bands.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static TickGrid> {
        VENUE
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, grid)| grid)
    }

    /// The venue's structures with their names.
    pub fn venue() -> impl Iterator<Item = (&'static str, &'static TickGrid)> {
        VENUE.iter().map(|(name, grid)| (*name, grid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of the venue's documentation, in dollars.
    const DOCUMENTED: &[(&str, &str)] = &[
        ("linear_cent", "0-1: 0.01"),
        ("deci_cent", "0-1: 0.001"),
        ("tapered_deci_cent", "0-0.1: 0.001; 0.1-0.9: 0.01; 0.9-1: 0.001"),
        (
            "center_whole_edge_half_cent",
            "0-0.1: 0.005; 0.1-0.9: 0.01; 0.9-1: 0.005",
        ),
        (
            "center_whole_edge_quint_cent",
            "0-0.1: 0.002; 0.1-0.9: 0.01; 0.9-1: 0.002",
        ),
        ("center_half_edge_half_cent", "0-1: 0.005"),
        (
            "center_half_edge_quint_cent",
            "0-0.1: 0.002; 0.1-0.9: 0.005; 0.9-1: 0.002",
        ),
        (
            "center_half_edge_deci_cent",
            "0-0.1: 0.001; 0.1-0.9: 0.005; 0.9-1: 0.001",
        ),
        ("center_quint_edge_quint_cent", "0-1: 0.002"),
        (
            "center_quint_edge_deci_cent",
            "0-0.1: 0.001; 0.1-0.9: 0.002; 0.9-1: 0.001",
        ),
        ("center_centi_edge_centi_cent", "0-1: 0.0001"),
        (
            "center_deci_edge_centi_cent",
            "0-0.01: 0.0001; 0.01-0.99: 0.001; 0.99-1: 0.0001",
        ),
    ];

    #[test]
    fn the_structures_are_those_that_the_venue_documents() {
        let show = |grid: &TickGrid| {
            let normal = |price: crate::units::Price| price.dollars().normalize();
            let band = |band: &Band| {
                let (start, end, step) = (normal(band.start()), normal(band.end()), normal(band.step()));
                format!("{start}-{end}: {step}")
            };
            grid.bands().iter().map(band).collect::<Vec<_>>().join("; ")
        };
        let found: Vec<_> = TickGrid::venue().map(|(name, grid)| (name, show(grid))).collect();
        let expected: Vec<_> = DOCUMENTED
            .iter()
            .map(|&(name, bands)| (name, bands.to_owned()))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn each_would_be_accepted_as_a_grid_of_ones_own() {
        for (name, grid) in TickGrid::venue() {
            let bands: Vec<_> = grid
                .bands()
                .iter()
                .map(|band| Band::new(band.start(), band.end(), band.step()).unwrap())
                .collect();
            assert_eq!(TickGrid::from_bands(bands).as_ref(), Ok(grid), "{name}");
            assert_eq!(TickGrid::named(name), Some(grid));
        }
        assert_eq!(TickGrid::named("hexa_cent"), None);
    }
}
