//! SIGKILL under load.

use std::time::Duration;

use crate::scene::Scene;

/// Within this time a server that starts is killed, in milliseconds.
const STARTING: u64 = 250;

pub(crate) async fn strike(scene: &mut Scene) -> anyhow::Result<()> {
    scene.kill().await?;
    scene.must_start().await
}

pub(crate) async fn strike_twice(scene: &mut Scene) -> anyhow::Result<()> {
    scene.kill().await?;
    let moment = Duration::from_millis(scene.random.below(STARTING));
    scene.start_and_kill(moment).await?;
    scene.must_start().await
}
