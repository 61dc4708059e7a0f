//! Every fault of a user's declaration, as data: line and column of the declaration, and the message.

use proc_macro2::TokenStream;

use crate::runtime::Runtime;

fn derive_message(input: TokenStream) -> TokenStream {
    super::derive_message(Runtime::FixDialect, input)
}

fn derive_group(input: TokenStream) -> TokenStream {
    super::derive_group(Runtime::FixDialect, input)
}

fn derive_enum(input: TokenStream) -> TokenStream {
    super::enums::derive(Runtime::FixDialect, input)
}

/// The errors that a derive expands to, with their places.
fn errors(expanded: TokenStream) -> Vec<String> {
    let root = env!("CARGO_MANIFEST_DIR");
    let file: syn::File = syn::parse2(expanded).expect("generated code is Rust");
    file.items
        .iter()
        .filter_map(|item| match item {
            syn::Item::Macro(item) => Some(&item.mac),
            _ => None,
        })
        .filter(|mac| {
            mac.path
                .segments
                .last()
                .is_some_and(|last| last.ident == "compile_error")
        })
        .map(|mac| {
            let message: syn::LitStr = syn::parse2(mac.tokens.clone()).expect("a message");
            let place = mac.path.segments[0].ident.span().start();
            let text = message.value().replace(root, "<package>");
            format!("{}:{}: {text}", place.line, place.column + 1)
        })
        .collect()
}

fn check(derive: fn(TokenStream) -> TokenStream, source: &str, expected: &[&str]) {
    let input = source.parse().expect("tokens");
    assert_eq!(errors(derive(input)), expected, "{source}");
}

#[test]
fn messages_at_fault() {
    let check = |source, expected: &[&str]| check(derive_message, source, expected);
    check(
        "struct M;",
        &["1:8: a message needs its MsgType (35): `#[fix(msg_type = \"…\")]`"],
    );
    check(
        "#[fix(msg_typ = \"U1\")] struct M;",
        &["1:7: no key `msg_typ` in `#[fix(…)]` of a message; did you mean `msg_type`?"],
    );
    check(
        "#[fix(msg_type = \"U 1\")] struct M;",
        &["1:18: \"U 1\" is no MsgType (35): expected letters and digits, such as \"U77\""],
    );
    check(
        "#[fix(msg_type = 5)] struct M;",
        &["1:18: expected a text in quotes: `msg_type = \"5\"`"],
    );
    // What stands behind it is read all the same.
    check(
        "#[fix(msg_type = U1, client = 7)] struct M;",
        &[
            "1:18: expected a text in quotes: `msg_type = \"U1\"`",
            "1:31: expected a path, such as \"prediction::sessions::NR\"",
        ],
    );
    check(
        "#[fix(msg_type = 'D', dictionary = spec/venue.xml)] struct M;",
        &[
            "1:18: expected a text in quotes: `msg_type = \"D\"`",
            "1:36: expected a text in quotes: `dictionary = \"spec/venue.xml\"`",
        ],
    );
    check(
        "#[fix(msg_type = \"U1\", clint = kalshi_fix::prediction::sessions::NR)] struct M;",
        &["1:24: no key `clint` in `#[fix(…)]` of a message; did you mean `client`?"],
    );
    check(
        "#[fix(msg_type = \"A\", msg_type = \"B\", client = \"a b\")] struct M;",
        &["1:23: `msg_type` is given twice", "1:48: \"a b\" is no path"],
    );
    check(
        "#[fix(msg_type = \"A\")] enum M { A }",
        &[
            "1:29: a message is a struct with named fields; for the values of a field there is `#[derive(FixEnum)]`",
        ],
    );
    check(
        "#[fix(msg_type = \"A\")] struct M(u8);",
        &["1:31: a message is a struct with named fields"],
    );
    check(
        "#[fix(msg_type = \"A\")]\nstruct M<'a, 'b, T, const N: usize> {}",
        &[
            "2:14: a message may have one lifetime, that of the frame, and not a second lifetime",
            "2:18: a message may have one lifetime, that of the frame, and not a type parameter",
            "2:27: a message may have one lifetime, that of the frame, and not a const parameter",
        ],
    );
}

