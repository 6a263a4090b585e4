//! Whether a start that is refused says what is wrong, and gives advice that works.

use anyhow::ensure;

use crate::scene::Scene;
use crate::server::Refusal;

/// Words of which a refusal has to have one: each names what is damaged.
const NAMES: [&str; 4] = ["damaged", "checkpoint", "key", "roll"];

/// The ways of `fsck` that a refusal may advise.
const WAYS: [&str; 2] = ["--accept-head", "--drop-torn-round"];

/// Exit codes of a check that was done: sound, and damaged.
const CHECKED: [Option<i32>; 2] = [Some(0), Some(2)];

/// Checks a refusal because of damage in `file`, and follows its advice on a copy of the log.
///
/// # Errors
/// When it does not name the damage, or its advice does not work.
pub(crate) async fn follow(scene: &mut Scene, refusal: &Refusal, file: &str) -> anyhow::Result<()> {
    scene.events.refused += 1;
    let told = &refusal.told;
    scene.note(format!("refused: {told}"));
    ensure!(
        refusal.code.is_some(),
        "the server is ended by a signal: {told}"
    );
    let names_it = told.contains(file) || NAMES.iter().any(|name| told.contains(name));
    ensure!(names_it, "the refusal does not name the damage: {told}");
    if !told.contains("fsck") {
        return Ok(());
    }
    let copy = tokio::task::block_in_place(|| scene.site.scratch())?;
    let check = scene.program.fsck(copy.data(), &[]).await?;
    ensure!(
        CHECKED.contains(&check.code) && !check.told.is_empty(),
        "fsck, which the refusal advises, does not work ({:?}): {}",
        check.code,
        check.told
    );
    for way in WAYS.iter().filter(|way| told.contains(**way)) {
        let done = scene.program.fsck(copy.data(), &[way]).await?;
        ensure!(
            CHECKED.contains(&done.code),
            "fsck {way}, which the refusal advises, does not work ({:?}): {}",
            done.code,
            done.told
        );
    }
    Ok(())
}
