"""The cast of the story: one account, its people with their clients, its workspaces, and the API keys handed out so far."""

from dataclasses import dataclass, field

import openai

from support import gateway, ram
from support.cloud import Cloud
from support.ledger import LEDGER
from support.server import Account, Server
from support.upstream import Upstream

QWEN_PLUS = "qwen-plus"
QWEN_MAX = "qwen-max"
EMBEDDING = "text-embedding-v3"
HELD = "held-model"

DEMO_PROVIDER = "demo"
HELD_PROVIDER = "held"
HELD_CREDENTIAL = "sk-upstream-credential-of-the-held-provider"


@dataclass
class World:
    """Everything a step may need. Steps find people, workspaces and keys by the names that the story gives them."""

    server: Server
    account: Account
    upstream: Upstream
    root: Cloud
    people: dict[str, Cloud] = field(default_factory=dict)
    user_ids: dict[str, str] = field(default_factory=dict)
    workspaces: dict[str, str] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    key_ids: dict[str, str] = field(default_factory=dict)
    request_ids: dict[str, str] = field(default_factory=dict)

    @property
    def default(self) -> str:
        """The id of the default workspace."""
        return self.account.default_workspace_id

    def person(self, name: str) -> Cloud:
        """The clients of one person, by RAM user name."""
        return self.people[name]

    def hire(self, name: str) -> Cloud:
        """Creates an RAM user with an access key, as root, and returns the clients that sign with it."""
        self.user_ids[name] = ram.create_user(self.root, name).user_id
        key = ram.create_access_key(self.root, name)
        self.people[name] = Cloud(self.server.control, key.access_key_id, key.access_key_secret)
        return self.people[name]

    def keep_key(self, name: str, key_id: str, value: str) -> None:
        """Remembers an API key under a name."""
        self.key_ids[name], self.keys[name] = key_id, value

    def caller(self, key_name: str, base_path: str = gateway.COMPATIBLE) -> openai.OpenAI:
        """An `openai` client that holds the API key of this name."""
        return gateway.client(self.server.gateway, self.keys[key_name], base_path)

    def furnish(self) -> None:
        """Gives the account providers and models: a gateway without any could call nothing."""
        self._provider({"name": DEMO_PROVIDER, "dialect": "demo"})
        LEDGER.secret("provider credential", HELD_CREDENTIAL)
        self._provider({
            "name": HELD_PROVIDER, "dialect": "openai", "baseUrl": self.upstream.base_url,
            "apiKey": HELD_CREDENTIAL, "allowPrivate": True,
        })
        self.put_model(QWEN_PLUS, "Qwen Plus")
        self.put_model(QWEN_MAX, "Qwen Max")
        self.put_model(EMBEDDING, "Text Embedding v3")
        self.put_model(HELD, "A model that takes its time", HELD_PROVIDER)

    def put_model(self, model: str, name: str, provider: str = DEMO_PROVIDER) -> None:
        """Puts a model into the catalogue, with one route to a provider."""
        self.root.ours("PutModel", model=model, body={
            "name": name, "capabilities": ["embedding" if model == EMBEDDING else "chat"],
            "contextWindow": 131072, "maxInputTokens": 129024, "maxOutputTokens": 8192, "prices": [],
            "routes": [{"provider": provider, "upstreamModel": model, "priority": 1, "weight": 1}],
        })

    def _provider(self, body: dict[str, object]) -> None:
        existing = {provider["name"] for provider in self.root.ours("ListProviders")["providers"]}
        if body["name"] not in existing:
            self.root.ours("CreateProvider", body=body)
