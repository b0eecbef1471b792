"""What public methods take, for type checkers. At run time anything is tried, and refused with the argument's name."""

from __future__ import annotations

from os import PathLike
from typing import (
    TYPE_CHECKING,
    Any,
    Literal,
    Protocol,
    SupportsFloat,
    SupportsIndex,
    SupportsInt,
    TypeAlias,
    TypeVar,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

T_co = TypeVar("T_co", covariant=True)


class HasItem(Protocol):
    """An array or tensor of one element, of any library."""

    def item(self) -> Any:
        """The element."""


class HasArray(Protocol):
    """An array or tensor of NumPy, torch, JAX, ..., or a data frame."""

    def __array__(self) -> Any:
        """As a NumPy array."""


class HasArrayInterface(Protocol):
    """An array of another library, e.g. a picture of Pillow."""

    @property
    def __array_interface__(self) -> dict[str, Any]: ...


class HasDlpack(Protocol):
    """An array of another library, e.g. of CuPy."""

    def __dlpack__(self) -> Any:
        """As DLPack's capsule."""


class Nested(Protocol[T_co]):
    """A list, tuple or other sequence of elements, or of such sequences. A str is none: its `in` takes no object."""

    def __len__(self) -> int: ...
    def __contains__(self, value: object, /) -> bool: ...
    def __getitem__(self, index: int, /) -> T_co | Nested[T_co]: ...
    def index(self, value: Any, /) -> int:
        """Which a dict does not have."""


# One number: a list, a dict and None are none.
Scalar: TypeAlias = SupportsFloat | SupportsIndex | HasItem | str
Scalars: TypeAlias = "Mapping[str, Scalar | Scalars]"
Step: TypeAlias = SupportsInt | SupportsIndex | str | None
WallTime: TypeAlias = SupportsFloat | SupportsIndex | None
OnFull: TypeAlias = Literal["block", "drop"]
OnError: TypeAlias = Literal["warn", "raise"]
Ranks: TypeAlias = Literal["all", "zero"]
ImageEncoding: TypeAlias = Literal["png", "jpeg", "webp"]
Foreign: TypeAlias = HasArray | HasArrayInterface | HasDlpack
Real: TypeAlias = SupportsFloat | SupportsIndex
Pixels: TypeAlias = Foreign | Nested[float | Foreign]
Array: TypeAlias = float | Foreign | Nested[float | Foreign]
ComplexArray: TypeAlias = complex | Foreign | Nested[complex | Foreign]
Texts: TypeAlias = str | bytes | Nested[str | bytes]
Path: TypeAlias = str | bytes | PathLike[str] | PathLike[bytes]
Bins: TypeAlias = (
    Literal["tensorflow", "auto", "fd", "doane", "scott", "stone", "rice", "sturges", "sqrt"]
    | SupportsIndex
    | Array
)
# fmt: off
# Permutations of HW, CHW and NCHW; lower case works as well, but is not listed.
Dataformats: TypeAlias = Literal[
    "HW", "WH", "CHW", "CWH", "HCW", "HWC", "WCH", "WHC", "NCHW", "NCWH", "NHCW", "NHWC",
    "NWCH", "NWHC", "CNHW", "CNWH", "CHNW", "CHWN", "CWNH", "CWHN", "HNCW", "HNWC", "HCNW", "HCWN",
    "HWNC", "HWCN", "WNCH", "WNHC", "WCNH", "WCHN", "WHNC", "WHCN",
]
# Permutations of NTCHW.
VideoDataformats: TypeAlias = Literal[
    "NTCHW", "NTCWH", "NTHCW", "NTHWC", "NTWCH", "NTWHC", "NCTHW", "NCTWH", "NCHTW", "NCHWT", "NCWTH", "NCWHT",
    "NHTCW", "NHTWC", "NHCTW", "NHCWT", "NHWTC", "NHWCT", "NWTCH", "NWTHC", "NWCTH", "NWCHT", "NWHTC", "NWHCT",
    "TNCHW", "TNCWH", "TNHCW", "TNHWC", "TNWCH", "TNWHC", "TCNHW", "TCNWH", "TCHNW", "TCHWN", "TCWNH", "TCWHN",
    "THNCW", "THNWC", "THCNW", "THCWN", "THWNC", "THWCN", "TWNCH", "TWNHC", "TWCNH", "TWCHN", "TWHNC", "TWHCN",
    "CNTHW", "CNTWH", "CNHTW", "CNHWT", "CNWTH", "CNWHT", "CTNHW", "CTNWH", "CTHNW", "CTHWN", "CTWNH", "CTWHN",
    "CHNTW", "CHNWT", "CHTNW", "CHTWN", "CHWNT", "CHWTN", "CWNTH", "CWNHT", "CWTNH", "CWTHN", "CWHNT", "CWHTN",
    "HNTCW", "HNTWC", "HNCTW", "HNCWT", "HNWTC", "HNWCT", "HTNCW", "HTNWC", "HTCNW", "HTCWN", "HTWNC", "HTWCN",
    "HCNTW", "HCNWT", "HCTNW", "HCTWN", "HCWNT", "HCWTN", "HWNTC", "HWNCT", "HWTNC", "HWTCN", "HWCNT", "HWCTN",
    "WNTCH", "WNTHC", "WNCTH", "WNCHT", "WNHTC", "WNHCT", "WTNCH", "WTNHC", "WTCNH", "WTCHN", "WTHNC", "WTHCN",
    "WCNTH", "WCNHT", "WCTNH", "WCTHN", "WCHNT", "WCHTN", "WHNTC", "WHNCT", "WHTNC", "WHTCN", "WHCNT", "WHCTN",
]
# fmt: on
