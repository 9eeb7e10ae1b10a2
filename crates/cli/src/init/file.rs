//! `eden.toml`: the answers, in the form of SAM's own configuration files. It is the user's own, and git
//! ignores it.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow, bail, ensure};

use super::parameters::{SETTLED, Values};
use super::{lines, overrides};

/// Its name.
pub const NAME: &str = "eden.toml";
/// What every command of SAM reads; parameters stand there, since a build needs them as well.
const GLOBAL: &str = "default.global.parameters";
/// What only a deployment reads.
const DEPLOY: &str = "default.deploy.parameters";
const OVERRIDES: &str = "parameter_overrides";
const STACK: &str = "stack_name";

const HEAD: &str = "\
# Made by `eden init`, for `sam build --config-file eden.toml` and `sam deploy --config-file eden.toml`.
# Yours: git ignores it. Another `eden init` keeps what it does not ask for, such as other parameters.
";
/// Without it SAM takes no file.
const VERSION: &str = "version = 0.1";

/// What a deployment is told unless the file says otherwise.
const DEPLOYMENT: [(&str, &str); 3] =
    [("capabilities", "\"CAPABILITY_IAM\""), ("confirm_changeset", "true"), ("resolve_s3", "true")];

/// The project's folder, with the file as it is.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    present: Option<String>,
}

/// What is to be written besides parameters.
#[derive(Debug, Clone, Copy)]
pub struct Stack<'a> {
    /// The stack's name, if it was given.
    pub named: Option<&'a str>,
    /// Its name where neither the file nor anybody else has one.
    pub default: &'a str,
    /// The region.
    pub region: &'a str,
}

