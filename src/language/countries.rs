//! Names of countries, as ICU has them.

use icu_experimental::displaynames::multi::RegionDisplayNames;
use icu_locale::Locale;
use icu_locale::subtags::Region;

/// Invoices have this code for Kosovo (EN 16931), which ISO 3166-1 lacks; ICU has another one.
const KOSOVO: &str = "1A";

/// By its code of ISO 3166-1; none if ICU knows no such country.
pub(super) fn name(locale: &Locale, code: &str) -> Option<String> {
    let code = if code == KOSOVO { "XK" } else { code };
    let region = Region::try_from_str(code).ok().filter(|region| region.is_alphabetic())?;
    let names = RegionDisplayNames::try_new(locale.into(), Default::default()).ok()?;
    names.of(region).map(str::to_owned)
}
