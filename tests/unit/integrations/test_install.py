"""install(): who hands out our writers, when, and what isinstance says. Each case in a process of its own."""

import inspect

import pytest
import tensorboardX
from support import oracle
from tickertape.integrations import tensorboardx

pytest.importorskip("torch", reason="what is installed over")

# What a script sees, whatever was imported before install().
HANDED_OUT = """
import tickertape, torch.utils.tensorboard, tensorboardX
from torch.utils.tensorboard import SummaryWriter, FileWriter
assert SummaryWriter is torch.utils.tensorboard.writer.SummaryWriter is tickertape.SummaryWriter
assert FileWriter is torch.utils.tensorboard.writer.FileWriter is tickertape.FileWriter
assert issubclass(tensorboardX.SummaryWriter, tickertape.SummaryWriter)
assert issubclass(tensorboardX.FileWriter, tickertape.FileWriter)
assert tensorboardX.global_writer.SummaryWriter is tensorboardX.writer.SummaryWriter is tensorboardX.SummaryWriter
assert inspect.getsource(torch.utils.tensorboard.writer).startswith("# mypy")
"""
ORDERS = {
    "install first": "import tickertape\ntickertape.install()",
    "twice": "import tickertape\ntickertape.install()\ntickertape.install()",
    "imported before": (
        "import torch.utils.tensorboard, tensorboardX, tickertape\n"
        "tickertape.install()\n"
        "assert isinstance(tensorboardX.FileWriter, type)"
    ),
    "one of each": "import tensorboardX, tickertape\ntickertape.install()",
    "uninstalled between": "import tickertape\ntickertape.install()\ntickertape.uninstall()\ntickertape.install()",
}


@pytest.mark.parametrize("order", ORDERS)
def test_packages_hand_out_ours(run_script, order):
    run_script("import inspect\n" + ORDERS[order] + HANDED_OUT, flags=("-W", "error::UserWarning"))


def test_nothing_is_imported(run_script):
    run_script(
        """
import sys, tickertape
tickertape.install()
assert not {"torch", "tensorboard", "tensorboardX", "numpy.testing"} & set(sys.modules)
tickertape.uninstall()
assert not any("tickertape" in type(finder).__module__ for finder in sys.meta_path)
"""
    )


def test_isinstance_both_ways(run_script):
    run_script(
        """
import torch.utils.tensorboard as tt, tensorboardX as tx, tickertape
old, old_x, early = tt.SummaryWriter("old"), tx.SummaryWriter("old_x"), tickertape.SummaryWriter("early")
classes = {"torch": (tt.SummaryWriter, tt.FileWriter), "tbx": (tx.SummaryWriter, tx.FileWriter)}
tickertape.install()
ours, ours_x = tt.SummaryWriter("ours"), tx.SummaryWriter("ours_x")

class Theirs(classes["torch"][0]):
    pass

class Mine(tickertape.SummaryWriter):
    pass

mine, theirs = Mine("mine"), Theirs("theirs")
for writer in (old, old_x, early, ours, ours_x, mine, theirs):
    assert isinstance(writer, tt.SummaryWriter) and isinstance(writer, tickertape.SummaryWriter)
    assert isinstance(writer.file_writer, tt.FileWriter), writer
for writer in (old_x, early, ours, ours_x, mine):
    assert isinstance(writer, tx.SummaryWriter)
for writer in (early, ours, ours_x, mine):
    assert all(isinstance(writer, pair[0]) for pair in classes.values())
    assert all(isinstance(writer.file_writer, pair[1]) for pair in classes.values())
assert isinstance(mine, Mine) and not any(isinstance(w, Mine) for w in (old, early, ours, ours_x))
assert not isinstance(1, tt.SummaryWriter) and not isinstance(None, tx.SummaryWriter)
assert issubclass(classes["torch"][0], tt.SummaryWriter) and issubclass(tt.SummaryWriter, classes["torch"][0])

tickertape.uninstall()
assert (tt.SummaryWriter, tt.FileWriter) == (tt.writer.SummaryWriter, tt.writer.FileWriter) == classes["torch"]
assert (tx.SummaryWriter, tx.FileWriter) == (tx.writer.SummaryWriter, tx.writer.FileWriter) == classes["tbx"]
assert not any(isinstance(w, c[0]) for w in (early, ours, ours_x, mine) for c in classes.values())
assert not isinstance(old, tickertape.SummaryWriter)
for writer in (old, old_x, early, ours, ours_x, mine):
    writer.add_scalar("goes/on", 1.0, 1)
    writer.close()
"""
    )


