//! `gateway`: the simulated exchange, until it is told to end.

mod commands;
mod files;
mod variables;

use std::fmt::Write as _;
use std::future::{pending, ready};
use std::io::ErrorKind;
use std::pin::pin;
use std::time::Duration;

use kalshi_fix::dialect::Timestamp;
use kalshi_fix::driver::{Clock as _, SystemClock};
use kalshi_fix::environment::{Product, SessionKind};
use kalshi_fix::gateway::{BotSettings, Gateway, GatewayBuilder, StartError};

use crate::arguments::GatewayArguments;
use crate::output::{Failure, Findings, Output};
use crate::requested::Requested;
use crate::shell::quoted;
use crate::symbols;
use commands::Listed;
use files::{Directory, MemberKeys};

pub(crate) fn run(arguments: &GatewayArguments, output: &mut Output) -> Result<Findings, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(serve(arguments, output))
}

async fn serve(arguments: &GatewayArguments, output: &mut Output) -> Result<Findings, Failure> {
    // Registered before anything is printed: a signal that comes at once must not be lost.
    let requested = Requested::new()?;
    let mut requested = pin!(requested.wait());
    // What is asked for is looked at before anything is left on the disk.
    let listed = listed(arguments)?;
    let builder = builder(arguments, &listed)?;
    let directory = Directory::open(&arguments.directory)?;
    let gateway = builder
        .issuer(directory.issuer()?)
        .start()
        .await
        .map_err(|error| not_started(error, arguments))?;
    let lacking = (1..=arguments.members)
        .filter(|number| !directory.has_key(*number))
        .count();
    if lacking >= MANY_KEYS {
        eprintln!(
            "kalshi-fix: making the keys of {lacking} members first, which takes a while; Ctrl-C ends it"
        );
    }
    let mut members = Vec::new();
    for number in 1..=arguments.members {
        // A thousand keys take minutes.
        tokio::select! {
            biased;
            () = &mut requested => return Ok(Findings::None),
            () = ready(()) => members.push(directory.member(number, &gateway)?),
        }
    }
    directory.write_root(gateway.root_certificate())?;
    for member in &members {
        directory.write_variables(member.number, |there| variables::script(there, &gateway, member))?;
    }
    let started = SystemClock.utc();
    directory.write_description(&description(started, &gateway, &members, &listed))?;
    output.write(&summary(arguments, &gateway, &directory, &members, &listed))?;
    output.flush()?;
    let mut lines = arguments.commands.then(commands::listen);
    loop {
        // The exchange outlives the end of the standard input.
        let line = async {
            match &mut lines {
                Some(lines) => lines.recv().await,
                None => pending().await,
            }
        };
        tokio::select! {
            () = &mut requested => break,
            line = line => {
                if let Some(line) = line {
                    output.write(&commands::carry_out(&line, &listed, &gateway))?;
                    output.flush()?;
                } else {
                    lines = None;
                    eprintln!("kalshi-fix: the standard input has ended: no more commands; the exchange runs on");
                }
            }
        }
    }
    directory.withdraw()?;
    gateway.close().await;
    Ok(Findings::None)
}

fn builder(arguments: &GatewayArguments, listed: &Listed) -> Result<GatewayBuilder, Failure> {
    let mut builder = Gateway::builder()
        .deposit(arguments.deposit.into())
        .seed(arguments.seed);
    for (symbol, product) in listed {
        builder = match product {
            Product::Prediction => builder.market(symbol),
            Product::Margin => builder.margin_market(symbol),
        };
    }
    if arguments.bots > 0 {
        let mut bots = BotSettings::new(arguments.bots);
        bots.interval = Duration::from_millis(arguments.bot_interval.into());
        builder = builder.bots(bots);
    }
    if arguments.keep_sessions {
        builder = builder.keep_sessions_in(files::sessions_in(&arguments.directory));
    }
    if arguments.plaintext {
        builder = builder.plaintext();
    }
    if let Some(first) = arguments.first_port {
        let doors = if arguments.plaintext { 2 } else { 1 };
        let needed = sessions().count() * doors;
        let ports = first..=u16::MAX;
        if ports.len() < needed {
            return Err(Failure::Usage(format!(
                "--first-port {first}: {needed} ports are needed, and the last one is {}; give {} at most",
                u16::MAX,
                usize::from(u16::MAX) + 1 - needed,
            )));
        }
        let (tls, plaintext) = (ports.clone(), ports.skip(sessions().count()));
        for ((product, kind), port) in sessions().zip(tls) {
            builder = builder.port(product, kind, port);
        }
        if arguments.plaintext {
            for ((product, kind), port) in sessions().zip(plaintext) {
                builder = builder.plaintext_port(product, kind, port);
            }
        }
    }
    Ok(builder)
}

