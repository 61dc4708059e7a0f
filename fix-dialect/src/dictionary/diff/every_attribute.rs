//! That a change of any attribute is seen. The list of attributes is the loader's own: one that is added there and not
//! compared here fails.

use std::collections::BTreeSet;

use super::*;
use crate::dictionary::Dictionary;
use crate::dictionary::attributes::{
    COMPONENT, COMPONENT_MEMBER, FIELD, FIELD_MEMBER, GROUP_MEMBER, MESSAGE, ROOT, VALUE,
};

/// A dictionary in which every attribute has a value.
const OLD: &str = "<fix type='FIXT' major='1' minor='1' servicepack='0' x-dialect='venue' x-version='1' x-sessions='NR DC'>
  <messages>
    <message name='Order' msgtype='D' msgcat='app' x-family='orders' x-client='NR' x-exchange='' x-note='Note of Order.'>
      <field name='Side' required='N' x-empty='N' x-when='Price' x-never='Hash' x-value='=1 when Hash' x-note='Note of Side here.'/>
      <field name='Price' required='N'/><field name='HashLen' required='N'/><field name='Hash' required='N'/>
      <field name='SizeLength' required='N'/>
      <group name='NoFees' required='N' x-entry='Fee' x-when='Side=1' x-never='Side=2' x-min-entries='2'
             x-max-entries='5' x-note='Note of NoFees here.'>
        <field name='FeeAmt' required='N'/><field name='FeeType' required='N'/>
      </group>
      <component name='Extra' required='N' x-when='Side=1' x-never='Side=2' x-note='Note of Extra here.'/>
    </message>
  </messages>
  <components>
    <component name='Extra' x-note='Note of Extra.'><field name='Memo' required='Y'/></component>
  </components>
  <fields>
    <field number='54' name='Side' type='CHAR'>
      <value enum='1' description='BUY' x-name='Buy' x-alias='BID' x-note='Note of 1.'/><value enum='2' label='SELL'/>
      <value enum='3' description='CROSS'/>
    </field>
    <field number='44' name='Price' type='PRICE' x-unit='dollars' x-min='1' x-max='9' x-step='0.1' x-note='Note of Price.'/>
    <field number='9000' name='HashLen' type='LENGTH'/><field number='9002' name='SizeLength' type='LENGTH'/>
    <field number='9001' name='Hash' type='DATA' x-length='HashLen' x-secret='N' x-max-length='64'/>
    <field number='136' name='NoFees' type='NUMINGROUP'/><field number='137' name='FeeAmt' type='AMT'/>
    <field number='139' name='FeeType' type='STRING'/><field number='58' name='Memo' type='STRING'/>
  </fields></fix>";

