//! The guide: what to read, in which order, for which purpose.
//!
//! | page | for whom |
//! | --- | --- |
//! | [`first_order`] | everybody: from nothing to a filled order, in five minutes |
//! | [`order_entry`] | who trades: requests, answers, doubt, and what is open (`KalshiNR`) |
//! | [`retransmission`] | who may not miss a report, and asks for quotes (`KalshiRT`) |
//! | [`listener`] | who watches an account without trading on it |
//! | [`drop_copy`] | who has missed something (`KalshiDC`) |
//! | [`market_data`] | who needs prices (`KalshiMD`) |
//! | [`post_trade`] | who is paid (`KalshiPT`) |
//! | [`rfq`] | who makes prices on request (`KalshiRFQ`), and who asks for them |
//! | [`units`] | everybody who reads a price: dollars, cents, contracts, seconds |
//! | [`errors`] | who has an error in front of them: every one of them, its cause and its remedy |
//! | [`observability`] | who operates it: spans, metrics, message logs |
//! | [`features`] | who builds it: feature flags, versions, and what is not supported |
//! | [`from_the_python_sdk`] | who comes from the FIX client of the Python SDK |
//! | [`from_quickfix`] | who comes from QuickFIX |
//!
//! Margin has the same sessions as prediction but for post trade and RFQ, under the same names: put `Margin` where a
//! sample has `Prediction`. What a product does not have does not compile. Four things have other names or terms there:
//! an order is a `LimitOrder::<Margin>::buy` or `sell`, of whole contracts; the simulated exchange lists a market by
//! `margin_market`; and [`groups`](crate::groups) make their requests by `to_margin`.
//!
//! Whole programs, one for each use, are in the crate's `examples/`, with what each prints in its `README.md`.
//!
//! The samples run against the simulated exchange (the feature `gateway`). Against the venue, a client is made by
//! [`Client::from_env`](crate::client::Client::from_env) or of a [`Config`](crate::config::Config), and nothing else
//! changes.

#[doc = include_str!("first_order.md")]
pub mod first_order {}

#[doc = include_str!("order_entry.md")]
pub mod order_entry {}

#[doc = include_str!("retransmission.md")]
pub mod retransmission {}

#[doc = include_str!("listener.md")]
pub mod listener {}

#[doc = include_str!("drop_copy.md")]
pub mod drop_copy {}

#[doc = include_str!("market_data.md")]
pub mod market_data {}

#[doc = include_str!("post_trade.md")]
pub mod post_trade {}

#[doc = include_str!("rfq.md")]
pub mod rfq {}

#[doc = include_str!("units.md")]
pub mod units {}

#[doc = include_str!("errors.md")]
pub mod errors {}

#[doc = include_str!("observability.md")]
pub mod observability {}

#[doc = include_str!("features.md")]
pub mod features {}

#[doc = include_str!("from_the_python_sdk.md")]
pub mod from_the_python_sdk {}

#[doc = include_str!("from_quickfix.md")]
pub mod from_quickfix {}