#[test]
fn fields_at_fault() {
    let check = |fields: &str, expected: &[&str]| {
        let source = format!("#[fix(msg_type = \"U1\")] struct M<'a> {{\n{fields}\n}}");
        check(derive_message, &source, expected);
    };
    check(
        "a: u32,",
        &[
            "2:1: `a` has no tag: add `#[fix(tag = …)]`, or what to take it from with `#[fix(dialect = …)]` or \
             `#[fix(dictionary = \"…\")]` on the struct",
        ],
    );
    check(
        "#[fix(tga = 1)] a: u32,",
        &["2:7: no key `tga` in `#[fix(…)]` of the field `a`; did you mean `tag`?"],
    );
    check(
        "#[fix(colour = 1, tag = 1)] a: u32,",
        &["2:7: no key `colour` in `#[fix(…)]` of the field `a`; expected one of `length`, `tag`, `unknown`"],
    );
    check(
        "#[fix(tag = 0)] a: u32,\n#[fix(tag = \"11\")] b: u32,\n#[fix(tag = 10000000)] c: u32,\n#[fix(tag = SIDE)] d: u32,",
        &[
            "2:13: expected a tag: a number from 1 to 9999999",
            "3:13: expected a tag: a number from 1 to 9999999",
            "4:13: expected a tag: a number from 1 to 9999999",
            "5:13: expected a tag: a number from 1 to 9999999",
        ],
    );
    check(
        "#[fix(tag = 8)] a: u32,\n#[fix(tag = 9)] b: u32,\n#[fix(tag = 10)] c: u32,\n#[fix(tag = 35)] d: u32,\n#[fix(tag = 90)] e: u32,",
        &[
            "2:13: tag 8 (BeginString) is of the standard header or trailer, which the session writes",
            "3:13: tag 9 (BodyLength) is of the standard header or trailer, which the session writes",
            "4:13: tag 10 (CheckSum) is of the standard header or trailer, which the session writes",
            "5:13: tag 35 (MsgType) is of the standard header or trailer, which the session writes",
            "6:13: tag 90 is of the standard header or trailer, which the session writes",
        ],
    );
    check(
        "#[fix(tag = 11)] a: u32,\n#[fix(tag = 11)] b: u32,\n#[fix(tag = 96, length = 11)] c: Text<'a>,",
        &[
            "3:13: tag 11 is that of `a` already",
            "4:13: tag 11 is that of `a` already",
        ],
    );
    check(
        "#[fix(tag = 1, tag = 2)] a: u32,",
        &["2:16: `tag` is given twice"],
    );
    check(
        "#[fix(tag = 453, length = 452)] a: Vec<Party>,",
        &["2:27: a group has no length field: its tag is that of its count"],
    );
    check(
        "#[fix(unknown)] a: Unknown<'a>,\n#[fix(unknown, tag = 1)] b: Unknown<'a>,",
        &[
            "3:26: the field for unknown fields has no tag of its own",
            "3:26: `a` keeps the unknown fields already",
        ],
    );
    check(
        "#[fix(tag = 1)] a: Text,\n#[fix(tag = 2)] b: Option<&str>,\n#[fix(tag = 3)] c: fix_dialect::MultipleValue<E>,",
        &[
            "2:20: `Text` borrows from the frame without a lifetime: write `Text<'a>`",
            "3:27: `&str` borrows from the frame without a lifetime: write `&'a str`",
            "4:33: `MultipleValue` borrows from the frame without a lifetime: write `MultipleValue<'a, E>`",
        ],
    );
}

#[test]
fn a_struct_without_the_lifetime_of_its_fields() {
    check(
        derive_message,
        "#[fix(msg_type = \"U1\")] struct Order {\n#[fix(tag = 1)] a: &str,\n#[fix(unknown)] b: Unknown,\n}",
        &[
            "2:20: `&str` borrows from the frame without a lifetime: write `&'a str`, and declare the struct as \
             `Order<'a>`",
            "3:20: `Unknown` borrows from the frame without a lifetime: write `Unknown<'a>`, and declare the struct as \
             `Order<'a>`",
        ],
    );
}

#[test]
fn groups_at_fault() {
    let check = |source, expected: &[&str]| check(derive_group, source, expected);
    let empty = "1:8: a group's entry needs at least one field: the first begins each entry on the wire";
    check("struct E {}", &[empty]);
    check("struct E<'a> { #[fix(unknown)] rest: Unknown<'a> }", &[empty]);
    check(
        "struct E { #[fix(tag = 1)] a: Option<u32>, #[fix(tag = 2)] b: u32 }",
        &[
            "1:28: the first field begins each entry on the wire, and `a` is optional: put a required value first",
        ],
    );
    check(
        "struct E { #[fix(tag = 1)] a: Vec<F> }",
        &[
            "1:28: the first field begins each entry on the wire, and `a` is a group: put a required value first",
        ],
    );
    check(
        "struct E { #[fix(tag = 1, length = 2)] a: Vec<u8> }",
        &[
            "1:40: the first field begins each entry on the wire, and `a` is DATA behind its length: put a required \
           value first",
        ],
    );
    check(
        "struct E;",
        &["1:8: a group's entry is a struct with named fields"],
    );
    check(
        "#[fix(msg_type = \"D\")] struct E { #[fix(tag = 1)] a: u8 }",
        &[
            "1:7: no key `msg_type` in `#[fix(…)]` of a group's entry; expected one of `crate`, `dialect`, `dictionary`, `group`, `overlay`",
        ],
    );
    check(
        "#[fix(group = \"NoPartyIDs\")] struct E { #[fix(tag = 1)] a: u8 }",
        &["1:15: `group` names a group of a dictionary: give that with `dictionary = \"…\"`"],
    );
}

