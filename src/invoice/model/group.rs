//! One declaration for each business group: its fields, and where each stands in JSON, UBL and CII.
//!
//! A group exists in two stages. As it is stated, any field may be missing. As it is settled, every field
//! that an invoice needs is there, so that nobody has to ask for it again.

/// A group that was settled, and the form in which it is stated.
pub trait Settled: Sized {
    /// The same group, in which any field may be missing.
    type Stated;

    /// Takes every field out of the stated form.
    ///
    /// # Errors
    /// The first field that is missing.
    fn settled(stated: Self::Stated) -> Result<Self, Missing>;

    /// Returns the form in which the group is stated, with every field.
    fn stated(self) -> Self::Stated;
}

/// The name of a field that a settled invoice must have.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the field `{0}` is missing")]
pub struct Missing(pub(super) &'static str);

/// Whether a field says nothing, so that it is left out of the JSON.
pub(super) trait Blank {
    /// Whether JSON may say `null` here.
    const TAKES_NULL: bool = false;

    /// Whether it says nothing.
    fn is_blank(&self) -> bool;
}

impl<T> Blank for Option<T> {
    const TAKES_NULL: bool = true;

    fn is_blank(&self) -> bool {
        self.is_none()
    }
}

impl<T> Blank for Vec<T> {
    fn is_blank(&self) -> bool {
        self.is_empty()
    }
}

impl Blank for String {
    fn is_blank(&self) -> bool {
        self.is_empty()
    }
}

/// Declares a business group. Each row is a field of the struct with its stage and type, then its business
/// term, the kind of its value, and its place in UBL and in CII (see [`Term`](super::term::Term)).
///
/// The stages are `may` (the same type in both stages), `must` (an `Option` as stated, and the value itself
/// as settled), `each` (a list of groups), `known` (a list that is computed if it is left out), and `part`
/// (one group). A group with a single name has one form for both stages, and all its rows are `may`.
macro_rules! group {
    (
        $(#[$doc:meta])*
        $settled:ident / $stated:ident {
            $(
                $(#[$attr:meta])*
                $field:ident $(as $json:literal)?: $stage:ident $ty:ty,
                $id:literal, $kind:expr, $ubl:literal, $cii:literal;
            )*
        }
    ) => {
        $(#[$doc])*
        ///
        /// As settled: every field that an invoice needs is there.
        #[derive(Clone, Debug, PartialEq)]
        pub struct $settled {
            $(
                #[doc = concat!($id, ".")]
                pub $field: group!(@settled $stage $ty),
            )*
        }

        group! {
            $(#[$doc])*
            ///
            /// As stated: any field may be missing.
            $stated {
                $($(#[$attr])* $field $(as $json)?: (group!(@stated $stage $ty)), $id, $kind, $ubl, $cii;)*
            }
        }

        impl $crate::invoice::model::group::Settled for $settled {
            type Stated = $stated;

            fn settled(stated: $stated) -> Result<Self, $crate::invoice::model::group::Missing> {
                Ok(Self { $($field: group!(@settle $stage stated $field)),* })
            }

            fn stated(self) -> $stated {
                $stated { $($field: group!(@state $stage self $field)),* }
            }
        }

        impl serde::Serialize for $settled {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                $crate::invoice::model::group::Settled::stated(self.clone()).serialize(to)
            }
        }

        impl<'de> serde::Deserialize<'de> for $settled {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let stated = $stated::deserialize(from)?;
                $crate::invoice::model::group::Settled::settled(stated)
                    .map_err(serde::de::Error::custom)
            }
        }
    };
    (
        $(#[$doc:meta])*
        $name:ident {
            $(
                $(#[$attr:meta])*
                $field:ident $(as $json:literal)?: ($ty:ty),
                $id:literal, $kind:expr, $ubl:literal, $cii:literal;
            )*
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct $name {
            $(
                #[doc = concat!($id, ".")]
                $(#[$attr])*
                $(#[serde(rename = $json)])?
                #[serde(skip_serializing_if = "crate::invoice::model::group::Blank::is_blank")]
                pub $field: $ty,
            )*
        }

        impl $name {
            /// The terms of this group, in the order of EN 16931.
            pub(in crate::invoice) const TERMS: &'static [$crate::invoice::model::term::Term] = &[
                $($crate::invoice::model::term::Term {
                    ids: $id,
                    json: group!(@json $field $($json)?),
                    kind: $kind,
                    takes_null: <$ty as $crate::invoice::model::group::Blank>::TAKES_NULL,
                    ubl: $ubl,
                    cii: $cii,
                },)*
            ];
        }

        impl $crate::invoice::model::group::Blank for $name {
            fn is_blank(&self) -> bool {
                $($crate::invoice::model::group::Blank::is_blank(&self.$field))&&*
            }
        }
    };

    (@json $field:ident) => { stringify!($field) };
    (@json $field:ident $json:literal) => { $json };

    (@settled may $ty:ty) => { $ty };
    (@settled must $ty:ty) => { $ty };
    (@settled each $ty:ty) => { Vec<$ty> };
    (@settled known $ty:ty) => { Vec<$ty> };
    (@settled part $ty:ty) => { $ty };

    (@stated may $ty:ty) => { $ty };
    (@stated must $ty:ty) => { Option<$ty> };
    (@stated each $ty:ty) => { Vec<<$ty as $crate::invoice::model::group::Settled>::Stated> };
    (@stated known $ty:ty) => { Option<Vec<<$ty as $crate::invoice::model::group::Settled>::Stated>> };
    (@stated part $ty:ty) => { <$ty as $crate::invoice::model::group::Settled>::Stated };

    (@settle may $from:ident $field:ident) => { $from.$field };
    (@settle must $from:ident $field:ident) => {
        $from.$field.ok_or($crate::invoice::model::group::Missing(stringify!($field)))?
    };
    (@settle each $from:ident $field:ident) => {
        $from
            .$field
            .into_iter()
            .map($crate::invoice::model::group::Settled::settled)
            .collect::<Result<Vec<_>, _>>()?
    };
    (@settle known $from:ident $field:ident) => {
        $from
            .$field
            .unwrap_or_default()
            .into_iter()
            .map($crate::invoice::model::group::Settled::settled)
            .collect::<Result<Vec<_>, _>>()?
    };
    (@settle part $from:ident $field:ident) => {
        $crate::invoice::model::group::Settled::settled($from.$field)?
    };

    (@state may $from:ident $field:ident) => { $from.$field };
    (@state must $from:ident $field:ident) => { Some($from.$field) };
    (@state each $from:ident $field:ident) => {
        $from.$field.into_iter().map($crate::invoice::model::group::Settled::stated).collect()
    };
    (@state known $from:ident $field:ident) => {
        Some($from.$field.into_iter().map($crate::invoice::model::group::Settled::stated).collect())
    };
    (@state part $from:ident $field:ident) => {
        $crate::invoice::model::group::Settled::stated($from.$field)
    };
}
pub(super) use group;
