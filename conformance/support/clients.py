"""The stage for SDKs that call models: a workspace with models of its own, keys, and a way to provoke each refusal with one call."""

import json
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from support import ram, studio
from support.ledger import LEDGER
from support.shapes import Json
from support.talker import Talker
from support.world import DEMO_PROVIDER, World

CHAT = "clients-chat"
EMBEDDING = "clients-embedding"
GOOD_KEY = "clients good"
NARROW_KEY = "clients narrow"
UPSTREAM_KEY = "sk-upstream-credential-of-the-talker"
SLOWLY = "[slow] please"
PICTURE = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
PARAMETERS: Json = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
ANTHROPIC_TYPES = {
    401: "authentication_error", 403: "permission_error", 404: "not_found_error", 429: "rate_limit_error", 503: "overloaded_error",
}


@dataclass(frozen=True)
class Case:
    """A call that is refused: what it is made with, and what its caller must be told. `message` is how the sentence begins."""

    reason: str
    status: int
    openai: str
    native: str
    message: str
    key: str = GOOD_KEY
    model: str = CHAT

    @property
    def anthropic(self) -> str:
        """`error.type` of the Anthropic shape."""
        return ANTHROPIC_TYPES[self.status]

    @property
    def native_message(self) -> str:
        """The native shape has a sentence of its own about keys."""
        return self.message.replace("Incorrect API key", "Invalid API-key")

    def check_retry_after(self, headers: Mapping[str, str]) -> None:
        """When to come back is said of limits, and of upstreams that have failed a few times."""
        assert ("retry-after" in headers) == (self.status == 429) or self.status == 503, headers

    @property
    def told(self) -> str | None:
        """The header `x-bailey-reason`: whoever has no valid key is not told."""
        return None if self.status == 401 else self.reason


_RATE = (429, "limit_requests", "Throttling.RateQuota", "Requests rate limit exceeded, please try again later.")
_TOKENS = (429, "insufficient_quota", "Throttling.AllocationQuota", "Allocated quota exceeded, please increase your quota limit.")
_DENIED = (403, "Model.AccessDenied", "Model.AccessDenied")
_KEY = (401, "invalid_api_key", "InvalidApiKey", "Incorrect API key provided.")

KEY_REFUSED = _KEY[-1]
WORKSPACE_MISMATCH = Case(
    "workspace_mismatch", 403, "Workspace.AccessDenied", "Workspace.AccessDenied", "Workspace access denied.",
)
KEY_MISSING = Case("key_missing", 401, "invalid_api_key", "InvalidApiKey", "No API-key provided.")
CASES = [
    Case("key_unknown", *_KEY, key="clients unknown"),
    Case("key_disabled", *_KEY, key="clients disabled"),
    Case("key_expired", *_KEY, key="clients expired"),
    Case("owner_not_member", *_KEY, key="clients not member"),
    Case("owner_deleted", *_KEY, key="clients deleted"),
    Case(
        "ip_not_allowed", 403, "access_denied", "AccessDenied", "Access denied. The key may not be used from this address.",
        key="clients elsewhere",
    ),
    Case(
        "model_not_granted", *_DENIED, "Model access denied. The key's workspace has no grant for the model.", model="clients-not-granted",
    ),
    Case(
        "model_out_of_key_scope", *_DENIED, "Model access denied. The key itself is narrowed to other models.",
        key=NARROW_KEY, model="clients-rate-account",
    ),
    Case(
        "model_unknown", 404, "model_not_found", "ModelNotFound", "The model `clients-absent` does not exist or you do not have access to it.",
        model="clients-absent",
    ),
    *(Case(f"rate_{level}", *_RATE, model=f"clients-rate-{level}") for level in ("account", "workspace", "key")),
    *(Case(f"tokens_{level}", *_TOKENS, model=f"clients-tokens-{level}") for level in ("account", "workspace", "key")),
    Case("concurrency", 429, "limit_concurrency", "Throttling.Concurrency", "Too many concurrent requests.", model="clients-concurrency"),
    Case(
        "budget", 429, "BudgetLimitExceeded", "BudgetLimitExceeded",
        "The budget configured in Budget Management has been exhausted.", model="clients-dear",
    ),
    Case(
        "upstream_unavailable", 503, "ModelUnavailable", "ModelUnavailable",
        "The model's upstream cannot be reached. Please try again later.", model="clients-down",
    ),
]
"""Every refusal that one call provokes, whatever SDK makes it."""