#[test]
fn a_dialect_and_a_dictionary() {
    check(
        derive_message,
        "#[fix(msg_type = \"D\", dialect = Prediction, dictionary = \"tests/dictionaries/orders.xml\", overlay = \"o.xml\")] \
         struct M { #[fix(tag = 54)] side: char }",
        &[
            "1:58: `dialect` and `dictionary` are two ways to say the same: give one of them",
            "1:101: no dictionary at \"o.xml\"; tried\n  <package>/o.xml",
        ],
    );
    check(
        derive_message,
        "#[fix(msg_type = \"D\", dialect = Prediction, overlay = \"o.xml\")] struct M { side: char }",
        &["1:55: `overlay` changes a dictionary: give that with `dictionary = \"…\"`"],
    );
    check(
        derive_message,
        "#[fix(msg_type = \"D\", dialect = \"a b\")] struct M { side: char }",
        &["1:33: \"a b\" is no path"],
    );
}

#[test]
fn enums_at_fault() {
    let check = |source, expected: &[&str]| check(derive_enum, source, expected);
    check(
        "enum E { #[fix(value = '1')] A, #[fix(value = 2)] B, #[fix(value = \"3\")] C, Other(Unlisted<E>) }",
        &[
            "1:47: a number among values that are characters: all values of a field are of one type",
            "1:68: a text among values that are characters: all values of a field are of one type",
        ],
    );
    check(
        "enum E { #[fix(value = '1')] A, #[fix(value = '1')] B, C, Other(Unlisted<Self>) }",
        &[
            "1:47: the value `1` is `A` already",
            "1:56: `C` has no value: add `#[fix(value = '1')]`",
        ],
    );
    check(
        "enum E { #[fix(value = '1')] A, Other(u8) }",
        &["1:33: `Other` could hold a value that is listed: write `Other(Unlisted<Self>)`"],
    );
    check(
        "enum E { #[fix(value = '1')] A, Other(Unlisted<Side>) }",
        &["1:33: `Other` could hold a value that is listed: write `Other(Unlisted<Self>)`"],
    );
    check(
        "enum E { #[fix(value = '1')] A, Other(Unlisted<Self>), Unlisted(Unlisted<Self>) }",
        &["1:56: `Other` keeps the values that are not listed already"],
    );
    check(
        "enum E { #[fix(value = '1')] A }",
        &["1:6: the peer may send values that are not listed: add a variant `Other(Unlisted<Self>)`"],
    );
    check(
        "enum E { Other(Unlisted<Self>) }",
        &["1:6: an enum lists at least one value: `#[fix(value = '1')]` on a variant"],
    );
    check(
        "enum E { #[fix(value = 'é')] A, #[fix(value = \"\")] B, #[fix(value = 1u8)] C, #[fix(value = 1.5)] D, \
         #[fix(valeu = 1)] F, Other(Unlisted<Self>) }",
        &[
            "1:24: a CHAR is one letter, digit or sign of ASCII",
            "1:47: a text value is not empty, and has no SOH in it",
            "1:69: an INT is a number of 64 bits, without a suffix",
            "1:92: a value is a character ('1'), a number (1) or a text (\"1\")",
            "1:107: no key `valeu` in `#[fix(…)]` of the variant `F`; did you mean `value`?",
        ],
    );
    check("struct E;", &["1:8: the values of a field are an enum"]);
}

