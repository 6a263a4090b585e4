//! A flipped bit in a file of any kind, under a server that stands or runs.
//!
//! A log may refuse to start over damage, or fail what it cannot read. It must never answer
//! wrongly. Afterwards the damage is undone: from a copy that was made before it where nothing was
//! acknowledged since, and else in the damaged file alone, so that nothing newer is lost.

use anyhow::ensure;
use tokio::time::sleep;

use crate::faults::advice;
use crate::faults::bit::Bit;
use crate::faults::pace::ENDURED;
use crate::scene::Scene;
use crate::server::Conditions;

/// Damages a log that stands, and starts it.
pub(crate) async fn strike_stopped(scene: &mut Scene) -> anyhow::Result<()> {
    // Killed, it leaves more in the write-ahead log.
    match scene.random.below(2) {
        0 => scene.kill().await?,
        _ => scene.terminate().await?,
    }
    let copy = tokio::task::block_in_place(|| scene.site.copy())?;
    let mut bit = Bit::choose(&scene.site.data(), &mut scene.random)?;
    scene.note(format!("flipped: {bit}"));
    bit.flip()?;
    if let Some(refusal) = scene.start(Conditions::default()).await? {
        advice::follow(scene, &refusal, &bit.file_name()).await?;
        tokio::task::block_in_place(|| scene.site.restore(copy))?;
        return scene.must_start().await;
    }
    sleep(ENDURED).await;
    repair(scene, &bit).await
}

/// Damages a log under a server that runs.
pub(crate) async fn strike_running(scene: &mut Scene) -> anyhow::Result<()> {
    let mut bit = Bit::choose(&scene.site.data(), &mut scene.random)?;
    scene.note(format!("flipped: {bit}"));
    bit.flip()?;
    sleep(ENDURED).await;
    match scene.random.below(2) {
        0 => scene.kill().await?,
        _ => scene.terminate().await?,
    }
    if let Some(refusal) = scene.start(Conditions::default()).await? {
        advice::follow(scene, &refusal, &bit.file_name()).await?;
    } else {
        sleep(ENDURED).await;
    }
    repair(scene, &bit).await
}

/// Ends the server, restores the bit, and starts a server over a sound log.
async fn repair(scene: &mut Scene, bit: &Bit) -> anyhow::Result<()> {
    scene.terminate().await?;
    if !bit.restore()? {
        scene.note("the damaged file was replaced meanwhile".to_owned());
    }
    let check = scene.program.fsck(&scene.site.data(), &[]).await?;
    ensure!(
        check.code == Some(0),
        "after the damage was undone fsck finds ({:?}): {}",
        check.code,
        check.told
    );
    scene.must_start().await
}
