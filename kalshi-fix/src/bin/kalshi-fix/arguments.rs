//! What the program can be asked to do.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::numbers::{port, seed, within};
use crate::place::PlaceArguments;
use crate::place::credentials::credentials_help;

/// Tools for Kalshi's FIX gateways, and for any data dictionary in the QuickFIX format.
#[derive(Debug, Parser)]
#[command(
    name = "kalshi-fix",
    version,
    max_term_width = 80,
    after_help = "\
Exit codes:
  0  nothing found
  1  something found: errors in a dictionary, breaking changes, violations, an
     unknown name, a session that does not come about, a book that is not live
  2  wrong usage, or input that cannot be read

Example:
  kalshi-fix probe                                log on to a simulated exchange"
)]
pub(crate) struct Arguments {
    /// When to colour the output
    #[arg(long, value_enum, default_value_t = Color::Auto, global = true, value_name = "WHEN")]
    pub(crate) color: Color,
    /// What to do; without one, what there is to try
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless `NO_COLOR` is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make frames readable: from a log, a capture, or standard input
    Decode(DecodeArguments),
    /// Work with data dictionaries
    #[command(
        subcommand,
        after_help = "\
Example:
  kalshi-fix dictionary show ExecutionReport      what a message is made of"
    )]
    Dictionary(DictionaryCommand),
    /// Go to a session step by step, time each, and say what to do where it ends
    Probe(ProbeArguments),
    /// Watch order books live, or print them as they are
    Book(BookArguments),
    /// Run the simulated exchange on this machine, until Ctrl-C
    Gateway(GatewayArguments),
    /// Make an RSA key pair for an API key of the venue
    Keygen(KeygenArguments),
    /// Print a script that completes this program's commands in a shell
    #[command(after_help = "\
Example:
  directory=~/.local/share/bash-completion/completions
  mkdir -p $directory
  kalshi-fix completions bash > $directory/kalshi-fix")]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum DictionaryCommand {
    /// Lint dictionaries: every fault with its line, column and source
    Check(CheckArguments),
    /// Compare two dictionaries by what they mean to a client
    Diff(DiffArguments),
    /// Say what a message, tag or name is; an overview without one
    Show(ShowArguments),
    /// Write a reference of a dialect as a web site that needs no server
    Html(HtmlArguments),
}

/// Which dictionary to go by.
#[derive(Debug, Args)]
pub(crate) struct DialectArguments {
    /// `prediction`, `margin`, or a dictionary file
    #[arg(
        long,
        short,
        default_value = "prediction",
        value_name = "NAME|FILE",
        hide_possible_values = true
    )]
    pub(crate) dialect: String,
    #[command(flatten)]
    pub(crate) layers: Layers,
}

/// What a dictionary goes over, and what goes over it.
#[derive(Debug, Default, Args)]
pub(crate) struct Layers {
    /// A transport dictionary under it, such as FIXT11.xml under FIX50SP2.xml
    #[arg(long, value_name = "FILE")]
    pub(crate) transport: Option<PathBuf>,
    /// A file laid over it, with what it lacks
    #[arg(long, value_name = "FILE")]
    pub(crate) overlay: Option<PathBuf>,
}

/// The same for two dictionaries: for both of them, or for one.
#[derive(Debug, Args)]
pub(crate) struct LayersOfBoth {
    /// A transport dictionary under both
    #[arg(long, value_name = "FILE", conflicts_with_all = ["old_transport", "new_transport"])]
    pub(crate) transport: Option<PathBuf>,
    /// A transport dictionary under the old one only
    #[arg(long, value_name = "FILE")]
    pub(crate) old_transport: Option<PathBuf>,
    /// A transport dictionary under the new one only
    #[arg(long, value_name = "FILE")]
    pub(crate) new_transport: Option<PathBuf>,
    /// A file laid over both: what it says is no difference
    #[arg(long, value_name = "FILE", conflicts_with_all = ["old_overlay", "new_overlay"])]
    pub(crate) overlay: Option<PathBuf>,
    /// A file laid over the old one only
    #[arg(long, value_name = "FILE")]
    pub(crate) old_overlay: Option<PathBuf>,
    /// A file laid over the new one only
    #[arg(long, value_name = "FILE")]
    pub(crate) new_overlay: Option<PathBuf>,
}

