//! What whole dictionaries are read as, and what is said about wrong ones.

mod errors;
mod hostile;

use super::Presence::{Conditional, Optional, Required};
use super::*;
use crate::FieldType;

/// A small sound dictionary with one of everything.
const SOUND: &str = r#"<?xml version='1.0' encoding='UTF-8'?>
<fix type='FIXT' major='1' minor='1' servicepack='0' x-dialect='small' x-version='7' x-sessions='RT MD'>
  <fields>
    <field number='8' name='BeginString' type='String'/>
    <field number='10' name='CheckSum' type='STRING'/>
    <field number='11' name="ClOrdID" type='STRING' x-max-length='64'/>
    <field number='38' name='OrderQty' type='QTY' x-unit='contracts' x-min='0.01'/>
    <field number='54' name='Side' type='CHAR' allowOtherValues='Y'>
      <value enum='1' description='BUY_YES' x-name='Buy' x-alias='BUY BID' x-note='Buys YES.'/>
      <value enum='2' label='SELL'/>
    </field>
    <field number='95' name='RawDataLength' type='LENGTH'/>
    <field number='96' name='RawData' type='DATA' x-secret='Y'/>
    <field number='453' name='NoPartyIDs' type='NUMINGROUP'/>
    <field number='448' name='PartyID' type='STRING'/>
    <field number='452' name='PartyRole' type='INT'/>
    <field number='141' name='ResetSeqNumFlag' type='BOOLEAN'/>
  </fields>
  <header><field name='BeginString' required='Y'/></header>
  <messages>
    <message name='Order' msgtype='D' msgcat='app' x-family='orders' x-client='RT' x-note='A new
      order.'>
      <field name='ClOrdID' required='Y'/>
      <field name='Side' required='Y'/>
      <field name='OrderQty' required='N' x-when='Side=1  and !PartyID or exchange'/>
      <component name='Parties' required='N'/>
      <field name='PartyID' required='C' x-empty='Y'/>
    </message>
    <message name='Logon' msgtype='A' msgcat='admin' x-client='all' x-exchange='all'>
      <field name='RawDataLength' required='N'/>
      <field name='RawData' required='N'/>
      <field name='ResetSeqNumFlag' required='N'/>
    </message>
  </messages>
  <components>
    <component name='Parties'>
      <group name='NoPartyIDs' required='N' x-entry='Party' x-delimiter='any'>
        <component name='PartyOnly' required='N'/>
      </group>
    </component>
    <component name='PartyOnly'><field name='PartyRole' required='N'/></component>
  </components>
  <trailer><field name='CheckSum' required='Y'/></trailer>
</fix>
"#;

fn sound() -> Dictionary {
    Dictionary::parse(SOUND, "small.xml").unwrap_or_else(|faults| panic!("{faults}"))
}

#[test]
fn a_dictionary_is_read_whole() {
    let dictionary = sound();
    assert_eq!(dictionary.begin_string(), "FIXT.1.1");
    assert_eq!(
        (dictionary.dialect.as_deref(), dictionary.version.as_deref()),
        (Some("small"), Some("7"))
    );
    assert_eq!(dictionary.sessions, ["RT", "MD"]);
    assert_eq!((dictionary.header.len(), dictionary.trailer.len()), (1, 1));

    let order = dictionary.message_by_type("D").expect("D is there");
    assert_eq!((order.name.as_str(), order.category), ("Order", Category::App));
    assert_eq!(order.family.as_deref(), Some("orders"));
    assert_eq!(order.note.as_deref(), Some("A new order."));
    assert_eq!(order.client, Sessions::Listed(vec!["RT".to_owned()]));
    assert_eq!(order.exchange, Sessions::Listed(Vec::new()));
    let names: Vec<_> = order.members.iter().map(|member| member.name.as_str()).collect();
    assert_eq!(names, ["ClOrdID", "Side", "OrderQty", "Parties", "PartyID"]);
    let presences: Vec<_> = order.members.iter().map(|member| member.presence).collect();
    assert_eq!(presences, [Required, Required, Optional, Optional, Conditional]);
    assert!(order.members[4].may_be_empty);
    let when = order.members[2].when.as_ref().expect("OrderQty has a condition");
    assert_eq!(dictionary.condition_text(when), "Side=1 and !PartyID or exchange");
    assert_eq!(order.members[0].position, Position::new(23, 20));

    let logon = dictionary.message_by_name("Logon").expect("Logon is there");
    assert_eq!((logon.category, &logon.client), (Category::Admin, &Sessions::All));
}

#[test]
fn fields_are_read_whole() {
    let dictionary = sound();
    let field = |name| dictionary.field(dictionary.field_by_name(name).expect("the field is there"));
    assert_eq!(field("BeginString").field_type, FieldType::String);
    assert_eq!(field("ClOrdID").max_length, Some(64));
    assert_eq!(field("OrderQty").unit.as_deref(), Some("contracts"));
    assert_eq!(
        field("OrderQty").min.map(|min| min.to_string()).as_deref(),
        Some("0.01")
    );
    assert_eq!(field("RawData").length_field, dictionary.field_by_tag(95));
    assert!(field("RawData").secret && !field("RawDataLength").secret);
    let side = field("Side");
    assert_eq!((side.tag, side.position), (54, Position::new(8, 5)));
    let [buy, sell] = &side.values[..] else {
        panic!("two values")
    };
    assert_eq!(
        (buy.wire.as_str(), buy.description.as_str(), buy.name.as_deref()),
        ("1", "BUY_YES", Some("Buy"))
    );
    assert_eq!(
        (&buy.aliases[..], buy.note.as_deref()),
        (&["BUY".to_owned(), "BID".to_owned()][..], Some("Buys YES."))
    );
    assert_eq!(
        (
            sell.wire.as_str(),
            sell.description.as_str(),
            sell.name.as_deref()
        ),
        ("2", "SELL", None)
    );
}

#[test]
fn groups_and_components_are_resolved() {
    let dictionary = sound();
    let parties = dictionary.component(dictionary.component_by_name("Parties").expect("Parties is there"));
    let MemberKind::Group(group) = &parties.members[0].kind else {
        panic!("a group")
    };
    assert_eq!(dictionary.field(group.count).tag, 453);
    assert_eq!(
        (group.entry.as_deref(), group.any_delimiter),
        (Some("Party"), true)
    );
    assert_eq!(
        dictionary.first_field(&group.members),
        dictionary.field_by_tag(452)
    );
    assert_eq!(
        dictionary.first_field(&parties.members),
        dictionary.field_by_tag(453)
    );
}
