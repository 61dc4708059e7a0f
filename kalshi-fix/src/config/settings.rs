//! Every setting: its name, whom it is for, and what it changes.

use std::path::PathBuf;
use std::time::Duration;

use super::value::{Expected, Raw};
use crate::client::{Choices, RetentionHours};
use crate::driver::{DriverSettings, InboundPolicy};
use crate::environment::{Environment, Product, SessionKind};
use crate::rate::{Budgets, RatePolicy, Tier};
use crate::reconnect::{ClockTrouble, MaintenanceWindow, ReconnectPolicy};
use crate::store::{Durability, Retention};
use crate::transport::{ConnectTimeouts, Pin, PinError};

/// What is configured, for either product.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Settings {
    pub(super) environment: Option<Environment>,
    pub(super) every_host: Option<String>,
    pub(super) hosts: Vec<(SessionKind, String)>,
    pub(super) ports: Vec<(SessionKind, u16)>,
    pub(super) allow_unknown_hosts: Vec<String>,
    pub(super) plaintext: bool,
    pub(super) tls: Tls,
    pub(super) connect: ConnectTimeouts,
    pub(super) logon_timeout: Option<Duration>,
    pub(super) logout_timeout: Option<Duration>,
    pub(super) request_timeout: Option<Duration>,
    pub(super) heartbeat: Option<Duration>,
    pub(super) logon: LogonFlags,
    pub(super) driver: DriverSettings,
    pub(super) market_data_policy: Option<InboundPolicy>,
    pub(super) reconnects: bool,
    pub(super) reconnect: ReconnectPolicy,
    pub(super) store: StoreSettings,
    pub(super) rate: Rate,
}

/// Tokens a second are for margin, whose tiers are not published.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Rate {
    pub(super) tier: Option<Tier>,
    pub(super) read_tokens: Option<u32>,
    pub(super) write_tokens: Option<u32>,
    pub(super) policy: RatePolicy,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tls {
    pub(super) system_roots: bool,
    pub(super) roots: Vec<PathBuf>,
    pub(super) pins: Vec<Pin>,
    pub(super) verify_chain_of_pinned: bool,
    pub(super) server_name: Option<String>,
}

/// `None`: as the client has it unless told otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct LogonFlags {
    pub(super) use_dollars: Option<bool>,
    pub(super) cancel_orders_on_disconnect: Option<bool>,
    pub(super) enable_ioc_cancel_report: Option<bool>,
    pub(super) preserve_original_order_qty: Option<bool>,
    pub(super) skip_pending_exec_reports: Option<bool>,
    pub(super) use_expired_ord_status: Option<bool>,
    pub(super) always_emit_new_before_trade: Option<bool>,
    pub(super) split_collateral_return: Option<bool>,
    pub(super) receive_settlement_reports: Option<bool>,
    pub(super) message_retention: Option<RetentionHours>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StoreSettings {
    pub(super) directory: Option<PathBuf>,
    pub(super) durability: Durability,
    pub(super) retention: Retention,
}

impl LogonFlags {
    /// Says what was said, and nothing else.
    pub(super) fn apply(&self, choices: &mut Choices) {
        let flags = [
            (self.use_dollars, &mut choices.use_dollars),
            (
                self.cancel_orders_on_disconnect,
                &mut choices.cancel_orders_on_disconnect,
            ),
            (
                self.enable_ioc_cancel_report,
                &mut choices.enable_ioc_cancel_report,
            ),
            (
                self.preserve_original_order_qty,
                &mut choices.preserve_original_order_qty,
            ),
            (
                self.skip_pending_exec_reports,
                &mut choices.skip_pending_exec_reports,
            ),
            (self.use_expired_ord_status, &mut choices.use_expired_ord_status),
            (
                self.always_emit_new_before_trade,
                &mut choices.always_emit_new_before_trade,
            ),
            (self.split_collateral_return, &mut choices.split_collateral_return),
        ];
        for (said, choice) in flags {
            *choice = said.unwrap_or(*choice);
        }
        choices.receive_settlement_reports = self
            .receive_settlement_reports
            .or(choices.receive_settlement_reports);
        choices.message_retention = self.message_retention.or(choices.message_retention);
    }
}

