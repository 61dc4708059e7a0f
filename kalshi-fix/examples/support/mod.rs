//! What all examples share: what may be said to them, where they trade, how long they may take, and how they end.

mod command_line;

use std::error::Error;
use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use kalshi_fix::client::ClientBuilder;
use kalshi_fix::config::Config;
use kalshi_fix::credentials::{KeyRing, KeyUse, PrivateKey};
use kalshi_fix::driver::Closed;
use kalshi_fix::environment::Environment;
use kalshi_fix::gateway::{Gateway, GatewayBuilder, Member};
use kalshi_fix::prediction::Prediction;

use command_line::{CommandLine, Flag};

/// Whatever went wrong: every error of the SDK becomes one with `?`.
pub(crate) type Failure = Box<dyn Error>;

/// A client to be, the market to trade in, and, unless it is the venue's demo, the exchange with another member of it.
pub(crate) type Place = (ClientBuilder<Prediction>, String, Option<(Gateway, Member)>);

/// What the command line asks for.
pub(crate) struct Options {
    /// The market of the demo environment.
    demo: Option<String>,
    /// Stay logged on when the work is done.
    stay: bool,
    /// What is open at the same time, each with a key of its own.
    sessions: &'static [KeyUse],
}

/// Runs an example as the command line says, or prints what it is about. The exit code is 1 where it fails, and 2 where the
/// command line cannot be understood.
///
/// With `--demo` it opens these sessions, at the same time.
pub(crate) async fn main<W: Future<Output = Result<(), Failure>>>(
    about: &'static str,
    sessions: &'static [KeyUse],
    run: impl FnOnce(Options) -> W,
) -> ExitCode {
    let command_line = CommandLine {
        about,
        command: concat!("cargo run --example ", env!("CARGO_CRATE_NAME")),
        flags: FLAGS,
    };
    let given = match command_line.read(std::env::args_os().skip(1)) {
        Ok(Some(given)) => given,
        Ok(None) => {
            print!("{}\n{}", command_line.help(), keys_help(sessions));
            return ExitCode::SUCCESS;
        }
        Err(reason) => {
            eprintln!("error: {reason}");
            return ExitCode::from(2);
        }
    };
    let options = Options {
        demo: given.get("--demo").cloned(),
        stay: given.contains_key("--stay"),
        sessions,
    };
    report(run(options).await)
}

/// Starts the simulated exchange, with one market; with `--demo SYMBOL`, takes the venue's demo environment instead, and the
/// keys from the variables that `KeyRing::from_env` lists.
///
/// Either way the client has a key for each session, so that it can have several open at the same time.
pub(crate) async fn open(options: &Options, exchange: GatewayBuilder) -> Result<Place, Failure> {
    if let Some(market) = &options.demo {
        let config = demo()?;
        let keys = config.keys()?;
        check_keys(&keys, options.sessions)?;
        let client = config.builder()?.credentials(keys);
        match environment()? {
            Environment::Loopback => println!("on the exchange of this machine, market {market}"),
            venue => println!("on the venue's FIX gateway ({venue}), market {market}"),
        }
        return Ok((client, market.clone(), None));
    }
    println!("on the simulated exchange, market {MARKET}");
    // What this machine does for others meanwhile must not end a session.
    let gateway = exchange.market(MARKET).logon_timeout(PATIENCE).start().await?;
    // An RSA key takes a moment to make, which is not the runtime's business.
    let key = tokio::task::spawn_blocking(PrivateKey::generate).await??;
    let client = gateway
        .client_builder(gateway.member().key_ring(&key))
        .logon_timeout(PATIENCE)
        .logout_timeout(PATIENCE)
        .request_timeout(PATIENCE);
    let other = gateway.member();
    Ok((client, MARKET.to_owned(), Some((gateway, other))))
}

/// The venue's demo environment, unless variables such as `KALSHI_FIX_ENVIRONMENT` and `KALSHI_FIX_PORTS_NR` say otherwise.
/// Production is refused, whatever they say: an example trades.
pub(crate) fn demo() -> Result<Config<Prediction>, Failure> {
    environment()?;
    Ok(Config::new().set("environment", "demo")?.env()?)
}

/// Sessions that are open at the same time need a key each: said before the first order, and not by a logon that is refused
/// for as long as it is tried.
fn check_keys(keys: &KeyRing, sessions: &[KeyUse]) -> Result<(), Failure> {
    for (place, later) in sessions.iter().enumerate() {
        let id = keys.find(*later)?.key_id();
        for earlier in &sessions[..place] {
            if keys.find(*earlier)?.key_id() == id {
                let variable = variable(*later);
                return Err(format!(
                    "{later} has the key of {earlier}; both are open at the same time, and the venue takes one connection \
                     for each key: set {variable}KEY_ID and {variable}PRIVATE_KEY_PATH to a key of its own"
                )
                .into());
            }
        }
    }
    Ok(())
}

