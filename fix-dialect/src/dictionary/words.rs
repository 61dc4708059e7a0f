//! The rules of a dictionary in plain English, for documentation and for terminals.

use super::condition::{Condition, Side};
use super::model::{Dictionary, FieldDefinition, FieldId, Group, Member, MemberKind};
use super::value_rule::ValueRule;
use crate::{Decimal, Prices};

impl Dictionary {
    /// What a member must obey in its place, one sentence a rule: when it must or must not be there, what its value must
    /// be, how many entries it may have. Nothing for what `required` says by itself.
    ///
    /// ```
    /// use fix_dialect::dictionary::Dictionary;
    ///
    /// let source = "<fix type='FIX' major='4' minor='4'>
    ///   <messages>
    ///     <message name='Order' msgtype='D' msgcat='app'>
    ///       <field name='TimeInForce' required='N'/>
    ///       <field name='Price' required='N' x-when='TimeInForce=6' x-value='1..99 step 1 when cents'/>
    ///     </message>
    ///   </messages>
    ///   <fields>
    ///     <field number='44' name='Price' type='PRICE'/>
    ///     <field number='59' name='TimeInForce' type='CHAR'><value enum='6' description='GTD'/></field>
    ///   </fields>
    /// </fix>";
    /// let dictionary = Dictionary::parse(source, "example.xml").unwrap();
    /// assert_eq!(
    ///     dictionary.member_rules(&dictionary.messages[0].members[1]),
    ///     [
    ///         "Required when TimeInForce is 6 (GTD).",
    ///         "Must be a whole number from 1 to 99 when prices are in cents.",
    ///     ]
    /// );
    /// ```
    #[must_use]
    pub fn member_rules(&self, member: &Member) -> Vec<String> {
        let mut rules = Vec::new();
        if let Some(when) = &member.when {
            rules.push(format!("Required when {}.", self.condition_words(when)));
        }
        if let Some(never) = &member.never {
            rules.push(format!("Not allowed when {}.", self.condition_words(never)));
        }
        for rule in &member.values {
            let what = value_words(rule);
            rules.push(match &rule.when {
                Some(when) => format!("Must be {what} when {}.", self.condition_words(when)),
                None => format!("Must be {what}."),
            });
        }
        if let MemberKind::Group(group) = &member.kind {
            rules.extend(entries(group));
        }
        rules
    }

    /// What the values of a field must obey wherever it is, one sentence a rule: length, range, step, where the length
    /// of data is, and whether the value is secret.
    #[must_use]
    pub fn field_rules(&self, field: &FieldDefinition) -> Vec<String> {
        let mut rules = Vec::new();
        if let Some(most) = field.max_length {
            let bytes = if most == 1 { "byte" } else { "bytes" };
            rules.push(format!("At most {most} {bytes}."));
        }
        if field.min.is_some() || field.max.is_some() || field.step.is_some() {
            rules.push(format!(
                "Must be {}.",
                number_words(field.min, field.max, field.step)
            ));
        }
        if let Some(length) = field.length_field {
            let FieldDefinition { name, tag, .. } = self.field(length);
            rules.push(format!("Its length is in {name} ({tag})."));
        }
        if field.secret {
            rules.push("Secret: its value is never shown.".to_owned());
        }
        rules
    }

    /// A condition as the end of a sentence that begins with "when".
    #[must_use]
    pub fn condition_words(&self, condition: &Condition) -> String {
        let join = |parts: &[Condition], word: &str| {
            let parts: Vec<String> = parts.iter().map(|part| self.condition_words(part)).collect();
            parts.join(word)
        };
        let name = |id: FieldId| &self.field(id).name;
        match condition {
            Condition::All(parts) => join(parts, " and "),
            // "A and B, or C": what binds tighter stands closer together.
            Condition::Any(parts) if parts.iter().any(|part| matches!(part, Condition::All(_))) => {
                join(parts, ", or ")
            }
            Condition::Any(parts) => self.same_field(parts).unwrap_or_else(|| join(parts, " or ")),
            Condition::Equals { field, value } => {
                format!("{} is {}", name(*field), self.value_named(*field, value))
            }
            Condition::Differs { field, value } => {
                format!("{} is not {}", name(*field), self.value_named(*field, value))
            }
            Condition::Present(field) => format!("{} is there", name(*field)),
            Condition::Absent(field) => format!("{} is not there", name(*field)),
            Condition::SentBy(Side::Client) => "the client sends the message".to_owned(),
            Condition::SentBy(Side::Exchange) => "the exchange sends the message".to_owned(),
            Condition::Prices(Prices::Cents) => "prices are in cents".to_owned(),
            Condition::Prices(Prices::Dollars) => "prices are in dollars".to_owned(),
            Condition::OnSession(names) => format!("the session is {}", list(names)),
            Condition::OffSession(names) => format!("the session is not {}", list(names)),
        }
    }

