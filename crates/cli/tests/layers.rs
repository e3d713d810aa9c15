//! Dependencies between the crates point one way.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Each crate with the crates of this workspace it may depend on.
const ALLOWED: &[(&str, &[&str])] = &[
    ("cli", &["session", "daemon", "fsroot", "fast_io", "wire"]),
    ("daemon", &["session", "wire", "filters", "fsroot", "fast_io"]),
    ("session", &["wire", "delta", "filters", "fsroot", "fast_io"]),
    ("fsroot", &["wire"]),
    ("wire", &[]),
    ("delta", &[]),
    ("filters", &[]),
    ("fast_io", &[]),
    ("testkit", &[]),
];

#[test]
fn dependencies_point_one_way() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let allowed: BTreeMap<_, _> = ALLOWED.iter().copied().collect();
    let mut seen = 0;
    for entry in fs::read_dir(crates).unwrap() {
        let folder = entry.unwrap().path();
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        let Ok(manifest) = fs::read_to_string(folder.join("Cargo.toml")) else { continue };
        let allowed = allowed.get(name.as_str()).unwrap_or_else(|| panic!("{name} has no layer"));
        seen += 1;
        let mut section = "";
        for line in manifest.lines() {
            if let Some(title) = line.strip_prefix('[') {
                section = title.trim_end_matches(']');
                continue;
            }
            let Some(dependency) = own_crate(line) else { continue };
            let wrong = match section {
                "dependencies" | "target.'cfg(unix)'.dependencies" => {
                    !allowed.contains(&dependency.as_str())
                }
                // Tests may use the test tools; nothing else may.
                "dev-dependencies" => {
                    dependency != "testkit" && !allowed.contains(&dependency.as_str())
                }
                _ => true,
            };
            assert!(!wrong, "{name} must not depend on {dependency} ([{section}])");
        }
    }
    assert_eq!(seen, ALLOWED.len(), "every crate is there");
}

/// The crate of ours that a line of a manifest depends on.
fn own_crate(line: &str) -> Option<String> {
    let name = line.strip_prefix("oxrsync-")?;
    let end = name.find(['.', ' ', '='])?;
    Some(name[..end].replace('-', "_"))
}
