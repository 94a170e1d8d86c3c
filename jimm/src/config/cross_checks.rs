//! Checks that look at several settings at once.

use std::time::Duration;

use super::certificates;
use super::problems::{Problem, Warning};
use super::settings::Config;

/// The least time after which every controller has fetched a new key set.
const CONTROLLERS_REFRESH: Duration = Duration::from_secs(20 * 60);

pub(super) fn check(config: &Config, problems: &mut Vec<Problem>, warnings: &mut Vec<Warning>) {
    if config.listen == config.internal_listen && config.listen.port() != 0 {
        problems.push(Problem::new(
            "JIMM_INTERNAL_LISTEN_ADDR",
            format!(
                "is {}, the same as JIMM_LISTEN_ADDR: metrics need a listener of their own",
                config.internal_listen
            ),
        ));
    }
    let jwt = &config.jwt;
    if jwt.key_publish_ahead >= jwt.key_rotation {
        problems.push(Problem::new(
            "JIMM_JWT_KEY_PUBLISH_AHEAD",
            "is not shorter than JIMM_JWT_KEY_ROTATION: the next key would never be due",
        ));
    }
    if jwt.key_publish_ahead < CONTROLLERS_REFRESH + jwt.jwks_max_age {
        warnings.push(Warning(
            "JIMM_JWT_KEY_PUBLISH_AHEAD is below 20m and JIMM_JWKS_CACHE_MAX_AGE: controllers fetch keys at most every \
             15 minutes and will refuse logins after each rotation until they do"
                .into(),
        ));
    }
    if let Some(tls) = &config.tls {
        problems.extend(certificates::check_pair(tls));
    }
    if let Some(path) = &config.oauth.ca_cert {
        problems.extend(certificates::check_roots("JIMM_OAUTH_CA_CERT_PATH", path));
    }
    if let Some(openfga) = &config.openfga {
        if let Some(path) = &openfga.ca_cert {
            problems.extend(certificates::check_roots("OPENFGA_CA_CERT_PATH", path));
        }
        let near = ["localhost", "127.0.0.1", "::1"].contains(&openfga.host.as_str());
        if !openfga.tls && !near {
            warnings.push(Warning(
                "OPENFGA_SCHEME is http: who may do what travels unprotected, and so does OPENFGA_TOKEN".into(),
            ));
        }
    }
    if config.jobs.poll_interval >= config.jobs.lease {
        problems.push(Problem::new("JIMM_JOB_LEASE", "is not longer than JIMM_JOB_POLL_INTERVAL"));
    }
    let issuer = config.oauth.issuer_url.as_str();
    if issuer.starts_with("http://") && !issuer.contains("localhost") && !issuer.contains("127.0.0.1") {
        warnings.push(Warning(
            "JIMM_OAUTH_ISSUER_URL is plain http: client secrets and identities travel unprotected".into(),
        ));
    }
    if !config.session.secure_cookies {
        warnings.push(Warning("JIMM_SECURE_SESSION_COOKIES is off: cookies travel over plain HTTP too".into()));
    }
    if config.admins.is_empty() {
        warnings.push(Warning(
            "JIMM_ADMINS is empty: nobody can attach controllers, unless somebody was one before".into(),
        ));
    }
}
