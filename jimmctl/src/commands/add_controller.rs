//! `add-controller FILE`.

use std::io::Read;
use std::path::Path;

use jimm_proto::params::jimm::AddControllerRequest;

use super::controllers::call_and_print;
use crate::cli::{AddControllerArgs, GlobalArgs};
use crate::error::{Failure, Result};

pub(super) async fn run(global: &GlobalArgs, args: &AddControllerArgs) -> Result<()> {
    let file = args.file.as_deref().ok_or_else(|| Failure::usage("filename not specified"))?;
    let request = args.output.or_nothing(parse(&read(file)?, file))?;
    call_and_print(global, &args.output, "AddController", &request).await
}

fn read(file: &Path) -> Result<String> {
    if file == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text)?;
        return Ok(text);
    }
    std::fs::read_to_string(file).map_err(|e| Failure::failed(format!("cannot read {}: {e}", file.display())))
}

/// Reads the file whole and names everything that is missing at once.
fn parse(text: &str, file: &Path) -> Result<AddControllerRequest> {
    let hint = "\"jimmctl controller-info\" writes such a file";
    let request: AddControllerRequest = serde_norway::from_str::<Option<AddControllerRequest>>(text)
        .map_err(|e| Failure::failed(format!("cannot read {} as YAML: {e}", file.display())).with_hint(hint))?
        .unwrap_or_default();
    let missing: Vec<&str> = [
        ("name", request.name.is_empty()),
        ("uuid", request.uuid.is_empty()),
        ("api-addresses or public-address", request.api_addresses.is_empty() && request.public_address.is_empty()),
        ("username", request.username.is_empty()),
        ("password", request.password.is_empty()),
    ]
    .into_iter()
    .filter_map(|(name, missing)| missing.then_some(name))
    .collect();
    if missing.is_empty() {
        return Ok(request);
    }
    Err(Failure::failed(format!("{} is not complete: it has no {}", file.display(), missing.join(", no ")))
        .with_hint(hint))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_half_written_file_names_what_is_missing() {
        let error = parse("name: c1\nuuid: u\napi-addresses: [a:1]\n", Path::new("f.yaml")).expect_err("no password");
        assert_eq!(error.to_string(), "f.yaml is not complete: it has no username, no password");
        assert!(parse("", Path::new("f")).expect_err("empty").to_string().contains("no name"));
        assert!(parse("name: [", Path::new("f")).expect_err("broken").to_string().starts_with("cannot read f as YAML"));
    }

    #[test]
    fn a_whole_file_is_read() {
        let text = "name: c1\nuuid: u\napi-addresses:\n- a:1\nusername: admin\npassword: p\nca-certificate: |\n  PEM\n";
        let request = parse(text, Path::new("f")).expect("complete");
        assert_eq!(
            (request.api_addresses.as_slice(), request.ca_certificate.as_str()),
            (["a:1".to_owned()].as_slice(), "PEM\n")
        );
    }
}
