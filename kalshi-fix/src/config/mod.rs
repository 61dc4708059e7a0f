//! A client's configuration: from a file, from environment variables, from code.
//!
//! All of them set the same keys, which are named like in this file; `credentials` alone has no variables named after it. What is not set is as a
//! [`ClientBuilder`] has it; the environment alone has to be.
//!
#![doc = concat!("```toml\n", include_str!("sample.toml"), "\n```")]
//!
//! - **A file** of TOML needs the feature `config`. A key that nobody knows is an error, with its line and the key that is
//!   perhaps meant. Paths in it are relative to its directory.
//! - **Environment variables** are named after the keys: `KALSHI_FIX_LOGON_USE_DOLLARS` is `logon.use_dollars` (margin:
//!   `KALSHI_PERPS_FIX_…`). Lists are separated by commas. They count over the file. What is under `credentials` has none:
//!   keys have variables of their own, `KALSHI_KEY_ID` and the like, for all programs alike.
//! - **Code** sets single keys with [`Config::set`], or goes on from [`Config::builder`].
//!
//! Keys are given by path or by the name of a variable that holds them, never themselves. A configuration without
//! `credentials` takes them from the variables that [`KeyRing::from_env`](crate::credentials::KeyRing::from_env) names.
//!
//! An error begins with the file and the line, or with the variable, of what it is about. What only shows when the parts come
//! together (a heartbeat that the venue does not take, a host that is not its) is told so by [`Config::client`]; who goes on from
//! [`Config::builder`] in code is told by [`ClientBuilder::build`], which knows of no file.
//!
//! ```
//! use kalshi_fix::config::Config;
//! use kalshi_fix::prediction::Prediction;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let variables = [("KALSHI_FIX_ENVIRONMENT", "demo"), ("KALSHI_FIX_HEARTBEAT", "10s")];
//! let config = Config::<Prediction>::new().variables(variables)?.set("reconnect.enabled", "true")?;
//! println!("{config:?}");
//! # let key = kalshi_fix::credentials::PrivateKey::generate()?;
//! # let credentials = kalshi_fix::credentials::Credentials::new("id", key)?;
//! let client = config.builder()?.credentials(credentials).build()?;
//! # let _ = client;
//! # Ok(())
//! # }
//! ```

#[cfg(feature = "config")]
mod document;
mod error;
mod keys;
mod settings;
mod value;

use std::ffi::OsString;
use std::fmt;
use std::marker::PhantomData;
#[cfg(feature = "config")]
use std::path::Path;
use std::sync::Arc;

use fix_dialect::Timestamp;

pub use error::{ConfigError, Place};

use keys::{FIELDS, KeySources, NoKey, SECRETS, TABLES};
use settings::{SETTINGS, Settings};
use value::{Raw, nearest};

use crate::client::{BuildError, Client, ClientBuilder, KalshiProduct, LogonOptionsError, Retransmission};
use crate::credentials::{KeyRing, KeyUse};
use crate::driver::SessionStore;
use crate::environment::{EnvironmentError, Product, SessionKind};
use crate::rate::{RatePolicy, SharedRateLimiter};
use crate::store::JournalStore;
use crate::transport::{TlsSettings, TlsSettingsError};

/// What a client of a product is configured with. See the [module](self).
pub struct Config<D: KalshiProduct> {
    settings: Settings,
    keys: KeySources,
    /// Where each key was set last.
    places: Vec<(String, Place)>,
    product: PhantomData<fn() -> D>,
}

impl<D: KalshiProduct> Config<D> {
    /// Nothing set.
    #[must_use]
    pub fn new() -> Config<D> {
        Config {
            settings: Settings::default(),
            keys: KeySources::default(),
            places: Vec::new(),
            product: PhantomData,
        }
    }

    /// What the process's environment variables say.
    pub fn from_env() -> Result<Config<D>, ConfigError> {
        Config::new().env()
    }

    /// What a text of TOML says. Paths in it are relative to the process's directory.
    #[cfg(feature = "config")]
    pub fn from_toml(text: &str) -> Result<Config<D>, ConfigError> {
        Config::new().toml(text, None)
    }

