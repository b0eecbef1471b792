"""Event files of the processes of one job: their names, and ranks="zero"."""

import pickle
import socket
import warnings

import pytest
import tickertape
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tickertape import FileWriter, SummaryWriter
from tickertape.cli import living
from tickertape.reader import event_names
from torch.utils.tensorboard import summary as torch_summary
from unit.writer import test_null


@pytest.fixture
def as_rank(monkeypatch):
    """Makes this process a rank of a job of 4."""

    def become(number, world_size=4):
        monkeypatch.setenv("RANK", str(number))
        monkeypatch.setenv("WORLD_SIZE", str(world_size))

    return become


def names(directory):
    return sorted(path.name for path in directory.iterdir())


def test_the_name_of_the_file_says_the_rank(tmp_path, as_rank):
    as_rank(2)
    with SummaryWriter(tmp_path / "run", filename_suffix=".mine") as writer:
        writer.add_scalar("a", 1.0, 1)
        writer.add_scalars("s", {"x": 1.0}, 1)
        writer.add_hparams({"lr": 0.1}, {"loss": 1.0}, run_name="trial")
    files = [path for path in (tmp_path / "run").rglob("*tfevents*") if path.is_file()]
    assert len(files) == 3
    assert all(path.name.endswith(".rank2.mine") for path in files)
    (name,) = (path.name for path in files if path.parent.name == "run")
    # What tools read of a name: torch's form with seconds, host and process.
    assert name.split(".tfevents.")[1].partition(".")[2].startswith(f"{socket.gethostname()}.")
    assert living._MADE.search(name)[2] == socket.gethostname()
    assert event_names.order(name)[0] > 1_600_000_000
    events = EventAccumulator(str(tmp_path / "run")).Reload()
    assert [event.step for event in events.Scalars("a")] == [1]


def test_files_of_a_rank_sort_in_the_order_of_their_making(tmp_path, as_rank):
    as_rank(1)
    made = []
    for _ in range(12):
        with SummaryWriter(tmp_path) as writer:
            made.append(writer.file_writer.event_writer.path.rpartition("/")[2])
    assert made == sorted(made) == sorted(made, key=event_names.order)


def test_one_process_has_names_without_a_rank(tmp_path, as_rank):
    as_rank(0, world_size=1)
    with SummaryWriter(tmp_path):
        pass
    (name,) = names(tmp_path)
    assert "rank" not in name.removeprefix("events.out.tfevents.").replace(socket.gethostname(), "")


def test_zero_makes_the_others_write_nothing(tmp_path, as_rank):
    as_rank(1)
    with SummaryWriter(tmp_path / "run", ranks="zero") as writer:
        assert not writer.write_to_disk
        test_null.everything(writer)
        with pytest.raises(ValueError, match="scalar_value"):
            writer.add_scalar("a", "no number")
    file_writer = FileWriter(tmp_path / "files", ranks="zero")
    file_writer.add_summary(torch_summary.scalar("a", 1.0), 1)
    file_writer.close()
    assert names(tmp_path) == []
    as_rank(0)
    with SummaryWriter(tmp_path / "run", ranks="zero") as writer:
        assert writer.write_to_disk
        writer.add_scalar("a", 1.0, 1)
    (name,) = names(tmp_path / "run")
    assert name.endswith(".rank0")


def test_a_pickled_writer_asks_where_it_arrives(tmp_path, as_rank):
    as_rank(1)
    writer, file_writer = (
        SummaryWriter(tmp_path / "a", ranks="zero"),
        FileWriter(tmp_path / "b", ranks="zero"),
    )
    sent = pickle.dumps(writer), pickle.dumps(file_writer)
    as_rank(0)
    arrived = [pickle.loads(one) for one in sent]
    arrived[0].add_scalar("a", 1.0, 1)
    for one in arrived:
        one.close()
    assert len(names(tmp_path / "a")) == len(names(tmp_path / "b")) == 1
    as_rank(3)
    with pickle.loads(sent[0]) as again:
        again.add_scalar("a", 2.0, 2)
    assert len(names(tmp_path / "a")) == 1


def test_what_ranks_may_be(tmp_path):
    for make in (SummaryWriter, FileWriter):
        with pytest.raises(ValueError, match="ranks: expected 'all' or 'zero', got 'first'"):
            make(tmp_path / "run", ranks="first")
    assert names(tmp_path) == []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        SummaryWriter(tmp_path / "run", ranks="all").close()
    assert isinstance(tickertape.read(tmp_path)["run"], tickertape.reader.runs.Run)
