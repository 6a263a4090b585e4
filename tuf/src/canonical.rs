//! The form in which metadata is signed: canonical JSON as securesystemslib writes it, which is not
//! RFC 8785. Members are sorted; only `"` and `\` are escaped, so that line feeds stand bare; all
//! numbers are whole.

use serde_json::Value;

use crate::error::TufError;

/// The canonical form of `value`.
///
/// # Errors
/// [`TufError::Number`] when a number in it is not whole.
pub fn to_vec(value: &Value) -> Result<Vec<u8>, TufError> {
    let mut out = Vec::new();
    write(value, &mut out)?;
    Ok(out)
}

fn write(value: &Value, out: &mut Vec<u8>) -> Result<(), TufError> {
    match value {
        Value::Null => out.extend(b"null"),
        Value::Bool(true) => out.extend(b"true"),
        Value::Bool(false) => out.extend(b"false"),
        Value::Number(number) if number.is_i64() || number.is_u64() => {
            out.extend(number.to_string().bytes());
        }
        Value::Number(number) => return Err(TufError::Number(number.to_string())),
        Value::String(text) => write_text(text, out),
        Value::Array(items) => {
            out.push(b'[');
            for (position, item) in items.iter().enumerate() {
                if position > 0 {
                    out.push(b',');
                }
                write(item, out)?;
            }
            out.push(b']');
        }
        Value::Object(members) => {
            // Their order may be that of the text.
            let mut members: Vec<_> = members.iter().collect();
            members.sort_unstable_by_key(|(name, _)| *name);
            out.push(b'{');
            for (position, (name, member)) in members.into_iter().enumerate() {
                if position > 0 {
                    out.push(b',');
                }
                write_text(name, out);
                out.push(b':');
                write(member, out)?;
            }
            out.push(b'}');
        }
    }
    Ok(())
}

fn write_text(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    for byte in text.bytes() {
        if matches!(byte, b'"' | b'\\') {
            out.push(b'\\');
        }
        out.push(byte);
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn members_are_sorted_and_line_feeds_stand_bare() {
        let value = json!({"b": [1, true, null], "a": "x\n\"\\\u{e9}"});
        let expected = "{\"a\":\"x\n\\\"\\\\\u{e9}\",\"b\":[1,true,null]}";
        assert_eq!(to_vec(&value).unwrap(), expected.as_bytes());
        assert!(matches!(to_vec(&json!(1.5)), Err(TufError::Number(_))));
    }
}
