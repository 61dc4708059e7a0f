//! A decoder that has seen other frames sees each frame as a new one does: what is remembered of earlier messages
//! costs or saves time, and changes nothing.

use fix_dialect::Dialect;
use kalshi_fix::{margin::Margin, prediction::Prediction};
use kalshi_fix_tests::fixtures::{self, Example, Kind, SOH, frame, readable, wire};
use kalshi_fix_tests::observe::Readers;
use proptest::{collection::vec, prelude::*, sample::Index, sample::select};

mod shapes {
    use kalshi_fix::Dialect;

    /// Messages without members, with groups in groups, one tag in several scopes, and DATA.
    #[derive(Debug, Dialect)]
    #[fix(dictionary = "tests/dictionaries/shapes.xml", crate = "kalshi_fix::dialect")]
    pub(crate) struct Shapes;
}

use shapes::Shapes;

/// Each frame in turn, by readers that have seen those before it and by readers that have seen none.
fn check<D: Dialect>(frames: &[Vec<u8>]) {
    let mut warm = Readers::<D>::new();
    for (at, frame) in frames.iter().enumerate() {
        let seen = warm.observe(frame);
        let fresh = Readers::<D>::new().observe(frame);
        assert_eq!(seen, fresh, "frame {at}: {}", readable(frame));
    }
}

/// As [`check`], over bodies with their MsgType (35), as text.
fn check_shapes(bodies: &[&str]) {
    let frames: Vec<_> = bodies
        .iter()
        .map(|body| {
            let (msg_type, rest) = body.split_once('|').expect("a type and a body");
            around(msg_type.as_bytes(), &wire(rest))
        })
        .collect();
    check::<Shapes>(&frames);
}

#[test]
fn as_many_fields_with_other_tags() {
    check_shapes(&[
        "U1|11=a|54=1|38=2|",
        "U1|11=b|54=2|38=3|",
        "U1|11=b|54=2|58=x|",
        "U1|11=b|54=2|59=x|",
        "U1|11=b|54=2|38=4|",
        "U1|54=2|11=b|38=4|",
        "U1|11=b|54=2|380=4|",
        "U1|11=b|54=2|3=4|",
        "U1|11=c|54=1|38=5|",
    ]);
}

#[test]
fn another_count_of_a_group() {
    check_shapes(&[
        "U2|555=2|55=a|55=b|38=1|",
        "U2|555=2|55=c|55=d|38=2|",
        "U2|555=1|55=c|55=d|38=2|",
        "U2|555=3|55=c|55=d|38=2|",
        "U2|555=0|55=c|55=d|38=2|",
        "U2|555=x|55=c|55=d|38=2|",
        "U2|555=|55=c|55=d|38=2|",
        "U2|555=02|55=c|55=d|38=2|",
        "U2|555=2|55=e|55=f|38=3|",
    ]);
    check_shapes(&[
        "U2|555=1|55=a|453=1|448=p|58=x|",
        "U2|555=1|55=b|453=1|448=q|58=y|",
        "U2|555=1|55=b|453=0|448=q|58=y|",
        "U2|555=0|55=b|453=1|448=q|58=y|",
        "U2|555=1|55=c|453=1|448=r|58=z|",
    ]);
}

/// The message that takes a shape's place turns out to be none: nothing of it may stand in the next that has the shape.
#[test]
fn a_shape_that_gives_way_to_bytes_that_are_no_message() {
    let known = ["U1|11=a|54=1|38=2|", "U1|11=b|54=2|38=3|"];
    for misses in 1..9 {
        let mut bodies = known.to_vec();
        bodies.extend(std::iter::repeat_n("U1|58=stale|54=2|oops|", misses));
        bodies.extend(known);
        check_shapes(&bodies);
    }
}

/// Longer than a shape's patience: each shape is forgotten, and learnt again.
#[test]
fn shapes_in_turn() {
    let bodies = [
        "U2|11=a|555=1|55=a|",
        "U2|555=1|55=a|58=t|",
        "U2|555=1|55=a|38=1|",
        "U2|11=a|58=t|38=1|",
    ];
    for run in [1, 2, 3, 4, 5, 9] {
        let turns = bodies.iter().cycle().take(4 * 40);
        let frames: Vec<&str> = turns.flat_map(|body| std::iter::repeat_n(*body, run)).collect();
        check_shapes(&frames);
    }
}

