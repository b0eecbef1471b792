"""What messages say of a name that is not there: the names that are, and the one that is nearly the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_SHOWN = 8


def there(names: Iterable[str], noun: str) -> str:
    """Such as "the tags are 'a', 'b'", "the only run is 'a'" or "there is no tag"."""
    known = list(dict.fromkeys(names))
    if not known:
        return f"there is no {noun}"
    if len(known) == 1:
        return f"the only {noun} is {known[0]!r}"
    more = f" and {len(known) - _SHOWN} more" if len(known) > _SHOWN else ""
    return f"the {noun}s are {', '.join(map(repr, known[:_SHOWN]))}{more}"


def near(name: str, names: Iterable[str]) -> str:
    """A question with the name that is nearly the same, or goes on behind it, as the end of a sentence; "" if none is."""
    from difflib import get_close_matches  # noqa: PLC0415  # for a mistake

    known = list(names)
    # "note" of "note/text_summary": writers add to the names of some kinds.
    found = get_close_matches(name, known, 1) or [one for one in known if one.startswith(f"{name}/")]
    return f"; did you mean {found[0]!r}?" if found else ""
