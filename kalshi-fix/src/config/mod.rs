//! A client's configuration: from a file, from environment variables, from code.
//!
//! All of them set the same keys, which are named like in this file. What is not set is as a
//! [`ClientBuilder`] has it; the environment alone has to be.
//!
#![doc = concat!("```toml\n", include_str!("sample.toml"), "\n```")]
//!
//! - **A file** of TOML needs the feature `config`. A key that nobody knows is an error, with its line and the key that is
//!   perhaps meant. Paths in it are relative to its directory.
//! - **Environment variables** are named after the keys: `KALSHI_FIX_LOGON_USE_DOLLARS` is `logon.use_dollars` (margin:
//!   `KALSHI_PERPS_FIX_…`). Lists are separated by commas. They count over the file.
//! - **Code** sets single keys with [`Config::set`], or goes on from [`Config::builder`].
//!
//! Keys are given by path or by the name of a variable that holds them, never themselves. A configuration without
//! `credentials` takes them from the variables that [`KeyRing::from_env`](crate::credentials::KeyRing::from_env) names.
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

use keys::{FIELDS, KeySources, SECRETS, TABLES};
use settings::{SETTINGS, Settings};
use value::{Raw, nearest};

use crate::client::{Client, ClientBuilder, KalshiProduct, Retransmission};
use crate::credentials::{KeyRing, KeyUse};
use crate::driver::SessionStore;
use crate::environment::Product;
use crate::rate::SharedRateLimiter;
use crate::store::JournalStore;
use crate::transport::TlsSettings;

/// What a client of a product is configured with. See the [module](self).
pub struct Config<D: KalshiProduct> {
    settings: Settings,
    keys: KeySources,
    product: PhantomData<fn() -> D>,
}

impl<D: KalshiProduct> Config<D> {
    /// Nothing set.
    #[must_use]
    pub fn new() -> Config<D> {
        Config {
            settings: Settings::default(),
            keys: KeySources::default(),
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
                let known = SETTINGS.iter().map(|setting| setting.name);
                return Err(ConfigError::UnknownKey {
                    place,
                    key: name.clone(),
                    suggestion: nearest_variable(upper, known),
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
        let key = setting.name;
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
            Some(known) if offered => {
                let set = self.keys.set(key_use, known, raw);
                // What is there is not shown: it might be a key.
                set.map_err(|expected| ConfigError::Value {
                    place,
                    key: known,
                    found: "something else".to_owned(),
                    expected,
                })
            }
            _ => Err(ConfigError::UnknownKey {
                place,
                key: key.to_owned(),
                suggestion: nearest(field, FIELDS.into_iter()),
            }),
        }
    }

    /// A client's builder with all of this but the keys, to go on from in code.
    pub fn builder(&self) -> Result<ClientBuilder<D>, ConfigError> {
        let settings = &self.settings;
        let environment = settings.environment.ok_or(ConfigError::NoEnvironment)?;
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
            tls = tls.roots_from_pem_file(path)?;
        }
        for pin in &configured.pins {
            tls = tls.pin(*pin);
        }
        if configured.verify_chain_of_pinned {
            tls = tls.verify_chain_of_pinned();
        }
        if let Some(name) = &configured.server_name {
            tls = tls.server_name(name)?;
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
        Ok(self
            .keys
            .ring(D::PRODUCT, &mut |name| lookup(name).map(Into::into))?)
    }

    /// The client, with its keys.
    pub fn client(&self) -> Result<Client<D>, ConfigError> {
        Ok(self.builder()?.credentials(self.keys()?).build()?)
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
            .finish()
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

fn nearest_variable(upper: &str, known: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    let lower = upper.to_ascii_lowercase();
    // Where a table ends cannot be seen in a variable: the key is told as it is in a file.
    let known: Vec<&'static str> = known.collect();
    let flat: Vec<String> = known
        .iter()
        .map(|name| variable_of(name).to_ascii_lowercase())
        .collect();
    let near = flat
        .iter()
        .zip(&known)
        .map(|(flat, name)| (value::distance(&lower, flat), *name));
    let (distance, name) = near.min()?;
    (distance <= name.len().div_ceil(4)).then_some(name)
}

const CREDENTIALS: &str = "credentials.";
#[cfg(feature = "config")]
const MAX_FILE: u64 = 1 << 20;

#[cfg(all(test, feature = "config"))]
mod tests;
