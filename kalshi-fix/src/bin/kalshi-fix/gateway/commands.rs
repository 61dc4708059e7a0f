//! What happens to markets at a word: lines of the standard input, while the exchange runs.

use std::collections::BTreeMap;
use std::io::{BufRead, Read};

use kalshi_fix::environment::Product;
use kalshi_fix::gateway::Gateway;
use kalshi_fix::gateway::exchange::{ExchangeStatus, MarketStatus, OperationError, Outcome};
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
        let mut input = std::io::stdin().lock();
        while let Some(line) = next_line(&mut input) {
            if sender.blocking_send(line).is_err() {
                break;
            }
        }
    });
    lines
}

/// The next line, of which no more is kept than a command can have. What is no text cannot be understood, and does not end
/// the reading.
fn next_line(input: &mut impl BufRead) -> Option<String> {
    let mut line = Vec::new();
    let length = Read::take(&mut *input, LONGEST)
        .read_until(b'\n', &mut line)
        .ok()?;
    if length == 0 {
        return None;
    }
    if length as u64 == LONGEST && !line.ends_with(b"\n") {
        // The rest of it is no line of its own.
        while let Ok(rest @ [_, ..]) = input.fill_buf() {
            let end = rest.iter().position(|byte| *byte == b'\n');
            let length = end.map_or(rest.len(), |end| end + 1);
            input.consume(length);
            if end.is_some() {
                break;
            }
        }
    }
    Some(String::from_utf8_lossy(&line).trim().to_owned())
}

/// Does what a line asks for, and says so; or says why it is not done. Either is one line.
pub(super) fn carry_out(line: &str, listed: &Listed, gateway: &Gateway) -> String {
    let done = parse(line, listed).and_then(|deed| deed.happen(gateway));
    let shown: String = line.chars().filter(|character| !character.is_control()).collect();
    match done {
        Ok(()) => format!("done: {shown}\n"),
        Err(why) if shown.is_empty() => format!("refused: {why}\n"),
        Err(why) => format!("refused: {shown}: {why}\n"),
    }
}

impl Deed {
    fn happen(self, gateway: &Gateway) -> Result<(), String> {
        let told = |done: Result<(), OperationError>| done.map_err(|refusal| refusal.to_string());
        match self {
            Deed::Market(product, symbol, status) => {
                told(gateway.set_market_status(product, &symbol, status))
            }
            Deed::Exchange(status) => {
                let products = [Product::Prediction, Product::Margin];
                let done = products.map(|product| gateway.set_status(product, status));
                // They pause and reopen together.
                let [prediction, margin] = done;
                told(prediction.or(margin))
            }
            Deed::Determine(symbol, outcome) => told(gateway.determine(&symbol, outcome)),
            Deed::Settle(symbol) => told(gateway.settle(&symbol)),
            Deed::Maintenance(begins) => {
                let (changed, otherwise) = if begins {
                    (gateway.begin_maintenance(), "a maintenance is under way already")
                } else {
                    (gateway.end_maintenance(), "no maintenance is under way")
                };
                changed.then_some(()).ok_or_else(|| otherwise.to_owned())
            }
        }
    }
}

fn parse(line: &str, listed: &Listed) -> Result<Deed, String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let market = |symbol: &str| match listed.get(symbol) {
        Some(product) => Ok((*product, symbol.to_owned())),
        None => Err(format!("no market {symbol:?} is listed")),
    };
    let prediction = |symbol: &str| match market(symbol)? {
        (Product::Prediction, symbol) => Ok(symbol),
        (Product::Margin, symbol) => Err(OperationError::NoOutcome {
            symbol: symbol.into(),
        }
        .to_string()),
    };
    let change = |symbol: &str, status| {
        let (product, symbol) = market(symbol)?;
        Ok(Deed::Market(product, symbol, status))
    };
    match words[..] {
        ["halt", symbol] => change(symbol, MarketStatus::Inactive),
        ["resume", symbol] => change(symbol, MarketStatus::Active),
        ["close", symbol] => change(symbol, MarketStatus::Closed),
        ["determine", symbol, outcome] => Ok(Deed::Determine(prediction(symbol)?, read_outcome(outcome)?)),
        ["settle", symbol] => Ok(Deed::Settle(prediction(symbol)?)),
        ["pause"] => Ok(Deed::Exchange(ExchangeStatus::Paused)),
        ["pause", "trading"] => Ok(Deed::Exchange(ExchangeStatus::TradingPaused)),
        ["reopen"] => Ok(Deed::Exchange(ExchangeStatus::Open)),
        ["maintenance", "begin"] => Ok(Deed::Maintenance(true)),
        ["maintenance", "end"] => Ok(Deed::Maintenance(false)),
        [] => Err(format!("an empty line is none of {}", COMMANDS.join(", "))),
        [command, ..] => {
            let forms = COMMANDS
                .iter()
                .filter(|form| form.split(' ').next() == Some(command))
                .copied();
            let forms: Vec<&str> = forms.collect();
            Err(if forms.is_empty() {
                format!("not one of {}", COMMANDS.join(", "))
            } else {
                format!("the form is {}", forms.join(" or "))
            })
        }
    }
}

