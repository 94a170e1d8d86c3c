//! What the tests need to know of Markdown: fenced blocks with the remark above them, headings, links.

use std::path::{Path, PathBuf};

/// A fenced block.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    /// The language after the fence.
    pub(crate) language: String,
    /// The text of an HTML comment on the line before the fence.
    pub(crate) remark: String,
    /// Its lines.
    pub(crate) lines: Vec<String>,
    /// The line of the fence, from 1.
    pub(crate) line: usize,
}

/// The text of a file of the repository.
pub(crate) fn read(path: &str) -> String {
    let path = jimm_tests::process::workspace().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Every Markdown file of the repository, relative to its root.
pub(crate) fn files() -> Vec<PathBuf> {
    fn walk(root: &Path, dir: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            if path.is_dir() && name != "target" && !name.starts_with('.') {
                walk(root, &path, found);
            } else if path.extension().is_some_and(|end| end == "md") {
                found.push(path.strip_prefix(root).unwrap_or(&path).to_path_buf());
            }
        }
    }
    let root = jimm_tests::process::workspace();
    let mut found = Vec::new();
    walk(&root, &root, &mut found);
    found.sort();
    assert!(found.contains(&PathBuf::from("README.md")), "{found:?}");
    found
}

/// The fenced blocks of a text.
pub(crate) fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    let mut remark = String::new();
    for (index, line) in text.lines().enumerate() {
        if let Some(language) = line.strip_prefix("```") {
            match open.take() {
                Some(block) => blocks.push(block),
                None => {
                    open = Some(Block {
                        language: language.trim().to_owned(),
                        remark: std::mem::take(&mut remark),
                        lines: Vec::new(),
                        line: index + 1,
                    });
                }
            }
        } else if let Some(block) = &mut open {
            block.lines.push(line.to_owned());
        } else {
            let comment = line.trim().strip_prefix("<!--").and_then(|rest| rest.strip_suffix("-->"));
            comment.unwrap_or_default().trim().clone_into(&mut remark);
        }
    }
    assert!(open.is_none(), "a block is not closed: {open:?}");
    blocks
}

/// The text with its fenced blocks left out, line for line.
pub(crate) fn prose(text: &str) -> Vec<String> {
    let mut inside = false;
    let mut lines = Vec::new();
    for line in text.lines() {
        let fence = line.trim_start().starts_with("```");
        inside ^= fence;
        lines.push(if inside || fence { String::new() } else { line.to_owned() });
    }
    lines
}

/// The anchors that a text's headings make, as the usual renderers do.
pub(crate) fn anchors(text: &str) -> Vec<String> {
    let mut anchors: Vec<String> = Vec::new();
    for line in prose(text) {
        let Some(title) = line.strip_prefix('#').map(|rest| rest.trim_start_matches('#').trim()) else { continue };
        let kept = title.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        let slug: String = kept.map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() }).collect();
        let earlier = anchors.iter().filter(|a| **a == slug || a.starts_with(&format!("{slug}-"))).count();
        anchors.push(if anchors.contains(&slug) { format!("{slug}-{earlier}") } else { slug });
    }
    anchors
}

/// The targets of a line's links: `](target)`.
pub(crate) fn targets(line: &str) -> Vec<String> {
    let text = without_code(line);
    let after = text.split("](").skip(1);
    after.filter_map(|rest| rest.split_once(')')).map(|(target, _)| target.to_owned()).collect()
}

/// The spans of a line between backquotes.
pub(crate) fn code_spans(line: &str) -> Vec<String> {
    line.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn without_code(line: &str) -> String {
    line.split('`').step_by(2).collect()
}

#[test]
fn blocks_have_their_language_and_the_remark_above() {
    let text = "# A\n<!-- second terminal -->\n```console\n$ x\ny\n```\ntext\n\n```sh\nz\n```\n";
    let blocks = blocks(text);
    assert_eq!(blocks.len(), 2);
    assert_eq!((blocks[0].language.as_str(), blocks[0].remark.as_str()), ("console", "second terminal"));
    assert_eq!((blocks[1].language.as_str(), blocks[1].remark.as_str(), blocks[1].line), ("sh", "", 9));
    assert_eq!(blocks[0].lines, ["$ x", "y"]);
}

#[test]
fn headings_make_anchors() {
    let text = "# One thing\n```\n# not\n```\n## 2. `jimmctl x`: the rest!\n## One thing\n";
    assert_eq!(anchors(text), ["one-thing", "2-jimmctl-x-the-rest", "one-thing-1"]);
    assert_eq!(targets("see [a](b.md#c), `[no](code)` and [d](<e>)"), ["b.md#c", "<e>"]);
}
