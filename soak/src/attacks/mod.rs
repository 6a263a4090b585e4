//! Hostile clients, each as it was found to do harm (findings B). None of them ever ends by itself.

pub(crate) mod ground;
mod hang_ups;
mod idle;
mod overload;
mod replays;
mod resets;
mod stalled;
mod unread;

use crate::attacks::ground::Ground;
use crate::server::Conditions;

/// What hostile clients do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Attack {
    /// More idle connections than a server takes by default.
    Idle,
    /// The usual limit of descriptors, and more idle connections than that.
    FewDescriptors,
    /// Bodies of Rekor v2 that do not end.
    StalledBodies,
    /// Bodies of Rekor v1 that do not end.
    StalledV1,
    /// Long answers that nobody reads.
    UnreadBundles,
    /// Long searches by clients that hang up.
    HangUps,
    /// Old entries again and again.
    Replays,
    /// Too many new entries, by clients that give up.
    Overload,
    /// Warnings that nobody reads.
    UnreadLog,
}

const IDLE_CONNECTIONS: usize = 4_100;
const FEW_DESCRIPTORS: usize = 1_024;
const MORE_THAN_FEW: usize = 1_500;

impl Attack {
    /// How the server has to be started.
    pub(crate) fn conditions(self) -> Conditions {
        Conditions {
            descriptors: (self == Self::FewDescriptors).then_some(FEW_DESCRIPTORS),
            is_unread: self == Self::UnreadLog,
        }
    }

    /// Whether it needs a log with long entries.
    pub(crate) fn needs_long_entries(self) -> bool {
        self == Self::UnreadBundles
    }

    /// Attacks until this is dropped.
    pub(crate) async fn run(self, ground: Ground) {
        match self {
            Self::Idle => idle::run(ground, IDLE_CONNECTIONS).await,
            Self::FewDescriptors => idle::run(ground, MORE_THAN_FEW).await,
            Self::StalledBodies => stalled::run_v2(ground).await,
            Self::StalledV1 => stalled::run_v1(ground).await,
            Self::UnreadBundles => unread::run(ground).await,
            Self::HangUps => hang_ups::run(ground).await,
            Self::Replays => replays::run(ground).await,
            Self::Overload => overload::run(ground).await,
            Self::UnreadLog => resets::run(ground).await,
        }
    }
}
