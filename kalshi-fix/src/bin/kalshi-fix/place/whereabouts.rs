//! Where a command was told to go, in words and as flags.

use std::path::Path;

use kalshi_fix::environment::{Endpoint, Environment, Product, SessionKind};

use super::credentials::KeyVariables;
use super::{PlaceArguments, ProductName};
use crate::output::Failure;
use crate::shell::quoted;

/// A place, by what is known of it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Whereabouts<'a> {
    /// An exchange of the command's own.
    Simulated,
    /// One that `kalshi-fix gateway` runs, by what it has left in this directory.
    Directory(&'a Path),
    /// The venue, by its documented hosts and ports.
    Venue(Environment),
    /// The venue, by way of another address.
    VenueBy(Environment, &'a Endpoint),
    /// Some FIX gateway of which nothing but its address is known.
    Elsewhere(&'a Endpoint),
}

impl PlaceArguments {
    pub(crate) fn whereabouts(&self) -> Whereabouts<'_> {
        let environment = if self.production {
            Some(Environment::Production)
        } else {
            self.demo.then_some(Environment::Demo)
        };
        match (&self.gateway, environment, &self.endpoint) {
            (Some(path), ..) => Whereabouts::Directory(path),
            (None, Some(environment), None) => Whereabouts::Venue(environment),
            (None, Some(environment), Some(endpoint)) => Whereabouts::VenueBy(environment, endpoint),
            (None, None, Some(endpoint)) => Whereabouts::Elsewhere(endpoint),
            (None, None, None) => Whereabouts::Simulated,
        }
    }

    /// Whether it is an exchange of the command's own.
    pub(crate) fn is_simulated(&self) -> bool {
        matches!(self.whereabouts(), Whereabouts::Simulated)
    }

    /// Refuses flags that would say nothing of this place.
    pub(super) fn check(&self) -> Result<(), Failure> {
        let is_venue = !matches!(
            self.whereabouts(),
            Whereabouts::Simulated | Whereabouts::Directory(_)
        );
        let problem = if self.member.is_some() && self.gateway.is_none() {
            "--member is one of the exchange that --gateway DIRECTORY names: add that, or leave --member out"
        } else if self.root.is_some() && !is_venue {
            "--root is for --demo, --production or --endpoint HOST:PORT: add one of them; a simulated exchange's certificate is \
             trusted without it"
        } else if self.server_name.is_some() && !is_venue {
            "--server-name is for --demo, --production or --endpoint HOST:PORT: add one of them, or leave it out"
        } else {
            return Ok(());
        };
        Err(Failure::Usage(problem.to_owned()))
    }

    /// The flags that lead there, as one would type them, each behind a space.
    pub(crate) fn flags(&self) -> String {
        let mut flags = String::new();
        let mut add = |flag: &str, value: Option<&str>| {
            flags.push(' ');
            flags.push_str(flag);
            if let Some(value) = value {
                flags.push(' ');
                flags.push_str(&quoted(value));
            }
        };
        if let Some(path) = &self.gateway {
            add("--gateway", Some(&path.display().to_string()));
        }
        if let Some(member) = self.member {
            add("--member", Some(&member.to_string()));
        }
        if self.demo {
            add("--demo", None);
        }
        if self.production {
            add("--production", None);
        }
        if let Some(endpoint) = &self.endpoint {
            add("--endpoint", Some(&endpoint.to_string()));
        }
        if let Some(name) = &self.server_name {
            add("--server-name", Some(name));
        }
        if let Some(path) = &self.root {
            add("--root", Some(&path.display().to_string()));
        }
        if self.product == ProductName::Margin {
            add("--product", Some("margin"));
        }
        flags
    }

    /// By whose key the venue is logged on to, and whose certificates are trusted. Nothing of a simulated exchange, where that
    /// goes without saying.
    pub(crate) fn terms(&self, product: Product, kind: SessionKind) -> Vec<(&'static str, String)> {
        if matches!(
            self.whereabouts(),
            Whereabouts::Simulated | Whereabouts::Directory(_)
        ) {
            return Vec::new();
        }
        let variables = KeyVariables::here(product, kind);
        let mut trusted = "the system's root certificates".to_owned();
        if let Some(path) = &self.root {
            trusted = format!("{trusted}, and those in {}", path.display());
        }
        let mut terms = vec![
            (
                "key",
                format!(
                    "{}, with the private key of {}",
                    variables.id, variables.private_key
                ),
            ),
            ("trusts", trusted),
        ];
        if let Some(name) = &self.server_name {
            terms.push(("certificate_for", name.clone()));
        }
        terms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_that_lead_to_the_same_place() {
        for flags in [
            "",
            "--gateway venue/",
            "--gateway venue/ --member 2 --product margin",
            "--demo",
            "--production --product margin",
            "--demo --endpoint proxy:8228 --server-name fix.demo.kalshi.co --root r.pem",
            "--endpoint 127.0.0.1:9",
        ] {
            let told = PlaceArguments::typed(flags).flags();
            assert_eq!(told.trim_start(), flags);
            assert!(told.is_empty() || told.starts_with(' '));
        }
    }

    #[test]
    fn flags_that_say_nothing() {
        let check = |flags: &str, expected: Option<&str>| {
            let problem = PlaceArguments::typed(flags)
                .check()
                .err()
                .map(|failure| failure.to_string());
            match expected {
                None => assert_eq!(problem, None, "{flags}"),
                Some(start) => assert!(
                    problem.as_ref().is_some_and(|text| text.starts_with(start)),
                    "{flags}: {problem:?}"
                ),
            }
        };
        for flags in [
            "",
            "--simulated",
            "--gateway d --member 1",
            "--demo --root r --server-name n",
            "--production --root r",
            "--endpoint h:1 --root r --server-name n",
        ] {
            check(flags, None);
        }
        for place in ["", "--simulated", "--demo", "--production", "--endpoint h:1"] {
            check(
                &format!("{place} --member 2"),
                Some("--member is one of the exchange"),
            );
        }
        check("--root r", Some("--root is for --demo"));
        check("--server-name n", Some("--server-name is for --demo"));
    }
}
