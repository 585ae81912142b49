//! Who types a command, for the audit log.

use std::fs;

use crate::access::Origin;

/// The greatest number of characters of a name that comes from the environment.
const MAX_NAME_CHARS: usize = 64;

/// Returns the user of the system who runs this command.
pub(super) fn origin() -> Origin {
    let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let sudo = std::env::var("SUDO_USER").ok();
    Origin::Command {
        user: described(rustix::process::getuid().as_raw(), &passwd, sudo.as_deref()),
    }
}

/// Returns the name of the user with this id. `sudo` is who became this user, as far as the environment says.
fn described(uid: u32, passwd: &str, sudo: Option<&str>) -> String {
    let name = passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, id) = (fields.next()?, fields.nth(1)?);
        (id.parse() == Ok(uid)).then(|| name.to_owned())
    });
    let name = name.unwrap_or_else(|| format!("uid {uid}"));
    match sudo.filter(|sudo| !sudo.is_empty() && *sudo != name) {
        Some(sudo) => {
            let printable = sudo.chars().filter(|it| !it.is_control()).take(MAX_NAME_CHARS);
            format!("{name} (sudo of {})", printable.collect::<String>())
        }
        None => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_is_named_as_the_system_names_them() {
        let passwd = "root:x:0:0:root:/root:/bin/sh\nbroken\ntallyroom:x:998:998::/:/bin/false\n";
        assert_eq!(described(998, passwd, None), "tallyroom");
        assert_eq!(described(998, passwd, Some("anna")), "tallyroom (sudo of anna)");
        assert_eq!(described(0, passwd, Some("root")), "root");
        assert_eq!(described(7, passwd, Some("a\u{1b}b")), "uid 7 (sudo of ab)");
        assert_eq!(described(7, "", Some("")), "uid 7");
    }
}
