//! A colour, and whether text in it can be read on what the page puts behind it (WCAG 2.2, 1.4.3).

use std::fmt;

use serde::{Deserialize, Serialize};

/// The least contrast of text with what is behind it (level AA).
const LEAST_CONTRAST: f64 = 4.5;

/// A colour of sRGB, written as `#rrggbb`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Colour(u8, u8, u8);

impl Colour {
    /// Returns the colour with these parts of red, green and blue.
    pub const fn new(red: u8, green: u8, blue: u8) -> Self {
        Self(red, green, blue)
    }

    /// Returns the luminance from 0, of black, to 1, of white.
    fn luminance(self) -> f64 {
        let linear = |part: u8| {
            let part = f64::from(part) / 255.0;
            if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(self.0) + 0.7152 * linear(self.1) + 0.0722 * linear(self.2)
    }

    /// Returns the contrast with another colour, from 1 to 21.
    pub fn contrast(self, other: Self) -> f64 {
        let (one, other) = (self.luminance(), other.luminance());
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    /// Returns `percent` of this colour mixed with the rest of another one, as `color-mix(in srgb, …)` of CSS does.
    fn mixed(self, percent: u16, other: Self) -> Self {
        let mix = |one: u8, other: u8| {
            let sum = u16::from(one) * percent + u16::from(other) * (100 - percent);
            u8::try_from((sum + 50) / 100).unwrap_or(u8::MAX)
        };
        Self(mix(self.0, other.0), mix(self.1, other.1), mix(self.2, other.2))
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.0, self.1, self.2)
    }
}

impl From<Colour> for String {
    fn from(colour: Colour) -> Self {
        colour.to_string()
    }
}

impl TryFrom<String> for Colour {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let digits = text.strip_prefix('#').filter(|it| it.len() == 6 && it.is_ascii());
        let part = |from: usize| u8::from_str_radix(digits?.get(from..from + 2)?, 16).ok();
        let all_digits = digits.is_some_and(|it| it.bytes().all(|it| it.is_ascii_hexdigit()));
        match (all_digits, part(0), part(2), part(4)) {
            (true, Some(red), Some(green), Some(blue)) => Ok(Self(red, green, blue)),
            _ => Err("no colour such as #14605a".to_owned()),
        }
    }
}

/// The page by day or by night: what is behind text there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ground {
    /// What the invoice and the conversation are on (`--paper` of the style sheet).
    pub paper: Colour,
    /// What is around it (`--ground`).
    pub around: Colour,
    /// What the other party's messages are on (`--other`).
    pub other: Colour,
    /// What the messages of colleagues are on (`--ours`).
    pub ours: Colour,
}

impl Ground {
    /// The light page.
    pub const LIGHT: Self = Self {
        paper: Colour::new(0xff, 0xff, 0xff),
        around: Colour::new(0xf3, 0xf4, 0xf2),
        other: Colour::new(0xee, 0xf0, 0xf2),
        ours: Colour::new(0xe6, 0xec, 0xf7),
    };
    /// The dark page.
    pub const DARK: Self = Self {
        paper: Colour::new(0x19, 0x1d, 0x20),
        around: Colour::new(0x11, 0x14, 0x16),
        other: Colour::new(0x26, 0x2c, 0x31),
        ours: Colour::new(0x23, 0x2f, 0x45),
    };
}

/// The colours that follow from the accent of a shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shades {
    /// Links and buttons (`--accent`).
    pub accent: Colour,
    /// The words on a button (`--on-accent`).
    pub on_accent: Colour,
    /// What is behind the payment and marks (`--wash`).
    pub wash: Colour,
    /// What one's own messages are on (`--mine`).
    pub mine: Colour,
}

