//! Finds files that know each other in a circle.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

use super::members;
use super::modules::Arrow;
use super::modules::Crate;

/// Files each of which leads to each other one, with the arrows between them.
#[derive(Debug)]
pub(crate) struct Circle {
    pub(crate) arrows: Vec<Arrow>,
}

/// All circles of a crate, each as large as it gets, so that no file is in two.
pub(crate) fn find(searched: &Crate) -> Vec<Circle> {
    let arrows = searched.arrows();
    let files: BTreeSet<&Path> = arrows.iter().map(|arrow| arrow.from.as_path()).collect();
    let reached: BTreeMap<&Path, BTreeSet<&Path>> = files
        .into_iter()
        .map(|file| (file, reachable(file, &arrows)))
        .collect();
    let leads_to = |from: &Path, to: &Path| reached.get(from).is_some_and(|it| it.contains(to));
    let mut circles: BTreeMap<Vec<&Path>, Vec<Arrow>> = BTreeMap::new();
    for arrow in arrows
        .iter()
        .filter(|arrow| leads_to(&arrow.to, &arrow.from))
    {
        let others = reached[arrow.from.as_path()].iter().copied();
        let circle = others.filter(|file| leads_to(file, &arrow.from)).collect();
        circles.entry(circle).or_default().push(arrow.clone());
    }
    circles
        .into_values()
        .map(|arrows| Circle { arrows })
        .collect()
}

/// Every file that arrows lead to from `start`.
fn reachable<'a>(start: &Path, arrows: &'a [Arrow]) -> BTreeSet<&'a Path> {
    let mut reached = BTreeSet::new();
    let mut to_do = vec![start];
    while let Some(file) = to_do.pop() {
        for arrow in arrows.iter().filter(|arrow| arrow.from == file) {
            if reached.insert(arrow.to.as_path()) {
                to_do.push(&arrow.to);
            }
        }
    }
    reached
}

impl fmt::Display for Circle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let files: BTreeSet<&Path> = self
            .arrows
            .iter()
            .map(|arrow| arrow.from.as_path())
            .collect();
        write!(f, "{} files lead to each other", files.len())?;
        for Arrow {
            from,
            to,
            line,
            path,
        } in &self.arrows
        {
            let (from, to) = (short(from), short(to));
            write!(
                f,
                "\n    {}:{line} -> {} ({path})",
                from.display(),
                to.display()
            )?;
        }
        Ok(())
    }
}

/// A file as seen from the workspace.
pub(crate) fn short(file: &Path) -> &Path {
    file.strip_prefix(members::workspace()).unwrap_or(file)
}
