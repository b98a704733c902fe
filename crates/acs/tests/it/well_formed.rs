//! A strict reader of the little XML that we write.

/// Reads XML as strictly as the specification says, of the little that we write. Not the code under test: it knows no values.
pub(crate) fn check_well_formed(document: &str) -> Result<(), String> {
    let mut rest =
        document.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>").ok_or("no declaration")?;
    let mut open: Vec<&str> = Vec::new();
    let mut roots = 0;
    while !rest.is_empty() {
        if let Some(tag) = rest.strip_prefix('<') {
            let (tag, after) = tag.split_once('>').ok_or("a tag does not end")?;
            if let Some(name) = tag.strip_prefix('/') {
                if open.pop() != Some(name) {
                    return Err(format!("`{name}` ends what it did not begin"));
                }
            } else {
                let mut letters = tag.chars();
                let begins = letters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_');
                let continues = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
                if !begins || !letters.all(continues) {
                    return Err(format!("`{tag}` is no name"));
                }
                roots += usize::from(open.is_empty());
                open.push(tag);
            }
            rest = after;
        } else {
            let (text, after) = rest.split_at(rest.find('<').ok_or("text outside of the root")?);
            if open.is_empty() {
                return Err("text outside of the root".to_owned());
            }
            check_text(text)?;
            rest = after;
        }
    }
    if roots == 1 && open.is_empty() { Ok(()) } else { Err(format!("{roots} roots, {open:?} open")) }
}

fn check_text(text: &str) -> Result<(), String> {
    let mut pieces = text.split('&');
    let plain = pieces.next().unwrap_or_default().to_owned();
    let mut all = vec![plain];
    for piece in pieces {
        let (entity, plain) = piece.split_once(';').ok_or("a reference does not end")?;
        if !["amp", "lt", "gt", "quot", "apos", "#13"].contains(&entity) {
            return Err(format!("`{entity}` is no entity"));
        }
        all.push(plain.to_owned());
    }
    let allowed = |letter: char| matches!(letter, '\t' | '\n' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..);
    match all.concat().chars().find(|letter| !allowed(*letter) || *letter == '>') {
        Some(letter) => Err(format!("{letter:?} cannot stand in XML")),
        None => Ok(()),
    }
}

#[test]
fn the_check_itself_finds_faults() {
    let declared =
        |text: &str| check_well_formed(&format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>{text}"));
    declared("<a><b>&amp;é</b><b></b></a>").unwrap();
    for bad in [
        "",
        "<a>",
        "<a></b>",
        "<a></a><a></a>",
        "x",
        "<a>&</a>",
        "<a>&x;</a>",
        "<a>\0</a>",
        "<1></1>",
        "<a:b></a:b>",
        "<a>></a>",
    ] {
        declared(bad).unwrap_err();
    }
}
