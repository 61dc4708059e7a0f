//! What a diff tells of single edits.

use super::*;
use crate::dictionary::Dictionary;

const OLD: &str = "<fix type='FIXT' major='1' minor='1' x-dialect='venue' x-sessions='NR DC'>
      <messages>
        <message name='Order' msgtype='D' msgcat='app' x-client='NR'>
          <field name='ClOrdID' required='Y'/><field name='Side' required='Y'/><field name='Price' required='N'/>
        </message>
        <message name='Report' msgtype='8' msgcat='app' x-exchange='NR DC'>
          <field name='ClOrdID' required='N'/><component name='Fees' required='N'/>
        </message>
      </messages>
      <components>
        <component name='Fees'>
          <group name='NoFees' required='N' x-entry='Fee'>
            <field name='FeeAmt' required='Y'/><field name='FeeType' required='N'/>
          </group>
        </component>
      </components>
      <fields>
        <field number='11' name='ClOrdID' type='STRING' x-max-length='64'/>
        <field number='54' name='Side' type='CHAR'>
          <value enum='1' description='BUY'/><value enum='2' description='SELL'/>
        </field>
        <field number='44' name='Price' type='PRICE' x-unit='dollars'/>
        <field number='136' name='NoFees' type='NUMINGROUP'/>
        <field number='137' name='FeeAmt' type='AMT'/>
        <field number='139' name='FeeType' type='STRING'/>
      </fields></fix>";

fn diff(edits: &[(&str, &str)]) -> Diff {
    let mut new = OLD.to_owned();
    for (from, to) in edits {
        assert!(new.contains(from), "{from}");
        new = new.replace(from, to);
    }
    let load = |text| Dictionary::parse(text, "test.xml").unwrap_or_else(|faults| panic!("{faults}"));
    Diff::new(&load(OLD), &load(&new))
}

fn check(edits: &[(&str, &str)], expected: &[&str]) {
    let told: Vec<String> = diff(edits)
        .changes()
        .iter()
        .map(|change| format!("{}/{} {change}", change.receive, change.send))
        .collect();
    assert_eq!(told, expected);
}

#[test]
fn nothing_changes_without_a_change() {
    check(&[], &[]);
    let group = "<group name='NoFees' required='N' x-entry='Fee'>
            <field name='FeeAmt' required='Y'/><field name='FeeType' required='N'/>
          </group>";
    // Written out, the members are the same.
    check(&[("<component name='Fees' required='N'/>", group)], &[]);
}

#[test]
fn a_new_optional_field_in_a_group() {
    let edits = [
        (
            "<field name='FeeType' required='N'/>",
            "<field name='FeeType' required='N'/><field name='FeeRate' required='N'/>",
        ),
        (
            "<field number='139'",
            "<field number='140' name='FeeRate' type='PERCENTAGE'/><field number='139'",
        ),
    ];
    check(
        &edits,
        &[
            "additive/additive FeeRate (140): is new: PERCENTAGE",
            "additive/no change Report/NoFees: FeeRate (140) is new: optional",
        ],
    );
    assert_eq!(
        diff(&edits).verdict(),
        "For a client that receives: additive. For a client that sends: additive."
    );
}

#[test]
fn a_tag_is_used_again() {
    let edits = [
        ("number='139' name='FeeType'", "number='139' name='FeeCurrency'"),
        ("<field name='FeeType'", "<field name='FeeCurrency'"),
    ];
    check(
        &edits,
        &["breaking/breaking FeeType (139): the tag 139 is FeeCurrency now"],
    );
    let diff = diff(&edits);
    assert_eq!(diff.reused().count(), 1);
    assert!(
        diff.verdict()
            .ends_with("One number now names something else: read that change first.")
    );
}

#[test]
fn a_new_message_with_a_new_enum() {
    check(
            &[
                (
                    "</messages>",
                    "<message name='Halt' msgtype='UH' msgcat='app' x-exchange='NR'><field name='Why' required='Y'/>
                     </message></messages>",
                ),
                (
                    "<field number='44'",
                    "<field number='9001' name='Why' type='INT'><value enum='1' description='NEWS'/></field>
                     <field number='44'",
                ),
            ],
            &[
                "additive/additive Why (9001): is new: INT, 1 value",
                "additive/no change Halt (UH): is new: the exchange sends it on NR",
            ],
        );
}

#[test]
fn every_kind_of_change_is_classed_for_both_sides() {
    check(
        &[("'Price' required='N'", "'Price' required='Y'")],
        &["no change/breaking Order: Price (44) was optional and is required"],
    );
    check(
        &[("'Price' required='N'", "'Price' required='N' x-when='Side=1'")],
        &["no change/breaking Order: Price (44) was optional and is required when Side=1"],
    );
    check(
        &[("'FeeAmt' required='Y'", "'FeeAmt' required='N'")],
        &["breaking/no change Report/NoFees: FeeAmt (137) was required and is optional"],
    );
    check(
        &[("x-unit='dollars'", "x-unit='cents'")],
        &["breaking/breaking Price (44): the unit was dollars and is cents"],
    );
    check(
        &[("type='PRICE'", "type='QTY'")],
        &["cosmetic/cosmetic Price (44): the type was PRICE and is QTY"],
    );
    check(
        &[("type='PRICE'", "type='STRING'")],
        &["breaking/breaking Price (44): the type was PRICE and is STRING"],
    );
    check(
        &[("x-max-length='64'", "x-max-length='36'")],
        &["cosmetic/breaking ClOrdID (11): the greatest length was 64 and is 36"],
    );
    check(
        &[("<value enum='2' description='SELL'/>", "")],
        &["cosmetic/breaking Side (54): value 2 is gone: SELL"],
    );
    check(
        &[("description='SELL'", "description='CROSS'")],
        &["breaking/breaking Side (54): value 2 was SELL and is CROSS"],
    );
    check(
        &[("description='SELL'", "description='Sell'")],
        &["cosmetic/cosmetic Side (54): value 2 was SELL and is Sell"],
    );
    check(
        &[("x-exchange='NR DC'", "x-exchange='NR'")],
        &["breaking/no change Report: the exchange no longer sends it on DC"],
    );
    check(
        &[("x-client='NR'", "x-client='NR DC'")],
        &["no change/additive Order: the client sends it on DC now"],
    );
    check(
        &[(
            "<field name='ClOrdID' required='Y'/><field name='Side' required='Y'/>",
            "<field name='Side' required='Y'/><field name='ClOrdID' required='Y'/>",
        )],
        &["no change/cosmetic Order: members stand in another order"],
    );
    check(
        &[("x-entry='Fee'", "x-entry='Fee' x-delimiter='any'")],
        &["breaking/no change Report: entries of NoFees (136) may begin with any member now"],
    );
}

#[test]
fn both_forms_end_in_a_verdict() {
    let edits = [("x-unit='dollars'", "x-unit='cents'"), ("'BUY'", "'Buy|B'")];
    assert_eq!(
        diff(&edits).to_text(),
        "Breaking:
  [receive: breaking   send: breaking ]  Side (54): value 1 was BUY and is Buy|B
  [receive: breaking   send: breaking ]  Price (44): the unit was dollars and is cents

For a client that receives: breaking. For a client that sends: breaking.
"
    );
    assert_eq!(
        diff(&edits).to_markdown(),
        "**Verdict.** For a client that receives: breaking. For a client that sends: breaking.

### Breaking

| where | what | receiving | sending |
| --- | --- | --- | --- |
| `Side (54)` | value 1 was BUY and is Buy\\|B | breaking | breaking |
| `Price (44)` | the unit was dollars and is cents | breaking | breaking |
"
    );
}
