//! The pages of the reference.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use kalshi_fix::dialect::dictionary::{
    Component, ComponentId, Dictionary, FieldDefinition, Member, MemberKind, Message, Presence, Sessions,
    Value,
};

use crate::show::{families, uses};

/// Text that is no markup.
struct Safe<'t>(&'t str);

impl fmt::Display for Safe<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '\'' => f.write_str("&#39;")?,
                '"' => f.write_str("&quot;")?,
                other => f.write_char(other)?,
            }
        }
        Ok(())
    }
}

/// A name that may go on in the next line where a word of it begins: `MarketData` and `Refresh`.
struct Breakable<'t>(&'t str);

impl fmt::Display for Breakable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut begin = 0;
        let mut before = 'A';
        for (at, character) in self.0.char_indices() {
            if character.is_uppercase() && before.is_lowercase() {
                write!(f, "{}<wbr>", Safe(&self.0[begin..at]))?;
                begin = at;
            }
            before = character;
        }
        write!(f, "{}", Safe(&self.0[begin..]))
    }
}

/// The file of a message: by its name where that is a file name on every system, by its place too where it is not.
pub(super) fn message_file(dictionary: &Dictionary, at: usize) -> String {
    let name = &dictionary.messages[at].name;
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    let twins = dictionary
        .messages
        .iter()
        .filter(|other| other.name.eq_ignore_ascii_case(name));
    if plain == *name && twins.count() == 1 {
        format!("message-{plain}.html")
    } else {
        format!("message-{plain}-{at}.html")
    }
}

pub(super) fn component_file(at: usize) -> String {
    format!("component-{at}.html")
}

pub(super) fn field_file(field: &FieldDefinition) -> String {
    format!("field-{}.html", field.tag)
}

/// A component with more members than this, those of its own components counted, has its page instead of its place.
const MOST_INLINE: usize = 60;

pub(super) struct Pages<'d> {
    dictionary: &'d Dictionary,
    navigation: String,
    files: BTreeMap<&'d str, String>,
    sizes: Vec<usize>,
}

