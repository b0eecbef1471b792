"""JAX arrays: logged while they are computed, as they were at the call, read back by TensorBoard's loader."""

import functools
import threading

import content
import pytest
import tickertape
from tickertape import SummaryWriter

jax = pytest.importorskip("jax")
jnp = jax.numpy


@jax.jit
def slow(seed):
    """Takes some tenths of a second, on another thread."""
    matrix = jnp.full((1200, 1200), seed / 1200)
    return functools.reduce(lambda product, _: product @ matrix / jnp.max(matrix), range(10), matrix)


@jax.jit
def corner(matrix):
    return matrix[0, 0]


@functools.partial(jax.jit, donate_argnums=0)
def next_state(state):
    return state + 1


@pytest.fixture(scope="module", autouse=True)
def compiled():
    slow(1.0).block_until_ready()


def test_a_call_does_not_wait_for_the_computation(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        matrix = slow(2.0)
        value = corner(matrix)
        if value.is_ready():
            pytest.skip("JAX computes before it returns here")
        writer.add_scalar("a", value, 1)
        writer.log({"b": value, "c": value * 2, "host": 1.0}, 2)
        writer.add_scalars("both", {"late": value, "host": 3.0}, 3)
        assert not value.is_ready()
        assert tickertape.stats()["events_late"] == 3
    expected = float(value)
    assert content.scalars(tmp_path) == {
        (".", "a"): [(1, expected)],
        (".", "b"): [(2, expected)],
        (".", "c"): [(2, 2 * expected)],
        (".", "host"): [(2, 1.0)],
        ("both_late", "both"): [(3, expected)],
        ("both_host", "both"): [(3, 3.0)],
    }


def test_donated_memory_is_not_what_is_logged(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        state = corner(slow(3.0)) * 0
        for step in range(50):
            writer.add_scalar("count", state, step)
            writer.log({"also": state}, step)
            state = next_state(state)
    logged = content.scalars(tmp_path)
    assert logged[".", "count"] == logged[".", "also"] == [(step, float(step)) for step in range(50)]


@pytest.mark.parametrize(
    "dtype", ["bool", "uint8", "int8", "int16", "int32", "float16", "bfloat16", "float32", "float8_e4m3fn"]
)
def test_types(tmp_path, dtype):
    with SummaryWriter(tmp_path) as writer:
        value = (corner(slow(1.0)) * 0 + 1).astype(dtype)
        writer.add_scalar("a", value, 1)
        writer.log({"b": value.reshape(1, 1), "c": value}, 1)
    assert list(content.scalars(tmp_path).values()) == [[(1, 1.0)]] * 3


def test_wrong_values_raise_at_the_call(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        with pytest.raises(ValueError, match="scalar_value"):
            writer.add_scalar("a", slow(1.0), 1)
        with pytest.raises(TypeError, match=r"values\['a'\]"):
            writer.log({"a": corner(slow(1.0)) * 1j}, 1)

        def traced(value):
            writer.add_scalar("a", value, 1)
            return value

        with pytest.raises(TypeError, match="scalar_value"):
            jax.jit(traced)(1.0)
    assert content.scalars(tmp_path) == {}


def test_exit_without_close_loses_nothing(run_script, tmp_path):
    run_script("jax_exit.py", tmp_path / "run")
    ((_, logged),) = content.scalars(tmp_path / "run").items()
    assert [step for step, _ in logged] == list(range(5))
    assert len({value for _, value in logged}) == 1


def test_many_threads(tmp_path):
    def log(writer, number):
        for step in range(50):
            writer.add_scalar(str(number), corner(jnp.full((100, 100), float(step))), step)

    with SummaryWriter(tmp_path) as writer:
        threads = [threading.Thread(target=log, args=(writer, number)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    expected = [(step, float(step)) for step in range(50)]
    assert content.scalars(tmp_path) == {(".", str(number)): expected for number in range(4)}


def test_values_that_are_here_take_the_usual_way(tmp_path):
    value = jnp.float32(1.5).block_until_ready()
    with SummaryWriter(tmp_path) as writer:
        writer.add_scalar("a", value, 1)
        assert tickertape.stats()["events_late"] == 0
    assert content.scalars(tmp_path) == {(".", "a"): [(1, 1.5)]}
