//! What `kalshi-fix gateway` has left in its directory for its clients.

use std::fs;
use std::path::{Path, PathBuf};

use kalshi_fix::client::{Client, ClientBuilder, KalshiProduct};
use kalshi_fix::credentials::{Credentials, KeyRing, PrivateKey};
use kalshi_fix::environment::{Environment, Product, SessionKind};
use kalshi_fix::transport::TlsSettings;

use super::Market;
use crate::json_value::Value;
use crate::output::Failure;
use crate::shell::quoted;

/// Where the sessions are, whom to trust, and a member's keys.
pub(super) struct ExchangeDirectory {
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
        let file = path.join("exchange.json");
        let text = fs::read_to_string(&file).map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound => Failure::Usage(format!(
                "no exchange has left {} there; `kalshi-fix gateway {}` does, and has to go on running",
                file.display(),
                quoted(&path.display().to_string())
            )),
            _ => Failure::unreadable(&file)(source),
        })?;
        let faulty = |fault: String| Failure::Usage(format!("{}: {fault}", file.display()));
        let value = Value::parse(&text).map_err(|error| faulty(error.to_string()))?;
        let lacks = |what: &str| faulty(format!("{what} is missing"));
        let members = value.list("members");
        let number = usize::try_from(member).unwrap_or(usize::MAX);
        let keys = number
            .checked_sub(1)
            .and_then(|at| members.get(at))
            .ok_or_else(|| {
                faulty(format!(
                    "there is no member {member}, but {} of them",
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
            host: named(&value, "host")?,
            root: path.join(named(&value, "root_certificate")?),
            ports,
            key: path.join(named(keys, "private_key")?),
            ids,
            markets,
        })
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
        let key = PrivateKey::from_pem_file(&self.key).map_err(Failure::session)?;
        let mut ring = KeyRing::empty();
        for (_, kind, id) in self.ids.iter().filter(|(product, ..)| *product == D::PRODUCT) {
            let credentials = Credentials::new(id.as_str(), key.clone()).map_err(Failure::session)?;
            ring = ring.with(*kind, credentials);
        }
        let trusted = TlsSettings::new()
            .without_system_roots()
            .roots_from_pem_file(&self.root)
            .map_err(Failure::session)?;
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
