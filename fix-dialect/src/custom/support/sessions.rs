//! The sessions that a user's message names, held against those of its dialect while the user's crate is compiled.

use std::marker::PhantomData;

use super::held::Held;
use super::same;
use super::words::Words;
use crate::{Sender, Session};

/// What is known of a type that a message is said to be sent on: where it is a session of a dialect, `NAME` is its own, and
/// else that of [`Otherwise`]. A type of a user's own that is no dialect's session may stand there too.
#[derive(Debug)]
pub struct OfSession<S>(PhantomData<S>);

impl<S: Session> OfSession<S> {
    /// Its name in the dictionary.
    pub const NAME: Option<&'static str> = Some(S::NAME);
}

/// Whether a session is one of this dialect: where it is, `SAME` is its own, and else that of [`Otherwise`].
#[derive(Debug)]
pub struct OfDialect<S, D>(PhantomData<(S, D)>);

impl<D, S: Session<Dialect = D>> OfDialect<S, D> {
    /// It is.
    pub const SAME: bool = true;
}

/// What the compiler takes where [`OfSession`] and [`OfDialect`] have nothing of their own for a type.
pub trait Otherwise {
    /// No session of a dialect.
    const NAME: Option<&'static str> = None;
    /// No session of this dialect.
    const SAME: bool = false;
}

impl<T> Otherwise for T {}

impl Held {
    /// What is wrong with the session `name`, which the user writes as `path`, on which `sender` is said to send the message.
    /// `is_own` tells whether it is a session of the dialect; one without a name is no session of a dialect at all, and may
    /// carry what it likes.
    #[must_use]
    pub const fn check_session(
        &self,
        place: &str,
        path: &str,
        sender: Sender,
        name: Option<&str>,
        is_own: bool,
    ) -> Words {
        let mut words = Words::new();
        let (Some(_), Some(name)) = (self.dialect, name) else {
            return words;
        };
        // Where the message is unknown, or its dictionary does not say who sends it, any session of the dialect will do.
        let (stated, others) = match (self.message, sender) {
            (Some(message), Sender::Client) => (message.client, message.exchange),
            (Some(message), Sender::Exchange) => (message.exchange, message.client),
            (None, _) => (None, None),
        };
        let is_listed = match stated {
            Some(sessions) => lists(sessions, name),
            None => true,
        };
        if is_own && is_listed {
            return words;
        }
        let (side, other) = match sender {
            Sender::Client => ("client", "exchange"),
            Sender::Exchange => ("exchange", "client"),
        };
        words.begin(place);
        if is_own {
            words.text("the ");
            words.text(side);
            words.text(" does not send ");
            self.owner(&mut words);
        } else {
            words.text("`");
            words.text(path);
            words.text("` is a session of another dialect");
        }
        match (stated, others) {
            (Some(sessions @ [_, ..]), _) => {
                if is_own {
                    words.text(" on ");
                    words.text(name);
                    words.text(", but on ");
                } else {
                    words.text("; the ");
                    words.text(side);
                    words.text(" sends ");
                    self.owner(&mut words);
                    words.text(" on ");
                }
                list(&mut words, sessions);
            }
            (_, Some(sessions @ [_, ..])) => {
                words.text("; the ");
                words.text(other);
                words.text(if is_own { " does, on " } else { " sends it, on " });
                list(&mut words, sessions);
                words.text(": name them with `");
                words.text(other);
                words.text(" = …`");
            }
            _ => {}
        }
        words
    }
}

const fn lists(sessions: &[&str], name: &str) -> bool {
    let mut at = 0;
    while at < sessions.len() {
        if same(sessions[at], name) {
            return true;
        }
        at += 1;
    }
    false
}

