"""The tables of `docs/ram-errors.md`: which errors each action has, and what they say."""

from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).parent.parent.parent / "docs" / "ram-errors.md"
GOES_ON = "…"


@dataclass(frozen=True)
class Sentence:
    """Status and sentence of an error."""

    status: int
    text: str

    def is_of(self, status: int, message: str) -> bool:
        """Whether a refusal says this, and something behind it only where that is allowed."""
        begins = self.text.removesuffix(GOES_ON)
        said = message.startswith(begins) if begins != self.text else message == self.text
        return status == self.status and said


def _rows(title: str) -> list[list[str]]:
    """The rows of the table under a title, without the marks of code."""
    _, _, rest = PAGE.read_text().partition(f"\n## {title}\n")
    lines = [line for line in rest.partition("\n## ")[0].splitlines() if line.startswith("|")]
    rows = [[cell.strip().replace("`", "") for cell in line.strip("|").split(" | ")] for line in lines[2:]]
    assert rows, f"{PAGE} has no table under {title!r}"
    return rows


def _sentences(title: str) -> dict[str, Sentence]:
    return {code: Sentence(int(status), text) for code, status, text in _rows(title)}


BY_ACTION = {action: codes.split() for action, codes in _rows("By action")}
RAM = _sentences("RAM")
STS = _sentences("STS")
NEVER = {(action, code) for action, code, _ in _rows("Not answered")}
BETWEEN_ACCOUNTS = {(action, code): PAGE.parent.parent / where.partition(":")[0] for action, code, where in _rows("Answered between accounts")}
"""Each with the file of its test."""
