//! "Did you mean": the known name that is closest to an unknown one.

/// The candidate nearest to `name`, when one is near enough to be what was meant.
///
/// Near enough is one edit for every three characters. A candidate that differs in case only always wins. Texts of more
/// than 64 bytes are no names, and near to nothing.
pub fn nearest<'c>(name: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    const LONGEST: usize = 64;
    if name.len() > LONGEST {
        return None;
    }
    let limit = (name.chars().count() / 3).max(1);
    let mut best: Option<(usize, &'c str)> = None;
    for candidate in candidates
        .into_iter()
        .filter(|candidate| candidate.len() <= LONGEST)
    {
        if candidate.eq_ignore_ascii_case(name) {
            return Some(candidate);
        }
        let distance = distance(name, candidate);
        if distance <= limit && best.is_none_or(|(shortest, _)| distance < shortest) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// The number of insertions, deletions, replacements and swaps of neighbours that turn `from` into `to`
/// (Damerau-Levenshtein distance, restricted: no part is edited twice).
fn distance(from: &str, to: &str) -> usize {
    let from: Vec<char> = from.chars().collect();
    let to: Vec<char> = to.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=to.len()).collect();
    for (row, &left) in from.iter().enumerate() {
        let mut current = Vec::with_capacity(last.len());
        current.push(row + 1);
        for (column, &right) in to.iter().enumerate() {
            let replaced = last[column] + usize::from(left != right);
            let mut cheapest = replaced.min(last[column + 1] + 1).min(current[column] + 1);
            let swapped = row > 0 && column > 0 && left == to[column - 1] && from[row - 1] == right;
            if swapped {
                cheapest = cheapest.min(before[column - 1] + 1);
            }
            current.push(cheapest);
        }
        before = std::mem::replace(&mut last, current);
    }
    last[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_counted() {
        let check = |from, to, expected| assert_eq!(distance(from, to), expected, "{from} to {to}");
        check("", "", 0);
        check("", "abc", 3);
        check("Side", "Side", 0);
        check("Sidee", "Side", 1);
        check("Sdie", "Side", 1);
        check("OrderQyt", "OrderQty", 1);
        check("kitten", "sitting", 3);
        check("ça", "ca", 1);
    }

    #[test]
    fn the_nearest_is_found_when_near_enough() {
        let names = ["Side", "Symbol", "OrderQty", "ClOrdID", "OrdType"];
        let check = |name, expected| assert_eq!(nearest(name, names), expected, "{name}");
        check("Sidee", Some("Side"));
        check("CLORDID", Some("ClOrdID"));
        check("OrdTyep", Some("OrdType"));
        check("Price", None);
        check("", None);
        check("QuantityOfTheOrder", None);
        check(&"Side".repeat(100), None);
    }
}
