//! What happens to markets at a word: lines of the standard input, while the exchange runs.

use std::collections::BTreeMap;
use std::io::BufRead as _;

use kalshi_fix::environment::Product;
use kalshi_fix::gateway::Gateway;
use kalshi_fix::gateway::exchange::{ExchangeStatus, MarketStatus, Outcome};
use tokio::sync::mpsc::{Receiver, channel};

/// Which product lists a symbol.
pub(super) type Listed = BTreeMap<String, Product>;

/// What one line asks for.
#[derive(Debug, PartialEq)]
enum Deed {
    Market(Product, String, MarketStatus),
    Exchange(ExchangeStatus),
    Determine(String, Outcome),
    Settle(String),
    Maintenance(bool),
}

/// The lines of the standard input, until it ends. A thread reads them, which ends with the process.
pub(super) fn listen() -> Receiver<String> {
    let (sender, lines) = channel(16);
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            let Ok(line) = line else { break };
            if sender.blocking_send(line).is_err() {
                break;
            }
        }
    });
    lines
}

/// Does what a line asks for, and says so; or says why it is not done.
pub(super) fn carry_out(line: &str, listed: &Listed, gateway: &Gateway) -> String {
    match parse(line, listed) {
        Ok(deed) => {
            deed.happen(gateway);
            format!("done: {line}\n")
        }
        Err(why) => format!("not done: {line}: {why}\n"),
    }
}

impl Deed {
    fn happen(self, gateway: &Gateway) {
        match self {
            Deed::Market(product, symbol, status) => gateway.set_market_status(product, &symbol, status),
            Deed::Exchange(status) => {
                for product in [Product::Prediction, Product::Margin] {
                    gateway.set_status(product, status);
                }
            }
            Deed::Determine(symbol, outcome) => gateway.determine(&symbol, outcome),
            Deed::Settle(symbol) => gateway.settle(&symbol),
            Deed::Maintenance(true) => gateway.begin_maintenance(),
            Deed::Maintenance(false) => gateway.end_maintenance(),
        }
    }
}

fn parse(line: &str, listed: &Listed) -> Result<Deed, String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let market = |symbol: &str| {
        let product = listed.get(symbol).copied();
        product.ok_or_else(|| format!("no market {symbol:?}"))
    };
    let prediction = |symbol: &str| match market(symbol)? {
        Product::Prediction => Ok(symbol.to_owned()),
        Product::Margin => Err(format!("{symbol:?} is a margin market, which has no outcome")),
    };
    Ok(match words[..] {
        ["halt", symbol] => Deed::Market(market(symbol)?, symbol.to_owned(), MarketStatus::Inactive),
        ["resume", symbol] => Deed::Market(market(symbol)?, symbol.to_owned(), MarketStatus::Active),
        ["close", symbol] => Deed::Market(market(symbol)?, symbol.to_owned(), MarketStatus::Closed),
        ["determine", symbol, outcome] => Deed::Determine(prediction(symbol)?, read_outcome(outcome)?),
        ["settle", symbol] => Deed::Settle(prediction(symbol)?),
        ["pause"] => Deed::Exchange(ExchangeStatus::Paused),
        ["pause", "trading"] => Deed::Exchange(ExchangeStatus::TradingPaused),
        ["reopen"] => Deed::Exchange(ExchangeStatus::Open),
        ["maintenance", "begin"] => Deed::Maintenance(true),
        ["maintenance", "end"] => Deed::Maintenance(false),
        _ => return Err(format!("not one of {COMMANDS}")),
    })
}

fn read_outcome(word: &str) -> Result<Outcome, String> {
    match word {
        "yes" => Ok(Outcome::Yes),
        "no" => Ok(Outcome::No),
        cents => cents
            .parse()
            .ok()
            .and_then(Outcome::scalar)
            .ok_or_else(|| format!("{cents:?} is not yes, no, or 0 to 100 cents with at most 2 decimals")),
    }
}

const COMMANDS: &str = "halt SYMBOL, resume SYMBOL, close SYMBOL, determine SYMBOL yes|no|CENTS, settle SYMBOL, pause, pause trading, \
     reopen, maintenance begin, maintenance end";

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expected: Result<Deed, &str>) {
        let listed = Listed::from([
            ("M".to_owned(), Product::Prediction),
            ("P".to_owned(), Product::Margin),
        ]);
        match (parse(line, &listed), expected) {
            (Err(found), Err(expected)) => assert!(found.contains(expected), "{line}: {found}"),
            (found, expected) => assert_eq!(found, expected.map_err(str::to_owned), "{line}"),
        }
    }

    #[test]
    fn each_command_is_understood() {
        let market = |product, symbol: &str, status| Ok(Deed::Market(product, symbol.to_owned(), status));
        check("halt M", market(Product::Prediction, "M", MarketStatus::Inactive));
        check(
            "  resume   P ",
            market(Product::Margin, "P", MarketStatus::Active),
        );
        check("close M", market(Product::Prediction, "M", MarketStatus::Closed));
        let determined = |outcome| Ok(Deed::Determine("M".to_owned(), outcome));
        check("determine M yes", determined(Outcome::Yes));
        check("determine M no", determined(Outcome::No));
        let scalar = Outcome::scalar("30.6".parse().unwrap()).unwrap();
        check("determine M 30.6", determined(scalar));
        check("settle M", Ok(Deed::Settle("M".to_owned())));
        check("pause", Ok(Deed::Exchange(ExchangeStatus::Paused)));
        check("pause trading", Ok(Deed::Exchange(ExchangeStatus::TradingPaused)));
        check("reopen", Ok(Deed::Exchange(ExchangeStatus::Open)));
        check("maintenance begin", Ok(Deed::Maintenance(true)));
        check("maintenance end", Ok(Deed::Maintenance(false)));
    }

    #[test]
    fn what_is_not_understood_is_not_done() {
        check("halt X", Err("no market \"X\""));
        check("settle P", Err("is a margin market"));
        check("determine M maybe", Err("not yes, no, or 0 to 100 cents"));
        check("determine M 100.01", Err("not yes, no, or 0 to 100 cents"));
        for line in ["", "halt", "halt M P", "determine M", "pause margin", "Halt M"] {
            check(line, Err("not one of halt SYMBOL, "));
        }
    }
}
