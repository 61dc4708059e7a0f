//! Which dialect is which product, and which marker is which kind of session.

use fix_dialect::{Dialect, Session};

use crate::environment::{Product, SessionKind};
use crate::margin::{self, Margin};
use crate::prediction::{self, Prediction};

/// A dialect that is one of the venue's products: [`Prediction`](crate::prediction::Prediction) or
/// [`Margin`](crate::margin::Margin). Sealed.
pub trait KalshiProduct: Dialect<Message<'static>: Send> + sealed::Sealed {
    /// The product.
    const PRODUCT: Product;
    /// Its order entry session.
    type OrderEntry: KalshiSession<Dialect = Self>;
    /// Its order entry session with retransmission.
    type OrderEntryRetransmitting: KalshiSession<Dialect = Self>;
    /// Its drop copy session.
    type DropCopy: KalshiSession<Dialect = Self>;
    /// Its market data session.
    type MarketData: KalshiSession<Dialect = Self>;
}

/// A session of one of the venue's products. Sealed.
pub trait KalshiSession: Session<Dialect: KalshiProduct> + sealed::Sealed {
    /// What kind of session it is.
    const KIND: SessionKind;
}

mod sealed {
    pub trait Sealed {}
}

macro_rules! product {
    ($dialect:ident, $product:ident, $module:ident :: sessions, { $($name:ident => $kind:ident,)* }) => {
        impl sealed::Sealed for $dialect {}

        impl KalshiProduct for $dialect {
            const PRODUCT: Product = Product::$product;
            type OrderEntry = $module::sessions::NR;
            type OrderEntryRetransmitting = $module::sessions::RT;
            type DropCopy = $module::sessions::DC;
            type MarketData = $module::sessions::MD;
        }

        $(
            impl sealed::Sealed for $module::sessions::$name {}

            impl KalshiSession for $module::sessions::$name {
                const KIND: SessionKind = SessionKind::$kind;
            }
        )*
    };
}

product!(Prediction, Prediction, prediction::sessions, {
    NR => OrderEntry,
    RT => OrderEntryRetransmitting,
    DC => DropCopy,
    PT => PostTrade,
    RFQ => Rfq,
    MD => MarketData,
});

product!(Margin, Margin, margin::sessions, {
    NR => OrderEntry,
    RT => OrderEntryRetransmitting,
    DC => DropCopy,
    MD => MarketData,
});
