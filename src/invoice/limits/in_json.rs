//! The limits that have to hold before anything is built from JSON.
//!
//! A row of three bytes (`{},`) becomes some kilobytes in memory, so rows and values are counted in the text, in one
//! pass, before serde makes anything of them.

use super::{Limits, limit};
use crate::invoice::problem::Problem;

/// The parser refuses deeper nesting, so rows are counted only down to this depth.
const MAX_DEPTH: usize = 128;

/// Checks how many values JSON has, and how many rows each of its lists has. Whether it is JSON at all is not
/// checked.
///
/// # Errors
/// The first limit that is exceeded, with its key.
pub fn check_json(json: &[u8], limits: &Limits) -> Result<(), Problem> {
    let (values, rows) = (limit!(limits, elements), limit!(limits, rows));
    let mut count = 0_usize;
    // For each list and object around the current place, the number of its commas; none for an object.
    let mut around: Vec<Option<usize>> = Vec::new();
    let mut bytes = json.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => skip_text(&mut bytes),
            b'[' | b'{' => {
                count += 1;
                if around.len() < MAX_DEPTH {
                    around.push((*byte == b'[').then_some(0));
                }
            }
            b']' | b'}' => {
                around.pop();
            }
            b',' => {
                count += 1;
                if let Some(Some(commas)) = around.last_mut() {
                    *commas += 1;
                    if *commas >= rows.most {
                        let detail = format!(
                            "A list has more than {} rows, and no more are allowed here {rows}.",
                            rows.most
                        );
                        return Err(Problem::at("", detail));
                    }
                }
            }
            _ => {}
        }
        if values.is_exceeded_by(count) {
            let most = values.most;
            let detail = format!("More than {most} values in JSON are not allowed {values}.");
            return Err(Problem::at("", detail));
        }
    }
    Ok(())
}

/// Goes to the end of a text in quotes.
fn skip_text(bytes: &mut std::slice::Iter<'_, u8>) {
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => {
                bytes.next();
            }
            b'"' => return,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(json: &str, limits: &Limits) -> String {
        check_json(json.as_bytes(), limits).unwrap_err().detail
    }

    #[test]
    fn rows_and_values_are_counted_before_anything_is_built() {
        let limits = Limits { rows: 3, elements: 10, ..Limits::default() };
        for fine in [
            r#"{"lines":[{},{},{}]}"#,
            r#"{"a":1,"b":2,"c":3,"d":4,"e":5}"#,
            r#"["a,,,,,,,,,,,,,,,\"[[[[[[[[[[[[","\\"]"#,
            "[[1,2,3],[1,2,3]]",
            "",
            "\"",
            "]]]]",
        ] {
            assert_eq!(check_json(fine.as_bytes(), &limits), Ok(()), "{fine}");
        }
        let rows = told(r#"{"lines":[{},{},{},{}]}"#, &limits);
        assert!(
            rows.contains("more than 3 rows") && rows.contains("invoice.limits.rows"),
            "{rows}"
        );
        for many in [
            "[[[[[[[[[[[",
            r#"{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6,"g":7,"h":8,"i":9,"j":0,"k":1}"#,
        ] {
            let values = told(many, &limits);
            assert!(values.contains("More than 10 values"), "{values}");
            assert!(values.ends_with("(config key invoice.limits.elements)."), "{values}");
        }
    }
}