impl Folder {
    /// Reads the file, if there is one.
    ///
    /// # Errors
    /// When this is not the project's folder, or the file cannot be read.
    pub fn open(path: &Path) -> Result<Self> {
        let template = path.join("template.yaml");
        ensure!(
            template.is_file(),
            "{} is not there: run this in the folder of Eden's repository, or name that with \
             --directory",
            template.display()
        );
        let file = path.join(NAME);
        let present = match fs::read_to_string(&file) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(error).with_context(|| format!("{}", file.display())),
        };
        Ok(Folder { path: path.to_owned(), present })
    }

    /// Where the file is.
    pub fn file(&self) -> PathBuf {
        if self.path == Path::new(".") { PathBuf::from(NAME) } else { self.path.join(NAME) }
    }

    /// The file as it is; none when there is none.
    pub fn present(&self) -> Option<&str> {
        self.present.as_deref()
    }

    /// The parameters that the file has.
    ///
    /// # Errors
    /// When they are not written as SAM writes them.
    pub fn values(&self) -> Result<Values> {
        Ok(self.overrides()?.into_iter().collect())
    }

    fn overrides(&self) -> Result<Vec<(String, String)>> {
        let Some(present) = self.present() else { return Ok(Vec::new()) };
        let file = self.file();
        if lines::get(present, DEPLOY, OVERRIDES).is_some() {
            bail!(
                "{}: {OVERRIDES} stands in [{DEPLOY}], where `sam build` does not look: move it to \
                 [{GLOBAL}]",
                file.display()
            );
        }
        let Some(written) = lines::get(present, GLOBAL, OVERRIDES) else { return Ok(Vec::new()) };
        let form = "Name=\\\"value\\\" Other=\\\"value\\\"";
        let text = lines::unquoted(written).ok_or_else(|| {
            anyhow!(
                "{}: {OVERRIDES} is not a text on one line: write it as \"{form}\", or move the file \
                 away to begin anew",
                file.display()
            )
        })?;
        overrides::parse(&text).map_err(|why| {
            anyhow!("{}: {OVERRIDES}: {why}: write it as \"{form}\"", file.display())
        })
    }

    /// The file as it shall be. What was not settled here stays as it is.
    ///
    /// # Errors
    /// When the present one is not written as SAM writes it.
    pub fn planned(&self, values: &Values, stack: Stack<'_>) -> Result<String> {
        let present = self.overrides()?;
        let is_settled = |name: &str| SETTLED.iter().any(|it| it.name == name);
        let others = present.iter().filter(|(name, _)| !is_settled(name));
        let others = others.map(|(name, value)| (name.as_str(), value.as_str()));
        let mut all: Vec<(&str, &str)> = values.written().collect();
        all.extend(others);
        let overrides = overrides::print(all);
        let mut text = self.present().unwrap_or(HEAD).to_owned();
        if !text.lines().any(|line| line.trim_start().starts_with("version")) {
            text = if self.present.is_some() {
                format!("{VERSION}\n{text}")
            } else {
                format!("{text}{VERSION}\n")
            };
        }
        let has_a_name = lines::get(&text, GLOBAL, STACK).is_some();
        if let Some(name) = stack.named.or((!has_a_name).then_some(stack.default)) {
            text = lines::set(&text, GLOBAL, STACK, &lines::quoted(name));
        }
        text = lines::set(&text, GLOBAL, "region", &lines::quoted(stack.region));
        text = lines::set(&text, GLOBAL, OVERRIDES, &lines::quoted(&overrides));
        for (key, value) in DEPLOYMENT {
            if lines::get(&text, DEPLOY, key).is_none() {
                text = lines::set(&text, DEPLOY, key, value);
            }
        }
        Ok(text)
    }

    /// Writes the file: all of it or nothing.
    ///
    /// # Errors
    /// When it cannot be written; it is as it was then.
    pub fn write(&self, text: &str) -> Result<()> {
        let (file, new) = (self.file(), self.path.join(format!("{NAME}.new")));
        let written = fs::write(&new, text).and_then(|()| fs::rename(&new, &file));
        if written.is_err() {
            let _ = fs::remove_file(&new);
        }
        written.with_context(|| format!("could not write {}, which is as it was", file.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STACK_OF_TESTS: Stack<'_> =
        Stack { named: None, default: "eden-autoresiliency", region: "eu-west-1" };

    fn folder(present: Option<&str>) -> Folder {
        Folder { path: PathBuf::from("."), present: present.map(str::to_owned) }
    }

    fn values() -> Values {
        [("APIGatewayId", "a1"), ("ECSCluster", "c"), ("BackendPort", "8000")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into_iter()
            .collect()
    }

    #[test]
    fn a_new_file_has_what_sam_needs() {
        let text = folder(None).planned(&values(), STACK_OF_TESTS).unwrap();
        let expected = r#"version = 0.1

[default.global.parameters]
stack_name = "eden-autoresiliency"
region = "eu-west-1"
parameter_overrides = "APIGatewayId=\"a1\" ECSCluster=\"c\" BackendPort=\"8000\""

[default.deploy.parameters]
capabilities = "CAPABILITY_IAM"
confirm_changeset = true
resolve_s3 = true
"#;
        assert!(text.ends_with(expected), "{text}");
        let again = folder(Some(&text)).planned(&values(), STACK_OF_TESTS).unwrap();
        assert_eq!(again, text, "twice is once");
    }

    #[test]
    fn what_was_not_asked_for_stays() {
        let present = r#"# mine
version = 0.1
[default.deploy.parameters]
confirm_changeset = false
tags = "team=shop"
[default.global.parameters]
stack_name = "shop"
parameter_overrides = "LogLevel=\"debug\" BackendPort=\"9000\" APIGatewayId=\"old\""
"#;
        let folder = folder(Some(present));
        assert_eq!(folder.values().unwrap().get("BackendPort"), Some("9000"));
        let text = folder.planned(&values(), STACK_OF_TESTS).unwrap();
        for line in [
            "# mine",
            "confirm_changeset = false",
            "tags = \"team=shop\"",
            "stack_name = \"shop\"",
            "capabilities = \"CAPABILITY_IAM\"",
            r#"parameter_overrides = "APIGatewayId=\"a1\" ECSCluster=\"c\" BackendPort=\"8000\" LogLevel=\"debug\"""#,
        ] {
            assert!(text.lines().any(|it| it == line), "{line}: {text}");
        }
        let without = super::tests::folder(Some(&present.replace("version = 0.1\n", "")));
        let text = without.planned(&values(), STACK_OF_TESTS).unwrap();
        assert!(text.starts_with("version = 0.1\n# mine\n"), "SAM needs it: {text}");
        let named = Stack { named: Some("other"), ..STACK_OF_TESTS };
        let text = folder.planned(&values(), named).unwrap();
        assert!(text.contains("stack_name = \"other\""), "{text}");
    }

    #[test]
    fn what_sam_would_not_write_is_named() {
        for (present, says) in [
            ("[default.deploy.parameters]\nparameter_overrides = \"A=x\"\n", "move it to"),
            ("[default.global.parameters]\nparameter_overrides = [\"A=x\"]\n", "on one line"),
            ("[default.global.parameters]\nparameter_overrides = \"A\"\n", "has no ="),
        ] {
            let error = folder(Some(present)).values().unwrap_err().to_string();
            assert!(error.contains("eden.toml") && error.contains(says), "{error}");
        }
    }
}