#[test]
fn data_between_messages_that_repeat() {
    check_shapes(&[
        "U3|11=a|95=3|96=abc|58=x|",
        "U3|11=a|95=3|96=a|c|58=x|",
        "U3|11=a|95=3|96=abc|58=y|",
        "U3|11=a|95=1|96=abc|58=y|",
        "U3|11=a|95=8|96=abc|58=y|",
        "U3|11=a|58=3|555=1|55=y|",
        "U3|11=a|58=3|555=1|55=z|",
        "U3|11=a|95=3|96=abc|58=y|",
        "U3|555=1|55=a|354=3|355=a|c|58=y|",
        "U3|555=1|55=a|354=3|355=abc|58=y|",
        "U3|555=1|55=a|355=abc|354=3|58=y|",
        "U3|355=3|96=4|555=1|55=a|58=y|",
    ]);
}

#[test]
fn fields_that_are_none_behind_a_repeat() {
    check_shapes(&[
        "U1|11=a|54=1|38=2|",
        "U1|11=b|54=2|38=3|",
        "U1|11=b|oops|38=3|",
        "U1|11=b|54=2|oops|",
        "U1|11=b|54=2|38|",
        "U1|11=b|54=2|=3|",
        "U1|11=b|54=2||",
        "U1|11=b|54=2|038=3|",
        "U1|11=b|54=2|12345678=3|",
        "U1|11=b|54=|38=3|",
        "U1|11=c|54=1|38=4|",
    ]);
}

#[test]
fn messages_without_members() {
    check_shapes(&[
        "U0|",
        "U0|",
        "U0|58=x|",
        "U0|58=y|",
        "U0|58|",
        "U0|",
        "U0|10=1|",
        "U0|58=z|34=1|",
    ]);
}

/// Where the trailer or the header stands within the body, and a field twice.
#[test]
fn fields_where_they_must_not_be() {
    check_shapes(&[
        "U1|11=a|54=1|38=2|",
        "U1|11=a|54=1|54=2|",
        "U1|11=a|54=1|34=2|",
        "U1|11=a|54=1|10=2|",
        "U1|11=a|93=1|89=2|",
        "U1|11=a|89=1|93=2|",
        "U1|93=1|89=b|11=2|",
        "U1|11=b|54=2|38=3|",
        "U2|555=2|55=a|34=1|55=b|",
        "U2|555=2|55=a|55=b|34=1|",
        "U2|555=2|55=a|555=1|55=b|",
    ]);
}

/// More fields than are remembered, and about as many.
#[test]
fn long_messages() {
    let long = |fields: u32, tag: u32| {
        let body: Vec<String> = (0..fields).map(|at| format!("{}=v|", tag + at)).collect();
        format!("U1|{}", body.concat())
    };
    let bodies: Vec<String> = [255, 256, 257, 300]
        .into_iter()
        .flat_map(|fields| {
            [
                long(fields, 5000),
                long(fields, 5000),
                long(fields, 5001),
                long(fields, 5000),
            ]
        })
        .collect();
    let bodies: Vec<&str> = bodies.iter().map(String::as_str).collect();
    check_shapes(&bodies);
}

/// A message on its way to be altered: its type and its fields with their delimiters.
#[derive(Debug, Clone)]
struct Body {
    msg_type: Vec<u8>,
    fields: Vec<Vec<u8>>,
}

impl Body {
    fn read(frame: &[u8]) -> Body {
        let mut fields: Vec<_> = frame
            .split_inclusive(|byte| *byte == SOH)
            .map(<[u8]>::to_vec)
            .collect();
        let msg_type = fields[2][3..fields[2].len() - 1].to_vec();
        fields.pop();
        fields.drain(..7);
        Body { msg_type, fields }
    }

    fn frame(&self) -> Vec<u8> {
        around(&self.msg_type, &self.fields.concat())
    }
}

/// A frame with this body.
fn around(msg_type: &[u8], body: &[u8]) -> Vec<u8> {
    let header = wire("|49=A|56=B|34=7|52=20260821-14:30:00.125|");
    frame(&[b"35=", msg_type, &header, body].concat())
}

