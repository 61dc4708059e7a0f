//! The section `<fields>`: tags, types and values.

use std::collections::HashMap;

use super::attributes::{self, FIELD, FIELDS, VALUE};
use super::fault::{FaultCollector, quoted};
use super::model::{FieldDefinition, FieldId, Index, Value};
use super::position::Position;
use super::suggest::nearest;
use super::xml::Element;
use crate::{Decimal, FieldType};

/// Reads the field definitions and enters them into `index`.
pub(super) fn read(
    section: &Element<'_>,
    index: &mut Index,
    faults: &mut FaultCollector,
) -> Vec<FieldDefinition> {
    FIELDS.check(section, faults);
    let mut fields: Vec<FieldDefinition> = Vec::new();
    let mut length_names: Vec<(FieldId, String, Position)> = Vec::new();
    for element in section.children.iter().filter(|child| child.name == "field") {
        FIELD.check(element, faults);
        let name = attributes::required_name(element, "name", faults);
        let tag = read_tag(element, faults);
        let field_type = read_type(element, faults);
        let Some((name, name_position)) = name else {
            continue;
        };
        // A field without a sound tag or type is known all the same, so that its uses are no further errors.
        let field_type = field_type.unwrap_or(FieldType::String);
        let id = FieldId(fields.len());
        if let Some(&first) = index.fields_by_name.get(name) {
            let place = fields[first.0].position;
            faults.error(
                name_position,
                format!("field {} is defined twice, first at {place}", quoted(name)),
            );
        } else {
            index.fields_by_name.insert(name.to_owned(), id);
        }
        if let Some((tag, position)) = tag {
            if let Some(&first) = index.fields_by_tag.get(&tag) {
                let FieldDefinition {
                    name: other,
                    position: place,
                    ..
                } = &fields[first.0];
                faults.error(
                    position,
                    format!("tag {tag} is `{other}` already, defined at {place}"),
                );
            } else {
                index.fields_by_tag.insert(tag, id);
            }
        }
        if let Some(attribute) = element.attribute("x-length") {
            length_names.push((id, attribute.value.to_string(), attribute.position));
        }
        let field = FieldDefinition {
            tag: tag.map_or(0, |(tag, _)| tag),
            name: name.to_owned(),
            field_type,
            values: read_values(element, name, field_type, faults),
            unit: attributes::text(element, "x-unit"),
            length_field: None,
            secret: attributes::flag(element, "x-secret", faults),
            max_length: attributes::number(element, "x-max-length", "a number of bytes", faults),
            min: attributes::number(element, "x-min", "a number", faults),
            max: attributes::number(element, "x-max", "a number", faults),
            step: attributes::number(element, "x-step", "a number", faults),
            note: attributes::text(element, "x-note"),
            position: element.position,
        };
        check_range(element, &field, faults);
        fields.push(field);
    }
    resolve_lengths(&mut fields, &length_names, index, faults);
    fields
}

fn read_tag(element: &Element<'_>, faults: &mut FaultCollector) -> Option<(u32, Position)> {
    let (text, position) = attributes::required(element, "number", faults)?;
    match text.parse::<u32>() {
        Ok(tag) if crate::Tag::checked(tag).is_some() && text.bytes().all(|byte| byte.is_ascii_digit()) => {
            Some((tag, position))
        }
        _ => {
            faults.error(
                position,
                format!("{} is no tag; expected a number from 1 to 9999999", quoted(text)),
            );
            None
        }
    }
}

fn read_type(element: &Element<'_>, faults: &mut FaultCollector) -> Option<FieldType> {
    let (text, position) = attributes::required(element, "type", faults)?;
    let field_type = FieldType::from_name(text);
    if field_type.is_none() {
        let known = || FieldType::ALL.iter().map(|known| known.name());
        let mut message = format!("no field type named {}", quoted(text));
        let near = nearest(text, known());
        if near.is_none() {
            let known: Vec<&str> = known().collect();
            message = format!("{message}; expected one of {}", known.join(", "));
        }
        faults.error_with(position, message, near);
    }
    field_type
}

