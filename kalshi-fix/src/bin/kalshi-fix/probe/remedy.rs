//! What to do about a session that does not come about, or ends.

use std::io;

use kalshi_fix::client::OpenError;
use kalshi_fix::driver::{EndCause, SessionEnd};
use kalshi_fix::reconnect::FailureClass;
use kalshi_fix::session::EndReason;
use kalshi_fix::transport::{AttemptError, ConnectError, TlsErrorKind};

use super::report::{Step, Trouble};

/// At which step opening has failed, and what to do. `None` where nothing was tried.
pub(super) fn of_open(error: &OpenError) -> Option<(Step, Trouble)> {
    let class = error.class()?.to_string();
    let (step, remedy) = match error {
        OpenError::Connect(error) => connect(error),
        OpenError::Refused(refused) => (Step::LogOn, refused.remedy().to_owned()),
        OpenError::Ended { end, .. } => (Step::LogOn, of_end(end).to_owned()),
        _ => return None,
    };
    let what = match error {
        // The remedy has a line of its own.
        OpenError::Refused(refused) => refused.refused.to_string(),
        OpenError::Ended { end, .. } => end.to_string(),
        other => other.to_string(),
    };
    Some((step, Trouble { class, what, remedy }))
}

/// A session that has ended by itself.
pub(super) fn of_session_end(end: &SessionEnd) -> Trouble {
    Trouble {
        class: end.cause.class().to_string(),
        what: end.to_string(),
        remedy: of_end(end).to_owned(),
    }
}

fn of_end(end: &SessionEnd) -> &'static str {
    match (&end.cause, end.cause.class()) {
        (EndCause::Session(EndReason::LogonTimeout { .. }), _) => {
            "nobody answers the logon: check that the port is that of this session, and try again later; a longer --timeout \
             helps where the way is slow"
        }
        (EndCause::Session(EndReason::Disconnected { .. }) | EndCause::Transport { .. }, _) => {
            "the other side closed the connection without a word: check that the port is that of this session, and that the \
             key is of this environment; during maintenance, wait"
        }
        (_, FailureClass::Clock) => "set this machine's clock (NTP): it may be 30 s from the venue's at most",
        (_, FailureClass::PeerLogout) => "the other side ended the session: its own words say why",
        (_, FailureClass::Network) => "check the network between here and there, and try again",
        (_, FailureClass::Sequence) => "start the session's numbers anew: --reset",
        (_, FailureClass::Protocol) => {
            "what answers does not keep to the session protocol: check that host and port are those of this product and session"
        }
        _ => "the words above are all that is known of it",
    }
}

fn connect(error: &ConnectError) -> (Step, String) {
    let (step, remedy) = match error {
        ConnectError::Resolve { .. } => (
            Step::Resolve,
            "check how the host is spelt, and that this machine can look names up (`getent hosts NAME`)",
        ),
        ConnectError::ResolveTimeout { .. } => (
            Step::Resolve,
            "this machine's name server does not answer: check its network",
        ),
        ConnectError::ServerName { .. } => (
            Step::Tls,
            "connect by a host name or an IP address, or name the certificate's with --server-name",
        ),
        ConnectError::Attempts { attempts, .. } => {
            // The one that came furthest tells most.
            let furthest = attempts.iter().map(|attempt| attempt_failed(&attempt.error));
            let furthest = furthest.reduce(|first, next| if next.0 == Step::Tls { next } else { first });
            furthest.unwrap_or((Step::Connect, NOTHING_TRIED))
        }
        _ => (Step::Connect, NOTHING_TRIED),
    };
    (step, remedy.to_owned())
}

fn attempt_failed(error: &AttemptError) -> (Step, &'static str) {
    match error {
        AttemptError::Tcp(error) if error.kind() == io::ErrorKind::ConnectionRefused => (
            Step::Connect,
            "nothing listens there: check host and port; a simulated exchange has to be running (`kalshi-fix gateway`)",
        ),
        AttemptError::Tcp(_) => (
            Step::Connect,
            "this machine has no way there: check its network, routes and firewall",
        ),
        AttemptError::TcpTimeout { .. } => (
            Step::Connect,
            "a firewall may swallow the connection: outbound TCP to this port has to be allowed",
        ),
        AttemptError::Tls(error) => (Step::Tls, tls(error.kind())),
        AttemptError::NotPinned { .. } => (
            Step::Tls,
            "ask the venue whether its certificate has changed, before another one is pinned",
        ),
        AttemptError::HandshakeBroken(_) | AttemptError::HandshakeTimeout { .. } => (
            Step::Tls,
            "perhaps no TLS is spoken on this port: check host and port",
        ),
        _ => (Step::Connect, NOTHING_TRIED),
    }
}

fn tls(kind: TlsErrorKind) -> &'static str {
    match kind {
        TlsErrorKind::WrongName => {
            "the certificate is for another host: check the host, or name the expected one with --server-name (through a proxy)"
        }
        TlsErrorKind::UnknownIssuer => {
            "nobody vouches for this certificate: of a simulated exchange, trust it with --root FILE (or use --gateway \
             DIRECTORY); of the venue, somebody in between opens the connection, and that must not be"
        }
        TlsErrorKind::NotValidNow => "the certificate is not valid today: check this machine's date",
        TlsErrorKind::BadCertificate => {
            "the certificate cannot be trusted; do not go on before it is known why"
        }
        _ => {
            "the two sides do not agree: check that this port speaks TLS 1.2 or 1.3, and that nothing stands in between"
        }
    }
}

const NOTHING_TRIED: &str = "the words above are all that is known of it";
