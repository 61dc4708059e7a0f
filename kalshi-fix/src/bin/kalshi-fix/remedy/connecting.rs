//! No connection: the name, the address, the certificate.

use std::io;
use std::path::Path;

use kalshi_fix::environment::Endpoint;
use kalshi_fix::reconnect::FailureClass;
use kalshi_fix::transport::{Attempt, AttemptError, ConnectError, TlsErrorKind};

use super::{Attempted, MAINTENANCE, NO_MORE_KNOWN, Step, named, start};
use crate::place::Whereabouts;
use crate::shell::quoted;

impl Attempted<'_> {
    pub(super) fn not_connected(&self, error: &ConnectError) -> (Step, String) {
        match error {
            ConnectError::Resolve { endpoint, .. } => (Step::Resolve, self.unknown_host(&endpoint.host)),
            ConnectError::ResolveTimeout { .. } => (Step::Resolve, self.no_name_server()),
            ConnectError::ServerName { .. } => (
                Step::Tls,
                "give --endpoint a host's name or an IP address, or name the certificate's with --server-name".to_owned(),
            ),
            ConnectError::Attempts {
                endpoint, attempts, ..
            } => {
                match furthest(attempts) {
                    Some(attempt) => self.attempt_failed(&attempt.error, endpoint),
                    None => (Step::Connect, NO_MORE_KNOWN.to_owned()),
                }
            }
            _ => (Step::Connect, NO_MORE_KNOWN.to_owned()),
        }
    }

    pub(super) fn unknown_host(&self, host: &str) -> String {
        match self.whereabouts() {
            Whereabouts::Simulated => {
                "this machine cannot look up its own address: its network is not set up".to_owned()
            }
            Whereabouts::Directory(path) => format!(
                "the description in {} names a host that is none: {} writes it anew",
                path.display(),
                start(path)
            ),
            Whereabouts::Venue(_) => format!(
                "this is the venue's own name, so that this machine cannot look names up: check its network and name server \
                 (`getent hosts {host}`)"
            ),
            Whereabouts::VenueBy(..) | Whereabouts::Elsewhere(_) => format!(
                "check how the host is spelt in --endpoint, and that this machine can look names up (`getent hosts {}`)",
                quoted(host)
            ),
        }
    }

    pub(super) fn no_name_server(&self) -> String {
        match self.whereabouts() {
            Whereabouts::Simulated | Whereabouts::Directory(_) => {
                "this machine does not look up its own address: its network is not set up".to_owned()
            }
            _ => format!(
                "this machine's name server does not answer: check its network; where it is slow, {} waits longer",
                self.patient_probe()
            ),
        }
    }

    pub(super) fn attempt_failed(&self, error: &AttemptError, endpoint: &Endpoint) -> (Step, String) {
        match error {
            AttemptError::Tcp(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                (Step::Connect, self.connection_refused(endpoint))
            }
            AttemptError::Tcp(_) => (Step::Connect, self.no_way(endpoint)),
            AttemptError::TcpTimeout { .. } => (Step::Connect, self.no_answer(endpoint)),
            AttemptError::Tls(error) => (Step::Tls, self.tls_failed(error.kind(), endpoint)),
            // The system takes connections for a program that is stopped.
            AttemptError::HandshakeTimeout { .. }
                if matches!(self.whereabouts(), Whereabouts::Directory(_)) =>
            {
                (Step::Tls, self.no_answer(endpoint))
            }
            AttemptError::HandshakeBroken(_) | AttemptError::HandshakeTimeout { .. } => {
                (Step::Tls, self.no_tls(endpoint))
            }
            AttemptError::NotPinned { .. } => (
                Step::Tls,
                "ask the venue whether its certificate has changed, before another one is pinned".to_owned(),
            ),
            _ => (Step::Connect, NO_MORE_KNOWN.to_owned()),
        }
    }

    fn connection_refused(&self, endpoint: &Endpoint) -> String {
        match self.whereabouts() {
            Whereabouts::Simulated => ON_THIS_MACHINE.to_owned(),
            Whereabouts::Directory(path) => format!(
                "the exchange of this directory does not run, or no longer: start it with {} in another terminal, and let it run",
                start(path)
            ),
            Whereabouts::Venue(_) => format!(
                "the venue, or something on the way there, refuses port {}: a firewall or proxy of yours has to let it \
                 through; {MAINTENANCE}",
                endpoint.port
            ),
            Whereabouts::VenueBy(environment, _) => format!(
                "nothing listens at {endpoint}: check host and port of --endpoint, and that the proxy or tunnel to {} runs there",
                named(environment)
            ),
            Whereabouts::Elsewhere(_) => format!(
                "nothing listens at {endpoint}: check host and port of --endpoint, and that what should listen there runs; a \
                 simulated exchange runs by `kalshi-fix gateway DIRECTORY`, and --gateway DIRECTORY knows its ports"
            ),
        }
    }

    fn no_way(&self, endpoint: &Endpoint) -> String {
        match self.whereabouts() {
            Whereabouts::Simulated | Whereabouts::Directory(_) => ON_THIS_MACHINE.to_owned(),
            Whereabouts::Venue(_) => {
                "this machine has no way to the venue: check its network, routes and firewall".to_owned()
            }
            Whereabouts::VenueBy(..) | Whereabouts::Elsewhere(_) => format!(
                "this machine has no way to {}: check how it is spelt, and this machine's network, routes and firewall",
                endpoint.host
            ),
        }
    }

    fn no_answer(&self, endpoint: &Endpoint) -> String {
        match self.whereabouts() {
            Whereabouts::Simulated => ON_THIS_MACHINE.to_owned(),
            Whereabouts::Directory(path) => format!(
                "what has this port does not answer: if the exchange is stopped (Ctrl-Z), go on with it (`fg`); otherwise start it \
                 again with {}",
                start(path)
            ),
            Whereabouts::Venue(_) | Whereabouts::VenueBy(..) | Whereabouts::Elsewhere(_) => format!(
                "a firewall may swallow the connection: outbound TCP to {} at port {} has to be allowed",
                endpoint.host, endpoint.port
            ),
        }
    }

    pub(super) fn tls_failed(&self, kind: TlsErrorKind, endpoint: &Endpoint) -> String {
        match (kind, self.whereabouts()) {
            (TlsErrorKind::WrongName, _) => self.another_name(endpoint),
            (TlsErrorKind::UnknownIssuer, _) => self.unknown_issuer(endpoint),
            (TlsErrorKind::NotValidNow, Whereabouts::Directory(path)) => format!(
                "the certificate is not valid today: check this machine's date, and start the exchange again with {}, which makes a \
                 new one",
                start(path)
            ),
            (TlsErrorKind::NotValidNow, Whereabouts::Elsewhere(_)) => {
                "the certificate is not valid today: check this machine's date, and then whether the other side needs a new one".to_owned()
            }
            (TlsErrorKind::NotValidNow, _) => "the certificate is not valid today: check this machine's date".to_owned(),
            (TlsErrorKind::BadCertificate, Whereabouts::Directory(path)) => somebody_else(path),
            (TlsErrorKind::BadCertificate, _) => {
                "the certificate cannot be trusted: do not go on before it is known why".to_owned()
            }
            (TlsErrorKind::NotAgreed, _) => self.not_agreed(endpoint),
            _ => self.no_tls(endpoint),
        }
    }

    fn another_name(&self, endpoint: &Endpoint) -> String {
        let at = self.whereabouts();
        if let (Some(name), Whereabouts::Venue(_)) = (&self.place.server_name, at) {
            return format!(
                "the venue's certificate is for its own host: leave `--server-name {}` out",
                quoted(name)
            );
        }
        if let Some(name) = &self.place.server_name {
            return format!(
                "the certificate at {endpoint} is for another host than {name}: give --server-name one of those that are told above"
            );
        }
        match at {
            Whereabouts::Simulated => ON_THIS_MACHINE.to_owned(),
            Whereabouts::Directory(path) => somebody_else(path),
            Whereabouts::Venue(_) => {
                "the certificate is for another host: something answers in the venue's place, such as a proxy or a wrong entry for \
                 its name; do not go on before it is known what"
                    .to_owned()
            }
            Whereabouts::VenueBy(environment, _) => match self.documented_host(environment) {
                Some(host) => format!(
                    "the certificate is for another host than {}: through a tunnel to the venue, expect the venue's own with \
                     --server-name {host}",
                    endpoint.host
                ),
                None => EXPECT_ANOTHER.to_owned(),
            },
            Whereabouts::Elsewhere(_) => EXPECT_ANOTHER.to_owned(),
        }
    }

    fn unknown_issuer(&self, endpoint: &Endpoint) -> String {
        let root = self.place.root.as_ref().map(|path| path.display());
        match (self.whereabouts(), root) {
            (Whereabouts::Simulated, _) => ON_THIS_MACHINE.to_owned(),
            (Whereabouts::Directory(path), _) => somebody_else(path),
            (Whereabouts::Venue(_), None) => {
                "nobody who is trusted has issued this certificate: either this machine's root certificates are old (the package \
                 ca-certificates), or somebody in between opens the connection, and that must not be"
                    .to_owned()
            }
            (Whereabouts::Venue(_), Some(root)) => format!(
                "neither the system's roots nor those in {root} have issued this certificate: somebody in between opens the connection, \
                 and that must not be"
            ),
            (Whereabouts::VenueBy(..), None) => format!(
                "nobody who is trusted has issued the certificate at {endpoint}, so that it is not the venue's: if a proxy of \
                 yours opens the connection there, and is meant to, trust its root with --root FILE"
            ),
            (Whereabouts::VenueBy(..), Some(root)) => format!(
                "neither the system's roots nor those in {root} have issued the certificate at {endpoint}: --root has to name \
                 the root of the proxy that opens the connection there"
            ),
            (Whereabouts::Elsewhere(_), None) => format!(
                "nobody who is trusted has issued the certificate at {endpoint}: trust its root with --root FILE; of a simulated \
                 exchange that is root.pem in its directory, or all of it by --gateway DIRECTORY"
            ),
            (Whereabouts::Elsewhere(_), Some(root)) => format!(
                "neither the system's roots nor those in {root} have issued the certificate at {endpoint}: --root has to name \
                 that one's; a simulated exchange makes a new one each time it starts"
            ),
        }
    }

    fn no_tls(&self, endpoint: &Endpoint) -> String {
        match self.whereabouts() {
            Whereabouts::Simulated => ON_THIS_MACHINE.to_owned(),
            Whereabouts::Directory(path) => somebody_else(path),
            Whereabouts::Venue(_) => {
                format!(
                    "something in between does not let TLS through: check proxies and firewalls on the way; {MAINTENANCE}"
                )
            }
            Whereabouts::VenueBy(environment, _) => format!(
                "perhaps no TLS is spoken at {endpoint}: check host and port of --endpoint, and that what listens there passes TLS on \
                 to {} as it is",
                named(environment)
            ),
            Whereabouts::Elsewhere(_) => format!(
                "perhaps no TLS is spoken at {endpoint}: check host and port of --endpoint; a simulated exchange's ports for plaintext \
                 are of no use here"
            ),
        }
    }

    fn not_agreed(&self, endpoint: &Endpoint) -> String {
        match self.whereabouts() {
            Whereabouts::Simulated => ON_THIS_MACHINE.to_owned(),
            Whereabouts::Directory(path) => somebody_else(path),
            Whereabouts::Venue(_) => format!(
                "something in between answers in the venue's place, and {OTHER_TLS}: check proxies and firewalls on the way, which \
                 have to let the venue's own TLS through"
            ),
            Whereabouts::VenueBy(environment, _) => format!(
                "what answers at {endpoint} {OTHER_TLS}: check host and port of --endpoint, and that what listens there passes TLS on \
                 to {} as it is",
                named(environment)
            ),
            Whereabouts::Elsewhere(_) => format!(
                "what answers at {endpoint} {OTHER_TLS}: check host and port of --endpoint, or allow TLS 1.3 or 1.2 there"
            ),
        }
    }

    fn documented_host(&self, environment: kalshi_fix::environment::Environment) -> Option<String> {
        let endpoints = kalshi_fix::environment::Endpoints::new(self.product, environment);
        endpoints.endpoint(self.kind).ok().map(|endpoint| endpoint.host)
    }
}