impl Rate {
    /// What is known of the product's budgets; `None`: no limit is kept.
    pub(super) fn budgets(&self) -> Option<Budgets> {
        match (self.tier, self.read_tokens, self.write_tokens) {
            (Some(tier), ..) => Some(Budgets::prediction(tier)),
            (None, Some(read), Some(write)) => Some(Budgets::margin(read, write, false)),
            _ => None,
        }
    }
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            environment: None,
            every_host: None,
            hosts: Vec::new(),
            ports: Vec::new(),
            allow_unknown_hosts: Vec::new(),
            plaintext: false,
            tls: Tls {
                system_roots: true,
                roots: Vec::new(),
                pins: Vec::new(),
                verify_chain_of_pinned: false,
                server_name: None,
            },
            connect: ConnectTimeouts::default(),
            logon_timeout: None,
            logout_timeout: None,
            request_timeout: None,
            heartbeat: None,
            logon: LogonFlags::default(),
            driver: DriverSettings::default(),
            market_data_policy: None,
            reconnects: false,
            reconnect: ReconnectPolicy::default(),
            store: StoreSettings {
                directory: None,
                durability: Durability::EVERY_COMMIT,
                retention: Retention::EVERYTHING,
            },
            rate: Rate::default(),
        }
    }
}

/// One setting.
pub(super) struct Setting {
    /// With its tables, as in `logon.use_dollars`.
    pub(super) name: &'static str,
    /// The product that alone has it.
    pub(super) only: Option<Product>,
    pub(super) apply: fn(&mut Settings, &Raw) -> Result<(), Expected>,
}

const fn both(name: &'static str, apply: fn(&mut Settings, &Raw) -> Result<(), Expected>) -> Setting {
    Setting {
        name,
        only: None,
        apply,
    }
}

const fn prediction(name: &'static str, apply: fn(&mut Settings, &Raw) -> Result<(), Expected>) -> Setting {
    Setting {
        name,
        only: Some(Product::Prediction),
        apply,
    }
}

const fn margin(name: &'static str, apply: fn(&mut Settings, &Raw) -> Result<(), Expected>) -> Setting {
    Setting {
        name,
        only: Some(Product::Margin),
        apply,
    }
}

/// A setting whose value goes into one place.
macro_rules! into {
    ($($place:ident).+, $read:ident) => {
        |settings, raw| {
            settings.$($place).+ = raw.$read()?.into();
            Ok(())
        }
    };
}

macro_rules! host {
    ($kind:ident) => {
        |settings, raw| {
            let host = raw.text()?.to_owned();
            settings.hosts.push((SessionKind::$kind, host));
            Ok(())
        }
    };
}

macro_rules! port {
    ($kind:ident) => {
        |settings, raw| {
            let port = raw.number(1, 65_535)?;
            settings.ports.push((SessionKind::$kind, port as u16));
            Ok(())
        }
    };
}

/// A limit of memory or of number: never none, and never more than can be counted.
fn windows(raw: &Raw) -> Option<Vec<MaintenanceWindow>> {
    let list = raw.list().ok().filter(|list| !list.is_empty())?;
    list.iter().map(|text| text.parse().ok()).collect()
}

fn limit(raw: &Raw) -> Result<usize, Expected> {
    raw.number(1, u64::from(u32::MAX)).map(|limit| limit as usize)
}

fn count(raw: &Raw) -> Result<u32, Expected> {
    raw.number(1, u64::from(u32::MAX)).map(|limit| limit as u32)
}

const INBOUND: &[(&str, InboundPolicy)] = &[
    ("block", InboundPolicy::Block),
    ("disconnect", InboundPolicy::Disconnect),
    ("drop_and_invalidate", InboundPolicy::DropAndInvalidate),
];

