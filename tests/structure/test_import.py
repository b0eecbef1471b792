"""`import tickertape` is light, and its public names are there."""

import importlib
import importlib.metadata
import pkgutil

import pytest
import tickertape

HEAVY = (
    "torch",
    "tensorboard",
    "tensorboardX",
    "tensorflow",
    "google.protobuf",
    "PIL",
    "matplotlib",
    "sklearn",
    "jax",
)
CHECK = f"""
import sys
heavy = [name for name in {HEAVY} if name in sys.modules]
assert not heavy, heavy
"""

# What `from tickertape import SummaryWriter` loads: what each writer and the frequent calls below need. A module takes a
# tenth of a millisecond at least, so other topics are imported when they are called.
LOADED = {
    "_core", "_lazy", "convert", "convert.arrays", "convert.check", "convert.deferred", "convert.device_registry",
    "convert.dtypes", "convert.histogram_edges", "convert.keywords", "convert.notices", "convert.paths", "convert.pixels",
    "convert.protobuf", "convert.rank", "convert.urls", "convert.windows_names", "writer", "writer.file_writer",
    "writer.histograms", "writer.images", "writer.instance_bridge", "writer.lifecycle", "writer.metadata",
    "writer.observation", "writer.recording", "writer.scalars", "writer.summary_writer", "writer.tags", "writer.tensors",
    "writer.texts", "writer.uploads",
}  # fmt: skip

# Calls of a training step, or of `__del__` while the interpreter shuts down: nothing can be imported then.
FREQUENT = """
import sys, numpy as np
from tickertape import SummaryWriter
w = SummaryWriter("run")
w.add_scalars("s", {"x": 1.0}, 0)  # makes a directory
array, image = np.arange(5.0), np.zeros((3, 4, 5), np.uint8)

def frequent():
    w.add_scalar("a", 1.0, 0)
    w.log({"b": 1.0}, 0)
    w.add_scalars("s", {"x": 1.0}, 1)
    w.add_histogram("h", array, 0)
    w.add_image("i", image, 0)
    w.add_text("t", "x", 0)
    w.add_tensor("t", array, 0)
    w.write("w", array, "plugin", 0)
    w.flush()
    w.close()
"""


@pytest.mark.parametrize("package", ["tickertape", "tickertape.reader", "tickertape.writer"])
def test_no_public_name_is_that_of_a_submodule(package):
    """Importing such a submodule would put the module in the place of the function."""
    found = importlib.import_module(package)
    modules = {module.name for module in pkgutil.iter_modules(found.__path__)}
    assert not modules & set(found.__all__)


def test_import_loads_numpy_alone(run_script):
    run_script("import tickertape\n" + CHECK)


def test_a_writer_loads_what_most_runs_need(run_script):
    run_script(
        f"""
import numpy, sys
before = set(sys.modules)
from tickertape import SummaryWriter
loaded = set(sys.modules) - before
ours = {{name.removeprefix("tickertape.") for name in loaded if name.startswith("tickertape.")}}
assert ours == {LOADED}, ours ^ {LOADED}
slow = loaded & {{"numpy.typing", "mmap", "threading", "json", "socket", "inspect"}}
assert not slow, slow
"""
    )


def test_frequent_calls_import_nothing(run_script):
    run_script(
        FREQUENT
        + """
before = set(sys.modules)
frequent()
assert set(sys.modules) == before, set(sys.modules) - before
"""
    )


def test_frequent_calls_work_while_the_interpreter_shuts_down(run_script):
    printed = run_script(
        FREQUENT
        + """
class Late:
    def __del__(self):
        frequent()
        print("done", flush=True)

late = Late()
"""
    )
    assert printed == "done\n"


def test_rare_calls_may_come_first_from_many_threads(run_script):
    run_script(
        """
import threading, numpy as np, tickertape
w = tickertape.SummaryWriter("run")
assert threading.active_count() == 1
barrier = threading.Barrier(8)
failed = []

def call(number):
    barrier.wait()
    try:
        w.add_audio(f"a/{number}", np.zeros(8), 0)
        w.add_pr_curve(f"p/{number}", [0, 1], [0.5, 0.6], 0)
        w.add_mesh(f"m/{number}", np.zeros((1, 3, 3)), global_step=0)
    except BaseException as error:
        failed.append(error)

threads = [threading.Thread(target=call, args=(number,)) for number in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
w.close()
assert not failed, failed
values = [value.tag for event in tickertape.summary_iterator(w._closed_files[0][1]) for value in event.summary.value]
assert len(values) == 8 * 3, values
"""
    )


def test_nothing_but_numpy_is_needed(run_script):
    """Every public name can be had where only the standard library and NumPy can be imported."""
    run_script(
        """
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top not in sys.stdlib_module_names and top not in ("numpy", "tickertape"):
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Refuse())
import tickertape
for name in tickertape.__all__:
    getattr(tickertape, name)
"""
    )


def test_writing_and_reading_load_nothing_heavy(run_script):
    run_script(
        """
import numpy as np, tickertape
with tickertape.SummaryWriter("run") as w:
    w.add_scalar("a", 1.0, 0)
    w.add_scalars("s", {"x": 1})
    w.add_histogram("h", np.arange(5))
    w.add_image("i", np.zeros((3, 4, 5)))
    w.add_images("n", np.zeros((2, 3, 4, 5)))
    w.add_text("t", "x")
    w.add_tensor("t", np.arange(5))
    w.add_pr_curve("p", [0, 1], [0.5, 0.6])
    w.add_embedding(np.eye(3), label_img=np.zeros((3, 3, 4, 4)))
    path = w.file_writer.event_writer._file_name
for event in tickertape.summary_iterator(path):
    for value in event.summary.value:
        repr(value), value.metadata.plugin_data.plugin_name
tickertape.read_scalars("run")
"""
        + CHECK
    )


def test_no_python_thread_is_left_over(run_script):
    run_script(
        """
import threading, tickertape
w = tickertape.SummaryWriter("run")
w.add_scalar("a", 1.0, 0)
w.flush()
assert threading.enumerate() == [threading.main_thread()], threading.enumerate()
"""
    )


@pytest.mark.parametrize("name", tickertape.__all__)
def test_public_names(name):
    assert getattr(tickertape, name) is not None
    assert name in dir(tickertape)


def test_the_reader_need_not_be_imported_by_name(run_script):
    run_script("import tickertape\ntickertape.reader.bundles\n" + CHECK)


def test_unknown_name():
    with pytest.raises(AttributeError, match="nothing"):
        _ = tickertape.nothing


def test_version_is_the_packages():
    try:
        installed = importlib.metadata.version("tickertape")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("runs from the source tree")
    assert tickertape.__version__ == installed


def test_dir_shows_public_names_alone():
    import tickertape.reader
    import tickertape.writer

    assert dir(tickertape) == sorted(tickertape.__all__)
    for package in (tickertape.writer, tickertape.reader):
        assert dir(package) == sorted(package.__all__)
