//! The relation model as OpenFGA's modelling language writes it, from the same rules that decisions are made by.

use std::fmt::Write as _;

use crate::model::{Rule, SubjectType, rule};
use crate::names::{ObjectKind, Relation};

/// The whole model, schema 1.1.
pub fn model_text() -> String {
    let mut text = String::from("model\n  schema 1.1\n");
    for &kind in ObjectKind::ALL {
        let _ = write!(text, "\ntype {kind}\n");
        let rules: Vec<_> =
            Relation::ALL.iter().filter_map(|&relation| Some((relation, rule(kind, relation)?))).collect();
        if !rules.is_empty() {
            text.push_str("  relations\n");
        }
        for (relation, rule) in rules {
            let _ = writeln!(text, "    define {relation}: {}", definition(&rule));
        }
    }
    text
}

fn definition(rule: &Rule) -> String {
    let direct: Vec<String> = rule.direct.iter().copied().map(subject).collect();
    let mut parts = Vec::new();
    if !direct.is_empty() {
        parts.push(format!("[{}]", direct.join(", ")));
    }
    parts.extend(rule.implied_by.iter().map(ToString::to_string));
    parts.extend(rule.inherited.map(|(via, relation)| format!("{relation} from {via}")));
    if parts.is_empty() {
        // Nobody is written down: members come with their login, as contextual tuples.
        parts.push("[user]".to_owned());
    }
    parts.join(" or ")
}

fn subject(subject: SubjectType) -> String {
    match subject {
        SubjectType::User => "user".to_owned(),
        SubjectType::Everyone => "user:*".to_owned(),
        SubjectType::Object(kind) => kind.to_string(),
        SubjectType::Set(kind, relation) => format!("{kind}#{relation}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_is_written_as_openfga_reads_it() {
        let text = model_text();
        for line in [
            "type role\n  relations\n    define assignee: [user, user:*, group#member, idpgroup#member]\n",
            "    define administrator: [user, user:*, group#member, idpgroup#member, role#assignee] or administrator from controller\n",
            "    define reader: [user, user:*, group#member, idpgroup#member, role#assignee] or writer\n",
            "type user\n\n",
        ] {
            assert!(text.contains(line), "{line}\nis not in\n{text}");
        }
    }
}
