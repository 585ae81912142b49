//! The names of countries, from ICU.

use icu_experimental::displaynames::multi::RegionDisplayNames;
use icu_locale::Locale;
use icu_locale::subtags::Region;

/// The code of Kosovo in invoices (EN 16931). ISO 3166-1 has none, and ICU has another one.
const KOSOVO: &str = "1A";

/// Returns the name of the country with this code of ISO 3166-1, or `None` if ICU does not know it.
pub(super) fn name(locale: &Locale, code: &str) -> Option<String> {
    let code = if code == KOSOVO { "XK" } else { code };
    let region = Region::try_from_str(code).ok().filter(|region| region.is_alphabetic())?;
    let names = RegionDisplayNames::try_new(locale.into(), Default::default()).ok()?;
    names.of(region).map(str::to_owned)
}
