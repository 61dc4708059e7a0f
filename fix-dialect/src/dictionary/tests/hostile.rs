//! Files that nobody should feed to a build: the answer is an error, soon, and never a panic.

use super::*;

fn first_error(source: &str) -> String {
    let faults = Dictionary::parse(source, "f").expect_err("an error");
    faults.iter().next().expect("there is one").to_string()
}

/// A dictionary with these components, fields `A` and `N`, and a message that uses component `C0`.
fn with_components(components: &str) -> String {
    format!(
        "<fix type='FIX' major='4' minor='4'><messages><message name='M' msgtype='M' msgcat='app'>\
         <component name='C0' required='N'/></message></messages><components>{components}</components>\
         <fields><field number='1' name='A' type='STRING'/><field number='2' name='N' type='NUMINGROUP'/></fields></fix>"
    )
}

#[test]
fn a_long_chain_of_components_is_refused() {
    for order in [|name: usize| name, |name: usize| 19_999 - name] {
        let chain = (0..20_000).map(order).map(|name| {
            format!(
                "<component name='C{name}'><component name='C{}' required='N'/></component>",
                name + 1
            )
        });
        let source = with_components(&(chain.collect::<String>() + "<component name='C20000'/>"));
        let told = first_error(&source);
        assert!(
            told.ends_with("components are nested deeper than 64 levels"),
            "{told}"
        );
    }
}

#[test]
fn components_that_multiply_are_refused() {
    let level = |name: usize| {
        let inner = format!("<component name='C{}' required='N'/>", name + 1);
        let group = format!("<group name='N' required='N'>{inner}</group>");
        format!("<component name='C{name}'>{inner}{group}</component>")
    };
    let source = with_components(&((0..60).map(level).collect::<String>() + "<component name='C60'/>"));
    let faults = Dictionary::parse(&source, "f").expect_err("an error");
    assert!(
        faults
            .to_string()
            .contains("the messages have more than 5000000 members"),
        "{faults}"
    );
}

#[test]
fn a_cycle_is_told_once_and_breaks_nothing_else() {
    let source = with_components(
        "<component name='C0'><component name='C1' required='N'/></component>\
         <component name='C1'><group name='N' required='N'><component name='C2' required='N'/></group></component>\
         <component name='C2'><component name='C1' required='N'/><field name='A' required='N'/></component>",
    );
    let faults = Dictionary::parse(&source, "f").expect_err("an error");
    assert_eq!(faults.iter().count(), 1, "{faults}");
    assert!(
        faults
            .to_string()
            .ends_with("component `C1` contains itself: C1 → C2 → C1"),
        "{faults}"
    );
}

#[test]
fn errors_beyond_the_limit_are_counted() {
    let unknown: Vec<String> = (0..1000)
        .map(|index| format!("<field name='Q{index}' required='N'/>"))
        .collect();
    let source = with_components(&format!("<component name='C0'>{}</component>", unknown.concat()));
    let faults = Dictionary::parse(&source, "f").expect_err("errors");
    assert_eq!((faults.iter().count(), faults.omitted()), (Faults::LIMIT, 950));
    assert!(faults.to_string().ends_with("… and 950 more"));
}

#[test]
fn long_texts_are_cut() {
    let told = first_error(&SOUND.replace("type='INT'", &format!("type='{}'", "x".repeat(1_000_000))));
    // The types that there are stand behind it.
    assert!(told.len() < 700, "{}", told.len());
    let told = first_error(&SOUND.replace(
        "name='Side' required",
        &format!("name='{}' required", "x".repeat(1_000_000)),
    ));
    assert!(told.len() < 200, "{}", told.len());
}

#[test]
fn a_file_that_is_too_large_is_refused() {
    let source = " ".repeat((16 << 20) + 1);
    assert_eq!(first_error(&source), "f:1:1: the file is larger than 16 MiB");
}

#[test]
fn what_is_not_utf_8_is_told_with_its_place() {
    let mut bytes = SOUND.as_bytes().to_vec();
    let at = SOUND.find("BUY_YES").expect("it is there");
    bytes[at] = 0xFF;
    let faults = Dictionary::parse_bytes(&bytes, "f").expect_err("an error");
    assert_eq!(
        faults.to_string(),
        "f:9:36: the file is not UTF-8 from here on: save it as UTF-8"
    );
    assert!(Dictionary::parse_bytes(SOUND.as_bytes(), "f").is_ok());
}

#[test]
fn entities_are_refused() {
    let bomb = SOUND.replace(
        "<fix ",
        "<!DOCTYPE fix [<!ENTITY a 'aa'><!ENTITY b '&a;&a;'>]>\n<fix ",
    );
    assert_eq!(
        first_error(&bomb),
        "f:2:1: a document type definition is refused: remove the DOCTYPE declaration"
    );
    let reference = SOUND.replace("'BUY_YES'", "'&a;'");
    assert!(
        first_error(&reference).starts_with("f:9:36: malformed XML"),
        "{}",
        first_error(&reference)
    );
}

#[test]
fn a_missing_file_is_told() {
    let error = Dictionary::load("no/such/dictionary.xml").expect_err("there is no such file");
    assert!(
        error
            .to_string()
            .starts_with("dictionary no/such/dictionary.xml cannot be read: "),
        "{error}"
    );
    assert!(matches!(error, LoadError::Unreadable { .. }));
}

#[test]
fn no_damage_to_a_dictionary_causes_a_panic() {
    let damage = [b'<', b'>', b'\'', b'"', b'&', b'=', b' ', b'x', b'/', 0, 0xC3];
    for at in (0..SOUND.len()).step_by(3) {
        let mut bytes = SOUND.as_bytes().to_vec();
        bytes[at] = damage[at % damage.len()];
        let _ = Dictionary::parse_bytes(&bytes, "f");
        if at % 5 == 0 {
            let _ = Dictionary::parse(&SOUND[..at], "f");
        }
    }
}
