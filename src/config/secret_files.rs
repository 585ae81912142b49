//! Whether files that hold secrets can be read by people who should not.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::Config;

/// Everybody who is neither the owner nor in the file's group.
const OTHERS: u32 = 0o007;
/// Everybody but the owner.
const ALL_BUT_OWNER: u32 = 0o077;

/// Who may read a file: in words, or what is wrong with it and what fixes it.
type Verdict = Result<String, String>;

/// The config file, which matters if it holds keys itself.
pub fn config_file(config: &Config, file: &Path) -> Verdict {
    let holds_secrets = fs::read_to_string(file).is_ok_and(|text| config.has_secrets_in(&text));
    let mode = mode(file)?;
    if !holds_secrets {
        return Ok(format!("mode {mode:03o}, and there are no secrets in it"));
    }
    judge(file, mode, OTHERS, |shown| {
        format!(
            "everybody on this machine can read the keys in it (mode {mode:03o}); chmod 640 {shown}"
        )
    })
}

/// The registration, which the homeserver reads, too.
pub fn registration(config: &Config) -> Verdict {
    let file = &config.appservice.registration;
    let mode = mode(file)?;
    judge(file, mode, OTHERS, |shown| {
        format!(
            "everybody on this machine can read its tokens (mode {mode:03o}); chmod 640 {shown} \
             and give it to a group that the homeserver is in"
        )
    })
}

/// The signing key, which nobody else reads; it may not be there yet.
pub fn signing_key(config: &Config) -> Verdict {
    let file = &config.record.signing_key;
    if !file.exists() {
        return Ok("not there yet".to_owned());
    }
    let mode = mode(file)?;
    judge(file, mode, ALL_BUT_OWNER, |shown| {
        format!(
            "others on this machine may read the key in {shown} (mode {mode:03o}); chmod 600 {shown}"
        )
    })
}

fn mode(file: &Path) -> Result<u32, String> {
    let metadata = fs::metadata(file).map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(metadata.permissions().mode() & 0o777)
}

fn judge(file: &Path, mode: u32, unwanted: u32, wrong: impl Fn(&str) -> String) -> Verdict {
    match mode & unwanted {
        0 => Ok(format!("mode {mode:03o}: its secrets are not for everybody")),
        _ => Err(wrong(&file.display().to_string())),
    }
}

impl Config {
    /// Whether one of our secrets stands in this text. One that came from the environment does not.
    fn has_secrets_in(&self, text: &str) -> bool {
        let keys = self.api.keys.iter().map(|it| &it.key);
        let sign_in = self.page.sign_in.iter().map(|it| &it.key);
        let store = self.files.s3.secret_access_key.iter();
        let mut secrets = keys.chain(sign_in).chain(store).map(|it| it.expose());
        let password = self.database.url.has_password().then(|| self.database.url.expose());
        secrets.any(|it| text.contains(it)) || password.is_some_and(|it| text.contains(it))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{ApiKey, Secret};

    #[test]
    fn a_file_is_told_that_is_readable_by_more_people_than_it_should_be() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.yaml");
        let set = |mode| fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        let mut config = Config::default();
        fs::write(&file, "homeserver:\n  domain: example.org\n").unwrap();
        set(0o644);
        assert!(config_file(&config, &file).is_ok());

        // The key comes from the environment, and then from the file.
        let key = Secret::new("canary-0123456789");
        config.api.keys = vec![ApiKey { shop: "shop".to_owned(), key }];
        assert!(config_file(&config, &file).is_ok());
        fs::write(&file, "api: {keys: [{shop: shop, key: canary-0123456789}]}").unwrap();
        let told = config_file(&config, &file).unwrap_err();
        assert!(told.contains("644") && told.contains("chmod 640") && !told.contains("canary"));
        set(0o640);
        assert!(config_file(&config, &file).is_ok());

        config.appservice.registration = file.clone();
        config.record.signing_key = file.clone();
        assert!(registration(&config).is_ok());
        assert!(signing_key(&config).unwrap_err().contains("chmod 600"));
        set(0o644);
        assert!(registration(&config).unwrap_err().contains("chmod 640"));
        set(0o600);
        assert!(signing_key(&config).is_ok());
        config.record.signing_key = folder.path().join("none");
        assert!(signing_key(&config).is_ok());
    }
}
