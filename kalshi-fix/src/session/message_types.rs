//! The application message types that a session takes.

/// Which application message types a session takes. Session message types are always known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MessageTypes {
    /// `None`: any. Otherwise sorted, with whether the type is supported.
    known: Option<Vec<(Box<[u8]>, bool)>>,
}

/// What a [`MessageTypes`] says of one type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    Supported,
    Unsupported,
    Unknown,
}

impl MessageTypes {
    /// Any type is delivered: the lenient profile, right for a client that must not lose a fill to a new
    /// type.
    #[must_use]
    pub const fn any() -> Self {
        MessageTypes { known: None }
    }

    /// Only `supported` types are delivered. Other `defined` ones are answered with BusinessMessageReject (j)
    /// 380=3, all others with Reject (3) 373=11: the strict profile of an exchange.
    ///
    /// ```
    /// use kalshi_fix::session::MessageTypes;
    ///
    /// let types = MessageTypes::strict(["D", "F", "G"], ["8", "9"]);
    /// ```
    pub fn strict<T: AsRef<[u8]>, U: AsRef<[u8]>>(
        supported: impl IntoIterator<Item = T>,
        defined: impl IntoIterator<Item = U>,
    ) -> Self {
        let mut known: Vec<(Box<[u8]>, bool)> = defined
            .into_iter()
            .map(|name| (Box::from(name.as_ref()), false))
            .chain(supported.into_iter().map(|name| (Box::from(name.as_ref()), true)))
            .collect();
        known.sort();
        known.dedup_by(|later, earlier| {
            let same = later.0 == earlier.0;
            earlier.1 |= same && later.1;
            same
        });
        MessageTypes { known: Some(known) }
    }

    pub(super) fn known(&self, msg_type: &[u8]) -> Known {
        let Some(known) = &self.known else {
            return Known::Supported;
        };
        match known.binary_search_by(|(name, _)| (**name).cmp(msg_type)) {
            Ok(at) if known[at].1 => Known::Supported,
            Ok(_) => Known::Unsupported,
            Err(_) => Known::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_types() {
        let strict = MessageTypes::strict(["D", "G", "UOG"], ["8", "D", "9"]);
        let check = |msg_type: &str, expected| {
            assert_eq!(strict.known(msg_type.as_bytes()), expected, "{msg_type}");
            assert_eq!(
                MessageTypes::any().known(msg_type.as_bytes()),
                Known::Supported,
                "{msg_type}"
            );
        };
        check("D", Known::Supported);
        check("G", Known::Supported);
        check("UOG", Known::Supported);
        check("8", Known::Unsupported);
        check("9", Known::Unsupported);
        check("UO", Known::Unknown);
        check("", Known::Unknown);
    }
}
