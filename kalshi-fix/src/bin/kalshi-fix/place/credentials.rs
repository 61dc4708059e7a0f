//! Which variables a key for the venue comes from.

use kalshi_fix::environment::{Product, SessionKind};

/// What each command that takes such a key says of it.
macro_rules! credentials_help {
    () => {
        "\
The venue, and whatever --endpoint names, take a key from the environment:
  KALSHI_KEY_ID                   the id of the API key
  KALSHI_PRIVATE_KEY_PATH         a file with its private key in PEM, or
  KALSHI_PRIVATE_KEY              the text of that PEM itself
  KALSHI_PRIVATE_KEY_PASSPHRASE   its passphrase, where it is encrypted
For margin each of them begins with KALSHI_PERPS_ in place of KALSHI_. A key
for one session alone has its name in it (KALSHI_MD_KEY_ID, and so on for NR,
RT, DC, PT, RFQ; KALSHI_PERPS_MD_KEY_ID) and goes first. A simulated exchange
needs none of them."
    };
}
pub(crate) use credentials_help;

/// What one key is read from.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct KeyVariables {
    /// The variable with the id of the API key.
    pub(crate) id: String,
    /// The variable with the private key, or with where it is.
    pub(crate) private_key: String,
}

impl KeyVariables {
    /// Those of a session: its own, where one of them is set, and the usual ones otherwise.
    pub(crate) fn of(product: Product, kind: SessionKind, is_set: impl Fn(&str) -> bool) -> KeyVariables {
        let usual = prefix(product);
        let own = format!("{usual}{}_", short(kind));
        let names = [
            "KEY_ID",
            "PRIVATE_KEY",
            "PRIVATE_KEY_PATH",
            "PRIVATE_KEY_PASSPHRASE",
        ];
        let has_own = names.iter().any(|name| is_set(&format!("{own}{name}")));
        let prefix = if has_own { &own } else { usual };
        let text = format!("{prefix}PRIVATE_KEY");
        KeyVariables {
            id: format!("{prefix}KEY_ID"),
            private_key: if is_set(&text) {
                text
            } else {
                format!("{text}_PATH")
            },
        }
    }

    /// As [`of`](KeyVariables::of), by this process's environment. An empty variable counts as not set.
    pub(crate) fn here(product: Product, kind: SessionKind) -> KeyVariables {
        KeyVariables::of(product, kind, |name| {
            std::env::var_os(name).is_some_and(|value| !value.is_empty())
        })
    }
}

/// What the variables of a product begin with.
pub(crate) fn prefix(product: Product) -> &'static str {
    match product {
        Product::Prediction => "KALSHI_",
        Product::Margin => "KALSHI_PERPS_",
    }
}

/// `MD` of `KalshiMD`.
pub(crate) fn short(kind: SessionKind) -> &'static str {
    let name = kind.profile().target_comp_id;
    name.strip_prefix("Kalshi").unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_s_own_key_goes_first() {
        let check = |product, set: &[&str], expected: [&str; 2]| {
            let variables = KeyVariables::of(product, SessionKind::MarketData, |name| set.contains(&name));
            assert_eq!([&*variables.id, &*variables.private_key], expected, "{set:?}");
        };
        let usual = ["KALSHI_KEY_ID", "KALSHI_PRIVATE_KEY_PATH"];
        check(Product::Prediction, &[], usual);
        check(Product::Prediction, &["KALSHI_NR_KEY_ID"], usual);
        check(
            Product::Prediction,
            &["KALSHI_KEY_ID", "KALSHI_PRIVATE_KEY"],
            ["KALSHI_KEY_ID", "KALSHI_PRIVATE_KEY"],
        );
        check(
            Product::Prediction,
            &["KALSHI_KEY_ID", "KALSHI_MD_PRIVATE_KEY"],
            ["KALSHI_MD_KEY_ID", "KALSHI_MD_PRIVATE_KEY"],
        );
        check(
            Product::Margin,
            &["KALSHI_MD_KEY_ID"],
            ["KALSHI_PERPS_KEY_ID", "KALSHI_PERPS_PRIVATE_KEY_PATH"],
        );
        check(
            Product::Margin,
            &["KALSHI_PERPS_MD_KEY_ID"],
            ["KALSHI_PERPS_MD_KEY_ID", "KALSHI_PERPS_MD_PRIVATE_KEY_PATH"],
        );
    }
}
