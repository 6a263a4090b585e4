//! A disk without room under load, and room again.

use tokio::time::sleep;

use crate::faults::pace::ENDURED;
use crate::scene::Scene;
use crate::server::Conditions;

pub(crate) async fn strike(scene: &mut Scene) -> anyhow::Result<()> {
    tokio::task::block_in_place(|| scene.site.fill_up())?;
    sleep(ENDURED).await;
    if scene.has_ended()? {
        // A start on a full disk may be refused, and must do no harm.
        if let Some(refusal) = scene.start(Conditions::default()).await? {
            scene.note(format!("no start on the full disk: {}", refusal.told));
        }
    }
    scene.site.free()?;
    if scene.has_ended()? {
        scene.must_start().await?;
    }
    Ok(())
}