    /// `ExecType is A (PENDING_NEW), 6 (PENDING_CANCEL) or E (PENDING_REPLACE)`: several values of one field.
    fn same_field(&self, parts: &[Condition]) -> Option<String> {
        let mut values = Vec::new();
        let mut of = None;
        for part in parts {
            let Condition::Equals { field, value } = part else {
                return None;
            };
            if *of.get_or_insert(*field) != *field {
                return None;
            }
            values.push(self.value_named(*field, value));
        }
        Some(format!("{} is {}", self.field(of?).name, list(&values)))
    }

    /// A value, with its name in parentheses where the field lists it.
    fn value_named(&self, field: FieldId, wire: &str) -> String {
        let listed = self.field(field).values.iter().find(|value| value.wire == wire);
        match listed.map(|value| value.name.as_ref().unwrap_or(&value.description)) {
            Some(name) if !name.is_empty() => format!("{wire} ({name})"),
            _ => wire.to_owned(),
        }
    }

    /// Rules of `x-value` in their grammar, with single spaces between the words.
    #[must_use]
    pub fn value_rules_text(&self, rules: &[ValueRule]) -> String {
        let texts: Vec<String> = rules
            .iter()
            .map(|rule| {
                let mut text = rule.limits_text();
                if let Some(when) = &rule.when {
                    text = format!("{text} when {}", self.condition_text(when));
                }
                text
            })
            .collect();
        texts.join("; ")
    }
}

impl ValueRule {
    /// The rule in its grammar, without its condition: `=Y`, `1..99 step 1`.
    fn limits_text(&self) -> String {
        if let Some(value) = &self.equals {
            return format!("={value}");
        }
        let number = |number: Option<Decimal>| number.map(|number| number.to_string()).unwrap_or_default();
        let range = (self.min.is_some() || self.max.is_some())
            .then(|| format!("{}..{}", number(self.min), number(self.max)));
        let step = self.step.map(|step| format!("step {step}"));
        let parts: Vec<String> = range.into_iter().chain(step).collect();
        parts.join(" ")
    }
}

fn value_words(rule: &ValueRule) -> String {
    match &rule.equals {
        Some(value) => value.clone(),
        None => number_words(rule.min, rule.max, rule.step),
    }
}

/// `a whole number from 1 to 99`, `at least 0`, `a multiple of 0.01 from 0 to 1`.
fn number_words(min: Option<Decimal>, max: Option<Decimal>, step: Option<Decimal>) -> String {
    let step = step.map(|step| {
        if step == Decimal::ONE {
            "a whole number".to_owned()
        } else {
            format!("a multiple of {step}")
        }
    });
    let range = match (min, max) {
        (Some(min), Some(max)) if min == max => Some(format!("equal to {min}")),
        (Some(min), Some(max)) => Some(format!("from {min} to {max}")),
        (Some(min), None) => Some(format!("at least {min}")),
        (None, Some(max)) => Some(format!("at most {max}")),
        (None, None) => None,
    };
    // "a whole number, at least 1", and "a whole number from 1 to 99".
    let between = if min.is_some() && max.is_some() && min != max {
        " "
    } else {
        ", "
    };
    let parts: Vec<String> = step.into_iter().chain(range).collect();
    parts.join(between)
}

fn entries(group: &Group) -> Vec<String> {
    let named = |number: u32| {
        if number == 1 {
            "1 entry".to_owned()
        } else {
            format!("{number} entries")
        }
    };
    let number = match (group.min_entries, group.max_entries) {
        (Some(min), Some(max)) if min == max => Some(format!("Has exactly {}.", named(min))),
        (Some(min), Some(max)) => Some(format!("Has from {min} to {}.", named(max))),
        (Some(min), None) => Some(format!("Has at least {}.", named(min))),
        (None, Some(max)) => Some(format!("Has at most {}.", named(max))),
        (None, None) => None,
    };
    let any = group
        .any_delimiter
        .then(|| "An entry may begin with any of its members.".to_owned());
    number.into_iter().chain(any).collect()
}

