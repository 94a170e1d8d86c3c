//! `list-controllers`, `show-controller`, `remove-controller`, `set-controller-deprecated`.

use jimm_proto::params::jimm::{
    ControllerInfo, ControllerName, ListControllersResponse, RemoveControllerRequest, SetControllerDeprecatedRequest,
};
use serde::Serialize;

use super::rows::{ControllerYaml, controller_table};
use crate::cli::{
    GlobalArgs, ListControllersArgs, RemoveControllerArgs, SetControllerDeprecatedArgs, ShowControllerArgs,
};
use crate::error::{Failure, Result};
use crate::output::OutputArgs;
use crate::session::Session;

pub(super) async fn list(global: &GlobalArgs, args: &ListControllersArgs) -> Result<()> {
    let answer: Result<ListControllersResponse> =
        async { Session::open(global).await?.ask("ListControllers").await }.await;
    let controllers = args.output.or_nothing(answer)?.controllers;
    let yaml: Vec<ControllerYaml<'_>> = controllers.iter().map(Into::into).collect();
    args.output.print(&controllers, &yaml, || controller_table(&controllers))
}

pub(super) async fn show(global: &GlobalArgs, args: &ShowControllerArgs) -> Result<()> {
    let name = args.name.as_deref().ok_or_else(|| Failure::usage("controller name not specified"))?;
    call_and_print(global, &args.output, "ShowController", &ControllerName { name: name.to_owned() }).await
}

pub(super) async fn remove(global: &GlobalArgs, args: &RemoveControllerArgs) -> Result<()> {
    let name = args.name.as_deref().ok_or_else(|| Failure::usage("controller name not specified"))?;
    let params = RemoveControllerRequest { name: name.to_owned(), force: args.force };
    call_and_print(global, &args.output, "RemoveController", &params).await
}

pub(super) async fn deprecate(global: &GlobalArgs, args: &SetControllerDeprecatedArgs) -> Result<()> {
    let name = args.name.as_deref().ok_or_else(|| Failure::usage("missing controller name"))?;
    let params = SetControllerDeprecatedRequest { name: name.to_owned(), deprecated: !args.clear };
    call_and_print(global, &args.output, "SetControllerDeprecated", &params).await
}

/// Calls a method whose answer is one controller.
pub(super) async fn call_and_print<P: Serialize>(
    global: &GlobalArgs,
    output: &OutputArgs,
    method: &str,
    params: &P,
) -> Result<()> {
    let answer: Result<ControllerInfo> = async { Session::open(global).await?.call(method, params).await }.await;
    let info = output.or_nothing(answer)?;
    output.print(&info, &ControllerYaml::from(&info), || controller_table(std::slice::from_ref(&info)))
}
