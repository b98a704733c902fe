"""The extended policy language through the official SDKs: a document chooses it by its version, wherever it stands."""

from collections.abc import Iterator

import pytest
from alibabacloud_ram20150501 import models
from alibabacloud_tea_openapi.exceptions import ClientException

from support import ram
from support.cloud import Cloud
from support.refusals import not_permitted, refused
from support.world import World

EXTENDED = "1-extended"
TAKE = "AliyunSTSAssumeRoleAccess"
BOTH = 'Version: must be "1" or, for the extended language, "1-extended"'


def reads(resource: str, **conditions: dict[str, object]) -> dict[str, object]:
    """A statement that lets users be read."""
    statement = ram.statement("Allow", "ram:GetUser", resource)
    return statement | {"Condition": conditions} if conditions else statement


def may_read(cloud: Cloud, name: str) -> bool:
    """Whether the caller may read a user."""
    try:
        cloud.ram.get_user(models.GetUserRequest(user_name=name))
    except ClientException as error:
        assert error.code == "NoPermission", error
        return False
    return True


def tag(cloud: Cloud, role: str, key: str, value: str) -> None:
    """Puts a tag on a role."""
    tags = [models.TagResourcesRequestTag(key=key, value=value)]
    cloud.ram.tag_resources(models.TagResourcesRequest(resource_type="role", resource_names=[role], tag=tags))


def untag(cloud: Cloud, role: str, key: str) -> None:
    """Takes a tag off a role."""
    cloud.ram.untag_resources(models.UntagResourcesRequest(resource_type="role", resource_names=[role], tag_keys=[key]))


@pytest.fixture(scope="module")
def taker(world: World) -> Cloud:
    """A user who may take roles, among two who are read."""
    for name in ("red-one", "blue-one"):
        ram.create_user(world.root, name)
    taker = world.hire("extended-taker")
    ram.attach(world.root, TAKE, "extended-taker", "System")
    return taker


class TestDocuments:
    """The version says what a document means, and what it may hold."""

    def test_each_version_has_its_own_words(self, root: Cloud) -> None:
        maybe = reads("*", StringEqualsIfExists={"acs:SourceVpc": "vpc-1"})
        with refused(400, "MalformedPolicyDocument"):
            ram.create_policy(root, "extended-not", maybe)
        for version in ("2", "1-Extended", "extended"):
            with refused(400, "MalformedPolicyDocument") as refusal:
                ram.create_policy(root, "extended-not", maybe, version=version)
            assert refusal.message == BOTH
        ram.create_policy(root, "extended-maybe", maybe, version=EXTENDED)
        read = root.ram.get_policy(models.GetPolicyRequest(policy_type="Custom", policy_name="extended-maybe")).body
        assert read.default_policy_version.policy_document == ram.document(maybe, version=EXTENDED)

    def test_a_missing_key_meets_if_exists_and_nothing_else(self, world: World, root: Cloud, taker: Cloud) -> None:
        asks = {"StringEqualsIfExists": True, "StringEquals": False, "IpAddressIfExists": False}
        values = {"StringEqualsIfExists": {"acs:SourceVpc": "vpc-1"}, "StringEquals": {"acs:SourceVpc": "vpc-1"}, "IpAddressIfExists": {"acs:SourceIp": "192.0.2.0/24"}}
        for place, (operator, allowed) in enumerate(asks.items()):
            reader = world.hire(f"extended-reader-{place}")
            ram.create_policy(root, f"extended-asks-{place}", reads("*", **{operator: values[operator]}), version=EXTENDED)
            ram.attach(root, f"extended-asks-{place}", f"extended-reader-{place}")
            assert may_read(reader, "red-one") is allowed, operator

    def test_a_variable_stands_for_who_asks(self, world: World, root: Cloud) -> None:
        ram.create_policy(root, "extended-own", reads("${acs:PrincipalARN}"), version=EXTENDED)
        # In the standard language the same resource is one that there is not.
        ram.create_policy(root, "extended-literal", reads("acs:ram:*:*:${acs:PrincipalARN}"))
        ada, ben = world.hire("extended-ada"), world.hire("extended-ben")
        for name in ("extended-ada", "extended-ben"):
            ram.attach(root, "extended-literal", name)
        assert not may_read(ada, "extended-ada")
        for name in ("extended-ada", "extended-ben"):
            ram.attach(root, "extended-own", name)
        assert (may_read(ada, "extended-ada"), may_read(ada, "extended-ben")) == (True, False)
        assert (may_read(ben, "extended-ada"), may_read(ben, "extended-ben")) == (False, True)
        # As long as a policy asks who somebody is, who does not administer RAM gives no role a name.
        ram.create_policy(root, "extended-founders", ram.statement("Allow", ["ram:CreateRole", "ram:DeleteRole"]))
        ram.attach(root, "extended-founders", "extended-ada")
        trust = ram.trust("ecs.aliyuncs.com", kind="Service")
        with not_permitted("ram:CreateRole"):
            ram.create_role(ada, "extended-fourth", trust)
        for name in ("extended-ada", "extended-ben"):
            ram.detach(root, "extended-own", name)
        root.ram.delete_policy(models.DeletePolicyRequest(policy_name="extended-own"))
        ram.create_role(ada, "extended-fourth", trust)
        ada.ram.delete_role(models.DeleteRoleRequest(role_name="extended-fourth"))