/// The markets that were asked for.
fn listed(arguments: &GatewayArguments) -> Result<Listed, Failure> {
    let mut listed = Listed::new();
    for (product, flag, given, usual) in [
        (
            Product::Prediction,
            "--market",
            &arguments.market,
            "HIGHNY-23DEC31",
        ),
        (
            Product::Margin,
            "--margin-market",
            &arguments.margin_market,
            "BTC-PERP",
        ),
    ] {
        let given: Vec<&str> = match &given[..] {
            [] => vec![usual],
            given => given.iter().map(String::as_str).collect(),
        };
        for symbol in given {
            symbols::checked(symbol).map_err(|failure| Failure::Usage(format!("{flag}: {failure}")))?;
            let refused = match listed.insert(symbol.to_owned(), product) {
                None => continue,
                Some(before) if before == product => format!("{flag} {symbol} is given twice"),
                Some(_) => format!(
                    "{symbol} would be a market of both products, and `halt {symbol}` could mean either; give the \
                     other one another symbol ({flag})"
                ),
            };
            return Err(Failure::Usage(refused));
        }
    }
    Ok(listed)
}

/// What to do where the exchange does not start.
fn not_started(error: StartError, arguments: &GatewayArguments) -> Failure {
    match &error {
        StartError::Listen { source, .. }
            if source.kind() == ErrorKind::AddrInUse && arguments.first_port.is_some() =>
        {
            Failure::Usage(format!(
                "the exchange cannot be started: {error}; give another --first-port, or none, and the system chooses"
            ))
        }
        _ => error.into(),
    }
}

/// All sessions, in the order in which they are printed.
fn sessions() -> impl Iterator<Item = (Product, SessionKind)> {
    [Product::Prediction, Product::Margin]
        .into_iter()
        .flat_map(|product| product.sessions().iter().map(move |kind| (product, *kind)))
}

/// What a person wants to know.
fn summary(
    arguments: &GatewayArguments,
    gateway: &Gateway,
    directory: &Directory,
    members: &[MemberKeys],
    listed: &Listed,
) -> String {
    let mut text = String::from("The simulated exchange listens on 127.0.0.1, until Ctrl-C.\n");
    if arguments.commands {
        text.push_str("It reads commands from the standard input; an empty line is told which.\n");
    }
    text.push('\n');
    let _ = writeln!(
        text,
        "{:<12}{:<11}{:>6}  {:>9}",
        "product", "session", "TLS", "plaintext"
    );
    for (product, kind) in sessions() {
        let port = |address: Option<std::net::SocketAddr>| {
            address.map_or_else(|| "-".to_owned(), |address| address.port().to_string())
        };
        let (tls, plain) = (
            gateway.address(product, kind),
            gateway.plaintext_address(product, kind),
        );
        let (product, kind) = (product.to_string(), kind.to_string());
        let _ = writeln!(
            text,
            "{product:<12}{kind:<11}{:>6}  {:>9}",
            port(tls),
            port(plain)
        );
    }
    text.push('\n');
    for product in [Product::Prediction, Product::Margin] {
        let label = format!("{product} markets");
        let _ = writeln!(text, "{label:<22}{}", markets(listed, product).join(", "));
    }
    let _ = writeln!(text, "certificate to trust  {}", directory.root().display());
    let _ = writeln!(
        text,
        "all of this as JSON   {}",
        directory.description().display()
    );
    for member in members {
        let _ = writeln!(
            text,
            "\nmember {}, private key {}",
            member.number,
            member.path.display()
        );
        for (product, kind, id) in &member.ids {
            let (product, kind) = (product.to_string(), kind.to_string());
            let _ = writeln!(text, "{product:<12}{kind:<11}{id}");
        }
    }
    text.push_str(&next_steps(arguments, listed));
    text
}

