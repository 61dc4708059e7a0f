//! Looking for a tag among the members of a message or of a group, while the user's crate is compiled.

use super::same;
use crate::tables::{FieldTable, GroupTable, MemberKind, MemberTable};

pub(super) const fn first(members: &[MemberTable]) -> Option<&'static FieldTable> {
    if members.is_empty() {
        return None;
    }
    match members[0].kind {
        MemberKind::Field(field) => Some(field),
        MemberKind::Group(group) => Some(group.count),
        MemberKind::Component(component) => first(component.members),
    }
}

/// Whether a DATA field of the entry has its length in this tag.
pub(super) const fn is_length(entry: &[MemberTable], tag: u32) -> bool {
    let mut at = 0;
    while at < entry.len() {
        if let MemberKind::Field(field) = entry[at].kind
            && let Some(length) = field.length_tag
            && length == tag
        {
            return true;
        }
        at += 1;
    }
    false
}

/// The place of a tag among flattened members, counted from `from`, and where the count ends.
pub(super) const fn position(members: &[MemberTable], tag: u32, from: usize) -> (Option<usize>, usize) {
    let mut count = from;
    let mut at = 0;
    while at < members.len() {
        let found = match members[at].kind {
            MemberKind::Field(field) => field.tag,
            MemberKind::Group(group) => group.count.tag,
            MemberKind::Component(component) => {
                let (found, end) = position(component.members, tag, count);
                if found.is_some() {
                    return (found, end);
                }
                count = end;
                at += 1;
                continue;
            }
        };
        if found == tag {
            return (Some(count), count);
        }
        count += 1;
        at += 1;
    }
    (None, count)
}

/// Whether a member of this message or entry, and not of a group in it, has this tag; `Some(true)` when it is required.
pub(super) const fn find_here(members: &[MemberTable], tag: u32) -> Option<bool> {
    let mut at = 0;
    while at < members.len() {
        let required = members[at].required;
        let found = match members[at].kind {
            MemberKind::Field(field) => field.tag,
            MemberKind::Group(group) => group.count.tag,
            MemberKind::Component(component) => {
                if let Some(within) = find_here(component.members, tag) {
                    return Some(required && within);
                }
                0
            }
        };
        if found == tag {
            return Some(required);
        }
        at += 1;
    }
    None
}

/// The group that this tag counts in these members.
pub(super) const fn group_of(members: &[MemberTable], tag: u32) -> Option<&'static GroupTable> {
    let mut at = 0;
    while at < members.len() {
        match members[at].kind {
            MemberKind::Group(group) if group.count.tag == tag => return Some(group),
            MemberKind::Component(component) => {
                if let Some(found) = group_of(component.members, tag) {
                    return Some(found);
                }
            }
            _ => {}
        }
        at += 1;
    }
    None
}

/// Looks for groups with this count, wherever they are nested, and keeps the one that has most of the tags.
pub(super) const fn search(
    members: &[MemberTable],
    count: &str,
    tags: &[u32],
    found: &mut Option<&'static GroupTable>,
    best: &mut usize,
) {
    let mut at = 0;
    while at < members.len() {
        match members[at].kind {
            MemberKind::Field(_) => {}
            MemberKind::Component(component) => search(component.members, count, tags, found, best),
            MemberKind::Group(group) => {
                if same(group.count.name, count) {
                    let mut has = 1;
                    let mut tag = 0;
                    while tag < tags.len() {
                        has += find_here(group.members, tags[tag]).is_some() as usize;
                        tag += 1;
                    }
                    if has > *best {
                        *best = has;
                        *found = Some(group);
                    }
                }
                search(group.members, count, tags, found, best);
            }
        }
        at += 1;
    }
}