#[test]
fn what_does_not_agree_with_a_dictionary() {
    let check = |msg_type: &str, fields: &str, expected: &[&str]| {
        let source = format!(
            "#[fix(msg_type = \"{msg_type}\", dictionary = \"tests/dictionaries/orders.xml\")] struct M<'a> {{\n{fields}\n}}"
        );
        check(derive_message, &source, expected);
    };
    // Sound: tags are filled in, private ones are added.
    check(
        "D",
        "cl_ord_id: &'a str, side: char, price: Option<Decimal>, encoded: Option<Vec<u8>>,\n\
         party_ids: Option<Vec<Party>>, #[fix(tag = 20001)] strategy: Option<u32>,",
        &[],
    );
    // A message that the dictionary does not have may use its fields.
    check(
        "U1",
        "account: Option<&'a str>, #[fix(tag = 20001)] strategy: u32,",
        &[],
    );
    check(
        "D",
        "cl_ord_id: Option<&'a str>, pricee: Decimal, #[fix(tag = 44)] side: Decimal, account: &'a str, whim: u8,",
        &[
            "2:12: tests/dictionaries/orders.xml:4:20: ClOrdID (11) is required in Order (D), and `cl_ord_id` is an \
             `Option`",
            "2:29: no field of tests/dictionaries/orders.xml becomes `pricee`; did you mean `price`?",
            "2:58: tests/dictionaries/orders.xml:25:5: tag 44 is Price, and `side` is Side (54)",
            "2:78: tests/dictionaries/orders.xml:28:5: Account (1) is no member of Order (D)",
            "2:96: no field of tests/dictionaries/orders.xml becomes `whim`; give a private field its tag with \
             `#[fix(tag = …)]`",
        ],
    );
    check(
        "D",
        "cl_ord_id: &'a str,",
        &[
            "1:77: tests/dictionaries/orders.xml:5:20: Side (54) is required in Order (D), and `M` has no field for it",
        ],
    );
    check(
        "U1",
        "#[fix(tag = 20001)] side: char, #[fix(tag = 453)] count: u32, #[fix(tag = 11)] ids: Vec<Id>,",
        &[
            "2:13: tests/dictionaries/orders.xml:21:5: `side` is Side (54) in the dictionary, and has no tag 20001",
            "2:58: tests/dictionaries/orders.xml:29:5: NoPartyIDs (453) counts a group: its field is a `Vec` of entries",
            "2:85: tests/dictionaries/orders.xml:20:5: ClOrdID (11) is of type STRING, and counts no group",
        ],
    );
}

#[test]
fn dictionaries_at_fault() {
    let check = |source, expected: &[&str]| check(derive_message, source, expected);
    check(
        "#[fix(msg_type = \"D\", dictionary = \"tests/dictionaries/oders.xml\")] struct M { side: char }",
        &[
            "1:36: no dictionary at \"tests/dictionaries/oders.xml\"; tried\n  <package>/tests/dictionaries/oders.xml",
        ],
    );
    check(
        "#[fix(msg_type = \"D\", dictionary = \"tests/dictionaries/oders.xml\", overlay = \"tests/over.xml\")] struct M { side: char }",
        &[
            "1:36: no dictionary at \"tests/dictionaries/oders.xml\"; tried\n  <package>/tests/dictionaries/oders.xml",
            "1:78: no dictionary at \"tests/over.xml\"; tried\n  <package>/tests/over.xml",
        ],
    );
    check(
        "#[fix(msg_type = \"D\", overlay = \"tests/over.xml\")] struct M { #[fix(tag = 1)] side: char }",
        &["1:33: `overlay` changes a dictionary: give that with `dictionary = \"…\"`"],
    );
    check(
        "#[fix(msg_type = \"U9\", dictionary = \"tests/dictionaries/orders.xml\", overlay = \"tests/dictionaries/orders-overlay.xml\")] \
         struct M<'a> { side: char, desk: &'a str }",
        &[],
    );
    check(
        "#[fix(msg_type = \"U9\", dictionary = \"tests/dictionaries/orders.xml\", overlay = \"tests/dictionaries/orders-overlay.xml\")] \
         struct M { side: char, price: Decimal }",
        &[
            "1:145: tests/dictionaries/orders.xml:25:5: Price (44) is no member of Probe (U9)",
            "1:129: tests/dictionaries/orders-overlay.xml:6:20: Desk (20001) is required in Probe (U9), and `M` has no field for it",
        ],
    );
    check(
        "#[fix(msg_type = \"D\", dictionary = \"tests/dictionaries/orders.xml\", overlay = \"tests/dictionaries/faulty/overlay.xml\")] struct M { side: char }",
        &[
            "1:36: tests/dictionaries/faulty/overlay.xml:4:20: no field named \"Prise\"; did you mean `Price`?\n\
           tests/dictionaries/faulty/overlay.xml:8:20: tag 54 is `Side` already, defined at tests/dictionaries/orders.xml:21:5",
        ],
    );
    check(
        "#[fix(msg_type = \"D\", dictionary = \"tests/dictionaries/faulty/names.xml\")] struct M { side: char }",
        &["1:36: tests/dictionaries/faulty/names.xml:4:20: no field named \"Sidee\"; did you mean `Side`?"],
    );
    self::check(
        derive_group,
        "#[fix(dictionary = \"tests/dictionaries/orders.xml\", group = \"NoPartyID\")] struct P<'a> { party_id: &'a str }",
        &["1:61: no group \"NoPartyID\" in tests/dictionaries/orders.xml; did you mean `NoPartyIDs`?"],
    );
    self::check(
        derive_group,
        "#[fix(dictionary = \"tests/dictionaries/orders.xml\", group = \"NoPartyIDs\")] struct P<'a> { party_id: &'a str }",
        &[
            "1:83: tests/dictionaries/orders.xml:15:22: PartyRole (452) is required in NoPartyIDs (453), and `P` has no \
           field for it",
        ],
    );
}
