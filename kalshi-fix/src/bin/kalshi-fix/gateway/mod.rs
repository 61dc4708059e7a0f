//! `gateway`: the simulated exchange, until it is told to end.

mod commands;
mod files;

use std::fmt::Write as _;
use std::pin::pin;
use std::time::Duration;

use kalshi_fix::environment::{Product, SessionKind};
use kalshi_fix::gateway::{BotSettings, Gateway, GatewayBuilder};

use crate::arguments::GatewayArguments;
use crate::output::{Failure, Findings, Output};
use crate::requested::Requested;
use files::{Directory, MemberKeys};

pub(crate) fn run(arguments: &GatewayArguments, output: &mut Output) -> Result<Findings, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(serve(arguments, output))
}

async fn serve(arguments: &GatewayArguments, output: &mut Output) -> Result<Findings, Failure> {
    // Registered before anything is printed: a signal that comes at once must not be lost.
    let requested = Requested::new()?;
    let directory = Directory::open(&arguments.directory)?;
    let gateway = builder(arguments, &directory)?.start().await?;
    let mut members = Vec::new();
    for number in 1..=arguments.members {
        members.push(directory.member(number, &gateway)?);
    }
    directory.write_root(gateway.root_certificate())?;
    directory.write_description(&description(&gateway, &members, listed(arguments)))?;
    output.write(&summary(&gateway, &directory, &members))?;
    output.flush()?;
    let mut requested = pin!(requested.wait());
    let mut lines = arguments.commands.then(commands::listen);
    let listed = listed(arguments)
        .map(|(product, symbol)| (symbol, product))
        .collect();
    loop {
        // The exchange outlives the end of the standard input.
        let line = async {
            match &mut lines {
                Some(lines) => lines.recv().await,
                None => None,
            }
        };
        tokio::select! {
            () = &mut requested => break,
            Some(line) = line => {
                output.write(&commands::carry_out(&line, &listed, &gateway))?;
                output.flush()?;
            }
        }
    }
    gateway.close().await;
    Ok(Findings::None)
}

fn builder(arguments: &GatewayArguments, directory: &Directory) -> Result<GatewayBuilder, Failure> {
    let mut builder = Gateway::builder()
        .deposit(arguments.deposit.into())
        .seed(arguments.seed);
    for (product, symbol) in listed(arguments) {
        builder = match product {
            Product::Prediction => builder.market(checked(&symbol)?),
            Product::Margin => builder.margin_market(checked(&symbol)?),
        };
    }
    if arguments.bots > 0 {
        let mut bots = BotSettings::new(arguments.bots);
        bots.interval = Duration::from_millis(arguments.bot_interval.into());
        builder = builder.bots(bots);
    }
    if arguments.keep_sessions {
        builder = builder.keep_sessions_in(directory.sessions());
    }
    if arguments.plaintext {
        builder = builder.plaintext();
    }
    if let Some(first) = arguments.first_port {
        let mut ports = (0..).map(|offset| {
            let port = first.checked_add(offset).filter(|port| *port > 0);
            port.ok_or_else(|| Failure::Usage(format!("there are not enough ports from {first} on")))
        });
        let mut next = || {
            ports
                .next()
                .unwrap_or_else(|| Err(Failure::Usage("no port is left".to_owned())))
        };
        for (product, kind) in sessions() {
            builder = builder.port(product, kind, next()?);
        }
        if arguments.plaintext {
            for (product, kind) in sessions() {
                builder = builder.plaintext_port(product, kind, next()?);
            }
        }
    }
    Ok(builder)
}

/// The markets that were asked for.
fn listed(arguments: &GatewayArguments) -> impl Iterator<Item = (Product, String)> {
    let symbols = |product, given: &[String], usual: &str| match given {
        [] => vec![(product, usual.to_owned())],
        given => given.iter().map(|symbol| (product, symbol.clone())).collect(),
    };
    let prediction = symbols(Product::Prediction, &arguments.market, "HIGHNY-23DEC31");
    let margin = symbols(Product::Margin, &arguments.margin_market, "BTC-PERP");
    prediction.into_iter().chain(margin)
}

/// A symbol that a message can carry.
fn checked(symbol: &str) -> Result<&str, Failure> {
    if symbol.is_empty()
        || symbol
            .chars()
            .any(|character| character.is_control() || character == '|')
    {
        return Err(Failure::Usage(format!("{symbol:?} is no symbol of a market")));
    }
    Ok(symbol)
}

/// All sessions, in the order in which they are printed.
fn sessions() -> impl Iterator<Item = (Product, SessionKind)> {
    [Product::Prediction, Product::Margin]
        .into_iter()
        .flat_map(|product| product.sessions().iter().map(move |kind| (product, *kind)))
}

/// What a person wants to know.
fn summary(gateway: &Gateway, directory: &Directory, members: &[MemberKeys]) -> String {
    let mut text = String::from("The simulated exchange listens on 127.0.0.1, until Ctrl-C.\n\n");
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
    let _ = writeln!(text, "\ncertificate to trust  {}", directory.root().display());
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
    text
}

/// The same for a program.
fn description(
    gateway: &Gateway,
    members: &[MemberKeys],
    markets: impl Iterator<Item = (Product, String)>,
) -> String {
    use crate::json;
    let mut out = String::from("{");
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
    for (product, symbol) in markets {
        if !out.ends_with('[') {
            out.push(',');
        }
        out.push('{');
        json::text(&mut out, "product", &product.to_string());
        json::text(&mut out, "symbol", &symbol);
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
