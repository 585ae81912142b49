//! `tallyroom generate-registration`: writes the registration file of the application service.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use anyhow::{Context, bail};

use crate::config::{Config, Registration};

/// The comment at the beginning of the file.
const HEADER: &str = "\
# The registration of Tallyroom. The homeserver and Tallyroom both read this file.
# It contains secrets: anyone who has as_token can act as any user of Tallyroom.
";

/// Writes a registration with new tokens and prints the next steps.
pub fn run(config: &Config, output: &Path) -> anyhow::Result<()> {
    write(config, output)?;
    // Nothing that is printed contains a token.
    println!("{}", next_steps(config, output));
    Ok(())
}

fn write(config: &Config, output: &Path) -> anyhow::Result<()> {
    let yaml = serde_yaml::to_string(&Registration::generate(config))
        .context("cannot serialize the registration as YAML")?;
    // The file is created with this mode, so that other users can open it at no time.
    let opened = OpenOptions::new().write(true).create_new(true).mode(0o600).open(output);
    let file = match opened {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => bail!(
            "{} already exists and is not changed.\n\
             To replace its tokens: stop Tallyroom, move the file away, run this command again, \
             restart the homeserver, and start Tallyroom.",
            output.display()
        ),
        Err(error) => {
            return Err(error).with_context(|| {
                format!("cannot create {}; name another file with --output", output.display())
            });
        }
    };
    if let Err(error) = write_content(file, output, &yaml) {
        // An incomplete file would be invalid and would prevent the next run from creating it. If
        // it cannot be removed either, the first error is still the one to report.
        fs::remove_file(output).ok();
        return Err(error).with_context(|| format!("cannot write {}", output.display()));
    }
    Ok(())
}

fn write_content(mut file: File, output: &Path, yaml: &str) -> io::Result<()> {
    file.write_all(HEADER.as_bytes())?;
    file.write_all(yaml.as_bytes())?;
    file.sync_all()?;
    // The name of a new file is durable only after its folder is synced.
    let folder = output.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

fn next_steps(config: &Config, output: &Path) -> String {
    let full = fs::canonicalize(output).unwrap_or_else(|_| output.to_owned());
    let expected = &config.appservice.registration;
    let is_expected = fs::canonicalize(expected).is_ok_and(|expected| expected == full);
    let config_step = if is_expected {
        String::new()
    } else {
        format!(
            "\nTallyroom reads {}. Move the file there, or set appservice.registration.\n",
            expected.display()
        )
    };
    let full = full.display();
    format!(
        "\
Wrote {full}
{config_step}
Next, register it with the homeserver. Only you can read the file now: let the user of the
homeserver read it as well (for example by its group), or give it a copy.

  Synapse: add the file to homeserver.yaml and restart Synapse:

    app_service_config_files:
      - {full}

  Tuwunel, Conduit and similar homeservers: send this in the admin room, with the content of the
  file between the lines of backticks:

    !admin appservices register
    ```
    (the content of the file)
    ```

Then run `tallyroom check`. It tells whether both sides reach each other."
    )
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_file_is_valid_and_only_its_owner_can_read_it() {
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
    fn an_existing_file_is_not_changed() {
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("registration.yaml");
        fs::write(&output, "precious").unwrap();
        let error = run(&Config::default(), &output).unwrap_err().to_string();
        assert!(error.contains("move the file away"), "{error}");
        assert_eq!(fs::read_to_string(&output).unwrap(), "precious");
    }

    #[test]
    fn every_run_generates_other_tokens() {
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
        let text = next_steps(&config, &output);
        assert!(text.contains(&format!("- {}", output.canonicalize().unwrap().display())));
        assert!(text.contains("appservice.registration"), "{text}");
        let registration = Registration::load(&output, &config).unwrap();
        for token in [registration.as_token, registration.hs_token] {
            assert!(!text.contains(token.expose()));
        }
    }
}
