//! What holds of every public error: it is one to `?`, `Box<dyn Error>` and other threads, and says what it is in the middle of a
//! sentence.

use std::collections::BTreeSet;
use std::error::Error;
use std::fs;

use quote::ToTokens as _;
use syn::{Attribute, Item};

use super::guide::{below, sources};
use super::public_api::listing;

/// Does not compile where one of them lacks something; and has their names.
macro_rules! errors {
    ($($error:ty,)+) => {
        const ERRORS: &[&str] = &[$(stringify!($error),)+];
        const _: () = {
            const fn is_an_error<E: Error + Send + Sync + 'static>() {}
            $(is_an_error::<$error>();)+
        };
    };
}

errors! {
    kalshi_fix::book::EntryFault,
    kalshi_fix::book::SubscribeError,
    kalshi_fix::client::BuildError,
    kalshi_fix::client::LogonError,
    kalshi_fix::client::LogonOptionsError,
    kalshi_fix::client::OpenError,
    kalshi_fix::client::Rejection,
    kalshi_fix::client::SubmitError,
    kalshi_fix::client::Unacknowledged,
    kalshi_fix::config::ConfigError,
    kalshi_fix::credentials::CredentialsError,
    kalshi_fix::credentials::KeyError,
    kalshi_fix::credentials::SignerError,
    kalshi_fix::credentials::VerifyError,
    kalshi_fix::dialect::CustomError,
    kalshi_fix::dialect::EncodeError,
    kalshi_fix::dialect::Garbled,
    kalshi_fix::dialect::HeaderError,
    kalshi_fix::dialect::Malformed,
    kalshi_fix::driver::EndCause,
    kalshi_fix::driver::SpawnError,
    kalshi_fix::environment::EnvironmentError,
    kalshi_fix::gateway::StartError,
    kalshi_fix::gateway::exchange::OperationError,
    kalshi_fix::gateway::exchange::RejectReason,
    kalshi_fix::gateway::exchange::ReplayRefusal,
    kalshi_fix::groups::GroupError,
    kalshi_fix::limits::KillProblem,
    kalshi_fix::limits::LimitBreach,
    kalshi_fix::orders::OrderError,
    kalshi_fix::rate::RateLimited,
    kalshi_fix::reconnect::MaintenanceWindowError,
    kalshi_fix::reconnect::StopReason,
    kalshi_fix::recovery::FollowedSendError,
    kalshi_fix::recovery::RecoverError,
    kalshi_fix::replay::ReplayError,
    kalshi_fix::rfq::RfqError,
    kalshi_fix::session::CommandError,
    kalshi_fix::session::EndReason,
    kalshi_fix::session::LogonRefused,
    kalshi_fix::session::SendError,
    kalshi_fix::session::SettingsError,
    kalshi_fix::store::StoreError,
    kalshi_fix::ticks::GridError,
    kalshi_fix::tracker::RestoreError,
    kalshi_fix::tracker::ViewError,
    kalshi_fix::transport::AttemptError,
    kalshi_fix::transport::ConnectError,
    kalshi_fix::transport::PinError,
    kalshi_fix::transport::TlsError,
    kalshi_fix::transport::TlsSettingsError,
    kalshi_fix::units::UnitError,
    fix_dialect::dictionary::Faults,
    fix_dialect::dictionary::LoadError,
    fix_dialect::dictionary::MergeError,
}

/// Whatever a public function can fail with, and whatever is called an error, is held above.
#[test]
fn every_public_error_is_one() {
    let held: BTreeSet<&str> = ERRORS.iter().map(|path| last(path)).collect();
    let mut found = BTreeSet::new();
    for line in listing() {
        if let Some((path, "struct" | "enum")) = kind(&line)
            && path.ends_with("Error")
        {
            found.insert(last(path).to_owned());
        }
        if let Some((_, output)) = line.split_once(" -> ") {
            found.extend(failures(output));
        }
    }
    assert!(found.len() > 40, "{found:?}");
    let lacking: Vec<&String> = found
        .iter()
        .filter(|name| !held.contains(name.as_str()))
        .collect();
    assert!(
        lacking.is_empty(),
        "public functions fail with {lacking:?}: each has to be an error, and to be held to it in errors.rs"
    );
}

