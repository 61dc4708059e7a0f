//! What all examples share: where they trade, how long they may take, and how they end.

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use kalshi_fix::client::ClientBuilder;
use kalshi_fix::config::Config;
use kalshi_fix::credentials::PrivateKey;
use kalshi_fix::driver::Closed;
use kalshi_fix::environment::Environment;
use kalshi_fix::gateway::{Gateway, GatewayBuilder, Member};
use kalshi_fix::prediction::Prediction;

/// Whatever went wrong: every error of the SDK becomes one with `?`.
pub(crate) type Failure = Box<dyn Error>;

/// A client to be, the market to trade in, and, unless it is the venue's demo, the exchange with another member of it.
pub(crate) type Place = (ClientBuilder<Prediction>, String, Option<(Gateway, Member)>);

/// Starts the simulated exchange, with one market; with `--demo SYMBOL`, takes the venue's demo environment instead, and the
/// keys from the variables that `KeyRing::from_env` lists.
///
/// Either way the client has a key for each session, so that it can have several open at the same time.
pub(crate) async fn open(exchange: GatewayBuilder) -> Result<Place, Failure> {
    if let Some(market) = Options::read()?.demo {
        let config = demo()?;
        let client = config.builder()?.credentials(config.keys()?);
        println!("on the venue's FIX gateway ({}), market {market}", environment()?);
        return Ok((client, market, None));
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

fn environment() -> Result<Environment, Failure> {
    match std::env::var("KALSHI_FIX_ENVIRONMENT") {
        Err(_) => Ok(Environment::Demo),
        Ok(name) => match name.trim().parse()? {
            Environment::Production => Err(
                "--demo, and KALSHI_FIX_ENVIRONMENT says production: examples trade, and not \
                                            with real money. Unset it, or set it to demo"
                    .into(),
            ),
            other => Ok(other),
        },
    }
}

/// Works until the work is done, the time is over, or somebody asks the program to stop (Ctrl-C, SIGTERM). Afterwards the
/// example logs out in all three cases.
///
/// Work that is given up is dropped where it waits. That is safe: each waiting method of the SDK says in its documentation
/// what dropping it means.
pub(crate) async fn in_time(work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let stay = Options::read()?.stay;
    // Sessions have room for a message of each kind: a future that holds some is better moved about as a pointer.
    let work = Box::pin(work);
    let work = async {
        let done = tokio::time::timeout(LIMIT, work).await;
        done.map_err(|_| format!("what was waited for did not happen within {LIMIT:?}"))??;
        if stay {
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
pub(crate) fn report(result: Result<(), Failure>) -> ExitCode {
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

/// The command line.
#[derive(Default)]
struct Options {
    /// The market of the demo environment.
    demo: Option<String>,
    /// Stay logged on when the work is done.
    stay: bool,
}

impl Options {
    fn read() -> Result<Options, Failure> {
        let mut options = Options::default();
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            match word.as_str() {
                "--demo" => options.demo = Some(words.next().ok_or("--demo wants the symbol of a market")?),
                "--stay" => options.stay = true,
                _ => return Err(format!("unknown argument {word:?}; there are {USAGE}").into()),
            }
        }
        Ok(options)
    }
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

/// The market of the simulated exchange.
const MARKET: &str = "HIGHNY-23DEC31";

/// How long the simulated exchange and its clients wait for each other.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long the work of an example may take.
const LIMIT: Duration = Duration::from_secs(50);

const USAGE: &str = "--demo SYMBOL (the venue's demo environment, instead of the simulated exchange) and --stay (stay \
                     logged on until Ctrl-C)";
