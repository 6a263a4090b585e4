//! How settings are defined: each of them once, in the section of its owner.
//!
//! From a definition come the flag, the environment variable, the key of the TOML file, the
//! default, the help, the range and the row of the README's table.

use std::fmt::Display;
use std::io;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use clap::Arg;
use clap::ArgAction;
use clap::ArgMatches;
use clap::builder::ValueParser;
use clap::value_parser;
use thiserror::Error;

use crate::settings::address::ListenAddress;

/// What the variables start with.
const VARIABLES: &str = "LEDGERSTONE_";

/// Why settings cannot be used.
#[derive(Debug, Error)]
pub enum SettingsError {
    /// The file cannot be read.
    #[error("{}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is not TOML, has an unknown key, or a value of the wrong kind.
    #[error("{}: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Where and what.
        reason: String,
    },
    /// A value is outside what the setting can be.
    #[error("{setting}: {reason}")]
    Value {
        /// The setting.
        setting: &'static str,
        /// What it has to be.
        reason: String,
    },
}

impl SettingsError {
    /// A value of `setting` that cannot be.
    pub(crate) fn value(setting: &'static str, reason: impl Into<String>) -> Self {
        Self::Value {
            setting,
            reason: reason.into(),
        }
    }
}

/// What a setting is called in each source, and what it means.
#[derive(Clone, Debug)]
pub struct Definition {
    /// The name in Rust.
    pub(crate) field: &'static str,
    /// The key of the TOML file; the flag is the same after two dashes.
    pub key: String,
    /// The environment variable.
    pub variable: String,
    /// What stands for the value in the help.
    pub unit: &'static str,
    /// What holds where nobody sets it, in words; `None` when that is nothing.
    pub default: Option<String>,
    /// What it means.
    pub meaning: &'static str,
    /// How its value is parsed.
    pub(crate) parse: fn(Arg) -> Arg,
}

impl Definition {
    pub(crate) fn new(
        field: &'static str,
        (unit, meaning): (&'static str, &'static str),
        default: String,
        parse: fn(Arg) -> Arg,
    ) -> Self {
        Self {
            field,
            key: field.replace('_', "-"),
            variable: format!("{VARIABLES}{}", field.to_uppercase()),
            unit,
            default: (!default.is_empty()).then_some(default),
            meaning: meaning.trim_start(),
            parse,
        }
    }

    /// The flag.
    pub(crate) fn arg(&'static self) -> Arg {
        let help = match &self.default {
            Some(default) => format!("{} [default: {default}]", self.meaning),
            None => self.meaning.to_owned(),
        };
        let arg = Arg::new(self.field)
            .long(self.key.as_str())
            .env(self.variable.as_str())
            .value_name(self.unit)
            .help(help);
        (self.parse)(arg)
    }

    /// Refuses a number outside of `range`; `all` is what its type can be.
    ///
    /// # Errors
    /// [`SettingsError::Value`].
    pub(crate) fn within<N: Copy + Display + PartialOrd>(
        &'static self,
        number: N,
        range: &RangeInclusive<N>,
        all: &RangeInclusive<N>,
    ) -> Result<(), SettingsError> {
        if range.contains(&number) {
            return Ok(());
        }
        let (least, most) = (range.start(), range.end());
        let reason = if least == all.start() {
            format!("has to be at most {most}")
        } else if most == all.end() {
            format!("has to be at least {least}")
        } else {
            format!("has to be from {least} to {most}")
        };
        Err(SettingsError::value(&self.key, reason))
    }
}

/// What a setting can be, and how a flag gives it.
pub(crate) trait Value: Sized {
    fn parse(arg: Arg) -> Arg;

    fn given(matches: &ArgMatches, field: &str) -> Option<Self>;

    /// The value as the help says it; empty where there is none.
    fn shown(&self) -> String;

    fn is_none(&self) -> bool {
        false
    }
}

/// A setting that is one value.
pub(crate) trait Scalar: Clone + Send + Sync + 'static {
    fn parser() -> ValueParser;

    fn text(&self) -> String;

    fn parse(arg: Arg) -> Arg {
        arg.value_parser(Self::parser())
    }
}

impl<T: Scalar> Value for T {
    fn parse(arg: Arg) -> Arg {
        <T as Scalar>::parse(arg)
    }

    fn given(matches: &ArgMatches, field: &str) -> Option<Self> {
        matches.get_one(field).cloned()
    }

    fn shown(&self) -> String {
        self.text()
    }
}

impl<T: Scalar> Value for Option<T> {
    fn parse(arg: Arg) -> Arg {
        T::parse(arg)
    }

    fn given(matches: &ArgMatches, field: &str) -> Option<Self> {
        T::given(matches, field).map(Some)
    }

    fn shown(&self) -> String {
        self.as_ref().map(Scalar::text).unwrap_or_default()
    }

    fn is_none(&self) -> bool {
        self.is_none()
    }
}

/// Separated by commas.
impl<T: Scalar> Value for Vec<T> {
    fn parse(arg: Arg) -> Arg {
        T::parse(arg).action(ArgAction::Append).value_delimiter(',')
    }

    fn given(matches: &ArgMatches, field: &str) -> Option<Self> {
        let values = matches.get_many(field)?;
        Some(values.cloned().collect())
    }

    fn shown(&self) -> String {
        let values: Vec<String> = self.iter().map(Scalar::text).collect();
        values.join(",")
    }
}

