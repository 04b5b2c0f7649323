//! The bill of materials: what an application gets with the facade, all features and all platforms, as CycloneDX 1.5.
//!
//! Made of the lock file and the manifests alone, so it needs no network, no clock and no tool, and is the same everywhere.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use crate::repository::read;

/// A package of the lock file.
struct Package {
    name: String,
    version: String,
    checksum: Option<String>,
    /// As the lock file names them: the name, with the version where several are locked.
    dependencies: Vec<String>,
}

/// Our own published packages and where their manifests are. Only what these say they need at run time or to build is in the
/// bill: for packages of ours the lock file also lists what tests need.
const OWN: [(&str, &str); 3] = [
    ("axum-users", "Cargo.toml"),
    ("axum-users-macros", "users-macros/Cargo.toml"),
    ("axum-users-runtime", "users-runtime/Cargo.toml"),
];

fn locked() -> Vec<Package> {
    let lock = read("Cargo.lock");
    let value = |block: &str, key: &str| {
        block
            .lines()
            .find_map(|line| line.strip_prefix(key)?.strip_prefix(" = \"")?.strip_suffix('"').map(str::to_owned))
    };
    let package = |block: &str| Package {
        name: value(block, "name").unwrap(),
        version: value(block, "version").unwrap(),
        checksum: value(block, "checksum"),
        dependencies: block
            .lines()
            .filter_map(|line| line.strip_prefix(" \"")?.strip_suffix("\",").map(str::to_owned))
            .collect(),
    };
    lock.split("[[package]]").skip(1).map(package).collect()
}

/// The packages that a manifest names outside of its development dependencies. Our manifests name a dependency as its package
/// is called, but for our own, which the workspace renames.
fn needed(manifest: &str) -> BTreeSet<String> {
    let mut counts = false;
    let mut found = BTreeSet::new();
    for line in manifest.lines() {
        if let Some(section) = line.strip_prefix('[') {
            let kinds = ["dependencies]", "build-dependencies]", ".dependencies]", ".build-dependencies]"];
            counts = !section.starts_with("workspace") && kinds.iter().any(|kind| section.ends_with(kind));
            counts &= !section.contains("dev-dependencies");
        } else if counts && let Some(name) = line.split(['.', '=', ' ']).next().filter(|name| !name.is_empty()) {
            found.insert(match name {
                "users-macros" => "axum-users-macros".to_owned(),
                "users-runtime" => "axum-users-runtime".to_owned(),
                other => other.to_owned(),
            });
        }
    }
    found
}

/// The package URL, which is also the name of a component within the bill.
fn purl(package: &Package) -> String {
    format!("pkg:cargo/{}@{}", package.name, package.version)
}

/// The bill as it should be, one component a line.
pub(crate) fn bill() -> String {
    let packages = locked();
    let by_name: BTreeMap<String, &Package> = packages
        .iter()
        .flat_map(|package| {
            let both = format!("{} {}", package.name, package.version);
            [(package.name.clone(), package), (both, package)]
        })
        .collect();
    let dependencies = |package: &Package| -> Vec<&Package> {
        let own = OWN.iter().find(|(name, _)| *name == package.name).map(|(_, manifest)| needed(&read(manifest)));
        let named = package.dependencies.iter().map(|name| by_name[name]);
        named.filter(|found| own.as_ref().is_none_or(|own| own.contains(&found.name))).collect()
    };
    let root = by_name["axum-users"];
    let mut reached: BTreeMap<String, (&Package, BTreeSet<String>)> = BTreeMap::new();
    let mut open = vec![root];
    while let Some(package) = open.pop() {
        if reached.contains_key(&purl(package)) {
            continue;
        }
        let needs = dependencies(package);
        reached.insert(purl(package), (package, needs.iter().map(|needed| purl(needed)).collect()));
        open.extend(needs);
    }

    let mut components = Vec::new();
    for (reference, (package, _)) in reached.iter().filter(|(reference, _)| **reference != purl(root)) {
        let mut line = component(reference, package);
        if let Some(checksum) = &package.checksum {
            let _ = write!(line, ",\"hashes\":[{{\"alg\":\"SHA-256\",\"content\":\"{checksum}\"}}]");
        }
        components.push(format!("    {{{line}}}"));
    }
    let graph = reached.iter().map(|(reference, (_, needs))| {
        let needs: Vec<String> = needs.iter().map(|needed| format!("\"{needed}\"")).collect();
        format!("    {{\"ref\":\"{reference}\",\"dependsOn\":[{}]}}", needs.join(","))
    });
    format!(
        "{{\n  \"bomFormat\": \"CycloneDX\",\n  \"specVersion\": \"1.5\",\n  \"version\": 1,\n  \"metadata\": {{\"component\":{{{}}}}},\n  \
         \"components\": [\n{}\n  ],\n  \"dependencies\": [\n{}\n  ]\n}}\n",
        component(&purl(root), root),
        components.join(",\n"),
        graph.collect::<Vec<_>>().join(",\n"),
    )
}

fn component(reference: &str, package: &Package) -> String {
    let Package { name, version, .. } = package;
    format!(
        "\"type\":\"library\",\"bom-ref\":\"{reference}\",\"name\":\"{name}\",\"version\":\"{version}\",\"purl\":\"{reference}\""
    )
}

#[test]
fn development_dependencies_are_not_in_the_bill() {
    let manifest = "[package]\nname = \"a\"\n[features]\nsmtp = []\n[dependencies]\nserde.workspace = true\n\
                    users-macros = { workspace = true }\n[target.'cfg(unix)'.dependencies]\nrustix = \"1\"\n\
                    [dev-dependencies]\ntempfile = \"3\"\n[build-dependencies]\ncc = \"1\"\n[workspace.dependencies]\nx = \"1\"\n";
    assert_eq!(Vec::from_iter(needed(manifest)), ["axum-users-macros", "cc", "rustix", "serde"]);
    let bill = bill();
    for absent in ["trybuild", "criterion", "tempfile", "prettyplease", "axum-users-benches", "axum-users-scale"] {
        assert!(!bill.contains(&format!("pkg:cargo/{absent}@")), "{absent}");
    }
}
