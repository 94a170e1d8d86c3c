//! The reference page of the configuration, written from the table of variables.

use std::fmt::Write as _;

use super::variables::{SECTIONS, Status, Unset, Variable};

const HEAD: &str = "# Configuration

<!-- Written from the table in jimm/src/config/variables.rs: `jimmsrv config-reference > docs/reference/configuration.md`. -->

`jimmsrv` reads its settings from environment variables and from an optional TOML file. The environment wins over the
file; an empty variable counts as unset. `jimmsrv check-config` reads everything without starting and explains every
mistake at once.

In the file a key is the variable's name in lower case without `JIMM_`; tables join with `_`, lists become words:

```toml
uuid = \"3217dbc9-8ea9-4381-9e97-01eab0b3f6bb\"
dns_name = \"jimm.example.com\"
admins = [\"alice@example.com\"]

[oauth]
issuer_url = \"https://login.example.com/realms/jimm\"
client_id = \"jimm\"
```

Durations are written `24h`, `15m`, `10s`, `250ms`, `90d` or added up (`1h30m`); booleans `true` or `false` (also 1, 0,
yes, no); sizes `256MiB`, `1GiB` or a number of bytes.
";

/// The page, in Markdown.
pub fn page() -> String {
    let mut page = HEAD.to_owned();
    for (title, variables) in SECTIONS {
        write!(page, "\n## {title}\n\n").expect("a String takes what is written");
        let used = variables.iter().all(|variable| variable.status == Status::Used);
        page.push_str(if used {
            "| Variable | Default | Meaning | Example |\n| --- | --- | --- | --- |\n"
        } else {
            "| Variable | Why |\n| --- | --- |\n"
        });
        variables.iter().for_each(|variable| page.push_str(&line(variable)));
    }
    page
}

fn line(variable: &Variable) -> String {
    let name = variable.name;
    match variable.status {
        Status::Used => {
            let default = match variable.default {
                Unset::Required => "required".to_owned(),
                Unset::None => "unset".to_owned(),
                Unset::Is(value) => format!("`{value}`"),
            };
            let secret = if variable.secret { " Secret: never shown or logged." } else { "" };
            let example = if variable.example.contains(' ') && variable.secret {
                variable.example.to_owned()
            } else {
                format!("`{}`", variable.example)
            };
            format!("| `{name}` | {default} | {}{secret} | {example} |\n", variable.about)
        }
        Status::Ignored(why) => format!("| `{name}` | {why} |\n"),
    }
}