macro_rules! displayed {
    ($($Scalar:ty),*) => {$(
        impl Scalar for $Scalar {
            fn parser() -> ValueParser {
                value_parser!($Scalar).into()
            }

            fn text(&self) -> String {
                self.to_string()
            }
        }
    )*};
}

displayed!(usize, ListenAddress, String);

impl Scalar for u64 {
    fn parser() -> ValueParser {
        value_parser!(Self).into()
    }

    fn text(&self) -> String {
        self.to_string()
    }
}

impl Scalar for PathBuf {
    fn parser() -> ValueParser {
        value_parser!(Self)
    }

    fn text(&self) -> String {
        self.display().to_string()
    }
}

/// A flag without a value is `true`.
impl Scalar for bool {
    fn parser() -> ValueParser {
        value_parser!(Self)
    }

    fn text(&self) -> String {
        self.to_string()
    }

    fn parse(arg: Arg) -> Arg {
        arg.value_parser(Self::parser())
            .num_args(0..=1)
            .default_missing_value("true")
    }
}

/// Lets a setting be one of the words of a [`clap::ValueEnum`].
macro_rules! words {
    ($Words:ty) => {
        impl $crate::settings::section::Scalar for $Words {
            fn parser() -> clap::builder::ValueParser {
                clap::builder::EnumValueParser::<Self>::new().into()
            }

            fn text(&self) -> String {
                let value = clap::ValueEnum::to_possible_value(self);
                value.map_or_else(String::new, |value| value.get_name().to_owned())
            }
        }
    };
}

/// Defines a section: two structures, one of the settings in force and one of what a source gives.
///
/// ```text
/// /// What the setting means, in the words of the help
/// [UNIT] name: Type = default, shown "default in words", in least..=most;
/// ```
///
/// A default may use the settings above it when it has words. It has to have them when it is none.
macro_rules! section {
    (
        $(#[$meta:meta])*
        pub struct $Section:ident from $Given:ident {
            $(
                $(#[doc = $meaning:literal])+
                [$unit:ident] $name:ident: $Value:ty = $default:expr
                $(, shown $shown:literal)? $(, in $range:expr)?;
            )*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, serde::Serialize)]
        #[serde(rename_all = "kebab-case")]
        pub struct $Section {
            $(
                $(#[doc = $meaning])+
                #[serde(skip_serializing_if = "crate::settings::section::Value::is_none")]
                pub $name: $Value,
            )*
        }

        /// The same as one source gives them: what is absent is left to the next source.
        #[derive(Clone, Debug, Default, serde::Deserialize)]
        #[serde(default, rename_all = "kebab-case")]
        pub struct $Given {
            $(
                $(#[doc = $meaning])+
                pub $name: Option<$Value>,
            )*
        }

        impl $Given {
            /// The definitions of the section.
            pub(crate) fn definitions() -> &'static [$crate::settings::section::Definition] {
                use std::sync::LazyLock;
                use $crate::settings::section::{Definition, Value};
                static DEFINITIONS: LazyLock<Vec<Definition>> = LazyLock::new(|| vec![$(
                    Definition::new(
                        stringify!($name),
                        (stringify!($unit), concat!($($meaning),+)),
                        section!(@shown $Value, $default $(, $shown)?),
                        <$Value as Value>::parse,
                    ),
                )*]);
                &DEFINITIONS
            }

            /// These settings, and where they are silent, those of `other`.
            pub(crate) fn or(self, other: Self) -> Self {
                Self { $($name: self.$name.or(other.$name),)* }
            }

            /// Fills in the defaults and checks the ranges.
            pub(crate) fn resolve(
                self,
            ) -> Result<$Section, $crate::settings::section::SettingsError> {
                $(
                    let $name: $Value = self.$name.unwrap_or_else(|| $default);
                    $(section!(@within Self, $name, $Value, $range);)?
                )*
                Ok($Section { $($name,)* })
            }
        }

        impl clap::FromArgMatches for $Given {
            fn from_arg_matches(matches: &clap::ArgMatches) -> Result<Self, clap::Error> {
                use $crate::settings::section::Value;
                Ok(Self { $($name: <$Value as Value>::given(matches, stringify!($name)),)* })
            }

            fn update_from_arg_matches(
                &mut self,
                matches: &clap::ArgMatches,
            ) -> Result<(), clap::Error> {
                *self = Self::from_arg_matches(matches)?.or(self.clone());
                Ok(())
            }
        }

        impl clap::Args for $Given {
            fn augment_args(command: clap::Command) -> clap::Command {
                let definitions = Self::definitions().iter();
                command.args(definitions.map(|definition| definition.arg()))
            }

            fn augment_args_for_update(command: clap::Command) -> clap::Command {
                Self::augment_args(command)
            }
        }
    };
    (@shown $Value:ty, $default:expr) => {{
        let default: $Value = $default;
        Value::shown(&default)
    }};
    (@shown $Value:ty, $default:expr, $shown:literal) => {
        $shown.to_owned()
    };
    (@within $Given:ty, $name:ident, $Value:ty, $range:expr) => {
        for definition in <$Given>::definitions() {
            if definition.field == stringify!($name) {
                definition.within($name, &$range, &(<$Value>::MIN..=<$Value>::MAX))?;
            }
        }
    };
}

pub(crate) use section;
pub(crate) use words;
