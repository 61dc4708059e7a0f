//! What `kalshi-fix` shows to its users: every public item, with its public fields, variants and methods.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use quote::ToTokens;
use syn::{Fields, ImplItem, Item, ReturnType, TraitItem, UseTree, Visibility};

/// Generated from the dictionaries, and listed in their own index; and what is no part of the library.
const LEFT_OUT: [&str; 2] = ["prediction", "margin"];

#[test]
fn the_public_api_is_reviewed() {
    // Shown when the assertion fails, and only then.
    println!("{HOW_TO_ACCEPT}");
    insta::assert_snapshot!(listing().join("\n"));
}

/// A line for each item.
pub(super) fn listing() -> Vec<String> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../kalshi-fix/src");
    let root = Module::read(&source.join("lib.rs"), &source);
    let mut lines = Vec::new();
    list("", &root, &mut lines);
    lines.sort();
    lines
}

/// A module's items, and the modules below it.
struct Module {
    items: Vec<Item>,
    children: BTreeMap<String, (bool, Module)>,
}

impl Module {
    fn read(file: &Path, directory: &Path) -> Module {
        let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let parsed = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        Module::of(parsed.items, directory)
    }

    fn of(items: Vec<Item>, directory: &Path) -> Module {
        let mut children = BTreeMap::new();
        for item in &items {
            let Item::Mod(module) = item else { continue };
            let name = module.ident.to_string();
            // Tests are of no interest here; what else is conditional, is.
            let is_test = module.attrs.iter().any(|attribute| {
                attribute.path().is_ident("cfg") && attribute.to_token_stream().to_string().contains("test)")
            });
            if is_test || (LEFT_OUT.contains(&name.as_str()) && directory.ends_with("src")) {
                continue;
            }
            let below = directory.join(&name);
            let child = match &module.content {
                Some((_, items)) => Module::of(items.clone(), &below),
                None => Module::read(&file_of(directory, &name), &below),
            };
            children.insert(name, (is_public(&module.vis), child));
        }
        Module { items, children }
    }

    /// The module of a path, and the last name of it.
    fn find(&self, path: &[String]) -> Option<&Module> {
        match path {
            [] => Some(self),
            [first, rest @ ..] => self.children.get(first)?.1.find(rest),
        }
    }

    /// Every `impl` at or below this module.
    fn implementations(&self) -> Vec<&syn::ItemImpl> {
        let own = self.items.iter().filter_map(|item| match item {
            Item::Impl(item) => Some(item),
            _ => None,
        });
        let below = self
            .children
            .values()
            .flat_map(|(_, child)| child.implementations());
        own.chain(below).collect()
    }
}

fn file_of(directory: &Path, name: &str) -> PathBuf {
    let file = directory.join(format!("{name}.rs"));
    if file.exists() {
        file
    } else {
        directory.join(name).join("mod.rs")
    }
}

/// The public items of a module that can be reached.
fn list(path: &str, module: &Module, lines: &mut Vec<String>) {
    for item in &module.items {
        if let Item::Use(item) = item
            && is_public(&item.vis)
        {
            let mut uses = Vec::new();
            flatten(&item.tree, &mut Vec::new(), &mut uses);
            for (from, name, shown) in uses {
                let from: Vec<String> = from.into_iter().filter(|part| part != "self").collect();
                let found = module.find(&from).and_then(|defining| {
                    let item = defining
                        .items
                        .iter()
                        .find(|item| named(item).as_deref() == Some(&name));
                    item.or_else(|| reexported(defining, &name))
                });
                match found {
                    Some(item) => describe(path, item, module, lines),
                    None => lines.push(format!("{path}{shown} = {}::{name}", from.join("::"))),
                }
            }
        } else if public(item) {
            describe(path, item, module, lines);
        }
    }
    for (name, (is_public, child)) in &module.children {
        if *is_public {
            list(&format!("{path}{name}::"), child, lines);
        }
    }
}

/// A definition that reaches this module by another private one.
fn reexported<'m>(module: &'m Module, name: &str) -> Option<&'m Item> {
    module.items.iter().find_map(|item| {
        let Item::Use(item) = item else { return None };
        let mut uses = Vec::new();
        flatten(&item.tree, &mut Vec::new(), &mut uses);
        let (from, _, _) = uses.into_iter().find(|(_, used, _)| used == name)?;
        let from: Vec<String> = from.into_iter().filter(|part| part != "self").collect();
        let defining = module.find(&from)?;
        let item = defining
            .items
            .iter()
            .find(|item| named(item).as_deref() == Some(name));
        // Modules lead downwards alone, so that this ends.
        item.or_else(|| (!from.is_empty()).then(|| reexported(defining, name)).flatten())
    })
}

