"""What the story does with the official ModelStudio SDK, one plain function per thing it does."""

from alibabacloud_modelstudio20260210 import models

from support.cloud import Cloud
from support.ledger import LEDGER

Auth = models.CreateApiKeyRequestAuth


def create_workspace(cloud: Cloud, name: str) -> models.CreateWorkspaceResponseBodyWorkspace:
    """Creates a sub-workspace."""
    return cloud.studio.create_workspace(models.CreateWorkspaceRequest(workspace_name=name)).body.workspace


def workspaces(cloud: Cloud, **filters: str) -> dict[str, str]:
    """The workspaces that the caller sees: id to name."""
    body = cloud.studio.list_workspaces(models.ListWorkspacesRequest(max_results=200, **filters)).body
    return {workspace.workspace_id: workspace.workspace_name for workspace in body.workspaces}


def only_models(*names: str) -> Auth:
    """The permissions of a key that may call these models and no others."""
    scope = models.CreateApiKeyRequestAuthModelAccessScope(allow_all_models=False, accessible_models=list(names))
    return Auth(type="Custom", model_access_scope=scope)


def only_from(*addresses: str) -> Auth:
    """The permissions of a key that may be used from these addresses and no others."""
    scope = models.CreateApiKeyRequestAuthModelAccessScope(allow_all_models=True)
    return Auth(type="Custom", access_ips=list(addresses), model_access_scope=scope)


def create_key(
    cloud: Cloud, workspace: str | None, description: str, auth: Auth | None = None,
) -> models.CreateApiKeyResponseBodyApiKey:
    """Creates an API key; its value is in this answer and in no list."""
    request = models.CreateApiKeyRequest(workspace_id=workspace, description=description, auth=auth)
    key = cloud.studio.create_api_key(request).body.api_key
    LEDGER.secret(f"API key {description}", key.api_key_value)
    return key


def keys(cloud: Cloud, workspace: str | None = None, **filters: object) -> list[models.ListApiKeysResponseBodyApiKeys]:
    """The API keys that the caller sees."""
    request = models.ListApiKeysRequest(workspace_id=workspace, max_results=200, **filters)
    return cloud.studio.list_api_keys(request).body.api_keys


def key(cloud: Cloud, key_id: str) -> models.GetApiKeyResponseBodyApiKey:
    """One API key."""
    return cloud.studio.get_api_key(key_id).body.api_key


def permit(cloud: Cloud, workspace: str, *names: str, inference: bool = True) -> None:
    """Grants models to a workspace, or with `inference=False` withdraws them."""
    entries = [models.UpdateModelPermissionsRequestModels(model=name, inference=inference) for name in names]
    _update_permissions(cloud, workspace, "KEEP", entries)


def permit_all(cloud: Cloud, workspace: str, scope: str) -> None:
    """`OPEN`: every model, future ones too. `CLOSE`: none any more."""
    _update_permissions(cloud, workspace, scope, [])


def _update_permissions(
    cloud: Cloud, workspace: str, scope: str, entries: list[models.UpdateModelPermissionsRequestModels],
) -> None:
    request = models.UpdateModelPermissionsRequest(workspace_id=workspace, access_all_entities=scope, models=entries)
    cloud.studio.update_model_permissions(request)


def permissions(cloud: Cloud, workspace: str) -> dict[str, models.ListModelPermissionsResponseBodyListPermissions]:
    """The models granted to a workspace for inference, with their flags."""
    request = models.ListModelPermissionsRequest(
        workspace_id=workspace, authorization_scope="AUTHORIZED", model_action="INFERENCE", max_results=200,
    )
    return {entry.model: entry.permissions for entry in cloud.studio.list_model_permissions(request).body.list}


def limit(cloud: Cloud, workspace: str, model: str, requests: int, seconds: int = 60) -> None:
    """Lets a workspace call a model so many times in so many seconds."""
    entry = models.UpdateModelLimitsRequestWorkspaceLimits(
        model=model, operation_type="OVERLAY", request_limit=requests, request_limit_period=seconds,
    )
    cloud.studio.update_model_limits(models.UpdateModelLimitsRequest(workspace_id=workspace, workspace_limits=[entry]))


def unlimit(cloud: Cloud, workspace: str, model: str) -> None:
    """Takes a workspace's own limit on a model away."""
    entry = models.UpdateModelLimitsRequestWorkspaceLimits(model=model, operation_type="DELETE")
    cloud.studio.update_model_limits(models.UpdateModelLimitsRequest(workspace_id=workspace, workspace_limits=[entry]))


def limits(cloud: Cloud, workspace: str, model: str) -> models.ListModelLimitsResponseBodyLimits:
    """Both limits of one model in one workspace."""
    request = models.ListModelLimitsRequest(workspace_id=workspace, model=model)
    (entry,) = cloud.studio.list_model_limits(request).body.limits
    return entry