@dataclass
class Clients:
    """A furnished workspace and what answers in it."""

    world: World
    talker: Talker = field(default_factory=Talker)
    workspace: str = ""
    models: set[str] = field(default_factory=set)

    def base_url(self, path: str) -> str:
        """Where an SDK finds the gateway."""
        return f"http://{self.world.server.gateway}{path}"

    def key(self, name: str = GOOD_KEY) -> str:
        """The value of a key."""
        return self.world.keys[name]

    def temporary(self, name: str = GOOD_KEY) -> str:
        """A temporary key of a permanent one."""
        request = urllib.request.Request(
            self.base_url("/api/v1/tokens?expire_in_seconds=60"), method="POST", headers={"authorization": f"Bearer {self.key(name)}"},
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            made = json.load(answer)
        assert time.time() < made["expires_at"] <= time.time() + 60, made["expires_at"]
        return LEDGER.secret("temporary API key", made["token"])

    @contextmanager
    def slow(self, name: str) -> Iterator[Callable[[], None]]:
        """Meanwhile, the demo provider takes its time over `SLOWLY`. Makes a key of this name, and gives what switches it off."""
        self._keep(self.world.root, name)
        with self.demo(CHAT):
            yield lambda: self._disable(name)

    def _disable(self, name: str) -> None:
        self.world.root.studio.disable_api_key(self.world.key_ids[name], studio.models.DisableApiKeyRequest())

    def furnish(self) -> None:
        """Makes the workspace, its models, its limits and its keys."""
        root = self.world.root
        self.workspace = studio.create_workspace(root, "Clients").workspace_id
        LEDGER.secret("provider credential of the talker", UPSTREAM_KEY)
        closed = Talker()
        closed.close()
        for name, base_url in (("talker", self.talker.base_url), ("closed", closed.base_url)):
            root.ours("CreateProvider", body={
                "name": name, "dialect": "openai", "baseUrl": base_url, "apiKey": UPSTREAM_KEY, "allowPrivate": True,
            })
        self.put_model(EMBEDDING, "talker", ["embedding"])
        for case in CASES:
            if case.model != "clients-absent" and case.model not in self.models:
                self.put_model(case.model, "closed" if case.reason == "upstream_unavailable" else "talker")
        studio.permit(root, self.workspace, *self.models - {"clients-not-granted"})
        self._make_keys()
        self._limit()

    @contextmanager
    def demo(self, model: str, capabilities: list[str] | None = None) -> Iterator[None]:
        """Meanwhile, the demo provider answers for a model."""
        self.put_model(model, DEMO_PROVIDER, capabilities)
        try:
            yield
        finally:
            self.put_model(model, "talker", capabilities)

    def put_model(self, name: str, provider: str, capabilities: list[str] | None = None) -> None:
        """Puts a model into the catalogue, which calls one provider."""
        kinds = ("input", "output") if name == "clients-dear" else ()
        self.models.add(name)
        self.world.root.ours("PutModel", model=name, body={
            "name": name, "capabilities": capabilities or ["chat"], "maxOutputTokens": 8192,
            "prices": [{"type": kind, "microPerThousandTokens": 1000} for kind in kinds],
            "routes": [{"provider": provider, "upstreamModel": f"{name}-upstream", "priority": 1, "weight": 1}],
        })

    def _make_keys(self) -> None:
        world, root = self.world, self.world.root
        world.keys["clients unknown"] = LEDGER.secret("API key of nobody", "sk-" + "0" * 40)
        for name, auth in (
            (GOOD_KEY, None), ("clients disabled", None), ("clients expired", None),
            (NARROW_KEY, studio.only_models(CHAT, EMBEDDING)), ("clients elsewhere", studio.only_from("10.0.0.0/8")),
        ):
            self._keep(root, name, auth)
        for name, owner in (("clients not member", "clients-leaver"), ("clients deleted", "clients-deleted")):
            person = world.hire(owner)
            root.ours("AddUser", body={"userName": owner})
            root.ours("AddMember", workspaceId=self.workspace, body={"userName": owner, "pages": ["api-key"]})
            self._keep(person, name)
        root.ours("RemoveMember", workspaceId=self.workspace, userName="clients-leaver")
        ram.delete_user(root, "clients-deleted")
        self._disable("clients disabled")
        ends_at = int(time.time() * 1000) + 1000
        root.ours("UpdateApiKey", apiKeyId=world.key_ids["clients expired"], body={"expiresAt": ends_at})
        time.sleep(max(0.0, ends_at / 1000 - time.time()) + 0.05)

    def _keep(self, owner: studio.Cloud, name: str, auth: studio.Auth | None = None) -> None:
        made = studio.create_key(owner, self.workspace, name, auth)
        self.world.keep_key(name, made.api_key_id, made.api_key_value)

    def _limit(self) -> None:
        """Limits of nothing refuse every call."""
        root = self.world.root
        many = {"requestLimit": 10_000, "requestLimitPeriod": 60}
        none = {"rate": many | {"requestLimit": 0}, "tokens": many | {"usageLimit": 0, "usageLimitPeriod": 60}}

        def of(level: str) -> list[Json]:
            return [{"model": f"clients-{what}-{level}", "operationType": "OVERLAY", **limit} for what, limit in none.items()]

        root.ours("UpdateAccountModelLimits", body={"modelLimits": [
            *of("account"), {"model": "clients-concurrency", "operationType": "OVERLAY", **many, "concurrencyLimit": 0},
        ]})
        root.ours("UpdateModelLimits", body={"workspaceId": self.workspace, "workspaceLimits": of("workspace")})
        root.ours("UpdateApiKey", apiKeyId=self.world.key_ids[GOOD_KEY], body={"modelLimits": of("key")})
        root.ours("PutBudget", body={"workspaceId": self.workspace, "amountMicro": 0, "hardStop": True})
