//! Figures in XML (`xs:decimal`).

/// Returns a figure as JSON writes it, with as many decimals as in the file.
///
/// # Errors
/// Why it is no figure.
pub(super) fn read_figure(text: &str) -> Result<String, &'static str> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
    let are_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if (whole.is_empty() && decimals.is_empty()) || !are_digits(whole) || !are_digits(decimals) {
        return Err("a figure has digits, and a point before its decimals, such as 1234.50");
    }
    // A `Decimal` holds 28 digits; zeros that say nothing are none of them.
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        whole => whole,
    };
    let point = if decimals.is_empty() { "" } else { "." };
    Ok(format!("{sign}{whole}{point}{decimals}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_read_as_xml_writes_it() {
        for (text, figure) in [
            ("119.0000", "119.0000"),
            ("+5", "5"),
            (".5", "0.5"),
            ("5.", "5"),
            ("-007.10", "-7.10"),
            ("0", "0"),
        ] {
            assert_eq!(read_figure(text).as_deref(), Ok(figure), "{text}");
        }
        for text in ["", ".", "-", "3.0E-2", "1,5", "INF", "NaN", "1 0", "--1", "٣"] {
            assert!(read_figure(text).is_err(), "{text}");
        }
    }
}