/// A line an attribute: the element, the attribute, what is replaced by what, and the change that must be told, with what it
/// means for a client that receives and for one that sends.
const EDITS: &str = "\
<fix> ~ type ~ 'FIXT' major ~ 'FIX' major ~ breaking/breaking dialect: the begin string was FIXT.1.1 and is FIX.1.1
<fix> ~ major ~ major='1' ~ major='2' ~ breaking/breaking dialect: the begin string was FIXT.1.1 and is FIXT.2.1
<fix> ~ minor ~ minor='1' ~ minor='2' ~ breaking/breaking dialect: the begin string was FIXT.1.1 and is FIXT.1.2
<fix> ~ servicepack ~ servicepack='0' ~ servicepack='2' ~ cosmetic/cosmetic dialect: the service pack was 0 and is 2
<fix> ~ x-dialect ~ 'venue' ~ 'other' ~ cosmetic/cosmetic dialect: the dialect was venue and is other
<fix> ~ x-version ~ x-version='1' ~ x-version='2' ~ cosmetic/cosmetic dialect: the version was 1 and is 2
<fix> ~ x-sessions ~ x-sessions='NR DC' ~ x-sessions='NR DC RT' ~ additive/additive dialect: the session RT is new
<message> ~ name ~ 'Order' ~ 'Ordre' ~ no change/breaking Order (D): the message type D is Ordre now
<message> ~ msgtype ~ msgtype='D' ~ msgtype='E' ~ no change/breaking Order (D): is of type E now
<message> ~ msgcat ~ msgcat='app' ~ msgcat='admin' ~ no change/breaking Order: changed its layer (session or application)
<message> ~ x-family ~ 'orders' ~ 'all' ~ no change/cosmetic Order: the family was orders and is all
<message> ~ x-client ~ x-client='NR' ~ x-client='NR DC' ~ no change/additive Order: the client sends it on DC now
<message> ~ x-exchange ~ x-exchange='' ~ x-exchange='DC' ~ additive/no change Order: the exchange sends it on DC now
<message> ~ x-note ~ Note of Order ~ Another ~ no change/cosmetic Order: the note is another: Another.
<field> of a message ~ name ~ 'Price' required ~ 'Price2' required ~ no change/breaking Order: Price (44) is gone
<field> of a message ~ required ~ 'Price' required='N' ~ 'Price' required='Y' ~ no change/breaking Order: Price (44) was optional and is required
<field> of a message ~ x-empty ~ x-empty='N' ~ x-empty='Y' ~ no change/additive Order: Side (54) may be empty now
<field> of a message ~ x-when ~ x-when='Price' ~ x-when='!Price' ~ no change/breaking Order: Side (54) was required when Price and is required when !Price
<field> of a message ~ x-never ~ x-never='Hash' ~ x-never='!Hash' ~ no change/breaking Order: Side (54) was excluded when Hash and is when !Hash
<field> of a message ~ x-value ~ '=1 when Hash' ~ '=2 when Hash' ~ no change/breaking Order: the value of Side (54) was limited here to =1 when Hash and is to =2 when Hash
<field> of a message ~ x-note ~ Note of Side here ~ Another ~ no change/cosmetic Order: Side (54): the note is another: Another.
<group> ~ name ~ <group name='NoFees' ~ <group name='NoCosts' ~ no change/breaking Order: NoFees (136) is gone
<group> ~ required ~ 'NoFees' required='N' x-entry='Fee' x-when='Side=1' ~ 'NoFees' required='Y' x-entry='Fee' ~ no change/breaking Order: NoFees (136) was required when Side=1 and is required
<group> ~ x-entry ~ x-entry='Fee' ~ x-entry='Cost' ~ no change/cosmetic Order: an entry of NoFees (136) was called Fee and is called Cost
<group> ~ x-delimiter ~ x-entry='Fee' ~ x-entry='Fee' x-delimiter='any' ~ no change/additive Order: entries of NoFees (136) may begin with any member now
<group> ~ x-when ~ 'Fee' x-when='Side=1' ~ 'Fee' x-when='Side=2' ~ no change/breaking Order: NoFees (136) was required when Side=1 and is required when Side=2
<group> ~ x-never ~ x-never='Side=2' x-min ~ x-never='Side=1' x-min ~ no change/breaking Order: NoFees (136) was excluded when Side=2 and is when Side=1
<group> ~ x-min-entries ~ x-min-entries='2' ~ x-min-entries='1' ~ no change/additive Order: the least number of entries of NoFees (136) was 2 and is 1
<group> ~ x-max-entries ~ x-max-entries='5' ~ x-max-entries='4' ~ no change/breaking Order: the greatest number of entries of NoFees (136) was 5 and is 4
<group> ~ x-note ~ Note of NoFees here ~ Another ~ no change/cosmetic Order: NoFees (136): the note is another: Another.
<component> of a message ~ name ~ <component name='Extra' required ~ <component name='Other' required ~ no change/breaking Order: Memo (58) is gone
<component> of a message ~ required ~ 'Extra' required='N' x-when='Side=1' ~ 'Extra' required='Y' ~ no change/breaking Order: Memo (58) was required when Side=1 and is required
<component> of a message ~ x-when ~ 'Extra' required='N' x-when='Side=1' ~ 'Extra' required='N' x-when='Side=2' ~ no change/breaking Order: Memo (58) was required when Side=1 and is required when Side=2
<component> of a message ~ x-never ~ x-never='Side=2' x-note='Note of Extra ~ x-never='Side=1' x-note='Note of Extra ~ no change/breaking Order: Memo (58) was excluded when Side=2 and is when Side=1
<component> of a message ~ x-note ~ Note of Extra here ~ Another ~ no change/cosmetic Order: Extra: the note is another: Another.
<component> ~ name ~ <component name='Extra' x-note ~ <component name='Extra2' x-note ~ nothing
<component> ~ x-note ~ 'Note of Extra.' ~ 'Another.' ~ cosmetic/cosmetic component Extra: the note is another: Another.
<field> ~ number ~ number='58' ~ number='59' ~ breaking/breaking Memo (58): is tag 59 now
<field> ~ name ~ 'Memo' ~ 'Remark' ~ breaking/breaking Memo (58): the tag 58 is Remark now
<field> ~ type ~ 'Memo' type='STRING' ~ 'Memo' type='INT' ~ breaking/breaking Memo (58): the type was STRING and is INT
<field> ~ x-unit ~ 'dollars' ~ 'cents' ~ breaking/breaking Price (44): the unit was dollars and is cents
<field> ~ x-length ~ x-length='HashLen' ~ x-length='SizeLength' ~ breaking/breaking Hash (9001): another field tells the length
<field> ~ x-secret ~ x-secret='N' ~ x-secret='Y' ~ cosmetic/cosmetic Hash (9001): is secret now
<field> ~ x-max-length ~ x-max-length='64' ~ x-max-length='65' ~ additive/additive Hash (9001): the greatest length was 64 and is 65
<field> ~ x-min ~ x-min='1' ~ x-min='2' ~ cosmetic/breaking Price (44): the least value was 1 and is 2
<field> ~ x-max ~ x-max='9' ~ x-max='10' ~ additive/additive Price (44): the greatest value was 9 and is 10
<field> ~ x-step ~ x-step='0.1' ~ x-step='1' ~ cosmetic/breaking Price (44): the step was 0.1 and is 1
<field> ~ x-note ~ Note of Price ~ Another ~ cosmetic/cosmetic Price (44): the note is another: Another.
<value> ~ enum ~ <value enum='3' ~ <value enum='4' ~ additive/additive Side (54): value 4 is new: CROSS
<value> ~ description ~ description='BUY' ~ description='BOUGHT' ~ cosmetic/cosmetic Side (54): value 1 was described as BUY and is as BOUGHT
<value> ~ label ~ label='SELL' ~ label='SOLD' ~ breaking/breaking Side (54): value 2 was SELL and is SOLD
<value> ~ x-name ~ x-name='Buy' ~ x-name='Bought' ~ breaking/breaking Side (54): value 1 was Buy and is Bought
<value> ~ x-alias ~ x-alias='BID' ~ x-alias='BID LONG' ~ cosmetic/cosmetic Side (54): the further names of value 1 were BID and are BID LONG
<value> ~ x-note ~ Note of 1 ~ Another ~ cosmetic/cosmetic Side (54): value 1: the note is another: Another.
";