@pytest.mark.usefixtures("taker")
class TestPrincipalTags:
    """Policies ask for the tags of the role that acts, and a tag counts from the answer on."""

    @pytest.fixture(scope="class")
    def arn(self, world: World, account: str) -> Iterator[str]:
        """A role that reads the users whose names begin with its crew; gone with the others in the end, for others list all tags."""
        role = ram.create_role(world.root, "extended-team", ram.trust(f"acs:ram::{account}:root"), tag=[models.CreateRoleRequestTag(key="crew", value="red")])
        ram.create_policy(world.root, "extended-team", reads("acs:ram:*:*:user/${acs:PrincipalTag/crew}-*"), version=EXTENDED)
        ram.attach_to_role(world.root, "extended-team", "extended-team")
        yield role.arn
        ram.detach_from_role(world.root, "extended-team", "extended-team")
        ram.detach_from_role(world.root, TAKE, "extended-team", "System")
        for name in ("extended-team", "extended-second", "extended-third"):
            world.root.ram.delete_role(models.DeleteRoleRequest(role_name=name))

    def test_a_session_has_the_tags_of_its_role_as_they_are_now(self, root: Cloud, taker: Cloud, arn: str) -> None:
        session = ram.take(taker, arn)
        assert (may_read(session, "red-one"), may_read(session, "blue-one")) == (True, False)
        tag(root, "EXTENDED-team", "crew", "blue")
        assert (may_read(session, "red-one"), may_read(session, "blue-one")) == (False, True)
        untag(root, "extended-team", "crew")
        assert (may_read(session, "red-one"), may_read(session, "blue-one")) == (False, False)
        tag(root, "extended-team", "crew", "*")
        assert not may_read(session, "red-one"), "a star in a value is no wildcard"
        tag(root, "extended-team", "crew", "red")
        assert may_read(session, "red-one")

    def test_a_trust_policy_asks_for_them(self, root: Cloud, taker: Cloud, arn: str, account: str) -> None:
        condition = {"StringEquals": {"acs:PrincipalTag/crew": "red"}}
        second = ram.create_role(root, "extended-second", ram.trust(f"acs:ram::{account}:root", condition=condition, version=EXTENDED)).arn
        ram.attach_to_role(root, TAKE, "extended-team", "System")
        session = ram.take(taker, arn)
        with refused(403, "NoPermission"):
            ram.take(taker, second)
        chained = ram.take(session, second)
        assert chained.sts.get_caller_identity().body.identity_type == "AssumedRoleUser"
        untag(root, "extended-team", "crew")
        with refused(400, "InvalidSecurityToken.Expired"):
            chained.sts.get_caller_identity()
        tag(root, "extended-team", "crew", "red")

    def test_a_session_policy_and_a_boundary_may_be_written_in_it(self, root: Cloud, taker: Cloud, arn: str) -> None:
        own = ram.document(reads("*", StringEquals={"acs:PrincipalTag/crew": "${acs:PrincipalTag/rank}"}), version=EXTENDED)
        session = ram.take(taker, arn, "narrowed", policy=own)
        assert not may_read(session, "red-one")
        tag(root, "extended-team", "rank", "red")
        assert may_read(session, "red-one")
        ram.create_policy(root, "extended-bound", reads("*", StringNotEquals={"acs:PrincipalTag/rank": "red"}), version=EXTENDED)
        of_role = {"type": "role", "name": "extended-team"}
        root.ours("PutPermissionBoundary", body={"policyType": "Custom", "policyName": "extended-bound"}, **of_role)
        assert not may_read(session, "red-one")
        tag(root, "extended-team", "rank", "blue")
        assert not may_read(session, "red-one"), "the session policy says no now"
        assert may_read(ram.take(taker, arn), "red-one")

    def test_who_does_not_administer_ram_puts_on_no_tag_that_a_policy_asks_for(self, world: World, root: Cloud) -> None:
        clerk = world.hire("extended-clerk")
        ram.create_policy(root, "extended-clerks", ram.statement("Allow", ["ram:TagResources", "ram:UntagResources", "ram:CreateRole"]))
        ram.attach(root, "extended-clerks", "extended-clerk")
        tag(clerk, "extended-team", "cost-centre", "7")
        for key in ("crew", "CREW", "rank"):
            with not_permitted("ram:TagResources"):
                tag(clerk, "extended-team", key, "red")
        untag(clerk, "extended-team", "cost-centre")
        untag(clerk, "extended-team", "Nothing")
        with not_permitted("ram:UntagResources"):
            untag(clerk, "extended-team", "crew")
        with not_permitted("ram:UntagResources"):
            clerk.ram.untag_resources(models.UntagResourcesRequest(resource_type="role", resource_names=["extended-team"], all=True))
        trust = ram.trust("ecs.aliyuncs.com", kind="Service")
        with not_permitted("ram:CreateRole"):
            ram.create_role(clerk, "extended-third", trust, tag=[models.CreateRoleRequestTag(key="Crew", value="red")])
        ram.create_role(clerk, "extended-third", trust, tag=[models.CreateRoleRequestTag(key="cost-centre", value="7")])
