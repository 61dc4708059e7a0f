//! What all three units can do.

/// Sums, signs, text: a unit with its own kind only.
macro_rules! arithmetic {
    ($unit:ident, $what:literal, $inner:ident) => {
        impl $unit {
            /// The sum; `None` when it has more digits than can be kept.
            #[must_use]
            pub fn checked_add(self, other: $unit) -> Option<$unit> {
                exact::add(self.0, other.0).map($unit)
            }

            /// The difference; `None` when it has more digits than can be kept.
            #[must_use]
            pub fn checked_sub(self, other: $unit) -> Option<$unit> {
                exact::add(self.0, -other.0).map($unit)
            }

            /// The sum of all; `None` when it, or a sum on the way, has more digits than can be kept.
            #[must_use]
            pub fn checked_sum(all: impl IntoIterator<Item = $unit>) -> Option<$unit> {
                let mut all = all.into_iter();
                all.try_fold($unit::ZERO, $unit::checked_add)
            }

            /// The same with the other sign.
            #[must_use]
            pub fn negated(self) -> $unit {
                $unit(-self.0)
            }

            /// The same without its sign.
            #[must_use]
            pub fn abs(self) -> $unit {
                $unit(self.0.abs())
            }

            /// Whether it is zero.
            #[must_use]
            pub fn is_zero(self) -> bool {
                self.0.is_zero()
            }

            /// Whether it is more than zero.
            #[must_use]
            pub fn is_positive(self) -> bool {
                self > $unit::ZERO
            }
        }

        #[doc = concat!("Digits with the scale that the ", $what, " has, and no unit.")]
        impl fmt::Display for $unit {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        /// Never rounds: what cannot be kept exactly is refused, and so are exponents, spaces and `+`.
        impl FromStr for $unit {
            type Err = UnitError;

            fn from_str(text: &str) -> Result<$unit, UnitError> {
                let malformed = || UnitError::Malformed {
                    what: $what,
                    text: text.to_owned(),
                };
                fix_dialect::parse_decimal(text.as_bytes())
                    .map($unit)
                    .ok_or_else(malformed)
            }
        }

        impl From<$unit> for Decimal {
            fn from(value: $unit) -> Decimal {
                value.$inner()
            }
        }
    };
}