    /// What a file of TOML says. Paths in it are relative to its directory.
    ///
    /// ```no_run
    /// use kalshi_fix::config::Config;
    /// use kalshi_fix::prediction::Prediction;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let client = Config::<Prediction>::from_toml_file("kalshi.toml")?.env()?.client()?;
    /// # let _ = client;
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "config")]
    pub fn from_toml_file(path: impl AsRef<Path>) -> Result<Config<D>, ConfigError> {
        let path = path.as_ref();
        let unreadable = |source| ConfigError::Unreadable {
            path: path.to_owned(),
            source,
        };
        let length = std::fs::metadata(path).map_err(unreadable)?.len();
        if length > MAX_FILE {
            let problem = "it is longer than any configuration (1 MiB)";
            return Err(unreadable(std::io::Error::new(
                std::io::ErrorKind::FileTooLarge,
                problem,
            )));
        }
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        let mut config = Config::new().toml(&text, Some(path))?;
        config.anchor(path.parent().unwrap_or(Path::new("")));
        Ok(config)
    }

    #[cfg(feature = "config")]
    fn toml(mut self, text: &str, path: Option<&Path>) -> Result<Config<D>, ConfigError> {
        for (key, raw, place) in document::assignments(text, path)? {
            self.assign(&key, &raw, place)?;
        }
        Ok(self)
    }

    /// Makes the paths relative to a directory.
    #[cfg(feature = "config")]
    fn anchor(&mut self, directory: &Path) {
        let roots = self.settings.tls.roots.iter_mut();
        let store = self.settings.store.directory.iter_mut();
        let keys = self.keys.0.iter_mut();
        let keys = keys.filter_map(|(_, source)| source.private_key_path.as_mut());
        for path in roots.chain(store).chain(keys) {
            *path = directory.join(&*path);
        }
    }

    /// The same, with what the process's environment variables say over it.
    pub fn env(self) -> Result<Config<D>, ConfigError> {
        self.variables(std::env::vars_os())
    }

    /// As [`env`](Config::env), with these variables. Those of other names are not looked at.
    pub fn variables<N: Into<OsString>, V: Into<OsString>>(
        mut self,
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Config<D>, ConfigError> {
        for (name, value) in variables {
            // What is not Unicode is none of these.
            let Ok(name) = name.into().into_string() else {
                continue;
            };
            let Some(upper) = name.strip_prefix(prefix(D::PRODUCT)) else {
                continue;
            };
            let place = Place::Variable(name.clone());
            let setting = SETTINGS.iter().find(|setting| variable_of(setting.name) == upper);
            let Some(setting) = setting else {
                return Err(ConfigError::UnknownKey {
                    place,
                    key: name.clone(),
                    suggestion: keys::variable(D::PRODUCT, upper)
                        .or_else(|| nearest_variable(D::PRODUCT, upper)),
                });
            };
            let value = value.into().into_string();
            let value = value.unwrap_or_else(|value| value.to_string_lossy().into_owned());
            // An empty variable counts as not set.
            if !value.is_empty() {
                self.assign(setting.name, &Raw::Plain(value), place)?;
            }
        }
        Ok(self)
    }

    /// The same, with one key set, to a value as an environment variable would have it.
    pub fn set(mut self, key: &str, value: &str) -> Result<Config<D>, ConfigError> {
        self.assign(key, &Raw::Plain(value.to_owned()), Place::Code)?;
        Ok(self)
    }

    fn assign(&mut self, key: &str, raw: &Raw, place: Place) -> Result<(), ConfigError> {
        self.apply(key, raw, place.clone())?;
        self.places.retain(|(known, _)| known != key);
        self.places.push((key.to_owned(), place));
        Ok(())
    }

    fn apply(&mut self, key: &str, raw: &Raw, place: Place) -> Result<(), ConfigError> {
        if let Some(key_field) = key.strip_prefix(CREDENTIALS) {
            return self.assign_key(key, key_field, raw, place);
        }
        let Some(setting) = SETTINGS.iter().find(|setting| setting.name == key) else {
            return Err(ConfigError::UnknownKey {
                place,
                key: key.to_owned(),
                suggestion: nearest(key, SETTINGS.iter().map(|setting| setting.name)),
            });
        };
        let key = setting.name.to_owned();
        match setting.only {
            Some(only) if only != D::PRODUCT => Err(ConfigError::OtherProduct {
                place,
                key,
                only,
                product: D::PRODUCT,
            }),
            _ => (setting.apply)(&mut self.settings, raw).map_err(|expected| ConfigError::Value {
                place,
                key,
                found: raw.shown(),
                expected,
            }),
        }
    }

    fn assign_key(&mut self, key: &str, field: &str, raw: &Raw, place: Place) -> Result<(), ConfigError> {
        let table = TABLES.iter().rev().find(|(table, _)| field.starts_with(table));
        let (table, key_use) = table.copied().unwrap_or_default();
        let field = &field[table.len()..];
        if let Some((_, instead)) = SECRETS.iter().find(|(secret, _)| *secret == field) {
            return Err(ConfigError::Secret {
                place,
                key: key.to_owned(),
                instead,
            });
        }
        let known = FIELDS.iter().find(|known| **known == field);
        let offered = key_use.is_none_or(|key_use| D::PRODUCT.offers(key_use.kind()));
        match known {
            Some(_) if !offered => Err(ConfigError::OtherProduct {
                place,
                key: key.to_owned(),
                // All that margin has, prediction has too.
                only: Product::Prediction,
                product: D::PRODUCT,
            }),
            Some(known) => {
                let set = self.keys.set(key_use, known, raw);
                // What is there is not shown: it might be a key.
                set.map_err(|expected| ConfigError::Value {
                    place,
                    key: key.to_owned(),
                    found: "something else".to_owned(),
                    expected,
                })
            }
            None => Err(ConfigError::UnknownKey {
                place,
                key: key.to_owned(),
                suggestion: nearest(key, keys::full_names(D::PRODUCT)),
            }),
        }
    }

    /// A client's builder with all of this but the keys, to go on from in code.
    pub fn builder(&self) -> Result<ClientBuilder<D>, ConfigError> {
        let settings = &self.settings;
        let environment = settings.environment.ok_or_else(|| ConfigError::NoEnvironment {
            variable: format!("{}ENVIRONMENT", prefix(D::PRODUCT)),
        })?;
        self.contradictions()?;
        let mut builder = Client::<D>::builder(environment)
            .endpoints(|mut endpoints| {
                if let Some(host) = &settings.every_host {
                    endpoints = endpoints.every_host(host);
                }
                for (kind, host) in &settings.hosts {
                    endpoints = endpoints.host(*kind, host);
                }
                for (kind, port) in &settings.ports {
                    endpoints = endpoints.port(*kind, *port);
                }
                for host in &settings.allow_unknown_hosts {
                    endpoints = endpoints.allow_unknown_host(host);
                }
                endpoints
            })
            .connect_timeouts(settings.connect)
            .driver(settings.driver.clone())
            .logon_flags(|choices| settings.logon.apply(choices));
        builder = if settings.plaintext {
            builder.plaintext()
        } else {
            builder.tls(self.tls()?)
        };
        if let Some(interval) = settings.heartbeat {
            builder = builder.heartbeat(interval);
        }
        if let Some(timeout) = settings.logon_timeout {
            builder = builder.logon_timeout(timeout);
        }
        if let Some(timeout) = settings.logout_timeout {
            builder = builder.logout_timeout(timeout);
        }
        if let Some(timeout) = settings.request_timeout {
            builder = builder.request_timeout(timeout);
        }
        if let Some(policy) = settings.market_data_policy {
            builder = builder.market_data_policy(policy);
        }
        if let Some(budgets) = settings.rate.budgets() {
            let limiter = Arc::new(SharedRateLimiter::new(budgets));
            builder = builder.rate_limit(limiter, settings.rate.policy);
        }
        if settings.reconnects {
            builder = builder.reconnect(settings.reconnect.clone());
        }
        Ok(builder)
    }

    fn tls(&self) -> Result<TlsSettings, ConfigError> {
        let configured = &self.settings.tls;
        let mut tls = TlsSettings::new();
        if !configured.system_roots {
            tls = tls.without_system_roots();
        }
        for path in &configured.roots {
            tls = tls
                .roots_from_pem_file(path)
                .map_err(|error| self.told(&["tls.roots"], error.into()))?;
        }
        for pin in &configured.pins {
            tls = tls.pin(*pin);
        }
        if configured.verify_chain_of_pinned {
            tls = tls.verify_chain_of_pinned();
        }
        if let Some(name) = &configured.server_name {
            tls = tls
                .server_name(name)
                .map_err(|error| self.told(&["tls.server_name"], error.into()))?;
        }
        Ok(tls)
    }

    /// The keys: as `credentials` says, or, without it, from the process's environment variables.
    pub fn keys(&self) -> Result<KeyRing, ConfigError> {
        self.keys_from(|name| std::env::var_os(name))
    }

    /// As [`keys`](Config::keys), reading variables through `lookup`.
    pub fn keys_from<V: Into<OsString>>(
        &self,
        mut lookup: impl FnMut(&str) -> Option<V>,
    ) -> Result<KeyRing, ConfigError> {
        let ring = self
            .keys
            .ring(D::PRODUCT, &mut |name| lookup(name).map(Into::into));
        ring.map_err(|NoKey { error, table }| {
            let Some(table) = table else {
                return error.into();
            };
            // At the key that it speaks of, or at the first of its table.
            let text = error.to_string();
            let keys = FIELDS.map(|field| format!("{table}.{field}"));
            let named = keys.iter().filter(|key| text.contains(*key));
            match named.chain(&keys).find_map(|key| self.place(key)) {
                Some(place) => ConfigError::Setting {
                    place: place.clone(),
                    key: table,
                    source: Box::new(error.into()),
                },
                None => error.into(),
            }
        })
    }

    /// The client, with its keys.
    pub fn client(&self) -> Result<Client<D>, ConfigError> {
        let built = self.builder()?.credentials(self.keys()?).build();
        built.map_err(|error| self.told(&about(&error), error.into()))
    }

    /// Where a key was set.
    fn place(&self, key: &str) -> Option<&Place> {
        let found = self.places.iter().find(|(known, _)| known == key);
        found.map(|(_, place)| place)
    }

    /// The error, with where the first of these keys that was set was set.
    fn told(&self, keys: &[&str], error: ConfigError) -> ConfigError {
        let found = keys.iter().find_map(|key| Some((*key, self.place(key)?)));
        match found {
            Some((key, place)) => ConfigError::Setting {
                place: place.clone(),
                key: key.to_owned(),
                source: Box::new(error),
            },
            None => error,
        }
    }

    /// What was set, and does not go with what else was set or left out.
    fn contradictions(&self) -> Result<(), ConfigError> {
        let Settings { reconnect, rate, .. } = &self.settings;
        let (first, longest) = (reconnect.backoff, reconnect.longest_backoff);
        let mut found = Vec::new();
        if first > longest {
            let bound = |which, key, time| format!("{which} {key}, which is {time:?}");
            found.push((
                "reconnect.backoff",
                format!("{first:?}"),
                bound("at most", "reconnect.longest_backoff", longest),
            ));
            found.push((
                "reconnect.longest_backoff",
                format!("{longest:?}"),
                bound("at least", "reconnect.backoff", first),
            ));
        }
        if rate.budgets().is_none() {
            let beside = |other| format!("{other} beside it: without that, nothing is limited");
            let policy = match rate.policy {
                RatePolicy::Off => None,
                RatePolicy::Refuse => Some("\"refuse\""),
                RatePolicy::Wait => Some("\"wait\""),
            };
            if let Some(policy) = policy {
                let needed = match D::PRODUCT {
                    Product::Prediction => "rate.tier",
                    Product::Margin => "rate.read_tokens and rate.write_tokens",
                };
                found.push(("rate.policy", policy.to_owned(), beside(needed)));
            }
            let tokens = [
                ("rate.read_tokens", rate.read_tokens, "rate.write_tokens"),
                ("rate.write_tokens", rate.write_tokens, "rate.read_tokens"),
            ];
            for (key, set, missing) in tokens {
                found.extend(set.map(|tokens| (key, tokens.to_string(), beside(missing))));
            }
        }
        // What nobody set cannot be wrong.
        let told = found
            .into_iter()
            .find_map(|(key, found, expected)| Some((key, self.place(key)?, found, expected)));
        told.map_or(Ok(()), |(key, place, found, expected)| {
            Err(ConfigError::Value {
                place: place.clone(),
                key: key.to_owned(),
                found,
                expected,
            })
        })
    }

    /// Opens the store of one session with retransmission: a journal in a directory of its own under `store.directory`, on a
    /// thread of its own. Reads it; in asynchronous code, call it through `spawn_blocking`.
    ///
    /// ```no_run
    /// # use kalshi_fix::config::Config;
    /// # use kalshi_fix::environment::SessionKind;
    /// # use kalshi_fix::prediction::Prediction;
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let config = Config::<Prediction>::from_env()?;
    /// let client = config.client()?;
    /// let now = std::time::SystemTime::now().into();
    /// let kept = config.store(&client, SessionKind::OrderEntryRetransmitting, now)?;
    /// let session = client.order_entry_retransmitting(kept).await?;
    /// # let _ = session;
    /// # Ok(())
    /// # }
    /// ```
    pub fn store(
        &self,
        client: &Client<D>,
        key_use: impl Into<KeyUse>,
        now: Timestamp,
    ) -> Result<Retransmission, ConfigError> {
        let key_use = key_use.into();
        let store = &self.settings.store;
        let directory = store.directory.as_ref().ok_or(ConfigError::NoStore)?;
        let directory = directory.join(match key_use {
            KeyUse::Session(kind) => kind.to_string(),
            KeyUse::Listener(kind) => format!("{kind}-listener"),
        });
        let mut journal = client.journal_settings(key_use)?;
        journal.durability = store.durability;
        journal.retention = store.retention;
        let opened = std::fs::create_dir_all(&directory)
            .map_err(|source| ConfigError::Unreadable {
                path: directory.clone(),
                source,
            })
            .and_then(|()| {
                JournalStore::open(&directory, journal, now)
                    .map_err(|source| ConfigError::Store { directory, source })
            })?;
        Ok(Retransmission::new(SessionStore::threaded(opened)))
    }
}

