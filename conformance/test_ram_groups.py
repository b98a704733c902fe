"""RAM groups through the official SDK: who is in them, what their policies give, and every error that RAM documents for them."""

import pytest
from alibabacloud_ram20150501 import models

from support import ram
from support.cloud import Cloud
from support.documented import Call, Named, begins, delete_policy, delete_user, literally, malformed, named
from support.ram import INVALID, TOO_LONG, setting
from support.refusals import not_permitted, refused
from support.world import World

ALLOW_LIST = ram.statement("Allow", "ram:List*")
USER = "groups-user"
GROUP = "groups-known"
SPARE = "groups-spare"
POLICY = "groups-policy"


class TestGroups:
    """CreateGroup, GetGroup, UpdateGroup, ListGroups, DeleteGroup."""

    def test_a_group_is_created_read_renamed_and_deleted(self, root: Cloud) -> None:
        created = ram.create_group(root, "groups.one_1", "研发 one")
        assert (created.group_name, created.comments) == ("groups.one_1", "研发 one")
        assert created.group_id.isdecimal()
        assert created.create_date.endswith("Z")
        read = root.ram.get_group(models.GetGroupRequest(group_name="GROUPS.one_1")).body.group
        assert (read.group_id, read.group_name, read.comments) == (created.group_id, "groups.one_1", "研发 one")
        assert read.update_date == read.create_date == created.create_date
        updated = root.ram.update_group(models.UpdateGroupRequest(group_name="groups.one_1", new_group_name="groups.two", new_comments="")).body.group
        assert (updated.group_id, updated.group_name, updated.comments or "") == (created.group_id, "groups.two", "")
        with refused(404, "EntityNotExist.Group"):
            root.ram.get_group(models.GetGroupRequest(group_name="groups.one_1"))
        root.ram.delete_group(models.DeleteGroupRequest(group_name="groups.two"))
        with refused(404, "EntityNotExist.Group"):
            root.ram.get_group(models.GetGroupRequest(group_name="groups.two"))

    def test_lists_come_in_pages_of_a_hundred_at_most(self, root: Cloud) -> None:
        for number in range(3):
            ram.create_group(root, f"groups-page-{number}")
        page = lambda marker: root.ram.list_groups(models.ListGroupsRequest(max_items=2, marker=marker)).body
        names = ram.paged(page, lambda body: [group.group_name for group in body.groups.group], 2)
        assert set(names) >= {"groups-page-0", "groups-page-1", "groups-page-2"}
        assert root.ram.list_groups(models.ListGroupsRequest(max_items=100)).body.is_truncated is False
        with refused(400, "InvalidParameter.MaxItems"):
            root.ram.list_groups(models.ListGroupsRequest(max_items=101))
        for number in range(3):
            root.ram.delete_group(models.DeleteGroupRequest(group_name=f"groups-page-{number}"))


