"""install(): torch.utils.tensorboard and tensorboardX return our writers, whether imported before or after it.

Neither package is imported here. A package that is imported already is changed immediately. For one that is imported
later, a finder in sys.meta_path changes the module that defines the writers right after it has run.
"""

from __future__ import annotations

import sys
from importlib.abc import Loader, MetaPathFinder
from typing import TYPE_CHECKING, Any, NamedTuple

from tickertape.convert import check, notices
from tickertape.integrations import observers
from tickertape.writer import instance_bridge, recording

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

# The module that defines the writers: the package that offers them.
_PACKAGES = {
    "torch.utils.tensorboard.writer": "torch.utils.tensorboard",
    "tensorboardX.writer": "tensorboardX",
}
_NAMES = ("SummaryWriter", "FileWriter")


class _Replaced(NamedTuple):
    """One class that was replaced, and the class that replaces it."""

    package: str
    name: str
    theirs: type
    ours: type  # one of tickertape's two classes; `theirs` becomes one of its bases
    replacement: type  # `ours`, or its subclass with tensorboardX's parameters


_replaced: list[_Replaced] = []
_carried_over: list[tuple[type, str, Any]] = []  # methods set on our class: their names, and what was there


def install(*, clean_tags: bool = False) -> None:
    """Replaces SummaryWriter and FileWriter of `torch.utils.tensorboard` and `tensorboardX` by ours.

    Call it before any module imports these classes by name: such a module keeps the old class, and a warning names it.
    isinstance is true both ways: our writers are instances of the old classes, and writers of the old classes are
    instances of ours. A second call changes nothing but `clean_tags`, and checks and warns again. `uninstall()` undoes it.

    The class that code imports says what it was written for: `torch.utils.tensorboard.SummaryWriter` becomes
    `tickertape.SummaryWriter`, which writes as torch does, and `tensorboardX.SummaryWriter` a subclass of it, which writes as
    tensorboardX does. docs/migration.md lists what that is.

    Args:
        clean_tags: tensorboardX's classes also replace characters in tags, as tensorboardX does. Otherwise tags stay as they
            are given.

    Warns:
        UserWarning: modules have imported the old classes by name.
    """
    if check.flag(clean_tags, "clean_tags") or "tickertape.integrations.tensorboardx" in sys.modules:
        from tickertape.integrations import tensorboardx  # noqa: PLC0415  # install() itself imports little

        tensorboardx.SummaryWriter.clean_tags = clean_tags
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
    for name in _PACKAGES:
        module = sys.modules.get(name)
        if module is not None:
            _replace(module)
    too_late = sorted({name for change in _replaced for name in _holders(change.theirs)})
    if too_late:
        notices.warn(
            f"tickertape.install() came too late for {', '.join(too_late)}: the SummaryWriter imported there is still the "
            "old one. Call install() before these are imported, or start with `python -m tickertape run script.py`."
        )


def uninstall() -> None:
    """Undoes install(): the packages have their own classes again. Our writers that are open keep working."""
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, _Finder)]
    while _replaced:
        change = _replaced.pop()
        for module in _modules_of(change.package):
            _swap(module, change.replacement, change.theirs)
        change.ours.__bases__ = tuple(base for base in change.ours.__bases__ if base is not change.theirs)
    while _carried_over:
        _set_method(*_carried_over.pop())
    instance_bridge.replaced_classes.clear()
    observers.replaced.clear()


def _replace(module: ModuleType) -> None:
    """Replaces the classes that `module` defines by ours, in all modules of its package."""
    package = _PACKAGES[module.__name__]
    for name in _NAMES:
        theirs = vars(module).get(name)
        if not isinstance(theirs, type) or issubclass(theirs, _ours(name)):
            continue  # ours already
        change = _Replaced(package, name, theirs, _ours(name), _replacement(package, name))
        _replaced.append(change)
        _relate(change)
        for holder in {module, *_modules_of(package)}:
            _swap(holder, theirs, change.replacement)


def _ours(name: str) -> Any:
    from tickertape import writer  # noqa: PLC0415  # install() itself imports little

    return getattr(writer, name)


def _replacement(package: str, name: str) -> type:
    if package != "tensorboardX":
        return _ours(name)  # type: ignore[no-any-return]
    from tickertape.integrations import tensorboardx  # noqa: PLC0415  # as above

    return getattr(tensorboardx, name)  # type: ignore[no-any-return]


def _relate(change: _Replaced) -> None:
    """Makes isinstance true both ways, and keeps methods that others have patched on the old class."""
    # After all bases of our class: a private method of theirs that other code calls is then found.
    change.ours.__bases__ = (*change.ours.__bases__, change.theirs)
    bridge = instance_bridge.replaced_classes
    bridge[change.ours] = (*bridge.get(change.ours, ()), change.theirs)
    if change.replacement is not change.ours:
        bridge[change.replacement] = (*bridge.get(change.replacement, ()), change.ours, change.theirs)
    if change.name == "FileWriter":
        observers.replaced.append(change.theirs)
    else:
        for name in observers.patched_methods(change.theirs):
            # A patched method ends in the old one, which writes through our _get_file_writer.
            if name.startswith("add_"):
                _carried_over.append((change.ours, name, vars(change.ours).get(name)))
                _set_method(change.ours, name, recording.gated(vars(change.theirs)[name]))


def _set_method(cls: type, name: str, method: Any) -> None:
    """Puts a method on a class; None takes it off."""
    if method is None:
        delattr(cls, name)
    else:
        setattr(cls, name, method)


def _swap(module: ModuleType, old: type, new: type) -> None:
    for name, value in list(vars(module).items()):
        if value is old:
            setattr(module, name, new)


def _modules_of(package: str) -> list[ModuleType]:
    return [
        module
        for name, module in list(sys.modules.items())
        if module is not None and (name == package or name.startswith(package + "."))
    ]


def _holders(theirs: type) -> Iterator[str]:
    """The modules that have an old class under any name. Reading their dicts imports and computes nothing."""
    # Some modules have two names: __mp_main__ is __main__.
    names = {id(module): (name, module) for name, module in reversed(list(sys.modules.items()))}
    for name, module in names.values():
        members = getattr(module, "__dict__", None)
        if isinstance(members, dict) and any(value is theirs for value in list(members.values())):
            yield name


class _Finder(MetaPathFinder):
    """Asks the other finders for the modules that define writers, and wraps the loader that they return."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in _PACKAGES:
            return None
        for finder in sys.meta_path:
            find_spec = getattr(finder, "find_spec", None)
            if isinstance(finder, _Finder) or find_spec is None:
                continue
            spec: ModuleSpec | None = find_spec(fullname, path, target)
            if spec is not None:
                if spec.loader is not None:
                    spec.loader = _Loader(spec.loader)
                return spec
        return None


class _Loader(Loader):
    """Runs a module as its own loader does, then replaces the writers in it."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        # The module gets its own loader back, which inspect and pkgutil use.
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        _replace(module)
