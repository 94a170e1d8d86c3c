//! A folder for one run of the client, for nobody else to read, with everything that the client knows of this run. It is
//! locked while somebody works with it: what is not locked was left by somebody who died.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// The file that is locked.
pub(super) const LOCK: &str = "in-use";
/// How their names begin.
const PREFIX: &str = "jimm-juju-";

/// A folder, removed with this value unless a warden answers for it.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    _lock: File,
    is_ours: bool,
}

impl Folder {
    /// A new one below that.
    pub fn new(below: &Path) -> io::Result<Self> {
        let path = below.join(format!("{PREFIX}{}", hex::encode(crate::clock::random_bytes::<12>())));
        DirBuilder::new().mode(0o700).create(&path)?;
        let lock = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path.join(LOCK));
        let lock = lock.and_then(|lock| lock.lock_shared().map(|()| lock));
        match lock {
            Ok(lock) => Ok(Self { path, _lock: lock, is_ours: true }),
            Err(error) => {
                let _ = fs::remove_dir_all(&path);
                Err(error)
            }
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a file that only we may read.
    pub fn write(&self, name: &str, text: &str) -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(self.path.join(name))?;
        file.write_all(text.as_bytes())
    }

    /// From now on a warden removes it, when its tether is cut.
    pub(super) fn entrust(&mut self) {
        self.is_ours = false;
    }

    /// The warden has ended.
    pub(super) fn take_back(&mut self) {
        self.is_ours = true;
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.is_ours {
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

/// Removes folders that were left by who died; tells how many.
pub fn sweep(below: &Path) -> usize {
    let Ok(entries) = fs::read_dir(below) else { return 0 };
    let left = entries.flatten().filter(|entry| {
        let is_ours = entry.file_name().to_str().is_some_and(|name| name.starts_with(PREFIX));
        let is_in_use = || File::open(entry.path().join(LOCK)).is_ok_and(|lock| lock.try_lock().is_err());
        is_ours && entry.file_type().is_ok_and(|kind| kind.is_dir()) && !is_in_use()
    });
    left.filter(|entry| fs::remove_dir_all(entry.path()).is_ok()).count()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn what_is_in_use_is_not_swept_and_nobody_else_may_read_it() {
        let below = tempfile::tempdir().unwrap();
        let mut one = Folder::new(below.path()).unwrap();
        one.write("credentials.yaml", "{}").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(one.path()), mode(&one.path().join("credentials.yaml"))), (0o700, 0o600));
        assert_eq!(sweep(below.path()), 0);
        let path = one.path().to_owned();
        one.entrust();
        drop(one);
        assert!(path.exists(), "a warden would remove it");
        fs::create_dir(below.path().join("of-others")).unwrap();
        assert_eq!((sweep(below.path()), path.exists()), (1, false));
        assert!(below.path().join("of-others").exists());
        let two = Folder::new(below.path()).unwrap();
        let path = two.path().to_owned();
        drop(two);
        assert!(!path.exists());
    }
}
