//! `tallyroom generate-registration`: writes the file that introduces us to the homeserver.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use anyhow::{Context, bail};

use crate::config::{Config, Registration};

/// What the file begins with.
const HEADER: &str = "\
# The registration of Tallyroom. The homeserver and Tallyroom both read this file.
# It holds secrets: whoever has as_token acts as any of our users.
";

/// Writes a registration with fresh tokens and says what to do with it.
pub fn run(config: &Config, output: &Path) -> anyhow::Result<()> {
    write(config, output)?;
    // The tokens are in the file, and nowhere else.
    println!("{}", next_steps(config, output));
    Ok(())
}

fn write(config: &Config, output: &Path) -> anyhow::Result<()> {
    let yaml = serde_yaml::to_string(&Registration::generate(config))
        .context("the registration cannot be written as YAML")?;
    // The mode is set when the file is made: there is no moment at which others can open it.
    let opened = OpenOptions::new().write(true).create_new(true).mode(0o600).open(output);
    let file = match opened {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => bail!(
            "{} exists and is left as it is.\n\
             To replace its tokens: stop Tallyroom, move the file away, run this command again, \
             restart the homeserver, and start Tallyroom.",
            output.display()
        ),
        Err(error) => {
            return Err(error).with_context(|| {
                format!("cannot create {}: name another place with --output", output.display())
            });
        }
    };
    if let Err(error) = fill(file, output, &yaml) {
        // Half a file would be refused by both sides and keep the next run from making a whole
        // one. If it cannot be removed either, the first error is still the one to tell.
        fs::remove_file(output).ok();
        return Err(error).with_context(|| format!("cannot write {}", output.display()));
    }
    Ok(())
}

fn fill(mut file: File, output: &Path, yaml: &str) -> io::Result<()> {
    file.write_all(HEADER.as_bytes())?;
    file.write_all(yaml.as_bytes())?;
    file.sync_all()?;
    // The name of a new file is durable once its folder is.
    let folder = output.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

fn next_steps(config: &Config, output: &Path) -> String {
    let full = fs::canonicalize(output).unwrap_or_else(|_| output.to_owned());
    let expected = &config.appservice.registration;
    let same = fs::canonicalize(expected).is_ok_and(|expected| expected == full);
    let config_step = if same {
        String::new()
    } else {
        format!(
            "\nTallyroom looks for it at {}: put it there, or set appservice.registration.\n",
            expected.display()
        )
    };
    let full = full.display();
    format!(
        "\
Wrote {full}
{config_step}
Next, tell the homeserver. Only you can read the file now: let the homeserver's user read it
too (for example by group), or give it a copy.

  Synapse: add the file to homeserver.yaml and restart Synapse:

    app_service_config_files:
      - {full}

  Tuwunel, Conduit and their kin: send this in the admin room, with the file's content between
  the lines of backticks:

    !admin appservices register
    ```
    (the content of the file)
    ```

Then `tallyroom check` tells whether both sides reach each other."
    )
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn what_is_written_is_accepted_and_only_its_owner_can_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("registration.yaml");
        let config = Config::default();
        run(&config, &output).unwrap();

        assert_eq!(fs::metadata(&output).unwrap().permissions().mode() & 0o777, 0o600);
        let registration = Registration::load(&output, &config).unwrap();
        assert_eq!(registration.as_token.expose().len(), 64);
        assert!(!registration.as_token.matches(registration.hs_token.expose().as_bytes()));
    }

    #[test]
    fn an_existing_file_is_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("registration.yaml");
        fs::write(&output, "precious").unwrap();
        let error = run(&Config::default(), &output).unwrap_err().to_string();
        assert!(error.contains("move the file away"), "{error}");
        assert_eq!(fs::read_to_string(&output).unwrap(), "precious");
    }

    #[test]
    fn every_run_makes_other_tokens() {
        let one = Registration::generate(&Config::default());
        let other = Registration::generate(&Config::default());
        assert!(!one.as_token.matches(other.as_token.expose().as_bytes()));
        assert!(!one.hs_token.matches(other.hs_token.expose().as_bytes()));
    }

    #[test]
    fn a_missing_folder_is_named() {
        let error = run(&Config::default(), Path::new("/nowhere/registration.yaml")).unwrap_err();
        assert!(format!("{error:#}").contains("/nowhere/registration.yaml"), "{error:#}");
    }

    #[test]
    fn the_next_steps_name_the_file_and_show_no_token() {
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("r.yaml");
        let config = Config::default();
        write(&config, &output).unwrap();
        let told = next_steps(&config, &output);
        assert!(told.contains(&format!("- {}", output.canonicalize().unwrap().display())));
        assert!(told.contains("appservice.registration"), "{told}");
        let registration = Registration::load(&output, &config).unwrap();
        for token in [registration.as_token, registration.hs_token] {
            assert!(!told.contains(token.expose()));
        }
    }
}
