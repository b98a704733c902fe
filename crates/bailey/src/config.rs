//! Which server to call and as whom: options, then environment, then the file of profiles, then defaults.

use std::collections::BTreeMap;
use std::fs;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use bailey_domain::Secret;
use serde::{Deserialize, Serialize};

use crate::client::{AccessKey, Credential, Exit, Failure};

const DEFAULT_ENDPOINT: &str = "http://127.0.0.1:8081";
const DEFAULT_PROFILE: &str = "default";

/// Reads an environment variable; an argument, so that tests choose the environment.
pub(crate) type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The process' own environment. An empty variable counts as not set.
pub(crate) fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|text| !text.is_empty())
}

/// `profiles.toml`.
#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    profiles: BTreeMap<String, Profile>,
}

/// One signing-in. No `Debug`: it holds the secret as text.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Profile {
    endpoint: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    access_key_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    access_key_secret: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    session_token: Option<String>,
}

impl Profile {
    fn credential(self) -> Option<Credential> {
        match self {
            Self { session_token: Some(token), .. } => Some(Credential::Session(Secret::new(token))),
            Self { access_key_id: Some(id), access_key_secret: Some(secret), .. } => {
                Some(Credential::AccessKey(AccessKey { id, secret: Secret::new(secret) }))
            }
            _ => None,
        }
    }
}

/// What a command calls.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) profile: String,
    pub(crate) endpoint: String,
    /// `None` when nobody is signed in.
    pub(crate) credential: Option<Credential>,
    /// What the profile holds, whatever the environment says.
    pub(crate) stored: Option<Credential>,
}

impl Target {
    /// Chooses; `endpoint` and `profile` are the command line's.
    pub(crate) fn choose(
        endpoint: Option<&str>,
        profile: Option<&str>,
        variable: Environment<'_>,
    ) -> Result<Self, Failure> {
        let own = |name: Option<&str>| name.map(str::to_owned);
        let profile =
            own(profile).or_else(|| variable("BAILEY_PROFILE")).unwrap_or_else(|| DEFAULT_PROFILE.to_owned());
        let stored = read(&path(variable)?)?.profiles.remove(&profile);
        let endpoint = own(endpoint).or_else(|| variable("BAILEY_ENDPOINT"));
        let endpoint = endpoint.or_else(|| stored.as_ref().map(|stored| stored.endpoint.clone()));
        let stored = stored.and_then(Profile::credential);
        let credential = match (variable("BAILEY_ACCESS_KEY_ID"), variable("BAILEY_ACCESS_KEY_SECRET")) {
            (Some(id), Some(secret)) => {
                Some(Credential::AccessKey(AccessKey { id, secret: Secret::new(secret) }))
            }
            (None, None) => stored.clone(),
            _ => {
                return Err(Failure::usage(
                    "`BAILEY_ACCESS_KEY_ID` and `BAILEY_ACCESS_KEY_SECRET` belong together: set both or neither",
                ));
            }
        };
        let endpoint = endpoint.unwrap_or_else(|| DEFAULT_ENDPOINT.to_owned());
        Ok(Self { profile, endpoint, credential, stored })
    }

    /// The credential, or how to get one.
    pub(crate) fn signed_in(&self) -> Result<Credential, Failure> {
        self.credential.clone().ok_or_else(|| {
            Failure::new(Exit::NotSignedIn, format!("not signed in: the profile `{}` has no session and no access key", self.profile))
                .hint("`bailey login --user NAME` or `bailey login --access-key-id ID` stores one; so do BAILEY_ACCESS_KEY_ID and BAILEY_ACCESS_KEY_SECRET for one command")
        })
    }
}

/// Where the profiles are.
pub(crate) fn path(variable: Environment<'_>) -> Result<PathBuf, Failure> {
    let home = variable("BAILEY_CONFIG_HOME").map(PathBuf::from);
    let home = home.or_else(|| variable("XDG_CONFIG_HOME").map(|home| Path::new(&home).join("bailey")));
    let home = home.or_else(|| variable("HOME").map(|home| Path::new(&home).join(".config/bailey")));
    let home = home.ok_or_else(|| {
        Failure::failed("neither `BAILEY_CONFIG_HOME` nor `HOME` says where the profiles are")
    })?;
    Ok(home.join("profiles.toml"))
}

/// Stores a credential under a profile, in place of what was there.
pub(crate) fn store(
    path: &Path,
    profile: &str,
    endpoint: &str,
    credential: &Credential,
) -> Result<(), Failure> {
    let mut file = read(path)?;
    let mut entry = Profile {
        endpoint: endpoint.to_owned(),
        access_key_id: None,
        access_key_secret: None,
        session_token: None,
    };
    match credential {
        Credential::Nothing => {}
        Credential::AccessKey(key) => {
            entry.access_key_id = Some(key.id.clone());
            entry.access_key_secret = Some(key.secret.reveal().clone());
        }
        Credential::Session(token) => entry.session_token = Some(token.reveal().clone()),
    }
    file.profiles.insert(profile.to_owned(), entry);
    write(path, &file)
}

/// Forgets a profile; whether there was one.
pub(crate) fn remove(path: &Path, profile: &str) -> Result<bool, Failure> {
    let mut file = read(path)?;
    let had = file.profiles.remove(profile).is_some();
    if had {
        write(path, &file)?;
    }
    Ok(had)
}

