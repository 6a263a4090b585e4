//! The origins of Rekor v1: the name of the log and the number of the tree.

/// The number of the tree in an origin of a Rekor v1 called `name`: `<name> - <number>`, in its
/// only form (rekor-v1, section 3).
pub(crate) fn tree_id_in(origin: &str, name: &str) -> Option<u64> {
    let digits = origin.strip_prefix(name)?.strip_prefix(" - ")?;
    let tree_id: u64 = digits.parse().ok()?;
    (tree_id.to_string() == digits).then_some(tree_id)
}

/// Whether `origin` is that of a checkpoint of Rekor v1 which is signed under `name`: the name and
/// a tree id, or the name alone.
pub(crate) fn is_rekor_v1_origin(origin: &str, name: &str) -> bool {
    let Some(rest) = origin.strip_prefix(name) else {
        return false;
    };
    rest.is_empty()
        || rest.strip_prefix(" - ").is_some_and(|tree_id| {
            let is_number = tree_id.bytes().all(|byte| byte.is_ascii_digit());
            is_number && tree_id.parse::<u64>().is_ok()
        })
}
