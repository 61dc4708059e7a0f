//! Errors and warnings as data: what is wrong, and the place and the words with which it is told.

use std::fmt::Write;

use super::*;

/// What is said about the sound dictionary with one text replaced, which must be there once.
fn faults_with(old: &str, new: &str) -> String {
    assert_eq!(SOUND.matches(old).count(), 1, "{old} is in the dictionary once");
    match Dictionary::parse(&SOUND.replace(old, new), "f") {
        Ok(_) => "sound".to_owned(),
        Err(faults) => faults.to_string().replace(&types(), "{types}"),
    }
}

/// All types of fields, as a message lists them.
fn types() -> String {
    let names: Vec<&str> = FieldType::ALL.iter().map(|known| known.name()).collect();
    names.join(", ")
}

/// Each error: a text of the sound dictionary, what it is replaced with, and what is said about it.
#[rustfmt::skip]
const ERRORS: &[(&str, &str, &str)] = &[
    // Names.
    ("name='Side' required",
     "name='Sidee' required",
     "f:24:20: no field named \"Sidee\"; did you mean `Side`?"),
    ("name='Parties' required",
     "name='Partys' required",
     "f:26:24: no component named \"Partys\"; did you mean `Parties`?"),
    ("name='NoPartyIDs' required",
     "name='NoParties' required",
     "f:37:20: no field named \"NoParties\"; did you mean `NoPartyIDs`?"),
    ("name='Side' required",
     "name='Quantity' required",
     "f:24:20: no field named \"Quantity\""),
    ("x-client='RT'",
     "x-client='RR'",
     "f:21:80: no session named \"RR\"; did you mean `RT`?"),
    ("type='INT'/>",
     "type='INTEGER'/>",
     "f:16:48: no field type named \"INTEGER\"; expected one of {types}"),
    ("type='INT'/>",
     "type='IMT'/>",
     "f:16:48: no field type named \"IMT\"; did you mean `INT`?"),
    ("<header>",
     "<heder>",
     "f:19:50: malformed XML: expected `</heder>`, but `</header>` was found"),
    ("<components>",
     "<components><componet name='X'/>",
     "f:35:15: <components> takes no element <componet>; did you mean `component`?"),
    // Duplicates.
    ("number='448'",
     "number='452'",
     "f:16:20: tag 452 is `PartyID` already, defined at 15:5"),
    ("name='PartyID' type",
     "name='PartyRole' type",
     "f:16:31: field \"PartyRole\" is defined twice, first at 15:5\nf:25:51: no field named \"PartyID\"\nf:27:20: no field named \"PartyID\""),
    ("<value enum='2'",
     "<value enum='1'",
     "f:10:20: value \"1\" of `Side` is listed twice, first at 9:20"),
    ("name='Logon' msgtype",
     "name='Order' msgtype",
     "f:29:20: message \"Order\" is defined twice, first at 21:5"),
    ("msgtype='A'",
     "msgtype='D'",
     "f:29:36: msgtype \"D\" is `Order` already, defined at 21:5"),
    ("<component name='PartyOnly'>",
     "<component name='Parties'>",
     "f:38:26: no component named \"PartyOnly\"\nf:41:22: component \"Parties\" is defined twice, first at 36:5"),
    ("name='PartyID' required",
     "name='ClOrdID' required",
     "f:25:51: the condition of `OrderQty` names `PartyID`, which is not in message `Order`\nf:27:20: `ClOrdID` is in message `Order` twice, first at 23:20"),
    ("name='PartyRole' required='N'/>",
     "name='PartyRole' required='N'/><field name='PartyRole' required='N'/>",
     "f:41:84: `PartyRole` is in group `NoPartyIDs` of message `Order` twice, first at 41:46"),
    ("<header>",
     "<trailer/><header>",
     "f:43:3: a second section <trailer>; put both into one"),
    ("name='RawData' required='N'",
     "name='RawData' name='X' required='N'",
     "f:31:29: attribute \"name\" is given twice"),
    ("x-sessions='RT MD'",
     "x-sessions='RT MD RT all'",
     "f:2:98: session \"RT\" is listed twice\nf:2:98: `all` stands for every session, and cannot be the name of one"),
    // Missing, or of the wrong form.
    ("<field number='10' ",
     "<field ",
     "f:5:5: <field> has no attribute \"number\""),
    ("number='10'",
     "number='0'",
     "f:5:20: \"0\" is no tag; expected a number from 1 to 9999999"),
    ("number='10'",
     "number='+10'",
     "f:5:20: \"+10\" is no tag; expected a number from 1 to 9999999"),
    ("number='10'",
     "number='10000000'",
     "f:5:20: \"10000000\" is no tag; expected a number from 1 to 9999999"),
    ("number='10'",
     "number='ten'",
     "f:5:20: \"ten\" is no tag; expected a number from 1 to 9999999"),
    ("name='CheckSum' type",
     "type",
     "f:5:5: <field> has no attribute \"name\"\nf:43:25: no field named \"CheckSum\""),
    ("name='CheckSum' type",
     "name='Check-Sum' type",
     "f:5:30: \"Check-Sum\" is no name; expected letters, digits and `_`, beginning with a letter\nf:43:25: no field named \"CheckSum\""),
    ("name='CheckSum' type='STRING'",
     "name='CheckSum'",
     "f:5:5: <field> has no attribute \"type\""),
    ("<field name='CheckSum' required='Y'/>",
     "<field required='Y'/>",
     "f:43:12: <field> has no attribute \"name\""),
    ("name='Logon' msgtype",
     "msgtype",
     "f:29:5: <message> has no attribute \"name\""),
    ("msgtype='A'",
     "msgtype=''",
     "f:29:36: attribute \"msgtype\" of <message> is empty"),
    ("msgcat='admin'",
     "msgcat='adm'",
     "f:29:47: attribute \"msgcat\" is \"adm\"; expected `admin` or `app`"),
    ("name='ClOrdID' required='Y'",
     "name='ClOrdID' required='y'",
     "f:23:39: attribute \"required\" is \"y\"; expected `Y` or `N`"),
    ("name='ClOrdID' required='Y'",
     "name='ClOrdID' requird='Y'",
     "f:23:29: <field> of a message takes no attribute \"requird\"; did you mean `required`?"),
    ("name='ClOrdID' required='Y'",
     "name='ClOrdID'",
     "f:23:7: <field> has no attribute \"required\"; expected required='Y' or required='N'"),
    ("<component name='Parties' required='N'",
     "<component name='Parties' requierd='Y'",
     "f:26:33: <component> of a message takes no attribute \"requierd\"; did you mean `required`?"),
    ("msgtype='A'",
     "msgtyp='A'",
     "f:29:27: <message> takes no attribute \"msgtyp\"; did you mean `msgtype`?"),
    ("<field number='10' ",
     "<field numbr='10' ",
     "f:5:12: <field> takes no attribute \"numbr\"; did you mean `number`?"),
    ("description='BUY_YES'",
     "descripton='BUY_YES'",
     "f:9:23: <value> takes no attribute \"descripton\"; did you mean `description`?"),
    ("servicepack='0'",
     "servicepak='0'",
     "f:2:38: <fix> takes no attribute \"servicepak\"; did you mean `servicepack`?"),
    ("<value enum='2'",
     "<value",
     "f:10:7: <value> has no attribute \"enum\""),
    ("x-empty='Y'",
     "x-empty='yes'",
     "f:27:51: attribute \"x-empty\" is \"yes\"; expected `Y` or `N`"),
    ("x-max-length='64'",
     "x-max-length='long'",
     "f:6:67: attribute \"x-max-length\" is \"long\"; expected a number of bytes"),
    ("x-min='0.01'",
     "x-min='0.01' x-max='0.001'",
     "f:7:77: the least value 0.01 is above the greatest, 0.001"),
    ("type='INT'/>",
     "type='STRING' x-min='1'/>",
     "f:16:56: `PartyRole` is a STRING, which has no range"),
    ("x-secret='Y'",
     "x-length='RawDataLen'",
     "f:13:61: no field named \"RawDataLen\"; did you mean `RawDataLength`?"),
    ("x-secret='Y'",
     "x-length='ClOrdID'",
     "f:13:61: `ClOrdID` is a STRING; a length field is a LENGTH"),
    ("type='BOOLEAN'",
     "type='BOOLEAN' x-length='RawDataLength'",
     "f:17:73: `ResetSeqNumFlag` is a BOOLEAN; only DATA and XMLDATA fields have a length field"),
    ("x-delimiter='any'",
     "x-delimiter='all'",
     "f:37:74: attribute \"x-delimiter\" is \"all\"; expected `any`"),
    ("x-entry='Party'",
     "x-entry='A party'",
     "f:37:54: \"A party\" is no name; expected letters, digits and `_`, beginning with a letter"),
    ("<component name='PartyOnly' required='N'/>",
     "",
     "f:37:7: group \"NoPartyIDs\" has no members"),
    ("type='NUMINGROUP'",
     "type='STRING'",
     "f:37:20: `NoPartyIDs` counts a group, yet is a STRING; expected NUMINGROUP"),
    ("type='FIXT' major",
     "type='FIXX' major",
     "f:2:12: attribute \"type\" is \"FIXX\"; expected `FIX` or `FIXT`; did you mean `FIX`?"),
    ("major='1'",
     "major='one'",
     "f:2:25: attribute \"major\" is \"one\"; expected a version number"),
    ("minor='1'",
     "colour='1'",
     "f:2:1: <fix> has no attribute \"minor\""),
    // Attributes of ours where they do not belong, or that are misspelt.
    ("x-empty='Y'",
     "x-emty='Y'",
     "f:27:42: <field> of a message takes no attribute \"x-emty\"; did you mean `x-empty`?"),
    ("x-empty='Y'",
     "x-entry='Y'",
     "f:27:42: <field> of a message takes no attribute \"x-entry\""),
    ("x-unit='contracts'",
     "x-units='contracts'",
     "f:7:51: <field> takes no attribute \"x-units\"; did you mean `x-unit`?"),
    // Conditions.
    ("Side=1  and !PartyID or exchange",
     "Side=1 and",
     "f:25:51: a condition is missing; expected `Name=value`, `Name`, `!Name`, …"),
    ("Side=1  and !PartyID or exchange",
     "Sied=1",
     "f:25:51: no field named \"Sied\"; did you mean `Side`?"),
    ("Side=1  and !PartyID or exchange",
     "Side=3",
     "f:25:51: \"3\" is no value of `Side`"),
    ("Side=1  and !PartyID or exchange",
     "Side=sell",
     "f:25:51: \"sell\" is no value of `Side`; did you mean `2`?"),
    ("Side=1  and !PartyID or exchange",
     "Side=SELL",
     "f:25:51: \"SELL\" is no value of `Side`; did you mean `2`?"),
    ("Side=1  and !PartyID or exchange",
     "Side is 1",
     "f:25:51: \"is\" stands between two conditions; expected `and` or `or`"),
    ("Side=1  and !PartyID or exchange",
     "RawData",
     "f:25:51: the condition of `OrderQty` names `RawData`, which is not in message `Order`"),
    ("Side=1  and !PartyID or exchange",
     "PartyRole",
     "f:25:51: the condition of `OrderQty` names `PartyRole`, which is not in message `Order`"),
    ("name='Side' required='Y'",
     "name='Side' required='Y' x-when='ClOrdID'",
     "f:24:39: a condition on a member that is always required; expected required='N'"),
    // Components in themselves.
    ("<component name='PartyOnly'>",
     "<component name='PartyOnly'><component name='PartyOnly' required='N'/>",
     "f:41:50: component `PartyOnly` contains itself: PartyOnly → PartyOnly"),
    ("<component name='PartyOnly'>",
     "<component name='PartyOnly'><component name='Parties' required='N'/>",
     "f:41:50: component `Parties` contains itself: Parties → PartyOnly → Parties"),
];

