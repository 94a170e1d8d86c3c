//! What lies between the two controllers of a move: whether the source can be expected to reach the target, which users
//! the target would miss, and how long such moves took.

use std::net::IpAddr;

use jimm_proto::params::user_manager::{UserInfoRequest, UserInfoResults};
use jimm_store::migrations::{self, Took};
use uuid::Uuid;

use super::facts::Told;
use super::initiate::{MIGRATION_TARGET, SKIPS_USER_CHECKS};
use super::outlook::Outlook;
use crate::broker::Broker;
use crate::broker::remote::CALL_DEADLINE;
use crate::controllers::Facade;
use crate::error::Result;

const USER_MANAGER: Facade = ("UserManager", &[3]);
/// Finished moves that estimates go by at most.
const HISTORY: i64 = 500;
/// Moves between the same two controllers, from so many on, tell more than others.
const ENOUGH: usize = 3;

/// How long a move is expected to take.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The median of similar moves.
    pub seconds: f64,
    /// How many those were.
    pub moves: usize,
    /// Whether they were between the same two controllers.
    pub same_way: bool,
}

impl Broker {
    /// How long the move of a model of that size may take, from those that were: none, when none was alike.
    pub async fn estimate_move(
        &self,
        source: Uuid,
        target: Uuid,
        machines: i64,
        units: i64,
    ) -> Result<Option<Estimate>> {
        let took = migrations::took(&mut *self.store.acquire().await?, source, target, HISTORY).await?;
        Ok(estimate(&took, machines, units))
    }

    /// Notes how long it may take, in seconds.
    pub(super) async fn note_estimate(&self, outlook: &mut Outlook) -> Option<i64> {
        let size = (i64::try_from(outlook.machines).unwrap_or(0), i64::try_from(outlook.units).unwrap_or(0));
        let found = self.estimate_move(outlook.source.uuid, outlook.target.uuid, size.0, size.1).await;
        let text = match &found {
            Ok(Some(found)) => {
                let way = if found.same_way { " between these controllers" } else { "" };
                format!(
                    "about {:.0} s: the median of {} moves{way} of models of about this size",
                    found.seconds, found.moves
                )
            }
            Ok(None) => "not known: no model of about this size was moved yet".to_owned(),
            Err(e) => format!("could not be found out: {}", e.message()),
        };
        outlook.note("duration", Ok(text));
        // A whole number of seconds, of which there are few enough.
        found.ok().flatten().and_then(|found| format!("{:.0}", found.seconds).parse().ok())
    }

    /// Notes what can be told of the way from the source to the target without being there.
    pub(super) async fn note_way(&self, outlook: &mut Outlook) {
        let slots = (self.slot(outlook.target.uuid).await, self.slot(outlook.source.uuid).await);
        let (Ok(target), Ok(source)) = slots else { return };
        let addresses = target.endpoint().target("/api").addresses;
        let away = !source.endpoint().target("/api").addresses.iter().all(|it| is_loopback(it));
        let (source, target) = (outlook.source.name.clone(), outlook.target.name.clone());
        let list = addresses.join(", ");
        if addresses.is_empty() {
            outlook.problem(
                "source-reaches-target",
                format!("no address of controller {target} is known"),
                format!("attach it again with its addresses: \"jimmctl controller-info {target} -\""),
            );
        } else if away && addresses.iter().all(|it| is_loopback(it)) {
            outlook.problem(
                "source-reaches-target",
                format!("controller {source} is to dial controller {target} at {list}, which is no address but on its own machine"),
                format!("attach {target} again with addresses that {source} reaches"),
            );
        } else {
            let text = format!(
                "assumed, for the broker cannot dial in its place: controller {source} and the model's machines have to reach {list}"
            );
            outlook.note("source-reaches-target", Ok(text));
        }
    }