class TestMembers:
    """AddUserToGroup, RemoveUserFromGroup, ListUsersForGroup, ListGroupsForUser, and what a group's policies give."""

    def test_members_show_from_both_sides(self, root: Cloud) -> None:
        for name in ("groups-ann", "groups-ben"):
            ram.create_user(root, name, f"{name} shown")
        ram.create_group(root, "groups-team", "a team")
        for name in ("groups-ben", "groups-ann"):
            ram.join(root, name, "groups-team")
        first = root.ram.list_users_for_group(models.ListUsersForGroupRequest(group_name="groups-team", max_items=1)).body
        assert [(user.user_name, user.display_name) for user in first.users.user] == [("groups-ann", "groups-ann shown")]
        assert first.is_truncated is True
        rest = root.ram.list_users_for_group(models.ListUsersForGroupRequest(group_name="groups-team", marker=first.marker)).body
        assert [user.user_name for user in rest.users.user] == ["groups-ben"]
        assert rest.is_truncated is False
        assert rest.users.user[0].join_date.endswith("Z")
        (joined,) = root.ram.list_groups_for_user(models.ListGroupsForUserRequest(user_name="groups-ann")).body.groups.group
        assert (joined.group_name, joined.comments) == ("groups-team", "a team")
        assert joined.group_id.isdecimal()
        assert joined.join_date.endswith("Z")

    def test_a_groups_policies_count_for_its_members_at_once(self, world: World, root: Cloud) -> None:
        user = world.hire("groups-carl")
        ram.create_policy(root, "groups-lists", ALLOW_LIST)
        ram.attach_to_group(root, "groups-lists", "groups-team")
        with not_permitted("ram:ListUsers"):
            user.ram.list_users(models.ListUsersRequest())
        ram.join(root, "groups-carl", "groups-team")
        assert user.ram.list_users(models.ListUsersRequest()).body.users.user
        root.ram.update_group(models.UpdateGroupRequest(group_name="groups-team", new_group_name="groups-crew"))
        assert user.ram.list_users(models.ListUsersRequest()).body.users.user
        ram.leave(root, "groups-carl", "groups-crew")
        with not_permitted("ram:ListUsers"):
            user.ram.list_users(models.ListUsersRequest())
        ram.join(root, "groups-carl", "groups-crew")
        ram.detach_from_group(root, "groups-lists", "groups-crew")
        with not_permitted("ram:ListUsers"):
            user.ram.list_users(models.ListUsersRequest())

    def test_attachments_show_from_both_sides(self, root: Cloud) -> None:
        ram.attach_to_group(root, "groups-lists", "groups-crew")
        ram.attach_to_group(root, "AliyunRAMReadOnlyAccess", "groups-crew", "System")
        listed = root.ram.list_policies_for_group(models.ListPoliciesForGroupRequest(group_name="groups-crew")).body.policies.policy
        assert {(policy.policy_name, policy.policy_type) for policy in listed} == {
            ("groups-lists", "Custom"), ("AliyunRAMReadOnlyAccess", "System"),
        }
        assert all(policy.attach_date for policy in listed)
        own = root.ram.list_policies_for_user(models.ListPoliciesForUserRequest(user_name="groups-carl")).body.policies.policy
        assert own == [], "what a user has through a group is not attached to the user"
        request = models.ListEntitiesForPolicyRequest(policy_name="groups-lists", policy_type="Custom")
        entities = root.ram.list_entities_for_policy(request).body
        assert [(group.group_name, group.comments) for group in entities.groups.group] == [("groups-crew", "a team")]
        assert entities.users.user == []
        policy = root.ram.get_policy(models.GetPolicyRequest(policy_name="groups-lists", policy_type="Custom")).body.policy
        assert policy.attachment_count == 1

    def test_nobody_climbs_by_a_group(self, world: World, root: Cloud) -> None:
        climber = world.hire("groups-climber")
        ram.create_policy(root, "groups-clerk", ram.statement("Allow", ["ram:AddUserToGroup", "ram:AttachPolicyToGroup", "ram:CreateGroup"]))
        ram.attach(root, "groups-clerk", "groups-climber")
        with not_permitted("ram:AddUserToGroup"):
            ram.join(climber, "groups-climber", "groups-crew")
        ram.create_group(climber, "groups-ladder")
        ram.join(climber, "groups-climber", "groups-ladder")
        with not_permitted("ram:AttachPolicyToGroup"):
            ram.attach_to_group(climber, "AdministratorAccess", "groups-ladder", "System")
        ram.attach_to_group(climber, "groups-clerk", "groups-ladder")


@pytest.fixture(scope="class")
def cast(world: World) -> None:
    """A user in a group that holds a policy, and another group."""
    root = world.root
    ram.create_user(root, USER)
    ram.create_policy(root, POLICY, ALLOW_LIST)
    for group in (GROUP, SPARE):
        ram.create_group(root, group)
    ram.join(root, USER, GROUP)
    ram.attach_to_group(root, POLICY, GROUP)


def create(root: Cloud, group: str, comments: str | None = None) -> None:
    """CreateGroup."""
    ram.create_group(root, group, comments)


def get(root: Cloud, group: str) -> None:
    """GetGroup."""
    root.ram.get_group(models.GetGroupRequest(group_name=group))


def users(root: Cloud, group: str) -> None:
    """ListUsersForGroup."""
    root.ram.list_users_for_group(models.ListUsersForGroupRequest(group_name=group))


