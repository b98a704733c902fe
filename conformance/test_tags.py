"""Tags of roles and policies, and the service-linked roles that there are none of."""

import pytest
from alibabacloud_ram20150501 import models

from support import ram, raw
from support.cloud import Cloud
from support.refusals import not_permitted, refused
from support.world import World

TRUST = ram.trust("ecs.aliyuncs.com", kind="Service")
DOCUMENT = ram.document(ram.statement("Allow", "sfm:ListIndex"))
RED = {"team": "red"}

Tags = dict[str, str | None]


def tags(kind: type, wanted: Tags) -> list[object]:
    """The SDK's tags of one request; None is any value."""
    return [kind(key=key, value=value) for key, value in wanted.items()]


def role(cloud: Cloud, name: str, held: Tags) -> None:
    """Creates a role with tags."""
    ram.create_role(cloud, name, TRUST, tag=tags(models.CreateRoleRequestTag, held))


def policy(cloud: Cloud, name: str, held: Tags) -> None:
    """Creates a policy with tags."""
    cloud.ram.create_policy(models.CreatePolicyRequest(
        policy_name=name, policy_document=DOCUMENT, tag=tags(models.CreatePolicyRequestTag, held),
    ))


def put(cloud: Cloud, kind: str, names: list[str], held: Tags) -> None:
    """TagResources."""
    cloud.ram.tag_resources(models.TagResourcesRequest(
        resource_type=kind, resource_names=names, tag=tags(models.TagResourcesRequestTag, held),
    ))


def take(cloud: Cloud, kind: str, names: list[str], keys: list[str] | None, everything: bool | None = None) -> None:
    """UntagResources."""
    cloud.ram.untag_resources(models.UntagResourcesRequest(resource_type=kind, resource_names=names, tag_keys=keys, all=everything))


def listed(cloud: Cloud, kind: str, names: list[str] | None, wanted: Tags | None = None, size: int | None = None) -> list[tuple[str, str, str]]:
    """ListTagResources, all pages."""
    found, token = [], None
    while True:
        body = cloud.ram.list_tag_resources(models.ListTagResourcesRequest(
            resource_type=kind, resource_names=names, page_size=size, next_token=token,
            tag=tags(models.ListTagResourcesRequestTag, wanted) if wanted else None,
        )).body
        assert all(row.resource_type == kind for row in body.tag_resources)
        found += [(row.resource_name, row.tag_key, row.tag_value) for row in body.tag_resources]
        token = body.next_token
        if not token:
            return found


@pytest.fixture(scope="module")
def held(world: World) -> None:
    """Two roles and two policies, one of each with tags from the beginning."""
    for make in (role, policy):
        make(world.root, "tags-One", {"team": "red", "stage": ""})
        make(world.root, "tags-two", {})


