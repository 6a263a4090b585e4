//! What goes wrong in a round, beside hostile clients. Each fault strikes under load, and leaves a
//! server that serves.

mod advice;
mod bit;
mod flip;
mod full_disk;
mod kill;
mod pace;
mod power_cut;
mod terminate;

use crate::scene::Scene;

/// What goes wrong.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Fault {
    /// SIGKILL.
    Kill,
    /// SIGKILL, and another while the next server starts.
    KillTwice,
    /// SIGTERM.
    Terminate,
    /// Nothing reaches the disk from one moment on.
    PowerCut,
    /// The disk has no room.
    FullDisk,
    /// A bit of a file is another one when the server starts.
    FlipStopped,
    /// A bit of a file becomes another one while the server runs.
    FlipRunning,
}

/// All that can follow each other.
pub(crate) const FAULTS: [Fault; 7] = [
    Fault::Kill,
    Fault::KillTwice,
    Fault::Terminate,
    Fault::PowerCut,
    Fault::FullDisk,
    Fault::FlipStopped,
    Fault::FlipRunning,
];

impl Fault {
    /// What it is called in results.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Kill => "kill",
            Self::KillTwice => "kill-twice",
            Self::Terminate => "terminate",
            Self::PowerCut => "power-cut",
            Self::FullDisk => "full-disk",
            Self::FlipStopped => "flip-stopped",
            Self::FlipRunning => "flip-running",
        }
    }

    /// Whether the log has to lie on disks that can be cut off and filled.
    pub(crate) fn needs_disks(self) -> bool {
        matches!(self, Self::PowerCut | Self::FullDisk)
    }

    /// Lets it happen, and brings the log back.
    ///
    /// # Errors
    /// When the log does not come back.
    pub(crate) async fn strike(self, scene: &mut Scene) -> anyhow::Result<()> {
        match self {
            Self::Kill => kill::strike(scene).await,
            Self::KillTwice => kill::strike_twice(scene).await,
            Self::Terminate => terminate::strike(scene).await,
            Self::PowerCut => power_cut::strike(scene).await,
            Self::FullDisk => full_disk::strike(scene).await,
            Self::FlipStopped => flip::strike_stopped(scene).await,
            Self::FlipRunning => flip::strike_running(scene).await,
        }
    }
}
