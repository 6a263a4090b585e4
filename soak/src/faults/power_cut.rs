//! A power cut under load: the log goes on with the disk as it was at one moment.

use std::sync::Arc;
use std::time::Instant;

use crate::scene::Scene;

pub(crate) async fn strike(scene: &mut Scene) -> anyhow::Result<()> {
    // Whatever was acknowledged before the copy begins has to be on it.
    let url = Arc::clone(&scene.server()?.url);
    scene.events.cuts.push((Instant::now(), url));
    let disk = tokio::task::block_in_place(|| scene.site.snapshot())?;
    scene.kill().await?;
    scene.site.restore(disk)?;
    scene.must_start().await
}
