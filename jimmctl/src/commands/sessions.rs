//! `sessions`, `revoke-sessions`, `disable-user`, `enable-user`: who is logged in, and who no longer.

use jimm_proto::params::common::{Entities, Entity, ErrorResults};
use jimm_proto::params::jimm_accounts::{
    ListSessionsRequest, ListSessionsResponse, RevokeSessionsRequest, RevokeSessionsResponse, SessionInfo,
};
use jimm_proto::time::GoTime;
use serde::Serialize;

use crate::cli::GlobalArgs;
use crate::cli::accounts::{RevokeSessionsArgs, SessionsArgs, UserArgs};
use crate::error::{Failure, Result};
use crate::session::Session;
use crate::table::Table;

#[derive(Serialize)]
struct SessionYaml<'a> {
    id: &'a str,
    usertag: &'a str,
    created: GoTime,
    lastused: GoTime,
    expires: GoTime,
    idletimeout: i64,
    authmethod: &'a str,
    clientaddress: &'a str,
    current: bool,
}

#[derive(Serialize)]
struct RevokedYaml {
    #[serde(rename = "revoked-count")]
    revoked_count: u64,
}

pub(super) async fn list(global: &GlobalArgs, args: &SessionsArgs) -> Result<()> {
    let params = ListSessionsRequest { user_tag: args.user.as_deref().map(tag).unwrap_or_default(), all: args.all };
    let answer = async { Session::open(global).await?.call("ListSessions", &params).await }.await;
    let answer: ListSessionsResponse = args.output.or_nothing(answer)?;
    let yaml: Vec<SessionYaml<'_>> = answer.sessions.iter().map(Into::into).collect();
    args.output.print(&answer.sessions, &yaml, || table(&answer.sessions))
}

pub(super) async fn revoke(global: &GlobalArgs, args: &RevokeSessionsArgs) -> Result<()> {
    if args.user.is_none() && args.id.is_none() && !args.all {
        return Err(Failure::usage("missing username")
            .with_hint("give the user whose sessions to end, --id ID for one of them, or --all for everybody's"));
    }
    let params = RevokeSessionsRequest {
        user_tag: args.user.as_deref().map(tag).unwrap_or_default(),
        session_id: args.id.clone().unwrap_or_default(),
        all: args.all,
    };
    let answer = async { Session::open(global).await?.call("RevokeSessions", &params).await }.await;
    let answer: RevokeSessionsResponse = args.output.or_nothing(answer)?;
    let count = answer.revoked_count;
    args.output.print(&answer, &RevokedYaml { revoked_count: count }, || match count {
        1 => "1 session ended\n".to_owned(),
        count => format!("{count} sessions ended\n"),
    })
}

pub(super) async fn enable(global: &GlobalArgs, args: &UserArgs, enabled: bool) -> Result<()> {
    let user = args.user.as_deref().ok_or_else(|| Failure::usage("missing username"))?;
    let params = Entities { entities: vec![Entity { tag: tag(user) }] };
    let method = if enabled { "EnableUser" } else { "DisableUser" };
    let session = Session::open(global).await?;
    let answer: ErrorResults = session.call_facade("UserManager", 3, method, &params).await?;
    match answer.results.into_iter().find_map(|result| result.error) {
        Some(error) => Err(jimm_rpc::CallError::Remote(error).into()),
        None => Ok(()),
    }
}

/// The tag of a user, who may be given by name or by tag.
pub(super) fn tag(user: &str) -> String {
    if user.starts_with("user-") { user.to_owned() } else { format!("user-{user}") }
}

fn table(sessions: &[SessionInfo]) -> String {
    let mut table = Table::new(&["User", "Method", "Address", "Created", "Last used", "Expires", "ID"]);
    for session in sessions {
        let user = session.user_tag.strip_prefix("user-").unwrap_or(&session.user_tag);
        let seconds = |time: GoTime| time.0.format("%Y-%m-%dT%H:%M:%SZ").to_string();
        table.row([
            &format!("{user}{}", if session.current { "*" } else { "" }),
            &session.auth_method,
            &session.client_address,
            &seconds(session.created),
            &seconds(session.last_used),
            &seconds(session.expires),
            &session.id,
        ]);
    }
    table.render()
}

impl<'a> From<&'a SessionInfo> for SessionYaml<'a> {
    fn from(session: &'a SessionInfo) -> Self {
        Self {
            id: &session.id,
            usertag: &session.user_tag,
            created: session.created,
            lastused: session.last_used,
            expires: session.expires,
            idletimeout: session.idle_timeout,
            authmethod: &session.auth_method,
            clientaddress: &session.client_address,
            current: session.current,
        }
    }
}