impl<'d> Pages<'d> {
    pub(super) fn new(dictionary: &'d Dictionary) -> Pages<'d> {
        let files: BTreeMap<&str, String> = dictionary
            .messages
            .iter()
            .enumerate()
            .map(|(at, message)| (&message.name[..], message_file(dictionary, at)))
            .collect();
        let mut sizes = vec![0; dictionary.components.len()];
        for component in &dictionary.components {
            if let Some(id) = dictionary.component_by_name(&component.name) {
                measure(dictionary, id, &mut sizes);
            }
        }
        let mut navigation = String::new();
        for (family, messages) in families(dictionary) {
            let _ = write!(
                navigation,
                "<details open><summary>{}</summary><ul>",
                Safe(&title(family))
            );
            for message in messages {
                let _ = write!(
                    navigation,
                    "<li><a href='{}'><code>{}</code>{}</a></li>",
                    files[&message.name[..]],
                    Safe(&message.msg_type),
                    Safe(&message.name)
                );
            }
            navigation.push_str("</ul></details>");
        }
        Pages {
            dictionary,
            navigation,
            files,
            sizes,
        }
    }

    fn page(&self, title: &str, body: &str) -> String {
        let dialect = self.dictionary.dialect.as_deref().unwrap_or("FIX dictionary");
        let (dialect, title) = (Safe(dialect), Safe(title));
        format!(
            "<!doctype html>\n<html lang='en'>\n<head>\n<meta charset='utf-8'>\n\
             <meta name='viewport' content='width=device-width, initial-scale=1'>\n\
             <title>{title} · {dialect}</title>\n<link rel='stylesheet' href='style.css'>\n\
             <script src='search.js' defer></script>\n</head>\n<body>\n\
             <header>\n<button id='menu' aria-label='Messages' aria-expanded='false'>☰</button>\n\
             <a class='home' href='index.html'>{dialect}</a>\n\
             <div class='search'><input id='search' type='search' autocomplete='off' spellcheck='false' \
             aria-label='Search' placeholder='Search: 54, Side, 35=D, a value…  ( / )'>\
             <ol id='results' hidden></ol></div>\n<a href='fields.html'>Fields</a>\n</header>\n\
             <nav id='navigation'>{}</nav>\n<main>\n{body}</main>\n</body>\n</html>\n",
            self.navigation
        )
    }

    pub(super) fn index(&self) -> String {
        let dictionary = self.dictionary;
        let mut body = String::new();
        let name = dictionary.dialect.as_deref().unwrap_or("FIX dictionary");
        let _ = write!(
            body,
            "<h1>{}</h1><p class='facts'><span>{}</span>",
            Safe(&title(name)),
            Safe(&dictionary.begin_string())
        );
        if let Some(version) = &dictionary.version {
            let _ = write!(body, "<span>as of {}</span>", Safe(version));
        }
        let _ = write!(
            body,
            "<span>{} messages</span><span>{} fields</span></p>",
            dictionary.messages.len(),
            dictionary.fields.len()
        );
        if dictionary.sessions.is_empty() {
            for (family, messages) in families(dictionary) {
                let _ = write!(body, "<h2>{}</h2><ul class='plain'>", Safe(&title(family)));
                for message in messages {
                    let _ = write!(
                        body,
                        "<li><code>{}</code> {}</li>",
                        Safe(&message.msg_type),
                        self.message_link(&message.name)
                    );
                }
                body.push_str("</ul>");
            }
        } else {
            self.matrix(&mut body);
        }
        self.page("Messages", &body)
    }

    /// Who sends what on which session.
    fn matrix(&self, body: &mut String) {
        let sessions = &self.dictionary.sessions;
        body.push_str(
            "<p class='legend'><span><b class='out'>→</b> you send it</span> \
             <span><b class='in'>←</b> the exchange sends it</span> <span><b class='both'>⇄</b> both</span></p>\
             <div class='wide'><table class='matrix'><thead><tr><th>Message</th>",
        );
        for session in sessions {
            let _ = write!(body, "<th>{}</th>", Safe(session));
        }
        body.push_str("</tr></thead>");
        for (family, messages) in families(self.dictionary) {
            let _ = write!(
                body,
                "<tbody><tr class='family'><th colspan='{}'>{}</th></tr>",
                sessions.len() + 1,
                Safe(&title(family))
            );
            for message in messages {
                let _ = write!(
                    body,
                    "<tr><td><code>{}</code>{}</td>",
                    Safe(&message.msg_type),
                    self.message_link(&message.name)
                );
                for session in sessions {
                    let cell = match (
                        message.client.includes(session),
                        message.exchange.includes(session),
                    ) {
                        (true, true) => "<td class='both' title='both send it'>⇄</td>",
                        (true, false) => "<td class='out' title='the client sends it'>→</td>",
                        (false, true) => "<td class='in' title='the exchange sends it'>←</td>",
                        (false, false) => "<td></td>",
                    };
                    body.push_str(cell);
                }
                body.push_str("</tr>");
            }
            body.push_str("</tbody>");
        }
        body.push_str("</table></div>");
    }

    pub(super) fn message(&self, message: &Message) -> String {
        let mut body = String::new();
        let _ = write!(
            body,
            "<h1>{} <code class='key'>35={}</code></h1><p class='facts'>",
            Breakable(&message.name),
            Safe(&message.msg_type)
        );
        if let Some(family) = &message.family {
            let _ = write!(body, "<span>{}</span>", Safe(&title(family)));
        }
        for (class, who, sessions) in [
            ("out", "→ you send it", &message.client),
            ("in", "← the exchange sends it", &message.exchange),
        ] {
            match sessions {
                Sessions::Unstated => {}
                Sessions::Listed(names) if names.is_empty() => {}
                Sessions::Listed(names) => {
                    let _ = write!(
                        body,
                        "<span class='{class}'>{who} on <b>{}</b></span>",
                        Safe(&names.join(" "))
                    );
                }
                Sessions::All => {
                    let _ = write!(body, "<span class='{class}'>{who} on <b>every session</b></span>");
                }
            }
        }
        body.push_str("</p>");
        note(&mut body, message.note.as_deref());
        self.member_table(&message.members, &mut body);
        self.page(&message.name, &body)
    }

    pub(super) fn component(&self, component: &Component) -> String {
        let mut body = format!("<h1>{} <small>component</small></h1>", Breakable(&component.name));
        note(&mut body, component.note.as_deref());
        self.member_table(&component.members, &mut body);
        self.uses(&component.name, &mut body);
        self.page(&component.name, &body)
    }

    fn member_table(&self, members: &[Member], body: &mut String) {
        body.push_str(
            "<label class='filter'><input type='checkbox' id='required-only'> required and conditional only</label>\
             <div class='members'>",
        );
        self.members(members, 0, body);
        body.push_str("</div>");
    }

    fn members(&self, members: &[Member], depth: usize, body: &mut String) {
        for member in members {
            let class = match (member.presence, &member.when) {
                (Presence::Required, _) => "required",
                (_, Some(_)) | (Presence::Conditional, _) => "conditional",
                (Presence::Optional, None) => "optional",
            };
            match &member.kind {
                MemberKind::Field(id) => {
                    let field = self.dictionary.field(*id);
                    let _ = write!(body, "<div class='member {class}'>");
                    Self::head(field, member, class, &field_type(field), body);
                    rules(body, &self.dictionary.member_rules(member));
                    note(body, member.note.as_deref());
                    values_inline(field, body);
                    body.push_str("</div>");
                }
                MemberKind::Group(group) => {
                    let count = self.dictionary.field(group.count);
                    let _ = write!(body, "<div class='member group {class}'>");
                    let entry = self.dictionary.entry_name(group);
                    let of = format!(
                        "<span class='type'>repeats <b>{}</b>{}</span>",
                        Safe(entry),
                        if group.any_delimiter {
                            ", begun by any member"
                        } else {
                            ""
                        }
                    );
                    Self::head(count, member, class, &of, body);
                    rules(body, &self.dictionary.member_rules(member));
                    note(body, member.note.as_deref());
                    body.push_str("<div class='entry'>");
                    self.members(&group.members, depth + 1, body);
                    body.push_str("</div></div>");
                }
                MemberKind::Component(id) => {
                    let component = self.dictionary.component(*id);
                    let _ = write!(
                        body,
                        "<div class='member component {class}'><div class='head'><span class='tag'>◇</span>\
                         <a class='name' href='{}'>{}</a><span class='type'>component</span>",
                        component_file(id.index()),
                        Safe(&component.name)
                    );
                    Self::presence(member, class, body);
                    body.push_str("</div>");
                    rules(body, &self.dictionary.member_rules(member));
                    note(body, member.note.as_deref());
                    if self.sizes[id.index()] <= MOST_INLINE && depth < 4 {
                        body.push_str("<div class='inner'>");
                        self.members(&component.members, depth + 1, body);
                        body.push_str("</div>");
                    }
                    body.push_str("</div>");
                }
            }
        }
    }

    fn head(field: &FieldDefinition, member: &Member, class: &str, kind: &str, body: &mut String) {
        let _ = write!(
            body,
            "<div class='head'><span class='tag'>{}</span><a class='name' href='{}'>{}</a>{kind}",
            field.tag,
            field_file(field),
            Safe(&field.name)
        );
        Self::presence(member, class, body);
        body.push_str("</div>");
    }

    fn presence(member: &Member, class: &str, body: &mut String) {
        if class != "optional" {
            let _ = write!(body, "<span class='presence'>{class}</span>");
        }
        if member.may_be_empty {
            body.push_str("<span class='presence'>may be empty</span>");
        }
    }

    pub(super) fn fields(&self) -> String {
        let mut fields: Vec<&FieldDefinition> = self.dictionary.fields.iter().collect();
        fields.sort_by_key(|field| field.tag);
        let mut body = String::from(
            "<h1>Fields</h1><div class='wide'><table class='fields'><thead><tr><th>Tag</th><th>Name</th>\
             <th>Type</th><th>Values</th></tr></thead><tbody>",
        );
        for field in fields {
            let values: Vec<&str> = field.values.iter().map(|value| &value.wire[..]).collect();
            let mut shown = values.iter().take(12).copied().collect::<Vec<_>>().join(" ");
            if values.len() > 12 {
                shown += " …";
            }
            let _ = write!(
                body,
                "<tr><td class='tag'>{}</td><td><a href='{}'>{}</a></td><td>{}</td><td><code>{}</code></td></tr>",
                field.tag,
                field_file(field),
                Breakable(&field.name),
                field_type(field),
                Safe(&shown)
            );
        }
        body.push_str("</tbody></table></div>");
        self.page("Fields", &body)
    }

    pub(super) fn field(&self, field: &FieldDefinition) -> String {
        let mut body = format!(
            "<h1>{} <code class='key'>{}</code></h1><p class='facts'>{}",
            Breakable(&field.name),
            field.tag,
            field_type(field)
        );
        if let Some(length) = field.length_field {
            let length = self.dictionary.field(length);
            let _ = write!(
                body,
                "<span>its length in <a href='{}'>{}</a></span>",
                field_file(length),
                Safe(&length.name)
            );
        }
        if field.secret {
            body.push_str("<span class='out'>secret</span>");
        }
        body.push_str("</p>");
        rules(&mut body, &self.dictionary.field_rules(field));
        note(&mut body, field.note.as_deref());
        if !field.values.is_empty() {
            let also = |value: &Value| -> String {
                let described = value.name.is_some().then_some(value.description.as_str());
                let aliases = value.aliases.iter().map(String::as_str);
                let names = described
                    .into_iter()
                    .chain(aliases)
                    .filter(|name| !name.is_empty());
                names.collect::<Vec<_>>().join(" ")
            };
            let any_also = field.values.iter().any(|value| !also(value).is_empty());
            body.push_str("<h2>Values</h2><div class='wide'><table class='values'><thead><tr><th>Wire</th><th>Name</th>");
            body.push_str(if any_also { "<th>Also</th>" } else { "" });
            body.push_str("</tr></thead><tbody>");
            for value in &field.values {
                let name = value.name.as_deref().unwrap_or(&value.description);
                let _ = write!(
                    body,
                    "<tr><td><code>{}</code></td><td>{}",
                    Safe(&value.wire),
                    Safe(name)
                );
                note(&mut body, value.note.as_deref());
                body.push_str("</td>");
                if any_also {
                    let _ = write!(body, "<td class='faint'>{}</td>", Safe(&also(value)));
                }
                body.push_str("</tr>");
            }
            body.push_str("</tbody></table></div>");
        }
        self.uses(&field.name, &mut body);
        self.page(&field.name, &body)
    }

    fn uses(&self, name: &str, body: &mut String) {
        let uses = uses(self.dictionary, name);
        if uses.is_empty() {
            return;
        }
        body.push_str("<h2>Used in</h2><ul class='plain'>");
        for (name, is_message) in uses {
            let link = if is_message {
                self.message_link(name)
            } else {
                let file = self
                    .dictionary
                    .component_by_name(name)
                    .map(|id| component_file(id.index()));
                format!(
                    "<a href='{}'>{}</a> <small>component</small>",
                    file.unwrap_or_default(),
                    Safe(name)
                )
            };
            let _ = write!(body, "<li>{link}</li>");
        }
        body.push_str("</ul>");
    }

    fn message_link(&self, name: &str) -> String {
        let file = self.files.get(name).map_or("", String::as_str);
        format!("<a href='{file}'>{}</a>", Breakable(name))
    }
}

/// How many members a component has, those of its components counted; 0 stands for not yet known.
fn measure(dictionary: &Dictionary, id: ComponentId, sizes: &mut [usize]) -> usize {
    fn count(dictionary: &Dictionary, members: &[Member], sizes: &mut [usize]) -> usize {
        members.iter().fold(0_usize, |sum, member| {
            sum.saturating_add(match &member.kind {
                MemberKind::Field(_) => 1,
                MemberKind::Group(group) => count(dictionary, &group.members, sizes).saturating_add(1),
                MemberKind::Component(id) => measure(dictionary, *id, sizes).saturating_add(1),
            })
        })
    }
    if sizes[id.index()] == 0 {
        sizes[id.index()] = count(dictionary, &dictionary.component(id).members, sizes);
    }
    sizes[id.index()]
}

/// The rules of a field or a member, one a line.
fn rules(body: &mut String, rules: &[String]) {
    for rule in rules {
        let _ = write!(body, "<p class='note rule'>{}</p>", Safe(rule));
    }
}

fn note(body: &mut String, note: Option<&str>) {
    if let Some(note) = note {
        // As in the generated documentation, what stands between backticks is code.
        let mut text = String::new();
        let parts: Vec<&str> = note.split('`').collect();
        for (at, part) in parts.iter().enumerate() {
            let is_code = at % 2 == 1 && at + 1 < parts.len();
            let _ = if is_code {
                write!(text, "<code>{}</code>", Safe(part))
            } else {
                write!(text, "{}", Safe(part))
            };
        }
        let _ = write!(body, "<p class='note'>{text}</p>");
    }
}

fn field_type(field: &FieldDefinition) -> String {
    let unit = field.unit.as_ref().map_or_else(String::new, |unit| {
        format!(" <span class='unit'>{}</span>", Safe(unit))
    });
    format!("<span class='type'>{}{unit}</span>", field.field_type.name())
}

/// The first values of a field, where it is used.
fn values_inline(field: &FieldDefinition, body: &mut String) {
    const MOST: usize = 8;
    if field.values.is_empty() {
        return;
    }
    body.push_str("<p class='choices'>");
    for value in field.values.iter().take(MOST) {
        let name = value.name.as_deref().unwrap_or(&value.description);
        let _ = write!(
            body,
            "<span><code>{}</code> {}</span>",
            Safe(&value.wire),
            Safe(name)
        );
    }
    if field.values.len() > MOST {
        let _ = write!(
            body,
            "<a href='{}'>{} more</a>",
            field_file(field),
            field.values.len() - MOST
        );
    }
    body.push_str("</p>");
}

/// `order-entry` as a heading.
fn title(family: &str) -> String {
    if family.len() <= 3 {
        return family.to_uppercase();
    }
    let mut characters = family.chars();
    match characters.next() {
        Some(first) => first
            .to_uppercase()
            .chain(characters.map(|character| if character == '-' { ' ' } else { character }))
            .collect(),
        None => String::new(),
    }
}