@pytest.mark.usefixtures("held")
class TestTags:
    """TagResources, UntagResources, ListTagResources, and tags in the lists of what holds them."""

    @pytest.mark.parametrize("kind", ["role", "policy"])
    def test_tags_are_put_listed_and_taken_off(self, root: Cloud, kind: str) -> None:
        both = ["tags-One", "tags-two"]
        assert listed(root, kind, both) == [("tags-One", "stage", ""), ("tags-One", "team", "red")]
        put(root, kind, ["TAGS-one", "tags-two"], {"team": "blue", "Kosten": "研发"})
        assert listed(root, kind, both, size=2) == [
            ("tags-One", "Kosten", "研发"), ("tags-One", "stage", ""), ("tags-One", "team", "blue"),
            ("tags-two", "Kosten", "研发"), ("tags-two", "team", "blue"),
        ]
        assert listed(root, kind, None, {"stage": None}) == [("tags-One", "stage", "")]
        assert listed(root, kind, both, {"team": "blue", "stage": None}) == [("tags-One", "stage", ""), ("tags-One", "team", "blue")]
        assert listed(root, kind, both, {"team": "red"}) == []
        take(root, kind, both, ["Kosten", "never-there"])
        take(root, kind, ["tags-two"], None, everything=True)
        assert listed(root, kind, both) == [("tags-One", "stage", ""), ("tags-One", "team", "blue")]

    def test_lists_show_tags_and_find_by_them(self, root: Cloud) -> None:
        for make in (role, policy):
            make(root, "tags-found", {"find": "me", "too": "x"})
        wanted = {"find": "me"}
        roles = root.ram.list_roles(models.ListRolesRequest(tag=tags(models.ListRolesRequestTag, wanted))).body
        (found,) = roles.roles.role
        assert (found.role_name, [(tag.tag_key, tag.tag_value) for tag in found.tags.tag]) == ("tags-found", [("find", "me"), ("too", "x")])
        policies = root.ram.list_policies(models.ListPoliciesRequest(tag=tags(models.ListPoliciesRequestTag, wanted))).body
        (found,) = policies.policies.policy
        assert (found.policy_name, [(tag.tag_key, tag.tag_value) for tag in found.tags.tag]) == ("tags-found", [("find", "me"), ("too", "x")])
        assert policies.is_truncated is False
        every = root.ram.list_roles(models.ListRolesRequest(max_items=1000)).body.roles.role
        assert {tuple(tag.tag_key for tag in one.tags.tag) for one in every if one.role_name == "tags-found"} == {("find", "too")}
        nothing = {"find": "nobody"}
        assert root.ram.list_roles(models.ListRolesRequest(tag=tags(models.ListRolesRequestTag, nothing))).body.roles.role == []

    def test_tags_go_with_what_they_are_on(self, root: Cloud) -> None:
        for make in (role, policy):
            make(root, "tags-gone", RED)
        root.ram.delete_role(models.DeleteRoleRequest(role_name="tags-gone"))
        root.ram.delete_policy(models.DeletePolicyRequest(policy_name="tags-gone"))
        for make, kind in ((role, "role"), (policy, "policy")):
            make(root, "tags-gone", {})
            assert listed(root, kind, ["tags-gone"]) == []

    def test_terraform_says_the_keys_twice(self, world: World, root: Cloud) -> None:
        role(root, "tags-terraform", {"a": "1", "b": "2", "c": "3"})
        names = "ResourceType=role&ResourceNames=%5B%22tags-terraform%22%5D"

        def call(rest: str) -> raw.Answer:
            target = f"/?Action=UntagResources&Version=2015-05-01&{names}&{rest}"
            return raw.send(world.server.control, "POST", target, headers=raw.basic(root))

        keys = "TagKeys=%5B%22a%22%2C%22b%22%5D&TagKey.1=a"
        assert raw.check_rpc_error(call(keys + "&TagKey.2=c"))["Code"].startswith("InvalidParameter")
        assert len(listed(root, "role", ["tags-terraform"])) == 3
        assert call(keys + "&TagKey.2=b").status == 200
        assert listed(root, "role", ["tags-terraform"]) == [("tags-terraform", "c", "3")]
        assert call("TagKey.1=c").status == 200
        assert listed(root, "role", ["tags-terraform"]) == []

    def test_on_all_or_on_none(self, root: Cloud) -> None:
        with refused(404, "EntityNotExist.Role") as refusal:
            put(root, "role", ["tags-found", "tags-absent"], RED)
        assert refusal.message == "The role does not exist."
        with refused(404, "EntityNotExist.Policy") as refusal:
            put(root, "policy", ["tags-found", "AliyunRAMFullAccess"], RED)
        assert refusal.message == "The policy does not exist."
        for kind in ("role", "policy"):
            assert listed(root, kind, ["tags-found"], {"team": None}) == []
        with refused(404, "EntityNotExist.Role"):
            take(root, "role", ["tags-absent"], ["team"])
        with refused(404, "EntityNotExist.Role"):
            listed(root, "role", ["tags-absent"])

    @pytest.mark.parametrize(("names", "held", "code"), [
        pytest.param(["tags-two"], {"": "v"}, "InvalidParameter.TagKey.Length", id="empty-key"),
        pytest.param(["tags-two"], {"x" * 129: "v"}, "InvalidParameter.TagKey.Length", id="long-key"),
        pytest.param(["tags-two"], {"aliyun-x": "v"}, "InvalidParameter.TagKey.InvalidChars", id="aliyun"),
        pytest.param(["tags-two"], {"acs:x": "v"}, "InvalidParameter.TagKey.InvalidChars", id="acs"),
        pytest.param(["tags-two"], {"a https://b": "v"}, "InvalidParameter.TagKey.InvalidChars", id="url-key"),
        pytest.param(["tags-two"], {"k": "x" * 129}, "InvalidParameter.TagValue.Length", id="long-value"),
        pytest.param(["tags-two"], {"k": "http://b"}, "InvalidParameter.TagValue.InvalidChars", id="url-value"),
        pytest.param(["tags-two"], {f"k{number}": "" for number in range(21)}, "InvalidParameter.Tag.Count", id="many-tags"),
        pytest.param(["tags-two"] * 51, RED, "InvalidParameter.ResourceNames", id="many-names"),
        pytest.param([], RED, "InvalidParameter.ResourceNames", id="no-names"),
        pytest.param(["a_b"], RED, "InvalidParameter.ResourceNames.InvalidChars", id="name"),
    ])
    def test_limits(self, root: Cloud, names: list[str], held: Tags, code: str) -> None:
        with refused(400, code):
            put(root, "role", names, held)
        assert listed(root, "role", ["tags-two"]) == []

    def test_what_is_wrong_is_refused(self, root: Cloud) -> None:
        with refused(400, "InvalidParameter.ResourceType"):
            put(root, "user", ["tags-two"], RED)
        with refused(400, "Duplicate.TagKey"):
            root.ram.tag_resources(models.TagResourcesRequest(
                resource_type="role", resource_names=["tags-two"],
                tag=[models.TagResourcesRequestTag(key="k", value=value) for value in ("1", "2")],
            ))
        for make in (role, policy):
            with refused(400, "InvalidParameter.TagKey.InvalidChars"):
                make(root, "tags-never", {"acs:x": ""})
        with refused(400, "MissingParameter"):
            put(root, "role", ["tags-two"], {})
        with refused(400, "MissingParameter"):
            take(root, "role", ["tags-two"], None)

    def test_twenty_tags_at_most(self, root: Cloud) -> None:
        role(root, "tags-full", {f"k{number}": "" for number in range(20)})
        put(root, "role", ["tags-full"], {"k0": "again"})
        with refused(409, "LimitExceeded.Tag") as refusal:
            put(root, "role", ["tags-two", "tags-full"], RED)
        assert refusal.message.startswith("The count of tags beyond the current limits.")
        assert listed(root, "role", ["tags-two"]) == []
        assert len(listed(root, "role", ["tags-full"])) == 20

    def test_policies_must_allow_every_resource(self, world: World, root: Cloud, account: str) -> None:
        clerk = world.hire("tags-clerk")
        resource = f"acs:ram:*:{account}:role/tags-two"
        ram.create_policy(root, "tags-clerk", ram.statement("Allow", ["ram:TagResources", "ram:UntagResources", "ram:ListTagResources"], resource))
        ram.attach(root, "tags-clerk", "tags-clerk")
        put(clerk, "role", ["tags-two"], RED)
        with not_permitted("ram:TagResources"):
            put(clerk, "role", ["tags-two", "tags-found"], {"by": "clerk"})
        with not_permitted("ram:TagResources"):
            put(clerk, "policy", ["tags-two"], RED)
        assert listed(clerk, "role", ["tags-two"]) == [("tags-two", "team", "red")]
        with not_permitted("ram:ListTagResources"):
            listed(clerk, "role", None)
        take(clerk, "role", ["tags-two"], ["team"])
        with not_permitted("ram:UntagResources"):
            take(clerk, "role", ["tags-found"], ["find"])


class TestServiceLinkedRoles:
    """There are none, and whoever may ask is told so."""

    def test_they_are_not_supported(self, world: World, root: Cloud) -> None:
        nobody = world.hire("tags-nobody")
        for action, call in [
            ("CreateServiceLinkedRole", lambda cloud: cloud.ram.create_service_linked_role(
                models.CreateServiceLinkedRoleRequest(service_name="ecs.aliyuncs.com", custom_suffix="x", description="d"))),
            ("DeleteServiceLinkedRole", lambda cloud: cloud.ram.delete_service_linked_role(
                models.DeleteServiceLinkedRoleRequest(role_name="AliyunServiceRoleForEcs"))),
            ("GetServiceLinkedRoleTemplate", lambda cloud: cloud.ram.get_service_linked_role_template(
                models.GetServiceLinkedRoleTemplateRequest(service_name="ecs.aliyuncs.com"))),
        ]:
            with refused(400, "NotSupport.ServiceLinkedRole") as refusal:
                call(root)
            assert refusal.message.startswith("Service-linked roles are not supported")
            with not_permitted(f"ram:{action}"):
                call(nobody)
