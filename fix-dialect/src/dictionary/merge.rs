//! A transport dictionary and an application dictionary as one.

use super::model::{
    Component, ComponentId, Dictionary, FieldDefinition, FieldId, Group, Index, Member, MemberKind, Message,
};
use super::position::Position;
use super::remap::Remap;

/// Why a transport dictionary and an application dictionary do not go together.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MergeError {
    /// A tag is one field in the transport dictionary, and another in the application's.
    #[error(
        "tag {tag} is `{transport}` in the transport dictionary and `{application}` in the application's"
    )]
    Tag {
        /// The tag.
        tag: u32,
        /// Its name in the transport dictionary.
        transport: String,
        /// Its name in the application dictionary.
        application: String,
    },
    /// A field has one tag in the transport dictionary, and another in the application's.
    #[error("`{name}` is tag {transport} in the transport dictionary and {application} in the application's")]
    FieldName {
        /// The field.
        name: String,
        /// Its tag in the transport dictionary.
        transport: u32,
        /// Its tag in the application dictionary.
        application: u32,
    },
    /// Both dictionaries define a message with this name or type.
    #[error("the message `{name}` ({msg_type}) is defined in both dictionaries")]
    Message {
        /// Its name in the application dictionary.
        name: String,
        /// The value of MsgType (35).
        msg_type: String,
    },
    /// Both dictionaries have a standard header or trailer with members.
    #[error("both dictionaries have a {section}; a transport dictionary has the only one")]
    Ends {
        /// `header` or `trailer`.
        section: &'static str,
    },
}

impl Dictionary {
    /// This application dictionary over a transport dictionary: `FIX50SP2.xml` over `FIXT11.xml`.
    ///
    /// The result speaks the transport's begin string, header, trailer and session layer, and has the messages of both.
    /// A field that both define (they must agree in name and tag) is as the application dictionary has it, with the
    /// values that only the transport dictionary lists. A component that is empty in the transport dictionary is
    /// the application's; one that both define otherwise, and not alike, is there twice: the
    /// transport's messages keep theirs, as `Name (transport)`. Positions stay those of the two files.
    ///
    /// # Errors
    ///
    /// When the two define a tag or a field differently, or a message both.
    pub fn over(&self, transport: &Dictionary) -> Result<Dictionary, MergeError> {
        let mut merged = self.clone();
        merged.kind = transport.kind;
        (merged.major, merged.minor) = (transport.major, transport.minor);
        let fields = transport
            .fields
            .iter()
            .map(|field| add_field(&mut merged, transport, field))
            .collect::<Result<Vec<_>, _>>()?;
        for (at, field) in transport.fields.iter().enumerate() {
            merged.fields[fields[at].0].length_field = merged.fields[fields[at].0]
                .length_field
                .or(field.length_field.map(|length| fields[length.0]));
        }
        let map = self.map_components(&mut merged, transport, &fields);
        for (section, own, theirs) in [
            ("header", &mut merged.header, &transport.header),
            ("trailer", &mut merged.trailer, &transport.trailer),
        ] {
            match (own.is_empty(), theirs.is_empty()) {
                (true, _) => *own = map.members(theirs),
                (false, true) => {}
                (false, false) => return Err(MergeError::Ends { section }),
            }
        }
        let mut messages = Vec::new();
        for message in &transport.messages {
            if let Some(own) = self
                .message_by_type(&message.msg_type)
                .or_else(|| self.message_by_name(&message.name))
            {
                let (name, msg_type) = (own.name.clone(), own.msg_type.clone());
                return Err(MergeError::Message { name, msg_type });
            }
            let members = map.members(&message.members);
            messages.push(Message {
                members,
                ..message.clone()
            });
        }
        messages.append(&mut merged.messages);
        merged.messages = messages;
        reindex_messages(&merged.messages, &mut merged.index);
        for session in &transport.sessions {
            if !merged.sessions.contains(session) {
                merged.sessions.push(session.clone());
            }
        }
        merged.dialect = merged.dialect.or_else(|| transport.dialect.clone());
        merged.version = merged.version.or_else(|| transport.version.clone());
        let warnings = std::mem::take(&mut merged.warnings);
        merged.warnings = transport.warnings.iter().cloned().chain(warnings).collect();
        Ok(merged)
    }

