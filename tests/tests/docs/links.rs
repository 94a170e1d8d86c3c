//! Links between the pages lead somewhere.

use std::path::Path;

use crate::markdown::{anchors, files, prose, read, targets};

#[test]
fn links_lead_to_files_and_headings_that_exist() {
    let root = jimm_tests::process::workspace();
    let mut broken = Vec::new();
    let mut seen = 0;
    for file in files() {
        let text = read(&file.to_string_lossy());
        for (index, line) in prose(&text).iter().enumerate() {
            for target in targets(line).iter().filter(|target| !target.contains("://")) {
                seen += 1;
                let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
                let beside = file.parent().unwrap_or(Path::new(""));
                let to = if path.is_empty() { file.clone() } else { beside.join(path) };
                let there = root.join(&to);
                let found = there.exists()
                    && (anchor.is_empty()
                        || std::fs::read_to_string(&there)
                            .is_ok_and(|text| anchors(&text).contains(&anchor.to_owned())));
                if !found {
                    broken.push(format!("{}:{}: {target}", file.display(), index + 1));
                }
            }
        }
    }
    assert!(broken.is_empty(), "links that lead nowhere:\n{}", broken.join("\n"));
    assert!(seen > 20, "only {seen} links were found");
}

/// A page that nothing links to is not found by anybody.
#[test]
fn every_page_of_the_docs_is_linked_to() {
    let mut linked = Vec::new();
    for file in files() {
        for line in prose(&read(&file.to_string_lossy())) {
            for target in targets(&line) {
                let path = file.parent().unwrap_or(Path::new("")).join(target.split('#').next().unwrap_or_default());
                linked.push(normal(&path));
            }
        }
    }
    let lonely: Vec<_> =
        files().into_iter().filter(|f| f.starts_with("docs") && !linked.contains(&normal(f))).collect();
    assert!(lonely.is_empty(), "nothing links to {lonely:?}");
}

fn normal(path: &Path) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for part in path.components() {
        match part.as_os_str().to_string_lossy().as_ref() {
            ".." => drop(parts.pop()),
            "." => {}
            name => parts.push(name.to_owned()),
        }
    }
    parts
}