impl LayersOfBoth {
    pub(crate) fn of_old(&self) -> Layers {
        self.of(self.old_transport.as_ref(), self.old_overlay.as_ref())
    }

    pub(crate) fn of_new(&self) -> Layers {
        self.of(self.new_transport.as_ref(), self.new_overlay.as_ref())
    }

    fn of(&self, transport: Option<&PathBuf>, overlay: Option<&PathBuf>) -> Layers {
        Layers {
            transport: transport.or(self.transport.as_ref()).cloned(),
            overlay: overlay.or(self.overlay.as_ref()).cloned(),
        }
    }
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kalshi-fix decode fix.log --validate            what breaks rules is marked
  kalshi-fix decode fix.log -t D -t 8 --follow    orders, reports as they come
  tail -n 1 fix.log | kalshi-fix decode --json    for another program

Frames are found with text around them, and with the separator as it is (SOH)
or as logs show it: | ^A <SOH> \\x01 \\u0001 \\001 \u{2401}

A log does not say whether its prices are cents or dollars: --validate holds
no price against a unit, a range or a step that only one of them has.

Exit codes: 0 read; 1 --validate found a breach, or a garbled or unknown frame;
2 no frame in an input that is not empty, or one that cannot be read.")]
pub(crate) struct DecodeArguments {
    /// The log or capture; standard input when it is absent or `-`
    pub(crate) file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) dialect: DialectArguments,
    /// Mark every breach of the dictionary's rules; exit with 1 for one
    #[arg(long)]
    pub(crate) validate: bool,
    /// Only messages of this type, by MsgType (35) or name; can be repeated
    #[arg(long, short = 't', value_name = "TYPE")]
    pub(crate) msg_type: Vec<String>,
    /// Keep reading as the file grows, or is rotated, until Ctrl-C
    #[arg(long, short, requires = "file")]
    pub(crate) follow: bool,
    /// One JSON object a frame and line; its "before" is what the log has in
    /// front of the frame, such as the time, if anything
    #[arg(long)]
    pub(crate) json: bool,
    /// Count frames, and with --validate violations; print nothing else
    #[arg(long, conflicts_with = "json")]
    pub(crate) count: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kalshi-fix dictionary check my.xml
  kalshi-fix dictionary check prediction --overlay my-tags.xml
  kalshi-fix dictionary check --transport FIXT11.xml FIX50SP2.xml")]
pub(crate) struct CheckArguments {
    /// The dictionaries: files, `prediction` or `margin`
    #[arg(required = true, value_name = "NAME|FILE")]
    pub(crate) dictionaries: Vec<String>,
    #[command(flatten)]
    pub(crate) layers: Layers,
    /// Exit with 1 for warnings, too
    #[arg(long)]
    pub(crate) deny_warnings: bool,
    /// The faults as one JSON array
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kalshi-fix dictionary diff old.xml new.xml --fail-on any
  kalshi-fix dictionary diff prediction new.xml --format markdown
  kalshi-fix dictionary diff prediction new.xml --overlay my-tags.xml
                                                  what the new one means with
                                                  the overlay over both
  kalshi-fix dictionary diff margin margin --new-overlay my-tags.xml
                                                  what the overlay changes")]
pub(crate) struct DiffArguments {
    /// The old dictionary: a file, `prediction` or `margin`
    pub(crate) old: String,
    /// The new dictionary: a file, `prediction` or `margin`
    pub(crate) new: String,
    #[command(flatten)]
    pub(crate) layers: LayersOfBoth,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
    /// Which changes make the exit code 1
    #[arg(long, value_enum, default_value_t = FailOn::Breaking, value_name = "CHANGES")]
    pub(crate) fail_on: FailOn,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For a terminal
    Text,
    /// For a pull request
    Markdown,
    /// For a program
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
    /// Those that break a client on either side
    Breaking,
    /// Any
    Any,
    /// None
    Never,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kalshi-fix dictionary show                      an overview
  kalshi-fix dictionary show D                    a message, by its type
  kalshi-fix dictionary show 150 --dialect margin a field, by its tag")]
pub(crate) struct ShowArguments {
    /// A message's name or type, a tag, or a field's or component's name
    #[arg(value_name = "MSG|TAG|NAME")]
    pub(crate) name: Option<String>,
    #[command(flatten)]
    pub(crate) dialect: DialectArguments,
    /// One JSON array
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  kalshi-fix dictionary html site/                then open site/index.html")]
pub(crate) struct HtmlArguments {
    /// Where to write; created when it is not there
    pub(crate) directory: PathBuf,
    #[command(flatten)]
    pub(crate) dialect: DialectArguments,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kalshi-fix gateway venue/ --bots 5              and in another terminal:
  kalshi-fix probe --gateway venue/
  kalshi-fix book --gateway venue/ HIGHNY-23DEC31")]
pub(crate) struct GatewayArguments {
    /// Where the certificate to trust, the members' keys and, while the exchange
    /// runs, a description and each member's variables (member-1.env, for a
    /// shell) are written; created when it is not there, and its keys are used
    /// again, so that clients go on with an exchange that is started anew (with
    /// --first-port). One at a time runs in a directory
    pub(crate) directory: PathBuf,
    /// A prediction market; can be repeated [default: HIGHNY-23DEC31]
    #[arg(long, value_name = "SYMBOL")]
    pub(crate) market: Vec<String>,
    /// A margin market; can be repeated [default: BTC-PERP]
    #[arg(long, value_name = "SYMBOL")]
    pub(crate) margin_market: Vec<String>,
    /// How many members there are (1 to 1000), each with an API key for every
    /// session
    #[arg(long, default_value_t = 1, value_name = "COUNT", value_parser = within::<1, 1_000>, allow_negative_numbers = true)]
    pub(crate) members: u32,
    /// What each member has, in dollars (1 to a billion), in each product
    #[arg(long, default_value_t = 10_000, value_name = "DOLLARS", value_parser = within::<1, 1_000_000_000>, allow_negative_numbers = true)]
    pub(crate) deposit: u32,
    /// How many bots trade in each market, up to 1000
    #[arg(long, default_value_t = 0, value_name = "COUNT", value_parser = within::<0, 1_000>, allow_negative_numbers = true)]
    pub(crate) bots: u32,
    /// How long it takes until one bot of each market does something again, up
    /// to an hour
    #[arg(long, default_value_t = 250, value_name = "MILLISECONDS", value_parser = within::<1, 3_600_000>, allow_negative_numbers = true)]
    pub(crate) bot_interval: u32,
    /// What chance follows from
    #[arg(long, default_value_t = 0, value_name = "NUMBER", value_parser = seed, allow_negative_numbers = true)]
    pub(crate) seed: u64,
    /// The first of the ports, in the order in which they are printed; those
    /// without TLS come behind all others. The system chooses without it
    #[arg(long, value_name = "PORT", value_parser = port, allow_negative_numbers = true)]
    pub(crate) first_port: Option<u16>,
    /// Serve every session without TLS too, for engines that speak none
    #[arg(long)]
    pub(crate) plaintext: bool,
    /// Keep sessions that retransmit in the directory, so that they resume when
    /// the exchange is started again
    #[arg(long)]
    pub(crate) keep_sessions: bool,
    /// Have things happen as lines of the standard input say: `halt SYMBOL`,
    /// `resume SYMBOL`, `close SYMBOL`, `determine SYMBOL yes|no|CENTS`,
    /// `settle SYMBOL`, `pause`, `pause trading`, `reopen`,
    /// `maintenance begin` or `maintenance end`. Each is answered by a line:
    /// `done: …`, or `refused: …` with the reason
    #[arg(long)]
    pub(crate) commands: bool,
}

/// Whose book to watch, and where.
#[derive(Debug, Args)]
#[command(after_help = concat!(
    "\
Keys: q quits, n goes from YES to NO and back, Tab goes to the next market.
Times are UTC. --color never leaves the colours out.

",
    credentials_help!(),
    "

Market data needs a key that no other session uses. The venue answers alike for
a market without orders and for a name that it does not know; where one cannot
be told from the other, such a book does not count as live.

The live screen connects again by itself. With --gateway it goes on with another
exchange that is started in the place of the one before, and says so.

Exit codes: 0 live, or the live screen was left, whatever it showed; 1 printed,
with a market without a live book; 2 no session.

Examples:
  kalshi-fix book HIGHNY-23DEC31                  simulated, until q
  kalshi-fix book --demo KXHIGHNY-26NOV23-T50     from the demo environment
  kalshi-fix book --once --levels 3 A B | less    the books as they are now"
))]
pub(crate) struct BookArguments {
    /// The markets
    ///
    /// Each is shown once. The simulated exchange inside of this command makes
    /// up whatever is named; every other has the markets that it has.
    #[arg(required = true, value_name = "SYMBOL")]
    pub(crate) symbols: Vec<String>,
    /// Start in the terms of those who trade NO; prediction only
    #[arg(long)]
    pub(crate) no: bool,
    /// Print the books as they are now; what happens when the output is no
    /// terminal
    #[arg(long)]
    pub(crate) once: bool,
    /// The same, as one JSON object a market and line
    #[arg(long)]
    pub(crate) json: bool,
    /// How many levels of each side are printed [default: 10]
    ///
    /// The live screen shows as many as it has room for.
    #[arg(long, value_name = "COUNT", allow_negative_numbers = true, value_parser = within::<1, 65_536>)]
    pub(crate) levels: Option<u32>,
    #[command(flatten)]
    pub(crate) place: PlaceArguments,
}

/// How to make a key pair.
#[derive(Debug, Args)]
#[command(after_help = "\
The private key is PKCS#8 in PEM, which nobody but its owner can read. The
public one is beside it, in FILE.pub or, for name.pem, in name.pub.pem: names
that a private key is not given. No file is ever overwritten.

Example:
  kalshi-fix keygen demo.pem                      says what to do with it")]
pub(crate) struct KeygenArguments {
    /// Where to write the private key
    pub(crate) file: PathBuf,
    /// The length of the modulus; the venue asks for 2048
    #[arg(long, value_enum, default_value_t = KeyBits::Bits2048)]
    pub(crate) bits: KeyBits,
    /// Encrypt the private key, by the passphrase in
    /// KALSHI_PRIVATE_KEY_PASSPHRASE, or by one that is asked for
    #[arg(long)]
    pub(crate) encrypt: bool,
}

/// How long a key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum KeyBits {
    /// What the venue asks for
    #[value(name = "2048")]
    Bits2048,
    /// Slower to sign with
    #[value(name = "3072")]
    Bits3072,
    /// Slower still
    #[value(name = "4096")]
    Bits4096,
}

/// Which session to try, and how long.
#[derive(Debug, Args)]
#[command(after_help = concat!(
    "\
The probe sends a logon, test requests and a logout, and nothing else. Ctrl-C
stops it: it logs out, and says what it has found by then.

",
    credentials_help!(),
    "

Exit codes: 0 all is well, as far as it came; 1 something is wrong, or it was
stopped before there was a session; 2 nothing could be tried.

Examples:
  kalshi-fix probe                                against a simulated exchange
  kalshi-fix probe --demo --session md            market data of the demo
  kalshi-fix probe --gateway venue/ --json        an exchange that runs here
  kalshi-fix probe --demo --endpoint proxy:8228   by another address"
))]
pub(crate) struct ProbeArguments {
    /// The session: order entry, the same with retransmission, drop copy, post
    /// trade, requests for quotes, market data
    #[arg(long, value_enum, default_value_t = SessionName::Nr)]
    pub(crate) session: SessionName,
    /// How many heartbeats are asked for
    #[arg(long, default_value_t = 5, value_name = "COUNT", allow_negative_numbers = true, value_parser = within::<1, 1000>)]
    pub(crate) count: u32,
    /// How long a step may take
    #[arg(long, default_value_t = 10, value_name = "SECONDS", allow_negative_numbers = true, value_parser = within::<1, 300>)]
    pub(crate) timeout: u32,
    /// Start a session that retransmits (rt, pt) anew: what is kept is lost
    #[arg(long)]
    pub(crate) reset: bool,
    /// One JSON object at the end
    ///
    /// Its clock_offset_milliseconds is positive where this machine's clock is
    /// behind the other side's, and negative where it is ahead.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) place: PlaceArguments,
}

/// A session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SessionName {
    /// KalshiNR, orders
    Nr,
    /// KalshiRT, orders with retransmission
    Rt,
    /// KalshiDC, drop copy
    Dc,
    /// KalshiPT, post trade
    Pt,
    /// KalshiRFQ, requests for quotes
    Rfq,
    /// KalshiMD, market data
    Md,
}
