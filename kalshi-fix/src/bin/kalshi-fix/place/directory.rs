//! What `kalshi-fix gateway` has left in its directory for its clients.

use std::fmt::Display;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use kalshi_fix::client::{Client, ClientBuilder, KalshiProduct};
use kalshi_fix::credentials::{Credentials, KeyRing, PrivateKey};
use kalshi_fix::environment::{Environment, Product, SessionKind};
use kalshi_fix::transport::TlsSettings;

use super::Market;
use crate::held::{self, Running};
use crate::json_value::Value;
use crate::output::Failure;
use crate::shell::quoted;

/// Where the sessions are, whom to trust, and a member's keys.
pub(super) struct ExchangeDirectory {
    path: PathBuf,
    /// The description as it was read: each exchange that is started has one of its own.
    description: String,
    started: String,
    host: String,
    root: PathBuf,
    ports: Vec<(Product, SessionKind, u16)>,
    key: PathBuf,
    ids: Vec<(Product, SessionKind, String)>,
    /// `None` where the description says nothing of markets.
    markets: Option<Vec<(Product, String)>>,
}

impl ExchangeDirectory {
    /// Reads the description in a directory, as far as it concerns a member: the first one is 1.
    pub(super) fn read(path: &Path, member: u32) -> Result<ExchangeDirectory, Failure> {
        let file = path.join(DESCRIPTION);
        let text = fs::read_to_string(&file).map_err(|source| match source.kind() {
            ErrorKind::NotFound => Failure::Usage(absent(path)),
            ErrorKind::NotADirectory => Failure::Usage(format!(
                "{} is a file; name the directory of `kalshi-fix gateway`",
                path.display()
            )),
            _ => Failure::unreadable(&file)(source),
        })?;
        let faulty = |fault: String| {
            Failure::Usage(format!(
                "{}: {fault}; {} writes it anew",
                file.display(),
                command(path)
            ))
        };
        let value = Value::parse(&text).map_err(|error| faulty(error.to_string()))?;
        // Before its contents count: what one has left that was killed leads nowhere, or to somebody else.
        if held::running(path) == Running::No {
            let started = value.text("started").unwrap_or("before");
            return Err(Failure::Usage(not_running(path, Some(started))));
        }
        let lacks = |what: &str| faulty(format!("{what} is missing"));
        let members = value.list("members");
        let number = usize::try_from(member).unwrap_or(usize::MAX);
        let keys = number
            .checked_sub(1)
            .and_then(|at| members.get(at))
            .ok_or_else(|| {
                Failure::Usage(format!(
                    "the exchange of {} has no member {member}: --member is from 1 to {}",
                    path.display(),
                    members.len()
                ))
            })?;
        let mut ports = Vec::new();
        for session in value.list("sessions") {
            let (product, kind) = which(session).ok_or_else(|| lacks("a session's name"))?;
            let port = session.number("port").ok_or_else(|| lacks("a session's port"))?;
            ports.push((product, kind, port));
        }
        let mut ids = Vec::new();
        for id in keys.list("api_keys") {
            let (product, kind) = which(id).ok_or_else(|| lacks("the session of an API key"))?;
            let id = id.text("id").ok_or_else(|| lacks("the id of an API key"))?;
            ids.push((product, kind, id.to_owned()));
        }
        let mut markets = None;
        if value.member("markets").is_some() {
            let mut listed = Vec::new();
            for market in value.list("markets") {
                let product = product(market).ok_or_else(|| lacks("a market's product"))?;
                let symbol = market.text("symbol").ok_or_else(|| lacks("a market's symbol"))?;
                listed.push((product, symbol.to_owned()));
            }
            markets = Some(listed);
        }
        let named = |value: &Value, name: &'static str| {
            let text = value.text(name).ok_or_else(|| lacks(name))?;
            Ok::<_, Failure>(text.to_owned())
        };
        Ok(ExchangeDirectory {
            path: path.to_owned(),
            host: named(&value, "host")?,
            root: path.join(named(&value, "root_certificate")?),
            ports,
            key: path.join(named(keys, "private_key")?),
            ids,
            markets,
            started: value.text("started").unwrap_or("at a time unknown").to_owned(),
            description: text,
        })
    }

    /// Why no exchange is to be had there at the moment, and what to do about it. `None` while nothing speaks against it.
    pub(super) fn absence(&self) -> Option<(&'static str, String)> {
        if held::running(&self.path) == Running::No {
            let remedy = format!("start it again with `{}`", command(&self.path));
            return Some(("the exchange is not running: waiting for it", remedy));
        }
        let is_there = self.path.join(DESCRIPTION).exists();
        (!is_there).then(|| ("the exchange is about to start, or to end", String::new()))
    }

    /// When the exchange was started, where it is not the one that was read before.
    pub(super) fn other_than(&self, before: &ExchangeDirectory) -> Option<&str> {
        (self.description != before.description).then_some(&self.started)
    }

    /// What the description says of a market.
    pub(super) fn market(&self, wanted: Product, symbol: &str) -> Market {
        let Some(markets) = &self.markets else {
            return Market::Unknown;
        };
        let has = |product| {
            markets
                .iter()
                .any(|(of, known)| *of == product && known == symbol)
        };
        if has(wanted) {
            return Market::Exists;
        }
        let others = markets.iter().filter(|(product, _)| *product == wanted);
        Market::Missing {
            others: others.map(|(_, symbol)| symbol.clone()).collect(),
            other_product: has(Product::Prediction) || has(Product::Margin),
        }
    }

    pub(super) fn client<D: KalshiProduct>(&self) -> Result<ClientBuilder<D>, Failure> {
        let key = PrivateKey::from_pem_file(&self.key).map_err(|error| self.damaged(&error))?;
        let mut ring = KeyRing::empty();
        for (_, kind, id) in self.ids.iter().filter(|(product, ..)| *product == D::PRODUCT) {
            let credentials = Credentials::new(id.as_str(), key.clone()).map_err(Failure::session)?;
            ring = ring.with(*kind, credentials);
        }
        let trusted = TlsSettings::new()
            .without_system_roots()
            .roots_from_pem_file(&self.root)
            .map_err(|error| self.damaged(&error))?;
        let builder = Client::<D>::builder(Environment::Loopback)
            .credentials(ring)
            .tls(trusted);
        Ok(builder.endpoints(|mut endpoints| {
            endpoints = endpoints.every_host(&self.host);
            for (product, kind, port) in &self.ports {
                if *product == D::PRODUCT {
                    endpoints = endpoints.port(*kind, *port);
                }
            }
            endpoints
        }))
    }
}

