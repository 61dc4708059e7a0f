//! Where a command connects to: a simulated exchange of its own, one that runs, or the venue.

pub(crate) mod credentials;
mod directory;
mod simulated;
mod whereabouts;

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use kalshi_fix::client::{BuildError, Client, ClientBuilder, KalshiProduct};
use kalshi_fix::credentials::{CredentialsError, KeyRing};
use kalshi_fix::environment::{Endpoint, Environment, Product};
use kalshi_fix::gateway::Gateway;
use kalshi_fix::transport::{TlsSettings, TlsSettingsError};

use crate::numbers::within;
use crate::output::Failure;
use directory::ExchangeDirectory;

pub(crate) use whereabouts::Whereabouts;

/// Where to connect to. Without any of these it is a simulated exchange.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Where to connect to")]
pub(crate) struct PlaceArguments {
    /// A simulated exchange with bots, inside of this command; what happens
    /// without any of these
    #[arg(long, group = "place")]
    pub(crate) simulated: bool,
    /// The simulated exchange that `kalshi-fix gateway DIRECTORY` runs
    #[arg(long, group = "place", value_name = "DIRECTORY")]
    pub(crate) gateway: Option<PathBuf>,
    /// As which of that exchange's members [default: 1]
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true, value_parser = within::<1, 1000>)]
    pub(crate) member: Option<u32>,
    /// The venue's demo environment, which has no real money
    #[arg(long, group = "place")]
    pub(crate) demo: bool,
    /// The venue itself
    #[arg(long, group = "place")]
    pub(crate) production: bool,
    /// Another address than the documented one, such as a proxy's
    ///
    /// With --demo or --production it is another way to the venue. Alone it is
    /// any FIX gateway: the key comes from the environment and the system's root
    /// certificates are trusted, as they are for the venue.
    #[arg(long, value_name = "HOST:PORT", value_parser = endpoint, conflicts_with_all = ["simulated", "gateway"])]
    pub(crate) endpoint: Option<Endpoint>,
    /// The name that the certificate has to be for, in place of the host's
    #[arg(long, value_name = "NAME", conflicts_with_all = ["simulated", "gateway"])]
    pub(crate) server_name: Option<String>,
    /// Certificates to trust besides the system's, as PEM, at the venue or at
    /// --endpoint
    #[arg(long, value_name = "FILE", conflicts_with_all = ["simulated", "gateway"])]
    pub(crate) root: Option<PathBuf>,
    /// The product: event contracts, or perpetual futures
    #[arg(long, value_enum, default_value_t = ProductName::Prediction)]
    pub(crate) product: ProductName,
}

/// A product.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProductName {
    /// Event contracts
    #[default]
    Prediction,
    /// Perpetual futures
    Margin,
}

/// What a place knows of a market.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Market {
    Exists,
    /// There is none of this name in this product.
    Missing {
        /// Those that there are.
        others: Vec<String>,
        /// Whether the other product has one of this name.
        other_product: bool,
    },
    /// Nobody says.
    Unknown,
}

/// What is connected to.
pub(crate) struct Place {
    /// In words.
    pub(crate) name: String,
    exchange: Exchange,
}

enum Exchange {
    Simulated(Gateway),
    Directory(ExchangeDirectory),
    Elsewhere(Environment),
}

impl PlaceArguments {
    /// Finds the place, or makes it: with these markets, if it is a simulated exchange.
    pub(crate) async fn open(&self, product: Product, symbols: &[String]) -> Result<Place, Failure> {
        self.check()?;
        let (name, exchange) = match self.whereabouts() {
            Whereabouts::Simulated => {
                let gateway = simulated::start(product, symbols).await?;
                ("simulated".to_owned(), Exchange::Simulated(gateway))
            }
            Whereabouts::Directory(path) => {
                let directory = ExchangeDirectory::read(path, self.member.unwrap_or(1))?;
                let name = format!("the exchange of {}", path.display());
                (name, Exchange::Directory(directory))
            }
            Whereabouts::Venue(environment) => (environment.to_string(), Exchange::Elsewhere(environment)),
            Whereabouts::VenueBy(environment, endpoint) => {
                let name = format!("{environment} by {endpoint}");
                (name, Exchange::Elsewhere(environment))
            }
            Whereabouts::Elsewhere(endpoint) => {
                (endpoint.to_string(), Exchange::Elsewhere(Environment::Loopback))
            }
        };
        Ok(Place { name, exchange })
    }
}

impl Place {
    /// A client of the place. Call it once: it takes a key of a simulated exchange.
    pub(crate) fn client<D: KalshiProduct>(
        &self,
        arguments: &PlaceArguments,
    ) -> Result<ClientBuilder<D>, Failure> {
        match &self.exchange {
            Exchange::Simulated(gateway) => simulated::client::<D>(gateway),
            Exchange::Directory(directory) => directory.client::<D>(),
            Exchange::Elsewhere(environment) => elsewhere::<D>(*environment, arguments),
        }
    }

    /// What is known of a market without asking: the simulated exchange of a command has made those that were named.
    pub(crate) fn market(&self, product: Product, symbol: &str) -> Market {
        match &self.exchange {
            Exchange::Simulated(_) => Market::Exists,
            Exchange::Directory(directory) => directory.market(product, symbol),
            Exchange::Elsewhere(_) => Market::Unknown,
        }
    }

