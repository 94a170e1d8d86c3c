//! `register-controller NAME`: attaches a controller that the client store knows, in one step.

use std::io::Write;

use super::controller_info::{self, Source};
use super::controllers::call_and_print;
use crate::cli::{GlobalArgs, RegisterControllerArgs};
use crate::error::{Failure, Result};

pub(super) async fn run(global: &GlobalArgs, args: &RegisterControllerArgs) -> Result<()> {
    let request = match (&args.name, &args.file) {
        (_, Some(file)) => args.output.or_nothing(super::add_controller::read(file))?,
        (Some(name), None) => {
            let source = Source {
                name,
                public_address: args.public_address.as_deref(),
                local: args.local,
                tls_hostname: args.tls_hostname.as_deref(),
            };
            controller_info::describe(&source)?
        }
        (None, None) => return Err(Failure::usage("controller name not specified")),
    };
    if args.dry_run {
        let text = controller_info::yaml(&request)?;
        return Ok(std::io::stdout().lock().write_all(text.as_bytes())?);
    }
    call_and_print(global, &args.output, "AddController", &request).await
}