def policies(root: Cloud, group: str) -> None:
    """ListPoliciesForGroup."""
    root.ram.list_policies_for_group(models.ListPoliciesForGroupRequest(group_name=group))


def update(root: Cloud, group: str, name: str | None = None, comments: str | None = None) -> None:
    """UpdateGroup."""
    root.ram.update_group(models.UpdateGroupRequest(group_name=group, new_group_name=name, new_comments=comments))


def delete(root: Cloud, group: str) -> None:
    """DeleteGroup."""
    root.ram.delete_group(models.DeleteGroupRequest(group_name=group))


NAMED: list[tuple[str, Named]] = [
    ("create", create), ("get", get), ("users", users), ("policies", policies), ("update", update), ("delete", delete),
    ("join", lambda root, group: ram.join(root, USER, group)),
    ("leave", lambda root, group: ram.leave(root, USER, group)),
    ("attach", lambda root, group: ram.attach_to_group(root, POLICY, group)),
    ("detach", lambda root, group: ram.detach_from_group(root, POLICY, group)),
]

# What RAM documents, call by call, with its sentence to the letter.
DOCUMENTED: list[tuple[str, Call, int, str, str]] = [
    ("create-taken", lambda root: create(root, GROUP.upper()), 409, "EntityAlreadyExists.Group", "The group does already EXIST."),
    ("update-taken", lambda root: update(root, GROUP, name=SPARE), 409, "EntityAlreadyExists.Group", "The group does already EXIST."),
    ("delete-user", lambda root: delete(root, GROUP), 409, "DeleteConflict.Group.User", "The group CAN NOT has any user member while deleting the group."),
    ("join-no-user", lambda root: ram.join(root, "groups-none", GROUP), 404, "EntityNotExist.User", "The user does not exist."),
    ("join-neither", lambda root: ram.join(root, "groups-none", "groups-none"), 404, "EntityNotExist.User", "The user does not exist."),
    ("join-twice", lambda root: ram.join(root, USER, GROUP), 409, "EntityAlreadyExists.User.Group", "The user has already joined the group."),
    ("leave-no-user", lambda root: ram.leave(root, "groups-none", GROUP), 404, "EntityNotExist.User", "The user does not exist."),
    ("leave-not-in", lambda root: ram.leave(root, USER, SPARE), 404, "EntityNotExist.User.Group", "The user has not joined the group."),
    ("groups-no-user", lambda root: ram.groups_of(root, "groups-none"), 404, "EntityNotExist.User", "The user does not exist."),
    ("attach-no-policy", lambda root: ram.attach_to_group(root, "groups-none", GROUP), 404, "EntityNotExist.Policy", "The policy does not exist."),
    ("attach-twice", lambda root: ram.attach_to_group(root, POLICY, GROUP), 409, "EntityAlreadyExists.Group.Policy", "The group has already been attached this policy."),
    ("detach-no-policy", lambda root: ram.detach_from_group(root, "groups-none", GROUP), 404, "EntityNotExist.Policy", "The policy does not exist."),
    ("detach-not-on", lambda root: ram.detach_from_group(root, POLICY, SPARE), 404, "EntityNotExist.Group.Policy", "The indicate policy attached to the group does not exist."),
    ("delete-member", lambda root: delete_user(root, USER), 409, "DeleteConflict.User.Group", "The user CAN NOT be in any group while deleting the user."),
    ("delete-held", lambda root: delete_policy(root, POLICY), 409, "DeleteConflict.Policy.Group", "The policy CAN NOT been attached to any group while deleting the policy."),
]