/// What makes another shape of a message, or damages it.
#[derive(Debug, Clone)]
enum Change {
    Drop(Index),
    Repeat(Index, Index),
    Move(Index, Index),
    Insert(Index, &'static str),
    Retag(Index, &'static str),
    Value(Index, &'static str),
    Byte(Index, Index, u8),
    Cut(Index),
}

impl Change {
    fn apply(&self, body: &mut Body) {
        let fields = &mut body.fields;
        if let Change::Insert(at, field) = self {
            fields.insert(at.index(fields.len() + 1), wire(field));
            return;
        }
        if fields.is_empty() {
            return;
        }
        let length = fields.len();
        match self {
            Change::Drop(at) => drop(fields.remove(at.index(length))),
            Change::Repeat(from, to) => fields.insert(to.index(length), fields[from.index(length)].clone()),
            Change::Move(from, to) => {
                let field = fields.remove(from.index(length));
                fields.insert(to.index(length), field);
            }
            Change::Retag(at, tag) => {
                let field = &mut fields[at.index(length)];
                let value = field.iter().position(|byte| *byte == b'=').unwrap_or(0);
                field.splice(..value, tag.bytes());
            }
            Change::Value(at, value) => {
                let field = &mut fields[at.index(length)];
                let start = field.iter().position(|byte| *byte == b'=').map_or(0, |at| at + 1);
                let end = field.len() - 1;
                field.splice(start.min(end)..end, wire(value));
            }
            Change::Byte(at, byte, to) => {
                let field = &mut fields[at.index(length)];
                let byte = byte.index(field.len());
                field[byte] = *to;
            }
            Change::Cut(at) => fields.truncate(at.index(length)),
            Change::Insert(..) => {}
        }
    }
}

const FIELDS: [&str; 12] = [
    "58=x|", "34=9|", "10=000|", "93=1|", "89=x|", "95=3|", "96=a|b|", "9999=y|", "555=1|", "oops|", "|",
    "54=1|",
];
const TAGS: [&str; 8] = ["58", "9999", "1234567", "12345678", "453", "0", "", "555"];
const VALUES: [&str; 9] = [
    "0",
    "1",
    "2",
    "3",
    "9999999999999999999999",
    "",
    "-1",
    "Y",
    "a|5=b",
];

fn change() -> impl Strategy<Value = Change> {
    let at = any::<Index>;
    prop_oneof![
        1 => at().prop_map(Change::Drop),
        1 => (at(), at()).prop_map(|(from, to)| Change::Repeat(from, to)),
        1 => (at(), at()).prop_map(|(from, to)| Change::Move(from, to)),
        1 => (at(), select(&FIELDS[..])).prop_map(|(at, field)| Change::Insert(at, field)),
        1 => (at(), select(&TAGS[..])).prop_map(|(at, tag)| Change::Retag(at, tag)),
        3 => (at(), select(&VALUES[..])).prop_map(|(at, value)| Change::Value(at, value)),
        1 => (at(), at(), any::<u8>()).prop_map(|(at, byte, to)| Change::Byte(at, byte, to)),
        1 => at().prop_map(Change::Cut),
    ]
}

/// Frames that come again and again, in any order, some of them alike but for a change or two.
///
/// They come in runs: a shape is learnt when a message comes again, and forgotten when it does not.
fn traffic(seeds: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<Vec<u8>>> {
    let variants = (select(seeds), vec(vec(change(), 0..3), 1..6)).prop_map(|(seed, variants)| {
        let variant = |changes: Vec<Change>| {
            let mut body = Body::read(&seed);
            for change in &changes {
                change.apply(&mut body);
            }
            body.frame()
        };
        variants.into_iter().map(variant).collect::<Vec<_>>()
    });
    let runs = vec((any::<Index>(), 1_usize..5), 1..14);
    (vec(variants, 1..3), runs).prop_map(|(variants, runs)| {
        let variants = variants.concat();
        runs.into_iter()
            .flat_map(|(at, times)| std::iter::repeat_n(variants[at.index(variants.len())].clone(), times))
            .collect()
    })
}

fn seeds(dialect: fixtures::Dialect) -> Vec<Vec<u8>> {
    let recorded = Kind::ALL
        .into_iter()
        .flat_map(|kind| kind.frames().into_iter().take(4));
    let examples = Example::all()
        .into_iter()
        .filter(|example| example.dialect == dialect);
    recorded.chain(examples.map(|example| example.frame())).collect()
}

fn shape_seeds() -> Vec<Vec<u8>> {
    [
        ("U0", ""),
        ("U1", "11=a|54=1|38=2|58=x|"),
        (
            "U2",
            "11=a|555=2|55=a|58=b|453=2|448=c|58=d|448=e|687=1|55=f|58=g|38=1|",
        ),
        ("U3", "11=a|95=3|96=a|c|555=1|55=y|354=3|355=abc|58=x|"),
        ("U9", "11=a|"),
    ]
    .into_iter()
    .map(|(msg_type, body)| around(msg_type.as_bytes(), &wire(body)))
    .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(150) })]

    #[test]
    fn prediction(frames in traffic(seeds(fixtures::Dialect::Prediction))) {
        check::<Prediction>(&frames);
    }

    #[test]
    fn margin(frames in traffic(seeds(fixtures::Dialect::Margin))) {
        check::<Margin>(&frames);
    }

    #[test]
    fn every_construct(frames in traffic(shape_seeds())) {
        check::<Shapes>(&frames);
    }
}