/// What to do with it, at the end, where it is looked for.
fn next_steps(arguments: &GatewayArguments, listed: &Listed) -> String {
    let there = arguments.directory.display().to_string();
    let there = quoted(&there);
    let empty = match arguments.bots {
        0 => "; without --bots, books are empty until somebody trades",
        _ => "",
    };
    let mut text = format!("\nin another terminal{empty}:\n  kalshi-fix probe --gateway {there}\n");
    if let Some(market) = markets(listed, Product::Prediction).first() {
        let _ = writeln!(text, "  kalshi-fix book --gateway {there} {}", quoted(market));
    }
    let variables = arguments.directory.join(files::variables_name(1));
    let variables = variables.display().to_string();
    let _ = writeln!(
        text,
        "for programs of your own that are configured by the environment:\n  . {}",
        quoted(&sourced(&variables))
    );
    text
}

/// A path that a shell does not look for among its commands.
fn sourced(path: &str) -> String {
    if path.contains('/') {
        path.to_owned()
    } else {
        format!("./{path}")
    }
}

fn markets(listed: &Listed, of: Product) -> Vec<&str> {
    let of_it = listed.iter().filter(|(_, product)| **product == of);
    of_it.map(|(symbol, _)| symbol.as_str()).collect()
}

/// The same for a program.
fn description(started: Timestamp, gateway: &Gateway, members: &[MemberKeys], listed: &Listed) -> String {
    use crate::json;
    let mut out = String::from("{");
    let (date, time) = (started.date(), started.time());
    let started = format!(
        "{:04}-{:02}-{:02} {:02}:{:02}:{:02} UTC",
        date.year(),
        date.month(),
        date.day(),
        time.hour(),
        time.minute(),
        time.second()
    );
    json::text(&mut out, "started", &started);
    json::plain(&mut out, "process", std::process::id());
    json::text(&mut out, "host", "127.0.0.1");
    json::text(&mut out, "root_certificate", files::ROOT);
    json::key(&mut out, "sessions");
    out.push('[');
    for (product, kind) in sessions() {
        if !out.ends_with('[') {
            out.push(',');
        }
        out.push('{');
        json::text(&mut out, "product", &product.to_string());
        json::text(&mut out, "target_comp_id", &kind.to_string());
        if let Some(address) = gateway.address(product, kind) {
            json::plain(&mut out, "port", address.port());
        }
        if let Some(address) = gateway.plaintext_address(product, kind) {
            json::plain(&mut out, "plaintext_port", address.port());
        }
        out.push('}');
    }
    out.push(']');
    json::key(&mut out, "markets");
    out.push('[');
    for (symbol, product) in listed {
        if !out.ends_with('[') {
            out.push(',');
        }
        out.push('{');
        json::text(&mut out, "product", &product.to_string());
        json::text(&mut out, "symbol", symbol);
        out.push('}');
    }
    out.push(']');
    json::key(&mut out, "members");
    out.push('[');
    for member in members {
        if !out.ends_with('[') {
            out.push(',');
        }
        out.push('{');
        json::text(&mut out, "private_key", &files::key_name(member.number));
        json::key(&mut out, "api_keys");
        out.push('[');
        for (product, kind, id) in &member.ids {
            if !out.ends_with('[') {
                out.push(',');
            }
            out.push('{');
            json::text(&mut out, "product", &product.to_string());
            json::text(&mut out, "target_comp_id", &kind.to_string());
            json::text(&mut out, "id", id);
            out.push('}');
        }
        out.push_str("]}");
    }
    out.push_str("]}\n");
    out
}

/// More take so long that one would think it hangs.
const MANY_KEYS: usize = 10;