fn flatten(tree: &UseTree, path: &mut Vec<String>, found: &mut Vec<(Vec<String>, String, String)>) {
    match tree {
        UseTree::Path(tree) => {
            path.push(tree.ident.to_string());
            flatten(&tree.tree, path, found);
            path.pop();
        }
        UseTree::Name(name) => found.push((path.clone(), name.ident.to_string(), name.ident.to_string())),
        UseTree::Rename(name) => found.push((path.clone(), name.ident.to_string(), name.rename.to_string())),
        UseTree::Glob(_) => found.push((path.clone(), "*".to_owned(), "*".to_owned())),
        UseTree::Group(group) => {
            for tree in &group.items {
                flatten(tree, path, found);
            }
        }
    }
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

fn named(item: &Item) -> Option<String> {
    Some(match item {
        Item::Struct(item) => item.ident.to_string(),
        Item::Enum(item) => item.ident.to_string(),
        Item::Trait(item) => item.ident.to_string(),
        Item::Fn(item) => item.sig.ident.to_string(),
        Item::Const(item) => item.ident.to_string(),
        Item::Type(item) => item.ident.to_string(),
        _ => return None,
    })
}

fn public(item: &Item) -> bool {
    match item {
        Item::Struct(item) => is_public(&item.vis),
        Item::Enum(item) => is_public(&item.vis),
        Item::Trait(item) => is_public(&item.vis),
        Item::Fn(item) => is_public(&item.vis),
        Item::Const(item) => is_public(&item.vis),
        Item::Type(item) => is_public(&item.vis),
        _ => false,
    }
}

fn describe(path: &str, item: &Item, scope: &Module, lines: &mut Vec<String>) {
    let Some(name) = named(item) else { return };
    let whole = format!("{path}{name}");
    match item {
        Item::Struct(item) => {
            lines.push(format!("{whole}: struct{}", marks(&item.attrs)));
            fields(&whole, &item.fields, false, lines);
        }
        Item::Enum(item) => {
            lines.push(format!("{whole}: enum{}", marks(&item.attrs)));
            for variant in &item.variants {
                let variant_name = format!("{whole}::{}", variant.ident);
                lines.push(variant_name.clone());
                fields(&variant_name, &variant.fields, true, lines);
            }
        }
        Item::Trait(item) => {
            lines.push(format!("{whole}: trait"));
            for member in &item.items {
                match member {
                    TraitItem::Fn(member) => lines.push(function(&whole, &member.sig)),
                    TraitItem::Const(member) => lines.push(format!("{whole}::{}: const", member.ident)),
                    TraitItem::Type(member) => lines.push(format!("{whole}::{}: type", member.ident)),
                    _ => {}
                }
            }
        }
        Item::Fn(item) => lines.push(function(path.trim_end_matches(':'), &item.sig)),
        Item::Const(_) => lines.push(format!("{whole}: const")),
        Item::Type(_) => lines.push(format!("{whole}: type")),
        _ => {}
    }
    if !matches!(item, Item::Struct(_) | Item::Enum(_)) {
        return;
    }
    for implementation in scope.implementations() {
        if implementation.trait_.is_some() || of(&implementation.self_ty) != Some(name.clone()) {
            continue;
        }
        for member in &implementation.items {
            match member {
                ImplItem::Fn(member) if is_public(&member.vis) => lines.push(function(&whole, &member.sig)),
                ImplItem::Const(member) if is_public(&member.vis) => {
                    lines.push(format!("{whole}::{}: const", member.ident));
                }
                _ => {}
            }
        }
    }
}

/// What is asked of who names it: that more may come, that it is used.
fn marks(attributes: &[syn::Attribute]) -> String {
    let marks = ["non_exhaustive", "must_use"];
    let found = marks
        .into_iter()
        .filter(|mark| attributes.iter().any(|attribute| attribute.path().is_ident(mark)));
    found.fold(String::new(), |marks, mark| marks + " #[" + mark + "]")
}

fn of(self_type: &syn::Type) -> Option<String> {
    let syn::Type::Path(path) = self_type else {
        return None;
    };
    Some(path.path.segments.last()?.ident.to_string())
}

fn fields(of: &str, fields: &Fields, all: bool, lines: &mut Vec<String>) {
    for (at, field) in fields.iter().enumerate() {
        if all || is_public(&field.vis) {
            let name = field
                .ident
                .as_ref()
                .map_or_else(|| at.to_string(), ToString::to_string);
            lines.push(format!("{of}.{name}: {}", tokens(&field.ty)));
        }
    }
}

fn function(of: &str, signature: &syn::Signature) -> String {
    let inputs: Vec<String> = signature.inputs.iter().map(tokens).collect();
    let begins = if signature.asyncness.is_some() {
        "async fn"
    } else {
        "fn"
    };
    let output = match &signature.output {
        ReturnType::Default => String::new(),
        ReturnType::Type(_, output) => format!(" -> {}", tokens(output)),
    };
    let name = &signature.ident;
    format!("{of}::{name}: {begins}({}){output}", inputs.join(", "))
}

/// As one would write it.
fn tokens(tokens: &impl ToTokens) -> String {
    let mut text = tokens.to_token_stream().to_string();
    for (spaced, tight) in [
        (" :: ", "::"),
        (" < ", "<"),
        ("< ", "<"),
        (" >", ">"),
        (" ,", ","),
        ("& ", "&"),
        (" (", "("),
        ("( ", "("),
        (" )", ")"),
        (" :", ":"),
        ("' ", "'"),
        ("[ ", "["),
        (" ]", "]"),
        (" ;", ";"),
    ] {
        text = text.replace(spaced, tight);
    }
    text
}

const HOW_TO_ACCEPT: &str = "
The public API of kalshi-fix is not the one on record. Where the difference below is meant, record it with

    INSTA_UPDATE=always cargo test -p kalshi-fix-tests --test failures public_api

and commit the listing with the change.
";
