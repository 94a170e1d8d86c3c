//! Which attributes of a credential may be shown: a fixed table by cloud type and authentication type.
//!
//! What the table does not name is hidden, so a kind of cloud that is new to the broker shows nothing.

use std::collections::BTreeMap;

/// The attributes that are no secrets, for one kind of cloud and one kind of authentication.
fn visible(cloud_type: &str, auth_type: &str) -> &'static [&'static str] {
    const OPENSTACK: &[&str] = &[
        "username",
        "tenant-name",
        "tenant-id",
        "version",
        "domain-name",
        "project-domain-name",
        "user-domain-name",
        "project-domain-id",
        "user-domain-id",
    ];
    match (cloud_type, auth_type) {
        ("ec2", "access-key") => &["access-key"],
        ("ec2", "instance-role") => &["instance-profile-name"],
        ("azure", "service-principal-secret") => {
            &["application-id", "application-object-id", "subscription-id", "managed-subscription-id"]
        }
        ("azure", "managed-identity") => &["managed-identity-path", "subscription-id"],
        ("azure", "interactive") => &["subscription-id", "resource-group-name", "managed-subscription-id"],
        ("gce", "oauth2") => &["client-id", "client-email", "project-id"],
        ("gce", "service-account") => &["service-account", "project-id"],
        ("openstack" | "rackspace", "userpass") => OPENSTACK,
        ("openstack", "access-key") => &["access-key", "tenant-name", "tenant-id", "version"],
        ("vsphere", "userpass") => &["user", "vmfolder"],
        ("oci", "httpsig") => &["user", "tenancy", "region", "fingerprint"],
        ("lxd", "certificate" | "interactive") => &["client-cert", "server-cert"],
        ("kubernetes" | "cloudsigma", "userpass") => &["username"],
        ("kubernetes", "certificate" | "clientcertificate" | "oauth2withcert") => &["ClientCertificateData", "rbac-id"],
        ("kubernetes", "oauth2") => &["rbac-id"],
        ("equinix", "access-key") => &["project-id"],
        ("joyent", "userpass") => &["sdc-user", "sdc-key-id", "algorithm"],
        _ => &[],
    }
}

/// The attributes that may be shown, and the names of those that may not.
pub(in crate::broker) fn redact(
    cloud_type: &str,
    auth_type: &str,
    attributes: BTreeMap<String, String>,
) -> (BTreeMap<String, String>, Vec<String>) {
    let shown = visible(cloud_type, auth_type);
    let mut redacted = Vec::new();
    let mut open = BTreeMap::new();
    for (name, value) in attributes {
        if shown.contains(&name.as_str()) {
            open.insert(name, value);
        } else {
            redacted.push(name);
        }
    }
    (open, redacted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attributes(names: &[&str]) -> BTreeMap<String, String> {
        names.iter().map(|n| ((*n).to_owned(), format!("value of {n}"))).collect()
    }

    #[test]
    fn secrets_are_named_but_not_shown() {
        let (open, redacted) = redact("ec2", "access-key", attributes(&["access-key", "secret-key"]));
        assert_eq!(open.keys().collect::<Vec<_>>(), ["access-key"]);
        assert_eq!(redacted, ["secret-key"]);
    }

    #[test]
    fn an_unknown_kind_shows_nothing() {
        let (open, redacted) = redact("somecloud", "userpass", attributes(&["username", "password"]));
        assert!(open.is_empty());
        assert_eq!(redacted, ["password", "username"]);
    }
}
