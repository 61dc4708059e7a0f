//! A dictionary with some of its messages, and with what these are made of.

use std::collections::HashSet;

use super::model::{Category, ComponentId, Dictionary, FieldId, Index, Member, MemberKind, Message};
use super::remap::Remap;
use super::suggest::nearest;

/// A name that is neither the name nor the MsgType (35) of a message.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("no message has the name or the type \"{name}\"{}", .suggestion.as_ref().map(|name| format!("; did you mean `{name}`?")).unwrap_or_default())]
#[non_exhaustive]
pub struct UnknownMessage {
    /// What was asked for.
    pub name: String,
    /// The message that was probably meant.
    pub suggestion: Option<String>,
}

impl Dictionary {
    /// This dictionary with the messages that are named, by MsgType (35) or by name, and with all of the session layer,
    /// without which there is no session.
    ///
    /// The components, groups and fields that these messages reach come along, as do the standard header and trailer;
    /// what no message needs is left out. So a tag that only other messages have is not defined any more.
    ///
    /// ```
    /// use fix_dialect::dictionary::Dictionary;
    ///
    /// let source = "<fix type='FIX' major='4' minor='4'>
    ///   <messages>
    ///     <message name='Order' msgtype='D' msgcat='app'><field name='Side' required='Y'/></message>
    ///     <message name='News' msgtype='B' msgcat='app'><field name='Text' required='Y'/></message>
    ///     <message name='Logout' msgtype='5' msgcat='admin'/>
    ///   </messages>
    ///   <fields>
    ///     <field number='54' name='Side' type='CHAR'/><field number='58' name='Text' type='STRING'/>
    ///   </fields>
    /// </fix>";
    /// let orders = Dictionary::parse(source, "example.xml").unwrap().only(["Order"]).unwrap();
    /// assert_eq!(orders.messages.len(), 2);
    /// assert!(orders.message_by_type("5").is_some() && orders.field_by_tag(58).is_none());
    /// ```
    ///
    /// # Errors
    ///
    /// Every name that is no message's.
    pub fn only<'n>(
        &self,
        names: impl IntoIterator<Item = &'n str>,
    ) -> Result<Dictionary, Vec<UnknownMessage>> {
        let mut wanted: HashSet<&str> = HashSet::new();
        let mut unknown = Vec::new();
        for name in names {
            match self.message_by_type(name).or_else(|| self.message_by_name(name)) {
                Some(message) => {
                    wanted.insert(&message.msg_type);
                }
                None => unknown.push(UnknownMessage {
                    suggestion: self.message_like(name),
                    name: name.to_owned(),
                }),
            }
        }
        if !unknown.is_empty() {
            return Err(unknown);
        }
        let kept: Vec<&Message> = self
            .messages
            .iter()
            .filter(|message| message.category == Category::Admin || wanted.contains(&message.msg_type[..]))
            .collect();
        let mut reached = Reached {
            dictionary: self,
            fields: HashSet::new(),
            components: HashSet::new(),
        };
        reached.members(&self.header);
        reached.members(&self.trailer);
        for message in &kept {
            reached.members(&message.members);
        }
        Ok(self.reduced(&kept, &reached))
    }

    fn reduced(&self, messages: &[&Message], reached: &Reached<'_>) -> Dictionary {
        // What is not reached is never looked up.
        let mut remap = Remap {
            fields: vec![FieldId(usize::MAX); self.fields.len()],
            components: vec![ComponentId(usize::MAX); self.components.len()],
        };
        let mut index = Index::default();
        let mut fields = Vec::new();
        for (at, field) in self.fields.iter().enumerate() {
            if reached.fields.contains(&FieldId(at)) {
                let id = FieldId(fields.len());
                remap.fields[at] = id;
                index.fields_by_name.insert(field.name.clone(), id);
                index.fields_by_tag.insert(field.tag, id);
                fields.push(field.clone());
            }
        }
        for field in &mut fields {
            field.length_field = field.length_field.map(|length| remap.field(length));
        }
        let kept = |at: &usize| reached.components.contains(&ComponentId(*at));
        let places: Vec<usize> = (0..self.components.len()).filter(kept).collect();
        for (new, &old) in places.iter().enumerate() {
            remap.components[old] = ComponentId(new);
            let name = self.components[old].name.clone();
            index.components_by_name.insert(name, ComponentId(new));
        }
        let components = places
            .iter()
            .map(|&at| {
                let mut component = self.components[at].clone();
                component.members = remap.members(&component.members);
                component
            })
            .collect();
        let messages = messages
            .iter()
            .enumerate()
            .map(|(at, &message)| {
                index.messages_by_name.insert(message.name.clone(), at);
                index.messages_by_type.insert(message.msg_type.clone(), at);
                Message {
                    members: remap.members(&message.members),
                    ..message.clone()
                }
            })
            .collect();
        Dictionary {
            header: remap.members(&self.header),
            trailer: remap.members(&self.trailer),
            messages,
            components,
            fields,
            index,
            sessions: self.sessions.clone(),
            dialect: self.dialect.clone(),
            version: self.version.clone(),
            warnings: self.warnings.clone(),
            ..*self
        }
    }

    /// The message that an unknown name may stand for. Types are too short for anything but another case.
    fn message_like(&self, name: &str) -> Option<String> {
        let by_type = self
            .messages
            .iter()
            .find(|message| message.msg_type.eq_ignore_ascii_case(name))
            .map(|message| message.msg_type.clone());
        let names = self.messages.iter().map(|message| &message.name[..]);
        by_type.or_else(|| nearest(name, names).filter(|_| name.len() > 2).map(str::to_owned))
    }
}