/// `NR, RT`
const fn list(words: &mut Words, sessions: &[&str]) {
    let mut at = 0;
    while at < sessions.len() {
        if at > 0 {
            words.text(", ");
        }
        words.text(sessions[at]);
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::custom::support::field;
    use crate::tables::{FieldTable, MessageTable, Representation, Tables};
    use crate::{Dialect, FieldType, NoMessage, Refused, Slots};

    static SYMBOL: FieldTable = field(55, "Symbol", FieldType::String, Representation::Text, &[]);
    const fn message(
        name: &'static str,
        msg_type: &'static str,
        client: Option<&'static [&'static str]>,
        exchange: Option<&'static [&'static str]>,
    ) -> MessageTable {
        MessageTable {
            name,
            msg_type,
            admin: false,
            family: "",
            client,
            exchange,
            members: &[],
        }
    }
    static TABLES: Tables = Tables {
        name: "",
        begin_string: "FIXT.1.1",
        header: &[],
        trailer: &[],
        messages: &[
            message("Order", "D", Some(&["NR", "RT"]), Some(&[])),
            message("Report", "8", Some(&[]), Some(&["NR", "DC"])),
            message("News", "B", None, None),
        ],
        fields: &[&SYMBOL],
    };

    #[test]
    fn sessions_are_those_of_the_message() {
        let check = |msg_type: &str, sender: Sender, name: Option<&str>, is_own: bool, expected: &str| {
            let held = Held::message(Some(&TABLES), msg_type);
            let words = held.check_session("Venue", "other::NR", sender, name, is_own);
            assert_eq!(
                words.as_str(),
                expected,
                "{msg_type} {sender:?} {name:?} {is_own}"
            );
        };
        let (client, exchange) = (Sender::Client, Sender::Exchange);
        check("D", client, Some("NR"), true, "");
        check("D", client, Some("RT"), true, "");
        check("8", exchange, Some("DC"), true, "");
        let wrong = "Venue: the client does not send Order (D) on MD, but on NR, RT";
        check("D", client, Some("MD"), true, wrong);
        let wrong =
            "Venue: `other::NR` is a session of another dialect; the client sends Order (D) on NR, RT";
        check("D", client, Some("NR"), false, wrong);
        let wrong = "Venue: the client does not send Report (8); the exchange does, on NR, DC: \
                     name them with `exchange = …`";
        check("8", client, Some("NR"), true, wrong);
        let wrong = "Venue: the exchange does not send Order (D); the client does, on NR, RT: \
                     name them with `client = …`";
        check("D", exchange, Some("NR"), true, wrong);
        let wrong = "Venue: the exchange does not send Report (8) on RT, but on NR, DC";
        check("8", exchange, Some("RT"), true, wrong);
        // Where the dictionary says nothing, any session of the dialect will do, and no other's.
        for unstated in ["B", "U77"] {
            check(unstated, client, Some("MD"), true, "");
            check(
                unstated,
                client,
                Some("MD"),
                false,
                "Venue: `other::NR` is a session of another dialect",
            );
        }
        // What is no session of a dialect carries what it likes.
        check("D", client, None, false, "");
        let held = Held::message(None, "D");
        held.check_session("", "NR", client, Some("NR"), false).stop();
    }

    #[test]
    fn types_tell_what_they_are() {
        struct Venue;
        struct Other;
        macro_rules! dialect {
            ($($name:ident)*) => {
                $(impl Dialect for $name {
                    type Message<'a> = NoMessage;
                    type Storage = ();

                    const TABLES: &'static Tables = &TABLES;

                    fn build(
                        _: usize,
                        _: &mut Slots<'_, '_, ()>,
                        _: &mut Option<NoMessage>,
                    ) -> Result<(), Refused> {
                        Err(Refused)
                    }

                    fn recycle(_: &mut NoMessage, (): &mut ()) {}
                })*
            };
        }
        dialect!(Venue Other);
        struct Orders;
        impl Session for Orders {
            type Dialect = Venue;
            const NAME: &'static str = "NR";
        }
        struct Mine;
        assert_eq!(OfSession::<Orders>::NAME, Some("NR"));
        assert_eq!(OfSession::<Mine>::NAME, None);
        const { assert!(OfDialect::<Orders, Venue>::SAME) };
        const { assert!(!OfDialect::<Orders, Other>::SAME) };
        const { assert!(!OfDialect::<Mine, Venue>::SAME) };
    }
}