    /// Whether another exchange may come in its place, which is found by opening the place again.
    pub(crate) fn may_be_replaced(&self) -> bool {
        matches!(self.exchange, Exchange::Directory(_))
    }

    /// Why there is nothing to connect to at the moment, where that is known, and what to do about it.
    pub(crate) fn absence(&self) -> Option<(&'static str, String)> {
        match &self.exchange {
            Exchange::Directory(directory) => directory.absence(),
            Exchange::Simulated(_) | Exchange::Elsewhere(_) => None,
        }
    }

    /// When the exchange was started, where it is known to be another one than there was before.
    pub(crate) fn other_than(&self, before: &Place) -> Option<&str> {
        match (&self.exchange, &before.exchange) {
            (Exchange::Directory(directory), Exchange::Directory(before)) => directory.other_than(before),
            _ => None,
        }
    }

    pub(crate) async fn close(self) {
        if let Exchange::Simulated(gateway) = self.exchange {
            gateway.close().await;
        }
    }
}

/// The client; what keeps it from being built is told in this program's words.
pub(crate) fn built<D: KalshiProduct>(builder: ClientBuilder<D>) -> Result<Client<D>, Failure> {
    builder.build().map_err(|error| match error {
        BuildError::Tls(TlsSettingsError::SystemRoots(source)) => Failure::Usage(format!(
            "no root certificates of the operating system: {source}; install them (the package ca-certificates), or name some with --root FILE"
        )),
        error => Failure::session(error),
    })
}

fn elsewhere<D: KalshiProduct>(
    environment: Environment,
    arguments: &PlaceArguments,
) -> Result<ClientBuilder<D>, Failure> {
    let keys = KeyRing::from_env(D::PRODUCT).map_err(|error| match error {
        CredentialsError::MissingKeyId {
            other_product: Some(_),
            ..
        } => Failure::Usage(format!(
            "{error}\nwith that key: --product {}",
            D::PRODUCT.other().name()
        )),
        CredentialsError::MissingKeyId { .. } | CredentialsError::NoKey { .. } => {
            let simulated = match arguments.whereabouts() {
                Whereabouts::Elsewhere(_) => {
                    "; with --gateway DIRECTORY a simulated exchange needs no variables"
                }
                _ => "",
            };
            Failure::Usage(format!(
                "{error}\n`kalshi-fix keygen FILE` makes a key, and says what to do with it{simulated}"
            ))
        }
        error => Failure::session(error),
    })?;
    let mut builder = Client::<D>::builder(environment).credentials(keys);
    if let Some(Endpoint { host, port, .. }) = &arguments.endpoint {
        builder = builder.endpoints(|mut endpoints| {
            endpoints = endpoints.every_host(host).allow_unknown_host(host.clone());
            for kind in D::PRODUCT.sessions() {
                endpoints = endpoints.port(*kind, *port);
            }
            endpoints
        });
    }
    let mut tls = TlsSettings::new();
    if let Some(path) = &arguments.root {
        tls = tls
            .roots_from_pem_file(path)
            .map_err(|error| Failure::Usage(format!("--root: {error}")))?;
    }
    if let Some(name) = &arguments.server_name {
        tls = tls
            .server_name(name)
            .map_err(|error| Failure::Usage(format!("--server-name: {error}")))?;
    }
    Ok(builder.tls(tls))
}

/// Reads `HOST:PORT`; an IPv6 address has brackets.
fn endpoint(text: &str) -> Result<Endpoint, String> {
    let problem = || format!("{text:?} is no HOST:PORT, such as localhost:8228");
    let (host, port) = text.rsplit_once(':').ok_or_else(problem)?;
    let host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(address) => address,
        None if host.contains(':') => return Err(problem()),
        None => host,
    };
    match port.parse() {
        Ok(port @ 1..) if !host.is_empty() => Ok(Endpoint::new(host, port)),
        _ => Err(problem()),
    }
}

#[cfg(test)]
impl PlaceArguments {
    /// A place by its flags, as they are typed.
    pub(crate) fn typed(flags: &str) -> PlaceArguments {
        use clap::Parser as _;

        #[derive(clap::Parser)]
        struct Bare {
            #[command(flatten)]
            place: PlaceArguments,
        }
        Bare::try_parse_from(std::iter::once("x").chain(flags.split_whitespace()))
            .unwrap_or_else(|error| panic!("{flags}: {error}"))
            .place
    }
}

impl From<ProductName> for Product {
    fn from(name: ProductName) -> Product {
        match name {
            ProductName::Prediction => Product::Prediction,
            ProductName::Margin => Product::Margin,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints() {
        let check = |text: &str, expected: Option<&str>| {
            let read = endpoint(text).map(|endpoint| endpoint.to_string());
            assert_eq!(read.ok().as_deref(), expected, "{text}");
        };
        check("localhost:8228", Some("localhost:8228"));
        check("[::1]:9", Some("[::1]:9"));
        for wrong in ["localhost", ":1", "::1:9", "h:0", "h:65536", "h:", "[]:9"] {
            check(wrong, None);
        }
    }
}
