//! Every way to fail, as a user meets it: what a program would print, in one place, to be read as a whole.
//!
//! A text that changes is reviewed here. It has to name what failed, where, and what was expected or can be done.

mod configuring;
mod connecting;
mod errors;
mod guide;
mod logging_on;
mod public_api;
mod trading;

use std::error::Error;
use std::fmt::Write as _;
use std::time::Duration;

use kalshi_fix::client::ClientBuilder;
use kalshi_fix::credentials::PrivateKey;
use kalshi_fix::gateway::{Gateway, Member};
use kalshi_fix::prediction::Prediction;
use tokio::time::timeout;

/// Case by case, what failed and how it is told.
#[derive(Default)]
struct Report(String);

impl Report {
    fn add(&mut self, case: &str, error: &dyn Error) {
        self.say(case, &error.to_string());
        // Whatever is behind it can be had, and ends somewhere.
        let mut depth = 0;
        let mut source = error.source();
        while let Some(cause) = source {
            assert!(!cause.to_string().is_empty(), "{case}");
            depth += 1;
            source = cause.source();
        }
        assert!(depth < 10, "{case}: a chain without an end?");
    }

    fn say(&mut self, case: &str, text: &str) {
        for secret in [KEY.lines().nth(1).unwrap(), "s3cret"] {
            assert!(!text.contains(secret), "{case}: {text}");
        }
        // Where a test does not come to its end, this shows how far it came.
        println!("{case}");
        writeln!(self.0, "{case}\n    {}\n", steady(text)).unwrap();
    }
}

/// Without what differs from run to run: ports, measured times, fingerprints, the ids of keys.
fn steady(text: &str) -> String {
    let mut words: Vec<&str> = text.split(' ').collect();
    for at in 1..words.len() {
        if words[at] == "ms"
            && words[at - 1]
                .parse::<i64>()
                .is_ok_and(|measured| measured % 1_000 != 0)
        {
            words[at - 1] = if words[at - 1].starts_with('-') {
                "-[measured]"
            } else {
                "[measured]"
            };
        }
    }
    let words = words.into_iter().map(|word| {
        let inner = word.trim_matches(|c: char| "():;,".contains(c));
        let measured = inner.ends_with("ms") && inner.contains('.');
        let port = inner
            .strip_prefix("127.0.0.1:")
            .is_some_and(|port| port.parse::<u16>().is_ok());
        let pin = inner.len() == 95 && inner.split(':').all(|byte| u8::from_str_radix(byte, 16).is_ok());
        let shown = match (measured, port, pin) {
            (true, ..) => "[measured]",
            (_, true, _) => "127.0.0.1:[port]",
            (.., true) => "[pin]",
            _ => inner,
        };
        word.replace(inner, shown)
    });
    let text: Vec<String> = words.collect();
    text.join(" ")
}

/// An exchange, a member of it, and a key.
struct Venue {
    gateway: Gateway,
    member: Member,
    key: PrivateKey,
}

impl Venue {
    async fn start() -> Venue {
        let gateway = Gateway::start().await.unwrap();
        let member = gateway.member();
        let key = PrivateKey::from_pem(KEY).unwrap();
        Venue { gateway, member, key }
    }

    fn client(&self) -> ClientBuilder<Prediction> {
        self.gateway.client_builder(self.member.credentials(&self.key))
    }
}

async fn in_time<T>(future: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(30), future).await.expect("in time")
}

const KEY: &str = include_str!("../../../kalshi-fix/tests/fixtures/keys/rsa-pkcs8.pem");
