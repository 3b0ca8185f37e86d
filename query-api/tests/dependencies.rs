//! What is linked: every dependency comes from the registry, under a license of `deny.toml`, and none
//! of the crates it bans is among them. Needs neither a tool nor the network.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// One dependency, as `cargo metadata` tells it.
struct Package {
    name: String,
    license: String,
    source: Option<String>,
}

fn packages(root: &Path) -> Vec<Package> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--offline"])
        .args(["--filter-platform", "x86_64-unknown-linux-gnu"])
        .current_dir(root)
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo writes JSON");
    let text = |value: &Value| value.as_str().map(str::to_owned);
    metadata["packages"]
        .as_array()
        .expect("a list of packages")
        .iter()
        .map(|package| Package {
            name: text(&package["name"]).expect("a name"),
            license: text(&package["license"]).unwrap_or_default(),
            source: text(&package["source"]),
        })
        .collect()
}

/// Whether a license expression can be satisfied by the allowed licenses. `/` is an old `OR`.
fn is_allowed(expression: &str, allowed: &[&str]) -> bool {
    let expression = expression.replace('/', " OR ");
    let tokens = expression.replace('(', " ( ").replace(')', " ) ");
    let mut tokens = tokens.split_whitespace().collect::<Vec<_>>().into_iter().peekable();
    let satisfied = any(&mut tokens, allowed);
    satisfied && tokens.next().is_none()
}

type Tokens<'a> = std::iter::Peekable<std::vec::IntoIter<&'a str>>;

fn any(tokens: &mut Tokens<'_>, allowed: &[&str]) -> bool {
    let mut satisfied = all(tokens, allowed);
    while tokens.next_if_eq(&"OR").is_some() {
        satisfied |= all(tokens, allowed);
    }
    satisfied
}

fn all(tokens: &mut Tokens<'_>, allowed: &[&str]) -> bool {
    let mut satisfied = one(tokens, allowed);
    while tokens.next_if_eq(&"AND").is_some() {
        satisfied &= one(tokens, allowed);
    }
    satisfied
}

fn one(tokens: &mut Tokens<'_>, allowed: &[&str]) -> bool {
    if tokens.next_if_eq(&"(").is_some() {
        let satisfied = any(tokens, allowed);
        return tokens.next_if_eq(&")").is_some() && satisfied;
    }
    let mut license = tokens.next().unwrap_or_default().to_owned();
    if tokens.next_if_eq(&"WITH").is_some() {
        license = format!("{license} WITH {}", tokens.next().unwrap_or_default());
    }
    allowed.contains(&license.as_str())
}

#[test]
fn dependencies_are_as_declared() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    let text = std::fs::read_to_string(root.join("deny.toml")).expect("deny.toml");
    let policy: toml::Table = text.parse().expect("TOML");
    let allowed = policy["licenses"]["allow"].as_array().expect("a list");
    let allowed: Vec<&str> = allowed.iter().filter_map(toml::Value::as_str).collect();
    let banned = policy["bans"]["deny"].as_array().expect("a list");
    let banned: Vec<&str> = banned.iter().filter_map(|ban| ban["name"].as_str()).collect();
    assert!(!allowed.is_empty() && !banned.is_empty());

    let packages = packages(root);
    assert!(packages.len() > 50, "only {} packages", packages.len());
    let mut problems = Vec::new();
    for Package { name, license, source } in &packages {
        if !is_allowed(license, &allowed) {
            problems.push(format!("{name}: license \"{license}\""));
        }
        if banned.contains(&name.as_str()) {
            problems.push(format!("{name}: banned"));
        }
        let known = source.as_ref().is_none_or(|source| source.starts_with("registry+"));
        if !known {
            problems.push(format!("{name}: source {source:?}"));
        }
    }
    assert!(problems.is_empty(), "{problems:#?}");
}

#[test]
fn license_expressions() {
    let allowed = ["MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "ISC"];
    let rows = [
        ("MIT", true),
        ("GPL-3.0", false),
        ("", false),
        ("GPL-3.0 OR MIT", true),
        ("GPL-3.0/MIT", true),
        ("GPL-3.0 AND MIT", false),
        ("(MIT OR GPL-3.0) AND ISC", true),
        ("(MIT OR GPL-3.0) AND BSD", false),
        ("ISC AND (GPL-3.0 OR BSD)", false),
        ("Apache-2.0 WITH LLVM-exception", true),
        ("MIT WITH x", false),
        ("MIT )", false),
    ];
    for (expression, expected) in rows {
        assert_eq!(is_allowed(expression, &allowed), expected, "{expression}");
    }
}