    /// Gives the transport's components their places: those of this dictionary where they are alike, new ones else.
    fn map_components(&self, merged: &mut Dictionary, transport: &Dictionary, fields: &[FieldId]) -> Remap {
        let mut shared: Vec<Option<ComponentId>> = transport
            .components
            .iter()
            .map(|component| self.component_by_name(&component.name))
            .collect();
        loop {
            let mut next = self.components.len();
            let components = shared
                .iter()
                .map(|shared| {
                    shared.unwrap_or_else(|| {
                        next += 1;
                        ComponentId(next - 1)
                    })
                })
                .collect();
            let map = Remap {
                fields: fields.to_vec(),
                components,
            };
            // What contains a component that is not shared cannot be shared either.
            let mut settled = true;
            for (component, shared) in transport.components.iter().zip(&mut shared) {
                // An empty one stands for what the application fills in, as MsgTypeGrp of FIXT11.xml does.
                if let Some(id) = *shared
                    && !component.members.is_empty()
                    && !alike(&map.members(&component.members), &self.component(id).members)
                {
                    *shared = None;
                    settled = false;
                }
            }
            if !settled {
                continue;
            }
            for (component, shared) in transport.components.iter().zip(&shared) {
                if shared.is_none() {
                    add_component(merged, component, map.members(&component.members));
                }
            }
            return map;
        }
    }
}

fn add_field(
    merged: &mut Dictionary,
    transport: &Dictionary,
    field: &FieldDefinition,
) -> Result<FieldId, MergeError> {
    if let Some(id) = merged.field_by_tag(field.tag) {
        let own = &mut merged.fields[id.0];
        if own.name != field.name {
            return Err(MergeError::Tag {
                tag: field.tag,
                transport: field.name.clone(),
                application: own.name.clone(),
            });
        }
        for value in &field.values {
            if own.values.iter().all(|known| known.wire != value.wire) {
                own.values.push(value.clone());
            }
        }
        own.secret |= field.secret;
        return Ok(id);
    }
    if let Some(id) = merged.field_by_name(&field.name) {
        return Err(MergeError::FieldName {
            name: field.name.clone(),
            transport: field.tag,
            application: merged.field(id).tag,
        });
    }
    let id = FieldId(merged.fields.len());
    merged.fields.push(FieldDefinition {
        length_field: None,
        ..transport.fields[transport.index.fields_by_tag[&field.tag].0].clone()
    });
    merged.index.fields_by_name.insert(field.name.clone(), id);
    merged.index.fields_by_tag.insert(field.tag, id);
    Ok(id)
}

fn add_component(merged: &mut Dictionary, component: &Component, members: Vec<Member>) {
    let id = ComponentId(merged.components.len());
    let mut name = component.name.clone();
    while merged.component_by_name(&name).is_some() {
        name += " (transport)";
    }
    merged.index.components_by_name.insert(name.clone(), id);
    merged.components.push(Component {
        name,
        members,
        ..component.clone()
    });
}

fn reindex_messages(messages: &[Message], index: &mut Index) {
    index.messages_by_name.clear();
    index.messages_by_type.clear();
    for (at, message) in messages.iter().enumerate() {
        index.messages_by_name.insert(message.name.clone(), at);
        index.messages_by_type.insert(message.msg_type.clone(), at);
    }
}

