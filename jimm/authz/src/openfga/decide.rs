//! Decisions asked of OpenFGA. What its model has no words for nobody has, and is not asked.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use futures_util::future::try_join_all;
use openfga_client::client::batch_check_single_result::CheckResult;
use openfga_client::client::{
    BatchCheckItem, BatchCheckRequest, CheckRequest, CheckRequestTupleKey, ContextualTupleKeys,
    StreamedListObjectsRequest, TupleKey,
};
use openfga_client::tonic::Request;

use super::{CONSISTENCY, Client, OpenFga, channel, words};
use crate::authorizer::{Authorizer, Decision, Error, Result, Subjects, User};
use crate::model::rule;
use crate::names::{Object, ObjectKind, Relation, Subject, Tuple};

/// How long a check may take.
const CHECK: Duration = Duration::from_secs(2);
/// How long a list may take. Servers stop looking after three seconds unless they are told otherwise, and then answer with
/// what they have found so far as if it were all.
const LIST: Duration = Duration::from_millis(2500);
/// Checks of one request at most: what servers take unless they are told otherwise.
const CHECKS_AT_ONCE: usize = 50;
/// Groups of a login that are told with one question: what servers take. A login with more of them asks several times.
const GROUPS: usize = 100;

/// Whom a question is about, as OpenFGA is asked: the subject, and what is true for this question only.
struct Asked {
    user: String,
    told: Option<ContextualTupleKeys>,
}

impl Asked {
    fn subject(subject: &Subject) -> Self {
        Self { user: words::subject(subject), told: None }
    }

    /// A user with the groups of the login, so many at a time: nothing in the model takes a right away, so that who has it
    /// with some of the groups has it with all. Everyone has none that could be told: then each group is asked about.
    fn user(user: &User) -> Vec<Self> {
        let subject = Subject::user(&user.name);
        let groups: BTreeSet<&String> = user.groups.iter().collect();
        if subject == Subject::Everyone {
            return user.subjects().iter().filter(|subject| words::subject_fits(subject)).map(Self::subject).collect();
        }
        if !words::subject_fits(&subject) {
            return Vec::new();
        }
        let member = |group: &String| {
            let object = Object::new(ObjectKind::IdpGroup, group);
            words::object_fits(&object).then(|| words::key(&Tuple::new(subject.clone(), Relation::Member, object)))
        };
        let told: Vec<TupleKey> = groups.into_iter().filter_map(member).collect();
        let user = words::subject(&subject);
        if told.is_empty() {
            return vec![Self { user, told: None }];
        }
        let some = |some: &[TupleKey]| ContextualTupleKeys { tuple_keys: some.to_vec() };
        told.chunks(GROUPS).map(|keys| Self { user: user.clone(), told: Some(some(keys)) }).collect()
    }

    fn key(&self, relation: Relation, object: &Object) -> CheckRequestTupleKey {
        CheckRequestTupleKey { user: self.user.clone(), relation: relation.to_string(), object: words::object(object) }
    }
}

/// Whether the model has words for the question.
fn makes_sense(relation: Relation, object: &Object) -> bool {
    rule(object.kind, relation).is_some() && words::object_fits(object)
}

impl OpenFga {
    async fn decide(&self, asked: &Asked, questions: &[(Relation, &Object)]) -> Result<Vec<bool>> {
        if let [(relation, object)] = questions {
            let request = CheckRequest {
                store_id: self.store.clone(),
                tuple_key: Some(asked.key(*relation, object)),
                contextual_tuples: asked.told.clone(),
                authorization_model_id: self.model.clone(),
                trace: false,
                context: None,
                consistency: CONSISTENCY,
            };
            let ask = async |mut client: Client, request| client.check(request).await;
            return Ok(vec![self.call("Check", CHECK, request, ask).await?.allowed]);
        }
        let chunks = questions.chunks(CHECKS_AT_ONCE).map(|chunk| self.decide_at_once(asked, chunk));
        Ok(try_join_all(chunks).await?.into_iter().flatten().collect())
    }