/// `A`, `A or B`, `A, B or C`.
fn list(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [only] => only.clone(),
        [front @ .., last] => format!("{} or {last}", front.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dictionary(member: &str, field: &str) -> Dictionary {
        let source = format!(
            "<fix type='FIX' major='4' minor='4' x-sessions='NR RT MD'>
               <messages>
                 <message name='Order' msgtype='D' msgcat='app'>
                   {member}<field name='Side' required='N'/><field name='Account' required='N'/>
                 </message>
               </messages>
               <fields>
                 <field number='44' name='Price' type='PRICE' {field}/><field number='1' name='Account' type='STRING'/>
                 <field number='54' name='Side' type='CHAR'>
                   <value enum='1' description='BUY'/><value enum='2' description='SELL' x-name='Sell'/>
                 </field>
                 <field number='453' name='NoPartyIDs' type='NUMINGROUP'/><field number='448' name='PartyID' type='STRING'/>
               </fields></fix>"
        );
        Dictionary::parse(&source, "words.xml").unwrap_or_else(|faults| panic!("{faults}"))
    }

    #[test]
    fn rules_of_a_place() {
        let check = |attributes: &str, expected: &[&str]| {
            let dictionary = dictionary(&format!("<field name='Price' required='N' {attributes}/>"), "");
            let rules = dictionary.member_rules(&dictionary.messages[0].members[0]);
            assert_eq!(rules, expected, "{attributes}");
        };
        check("", &[]);
        check("x-when='Side=1'", &["Required when Side is 1 (BUY)."]);
        check("x-when='Side!=2'", &["Required when Side is not 2 (Sell)."]);
        check(
            "x-when='Side=1 or Side=2'",
            &["Required when Side is 1 (BUY) or 2 (Sell)."],
        );
        check(
            "x-when='Account and !Side or client'",
            &["Required when Account is there and Side is not there, or the client sends the message."],
        );
        check(
            "x-when='exchange'",
            &["Required when the exchange sends the message."],
        );
        check("x-never='on:NR'", &["Not allowed when the session is NR."]);
        check(
            "x-never='!on:NR,RT,MD'",
            &["Not allowed when the session is not NR, RT or MD."],
        );
        check("x-value='=5'", &["Must be 5."]);
        check("x-value='0..'", &["Must be at least 0."]);
        check(
            "x-value='..1 step 0.1'",
            &["Must be a multiple of 0.1, at most 1."],
        );
        check("x-value='1..1'", &["Must be equal to 1."]);
        check(
            "x-value='1..99 step 1 when cents; 0.1..0.9 step 0.1 when dollars'",
            &[
                "Must be a whole number from 1 to 99 when prices are in cents.",
                "Must be a multiple of 0.1 from 0.1 to 0.9 when prices are in dollars.",
            ],
        );
    }

    #[test]
    fn rules_of_a_group() {
        let check = |attributes: &str, expected: &[&str]| {
            let group = "<field name='PartyID' required='N'/></group>";
            let dictionary = dictionary(
                &format!("<group name='NoPartyIDs' required='N' {attributes}>{group}"),
                "",
            );
            assert_eq!(
                dictionary.member_rules(&dictionary.messages[0].members[0]),
                expected,
                "{attributes}"
            );
        };
        check("x-max-entries='1'", &["Has at most 1 entry."]);
        check("x-min-entries='2'", &["Has at least 2 entries."]);
        check("x-min-entries='2' x-max-entries='2'", &["Has exactly 2 entries."]);
        check(
            "x-min-entries='1' x-max-entries='9'",
            &["Has from 1 to 9 entries."],
        );
        check(
            "x-delimiter='any'",
            &["An entry may begin with any of its members."],
        );
    }

    #[test]
    fn rules_of_a_field() {
        let check = |attributes: &str, expected: &[&str]| {
            let dictionary = dictionary("<field name='Price' required='N'/>", attributes);
            assert_eq!(
                dictionary.field_rules(&dictionary.fields[0]),
                expected,
                "{attributes}"
            );
        };
        check("", &[]);
        check("x-max-length='64'", &["At most 64 bytes."]);
        check(
            "x-min='0' x-max='63' x-step='1'",
            &["Must be a whole number from 0 to 63."],
        );
        check("x-step='0.01'", &["Must be a multiple of 0.01."]);
        check("x-secret='Y'", &["Secret: its value is never shown."]);
    }

    #[test]
    fn value_rules_are_written_as_they_are_read() {
        for text in [
            "=Y when Side=1",
            "1..99 step 1 when cents; 0.1.. when dollars",
            "..1",
            "step 0.01",
        ] {
            let dictionary = dictionary(
                &format!(
                    "<field name='Price' required='N' x-value='{}'/>",
                    text.replace('Y', "5")
                ),
                "",
            );
            let rules = &dictionary.messages[0].members[0].values;
            assert_eq!(dictionary.value_rules_text(rules), text.replace('Y', "5"));
        }
    }
}