#[test]
fn errors_are_told_with_place_and_suggestion() {
    let mut wrong = String::new();
    for (old, new, expected) in ERRORS {
        let told = faults_with(old, new);
        if told != *expected {
            let _ = writeln!(wrong, "{new}\n  expected {expected:?}\n  told     {told:?}");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// Each warning: a text of the sound dictionary, what it is replaced with, and what is said about it beside the
/// `required='C'` that the dictionary has anyway.
#[rustfmt::skip]
const WARNINGS: &[(&str, &str, &str)] = &[
    ("allowOtherValues='Y'", "allowOtherValues='Y' colour='red'",
     "f:8:69: warning: <field> takes no attribute \"colour\"; it is ignored"),
    ("name='Parties' required='N'", "name='Parties'",
     "f:26:7: warning: <component> has no attribute \"required\"; it is taken as `N`"),
    ("<component name='Parties'>", "<component name='Unused'/><component name='Parties'>",
     "f:36:5: warning: component `Unused` is in no message"),
    ("<field name='ResetSeqNumFlag' required='N'/>", "",
     "f:17:5: warning: field `ResetSeqNumFlag` (141) is in no message"),
    ("type='NUMINGROUP'", "type='INT'",
     "f:37:20: warning: `NoPartyIDs` counts a group, yet is an INT; expected NUMINGROUP"),
    ("<field name='PartyRole' required='N'/>", "<field name='PartyID' required='N'/><field name='PartyRole' required='N'/>",
     "f:41:46: warning: `PartyID` is in group `NoPartyIDs` of message `Order`, and around it at 27:20: a reader cannot always tell the two apart"),
    ("name='RawDataLength' type='LENGTH'", "name='RawDataLength' type='INT'",
     "f:13:5: warning: no length field for `RawData`: add x-length, or a field named RawDataLength"),
    ("<value enum='2'", "<value enum='22'",
     "f:10:20: warning: value \"22\" of `Side` is outside its type CHAR: expected one byte"),
];

#[test]
fn warnings_are_told_with_their_place() {
    let mut wrong = String::new();
    for (old, new, expected) in WARNINGS {
        assert_eq!(SOUND.matches(old).count(), 1, "{old} is in the dictionary once");
        let told = match Dictionary::parse(&SOUND.replace(old, new), "f") {
            Ok(dictionary) => {
                let told: Vec<String> = dictionary.warnings.iter().map(ToString::to_string).collect();
                told.into_iter()
                    .filter(|warning| !warning.contains("required='C'"))
                    .collect::<Vec<_>>()
                    .join("\n")
            }
            Err(faults) => faults.to_string(),
        };
        if told != *expected {
            let _ = writeln!(wrong, "{new}\n  expected {expected:?}\n  told     {told:?}");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn all_errors_are_told_at_once_in_the_order_of_the_file() {
    let source = SOUND
        .replace("name='Side' required", "name='Sidee' required")
        .replace("number='10'", "number='ten'")
        .replace("name='CheckSum' required", "name='ChekSum' required");
    let faults = Dictionary::parse(&source, "f").expect_err("three errors");
    let lines: Vec<u32> = faults.iter().map(|fault| fault.position.line).collect();
    assert_eq!(lines, [5, 24, 43]);
    let [first, second, _] = &faults.iter().collect::<Vec<_>>()[..] else {
        panic!("three faults")
    };
    assert_eq!(
        (first.suggestion.as_deref(), second.suggestion.as_deref()),
        (None, Some("Side"))
    );
    assert_eq!((first.severity, &*first.path), (Severity::Error, "f"));
}

#[test]
fn sections_that_are_missing_are_told() {
    let check = |source: &str, expected: &str| {
        let faults = Dictionary::parse(source, "f").expect_err(source);
        assert_eq!(faults.to_string(), expected, "{source}");
    };
    check(
        "<fix type='FIX' major='4' minor='4'/>",
        "f:1:1: there is no section <fields>\nf:1:1: there is no section <messages>",
    );
    check(
        "<fixx/>",
        "f:1:1: the outermost element is <fixx>; expected <fix>",
    );
    check("", "f:1:1: there is no element; expected <fix>");
    check("<fix>", "f:1:1: malformed XML: <fix> is never closed");
}
