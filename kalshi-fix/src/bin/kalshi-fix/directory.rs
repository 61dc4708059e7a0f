//! Directories that commands write into.

use std::fs;
use std::path::Path;

use crate::output::Failure;

/// Who can look into a directory that is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Whoever the system lets.
    Usual,
    /// Its owner alone, where the system knows owners.
    OwnerAlone,
}

/// Has a directory be there, and says what is there in its place.
pub(crate) fn ready(path: &Path, access: Access) -> Result<(), Failure> {
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => return Ok(()),
        Ok(_) => {
            return Err(Failure::Usage(format!(
                "{} is a file; name a directory, or one that is to be made",
                path.display()
            )));
        }
        Err(_) if path.is_symlink() => {
            return Err(Failure::Usage(format!(
                "{} is a link that leads nowhere; name another directory",
                path.display()
            )));
        }
        Err(_) => {}
    }
    if let Some(file) = path.ancestors().skip(1).find(|above| above.is_file()) {
        return Err(Failure::Usage(format!(
            "cannot make the directory {}: {} is a file",
            path.display(),
            file.display()
        )));
    }
    create(path, access).map_err(|error| {
        Failure::Usage(format!(
            "cannot make the directory {}: {error}; name one that you may write into",
            path.display()
        ))
    })
}

#[cfg(unix)]
fn create(path: &Path, access: Access) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    let mut builder = fs::DirBuilder::new();
    if access == Access::OwnerAlone {
        builder.mode(0o700);
    }
    builder.recursive(true).create(path)
}

#[cfg(not(unix))]
fn create(path: &Path, _: Access) -> std::io::Result<()> {
    fs::create_dir_all(path)
}