/// Whether two lists of members are the same, wherever they stand in their files.
fn alike(left: &[Member], right: &[Member]) -> bool {
    fn placeless(members: &[Member]) -> Vec<Member> {
        members
            .iter()
            .map(|member| Member {
                position: Position::START,
                note: None,
                kind: match &member.kind {
                    MemberKind::Group(group) => MemberKind::Group(Group {
                        members: placeless(&group.members),
                        ..group.clone()
                    }),
                    other => other.clone(),
                },
                ..member.clone()
            })
            .collect()
    }
    placeless(left) == placeless(right)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRANSPORT: &str = "<fix type='FIXT' major='1' minor='1'>
      <header><field name='BeginString' required='Y'/></header>
      <trailer><field name='CheckSum' required='Y'/></trailer>
      <messages>
        <message name='Logon' msgtype='A' msgcat='admin'>
          <field name='RawDataLength' required='N'/><field name='RawData' required='N' x-when='Mode=1'/>
          <field name='Mode' required='N'/><component name='Hops' required='N'/>
        </message>
      </messages>
      <components>
        <component name='Hops'><group name='NoHops' required='N'><field name='Hop' required='N'/></group></component>
      </components>
      <fields>
        <field number='8' name='BeginString' type='STRING'/><field number='10' name='CheckSum' type='STRING'/>
        <field number='95' name='RawDataLength' type='LENGTH'/><field number='96' name='RawData' type='DATA'/>
        <field number='627' name='NoHops' type='NUMINGROUP'/><field number='628' name='Hop' type='STRING'/>
        <field number='9001' name='Mode' type='INT'><value enum='1' description='ONE'/></field>
      </fields></fix>";

    const APPLICATION: &str = "<fix type='FIX' major='5' minor='0' servicepack='2'>
      <messages>
        <message name='Order' msgtype='D' msgcat='app'>
          <field name='ClOrdID' required='Y'/><field name='Mode' required='N'/>
        </message>
      </messages>
      <fields>
        <field number='9001' name='Mode' type='INT'><value enum='2' description='TWO'/></field>
        <field number='11' name='ClOrdID' type='STRING'/>
      </fields></fix>";

    fn merge(transport: &str, application: &str) -> Result<Dictionary, MergeError> {
        let load = |text| Dictionary::parse(text, "test.xml").unwrap_or_else(|faults| panic!("{faults}"));
        load(application).over(&load(transport))
    }

    #[test]
    fn an_application_dictionary_goes_over_its_transport() {
        let merged = merge(TRANSPORT, APPLICATION).expect("they go together");
        assert_eq!(merged.begin_string(), "FIXT.1.1");
        assert_eq!(merged.service_pack, 2);
        let names: Vec<_> = merged.messages.iter().map(|message| &message.name[..]).collect();
        assert_eq!(names, ["Logon", "Order"]);
        assert_eq!(
            merged.message_by_type("D").map(|message| &message.name[..]),
            Some("Order")
        );
        let mode = merged.field(merged.field_by_name("Mode").expect("a field"));
        let wires: Vec<_> = mode.values.iter().map(|value| &value.wire[..]).collect();
        assert_eq!(wires, ["2", "1"]);
        let data = merged.field(merged.field_by_tag(96).expect("a field"));
        let length = data.length_field.map(|id| merged.field(id).tag);
        assert_eq!(length, Some(95));
        let logon = merged.message_by_name("Logon").expect("a message");
        let when = logon.members[1].when.as_ref().expect("a condition");
        assert_eq!(merged.condition_text(when), "Mode=1");
        let MemberKind::Component(hops) = logon.members[3].kind else {
            panic!("{:?}", logon.members[3]);
        };
        let first = merged.first_field(&merged.component(hops).members);
        assert_eq!(first.map(|id| merged.field(id).tag), Some(627));
    }

    #[test]
    fn a_component_that_differs_is_there_twice() {
        let component =
            "<components><component name='Hops'><field name='Mode' required='N'/></component></components>
          <fields>";
        let merged = merge(TRANSPORT, &APPLICATION.replace("<fields>", component)).expect("they go together");
        let names: Vec<_> = merged
            .components
            .iter()
            .map(|component| &component.name[..])
            .collect();
        assert_eq!(names, ["Hops", "Hops (transport)"]);
        let logon = merged.message_by_name("Logon").expect("a message");
        assert_eq!(logon.members[3].kind, MemberKind::Component(ComponentId(1)));
    }

    #[test]
    fn the_application_fills_an_empty_component() {
        let group = "<group name='NoHops' required='N'><field name='Hop' required='N'/></group>";
        let component =
            "<components><component name='Hops'><field name='Mode' required='N'/></component></components>
          <fields>";
        let application = APPLICATION.replace("<fields>", component);
        let merged = merge(&TRANSPORT.replace(group, ""), &application).expect("they go together");
        assert_eq!(merged.components.len(), 1);
        assert_eq!(merged.components[0].members[0].name, "Mode");
    }

    #[test]
    fn what_contradicts_is_refused() {
        let check = |from: &str, to: &str, expected: &str| {
            let error = merge(&TRANSPORT.replace(from, to), APPLICATION).expect_err(expected);
            assert_eq!(error.to_string(), expected);
        };
        check(
            "Mode",
            "Modus",
            "tag 9001 is `Modus` in the transport dictionary and `Mode` in the application's",
        );
        check(
            "9001",
            "9002",
            "`Mode` is tag 9002 in the transport dictionary and 9001 in the application's",
        );
        check(
            "msgtype='A'",
            "msgtype='D'",
            "the message `Order` (D) is defined in both dictionaries",
        );
    }
}