/// What the variables of a session's own key begin with.
fn variable(key_use: KeyUse) -> String {
    let session = key_use.kind().profile().target_comp_id.replace("Kalshi", "");
    match key_use {
        KeyUse::Session(_) => format!("KALSHI_{session}_"),
        KeyUse::Listener(_) => format!("KALSHI_{session}_LISTENER_"),
    }
}

fn keys_help(sessions: &[KeyUse]) -> String {
    let mut text = KEYS.to_owned();
    for key_use in sessions {
        let _ = writeln!(text, "  {}KEY_ID and its like, for {key_use}", variable(*key_use));
    }
    if sessions.len() > 1 {
        text.push_str(
            "\nThese are open at the same time, and the venue takes one connection for each\nkey: one of them at most \
             goes without.\n",
        );
    }
    text
}

/// An empty variable counts as not set, as everywhere.
fn environment() -> Result<Environment, Failure> {
    let Some(name) = std::env::var_os(ENVIRONMENT).filter(|name| !name.is_empty()) else {
        return Ok(Environment::Demo);
    };
    let name = name.to_string_lossy();
    match name.trim().parse() {
        Ok(Environment::Production) => Err(format!(
            "--demo, and {ENVIRONMENT} says production: examples trade, and not with real money. Unset it, or set it to demo"
        )
        .into()),
        Ok(environment) => Ok(environment),
        Err(_) => Err(format!(
            "{ENVIRONMENT}: no environment is named {name:?}; expected demo, or loopback for an exchange on this machine"
        )
        .into()),
    }
}

/// Works until the work is done, the time is over, or somebody asks the program to stop (Ctrl-C, SIGTERM). Afterwards the
/// example logs out in all three cases.
///
/// Work that is given up is dropped where it waits. That is safe: each waiting method of the SDK says in its documentation
/// what dropping it means.
pub(crate) async fn in_time(
    options: &Options,
    work: impl Future<Output = Result<(), Failure>>,
) -> Result<(), Failure> {
    // Sessions have room for a message of each kind: a future that holds some is better moved about as a pointer.
    let work = Box::pin(work);
    let work = async {
        let done = tokio::time::timeout(LIMIT, work).await;
        done.map_err(|_| format!("what was waited for did not happen within {LIMIT:?}"))??;
        if options.stay {
            println!("staying logged on until Ctrl-C");
            std::future::pending::<()>().await;
        }
        Ok(())
    };
    tokio::select! {
        biased;
        requested = stop_requested() => {
            requested?;
            println!("asked to stop");
            Ok(())
        }
        done = work => done,
    }
}

/// Says how a session ended.
pub(crate) fn ended(session: &str, closed: &Closed) {
    match &closed.end {
        Some(end) => println!("{session}: {end}"),
        None => println!("{session}: over"),
    }
}

/// The exit code. An error is shown with its causes, as far as it does not name them itself.
fn report(result: Result<(), Failure>) -> ExitCode {
    let Err(failure) = result else {
        return ExitCode::SUCCESS;
    };
    let mut told = failure.to_string();
    eprintln!("error: {told}");
    let mut cause = failure.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !told.contains(&text) {
            eprintln!("  because: {text}");
            told = text;
        }
        cause = error.source();
    }
    ExitCode::FAILURE
}

#[cfg(unix)]
async fn stop_requested() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}

#[cfg(not(unix))]
async fn stop_requested() -> std::io::Result<()> {
    tokio::signal::ctrl_c().await
}

const ENVIRONMENT: &str = "KALSHI_FIX_ENVIRONMENT";

/// The market of the simulated exchange.
const MARKET: &str = "HIGHNY-23DEC31";

/// How long the simulated exchange and its clients wait for each other.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long the work of an example may take.
const LIMIT: Duration = Duration::from_secs(50);

const FLAGS: &[Flag] = &[
    Flag {
        name: "--demo",
        value: Some(("SYMBOL", "the symbol of a market")),
        does: "trade in this market of the venue's demo environment,\n                 \
               instead of on a simulated exchange",
    },
    Flag {
        name: "--stay",
        value: None,
        does: "stay logged on until Ctrl-C or SIGTERM, and log out then",
    },
];

const KEYS: &str = "With --demo, keys come from these variables:

  KALSHI_KEY_ID                  the id of the API key
  KALSHI_PRIVATE_KEY_PATH        a file with its private key, in PEM
  KALSHI_PRIVATE_KEY             the PEM itself, in the place of the file
  KALSHI_PRIVATE_KEY_PASSPHRASE  for an encrypted one

A session's own key goes before it:

";
