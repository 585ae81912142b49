//! A postal address as people of its country write it. Pure: no I/O.
//!
//! The order of city, region and postal code is that of Universal Postal Union S42 and of the address data of Chromium
//! (<https://chromium-i18n.appspot.com/ssl-address>). It is known for the countries below; others are written like most
//! of Europe. Nothing of an address is left out.

use crate::invoice::Address;
use crate::language::Locale;

/// The order for countries that are not in [`FORMS`]: the street, postal code and city, the region. In such a form, `A` is
/// the street and what stands before the city, `C` the city, `S` the region (state, province), and `Z` the postal
/// code. Each line of it is a line of the address. What stands between two parts is written if both are there.
const USUAL: &str = "A\nZ C\nS";

/// The forms of countries that write otherwise, by their codes (ISO 3166-1).
const FORMS: &[(&str, &[&str])] = &[
    ("A\nC\nS\nZ", &["GB", "GG", "IE", "IM", "JE", "EG", "RU", "UA", "ZA"]),
    ("A\nC, S Z", &["US", "AS", "GU", "MP", "PR", "VI"]),
    ("A\nC S Z", &["CA", "AU"]),
    ("A\nC Z\nS", &["IN", "NZ", "SG", "IL", "SA"]),
    ("A\nZ C S", &["IT", "ES", "SM", "VA"]),
    ("A\nZ C, S", &["MX"]),
    ("A\nC - S\nZ", &["BR"]),
    ("A\nC, Z\nS", &["LV"]),
    ("C\nA\nZ\nS", &["HU"]),
    ("A\nZ C / S", &["TR"]),
    ("A\nC\nS Z", &["ID", "TH", "VN"]),
];

/// The forms of countries that write from the largest to the smallest in their own script: its form, and the one for
/// Latin letters.
const LARGEST_FIRST: &[(&str, &str, &str)] = &[
    ("CN", "Z\nSC\nA", "A\nC\nS, Z"),
    ("HK", "S\nC\nA\nZ", "A\nC\nS\nZ"),
    ("JP", "Z\nSC\nA", "A\nC, S Z"),
    ("KR", "S C\nA\nZ", "A\nC\nS Z"),
    ("TW", "Z\nSC\nA", "A\nC, S Z"),
];

/// The lines of an address: street, city and so on in the order of its country, and the country.
pub fn address(address: &Address, locale: &Locale) -> Vec<String> {
    let form = form(address);
    let Address { city, region, postal_code, .. } = address;
    let [city, region, code] = [city, region, postal_code]
        .map(|it| it.as_deref().map(str::trim).filter(|it| !it.is_empty()));
    let streets = address.lines.iter().map(|it| it.trim()).filter(|it| !it.is_empty());
    let mut lines = Vec::new();
    for line in form.lines() {
        if line == "A" {
            lines.extend(streets.clone().map(str::to_owned));
            continue;
        }
        let mut written = String::new();
        let mut between = String::new();
        for letter in line.chars() {
            let part = match letter {
                'C' => city,
                'S' => region,
                'Z' => code,
                _ => {
                    between.push(letter);
                    continue;
                }
            };
            if let Some(part) = part {
                if !written.is_empty() {
                    written.push_str(&between);
                }
                written.push_str(part);
            }
            between.clear();
        }
        lines.extend(Some(written).filter(|it| !it.is_empty()));
    }
    lines.extend(address.country.as_deref().map(|code| locale.country(code)));
    lines.retain(|it| !it.trim().is_empty());
    lines
}

fn form(address: &Address) -> &'static str {
    let country = address.country.as_deref().unwrap_or_default();
    if let Some((_, own, latin)) = LARGEST_FIRST.iter().find(|(code, ..)| *code == country) {
        return if is_in_own_script(address) { own } else { latin };
    }
    FORMS.iter().find(|(_, countries)| countries.contains(&country)).map_or(USUAL, |it| it.0)
}

