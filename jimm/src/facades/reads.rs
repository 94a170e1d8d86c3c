//! Which calls of facades that controllers serve only read: they go on while a model is moved. Controllers do not hold back
//! users who logged in by token, so the broker must.

/// Reads, by facade. What is not here counts as a write.
const READS: &[(&str, &[&str])] = &[
    ("Client", &["FullStatus", "StatusHistory", "WatchAll"]),
    ("Storage", &["ListFilesystems", "ListVolumes", "ListStorageDetails", "ListPools", "StorageDetails"]),
    (
        "SSHClient",
        &[
            "PublicAddress",
            "PrivateAddress",
            "BestAPIVersion",
            "AllAddresses",
            "PublicKeys",
            "Proxy",
            "ModelCredentialForSSH",
        ],
    ),
    ("Pinger", &["Ping"]),
    ("ModelConfig", &["ModelGet", "GetModelConstraints"]),
    (
        "Application",
        &[
            "Get",
            "GetConfig",
            "CharmConfig",
            "GetCharmURLOrigin",
            "GetConstraints",
            "ApplicationsInfo",
            "UnitsInfo",
            "Leader",
        ],
    ),
    ("Charms", &["List", "CharmInfo", "IsMetered"]),
    ("Action", &["Actions", "ApplicationsCharmsActions", "ListOperations", "Operations", "ListTasks"]),
    ("Annotations", &["Get"]),
    ("Block", &["List"]),
    ("MachineManager", &["MachineHardwareInfo", "InstanceTypes"]),
    ("Resources", &["ListResources"]),
    ("Secrets", &["ListSecrets"]),
    ("Spaces", &["ListSpaces", "ShowSpace"]),
    ("Subnets", &["ListSubnets", "AllZones"]),
    ("KeyManager", &["ListKeys"]),
];

/// Whether the call may go on while the model is moved. What goes on already may also end.
pub(crate) fn is_read(facade: &str, method: &str) -> bool {
    if facade.ends_with("Watcher") && matches!(method, "Next" | "Stop") {
        return true;
    }
    READS.iter().any(|(name, methods)| *name == facade && methods.contains(&method))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_go_on_and_everything_else_is_a_write() {
        assert!(is_read("Client", "FullStatus"));
        assert!(is_read("AllWatcher", "Next"));
        assert!(is_read("Pinger", "Ping"));
        assert!(!is_read("Application", "Deploy"));
        assert!(!is_read("Client", "Destroy"));
        assert!(!is_read("Nobody", "Knows"));
    }
}