# The same where ours goes on behind RAM's sentence: with what is allowed.
EXPLAINED: list[tuple[str, Call, str, str]] = [
    ("create-comments", lambda root: create(root, "groups-new", "x" * 129), "Comments.Length", TOO_LONG.format("Comments")),
    ("update-name", lambda root: update(root, GROUP, name="a b"), "NewGroupName.InvalidChars", INVALID.format("NewGroupName")),
    ("update-long", lambda root: update(root, GROUP, name="x" * 65), "NewGroupName.Length", TOO_LONG.format("NewGroupName")),
    ("update-comments", lambda root: update(root, GROUP, comments="x" * 129), "NewComments.Length", TOO_LONG.format("NewComments")),
    ("join-user", lambda root: ram.join(root, "a b", GROUP), "UserName.InvalidChars", INVALID.format("UserName")),
    ("join-user-long", lambda root: ram.join(root, "x" * 65, GROUP), "UserName.Length", TOO_LONG.format("UserName")),
    ("leave-user", lambda root: ram.leave(root, "a b", GROUP), "UserName.InvalidChars", INVALID.format("UserName")),
    ("leave-user-long", lambda root: ram.leave(root, "x" * 65, GROUP), "UserName.Length", TOO_LONG.format("UserName")),
    ("groups-user", lambda root: ram.groups_of(root, "a b"), "UserName.InvalidChars", INVALID.format("UserName")),
    ("groups-user-long", lambda root: ram.groups_of(root, "x" * 65), "UserName.Length", TOO_LONG.format("UserName")),
    ("attach-name", lambda root: ram.attach_to_group(root, "a_b", GROUP), "PolicyName.InvalidChars", INVALID.format("PolicyName")),
    ("attach-long", lambda root: ram.attach_to_group(root, "x" * 129, GROUP), "PolicyName.Length", TOO_LONG.format("PolicyName")),
    ("attach-type", lambda root: ram.attach_to_group(root, POLICY, GROUP, "Other"), "PolicyType", 'The parameter - "PolicyType" is incorrect.'),
    ("detach-name", lambda root: ram.detach_from_group(root, "a_b", GROUP), "PolicyName.InvalidChars", INVALID.format("PolicyName")),
    ("detach-long", lambda root: ram.detach_from_group(root, "x" * 129, GROUP), "PolicyName.Length", TOO_LONG.format("PolicyName")),
    ("detach-type", lambda root: ram.detach_from_group(root, POLICY, GROUP, "Other"), "PolicyType", 'The parameter - "PolicyType" is incorrect.'),
]


@pytest.mark.usefixtures("cast")
class TestErrors:
    """Every error of the group rows of RAM's tables, by status, code and sentence."""

    @pytest.mark.parametrize("call", named(NAMED))
    def test_the_groups_name_must_be_well_formed(self, root: Cloud, call: Named) -> None:
        malformed(root, call, "GroupName", 64)

    @pytest.mark.parametrize("call", named(NAMED[1:]))
    def test_the_group_must_exist(self, root: Cloud, call: Named) -> None:
        literally(root, lambda cloud: call(cloud, "groups-none"), 404, "EntityNotExist.Group", "The group does not exist.")

    @pytest.mark.parametrize(("call", "status", "code", "message"), named(DOCUMENTED))
    def test_documented(self, root: Cloud, call: Call, status: int, code: str, message: str) -> None:
        literally(root, call, status, code, message)

    @pytest.mark.parametrize(("call", "code", "message"), named(EXPLAINED))
    def test_documented_and_explained(self, root: Cloud, call: Call, code: str, message: str) -> None:
        begins(root, call, 400, f"InvalidParameter.{code}", message)

    def test_who_is_in_it_already_is_told_before_the_quota(self, root: Cloud) -> None:
        with setting(root, "quotaGroupsPerUser", 1), refused(409, "EntityAlreadyExists.User.Group"):
            ram.join(root, USER, GROUP)
        assert ram.groups_of(root, USER) == [GROUP]

    def test_the_usual_quotas_are_rams(self, root: Cloud) -> None:
        settings = root.ours("GetSettings")["settings"]
        assert (settings["quotaGroups"], settings["quotaGroupsPerUser"]) == (50, 5)
        assert (settings["quotaSystemPoliciesPerGroup"], settings["quotaCustomPoliciesPerGroup"]) == (20, 5)

    def test_what_stands_in_the_way_is_cleared_in_turn(self, root: Cloud) -> None:
        ram.leave(root, USER, GROUP)
        literally(root, lambda cloud: delete(cloud, GROUP), 409, "DeleteConflict.Group.Policy",
                  "The entity CAN NOT has any attached policy while deleting the group.")
        ram.detach_from_group(root, POLICY, GROUP)
        for group in (GROUP, SPARE):
            delete(root, group)
        delete_policy(root, POLICY)
        delete_user(root, USER)
