//! Why what the exchange's operator asks for cannot be done.

use super::market::{ExchangeStatus, MarketStatus, Symbol};

/// Why a change of a market, or of the whole exchange, was not made. Nothing has changed then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OperationError {
    /// No market has this symbol.
    #[error("no market {symbol:?} is listed")]
    UnknownMarket {
        /// What was asked for.
        symbol: Symbol,
    },
    /// A margin market ends without an outcome, so that it is neither determined nor settled.
    #[error("{symbol:?} is a margin market, which has no outcome")]
    NoOutcome {
        /// The market.
        symbol: Symbol,
    },
    /// The market is as it was asked to be.
    #[error("{symbol:?} is {status} already")]
    MarketAlready {
        /// The market.
        symbol: Symbol,
        /// Its status.
        status: MarketStatus,
    },
    /// The market was determined before, with the same outcome. (Another one would replace the first.)
    #[error("{symbol:?} is determined already, with the same outcome")]
    OutcomeAlready {
        /// The market.
        symbol: Symbol,
    },
    /// The market's life is past that: it goes from trading to its close, its outcome and its settlement, and only a closed
    /// one can be opened again.
    #[error("{symbol:?} is {status}, and cannot become {asked} any more")]
    TooLate {
        /// The market.
        symbol: Symbol,
        /// Its status.
        status: MarketStatus,
        /// The status that was asked for.
        asked: MarketStatus,
    },
    /// A market is settled by its outcome, and this one has none yet.
    #[error("{symbol:?} is {status} without an outcome: it has to be determined before it is settled")]
    Undetermined {
        /// The market.
        symbol: Symbol,
        /// Its status.
        status: MarketStatus,
    },
    /// A market becomes settled as its positions are paid out ([`Command::Settle`](super::Command::Settle)), not by its status
    /// alone.
    #[error("{symbol:?} cannot be declared settled: settle it, so that its positions are paid out")]
    Unpaid {
        /// The market.
        symbol: Symbol,
    },
    /// The exchange is as it was asked to be.
    #[error("the exchange is {status} already")]
    ExchangeAlready {
        /// Its status.
        status: ExchangeStatus,
    },
}

#[cfg(test)]
mod tests {
    use super::super::{Command, Exchange, Market, Outcome, Output, Rules, Time};
    use super::*;

    const START: Time = Time::from_unix_seconds(1_767_225_600);

    /// Carries out one command after the other in a market `M`; what the last of them leads to, `done` or why not.
    fn told(rules: Rules, commands: &[Command]) -> String {
        let mut exchange = Exchange::new(rules);
        exchange.list(Market::prediction("M"));
        let mut outputs = Vec::new();
        for command in commands {
            outputs = exchange.apply(START, command.clone());
        }
        let mut refusals = outputs.into_iter().filter_map(|output| match output {
            Output::Refused(refusal) => Some(refusal),
            _ => None,
        });
        let told = refusals.next();
        assert_eq!(refusals.next(), None);
        told.map_or_else(|| "done".to_owned(), |refusal| refusal.to_string())
    }

    fn status(status: MarketStatus) -> Command {
        Command::SetMarketStatus("M".into(), status)
    }

    fn determine(symbol: &str) -> Command {
        Command::Determine(symbol.into(), Outcome::Yes)
    }

    fn settle(symbol: &str) -> Command {
        Command::Settle(symbol.into())
    }

    #[test]
    fn each_status_has_those_that_can_follow_it() {
        use MarketStatus::{Active, Closed, Determined, Inactive, Settled};
        let life = |to: MarketStatus| match to {
            Active => vec![],
            Settled => vec![determine("M"), settle("M")],
            Determined => vec![determine("M")],
            to => vec![status(to)],
        };
        let all = [Active, Inactive, Closed, Determined, Settled];
        for from in all {
            for to in all {
                let expected = match (from, to) {
                    _ if from == to => format!("\"M\" is {from} already"),
                    (_, Settled) => {
                        "\"M\" cannot be declared settled: settle it, so that its positions are paid out"
                            .to_owned()
                    }
                    (Closed, Inactive) | (Determined | Settled, _) => {
                        format!("\"M\" is {from}, and cannot become {to} any more")
                    }
                    _ => "done".to_owned(),
                };
                let commands = [life(from), vec![status(to)]].concat();
                assert_eq!(told(Rules::prediction(), &commands), expected, "{from} {to}");
            }
        }
    }

    #[test]
    fn an_outcome_comes_before_the_settlement() {
        let check = |commands: &[Command], expected: &str| {
            assert_eq!(told(Rules::prediction(), commands), expected, "{commands:?}");
        };
        check(&[determine("X")], "no market \"X\" is listed");
        check(&[settle("X")], "no market \"X\" is listed");
        let without = "without an outcome: it has to be determined before it is settled";
        check(&[settle("M")], &format!("\"M\" is active {without}"));
        // Declared, and not determined.
        let declared = status(MarketStatus::Determined);
        check(
            &[declared.clone(), settle("M")],
            &format!("\"M\" is determined {without}"),
        );
        check(&[declared, determine("M")], "done");
        check(&[determine("M")], "done");
        check(
            &[determine("M"), determine("M")],
            "\"M\" is determined already, with the same outcome",
        );
        let disputed = Command::Determine("M".into(), Outcome::No);
        check(&[determine("M"), disputed.clone()], "done");
        check(&[determine("M"), disputed, settle("M")], "done");
        check(
            &[determine("M"), settle("M"), settle("M")],
            "\"M\" is settled already",
        );
        check(
            &[determine("M"), settle("M"), determine("M")],
            "\"M\" is settled, and cannot become determined any more",
        );
        for command in [determine("M"), settle("M")] {
            assert_eq!(
                told(Rules::margin(), &[command]),
                "\"M\" is a margin market, which has no outcome"
            );
        }
    }

    #[test]
    fn an_exchange_changes_or_says_that_it_is_so() {
        use ExchangeStatus::{Open, Paused, TradingPaused};
        for from in [Open, TradingPaused, Paused] {
            for to in [Open, TradingPaused, Paused] {
                let mut commands = vec![Command::SetStatus(to)];
                if from != Open {
                    commands.insert(0, Command::SetStatus(from));
                }
                let expected = if from == to {
                    format!("the exchange is {to} already")
                } else {
                    "done".to_owned()
                };
                assert_eq!(told(Rules::prediction(), &commands), expected, "{from} {to}");
            }
        }
    }

    #[test]
    fn what_was_scheduled_and_cannot_be_is_nobodys_refusal() {
        let mut exchange = Exchange::new(Rules::prediction());
        exchange.list(Market::prediction("M"));
        exchange.schedule(START, settle("M"));
        let outputs = exchange.apply(START, determine("M"));
        assert!(outputs.is_empty(), "{outputs:?}");
    }
}
