"""What the story does with the official RAM SDK, one plain function per thing it does."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from alibabacloud_ram20150501 import models
from alibabacloud_sts20150401 import models as sts

from support.cloud import Cloud
from support.ledger import LEDGER

# How RAM begins to say what is wrong with a parameter.
INVALID = 'The parameter - "{}" contains invalid chars.'
TOO_LONG = 'The parameter - "{}" beyond the length limit.'
FORMAT = 'The format of the parameter - "{}" is incorrect.'


def statement(effect: str, action: str | list[str], resource: str = "*") -> dict[str, object]:
    """One statement of a policy."""
    return {"Effect": effect, "Action": action, "Resource": resource}


def document(*statements: dict[str, object], version: str = "1") -> str:
    """A policy document of these statements."""
    return json.dumps({"Version": version, "Statement": list(statements)})


def create_user(cloud: Cloud, name: str, display_name: str | None = None) -> models.CreateUserResponseBodyUser:
    """Creates an RAM user."""
    request = models.CreateUserRequest(user_name=name, display_name=display_name or name.capitalize())
    return cloud.ram.create_user(request).body.user


def create_access_key(cloud: Cloud, name: str) -> models.CreateAccessKeyResponseBodyAccessKey:
    """Creates an access key for an RAM user; the secret is in this answer and in no other."""
    key = cloud.ram.create_access_key(models.CreateAccessKeyRequest(user_name=name)).body.access_key
    LEDGER.access_key(name, key.access_key_id, key.access_key_secret)
    return key


def create_policy(cloud: Cloud, name: str, *statements: dict[str, object], version: str = "1") -> models.CreatePolicyResponseBodyPolicy:
    """Creates a custom policy of these statements."""
    text = document(*statements, version=version)
    request = models.CreatePolicyRequest(policy_name=name, policy_document=text, description=f"{name} of the tests")
    return cloud.ram.create_policy(request).body.policy


def attach(cloud: Cloud, policy: str, user: str, kind: str = "Custom", workspace: str | None = None) -> None:
    """Attaches a policy to a user, for the whole account or for one workspace."""
    request = models.AttachPolicyToUserRequest(policy_type=kind, policy_name=policy, user_name=user, resource_group_id=workspace)
    cloud.ram.attach_policy_to_user(request)


def detach(cloud: Cloud, policy: str, user: str, kind: str = "Custom", workspace: str | None = None) -> None:
    """Detaches a policy from a user where it counts for just this."""
    request = models.DetachPolicyFromUserRequest(policy_type=kind, policy_name=policy, user_name=user, resource_group_id=workspace)
    cloud.ram.detach_policy_from_user(request)


def create_group(cloud: Cloud, name: str, comments: str | None = None) -> models.CreateGroupResponseBodyGroup:
    """Creates an RAM group."""
    return cloud.ram.create_group(models.CreateGroupRequest(group_name=name, comments=comments)).body.group


def join(cloud: Cloud, user: str, group: str) -> None:
    """Puts a user into a group."""
    cloud.ram.add_user_to_group(models.AddUserToGroupRequest(user_name=user, group_name=group))


def leave(cloud: Cloud, user: str, group: str) -> None:
    """Takes a user out of a group."""
    cloud.ram.remove_user_from_group(models.RemoveUserFromGroupRequest(user_name=user, group_name=group))


def attach_to_group(cloud: Cloud, policy: str, group: str, kind: str = "Custom", workspace: str | None = None) -> None:
    """Attaches a policy to a group."""
    request = models.AttachPolicyToGroupRequest(policy_type=kind, policy_name=policy, group_name=group, resource_group_id=workspace)
    cloud.ram.attach_policy_to_group(request)


def detach_from_group(cloud: Cloud, policy: str, group: str, kind: str = "Custom", workspace: str | None = None) -> None:
    """Detaches a policy from a group."""
    request = models.DetachPolicyFromGroupRequest(policy_type=kind, policy_name=policy, group_name=group, resource_group_id=workspace)
    cloud.ram.detach_policy_from_group(request)


def trust(*principals: str, kind: str = "RAM", condition: dict[str, object] | None = None, version: str = "1") -> str:
    """A trust policy that names these principals of one kind."""
    trusting: dict[str, object] = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {kind: list(principals)}}
    if condition:
        trusting["Condition"] = condition
    return document(trusting, version=version)


def create_role(cloud: Cloud, name: str, trusted: str, **fields: object) -> models.CreateRoleResponseBodyRole:
    """Creates a role with this trust policy."""
    return cloud.ram.create_role(models.CreateRoleRequest(role_name=name, assume_role_policy_document=trusted, **fields)).body.role


def attach_to_role(cloud: Cloud, policy: str, role: str, kind: str = "Custom", workspace: str | None = None) -> None:
    """Attaches a policy to a role."""
    request = models.AttachPolicyToRoleRequest(policy_type=kind, policy_name=policy, role_name=role, resource_group_id=workspace)
    cloud.ram.attach_policy_to_role(request)


def detach_from_role(cloud: Cloud, policy: str, role: str, kind: str = "Custom", workspace: str | None = None) -> None:
    """Detaches a policy from a role."""
    request = models.DetachPolicyFromRoleRequest(policy_type=kind, policy_name=policy, role_name=role, resource_group_id=workspace)
    cloud.ram.detach_policy_from_role(request)


def take(cloud: Cloud, arn: str, session: str = "night-shift", **fields: object) -> Cloud:
    """Takes a role and gives the clients of the session."""
    request = sts.AssumeRoleRequest(role_arn=arn, role_session_name=session, **fields)
    credentials = cloud.sts.assume_role(request).body.credentials
    LEDGER.session(session, credentials.access_key_secret, credentials.security_token)
    return Cloud(cloud.control, credentials.access_key_id, credentials.access_key_secret, credentials.security_token)


def paged(fetch: Callable[[str | None], Any], names: Callable[[Any], list[str]], size: int) -> list[str]:
    """What a list names, all pages, each of so many rows at most. `fetch` gives the page at a marker."""
    found: list[str] = []
    marker = None
    while True:
        body = fetch(marker)
        assert len(names(body)) <= size
        assert isinstance(body.is_truncated, bool)
        assert body.is_truncated is bool(body.marker)
        found += names(body)
        if not body.is_truncated:
            assert len(found) == len(set(found))
            return found
        marker = body.marker


def groups_of(cloud: Cloud, user: str) -> list[str]:
    """The groups that a user is in."""
    listed = cloud.ram.list_groups_for_user(models.ListGroupsForUserRequest(user_name=user)).body.groups.group
    return [group.group_name for group in listed]


def delete_user(cloud: Cloud, name: str) -> None:
    """Deletes an RAM user, after what would block it: groups, policies and access keys."""
    for group in groups_of(cloud, name):
        leave(cloud, name, group)
    attached = cloud.ram.list_policies_for_user(models.ListPoliciesForUserRequest(user_name=name)).body.policies.policy
    for policy in attached:
        detach(cloud, policy.policy_name, name, policy.policy_type)
    keys = cloud.ram.list_access_keys(models.ListAccessKeysRequest(user_name=name)).body.access_keys.access_key
    for key in keys:
        cloud.ram.delete_access_key(models.DeleteAccessKeyRequest(user_name=name, user_access_key_id=key.access_key_id))
    cloud.ram.delete_user(models.DeleteUserRequest(user_name=name))


@contextmanager
def setting(root: Cloud, name: str, value: object) -> Iterator[None]:
    """Another value of a setting for a while."""
    before = root.ours("GetSettings")["settings"][name]
    root.ours("UpdateSettings", body={name: value})
    try:
        yield
    finally:
        root.ours("UpdateSettings", body={name: before})
