//! The generated code of small dictionaries, one a construct, and the derive's errors as data.

use proc_macro2::TokenStream;
use quote::quote;

use crate::runtime::Runtime;

fn derive(input: TokenStream) -> TokenStream {
    super::derive(Runtime::FixDialect, input)
}

/// The generated code, formatted, without the line that makes cargo watch the dictionary: it names this machine's path.
fn expand(dictionary: &str) -> String {
    let path = format!("tests/dictionaries/{dictionary}.xml");
    expand_with(&quote!(dictionary = #path))
}

#[test]
fn one_dictionary_a_construct() {
    for construct in [
        "scalars",
        "enums",
        "groups",
        "components",
        "data",
        "sessions",
        "rules",
    ] {
        insta::assert_snapshot!(construct, expand(construct));
    }
}

/// As [`expand`], of one dictionary with more keys.
fn expand_with(keys: &TokenStream) -> String {
    let code = derive(quote!(
        #[fix(#keys)]
        pub struct Small;
    ));
    let mut file: syn::File = syn::parse2(code).expect("generated code is Rust");
    file.items
        .retain(|item| !matches!(item, syn::Item::Const(item) if item.ident == "_"));
    let text = prettyplease::unparse(&file);
    assert!(!text.contains("compile_error"), "{text}");
    text
}

#[test]
fn only_what_the_named_messages_need_is_generated() {
    let selected = expand_with(&quote!(
        dictionary = "tests/dictionaries/selection.xml",
        transport = "tests/dictionaries/selection-transport.xml",
        messages = "Order, 8"
    ));
    insta::assert_snapshot!("selection", selected);
    for left_out in ["News", "Headline", "NoLines", "Urgency"] {
        assert!(!selected.contains(left_out), "{left_out}");
    }
}

/// The messages of the `compile_error!` invocations that a derive expands to.
fn errors(input: TokenStream) -> Vec<String> {
    let file: syn::File = syn::parse2(derive(input)).expect("generated code is Rust");
    file.items
        .iter()
        .filter_map(|item| match item {
            syn::Item::Macro(item)
                if item
                    .mac
                    .path
                    .segments
                    .last()
                    .is_some_and(|s| s.ident == "compile_error") =>
            {
                let message: syn::LitStr = syn::parse2(item.mac.tokens.clone()).expect("a message");
                Some(message.value())
            }
            _ => None,
        })
        .collect()
}

fn check(input: TokenStream, expected: &[&str]) {
    let root = env!("CARGO_MANIFEST_DIR");
    let found: Vec<String> = errors(input)
        .into_iter()
        .map(|error| error.replace(root, "<package>"))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn attributes_at_fault() {
    check(
        quote!(
            struct D;
        ),
        &["a dialect needs `#[fix(dictionary = \"path/to/dictionary.xml\")]`"],
    );
    check(
        quote!(
            #[fix(dictionery = "x.xml")]
            struct D;
        ),
        // The key that is missing is the one that is written wrongly.
        &["no key `dictionery` in `#[fix(…)]` of a dialect; did you mean `dictionary`?"],
    );
    check(
        quote!(
            #[fix(dictionary = "tests/dictionaries/data.xml", dictionary = "b.xml", colour = 3)]
            struct D;
        ),
        &[
            "`dictionary` is given twice",
            "no key `colour` in `#[fix(…)]` of a dialect; expected one of `crate`, `dictionary`, \
             `messages`, `overlay`, `transport`",
        ],
    );
    check(
        quote!(
            #[fix(dictionary = "tests/dictionaries/data.xml")]
            struct D {
                field: u8,
            }
        ),
        &["a dialect is derived for a unit struct without parameters: `struct Name;`"],
    );
    check(
        quote!(
            #[fix(dictionary = "tests/dictionaries/dada.xml")]
            struct D;
        ),
        &["no dictionary at \"tests/dictionaries/dada.xml\"; tried\n  <package>/tests/dictionaries/dada.xml"],
    );
    check(
        quote!(
            #[fix(dictionary = "tests/dictionaries")]
            struct D;
        ),
        &[
            "no dictionary at \"tests/dictionaries\"; tried\n  <package>/tests/dictionaries, which is a directory: \
             name the file in it",
        ],
    );
    // Without quotes, whichever key it is; a path may stand without.
    check(
        quote!(
            #[fix(dictionary = a.xml, overlay = b, messages = D, crate = kalshi_fix::dialect)]
            struct D;
        ),
        &[
            "expected a text in quotes: `dictionary = \"a.xml\"`",
            "expected a text in quotes: `overlay = \"b\"`",
            "expected a text in quotes: `messages = \"D\"`",
        ],
    );
}

#[test]
fn selections_at_fault() {
    check(
        quote!(
            #[fix(dictionary = "tests/dictionaries/selection.xml", messages = "Ordre, d, 8, XY")]
            struct D;
        ),
        &[
            "tests/dictionaries/selection.xml: no message has the name or the type \"Ordre\"; did you mean `Order`?",
            "tests/dictionaries/selection.xml: no message has the name or the type \"d\"; did you mean `D`?",
            "tests/dictionaries/selection.xml: no message has the name or the type \"XY\"",
        ],
    );
    for list in ["", "D,", "D,,8"] {
        check(
            quote!(
                #[fix(dictionary = "tests/dictionaries/selection.xml", messages = #list)]
                struct D;
            ),
            &["expected names or types of messages, separated by commas: \"D, 8, NewOrderSingle\""],
        );
    }
    check(
        quote!(
            #[fix(
                dictionary = "tests/dictionaries/selection.xml",
                transport = "tests/dictionaries/sessions.xml"
            )]
            struct D;
        ),
        &[
            "the dictionary does not go over this transport: tag 58 is `Text` in the transport dictionary and \
             `Headline` in the application's",
        ],
    );
}

#[test]
fn dictionaries_at_fault() {
    check(
        quote!(
            #[fix(dictionary = "tests/dictionaries/faulty/collisions.xml")]
            struct D;
        ),
        &[
            "tests/dictionaries/faulty/collisions.xml:5:20: OrderID and OrderId both become `order_id` in Rust",
            "tests/dictionaries/faulty/collisions.xml:11:7: the values 1 and 2 of Side both become `Buy` in Rust; \
             name one of them with x-name",
            "tests/dictionaries/faulty/collisions.xml:12:7: the value 3 of Side would be named `Unlisted`, which stands \
             for all other values; name it with x-name",
        ],
    );
    check(
        quote!(
            #[fix(dictionary = "tests/dictionaries/faulty/names.xml")]
            struct D;
        ),
        &["tests/dictionaries/faulty/names.xml:4:20: no field named \"Sidee\"; did you mean `Side`?"],
    );
}

/// Each derive is there twice, and what it generates names the runtime of its own.
#[test]
fn the_runtime_is_found_where_the_derive_comes_from() {
    let input = || {
        quote!(
            #[fix(dictionary = "tests/dictionaries/data.xml")]
            struct D;
        )
    };
    let stated = || {
        quote!(
            #[fix(dictionary = "tests/dictionaries/data.xml", crate = "venue::dialect")]
            struct D;
        )
    };
    let faulty = || {
        quote!(
            #[fix(dictionary = "none.xml")]
            struct D;
        )
    };
    let check = |runtime: Runtime, input: TokenStream, expected: &str| {
        let code = super::derive(runtime, input).to_string().replace(' ', "");
        for path in ["::fix_dialect::", "::kalshi_fix::dialect::", "venue::dialect::"] {
            assert_eq!(code.contains(path), path == expected, "{path}");
        }
    };
    check(Runtime::FixDialect, input(), "::fix_dialect::");
    check(Runtime::KalshiFix, input(), "::kalshi_fix::dialect::");
    check(Runtime::KalshiFix, stated(), "venue::dialect::");
    check(Runtime::KalshiFix, faulty(), "::kalshi_fix::dialect::");
}
