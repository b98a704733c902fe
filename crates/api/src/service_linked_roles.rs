//! Service-linked roles: their parameters are read, the caller is checked, and the answer is that there are none.

use bailey_domain::operations::{
    CreateServiceLinkedRole, DeleteServiceLinkedRole, GetServiceLinkedRoleTemplate, Operation,
};
use bailey_domain::scope::RamScope;

use crate::routes::{Answer, Call};

pub(crate) async fn create(call: &Call<'_>) -> Answer {
    call.parameters.required_text("ServiceName")?;
    call.parameters.text("CustomSuffix")?;
    call.parameters.document("Description")?;
    refuse::<CreateServiceLinkedRole>(call, "*").await
}

pub(crate) async fn delete(call: &Call<'_>) -> Answer {
    let name = call.role_name()?;
    refuse::<DeleteServiceLinkedRole>(call, name.as_str()).await
}

pub(crate) async fn template(call: &Call<'_>) -> Answer {
    call.parameters.required_text("ServiceName")?;
    refuse::<GetServiceLinkedRoleTemplate>(call, "*").await
}

async fn refuse<O: Operation<On = RamScope>>(call: &Call<'_>, name: &str) -> Answer {
    call.finish()?;
    Err(call.api.control().service_linked_role::<O>(call.caller, name).await.into())
}
