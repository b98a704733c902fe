//! The known name that somebody most likely meant.

/// The name that is nearest to what was written, if any is near enough to be meant.
pub(crate) fn nearest<'n>(written: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    // Nobody means a name that is mostly different, and long texts are not names at all.
    let limit = (written.len() / 4).clamp(1, 4);
    if written.len() > 80 {
        return None;
    }
    let scored = known.map(|name| (distance(written, name), name)).filter(|(far, _)| *far <= limit);
    scored.min_by_key(|(far, _)| *far).map(|(_, name)| name)
}

/// How many bytes have to be put in, taken out or changed; case does not count.
fn distance(left: &str, right: &str) -> usize {
    let right = right.as_bytes();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (index, own) in left.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for (column, other) in right.iter().enumerate() {
            let change = diagonal + usize::from(!own.eq_ignore_ascii_case(other));
            diagonal = row[column + 1];
            row[column + 1] = change.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found_and_no_distant_one() {
        let known = || ["ram:CreateUser", "ram:DeleteUser", "ram:CreateUsers2"].into_iter();
        assert_eq!(nearest("ram:createUsr", known()), Some("ram:CreateUser"));
        assert_eq!(nearest("ram:UpdateKey", known()), None);
        assert_eq!(nearest("", known()), None);
        assert_eq!(distance("kitten", "SITTING"), 3);
    }
}
