"""RAM's documented errors, in tables of calls: what a refusal has to say, by status, code and sentence."""

from collections.abc import Callable

import pytest
from alibabacloud_ram20150501 import models

from support.cloud import Cloud
from support.ram import INVALID, TOO_LONG
from support.refusals import refused

Call = Callable[[Cloud], object]
Named = Callable[[Cloud, str], object]


def named(rows: list[tuple[object, ...]]) -> list[object]:
    """The rows of a table, each by the name it begins with."""
    return [pytest.param(*rest, id=name) for name, *rest in rows]


def literally(root: Cloud, call: Call, status: int, code: str, message: str) -> None:
    """A refusal with RAM's own sentence and nothing more."""
    with refused(status, code) as refusal:
        call(root)
    assert refusal.message == message


def begins(root: Cloud, call: Call, status: int, code: str, sentence: str) -> None:
    """A refusal where ours goes on behind RAM's sentence: with what is allowed."""
    with refused(status, code) as refusal:
        call(root)
    assert refusal.message.startswith(sentence)


def malformed(root: Cloud, call: Named, field: str, longest: int) -> None:
    """Names of wrong characters, and one that is too long."""
    for name, fault, sentence in [
        ("has space", "InvalidChars", INVALID), ("grüppe", "InvalidChars", INVALID), ("x" * (longest + 1), "Length", TOO_LONG),
    ]:
        begins(root, lambda cloud, name=name: call(cloud, name), 400, f"InvalidParameter.{field}.{fault}", sentence.format(field))


def delete_user(root: Cloud, user: str) -> None:
    """DeleteUser, and nothing before it."""
    root.ram.delete_user(models.DeleteUserRequest(user_name=user))


def delete_policy(root: Cloud, policy: str) -> None:
    """DeletePolicy."""
    root.ram.delete_policy(models.DeletePolicyRequest(policy_name=policy))