impl Shades {
    /// Returns the colours that follow from `accent` on a page.
    pub fn of(accent: Colour, ground: Ground) -> Self {
        const BLACK: Colour = Colour::new(0, 0, 0);
        const WHITE: Colour = Colour::new(255, 255, 255);
        let is_dark = accent.contrast(WHITE) >= accent.contrast(BLACK);
        Self {
            accent,
            on_accent: if is_dark { WHITE } else { BLACK },
            wash: accent.mixed(8, ground.paper),
            mine: accent.mixed(14, ground.paper),
        }
    }

    /// Returns the least contrast of text in the accent with what is behind it, if that is too little.
    pub fn too_little_contrast(self, ground: Ground) -> Option<f64> {
        let Ground { paper, around, other, ours } = ground;
        let behind = [paper, around, other, ours, self.wash, self.mine];
        let least = behind.into_iter().map(|it| self.accent.contrast(it)).fold(21.0, f64::min);
        (least < LEAST_CONTRAST).then_some(least)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn colour(text: &str) -> Colour {
        Colour::try_from(text.to_owned()).unwrap()
    }

    #[test]
    fn a_colour_has_six_hexadecimal_digits() {
        assert_eq!(colour("#14605A").to_string(), "#14605a");
        for text in ["", "#", "14605a", "#14605", "#14605a0", "#+1+2+3", "#14605g", "red", "#ä605"]
        {
            assert!(Colour::try_from(text.to_owned()).is_err(), "{text}");
        }
    }

    #[test]
    fn contrast_is_that_of_wcag() {
        let contrast = |one, other| (colour(one).contrast(colour(other)) * 100.0).round() / 100.0;
        assert_eq!(contrast("#000000", "#ffffff"), 21.0);
        assert_eq!(contrast("#ffffff", "#ffffff"), 1.0);
        // The known limit case: the lightest grey that is allowed on white.
        assert_eq!(contrast("#767676", "#ffffff"), 4.54);
        assert_eq!(contrast("#777777", "#ffffff"), 4.48);
    }

    #[test]
    fn what_can_be_read_by_day_is_refused_by_night_and_the_other_way() {
        let refused = |text, ground| Shades::of(colour(text), ground).too_little_contrast(ground);
        for text in ["#14605a", "#8a1c1c", "#1a3f8f", "#000000"] {
            assert_eq!(refused(text, Ground::LIGHT), None, "{text}");
        }
        for text in ["#6fcbbf", "#ffd166", "#ffffff"] {
            assert_eq!(refused(text, Ground::DARK), None, "{text}");
            assert!(refused(text, Ground::LIGHT).is_some_and(|it| it < 4.5), "{text}");
        }
        for text in ["#14605a", "#1a3f8f", "#000000"] {
            assert!(refused(text, Ground::DARK).is_some_and(|it| it < 4.5), "{text}");
        }
        // Only on what colleagues say it cannot be read.
        assert!(refused("#ff23eb", Ground::DARK).is_some_and(|it| it < 4.5));
    }

    #[test]
    fn words_on_a_button_can_be_read_whatever_its_colour_is() {
        for red in (0..=255).step_by(5) {
            for green in (0..=255).step_by(5) {
                for blue in (0..=255).step_by(15) {
                    let shades = Shades::of(Colour::new(red, green, blue), Ground::LIGHT);
                    assert!(shades.on_accent.contrast(shades.accent) >= LEAST_CONTRAST);
                }
            }
        }
    }

    #[test]
    fn the_grounds_are_those_of_the_style_sheet() {
        let style = include_str!("../../../assets/page/page.css");
        let (light, dark) = style.split_once("@media (prefers-color-scheme: dark)").unwrap();
        for (style, ground) in [(light, Ground::LIGHT), (dark, Ground::DARK)] {
            for (name, expected) in [
                ("paper", ground.paper),
                ("ground", ground.around),
                ("other", ground.other),
                ("ours", ground.ours),
            ] {
                let (_, rest) = style.split_once(&format!("--{name}: ")).unwrap();
                let written = rest.split(';').next().unwrap();
                let written = if written == "#fff" { "#ffffff" } else { written };
                assert_eq!(written, expected.to_string(), "--{name}");
            }
        }
    }
}