fn read_outcome(word: &str) -> Result<Outcome, String> {
    match word {
        "yes" => Ok(Outcome::Yes),
        "no" => Ok(Outcome::No),
        cents => read_cents(cents)
            .ok_or_else(|| format!("{cents:?} is not yes, no, or 0 to 100 cents with at most 2 decimals")),
    }
}

/// Digits alone are read: a parser of decimals takes exponents as well, and rounds what is too fine for it.
fn read_cents(word: &str) -> Option<Outcome> {
    let (whole, part) = word.split_once('.').unwrap_or((word, "0"));
    let is_number = |digits: &str, most| {
        (1..=most).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    let is_exact = is_number(whole, 3) && is_number(part, 2);
    is_exact
        .then(|| word.parse().ok().and_then(Outcome::scalar))
        .flatten()
}

const COMMANDS: [&str; 10] = [
    "halt SYMBOL",
    "resume SYMBOL",
    "close SYMBOL",
    "determine SYMBOL yes|no|CENTS",
    "settle SYMBOL",
    "pause",
    "pause trading",
    "reopen",
    "maintenance begin",
    "maintenance end",
];
/// In bytes: the longest symbol, and more words than any command has.
const LONGEST: u64 = 1024;

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
        check("halt X", Err("no market \"X\" is listed"));
        check("determine X yes", Err("no market \"X\" is listed"));
        check("settle P", Err("is a margin market, which has no outcome"));
        check("determine P yes", Err("is a margin market, which has no outcome"));
        let too_fine = "30.60000000000000000000000000000001";
        for cents in [
            "maybe", "100.01", "101", "-1", "+1", "30.605", too_fine, "1e2", ".5", "5.", "1_0", "Yes", "NaN",
        ] {
            let line = format!("determine M {cents}");
            check(
                &line,
                Err("is not yes, no, or 0 to 100 cents with at most 2 decimals"),
            );
        }
        check("", Err("an empty line is none of halt SYMBOL, "));
        check("   ", Err("an empty line is none of halt SYMBOL, "));
        check("Halt M", Err("not one of halt SYMBOL, resume SYMBOL, "));
        check("halt", Err("the form is halt SYMBOL"));
        check("halt M P", Err("the form is halt SYMBOL"));
        check("determine M", Err("the form is determine SYMBOL yes|no|CENTS"));
        check("pause margin", Err("the form is pause or pause trading"));
        check(
            "maintenance",
            Err("the form is maintenance begin or maintenance end"),
        );
    }

    #[test]
    fn lines_come_one_by_one_whatever_is_in_them() {
        let long = "x".repeat(5_000);
        let input = format!("halt M\r\n\n{long} halt M\n");
        let input = [input.as_bytes(), b"\xff M\nsettle M"].concat();
        let mut input = &input[..];
        let mut lines = std::iter::from_fn(|| next_line(&mut input));
        assert_eq!(lines.next().as_deref(), Some("halt M"));
        assert_eq!(lines.next().as_deref(), Some(""));
        assert_eq!(lines.next(), Some("x".repeat(1_024)));
        assert_eq!(lines.next().as_deref(), Some("\u{fffd} M"));
        assert_eq!(lines.next().as_deref(), Some("settle M"));
        assert_eq!(lines.next(), None);
    }
}
