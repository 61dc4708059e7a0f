//! `dictionary`: checked, compared, shown, published.

use std::path::Path;

use super::{scratch, sealed, spec, told};

#[test]
fn dictionaries_are_checked() {
    let (code, out, _) = told(
        &[
            "dictionary",
            "check",
            &spec("kalshi-prediction.xml"),
            &spec("kalshi-margin.xml"),
        ],
        "",
    );
    assert_eq!((code, &out[..]), (0, "2 files: no errors, no warnings\n"));
    // By their names, as elsewhere.
    let (code, out, _) = told(
        &["dictionary", "check", "--deny-warnings", "prediction", "margin"],
        "",
    );
    assert_eq!((code, &out[..]), (0, "2 files: no errors, no warnings\n"));
    let source = std::fs::read_to_string(spec("kalshi-margin.xml")).expect("the dictionary");
    let broken = scratch(
        "broken.xml",
        &source.replacen("'Price' required", "'Pricee' required", 1),
    );
    let (code, out, _) = told(&["dictionary", "check", &broken.to_string_lossy()], "");
    assert_eq!(code, 1);
    let mut lines = out.lines();
    let first = lines.next().unwrap_or_default();
    assert!(
        first.ends_with(": error: no field named \"Pricee\"; did you mean `Price`?"),
        "{out}"
    );
    let (shown, caret) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    assert_eq!(caret.find('^'), shown.find("Pricee"), "{out}");
    let (code, out, _) = told(&["dictionary", "check", "--json", &broken.to_string_lossy()], "");
    assert_eq!(code, 1);
    assert!(
        out.contains(r#""severity":"error","message":"no field named \"Pricee\"","suggestion":"Price"}"#),
        "{out}"
    );
    assert_eq!(told(&["dictionary", "check", "no-such-file.xml"], "").0, 2);
    let warned = scratch(
        "warned.xml",
        &source.replace(
            "</fields>",
            "<field number='9999' name='Unused' type='INT'/></fields>",
        ),
    );
    let warned = warned.to_string_lossy();
    let (code, out, _) = told(&["dictionary", "check", &warned], "");
    assert_eq!(code, 0, "{out}");
    assert!(out.ends_with("1 file: no errors, 1 warning\n"), "{out}");
    assert_eq!(
        told(&["dictionary", "check", "--deny-warnings", &warned], "").0,
        1
    );
}

const ODDITIES: &str = "\
oddities.xml:14:20: warning: `NoRelatedSym` counts a group, yet is used as a plain field
    14 |       <field name='NoRelatedSym' required=\"Y\"/>
       |                    ^

oddities.xml:15:38: warning: required='C' leaves the condition open; expected `Y` or `N`
    15 |       <field name=\"Symbol\" required='C'/>
       |                                      ^

oddities.xml:22:5: warning: component `Parties` is in no message
    22 |     <component name=\"Parties\">
       |     ^

oddities.xml:24:41: warning: required='C' leaves the condition open; expected `Y` or `N`
    24 |         <field name=\"PartyID\" required='C'/>
       |                                         ^

oddities.xml:32:5: warning: field `SecurityID` (48) is in no message
    32 |     <field number='48' name='SecurityID' type='STRING'/>
       |     ^

1 file: no errors, 5 warnings
";

/// What a venue publishes is used as it is, and its oddities are told.
#[test]
fn odd_dictionaries_pass_with_warnings() {
    let path = format!(
        "{}/tests/fixtures/dictionaries/oddities.xml",
        env!("CARGO_MANIFEST_DIR")
    );
    let (code, out, _) = told(&["dictionary", "check", &path], "");
    assert_eq!((code, &out.replace(&path, "oddities.xml")[..]), (0, ODDITIES));
    assert_eq!(told(&["dictionary", "check", "--deny-warnings", &path], "").0, 1);
    let frame = "8=FIXT.1.1|9=0|35=5|49=A|56=B|34=1|52=20260525-22:38:01|58=bye|10=0|";
    let (code, out, _) = told(&["decode", "-d", &path], &sealed(frame, "|"));
    assert_eq!((code, out.contains("Text")), (0, true), "{out}");
}

#[test]
fn a_dictionary_has_layers() {
    let application = "<fix type='FIX' major='5' minor='0' servicepack='2'>
<messages><message name='Order' msgtype='D' msgcat='app'><field name='Side' required='Y'/></message></messages>
<fields><field number='54' name='Side' type='CHAR'/></fields>
</fix>";
    let transport = "<fix type='FIXT' major='1' minor='1'>
<header><field name='BeginString' required='Y'/></header>
<messages><message name='Logout' msgtype='5' msgcat='admin'/></messages>
<fields><field number='8' name='BeginString' type='STRING'/></fields>
</fix>";
    let overlay = "<fix>
<messages><message name='Order'><field name='Strategy' required='Y'/></message></messages>
<fields><field number='20001' name='Strategy' type='STRING'/></fields>
</fix>";
    let write = |name: &str, text: &str| scratch(name, text).to_string_lossy().into_owned();
    let (application, transport_file) = (write("app.xml", application), write("transport.xml", transport));
    let overlay_file = write("overlay.xml", overlay);
    let layers = ["--transport", &transport_file, "--overlay", &overlay_file];

    let check = |layers: &[&str]| told(&[&["dictionary", "check", &application], layers].concat(), "");
    let (code, out, _) = check(&layers);
    assert_eq!((code, &out[..]), (0, "3 files: no errors, no warnings\n"));
    // A fault of an overlay is told with the overlay's line.
    let faulty = write(
        "faulty-overlay.xml",
        &overlay.replace("'Strategy' required", "'Strategie' required"),
    );
    let (code, out, _) = check(&["--overlay", &faulty]);
    let expected = format!(
        "{faulty}:2:46: error: no field named \"Strategie\"; did you mean `Strategy`?\n     2 | …ages><message"
    );
    assert!(code == 1 && out.starts_with(&expected), "{out}");
    let (_, out, _) = check(&["--overlay", &faulty, "--json"]);
    assert!(
        out.contains(r#"faulty-overlay.xml","line":2,"column":46,"#),
        "{out}"
    );
    let other = write("other-transport.xml", &transport.replace("='8'", "='54'"));
    let (code, out, _) = check(&["--transport", &other]);
    let expected = "app.xml: error: tag 54 is `BeginString` in the transport dictionary and `Side` in the \
                    application's\n\n2 files: 1 error, no warnings\n";
    assert!(code == 1 && out.ends_with(expected), "{out}");
    assert_eq!(check(&["--overlay", "no-such-file.xml"]).0, 2);

    let new = write(
        "new-app.xml",
        &std::fs::read_to_string(&application)
            .expect("it")
            .replace("'CHAR'", "'INT'"),
    );
    let diff = |layers: &[&str]| {
        told(
            &[&["dictionary", "diff", &application, &new], layers].concat(),
            "",
        )
    };
    let (code, out, _) = diff(&layers);
    assert!(
        code == 1 && out.contains("Side (54): the type was CHAR and is INT"),
        "{out}"
    );
    // One side alone has a layer, too.
    let one = |flag: &str, file: &str| {
        told(
            &["dictionary", "diff", &application, &application, flag, file],
            "",
        )
    };
    let (code, out, _) = one("--new-overlay", &overlay_file);
    assert!(code == 1 && out.contains("Strategy"), "{out}");
    let (_, other, _) = one("--old-overlay", &overlay_file);
    assert!(other.contains("Strategy") && other != out, "{other}");
    let (_, out, _) = one("--new-transport", &transport_file);
    assert!(out.contains("Logout"), "{out}");
    assert_eq!(
        one("--overlay", &overlay_file).1,
        "The two dictionaries mean the same.\n"
    );
    let both = [
        &["dictionary", "diff", &application, &new][..],
        &layers,
        &["--new-overlay", &overlay_file],
    ]
    .concat();
    assert_eq!(told(&both, "").0, 2);
    // What the overlay gives to both is no difference.
    let mine = write(
        "mine.xml",
        "<fix><fields><field name='Side' type='STRING'/></fields></fix>",
    );
    assert_eq!(
        diff(&["--overlay", &mine]).1,
        "The two dictionaries mean the same.\n"
    );
    let (_, out, _) = told(
        &[&["dictionary", "show", "Order", "-d", &application], &layers[..]].concat(),
        "",
    );
    assert!(out.contains("Strategy"), "{out}");
}

/// The overlay that the README shows is one.
#[test]
fn the_overlay_of_the_readme_is_sound() {
    let path = format!("{}/README.md", env!("CARGO_MANIFEST_DIR"));
    let readme = std::fs::read_to_string(path).expect("the README");
    let (_, sample) = readme.split_once("```xml\n").expect("a sample of XML");
    let (sample, rest) = sample.split_once("```\n").expect("its end");
    assert!(!rest.contains("```xml"), "another sample, which nothing tries");
    let overlay = scratch("my-tags.xml", sample).to_string_lossy().into_owned();
    let (code, out, error) = told(&["dictionary", "check", "prediction", "--overlay", &overlay], "");
    assert_eq!(
        (code, &out[..]),
        (0, "2 files: no errors, no warnings\n"),
        "{error}"
    );
    let (_, out, _) = told(&["dictionary", "show", "Desk", "--overlay", &overlay], "");
    assert!(
        out.contains("Desk  tag 20001, STRING") && out.contains("in NewOrderSingle, Inventory\n"),
        "{out}"
    );
    let diff = [
        "dictionary",
        "diff",
        "prediction",
        "prediction",
        "--new-overlay",
        &overlay,
    ];
    assert!(told(&diff, "").1.contains("Inventory"), "{}", told(&diff, "").1);
}

#[test]
fn dictionaries_are_compared() {
    let (code, out, _) = told(&["dictionary", "diff", "margin", &spec("kalshi-margin.xml")], "");
    assert_eq!((code, &out[..]), (0, "The two dictionaries mean the same.\n"));
    let source = std::fs::read_to_string(spec("kalshi-margin.xml")).expect("the dictionary");
    let reused = scratch("reused.xml", &source.replace("'AvgPx'", "'MeanPx'"));
    let reused = reused.to_string_lossy();
    let (code, out, _) = told(&["dictionary", "diff", "margin", &reused], "");
    assert_eq!(code, 1);
    assert!(
        out.starts_with("Numbers that name something else now:\n") && out.contains("the tag 6 is MeanPx now"),
        "{out}"
    );
    let (code, out, _) = told(
        &[
            "dictionary",
            "diff",
            "margin",
            &reused,
            "--format",
            "markdown",
            "--fail-on",
            "never",
        ],
        "",
    );
    assert_eq!(code, 0);
    assert!(out.starts_with("**Verdict.** "), "{out}");
    let (_, out, _) = told(&["dictionary", "diff", "margin", &reused, "--format", "json"], "");
    assert!(
        out.contains(r#""subject":"tag reuse","place":"AvgPx (6)""#),
        "{out}"
    );
}

#[test]
fn names_are_explained() {
    let (code, out, _) = told(&["dictionary", "show", "8"], "");
    assert_eq!(code, 0);
    assert!(
        out.contains("ExecutionReport  message 8") && out.contains("BeginString  tag 8, STRING"),
        "{out}"
    );
    let (code, _, error) = told(&["dictionary", "show", "OrderQyt"], "");
    assert_eq!(code, 1);
    assert!(error.contains("did you mean `OrderQty`?"), "{error}");
    let (_, out, _) = told(&["dictionary", "show", "Side", "--json", "-d", "margin"], "");
    assert!(
        out.starts_with("[\n{\"kind\":\"field\",\"name\":\"Side\",\"tag\":54"),
        "{out}"
    );
    assert!(told(&["dictionary", "show"], "").1.contains("order-entry"));
}

/// Whatever was meant is told with the command that shows it.
#[test]
fn unknown_names_are_met_with_names_that_there_are() {
    let check = |arguments: &[&str], expected: &str| {
        let (code, out, error) = told(&[&["dictionary", "show"], arguments].concat(), "");
        assert_eq!(
            (code, &out[..], &error[..]),
            (1, "", &*format!("kalshi-fix: {expected}\n"))
        );
    };
    check(
        &["neworderSingel"],
        "nothing in prediction is called \"neworderSingel\"; did you mean `NewOrderSingle`?",
    );
    check(
        &["MarketSettlementReport", "-d", "margin"],
        "nothing in margin is called \"MarketSettlementReport\"; prediction has it: kalshi-fix dictionary show \
         MarketSettlementReport --dialect prediction",
    );
    check(
        &["settle"],
        "nothing in prediction is called \"settle\"; names with it: MarketSettlementReport, \
         ReceiveSettlementReports, SettlementPrice, MarketSettlementReportID, TotNumMarketSettlementReports, \
         NoMarketSettlementPartyIDs, and 2 more",
    );
    check(
        &["Nothing Of The Kind"],
        "nothing in prediction is called \"Nothing Of The Kind\"; without a name, `dictionary show` lists the messages",
    );
    let (code, _, error) = told(&["decode", "-d", "margin", "-t", "QuoteRequest"], "");
    assert_eq!(
        (code, &error[..]),
        (
            2,
            "kalshi-fix: no message of margin is named \"QuoteRequest\"; prediction has it: add --dialect prediction\n"
        )
    );
}

#[test]
fn a_reference_is_written() {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("reference");
    let _ = std::fs::remove_dir_all(&directory);
    let (code, out, _) = told(&["dictionary", "html", &directory.to_string_lossy()], "");
    assert_eq!(code, 0);
    assert!(out.ends_with("open index.html\n"), "{out}");
    let page = std::fs::read_to_string(directory.join("message-NewOrderSingle.html")).expect("a page");
    assert!(page.contains("href='field-54.html'"), "{page}");
    // A long name may go on in the next line of a narrow window, between two of its words.
    assert!(page.contains("<h1>New<wbr>Order<wbr>Single <code"), "{page}");
    // Pages of another dialect that stay there are told.
    let (_, again, _) = told(&["dictionary", "html", &directory.to_string_lossy()], "");
    let (code, other, _) = told(
        &["dictionary", "html", &directory.to_string_lossy(), "-d", "margin"],
        "",
    );
    assert_eq!(
        (code, again.lines().count(), other.lines().count()),
        (0, 1, 2),
        "{other}"
    );
    assert!(
        other.contains(" pages of another dictionary, which an earlier run has left there"),
        "{other}"
    );
    // What somebody else has written is not overwritten.
    let own = Path::new(env!("CARGO_TARGET_TMPDIR")).join("own-pages");
    std::fs::create_dir_all(&own).expect("a directory");
    std::fs::write(own.join("index.html"), "my own").expect("a page");
    let (code, _, error) = told(&["dictionary", "html", &own.to_string_lossy()], "");
    let expected = format!(
        "kalshi-fix: {}/index.html is there already, and is of no reference that was written before; name another \
         directory\n",
        own.display()
    );
    assert_eq!((code, error), (2, expected));
    assert_eq!(std::fs::read_dir(&own).expect("a directory").count(), 1);
    // The way to the first page, and the dialect's name, is there in a narrow window too.
    let style = std::fs::read_to_string(directory.join("style.css")).expect("a style");
    assert!(!style.contains(".home { display: none"), "{style}");
    let file = scratch("not-a-directory", "");
    let file = file.to_string_lossy();
    let (code, _, error) = told(&["dictionary", "html", &file], "");
    let expected = format!("kalshi-fix: {file} is a file; name a directory, or one that is to be made\n");
    assert_eq!((code, error), (2, expected));
    let below = format!("{file}/site");
    let (code, _, error) = told(&["dictionary", "html", &below], "");
    let expected = format!("kalshi-fix: cannot make the directory {below}: {file} is a file\n");
    assert_eq!((code, error), (2, expected));
}
