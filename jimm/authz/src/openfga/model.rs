//! The relation model as OpenFGA's API takes it, from the same rules that the built-in decisions are made by.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use openfga_client::client::relation_reference::RelationOrWildcard;
use openfga_client::client::userset::Userset as Rewrite;
use openfga_client::client::{
    DirectUserset, Metadata, ObjectRelation, RelationMetadata, RelationReference, TupleToUserset, TypeDefinition,
    Userset, Usersets, Wildcard,
};

use crate::model::{Rule, SubjectType, rule};
use crate::names::{ObjectKind, Relation};

/// The version of OpenFGA's modelling language.
pub(super) const SCHEMA: &str = "1.1";

/// All kinds with their relations.
pub(super) fn type_definitions() -> Vec<TypeDefinition> {
    ObjectKind::ALL.iter().copied().map(definition).collect()
}

fn definition(kind: ObjectKind) -> TypeDefinition {
    let mut relations = HashMap::new();
    let mut metadata = HashMap::new();
    for &relation in Relation::ALL {
        if let Some(rule) = rule(kind, relation) {
            relations.insert(relation.to_string(), rewrite(&rule));
            let about = RelationMetadata { directly_related_user_types: direct(&rule), ..RelationMetadata::default() };
            metadata.insert(relation.to_string(), about);
        }
    }
    let metadata = (!metadata.is_empty()).then(|| Metadata { relations: metadata, ..Metadata::default() });
    TypeDefinition { r#type: kind.to_string(), relations, metadata }
}

fn rewrite(rule: &Rule) -> Userset {
    let of = |relation: Relation| ObjectRelation { object: String::new(), relation: relation.to_string() };
    let wrapped = |rewrite| Userset { userset: Some(rewrite) };
    let mut parts = Vec::new();
    if !direct(rule).is_empty() {
        parts.push(wrapped(Rewrite::This(DirectUserset {})));
    }
    parts.extend(rule.implied_by.iter().map(|stronger| wrapped(Rewrite::ComputedUserset(of(*stronger)))));
    parts.extend(rule.inherited.map(|(via, relation)| {
        wrapped(Rewrite::TupleToUserset(TupleToUserset {
            tupleset: Some(of(via)),
            computed_userset: Some(of(relation)),
        }))
    }));
    if parts.len() == 1 { parts.remove(0) } else { wrapped(Rewrite::Union(Usersets { child: parts })) }
}

fn direct(rule: &Rule) -> Vec<RelationReference> {
    if rule.direct.is_empty() && rule.implied_by.is_empty() && rule.inherited.is_none() {
        // Nobody is written down: members come with their login, as contextual tuples.
        return vec![reference(SubjectType::User)];
    }
    rule.direct.iter().copied().map(reference).collect()
}

fn reference(subject: SubjectType) -> RelationReference {
    let of = |kind: ObjectKind, how| RelationReference {
        r#type: kind.to_string(),
        condition: String::new(),
        relation_or_wildcard: how,
    };
    match subject {
        SubjectType::User => of(ObjectKind::User, None),
        SubjectType::Everyone => of(ObjectKind::User, Some(RelationOrWildcard::Wildcard(Wildcard {}))),
        SubjectType::Object(kind) => of(kind, None),
        SubjectType::Set(kind, relation) => of(kind, Some(RelationOrWildcard::Relation(relation.to_string()))),
    }
}

/// By kind and relation, what makes up the relation and who may be its subject.
type Meaning = BTreeMap<String, BTreeMap<String, (String, BTreeSet<String>)>>;

/// Whether two models mean the same, in whatever order they are written.
pub(super) fn same(one: &[TypeDefinition], other: &[TypeDefinition]) -> bool {
    meaning(one) == meaning(other)
}

fn meaning(types: &[TypeDefinition]) -> Meaning {
    let of = |kind: &TypeDefinition| {
        let subjects = |relation: &str| -> BTreeSet<String> {
            let about = kind.metadata.as_ref().and_then(|metadata| metadata.relations.get(relation));
            let types = about.map(|about| about.directly_related_user_types.as_slice()).unwrap_or_default();
            types.iter().map(|subject| format!("{subject:?}")).collect()
        };
        let relations = kind.relations.iter();
        relations.map(|(name, rewrite)| (name.clone(), (format!("{rewrite:?}"), subjects(name)))).collect()
    };
    types.iter().map(|kind| (kind.r#type.clone(), of(kind))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_relation_of_the_rules_is_in_the_model() {
        let types = type_definitions();
        assert_eq!(types.len(), ObjectKind::ALL.len());
        for kind in types {
            for relation in Relation::ALL {
                let known = rule(kind.r#type.parse().unwrap(), *relation).is_some();
                assert_eq!(kind.relations.contains_key(relation.as_str()), known, "{} {relation}", kind.r#type);
            }
        }
    }

    #[test]
    fn a_model_with_one_subject_less_is_another() {
        let (ours, mut other) = (type_definitions(), type_definitions());
        assert!(same(&ours, &other));
        other.reverse();
        assert!(same(&ours, &other));
        let group = other.iter_mut().find(|kind| kind.r#type == "group").unwrap();
        group.metadata.as_mut().unwrap().relations.get_mut("member").unwrap().directly_related_user_types.pop();
        assert!(!same(&ours, &other));
    }
}
