//! `dictionary html`: a reference of a dialect that is read in a browser, from files.

mod page;

use std::path::Path;

use kalshi_fix::dialect::dictionary::Dictionary;

use crate::arguments::HtmlArguments;
use crate::directory::{self, Access};
use crate::output::{Failure, Findings, Output};
use page::{Pages, component_file, field_file, message_file};

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("search.js");
const SEARCH: &str = "search.js";
/// How the script begins.
const INDEX: &str = "const INDEX = ";

pub(crate) fn run(arguments: &HtmlArguments, output: &mut Output) -> Result<Findings, Failure> {
    let dictionary = arguments.dialect.dictionary()?;
    let directory = &arguments.directory;
    directory::ready(directory, Access::Usual)?;
    check_is_ours(directory)?;
    let site = site(&dictionary);
    for (name, contents) in &site {
        write(directory, name, contents)?;
    }
    output.write(&format!(
        "{} files in {}; open index.html\n",
        site.len(),
        directory.display()
    ))?;
    let left = left_from_before(directory, &site)?;
    if left > 0 {
        let (pages, them) = if left == 1 {
            ("page", "it")
        } else {
            ("pages", "them")
        };
        output.write(&format!(
            "{left} {pages} of another dictionary, which an earlier run has left there, lead nowhere from here; remove {them}, \
             or name a directory of its own\n"
        ))?;
    }
    Ok(Findings::None)
}

/// Nobody's own pages are overwritten: what is there has to be a reference, which is known by its search.
fn check_is_ours(directory: &Path) -> Result<(), Failure> {
    let is_reference =
        std::fs::read(directory.join(SEARCH)).is_ok_and(|script| script.starts_with(INDEX.as_bytes()));
    let in_the_way = [SEARCH, "index.html", "fields.html", "style.css"]
        .into_iter()
        .find(|name| directory.join(name).symlink_metadata().is_ok());
    match in_the_way {
        Some(name) if !is_reference => Err(Failure::Usage(format!(
            "{} is there already, and is of no reference that was written before; name another directory",
            directory.join(name).display()
        ))),
        _ => Ok(()),
    }
}

fn write(directory: &Path, name: &str, contents: &str) -> Result<(), Failure> {
    let path = directory.join(name);
    std::fs::write(&path, contents).map_err(Failure::unwritable(&path))
}

/// How many pages are there that look like some of these, and are none of them.
fn left_from_before(directory: &Path, site: &[(String, String)]) -> Result<usize, Failure> {
    let mut left = 0;
    for entry in std::fs::read_dir(directory).map_err(Failure::unreadable(directory))? {
        let name = entry.map_err(Failure::unreadable(directory))?.file_name();
        let Some(name) = name.to_str() else { continue };
        let Some(page) = name.strip_suffix(".html") else {
            continue;
        };
        let is_ours = ["message-", "component-", "field-"]
            .iter()
            .any(|kind| page.starts_with(kind));
        left += usize::from(is_ours && site.iter().all(|(own, _)| own != name));
    }
    Ok(left)
}

/// The files of the site, by name.
fn site(dictionary: &Dictionary) -> Vec<(String, String)> {
    let pages = Pages::new(dictionary);
    let mut site = vec![
        ("style.css".to_owned(), STYLE.to_owned()),
        (
            SEARCH.to_owned(),
            format!("{INDEX}{};\n{SCRIPT}", search_index(dictionary)),
        ),
        ("index.html".to_owned(), pages.index()),
        ("fields.html".to_owned(), pages.fields()),
    ];
    for (at, message) in dictionary.messages.iter().enumerate() {
        site.push((message_file(dictionary, at), pages.message(message)));
    }
    for (at, component) in dictionary.components.iter().enumerate() {
        site.push((component_file(at), pages.component(component)));
    }
    for field in &dictionary.fields {
        site.push((field_file(field), pages.field(field)));
    }
    site
}

/// What the search goes through: the kind, what is shown, what else is searched, and the file.
fn search_index(dictionary: &Dictionary) -> String {
    use crate::json::string;
    let mut index = String::from("[");
    let mut add = |kind: &str, key: &str, name: &str, more: &str, file: &str| {
        if !index.ends_with('[') {
            index.push(',');
        }
        index.push('[');
        for (at, text) in [kind, key, name, more, file].into_iter().enumerate() {
            if at > 0 {
                index.push(',');
            }
            string(&mut index, text);
        }
        index.push_str("]\n");
    };
    for (at, message) in dictionary.messages.iter().enumerate() {
        let family = message.family.as_deref().unwrap_or_default();
        let file = message_file(dictionary, at);
        add("message", &message.msg_type, &message.name, family, &file);
    }
    for field in &dictionary.fields {
        let file = field_file(field);
        add(
            "field",
            &field.tag.to_string(),
            &field.name,
            field.field_type.name(),
            &file,
        );
        for value in &field.values {
            let name = value.name.as_deref().unwrap_or(&value.description);
            let key = format!("{}={}", field.tag, value.wire);
            let more = format!("{} {}", field.name, value.description);
            add("value", &key, name, &more, &file);
        }
    }
    for (at, component) in dictionary.components.iter().enumerate() {
        add("component", "", &component.name, "", &component_file(at));
    }
    index.push(']');
    // The index is within a script: no text in it may end one.
    index.replace("</", "<\\/")
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &str = "<fix type='FIX' major='4' minor='4' x-dialect='&lt;i>'>
      <messages><message name='../../&lt;script>' msgtype='D' msgcat='app' x-note='&lt;b>'>
        <field name='S&amp;P' required='Y' x-note='&lt;/script>'/></message></messages>
      <fields><field number='54' name='S&amp;P' type='CHAR'><value enum='&lt;' description='&quot;&lt;/script>'/></field>
      </fields></fix>";

    #[test]
    fn no_name_leaves_the_directory_or_becomes_markup() {
        // A loader that refuses such names is as good.
        let Ok(dictionary) = Dictionary::parse(HOSTILE, "hostile.xml") else {
            return;
        };
        for (name, contents) in site(&dictionary) {
            assert!(
                name.bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte)),
                "{name}"
            );
            assert!(!name.contains(".."), "{name}");
            assert!(
                !contents.contains("<b>") && !contents.contains("<i>"),
                "{contents}"
            );
            if name == "search.js" {
                assert!(!contents.contains("</script>"), "{contents}");
            }
        }
    }

    #[test]
    fn every_link_leads_to_a_page() {
        let dictionary = crate::source::dictionary("prediction", &crate::arguments::Layers::default())
            .expect("a sound dictionary");
        let site = site(&dictionary);
        let names: Vec<&str> = site.iter().map(|(name, _)| &name[..]).collect();
        for (name, contents) in &site {
            for link in contents.split("href='").skip(1) {
                let link = link.split('\'').next().unwrap_or_default();
                let file = link.split('#').next().unwrap_or_default();
                assert!(file.is_empty() || names.contains(&file), "{name} links to {link}");
            }
        }
        let mut sorted: Vec<String> = names.iter().map(|name| name.to_lowercase()).collect();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(sorted.len(), names.len(), "two files have one name");
    }
}