impl<D: KalshiProduct> Default for Config<D> {
    fn default() -> Config<D> {
        Config::new()
    }
}

impl<D: KalshiProduct> Clone for Config<D> {
    fn clone(&self) -> Config<D> {
        Config {
            settings: self.settings.clone(),
            keys: self.keys.clone(),
            places: self.places.clone(),
            product: PhantomData,
        }
    }
}

/// Everything: there is no secret in it.
impl<D: KalshiProduct> fmt::Debug for Config<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("product", &D::PRODUCT)
            .field("settings", &self.settings)
            .field("keys", &self.keys)
            .finish_non_exhaustive()
    }
}

/// How the variables of a product's settings begin.
const fn prefix(product: Product) -> &'static str {
    match product {
        Product::Prediction => "KALSHI_FIX_",
        Product::Margin => "KALSHI_PERPS_FIX_",
    }
}

/// `LOGON_USE_DOLLARS` of `logon.use_dollars`.
fn variable_of(name: &str) -> String {
    name.replace('.', "_").to_ascii_uppercase()
}

/// The variable that is perhaps meant by what stands behind the prefix.
fn nearest_variable(product: Product, upper: &str) -> Option<String> {
    let ours = SETTINGS
        .iter()
        .filter(|setting| setting.only.is_none_or(|only| only == product));
    let near = ours.map(|setting| variable_of(setting.name)).map(|known| {
        let distance = value::distance(upper, &known);
        (distance, known)
    });
    let (distance, name) = near.min()?;
    (distance <= name.len().div_ceil(4)).then(|| format!("{}{name}", prefix(product)))
}

