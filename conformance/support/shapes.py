"""Reads answers of bailey's own operations whose fields the operations table leaves open. Only these readers know the field names."""

from typing import Any

ALLOW = "allow"
DENY = "deny"

Json = dict[str, Any]


def access_of_kind(answer: Json, kind: str) -> dict[str, str]:
    """GetEffectiveAccess: what somebody has of one kind (`model`, `page`, `api`, `management`), and where each comes from."""
    entries = answer["access"][kind]
    assert all(entry["name"] and entry["from"] for entry in entries), entries
    return {entry["name"]: entry["from"] for entry in entries}


def decision(answer: Json) -> Json:
    """Explain and GetDecision: the decision, after a look at every link of its chain."""
    found = answer["decision"]
    assert found["outcome"] in {ALLOW, DENY}, found
    assert isinstance(found["revision"], int), found
    assert found["chain"], found
    for link in found["chain"]:
        assert set(link) >= {"check", "subject", "result"}, link
        assert link["result"] in {"pass", "fail"}, link
        if link["result"] == "fail":
            assert link["because"] and link["fix"] and link["whoCanFix"], link
    if found["outcome"] == DENY:
        assert found["reason"], found
        assert failed_link(found), found
    return found


def failed_link(found: Json) -> Json:
    """The check at which a refused decision ended. A rule may offer several ways; this is the last that was tried."""
    assert found["outcome"] == DENY, found
    return [link for link in found["chain"] if link["result"] == "fail"][-1]


def audit_records(answer: Json) -> list[Json]:
    """ListAuditRecords: the records, each with at least who did what with which outcome."""
    records = answer["records"]
    for record in records:
        assert set(record) >= {"actor", "action", "outcome"}, record
    return records


def audit_is_intact(answer: Json) -> bool:
    """VerifyAudit: whether no record was edited, deleted or moved."""
    assert answer["records"] > 0, answer
    return answer["valid"]


def usage_by(answer: Json, group: str) -> dict[str, Json]:
    """GetUsage: for each member of the group (a model, a workspace …) its requests and tokens."""
    rows = {row[group]: row for row in answer["usage"]}
    for row in rows.values():
        assert set(row) >= {"requests", "inputTokens", "outputTokens", "totalTokens"}, row
    return rows


def models_limited(model: str, requests: int | None, seconds: int = 60) -> Json:
    """UpdateAccountModelLimits: the body that sets an account-level request limit, or with None removes it."""
    if requests is None:
        return {"modelLimits": [{"model": model, "operationType": "DELETE"}]}
    limit = {"model": model, "operationType": "OVERLAY", "requestLimit": requests, "requestLimitPeriod": seconds}
    return {"modelLimits": [limit]}
