//! SIGTERM under load: the server drains, and what it took is there afterwards.

use crate::scene::Scene;

pub(crate) async fn strike(scene: &mut Scene) -> anyhow::Result<()> {
    scene.terminate().await?;
    scene.must_start().await
}
