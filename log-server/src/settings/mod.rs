//! What an operator can set: by flag, by environment variable, or in a TOML file, in this order of
//! precedence.
//!
//! Each owner defines its section beside its code, with [`section!`](section::section); this module
//! puts them together.

pub(crate) mod address;
mod log;
pub(crate) mod section;
mod store;

use std::fs;
use std::path::Path;

use clap::Args;
use ledgerstone_entry::AlgorithmSet;
use ledgerstone_entry::ApiVersion;
use ledgerstone_entry::KindSet;
use ledgerstone_entry::Policy;
use ledgerstone_entry::v1::V1Policy;
use serde::Deserialize;
use serde::Serialize;
use serde::de::IgnoredAny;

use crate::admin::settings::AdminOverrides;
use crate::admin::settings::AdminSettings;
use crate::log_v1::settings::StatementOverrides;
use crate::log_v1::settings::StatementSettings;
use crate::page::settings::PageOverrides;
use crate::page::settings::PageSettings;
use crate::rekor_v1::settings::RekorV1Overrides;
use crate::rekor_v1::settings::RekorV1Settings;
use crate::rekor_v2::settings::RekorV2Overrides;
use crate::rekor_v2::settings::RekorV2Settings;
use crate::server::settings::ServerOverrides;
use crate::server::settings::ServerSettings;
use crate::telemetry::settings::TelemetryOverrides;
use crate::telemetry::settings::TelemetrySettings;
use crate::webhooks::settings::WebhookOverrides;
use crate::webhooks::settings::WebhookSettings;

pub use self::log::LogOverrides;
pub(crate) use self::log::LogSettings;
pub use self::log::OnDuplicate;
pub use self::section::Definition;
pub use self::section::SettingsError;
pub(crate) use self::store::StoreOverrides;
pub(crate) use self::store::StoreSettings;

/// Whether a log can have this name, a bare host name.
pub fn is_origin(name: &str) -> bool {
    log::check_origin(name).is_ok()
}