impl ExchangeDirectory {
    /// A file of the exchange's that is not as it was left.
    fn damaged(&self, error: &dyn Display) -> Failure {
        let path = self.root.parent().unwrap_or(&self.root);
        Failure::Usage(format!(
            "{error}\nthe exchange of {} has written it, and makes another where it is missing when it is started again",
            path.display()
        ))
    }
}

/// Why there is no description.
fn absent(path: &Path) -> String {
    if held::running(path) == Running::Yes {
        format!(
            "the exchange of {} is about to start, or to end; try again in a moment",
            path.display()
        )
    } else if held::was_held(path) {
        not_running(path, None)
    } else {
        format!(
            "no exchange runs in {}; start one there, and leave it running: {}",
            path.display(),
            command(path)
        )
    }
}

fn not_running(path: &Path, started: Option<&str>) -> String {
    let started = started.map_or_else(String::new, |time| {
        format!(" (it was started {time}, and was not ended properly)")
    });
    format!(
        "the exchange of {} is not running{started}; start it, and leave it running: {}",
        path.display(),
        command(path)
    )
}

/// What runs the exchange of a directory.
fn command(path: &Path) -> String {
    format!("kalshi-fix gateway {}", quoted(&path.display().to_string()))
}

/// The session that an entry of the description is of.
fn which(entry: &Value) -> Option<(Product, SessionKind)> {
    let product = product(entry)?;
    let target = entry.text("target_comp_id")?;
    let kind = SessionKind::ALL
        .into_iter()
        .find(|kind| kind.profile().target_comp_id == target)?;
    Some((product, kind))
}

fn product(entry: &Value) -> Option<Product> {
    [Product::Prediction, Product::Margin]
        .into_iter()
        .find(|product| entry.text("product") == Some(product.name()))
}

const DESCRIPTION: &str = "exchange.json";