/// What a list of messages is made of.
struct Reached<'d> {
    dictionary: &'d Dictionary,
    fields: HashSet<FieldId>,
    components: HashSet<ComponentId>,
}

impl Reached<'_> {
    fn members(&mut self, members: &[Member]) {
        for member in members {
            match &member.kind {
                MemberKind::Field(id) => self.field(*id),
                MemberKind::Group(group) => {
                    self.field(group.count);
                    self.members(&group.members);
                }
                MemberKind::Component(id) => {
                    if self.components.insert(*id) {
                        self.members(&self.dictionary.component(*id).members);
                    }
                }
            }
            // A condition may name what the message does not have itself.
            let rules = member.values.iter().filter_map(|rule| rule.when.as_ref());
            for condition in member.when.iter().chain(&member.never).chain(rules) {
                condition.each_field(&mut |id, _| self.field(id));
            }
        }
    }

    fn field(&mut self, id: FieldId) {
        if self.fields.insert(id)
            && let Some(length) = self.dictionary.field(id).length_field
        {
            self.field(length);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = "<fix type='FIXT' major='1' minor='1' x-dialect='small' x-sessions='NR'>
      <header><field name='MsgType' required='Y'/></header>
      <messages>
        <message name='News' msgtype='B' msgcat='app'><component name='Texts' required='N'/></message>
        <message name='Order' msgtype='D' msgcat='app' x-client='NR'>
          <field name='ClOrdID' required='Y'/><component name='Parties' required='N' x-never='Account'/>
          <field name='Price' required='N' x-when='OrdType=2' x-value='=1 when Account'/>
        </message>
        <message name='Logon' msgtype='A' msgcat='admin'><field name='RawData' required='N'/></message>
      </messages>
      <components>
        <component name='Texts'><group name='NoLines' required='N'><field name='Text' required='Y'/></group></component>
        <component name='Parties'>
          <group name='NoPartyIDs' required='N'><component name='Party' required='N'/></group>
          <field name='OrdType' required='N'/><field name='Account' required='N'/>
        </component>
        <component name='Party'><field name='PartyID' required='N'/></component>
      </components>
      <fields>
        <field number='58' name='Text' type='STRING'/><field number='33' name='NoLines' type='NUMINGROUP'/>
        <field number='35' name='MsgType' type='STRING'/><field number='11' name='ClOrdID' type='STRING'/>
        <field number='1' name='Account' type='STRING'/><field number='40' name='OrdType' type='CHAR'/>
        <field number='44' name='Price' type='PRICE'/><field number='453' name='NoPartyIDs' type='NUMINGROUP'/>
        <field number='448' name='PartyID' type='STRING'/><field number='95' name='RawDataLength' type='LENGTH'/>
        <field number='96' name='RawData' type='DATA'/><field number='9999' name='Unused' type='INT'/>
      </fields></fix>";

    fn whole() -> Dictionary {
        Dictionary::parse(WHOLE, "whole.xml").unwrap_or_else(|faults| panic!("{faults}"))
    }

    fn check(names: &[&str], messages: &[&str], components: &[&str], tags: &[u32]) {
        let part = whole()
            .only(names.iter().copied())
            .expect("the messages are there");
        let found: Vec<&str> = part.messages.iter().map(|message| &message.name[..]).collect();
        assert_eq!(found, messages, "{names:?}");
        let found: Vec<&str> = part
            .components
            .iter()
            .map(|component| &component.name[..])
            .collect();
        assert_eq!(found, components, "{names:?}");
        let found: Vec<u32> = part.fields.iter().map(|field| field.tag).collect();
        assert_eq!(found, tags, "{names:?}");
        for tag in tags {
            let id = part.field_by_tag(*tag).expect("the index knows it");
            assert_eq!(part.field(id).tag, *tag);
        }
    }

    #[test]
    fn what_the_messages_reach_comes_along() {
        let session = [35, 95, 96];
        check(&[], &["Logon"], &[], &session);
        check(&["B"], &["News", "Logon"], &["Texts"], &[58, 33, 35, 95, 96]);
        let of_order = [35, 11, 1, 40, 44, 453, 448, 95, 96];
        for names in [&["Order"][..], &["D"], &["D", "Order"], &["Logon", "D"]] {
            check(names, &["Order", "Logon"], &["Parties", "Party"], &of_order);
        }
    }

    #[test]
    fn members_and_conditions_name_the_same_fields_as_before() {
        let (whole, part) = (whole(), whole().only(["D"]).expect("the message"));
        let order = part.message_by_name("Order").expect("the message");
        let text = |condition: &Option<_>| condition.as_ref().map(|condition| part.condition_text(condition));
        assert_eq!(text(&order.members[1].never).as_deref(), Some("Account"));
        assert_eq!(text(&order.members[2].when).as_deref(), Some("OrdType=2"));
        assert_eq!(text(&order.members[2].values[0].when).as_deref(), Some("Account"));
        assert_eq!(
            (part.begin_string(), &part.dialect),
            (whole.begin_string(), &whole.dialect)
        );
        let data = part
            .field_by_tag(96)
            .map(|id| &part.fields[id.index()])
            .expect("the field");
        assert_eq!(data.length_field.map(|id| part.fields[id.index()].tag), Some(95));
    }

    #[test]
    fn unknown_names_are_told_all_at_once() {
        let errors = whole()
            .only(["Ordre", "d", "B", "X", "Execution"])
            .expect_err("unknown names");
        let told: Vec<String> = errors.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "no message has the name or the type \"Ordre\"; did you mean `Order`?",
                "no message has the name or the type \"d\"; did you mean `D`?",
                "no message has the name or the type \"X\"",
                "no message has the name or the type \"Execution\"",
            ]
        );
    }
}
