//! What manifests ask for without need, as far as manifests alone show it. `cargo machete` compares
//! them with the code.

use toml::Table;
use toml::Value;

const SECTIONS: [&str; 3] = ["dependencies", "build-dependencies", "dev-dependencies"];

/// The dependencies of the workspace that no crate asks for.
pub(crate) fn unused(workspace: &Table, members: &[Table]) -> Vec<String> {
    let is_used = |name: &str| {
        let asked = members.iter().flat_map(asked);
        asked.into_iter().any(|(asked, _)| asked == name)
    };
    let names = shared(workspace).keys();
    names.filter(|name| !is_used(name)).cloned().collect()
}

/// The features that a crate asks for although all crates get them, each as `dependency/feature`.
pub(crate) fn repeated_features(workspace: &Table, member: &Table) -> Vec<String> {
    let mut repeated = Vec::new();
    for (name, value) in asked(member) {
        let all = shared(workspace).get(name).map(features);
        let all = all.unwrap_or_default();
        let own = features(value).into_iter();
        let again = own.filter(|feature| all.contains(feature));
        repeated.extend(again.map(|feature| format!("{name}/{feature}")));
    }
    repeated
}

fn shared(workspace: &Table) -> &Table {
    workspace["workspace"]["dependencies"].as_table().unwrap()
}

/// What a crate takes from the workspace, in any section.
fn asked(member: &Table) -> Vec<(&str, &Value)> {
    let sections = SECTIONS.iter();
    let tables = sections.filter_map(|section| member.get(*section)?.as_table());
    let all = tables.flatten().map(|(name, value)| (name.as_str(), value));
    all.filter(|(_, value)| value.get("workspace").is_some())
        .collect()
}

fn features(value: &Value) -> Vec<&str> {
    let list = value.get("features").and_then(Value::as_array);
    let list = list.into_iter().flatten();
    list.filter_map(Value::as_str).collect()
}