fn edits() -> impl Iterator<Item = [&'static str; 5]> {
    EDITS.lines().map(|line| {
        let cells: Vec<&str> = line.split(" ~ ").collect();
        cells
            .try_into()
            .unwrap_or_else(|_| panic!("not five cells: {line}"))
    })
}

fn load(text: &str) -> Dictionary {
    Dictionary::parse(text, "test.xml").unwrap_or_else(|faults| panic!("{faults}"))
}

fn told(diff: &Diff) -> Vec<String> {
    diff.changes()
        .iter()
        .map(|change| format!("{}/{} {change}", change.receive, change.send))
        .collect()
}

/// What an edit of a name needs elsewhere, so that the dictionary stays sound.
const CONSEQUENCES: &[(&str, &str, &str)] = &[
    (
        "'Price2' required",
        "<field number='136'",
        "<field number='45' name='Price2' type='PRICE'/><field number='136'",
    ),
    ("'Price2' required", "x-when='Price'", ""),
    (
        "<group name='NoCosts'",
        "<field number='136'",
        "<field number='20' name='NoCosts' type='NUMINGROUP'/><field number='136'",
    ),
    (
        "<component name='Other' required",
        "<components>",
        "<components><component name='Other'><field name='FeeType' required='N'/></component>",
    ),
    (
        "<component name='Extra2' x-note",
        "<component name='Extra' required",
        "<component name='Extra2' required",
    ),
    ("'Remark'", "'Memo'", "'Remark'"),
];

#[test]
fn a_change_of_any_attribute_is_seen_and_classed() {
    let old = load(OLD);
    assert_eq!(told(&Diff::new(&old, &load(OLD))), [""; 0]);
    let mut wrong = Vec::new();
    for [element, attribute, from, edit, expected] in edits() {
        assert!(OLD.contains(from), "{element} {attribute}: {from}");
        let mut new = OLD.replacen(from, edit, 1);
        for (of, from, to) in CONSEQUENCES {
            if *of == edit {
                new = new.replace(from, to);
            }
        }
        let told = told(&Diff::new(&old, &load(&new)));
        // The name of a component is on no wire.
        let is_right = match expected {
            "nothing" => told.is_empty(),
            expected => told.iter().any(|told| told == expected),
        };
        if !is_right {
            wrong.push(format!(
                "{element} {attribute}: expected {expected}, told {told:#?}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_attribute_of_the_loader_has_an_edit() {
    let known: BTreeSet<(&str, &str)> = [
        ROOT,
        MESSAGE,
        COMPONENT,
        FIELD_MEMBER,
        GROUP_MEMBER,
        COMPONENT_MEMBER,
        FIELD,
        VALUE,
    ]
    .iter()
    .flat_map(|element| {
        element
            .attributes
            .iter()
            .map(|attribute| (element.what, *attribute))
    })
    .collect();
    let edited: BTreeSet<(&str, &str)> = edits()
        .map(|[element, attribute, ..]| (element, attribute))
        .collect();
    let forgotten: Vec<_> = known.difference(&edited).collect();
    assert!(forgotten.is_empty(), "no edit for {forgotten:?}");
    let invented: Vec<_> = edited.difference(&known).collect();
    assert!(invented.is_empty(), "no such attribute: {invented:?}");
}