    async fn decide_at_once(&self, asked: &Asked, questions: &[(Relation, &Object)]) -> Result<Vec<bool>> {
        let check = |(at, (relation, object)): (usize, &(Relation, &Object))| BatchCheckItem {
            tuple_key: Some(asked.key(*relation, object)),
            contextual_tuples: asked.told.clone(),
            context: None,
            correlation_id: at.to_string(),
        };
        let request = BatchCheckRequest {
            store_id: self.store.clone(),
            checks: questions.iter().enumerate().map(check).collect(),
            authorization_model_id: self.model.clone(),
            consistency: CONSISTENCY,
        };
        let ask = async |mut client: Client, request| client.batch_check(request).await;
        let mut answers = self.call("BatchCheck", CHECK, request, ask).await?.result;
        let answer = |at: usize| match answers.remove(&at.to_string()).and_then(|result| result.check_result) {
            Some(CheckResult::Allowed(allowed)) => Ok(allowed),
            Some(CheckResult::Error(error)) => Err(Error::OpenFgaAnswer(error.message)),
            None => Err(Error::OpenFgaAnswer("a check was not answered".to_owned())),
        };
        (0..questions.len()).map(answer).collect()
    }

    async fn list(&self, asked: &Asked, relation: Relation, kind: ObjectKind) -> Result<Vec<String>> {
        let request = StreamedListObjectsRequest {
            store_id: self.store.clone(),
            authorization_model_id: self.model.clone(),
            r#type: kind.to_string(),
            relation: relation.to_string(),
            user: asked.user.clone(),
            contextual_tuples: asked.told.clone(),
            context: None,
            consistency: CONSISTENCY,
        };
        let began = Instant::now();
        let listed = tokio::time::timeout(LIST, self.stream(request)).await.unwrap_or_else(|_| {
            Err(Error::OpenFgaAnswer(format!("it does not list the {kind}s within {LIST:?}, and might leave some out")))
        });
        (self.observer)("StreamedListObjects", began.elapsed(), listed.is_ok());
        listed
    }

    async fn stream(&self, request: StreamedListObjectsRequest) -> Result<Vec<String>> {
        const CALL: &str = "StreamedListObjects";
        let failed = |status| channel::failed(CALL, status);
        let answer = self.client.clone().streamed_list_objects(Request::new(request)).await.map_err(failed)?;
        let mut stream = answer.into_inner();
        let mut objects = Vec::new();
        while let Some(found) = stream.message().await.map_err(failed)? {
            let object = words::read_object(&found.object);
            objects.push(object.ok_or_else(|| Error::OpenFgaAnswer(format!("{:?} is no object", found.object)))?.id);
        }
        Ok(objects)
    }
}

#[async_trait]
impl Authorizer for OpenFga {
    async fn check_many(&self, user: &User, questions: &[(Relation, Object)]) -> Result<Vec<Decision>> {
        let sensible: Vec<usize> =
            (0..questions.len()).filter(|at| makes_sense(questions[*at].0, &questions[*at].1)).collect();
        let mut decisions = vec![Decision::default(); questions.len()];
        if sensible.is_empty() {
            return Ok(decisions);
        }
        let asked_of: Vec<_> = sensible.iter().map(|at| (questions[*at].0, &questions[*at].1)).collect();
        let asked = Asked::user(user);
        for answers in try_join_all(asked.iter().map(|asked| self.decide(asked, &asked_of))).await? {
            for (at, allowed) in sensible.iter().zip(answers) {
                decisions[*at].allowed |= allowed;
            }
        }
        Ok(decisions)
    }

    async fn check_subject(&self, subject: &Subject, relation: Relation, object: &Object) -> Result<Decision> {
        let known = match subject {
            Subject::Set { object, relation } => rule(object.kind, *relation).is_some(),
            _ => true,
        };
        if !known || !makes_sense(relation, object) || !words::subject_fits(subject) {
            return Ok(Decision::default());
        }
        let answers = self.decide(&Asked::subject(subject), &[(relation, object)]).await?;
        Ok(Decision { allowed: answers == [true], determined_by: None })
    }

    async fn list_objects_many(
        &self,
        user: &User,
        relations: &[Relation],
        kind: ObjectKind,
    ) -> Result<Vec<Vec<String>>> {
        let asked = Asked::user(user);
        let list = async |relation: Relation| -> Result<Vec<String>> {
            if rule(kind, relation).is_none() {
                return Ok(Vec::new());
            }
            let listed = try_join_all(asked.iter().map(|asked| self.list(asked, relation, kind))).await?;
            let ids: BTreeSet<String> = listed.into_iter().flatten().collect();
            Ok(ids.into_iter().collect())
        };
        try_join_all(relations.iter().map(|relation| list(*relation))).await
    }

    async fn list_subjects_many(&self, relations: &[Relation], object: &Object) -> Result<Vec<Subjects>> {
        self.expand(relations, object).await
    }
}