def test_late_install_names_the_modules(run_script):
    printed = run_script(
        """
import sys, types, warnings
import tickertape, torch.utils.tensorboard, tensorboardX
from torch.utils.tensorboard import SummaryWriter

def module(name, **members):
    sys.modules[name] = types.ModuleType(name)
    vars(sys.modules[name]).update(members)

module("trainer.logger", SummaryWriter=SummaryWriter)
module("trainer.renamed", Renamed=tensorboardX.writer.FileWriter)
module("trainer.innocent", tensorboard=torch.utils.tensorboard)
sys.modules["trainer.nothing"] = None
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    tickertape.install()
(warning,) = caught
print(warning.filename == __file__, warning.category.__name__, warning.message)
writer = SummaryWriter("old")
assert type(writer).__module__ == "torch.utils.tensorboard.writer"
writer.add_scalar("a", 1.0, 0)
writer.close()
"""
    )
    assert printed.startswith(
        "True UserWarning tickertape.install() came too late for __main__, trainer.logger, trainer.renamed: "
    )


def test_subclass_that_mixes_in_an_abstract_class(run_script):
    run_script(
        """
import abc, tickertape
tickertape.install()
from torch.utils.tensorboard import SummaryWriter

class Logger(abc.ABC):
    @abc.abstractmethod
    def log_metrics(self, metrics): ...

class Writer(Logger, SummaryWriter):
    def log_metrics(self, metrics):
        for tag, value in metrics.items():
            self.add_scalar(tag, value)

with Writer("run") as writer:
    writer.log_metrics({"a": 1.0})
assert tickertape.read_scalars("run")["a"].value.tolist() == [1.0]
"""
    )


def test_tensorboardx_parameters():
    theirs = inspect.signature(tensorboardX.SummaryWriter.__init__).parameters
    ours = inspect.signature(tensorboardx.SummaryWriter.__init__).parameters
    assert [(p.name, p.kind) for p in ours.values()] == [(p.name, p.kind) for p in theirs.values()]
    assert [p.default for p in ours.values() if p.name != "comet_config"] == [
        p.default for p in theirs.values() if p.name != "comet_config"
    ]
    theirs = inspect.signature(tensorboardX.FileWriter.__init__).parameters
    ours = inspect.signature(tensorboardx.FileWriter.__init__).parameters
    assert [(p.name, p.default) for p in ours.values()] == [(p.name, p.default) for p in theirs.values()]


@pytest.mark.parametrize("name", ["SummaryWriter", "FileWriter"])
def test_tensorboardx_methods(name):
    for method, theirs in inspect.getmembers(getattr(tensorboardX, name), inspect.isfunction):
        if not method.startswith("_"):
            ours = getattr(getattr(tensorboardx, name), method)
            expected = list(inspect.signature(theirs).parameters)
            assert list(inspect.signature(ours).parameters)[: len(expected)] == expected, method


def test_tensorboardx_order_of_parameters(tmp_path):
    for module in (tensorboardX, tensorboardx):
        with module.SummaryWriter(str(tmp_path / module.__name__)) as writer:
            writer.add_scalar("a", 1.5, 3, 7.5, "name", "description")
    theirs, ours = (oracle.logged(tmp_path / module.__name__) for module in (tensorboardX, tensorboardx))
    assert theirs == ours


def test_tensorboardx_that_writes_nothing(tmp_path):
    with tensorboardx.SummaryWriter(str(tmp_path / "a"), write_to_disk=False) as writer:
        writer.add_scalar("a", 1.0, 0)
        writer.add_histogram("h", [1.0, 2.0], 0)
    assert not list(tmp_path.iterdir())


def test_tensorboardx_writer(tmp_path):
    with tensorboardx.SummaryWriter(logdir=tmp_path / "a", flush_secs=1, anything="else") as writer:
        assert writer.logdir == writer.log_dir == tmp_path / "a"
    for module in (tensorboardX, tensorboardx):
        with module.SummaryWriter(str(tmp_path / "b"), log_dir=str(tmp_path / "unused")) as writer:
            assert writer.logdir == str(tmp_path / "b")
    with tensorboardx.SummaryWriter(tmp_path / "c", None, filename_suffix=None) as writer:
        assert writer.filename_suffix == ""
    file_writer = tensorboardx.FileWriter(logdir=tmp_path / "d")
    file_writer.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b", "c", "d"]


def test_import_error_is_theirs(run_script):
    run_script(
        """
import sys, tickertape
tickertape.install()
sys.modules["tensorboard"] = None
try:
    from torch.utils.tensorboard import SummaryWriter
except ImportError as error:
    assert "tensorboard" in str(error)
del sys.modules["tensorboard"]
from torch.utils.tensorboard import SummaryWriter
assert SummaryWriter is tickertape.SummaryWriter
"""
    )
