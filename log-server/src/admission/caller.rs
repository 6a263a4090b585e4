//! For whom the current task works.

use crate::admission::peer::Peer;

tokio::task_local! {
    static WORK: Work;
}

/// What a task does.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Work {
    /// Whom it works for; `None` where that is the server itself.
    pub(crate) caller: Option<Peer>,
    /// Whether its answer is on its way already, so that it has to wait where others are refused.
    pub(crate) is_begun: bool,
}

/// What the current task does.
pub(crate) fn current() -> Work {
    WORK.try_with(|work| *work).unwrap_or_default()
}

/// Does `work` for `caller`, who may be refused.
pub(crate) async fn work_for<T>(caller: Option<Peer>, work: impl Future<Output = T>) -> T {
    let is_begun = false;
    WORK.scope(Work { caller, is_begun }, work).await
}

/// Does `work` for `caller`, whose answer is on its way.
pub(crate) async fn go_on_for<T>(caller: Option<Peer>, work: impl Future<Output = T>) -> T {
    let is_begun = true;
    WORK.scope(Work { caller, is_begun }, work).await
}
