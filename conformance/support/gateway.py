"""Model calls through the official `openai` client, as a developer makes them."""

import openai
from openai.types.chat import ChatCompletion

from support.ledger import LEDGER

COMPATIBLE = "/compatible-mode/v1"
PLAIN = "/v1"


def client(gateway: str, api_key: str, base_path: str = COMPATIBLE) -> openai.OpenAI:
    """An `openai` client that does not retry: a refusal is what the tests want to see."""
    LEDGER.secret("API key", api_key)
    return openai.OpenAI(base_url=f"http://{gateway}{base_path}", api_key=api_key, max_retries=0, timeout=20)


def say(caller: openai.OpenAI, model: str = "qwen-plus", text: str = "hello") -> ChatCompletion:
    """One chat completion, not streamed."""
    return caller.chat.completions.create(model=model, messages=[{"role": "user", "content": text}])


def callable_models(caller: openai.OpenAI) -> set[str]:
    """What `GET /models` lists for this key."""
    return {model.id for model in caller.models.list()}
