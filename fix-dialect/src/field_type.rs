//! The data types that a FIX dictionary gives its fields.

use std::fmt;

/// The data type of a field, as a QuickFIX data dictionary names it.
///
/// The names are those of the FIX specification (FIX 5.0 SP2, volume 1, "Data types"), with two additions that
/// dictionaries in the field contain: `DECIMAL`, which Kalshi's dictionary uses for an amount without a currency, and the
/// names that older FIX versions gave to today's types (`DATE`, `TIME`, `UTCDATE`, `MULTIPLESTRINGVALUE`).
///
/// ```
/// use fix_dialect::FieldType;
///
/// assert_eq!(FieldType::from_name("UtcTimestamp"), Some(FieldType::UtcTimestamp));
/// assert_eq!(FieldType::UtcTimestamp.name(), "UTCTIMESTAMP");
/// assert_eq!(FieldType::from_name("UTCTIMESTMAP"), None);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[non_exhaustive]
pub enum FieldType {
    /// Text without a delimiter in it.
    String,
    /// One byte.
    Char,
    /// An integer with an optional minus sign.
    Int,
    /// A byte count: of a body, or of the data field that follows.
    Length,
    /// A message sequence number; positive.
    SeqNum,
    /// The number of entries of a repeating group.
    NumInGroup,
    /// A tag number.
    TagNum,
    /// A day of the month, 1 to 31.
    DayOfMonth,
    /// A quantity; a decimal that may have a fraction.
    Qty,
    /// A price; a decimal that may be negative.
    Price,
    /// A difference of two prices; a decimal.
    PriceOffset,
    /// An amount of money; a decimal.
    Amt,
    /// A decimal.
    Float,
    /// A decimal (Kalshi's name for [`FieldType::Float`]).
    Decimal,
    /// A decimal fraction: 0.05 is 5 %.
    Percentage,
    /// `Y` or `N`.
    Boolean,
    /// A date and time in UTC: `YYYYMMDD-HH:MM:SS`, with 0, 3, 6 or 9 decimals of a second.
    UtcTimestamp,
    /// A date in UTC: `YYYYMMDD`.
    UtcDateOnly,
    /// A time of day in UTC: `HH:MM:SS`, with 0, 3, 6 or 9 decimals of a second.
    UtcTimeOnly,
    /// A date in the market's own time zone: `YYYYMMDD`.
    LocalMktDate,
    /// A time of day in the market's own time zone: `HH:MM:SS`.
    LocalMktTime,
    /// A month: `YYYYMM`, `YYYYMMDD` or `YYYYMMWW`.
    MonthYear,
    /// A time of day with its offset from UTC.
    TzTimeOnly,
    /// A date and time with its offset from UTC.
    TzTimestamp,
    /// A date of FIX 4.0 and 4.1.
    Date,
    /// A time of FIX 4.0 and 4.1: a date and time in UTC.
    Time,
    /// Raw bytes, of which a field of type [`FieldType::Length`] in front tells the number; may contain the delimiter.
    Data,
    /// An XML document as raw bytes; read like [`FieldType::Data`].
    XmlData,
    /// Several words, separated by single spaces (`MULTIPLEVALUESTRING` up to FIX 4.4).
    MultipleValueString,
    /// Several words, separated by single spaces (the name since FIX 5.0).
    MultipleStringValue,
    /// Several single bytes, separated by single spaces.
    MultipleCharValue,
    /// An ISO 4217 currency code.
    Currency,
    /// A market identifier (ISO 10383).
    Exchange,
    /// An ISO 3166 country code.
    Country,
    /// An ISO 639-1 language code.
    Language,
    /// The identifier of an XML element within the message.
    XmlId,
    /// A reference to a [`FieldType::XmlId`].
    XmlIdRef,
    /// A type between 100 and 1000 that the FIX specification keeps for itself.
    Reserved100Plus,
    /// A type between 1000 and 4000 that the FIX specification keeps for itself.
    Reserved1000Plus,
    /// A type above 4000 that the FIX specification keeps for itself.
    Reserved4000Plus,
}

