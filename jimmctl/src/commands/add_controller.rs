//! `add-controller FILE`.

use std::path::Path;

use jimm_proto::complaint::without_value;
use jimm_proto::params::jimm::AddControllerRequest;

use super::controllers::call_and_print;
use crate::cli::{AddControllerArgs, GlobalArgs};
use crate::error::{Failure, Result};
use crate::input;

const HINT: &str = "\"jimmctl controller-info\" writes such a file";

pub(super) async fn run(global: &GlobalArgs, args: &AddControllerArgs) -> Result<()> {
    let file = args.file.as_deref().ok_or_else(|| Failure::usage("filename not specified"))?;
    let request = args.output.or_nothing(read(file))?;
    call_and_print(global, &args.output, "AddController", &request).await
}

/// The description of a controller in a file.
pub(super) fn read(file: &Path) -> Result<AddControllerRequest> {
    let text = input::read(file, LONGEST, "to describe a controller").map_err(|e| e.with_hint(HINT))?;
    parse(&text, file)
}

/// A description of a controller is a few kilobytes long; what is much longer is something else.
const LONGEST: u64 = 1 << 20;

/// Reads the file whole and names everything that is missing at once.
fn parse(text: &str, file: &Path) -> Result<AddControllerRequest> {
    let request: AddControllerRequest = serde_norway::from_str::<Option<AddControllerRequest>>(text)
        .map_err(|e| {
            Failure::failed(format!("cannot read {} as YAML: {}", file.display(), without_value(&e.to_string())))
                .with_hint(HINT)
        })?
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
        .with_hint(HINT))
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
        let error = parse("api-addresses: s3cret\n", Path::new("f")).expect_err("no list").to_string();
        assert!(
            error.contains("api-addresses: invalid type: string, expected a sequence") && !error.contains("s3cret"),
            "{error}"
        );
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