fn read(path: &Path) -> Result<File, Failure> {
    let shown = path.display();
    let mode = match fs::metadata(path) {
        Ok(metadata) => metadata.permissions().mode(),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(File::default()),
        Err(error) => return Err(Failure::failed(format!("`{shown}`: {error}"))),
    };
    if mode & 0o077 != 0 {
        return Err(Failure::failed(format!("`{shown}` holds secrets and others may read it"))
            .hint(format!("chmod 600 {shown}")));
    }
    let text = fs::read_to_string(path).with_context(|| format!("`{shown}`"))?;
    // The parser's own message quotes the line, which may hold a secret.
    toml::from_str(&text).map_err(|error| {
        let line = error.span().map_or(1, |span| text[..span.start].lines().count().max(1));
        Failure::failed(format!("`{shown}` is not as `bailey login` writes it: line {line}"))
            .hint("remove it and sign in again")
    })
}

/// Writes beside and renames, so that a crash leaves one or the other whole.
fn write(path: &Path, file: &File) -> Result<(), Failure> {
    let explained = || format!("writing `{}`", path.display());
    let text = toml::to_string(file).with_context(explained)?;
    if let Some(directory) = path.parent() {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(directory).with_context(explained)?;
    }
    let beside = path.with_extension("toml.new");
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    let mut new = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&beside)
        .with_context(explained)?;
    new.write_all(text.as_bytes()).and_then(|()| new.sync_all()).with_context(explained)?;
    Ok(fs::rename(&beside, path).with_context(explained)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(id: &str, secret: &str) -> Credential {
        Credential::AccessKey(AccessKey { id: id.to_owned(), secret: Secret::new(secret.to_owned()) })
    }

    /// Id and secret of the access key that is signed in with.
    fn signed_in(target: &Target) -> (String, String) {
        match target.signed_in().unwrap() {
            Credential::AccessKey(key) => (key.id, key.secret.reveal().clone()),
            other => panic!("{other:?} is no access key"),
        }
    }

    fn chosen(
        home: &Path,
        options: (Option<&str>, Option<&str>),
        set: &[(&str, &str)],
    ) -> Result<Target, Failure> {
        let variable = |name: &str| match name {
            "BAILEY_CONFIG_HOME" => Some(home.display().to_string()),
            _ => set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()),
        };
        Target::choose(options.0, options.1, &variable)
    }

    #[test]
    fn options_win_over_environment_over_profile_over_defaults() {
        let home = tempfile::tempdir().unwrap();
        let none = chosen(home.path(), (None, None), &[]).unwrap();
        assert_eq!((none.endpoint.as_str(), none.profile.as_str()), (DEFAULT_ENDPOINT, "default"));
        assert_eq!(none.signed_in().unwrap_err().exit, Exit::NotSignedIn);

        let file = home.path().join("profiles.toml");
        store(&file, "default", "http://one:1", &key("LTAI1", "s1")).unwrap();
        store(&file, "other", "http://two:2", &key("LTAI2", "quote \" and \\ back")).unwrap();
        let target = chosen(home.path(), (None, Some("other")), &[]).unwrap();
        assert_eq!(target.endpoint, "http://two:2");
        assert_eq!(signed_in(&target), ("LTAI2".to_owned(), "quote \" and \\ back".to_owned()));

        let set = [
            ("BAILEY_ENDPOINT", "http://env:3"),
            ("BAILEY_ACCESS_KEY_ID", "LTAI3"),
            ("BAILEY_ACCESS_KEY_SECRET", "s3"),
        ];
        let target = chosen(home.path(), (None, None), &set).unwrap();
        assert_eq!((target.endpoint.as_str(), signed_in(&target).0.as_str()), ("http://env:3", "LTAI3"));
        assert_eq!(
            chosen(home.path(), (Some("http://option:4"), None), &set).unwrap().endpoint,
            "http://option:4"
        );
        assert_eq!(chosen(home.path(), (None, None), &set[1..2]).unwrap_err().exit, Exit::Usage);

        assert!(remove(&file, "default").unwrap());
        assert!(!remove(&file, "default").unwrap());
        assert!(chosen(home.path(), (None, None), &[]).unwrap().credential.is_none());

        store(&file, "default", "http://one:1", &Credential::Session(Secret::new("bs-1".to_owned())))
            .unwrap();
        let target = chosen(home.path(), (None, None), &[]).unwrap();
        assert!(matches!(target.signed_in(), Ok(Credential::Session(token)) if token.reveal() == "bs-1"));
        // Signing out ends what the profile holds, not what the environment says.
        let target = chosen(home.path(), (None, None), &set).unwrap();
        assert!(matches!(target.stored, Some(Credential::Session(_))));
        assert_eq!(signed_in(&target).0, "LTAI3");
    }

    #[test]
    fn the_file_is_its_owners_alone_and_never_quoted() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("deep/profiles.toml");
        store(&file, "default", "http://one:1", &key("LTAI1", "s1")).unwrap();
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        fs::write(&file, "[profiles.default]\naccess_key_secret = \"hunter2\nx").unwrap();
        let failure = read(&file).err().unwrap();
        assert!(
            failure.message.contains(": line ") && !failure.message.contains("hunter2"),
            "{}",
            failure.message
        );
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(read(&file).err().unwrap().to_string().contains("chmod 600"));
    }
}