/// Puts sections together.
macro_rules! sections {
    ($($(#[$meta:meta])* $name:ident: $Section:ty, $Given:ty;)*) => {
        /// The settings that a server runs with.
        #[derive(Clone, Debug, Serialize)]
        pub struct Settings {
            $($(#[$meta])* #[serde(flatten)] pub $name: $Section,)*
        }

        /// Settings as one source gives them: what is absent is left to the next source.
        #[derive(Args, Clone, Debug, Default)]
        pub struct Overrides {
            $($(#[$meta])* #[command(flatten)] pub $name: $Given,)*
        }

        impl Overrides {
            /// Every setting, section by section.
            pub fn definitions() -> impl Iterator<Item = &'static Definition> {
                [$(<$Given>::definitions(),)*].into_iter().flatten()
            }

            /// These settings, and where they are silent, those of `other`.
            #[must_use]
            pub fn or(self, other: Self) -> Self {
                Self { $($name: self.$name.or(other.$name),)* }
            }

            /// Reads the text of a TOML file.
            ///
            /// # Errors
            /// The place in the text; unknown keys are refused.
            pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
                // The sections see keys that are not theirs, and cannot tell which are nobody's.
                toml::from_str::<std::collections::BTreeMap<Key, IgnoredAny>>(text)?;
                Ok(Self { $($name: toml::from_str(text)?,)* })
            }

            fn resolve_sections(self) -> Result<Settings, SettingsError> {
                Ok(Settings { $($name: self.$name.resolve()?,)* })
            }
        }
    };
}

sections! {
    /// Where the log is kept.
    store: StoreSettings, StoreOverrides;
    /// Where the server listens, and its limits.
    server: ServerSettings, ServerOverrides;
    /// Where the admin port is.
    admin: AdminSettings, AdminOverrides;
    /// The log itself.
    log: LogSettings, LogOverrides;
    /// Rekor v2.
    rekor_v2: RekorV2Settings, RekorV2Overrides;
    /// Rekor v1.
    rekor_v1: RekorV1Settings, RekorV1Overrides;
    /// Statements that are handed in after their entries.
    statements: StatementSettings, StatementOverrides;
    /// The page.
    page: PageSettings, PageOverrides;
    /// Where new entries are sent.
    webhooks: WebhookSettings, WebhookOverrides;
    /// What is told on stderr.
    telemetry: TelemetrySettings, TelemetryOverrides;
}

/// What a request carries beside an artifact, at most, in bytes: signature, key or certificates,
/// and JSON around them.
const BESIDE_ARTIFACT: usize = 256 << 10;

impl Overrides {
    /// Reads a TOML file.
    ///
    /// # Errors
    /// [`SettingsError::File`] with the place in the file; unknown keys are refused.
    pub fn from_file(path: &Path) -> Result<Self, SettingsError> {
        let text = fs::read_to_string(path).map_err(|source| SettingsError::Read {
            path: path.to_owned(),
            source,
        })?;
        Self::parse(&text).map_err(|error| SettingsError::File {
            path: path.to_owned(),
            reason: error.to_string(),
        })
    }

    /// Fills in the defaults and checks every value.
    ///
    /// # Errors
    /// [`SettingsError::Value`] that names the setting.
    pub fn resolve(self) -> Result<Settings, SettingsError> {
        let settings = self.resolve_sections()?;
        settings.check()?;
        Ok(settings)
    }
}

impl Settings {
    /// What may be logged.
    ///
    /// # Errors
    /// [`SettingsError::Value`] when an algorithm is unknown or outside the default list.
    pub fn policy(&self) -> Result<Policy, SettingsError> {
        let refused = |reason| SettingsError::value("client-signing-algorithms", reason);
        let algorithms = AlgorithmSet::from_names(&self.log.client_signing_algorithms)
            .map_err(|error| refused(error.to_string()))?;
        let kinds = KindSet::all(ApiVersion::V2);
        Ok(Policy {
            algorithms,
            kinds: match self.rekor_v2.accept_dsse {
                true => kinds,
                false => kinds.without("dsse"),
            },
        })
    }

    /// What may be logged through Rekor v1.
    ///
    /// # Errors
    /// [`SettingsError::Value`] when an algorithm or a kind is unknown.
    pub fn v1_policy(&self) -> Result<V1Policy, SettingsError> {
        let v1 = &self.rekor_v1;
        let kinds = KindSet::from_names(ApiVersion::V1, &v1.enabled_entry_types)
            .map_err(|error| SettingsError::value("enabled-entry-types", error.to_string()))?;
        Ok(V1Policy {
            algorithms: self.policy()?.algorithms,
            kinds,
            max_attestation_bytes: v1.keep_attestations.then_some(v1.max_attestation_bytes),
            max_artifact_bytes: v1.max_artifact_bytes,
        })
    }

    /// The longest body of a Rekor v1 request, in bytes: the largest artifact in base64 fits into
    /// it, and the longest statement in base64 of base64.
    pub(crate) fn v1_body_limit(&self) -> usize {
        let artifact = self.rekor_v1.max_artifact_bytes.div_ceil(3) * 4;
        let limit = self.server.max_request_bytes;
        limit
            .max(artifact + BESIDE_ARTIFACT)
            .max(self.statements.entry_limit())
    }

    /// These settings as a TOML file that gives the same ones.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).unwrap_or_default()
    }

    /// What no section can check alone.
    fn check(&self) -> Result<(), SettingsError> {
        self.server.check()?;
        if let Some(origin) = &self.log.origin {
            log::check_origin(origin)?;
        }
        if !self.rekor_v1.rekor_v1 && !self.rekor_v2.rekor_v2 {
            let reason = "rekor-v1 and rekor-v2 cannot both be off";
            return Err(SettingsError::value("rekor-v1", reason));
        }
        self.v1_policy().map(drop)
    }
}

/// A key of the file that is one of a setting.
#[derive(Deserialize, Eq, Ord, PartialEq, PartialOrd)]
#[serde(try_from = "String")]
struct Key(String);

impl TryFrom<String> for Key {
    type Error = String;

    fn try_from(key: String) -> Result<Self, String> {
        if Overrides::definitions().any(|definition| definition.key == key) {
            return Ok(Self(key));
        }
        let keys: Vec<&str> = Overrides::definitions()
            .map(|definition| definition.key.as_str())
            .collect();
        Err(format!(
            "unknown key {key:?}, expected one of {}",
            keys.join(", ")
        ))
    }
}

#[cfg(test)]
mod tests;
