//! Patterns for the paths of targets, as a shell has them (specification, section 4.5): `*`, `?`
//! and `[...]` stand for letters of one folder or file name, never for a slash.

/// Whether `path` is one that `pattern` means.
pub(crate) fn matches(pattern: &str, path: &str) -> bool {
    let (patterns, names) = (pattern.split('/'), path.split('/'));
    patterns.clone().count() == names.clone().count()
        && patterns.zip(names).all(|(pattern, name)| {
            let letters: Vec<char> = name.chars().collect();
            matches_name(&parts(pattern), &letters)
        })
}

/// A part of a pattern for a name.
enum Part {
    /// Any letters, or none.
    Any,
    /// A letter.
    One(Letter),
}

enum Letter {
    Any,
    Exactly(char),
    /// One of these ranges, or one of none of them.
    Set {
        ranges: Vec<(char, char)>,
        is_without: bool,
    },
}

impl Letter {
    fn is(&self, letter: char) -> bool {
        match self {
            Self::Any => true,
            Self::Exactly(expected) => *expected == letter,
            Self::Set { ranges, is_without } => {
                let mut ranges = ranges.iter();
                ranges.any(|(first, last)| (*first..=*last).contains(&letter)) != *is_without
            }
        }
    }
}

fn parts(pattern: &str) -> Vec<Part> {
    let letters: Vec<char> = pattern.chars().collect();
    let (mut parts, mut at) = (Vec::new(), 0);
    while let Some(letter) = letters.get(at) {
        at += 1;
        let part = match letter {
            '*' => Part::Any,
            '?' => Part::One(Letter::Any),
            '[' => match set(&letters[at..]) {
                Some((set, length)) => {
                    at += length;
                    Part::One(set)
                }
                // Without an end it is a letter like others.
                None => Part::One(Letter::Exactly('[')),
            },
            other => Part::One(Letter::Exactly(*other)),
        };
        parts.push(part);
    }
    parts
}

/// The set that begins after a bracket, and its length with the bracket at its end. One right at
/// the beginning is a member.
fn set(letters: &[char]) -> Option<(Letter, usize)> {
    let is_without = letters.first() == Some(&'!');
    let start = usize::from(is_without);
    let after_first = letters.get(start + 1..)?;
    let end = start + 1 + after_first.iter().position(|letter| *letter == ']')?;
    let mut left = &letters[start..end];
    let mut ranges = Vec::new();
    loop {
        left = match left {
            [] => break,
            [first, '-', last, rest @ ..] => {
                ranges.push((*first, *last));
                rest
            }
            [one, rest @ ..] => {
                ranges.push((*one, *one));
                rest
            }
        };
    }
    Some((Letter::Set { ranges, is_without }, end + 1))
}

/// In time that is a product of both lengths: only the last `Any` is ever tried again.
fn matches_name(parts: &[Part], letters: &[char]) -> bool {
    let (mut part, mut letter) = (0, 0);
    let mut again: Option<(usize, usize)> = None;
    while letter < letters.len() {
        match parts.get(part) {
            Some(Part::Any) => {
                part += 1;
                again = Some((part, letter));
            }
            Some(Part::One(one)) if one.is(letters[letter]) => {
                part += 1;
                letter += 1;
            }
            _ => match again {
                Some((after, from)) => {
                    (part, letter) = (after, from + 1);
                    again = Some((after, from + 1));
                }
                None => return false,
            },
        }
    }
    parts[part..].iter().all(|part| matches!(part, Part::Any))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_stay_in_a_folder() {
        for (pattern, path, expected) in [
            ("trusted_root.json", "trusted_root.json", true),
            ("trusted_root.json", "xtrusted_root.json", false),
            ("*", "trusted_root.json", true),
            ("*", "a/trusted_root.json", false),
            ("*/*.tgz", "a/b.tgz", true),
            ("*/*.tgz", "a/b/c.tgz", false),
            ("a?c", "abc", true),
            ("a?c", "a/c", false),
            ("a?c", "ac", false),
            ("*a*b*", "xxaxxbxx", true),
            ("*a*b*", "xxbxxaxx", false),
            ("[a-c]x", "bx", true),
            ("[a-c]x", "dx", false),
            ("[!a-c]x", "dx", true),
            ("[!a-c]x", "ax", false),
            ("[]]x", "]x", true),
            ("[x", "[x", true),
            ("", "", true),
            ("", "a", false),
        ] {
            assert_eq!(matches(pattern, path), expected, "{pattern} {path}");
        }
        let (pattern, path) = ("*a".repeat(2_000) + "b", "a".repeat(4_000));
        assert!(!matches(&pattern, &path));
    }
}