fn read_values(
    element: &Element<'_>,
    field: &str,
    field_type: FieldType,
    faults: &mut FaultCollector,
) -> Vec<Value> {
    let mut values = Vec::new();
    let mut seen: HashMap<&str, Position> = HashMap::new();
    for element in element.children.iter().filter(|child| child.name == "value") {
        VALUE.check(element, faults);
        let Some((wire, position)) = attributes::required(element, "enum", faults) else {
            continue;
        };
        if let Some(first) = seen.insert(wire, position) {
            let message = format!(
                "value {} of `{field}` is listed twice, first at {first}",
                quoted(wire)
            );
            faults.error(position, message);
        }
        if let Some(expected) = misfit(wire, field_type) {
            let message = format!(
                "value {} of `{field}` is outside its type {field_type}: expected {expected}",
                quoted(wire)
            );
            faults.warning(position, message);
        }
        let aliases = element
            .attribute("x-alias")
            .into_iter()
            .flat_map(attributes::words);
        values.push(Value {
            wire: wire.to_owned(),
            description: attributes::text(element, "description")
                .or_else(|| attributes::text(element, "label"))
                .unwrap_or_default(),
            name: attributes::optional_name(element, "x-name", faults),
            aliases: aliases.map(str::to_owned).collect(),
            note: attributes::text(element, "x-note"),
            position: element.position,
        });
    }
    values
}

/// What a value of this type would be, when `wire` is none.
fn misfit(wire: &str, field_type: FieldType) -> Option<&'static str> {
    match field_type {
        FieldType::Char if wire.len() != 1 => Some("one byte"),
        FieldType::Boolean if wire != "Y" && wire != "N" => Some("`Y` or `N`"),
        _ if field_type.is_integer() && wire.parse::<i64>().is_err() => Some("an integer"),
        _ if wire.contains('\x01') => Some("no delimiter in it"),
        _ => None,
    }
}

fn check_range(element: &Element<'_>, field: &FieldDefinition, faults: &mut FaultCollector) {
    let numeric = field.field_type.is_integer() || field.field_type.is_decimal();
    if let (Some(step), Some(attribute)) = (field.step, element.attribute("x-step"))
        && step <= Decimal::ZERO
    {
        faults.error(
            attribute.position,
            format!("a step of {step}; expected one above 0"),
        );
    }
    for name in ["x-min", "x-max", "x-step"] {
        if let Some(attribute) = element.attribute(name).filter(|_| !numeric) {
            let message = format!("`{}` is a {}, which has no range", field.name, field.field_type);
            faults.error(attribute.name_position, message);
        }
    }
    if let (Some(min), Some(max), Some(attribute)) = (field.min, field.max, element.attribute("x-min"))
        && min > max
    {
        let message = format!("the least value {min} is above the greatest, {max}");
        faults.error(attribute.position, message);
    }
}

/// Finds the length field of each data field: the one that `x-length` names, or else the one that its name suggests.
fn resolve_lengths(
    fields: &mut [FieldDefinition],
    stated: &[(FieldId, String, Position)],
    index: &Index,
    faults: &mut FaultCollector,
) {
    for (id, name, position) in stated {
        if !fields[id.0].field_type.is_data() {
            let FieldDefinition { name, field_type, .. } = &fields[id.0];
            let message =
                format!("`{name}` is a {field_type}; only DATA and XMLDATA fields have a length field");
            faults.error(*position, message);
            continue;
        }
        let Some(&length) = index.fields_by_name.get(name) else {
            let known = fields
                .iter()
                .filter(|field| field.field_type == FieldType::Length);
            faults.unknown(*position, "field", name, known.map(|field| field.name.as_str()));
            continue;
        };
        if fields[length.0].field_type == FieldType::Length {
            fields[id.0].length_field = Some(length);
        } else {
            let message = format!(
                "`{name}` is a {}; a length field is a LENGTH",
                fields[length.0].field_type
            );
            let known = fields
                .iter()
                .filter(|field| field.field_type == FieldType::Length);
            let suggestion =
                nearest(&fields[id.0].name, known.map(|field| field.name.as_str())).map(str::to_owned);
            faults.error_with(*position, message, suggestion.as_deref());
        }
    }
    for id in 0..fields.len() {
        let FieldDefinition {
            name,
            field_type,
            length_field,
            position,
            ..
        } = &fields[id];
        if !field_type.is_data() || length_field.is_some() {
            continue;
        }
        let length = ["Length", "Len"]
            .iter()
            .filter_map(|ending| index.fields_by_name.get(&format!("{name}{ending}")))
            .copied()
            .find(|length| fields[length.0].field_type == FieldType::Length);
        if length.is_none() {
            let message =
                format!("no length field for `{name}`: add x-length, or a field named {name}Length");
            faults.warning(*position, message);
        }
        fields[id].length_field = length;
    }
}