/// The keys that a builder's error can be about.
fn about(error: &BuildError) -> Vec<&'static str> {
    let of = |table: &'static str, kind: SessionKind| {
        let kind = TABLES
            .iter()
            .find(|(_, key_use)| *key_use == Some(KeyUse::Session(kind)))
            .map_or("", |(name, _)| name.trim_end_matches('.'));
        let known = SETTINGS.iter().map(|setting| setting.name);
        known
            .filter(|name| name.strip_prefix(table) == Some(kind))
            .collect::<Vec<_>>()
    };
    match error {
        BuildError::Plaintext { .. } => vec!["plaintext"],
        BuildError::Logon(LogonOptionsError::Heartbeat { .. }) => vec!["heartbeat"],
        BuildError::Logon(LogonOptionsError::Retention { .. }) => vec!["logon.message_retention_hours"],
        BuildError::Environment(
            EnvironmentError::UnknownHost { kind, .. } | EnvironmentError::InvalidHost { kind, .. },
        ) => {
            let mut keys = of("hosts.", *kind);
            keys.push("hosts.all");
            keys
        }
        BuildError::Environment(EnvironmentError::InvalidPort { kind }) => of("ports.", *kind),
        BuildError::Tls(TlsSettingsError::NothingTrusted) => vec!["tls.system_roots"],
        BuildError::Tls(_) => vec!["tls.roots", "tls.pins"],
        _ => Vec::new(),
    }
}

const CREDENTIALS: &str = "credentials.";
#[cfg(feature = "config")]
const MAX_FILE: u64 = 1 << 20;

#[cfg(all(test, feature = "config"))]
mod tests;
