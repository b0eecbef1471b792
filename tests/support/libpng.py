"""The system's libpng as a second reader of PNG files, through its simplified interface (png.h, section 8)."""

import ctypes
import ctypes.util

import numpy as np

_VERSION = 1  # PNG_IMAGE_VERSION
_ALPHA, _COLOR, _LINEAR, _COLORMAP = 1, 2, 4, 8  # PNG_FORMAT_FLAG_*


class _Image(ctypes.Structure):
    _fields_ = [
        ("opaque", ctypes.c_void_p),
        ("version", ctypes.c_uint32),
        ("width", ctypes.c_uint32),
        ("height", ctypes.c_uint32),
        ("format", ctypes.c_uint32),
        ("flags", ctypes.c_uint32),
        ("colormap_entries", ctypes.c_uint32),
        ("warning_or_error", ctypes.c_uint32),
        ("message", ctypes.c_char * 64),
    ]


def _load():
    try:
        library = ctypes.CDLL(ctypes.util.find_library("png16") or "libpng16.so.16")
    except OSError:
        return None
    pointer = ctypes.POINTER(_Image)
    library.png_image_begin_read_from_memory.argtypes = [pointer, ctypes.c_char_p, ctypes.c_size_t]
    library.png_image_finish_read.argtypes = [
        pointer,
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.c_int32,
        ctypes.c_void_p,
    ]
    library.png_image_free.argtypes = [pointer]
    library.png_image_free.restype = None
    return library


_library = _load()
MISSING = "libpng16 is not installed" if _library is None else ""


def pixels(png):
    """A PNG's pixels, [H, W] or [H, W, C], 8 bits each, in the file's own channels.

    Raises:
        ValueError: libpng has an error, or only a warning.
    """
    image = _Image(version=_VERSION)
    _library.png_image_begin_read_from_memory(image, png, len(png))
    decoded = None
    if not image.warning_or_error:
        assert not image.format & (_LINEAR | _COLORMAP), image.format
        channels = 1 + bool(image.format & _ALPHA) + 2 * bool(image.format & _COLOR)
        decoded = np.empty((image.height, image.width, channels), np.uint8)
        _library.png_image_finish_read(image, None, decoded.ctypes.data, 0, None)
    _library.png_image_free(image)
    if image.warning_or_error:
        raise ValueError(image.message.decode())
    return decoded[:, :, 0] if decoded.shape[2] == 1 else decoded