    /// Notes which users of the model the target would miss, where a source compares them.
    pub(super) async fn note_users(&self, outlook: &mut Outlook) {
        let missing = match self.missing_users(outlook).await {
            Ok(missing) => missing,
            Err(e) => return outlook.note("users-on-target", Ok(format!("could not be found out: {}", e.message()))),
        };
        let Some(missing) = missing else {
            let text = "not compared: the broker decides who may do what, and tells the source so";
            return outlook.note("users-on-target", Ok(text.to_owned()));
        };
        let target = outlook.target.name.clone();
        let lines: Vec<String> =
            missing.iter().map(|user| format!("user {user} is not on controller {target}")).collect();
        outlook.note_all(
            "users-on-target",
            &lines,
            20,
            "add the user there, or take their access to the model away at the source: this target is too old to be told not to \
             compare",
        );
    }

    async fn missing_users(&self, outlook: &Outlook) -> Result<Option<Vec<String>>> {
        let session = self.slot(outlook.target.uuid).await?.service().await?;
        if session.version(MIGRATION_TARGET)? >= SKIPS_USER_CHECKS {
            return Ok(None);
        }
        let Told::Has(info) = self.ask_about_model(outlook.source.uuid, outlook.model.uuid).await? else {
            return Ok(Some(Vec::new()));
        };
        let everybody = UserInfoRequest { entities: Vec::new(), include_disabled: true };
        let there: UserInfoResults =
            self.ask(outlook.target.uuid, USER_MANAGER, "UserInfo", &everybody, CALL_DEADLINE).await?;
        let known: Vec<String> = there.results.into_iter().filter_map(|r| r.result).map(|user| user.username).collect();
        let users = info.users.into_iter().map(|user| user.user);
        Ok(Some(users.filter(|user| !known.contains(user)).collect()))
    }
}

/// The median of moves of models of about that size, of the same way where there are enough.
fn estimate(took: &[Took], machines: i64, units: i64) -> Option<Estimate> {
    let alike = |have: i64, wanted: i64| (wanted / 2 - 2..=wanted * 2 + 2).contains(&have);
    let similar: Vec<&Took> = took.iter().filter(|it| alike(it.machines, machines) && alike(it.units, units)).collect();
    let here: Vec<&Took> = similar.iter().filter(|it| it.same_way).copied().collect();
    let same_way = here.len() >= ENOUGH;
    let chosen = if same_way { here } else { similar };
    let mut seconds: Vec<f64> = chosen.iter().map(|it| it.seconds).collect();
    seconds.sort_by(f64::total_cmp);
    let middle = *seconds.get(seconds.len() / 2)?;
    Some(Estimate { seconds: middle, moves: seconds.len(), same_way })
}

/// Whether an address is one of the machine that dials it.
fn is_loopback(address: &str) -> bool {
    let host = address.split('/').next().unwrap_or_default();
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host).trim_matches(['[', ']']);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback() || ip.is_unspecified())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_the_own_machine_are_known() {
        for own in ["127.0.0.1:17070", "[::1]:17070", "localhost:443", "127.0.0.1:1/controller", "0.0.0.0:1"] {
            assert!(is_loopback(own), "{own}");
        }
        for other in ["10.0.0.1:17070", "[2001:db8::1]:17070", "juju.example.com:443/c1"] {
            assert!(!is_loopback(other), "{other}");
        }
    }

    #[test]
    fn estimates_go_by_models_that_are_alike() {
        let of = |seconds: f64, machines: i64, same_way: bool| Took { seconds, machines, units: machines, same_way };
        assert_eq!(estimate(&[], 1, 1), None);
        assert_eq!(estimate(&[of(600.0, 200, true)], 1, 1), None);
        let took = [of(10.0, 1, false), of(20.0, 2, true), of(90.0, 1, false), of(600.0, 200, true)];
        assert_eq!(estimate(&took, 1, 1), Some(Estimate { seconds: 20.0, moves: 3, same_way: false }));
        let took = [of(5.0, 1, true), of(6.0, 1, true), of(7.0, 1, true), of(90.0, 1, false)];
        assert_eq!(estimate(&took, 1, 1), Some(Estimate { seconds: 6.0, moves: 3, same_way: true }));
    }
}