impl FieldType {
    /// Every type, in the order of declaration.
    pub const ALL: &'static [FieldType] = &[
        FieldType::String,
        FieldType::Char,
        FieldType::Int,
        FieldType::Length,
        FieldType::SeqNum,
        FieldType::NumInGroup,
        FieldType::TagNum,
        FieldType::DayOfMonth,
        FieldType::Qty,
        FieldType::Price,
        FieldType::PriceOffset,
        FieldType::Amt,
        FieldType::Float,
        FieldType::Decimal,
        FieldType::Percentage,
        FieldType::Boolean,
        FieldType::UtcTimestamp,
        FieldType::UtcDateOnly,
        FieldType::UtcTimeOnly,
        FieldType::LocalMktDate,
        FieldType::LocalMktTime,
        FieldType::MonthYear,
        FieldType::TzTimeOnly,
        FieldType::TzTimestamp,
        FieldType::Date,
        FieldType::Time,
        FieldType::Data,
        FieldType::XmlData,
        FieldType::MultipleValueString,
        FieldType::MultipleStringValue,
        FieldType::MultipleCharValue,
        FieldType::Currency,
        FieldType::Exchange,
        FieldType::Country,
        FieldType::Language,
        FieldType::XmlId,
        FieldType::XmlIdRef,
        FieldType::Reserved100Plus,
        FieldType::Reserved1000Plus,
        FieldType::Reserved4000Plus,
    ];

    /// The name that a QuickFIX data dictionary uses, in capitals.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            FieldType::String => "STRING",
            FieldType::Char => "CHAR",
            FieldType::Int => "INT",
            FieldType::Length => "LENGTH",
            FieldType::SeqNum => "SEQNUM",
            FieldType::NumInGroup => "NUMINGROUP",
            FieldType::TagNum => "TAGNUM",
            FieldType::DayOfMonth => "DAYOFMONTH",
            FieldType::Qty => "QTY",
            FieldType::Price => "PRICE",
            FieldType::PriceOffset => "PRICEOFFSET",
            FieldType::Amt => "AMT",
            FieldType::Float => "FLOAT",
            FieldType::Decimal => "DECIMAL",
            FieldType::Percentage => "PERCENTAGE",
            FieldType::Boolean => "BOOLEAN",
            FieldType::UtcTimestamp => "UTCTIMESTAMP",
            FieldType::UtcDateOnly => "UTCDATEONLY",
            FieldType::UtcTimeOnly => "UTCTIMEONLY",
            FieldType::LocalMktDate => "LOCALMKTDATE",
            FieldType::LocalMktTime => "LOCALMKTTIME",
            FieldType::MonthYear => "MONTHYEAR",
            FieldType::TzTimeOnly => "TZTIMEONLY",
            FieldType::TzTimestamp => "TZTIMESTAMP",
            FieldType::Date => "DATE",
            FieldType::Time => "TIME",
            FieldType::Data => "DATA",
            FieldType::XmlData => "XMLDATA",
            FieldType::MultipleValueString => "MULTIPLEVALUESTRING",
            FieldType::MultipleStringValue => "MULTIPLESTRINGVALUE",
            FieldType::MultipleCharValue => "MULTIPLECHARVALUE",
            FieldType::Currency => "CURRENCY",
            FieldType::Exchange => "EXCHANGE",
            FieldType::Country => "COUNTRY",
            FieldType::Language => "LANGUAGE",
            FieldType::XmlId => "XID",
            FieldType::XmlIdRef => "XIDREF",
            FieldType::Reserved100Plus => "RESERVED100PLUS",
            FieldType::Reserved1000Plus => "RESERVED1000PLUS",
            FieldType::Reserved4000Plus => "RESERVED4000PLUS",
        }
    }

    /// The type with this name, in any case; `UTCDATE` is taken for `UTCDATEONLY`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<FieldType> {
        if name.eq_ignore_ascii_case("UTCDATE") {
            return Some(FieldType::UtcDateOnly);
        }
        Self::ALL
            .iter()
            .copied()
            .find(|known| known.name().eq_ignore_ascii_case(name))
    }

    /// Whether the value is raw bytes that a length field in front delimits.
    #[must_use]
    pub const fn is_data(self) -> bool {
        matches!(self, FieldType::Data | FieldType::XmlData)
    }

    /// Whether the value is an integer.
    #[must_use]
    pub const fn is_integer(self) -> bool {
        matches!(
            self,
            FieldType::Int
                | FieldType::Length
                | FieldType::SeqNum
                | FieldType::NumInGroup
                | FieldType::TagNum
                | FieldType::DayOfMonth
        )
    }

    /// Whether the value is a decimal number.
    #[must_use]
    pub const fn is_decimal(self) -> bool {
        matches!(
            self,
            FieldType::Qty
                | FieldType::Price
                | FieldType::PriceOffset
                | FieldType::Amt
                | FieldType::Float
                | FieldType::Decimal
                | FieldType::Percentage
        )
    }

    /// Whether the value is a list of values, separated by single spaces.
    #[must_use]
    pub const fn is_multiple(self) -> bool {
        matches!(
            self,
            FieldType::MultipleValueString | FieldType::MultipleStringValue | FieldType::MultipleCharValue
        )
    }
}

impl fmt::Display for FieldType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_leads_back_to_its_type_in_any_case() {
        for &field_type in FieldType::ALL {
            assert_eq!(FieldType::from_name(field_type.name()), Some(field_type));
            assert_eq!(
                FieldType::from_name(&field_type.name().to_lowercase()),
                Some(field_type)
            );
        }
        assert_eq!(FieldType::from_name("UTCDATE"), Some(FieldType::UtcDateOnly));
        assert_eq!(FieldType::from_name(""), None);
    }

    #[test]
    fn all_lists_each_type_once() {
        let mut names: Vec<_> = FieldType::ALL
            .iter()
            .map(|field_type| field_type.name())
            .collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), FieldType::ALL.len());
    }
}
