//! Checks that other users of the machine cannot read files that contain secrets.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::Config;

/// The permission bits of all users who are neither the owner nor in the file's group.
const OTHERS: u32 = 0o007;
/// The permission bits of all users except the owner.
const ALL_BUT_OWNER: u32 = 0o077;

/// A finding about a file's permissions, or what is wrong with them and how to fix it.
type Verdict = Result<String, String>;

/// Checks the config file, if it contains secrets itself.
pub fn check_config_file(config: &Config, file: &Path) -> Verdict {
    let holds_secrets = fs::read_to_string(file).is_ok_and(|text| config.has_secrets_in(&text));
    let mode = mode(file)?;
    if !holds_secrets {
        return Ok(format!("it has mode {mode:03o} and contains no secrets"));
    }
    check_mode(file, mode, OTHERS, |shown| {
        format!(
            "every user of this machine can read the keys in it (mode {mode:03o}); run \
             `chmod 640 {shown}`"
        )
    })
}

/// Checks the registration file. The homeserver reads it as well, so its group may read it.
pub fn check_registration(config: &Config) -> Verdict {
    let file = &config.appservice.registration;
    let mode = mode(file)?;
    check_mode(file, mode, OTHERS, |shown| {
        format!(
            "every user of this machine can read the tokens in it (mode {mode:03o}); run \
             `chmod 640 {shown}` and give the file to a group of the homeserver's user"
        )
    })
}

/// Checks the file of the signing key, which only its owner may read. The file may not exist yet.
pub fn check_signing_key(config: &Config) -> Verdict {
    let file = &config.record.signing_key;
    if !file.exists() {
        return Ok("the file does not exist yet".to_owned());
    }
    let mode = mode(file)?;
    check_mode(file, mode, ALL_BUT_OWNER, |shown| {
        format!(
            "other users of this machine can read the key in {shown} (mode {mode:03o}); run \
             `chmod 600 {shown}`"
        )
    })
}

fn mode(file: &Path) -> Result<u32, String> {
    let metadata = fs::metadata(file).map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(metadata.permissions().mode() & 0o777)
}

fn check_mode(file: &Path, mode: u32, unwanted: u32, message: impl Fn(&str) -> String) -> Verdict {
    match mode & unwanted {
        0 => Ok(format!("mode {mode:03o} keeps its secrets from other users")),
        _ => Err(message(&file.display().to_string())),
    }
}

impl Config {
    /// Whether the text contains a secret of this config. A secret from the environment is not in
    /// the text of the file.
    fn has_secrets_in(&self, text: &str) -> bool {
        let keys = self.api.keys.iter().map(|it| &it.key);
        let sign_in = self.page.sign_in.iter().map(|it| &it.key);
        let store = self.files.s3.secret_access_key.iter();
        let webhooks = self.webhooks.endpoints.iter();
        let webhooks = webhooks.flat_map(|it| it.previous_secret.iter().chain([&it.secret]));
        let has_login = self.mail.server().is_some_and(|it| it.login.is_some());
        let mail = self.mail.smtp.iter().filter(|_| has_login);
        let secrets = keys.chain(sign_in).chain(store).chain(webhooks).chain(mail);
        let mut secrets = secrets.map(|it| it.expose());
        let password = self.database.url.has_password().then(|| self.database.url.expose());
        secrets.any(|it| text.contains(it)) || password.is_some_and(|it| text.contains(it))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{ApiKey, Secret};

    #[test]
    fn a_file_that_too_many_users_can_read_is_reported() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.yaml");
        let set = |mode| fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        let mut config = Config::default();
        fs::write(&file, "homeserver:\n  domain: example.org\n").unwrap();
        set(0o644);
        assert!(check_config_file(&config, &file).is_ok());

        // First the key comes from the environment, then from the file.
        let key = Secret::new("canary-0123456789");
        config.api.keys =
            vec![ApiKey { shop: "shop".to_owned(), key, language: None, rules: None }];
        assert!(check_config_file(&config, &file).is_ok());
        fs::write(&file, "api: {keys: [{shop: shop, key: canary-0123456789}]}").unwrap();
        let told = check_config_file(&config, &file).unwrap_err();
        assert!(told.contains("644") && told.contains("chmod 640") && !told.contains("canary"));
        set(0o640);
        assert!(check_config_file(&config, &file).is_ok());

        config.appservice.registration = file.clone();
        config.record.signing_key = file.clone();
        assert!(check_registration(&config).is_ok());
        assert!(check_signing_key(&config).unwrap_err().contains("chmod 600"));
        set(0o644);
        assert!(check_registration(&config).unwrap_err().contains("chmod 640"));
        set(0o600);
        assert!(check_signing_key(&config).is_ok());
        config.record.signing_key = folder.path().join("none");
        assert!(check_signing_key(&config).is_ok());
    }
}
