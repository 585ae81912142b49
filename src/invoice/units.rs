//! Names of the commonest units of UN/ECE Recommendation 20.

/// How the unit reads after a figure: nothing for "one", the code itself if it is a rare one.
pub(super) fn name(code: &str) -> &str {
    match code {
        "C62" | "EA" | "H87" | "NAR" | "PCE" | "ZZ" | "XPP" => "",
        "ANN" => "years",
        "BX" | "XBX" => "boxes",
        "CMT" => "cm",
        "DAY" => "days",
        "GRM" => "g",
        "HUR" => "h",
        "KGM" => "kg",
        "KMT" => "km",
        "KWH" => "kWh",
        "LTR" => "l",
        "MIN" => "min",
        "MMT" => "mm",
        "MON" => "months",
        "MTK" => "m²",
        "MTQ" => "m³",
        "MTR" => "m",
        "P1" => "%",
        "PR" => "pairs",
        "SEC" => "s",
        "SET" => "sets",
        "TNE" => "t",
        "WEE" => "weeks",
        other => other,
    }
}