/// Behind `cannot do this: ` no text begins with a capital, unless it is a name's, or ends with a full stop.
#[test]
fn every_text_goes_on_in_a_sentence() {
    let mut seen = 0;
    for directory in ["../kalshi-fix/src", "../fix-dialect/src"] {
        for file in sources(&below(directory)) {
            let parsed = syn::parse_file(&fs::read_to_string(&file).unwrap()).unwrap();
            for item in parsed.items {
                let attributes: Vec<Attribute> = match item {
                    Item::Struct(item) => item.attrs,
                    Item::Enum(item) => item
                        .variants
                        .into_iter()
                        .flat_map(|variant| variant.attrs)
                        .collect(),
                    _ => continue,
                };
                let attributes = attributes
                    .iter()
                    .filter(|attribute| attribute.path().is_ident("error"));
                for text in attributes.filter_map(text) {
                    seen += 1;
                    assert!(goes_on(&text), "{}: {text:?}", file.display());
                }
            }
        }
    }
    assert!(seen > 200, "{seen}");
}

#[test]
fn texts() {
    for (text, expected) in [
        ("no key", true),
        ("{0}", true),
        ("1 key", true),
        ("TLS failed", true),
        ("CompID (49) is {0}", true),
        ("MsgSeqNum too low", true),
        ("No key", false),
        ("A key is missing", false),
        ("no key.", false),
    ] {
        assert_eq!(goes_on(text), expected, "{text}");
    }
    let check = |output: &str, expected: &[&str]| assert_eq!(failures(output), expected, "{output}");
    check("Result<(u8, Vec<u8>), a::SendError>", &["SendError"]);
    check(
        "impl Future<Output = Result<Session<S>, OpenError>> + Send",
        &["OpenError"],
    );
    check("io::Result<MessageLog>", &[]);
    check("Option<Result<A, B>>", &["B"]);
    check("Closed", &[]);
}

/// An item's path and what it is.
fn kind(line: &str) -> Option<(&str, &str)> {
    let (path, rest) = line.split_once(": ")?;
    Some((path, rest.split(' ').next()?))
}

fn last(path: &str) -> &str {
    path.rsplit("::").next().unwrap_or(path).trim()
}

/// The second arguments of each `Result` in a type.
fn failures(output: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = output;
    while let Some((_, inside)) = rest.split_once("Result<") {
        rest = inside;
        let (mut depth, mut from) = (0_u32, None);
        for (at, character) in inside.char_indices() {
            match character {
                '<' | '(' | '[' => depth += 1,
                '>' | ')' | ']' if depth == 0 => {
                    if let Some(from) = from {
                        found.push(last(&inside[from..at]).to_owned());
                    }
                    break;
                }
                '>' | ')' | ']' => depth -= 1,
                ',' if depth == 0 => from = Some(at + 1),
                _ => {}
            }
        }
    }
    found
}

/// The text of `#[error("…")]`; `None` for `transparent`.
fn text(attribute: &Attribute) -> Option<String> {
    let list = attribute.meta.require_list().ok()?;
    let first = list.tokens.clone().into_iter().next()?;
    let literal: syn::LitStr = syn::parse2(first.into_token_stream()).ok()?;
    Some(literal.value())
}

fn goes_on(text: &str) -> bool {
    let first: String = text
        .chars()
        .take_while(|character| character.is_alphabetic())
        .collect();
    let capitals = first.chars().filter(|character| character.is_uppercase()).count();
    let begins = match first.chars().next() {
        Some(character) if character.is_uppercase() => capitals > 1,
        _ => true,
    };
    begins && !text.ends_with('.')
}
