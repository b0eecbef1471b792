"""What an unknown keyword argument was probably meant to be: `step=` is `global_step=`, as the message then says."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")

# Names of other loggers and of habit, to torch's: the first that the method has.
_MEANT = {
    **dict.fromkeys(("step", "steps", "epoch", "iteration", "iter", "n_iter"), ("global_step",)),
    **dict.fromkeys(("name", "key", "main_tag", "tags"), ("tag", "main_tag")),
    **dict.fromkeys(
        ("value", "values", "data", "scalar", "image", "images", "img", "audio", "sound", "video", "text", "scalars"),
        (
            *("scalar_value", "values", "img_tensor", "snd_tensor", "vid_tensor", "text_string"),
            *("tag_scalar_dict", "tensor", "vertices", "mat"),
        ),
    ),
    **dict.fromkeys(("wall_time", "time", "timestamp"), ("walltime",)),
    **dict.fromkeys(("dataformat", "data_format", "format", "layout"), ("dataformats",)),
    **dict.fromkeys(("logdir", "dir", "directory", "path"), ("log_dir",)),
}  # fmt: skip


def hint(unknown: str, parameters: Collection[str]) -> str:
    """The end of a message about the keyword `unknown` of a function with these parameters; "" if nothing is like it."""
    meant = [name for name in _MEANT.get(unknown, ()) if name in parameters]
    if not meant:
        import difflib  # noqa: PLC0415  # for an error only

        meant = difflib.get_close_matches(unknown, parameters, 1)
    return f"; did you mean {meant[0]!r}?" if meant else ""


def unknown_error(called: str, name: str, parameters: Collection[str]) -> TypeError:
    """The error of a call with a keyword that no parameter has, as Python words it."""
    return TypeError(f"{called} got an unexpected keyword argument {name!r}{hint(name, parameters)}")


def explained(method: Callable[_Parameters, _Result]) -> Callable[_Parameters, _Result]:
    """`method`; if it is called with an unknown keyword, the error of Python names the one that was probably meant."""

    @functools.wraps(method)
    def call(*args: _Parameters.args, **kwargs: _Parameters.kwargs) -> _Result:
        try:
            return method(*args, **kwargs)
        except TypeError as error:
            import inspect  # noqa: PLC0415  # as above

            is_of_method = error.__traceback__ is not None and error.__traceback__.tb_next is not None
            parameters = inspect.signature(method).parameters
            unknown = [name for name in kwargs if name not in parameters]
            if unknown and not is_of_method:
                error.args = (f"{error}{hint(unknown[0], parameters)}",)
            raise

    return call