/// What kind of failure it was where it came furthest, as the step and the remedy are those of it.
pub(super) fn class(error: &ConnectError) -> FailureClass {
    let furthest = match error {
        ConnectError::Attempts { attempts, .. } => furthest(attempts),
        _ => None,
    };
    furthest.map_or_else(|| error.class(), |attempt| attempt.error.class())
}

/// The attempt that tells most, of several addresses.
fn furthest(attempts: &[Attempt]) -> Option<&Attempt> {
    let mut attempts = attempts.iter();
    let first = attempts.next()?;
    Some(attempts.fold(first, |furthest, next| match next.error {
        AttemptError::Tcp(_) | AttemptError::TcpTimeout { .. } => furthest,
        _ => next,
    }))
}

/// A failed connection in this program's words: the library's advice is for those who write one.
pub(super) fn said(error: &ConnectError) -> String {
    let ConnectError::Attempts {
        endpoint,
        server_name,
        attempts,
    } = error
    else {
        return error.to_string();
    };
    let expecting = match server_name {
        Some(name) if *name != endpoint.host => format!(" (expecting a certificate for {name})"),
        _ => String::new(),
    };
    let told = attempts.iter().map(|attempt| {
        let said = said_of_attempt(&attempt.error);
        // An address that is the endpoint itself is not told twice.
        if attempt.address.to_string() == endpoint.to_string() {
            said
        } else {
            format!("{}: {said}", attempt.address)
        }
    });
    let told: Vec<String> = told.collect();
    format!("cannot connect to {endpoint}{expecting}: {}", told.join("; "))
}

pub(super) fn said_of_attempt(error: &AttemptError) -> String {
    match error {
        AttemptError::Tls(source) => format!("TLS failed: {source}"),
        other => other.to_string(),
    }
}

/// The port is that of an exchange no more.
fn somebody_else(directory: &Path) -> String {
    format!(
        "what answers is not the exchange of this directory, whose port it has: start the exchange again with {}",
        start(directory)
    )
}

/// Nothing else is involved.
const ON_THIS_MACHINE: &str = "nothing but this machine is involved: a firewall or sandbox on it keeps it from connecting to itself at 127.0.0.1";
/// What is known of somebody with whom no TLS can be agreed on.
const OTHER_TLS: &str = "speaks TLS, but neither 1.3 nor 1.2 with a cipher suite that this program takes";
const EXPECT_ANOTHER: &str =
    "the certificate is for another host: check the host, or expect the certificate's with --server-name";