/// Whether an address is in Chinese characters, Kana or Hangul.
fn is_in_own_script(address: &Address) -> bool {
    let parts = [&address.city, &address.region].into_iter().flatten().chain(&address.lines);
    let is_own = |c: char| matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}');
    parts.into_iter().any(|it| it.contains(is_own))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;

    fn lines(country: &str, [street, city, region, code]: [&str; 4]) -> String {
        let part = |it: &str| Some(it.to_owned()).filter(|it| !it.is_empty());
        let place = Address {
            lines: part(street).into_iter().collect(),
            city: part(city),
            postal_code: part(code),
            region: part(region),
            country: part(country),
        };
        let mut lines = address(&place, &Locale::of(Language::English));
        if !country.is_empty() {
            lines.pop();
        }
        lines.join(" | ")
    }

    #[test]
    fn each_country_has_its_order() {
        for (country, parts, expected) in [
            ("DE", ["Hauptstr. 1", "Berlin", "", "10115"], "Hauptstr. 1 | 10115 Berlin"),
            ("AT", ["Graben 7", "Wien", "", "1010"], "Graben 7 | 1010 Wien"),
            ("CH", ["Gasse 2", "Bern", "BE", "3011"], "Gasse 2 | 3011 Bern | BE"),
            ("FR", ["1 rue de la Paix", "Paris", "", "75002"], "1 rue de la Paix | 75002 Paris"),
            ("NL", ["Damrak 1", "Amsterdam", "", "1012 LG"], "Damrak 1 | 1012 LG Amsterdam"),
            (
                "ES",
                ["Calle Mayor 1", "Getafe", "Madrid", "28901"],
                "Calle Mayor 1 | 28901 Getafe Madrid",
            ),
            ("IT", ["Via Po 1", "Torino", "TO", "10123"], "Via Po 1 | 10123 Torino TO"),
            ("GB", ["1 High St", "Leeds", "", "LS1 4AP"], "1 High St | Leeds | LS1 4AP"),
            (
                "IE",
                ["1 Main St", "Trim", "Co. Meath", "C15 X0X0"],
                "1 Main St | Trim | Co. Meath | C15 X0X0",
            ),
            ("US", ["1 Main St", "Austin", "TX", "78701"], "1 Main St | Austin, TX 78701"),
            ("US", ["1 Main St", "Austin", "", "78701"], "1 Main St | Austin 78701"),
            ("US", ["1 Main St", "", "TX", "78701"], "1 Main St | TX 78701"),
            ("CA", ["1 King St", "Toronto", "ON", "M5H 1A1"], "1 King St | Toronto ON M5H 1A1"),
            ("AU", ["1 George St", "Sydney", "NSW", "2000"], "1 George St | Sydney NSW 2000"),
            ("BR", ["Rua A 1", "Recife", "PE", "50010-000"], "Rua A 1 | Recife - PE | 50010-000"),
            ("HU", ["Fő u. 1", "Budapest", "", "1011"], "Budapest | Fő u. 1 | 1011"),
            (
                "JP",
                ["丸の内1-1", "千代田区", "東京都", "100-0005"],
                "100-0005 | 東京都千代田区 | 丸の内1-1",
            ),
            (
                "JP",
                ["1-1 Marunouchi", "Chiyoda", "Tokyo", "100-0005"],
                "1-1 Marunouchi | Chiyoda, Tokyo 100-0005",
            ),
            ("KR", ["세종대로 1", "중구", "서울", "04524"], "서울 중구 | 세종대로 1 | 04524"),
            ("CN", ["长安街1号", "", "北京市", "100000"], "100000 | 北京市 | 长安街1号"),
            // No country, or one that is not in the table.
            ("", ["Somewhere 1", "Town", "", "123"], "Somewhere 1 | 123 Town"),
            ("PL", ["Somewhere 1", "Town", "Land", "123"], "Somewhere 1 | 123 Town | Land"),
            ("US", ["", "", "", ""], ""),
        ] {
            assert_eq!(lines(country, parts), expected, "{country}");
        }
    }

    #[test]
    fn no_form_leaves_anything_out() {
        let all = FORMS.iter().map(|it| it.0).chain([USUAL]);
        let large = LARGEST_FIRST.iter().flat_map(|(_, own, latin)| [*own, *latin]);
        for form in all.chain(large) {
            for letter in ["A", "C", "S", "Z"] {
                assert_eq!(form.matches(letter).count(), 1, "{letter} in {form:?}");
            }
            assert!(form.lines().any(|it| it == "A"), "{form:?}");
        }
        let mut codes: Vec<_> = FORMS.iter().flat_map(|it| it.1).collect();
        codes.extend(LARGEST_FIRST.iter().map(|(code, ..)| code));
        let count = codes.len();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), count, "a country has two forms");
    }
}