/// All of them, in the order of the sample.
pub(super) static SETTINGS: &[Setting] = &[
    both("environment", |settings, raw| {
        let environment = raw.word(&[
            ("production", Environment::Production),
            ("demo", Environment::Demo),
            ("loopback", Environment::Loopback),
        ])?;
        settings.environment = Some(environment);
        Ok(())
    }),
    both("heartbeat", into!(heartbeat, duration)),
    both("plaintext", into!(plaintext, flag)),
    both("allow_unknown_hosts", into!(allow_unknown_hosts, list)),
    both("hosts.all", |settings, raw| {
        settings.every_host = Some(raw.text()?.to_owned());
        Ok(())
    }),
    both("hosts.NR", host!(OrderEntry)),
    both("hosts.RT", host!(OrderEntryRetransmitting)),
    both("hosts.DC", host!(DropCopy)),
    prediction("hosts.PT", host!(PostTrade)),
    prediction("hosts.RFQ", host!(Rfq)),
    both("hosts.MD", host!(MarketData)),
    both("ports.NR", port!(OrderEntry)),
    both("ports.RT", port!(OrderEntryRetransmitting)),
    both("ports.DC", port!(DropCopy)),
    prediction("ports.PT", port!(PostTrade)),
    prediction("ports.RFQ", port!(Rfq)),
    both("ports.MD", port!(MarketData)),
    both("timeouts.resolve", into!(connect.resolve, positive_duration)),
    both("timeouts.tcp", into!(connect.tcp, positive_duration)),
    both("timeouts.handshake", into!(connect.handshake, positive_duration)),
    both("timeouts.logon", into!(logon_timeout, positive_duration)),
    both("timeouts.logout", into!(logout_timeout, positive_duration)),
    both("timeouts.request", into!(request_timeout, positive_duration)),
    both("timeouts.write", into!(driver.write_timeout, positive_duration)),
    both(
        "logon.cancel_orders_on_disconnect",
        into!(logon.cancel_orders_on_disconnect, flag),
    ),
    both(
        "logon.enable_ioc_cancel_report",
        into!(logon.enable_ioc_cancel_report, flag),
    ),
    both(
        "logon.preserve_original_order_qty",
        into!(logon.preserve_original_order_qty, flag),
    ),
    both(
        "logon.skip_pending_exec_reports",
        into!(logon.skip_pending_exec_reports, flag),
    ),
    both(
        "logon.use_expired_ord_status",
        into!(logon.use_expired_ord_status, flag),
    ),
    both("logon.message_retention_hours", |settings, raw| {
        let hours = raw.number(1, RetentionHours::MAX.hours().into())?;
        settings.logon.message_retention = RetentionHours::new(hours as u8).ok();
        Ok(())
    }),
    prediction("logon.use_dollars", into!(logon.use_dollars, flag)),
    prediction(
        "logon.always_emit_new_before_trade",
        into!(logon.always_emit_new_before_trade, flag),
    ),
    prediction(
        "logon.split_collateral_return",
        into!(logon.split_collateral_return, flag),
    ),
    prediction(
        "logon.receive_settlement_reports",
        into!(logon.receive_settlement_reports, flag),
    ),
    both("reconnect.enabled", into!(reconnects, flag)),
    both("reconnect.backoff", into!(reconnect.backoff, positive_duration)),
    both(
        "reconnect.longest_backoff",
        into!(reconnect.longest_backoff, positive_duration),
    ),
    both("reconnect.spacing", into!(reconnect.spacing, duration)),
    both("reconnect.stable_after", into!(reconnect.stable_after, duration)),
    both("reconnect.max_failures", |settings, raw| {
        settings.reconnect.max_failures = Some(count(raw)?);
        Ok(())
    }),
    both(
        "reconnect.give_up_after",
        into!(reconnect.give_up_after, duration),
    ),
    both(
        "reconnect.key_in_use_interval",
        into!(reconnect.key_in_use_interval, duration),
    ),
    both(
        "reconnect.key_in_use_limit",
        into!(reconnect.key_in_use_limit, duration),
    ),
    both(
        "reconnect.rate_limit_wait",
        into!(reconnect.rate_limit_wait, duration),
    ),
    both("reconnect.max_refusals", |settings, raw| {
        settings.reconnect.max_refusals = count(raw)?;
        Ok(())
    }),
    both("reconnect.clock_trouble", |settings, raw| {
        settings.reconnect.clock_trouble = match raw.text() {
            Ok("stop") => ClockTrouble::Stop,
            _ => ClockTrouble::Wait(
                raw.duration()
                    .map_err(|expected| format!("\"stop\", or {expected}"))?,
            ),
        };
        Ok(())
    }),
    both(
        "reconnect.reset_retransmitting",
        into!(reconnect.reset_retransmitting, flag),
    ),
    both("reconnect.maintenance", |settings, raw| {
        settings.reconnect.maintenance = match raw.flag() {
            Ok(true) => vec![MaintenanceWindow::KALSHI],
            Ok(false) => Vec::new(),
            Err(_) => windows(raw).ok_or_else(|| {
                "true, false, or a list of a day and two times each, such as \"Thursday 03:00-05:00\""
                    .to_owned()
            })?,
        };
        Ok(())
    }),
    both(
        "reconnect.maintenance_interval",
        into!(reconnect.maintenance_interval, duration),
    ),
    both("tls.system_roots", into!(tls.system_roots, flag)),
    both("tls.roots", |settings, raw| {
        settings.tls.roots = raw.list()?.into_iter().map(PathBuf::from).collect();
        Ok(())
    }),
    both("tls.pins", |settings, raw| {
        let pins = raw.list()?;
        let numbered = pins.iter().enumerate();
        let pins: Result<Vec<Pin>, Expected> = numbered
            .map(|(at, pin)| {
                let parsed: Result<Pin, PinError> = pin.parse();
                parsed.map_err(|error| format!("pins in it, and number {} is none: {error}", at + 1))
            })
            .collect();
        settings.tls.pins = pins?;
        Ok(())
    }),
    both(
        "tls.verify_chain_of_pinned",
        into!(tls.verify_chain_of_pinned, flag),
    ),
    both("tls.server_name", |settings, raw| {
        settings.tls.server_name = Some(raw.text()?.to_owned());
        Ok(())
    }),
    both("store.directory", |settings, raw| {
        settings.store.directory = Some(PathBuf::from(raw.text()?));
        Ok(())
    }),
    both("store.durability", |settings, raw| {
        let named = raw.word(&[
            ("every_message", Durability::EveryMessage),
            ("every_commit", Durability::EVERY_COMMIT),
            ("operating_system", Durability::OperatingSystem),
        ]);
        settings.store.durability = match (named, raw.duration()) {
            (Ok(durability), _) => durability,
            (_, Ok(interval)) => Durability::Batched { interval },
            (Err(words), Err(time)) => return Err(format!("{words}, or {time} between batches")),
        };
        Ok(())
    }),
    both("store.max_age", into!(store.retention.max_age, duration)),
    both("store.max_bytes", |settings, raw| {
        settings.store.retention.max_bytes = Some(raw.number(1, u64::MAX)?);
        Ok(())
    }),
    both("store.max_messages", |settings, raw| {
        settings.store.retention.max_messages = Some(raw.number(1, u64::MAX)?);
        Ok(())
    }),
    prediction("rate.tier", |settings, raw| {
        settings.rate.tier = Some(raw.word(&[
            ("basic", Tier::Basic),
            ("advanced", Tier::Advanced),
            ("expert", Tier::Expert),
            ("premier", Tier::Premier),
            ("paragon", Tier::Paragon),
            ("prime", Tier::Prime),
            ("prestige", Tier::Prestige),
        ])?);
        Ok(())
    }),
    margin("rate.read_tokens", |settings, raw| {
        settings.rate.read_tokens = Some(count(raw)?);
        Ok(())
    }),
    margin("rate.write_tokens", |settings, raw| {
        settings.rate.write_tokens = Some(count(raw)?);
        Ok(())
    }),
    both("rate.policy", |settings, raw| {
        settings.rate.policy = raw.word(&[
            ("wait", RatePolicy::Wait),
            ("refuse", RatePolicy::Refuse),
            ("off", RatePolicy::Off),
        ])?;
        Ok(())
    }),
    both("queues.inbound", |settings, raw| {
        settings.driver.inbound_policy = raw.word(INBOUND)?;
        Ok(())
    }),
    both("queues.market_data", |settings, raw| {
        settings.market_data_policy = Some(raw.word(INBOUND)?);
        Ok(())
    }),
    both("queues.max_waiting_events", |settings, raw| {
        settings.driver.max_waiting_events = limit(raw)?;
        Ok(())
    }),
    both("queues.max_waiting_bytes", |settings, raw| {
        settings.driver.max_waiting_bytes = limit(raw)?;
        Ok(())
    }),
];
