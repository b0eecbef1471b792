"""Makes the golden event files of TensorFlow: TF1 style (tf.compat.v1.summary) and TF2 style (tf.summary).

Usage: python tests/golden/make_tensorflow.py   (needs tensorflow-cpu in an environment of its own; writes
tests/golden/events/tensorflow-<version>/)

TensorFlow is too large for the test set, so its files are kept. tests/conformance/test_golden_tensorflow.py compares what the
reader finds in them with TensorBoard's loaders.
"""

import shutil
import tempfile
from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorboard.plugins.custom_scalar import layout_pb2
from tensorboard.plugins.custom_scalar import summary as custom_scalar
from tensorboard.plugins.hparams import api as hp
from tensorboard.plugins.mesh import summary_v2 as mesh_v2
from tensorboard.plugins.pr_curve import summary as pr_curve

EVENTS = Path(__file__).with_name("events") / f"tensorflow-{tf.__version__}"
STEPS = 3
TENSORS = (
    *("float16", "bfloat16", "float32", "float64", "complex64", "complex128", "bool", "string"),
    *("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"),
)


def log_tf1(folder):
    """Everything that tf.compat.v1 logs, in two files of one run: the second one begins with a restart."""
    v1 = tf.compat.v1
    with tf.Graph().as_default() as graph:
        loss = v1.placeholder(tf.float32, [], "loss_in")
        values = v1.placeholder(tf.float32, [None], "values_in")
        v1.summary.scalar("loss", loss)
        v1.summary.histogram("weights", values)
        v1.summary.image("image", tf.reshape(values[:24], [2, 3, 4, 1]), max_outputs=2)
        v1.summary.audio("sound", tf.reshape(values[:20] / 24, [1, 20, 1]), sample_rate=8000)
        v1.summary.text("words", tf.constant(["some *text*", "ünïcode"]))
        v1.summary.tensor_summary("tensor", tf.reshape(values[:6], [2, 3]))
        pr_curve.op("curve", values[:4] > 1, values[:4] / 4, num_thresholds=5)
        merged = v1.summary.merge_all()
        with v1.Session() as session:
            writer = v1.summary.FileWriter(folder, graph)
            writer.add_session_log(v1.SessionLog(status=v1.SessionLog.START), global_step=0)
            writer.add_meta_graph(v1.train.export_meta_graph(graph=graph, clear_devices=True))
            for step in range(STEPS):
                metadata = v1.RunMetadata()
                options = v1.RunOptions(trace_level=v1.RunOptions.SOFTWARE_TRACE)
                fed = {loss: 1 / (step + 1), values: np.arange(24) + step}
                summary = session.run(merged, fed, options=options, run_metadata=metadata)
                writer.add_summary(summary, step)
                if step == 0:
                    del metadata.step_stats.dev_stats[:]  # large, and of this machine
                    writer.add_run_metadata(metadata, "step0", step)
            layout = layout_pb2.Layout(category=[layout_pb2.Category(title="all")])
            writer.add_summary(session.run(custom_scalar.op(layout)), 0)
            writer.close()
            again = v1.summary.FileWriter(folder, filename_suffix=".again")
            again.add_session_log(v1.SessionLog(status=v1.SessionLog.START), global_step=1)
            for step in range(1, STEPS):
                fed = {loss: 10 / (step + 1), values: np.arange(24) - step}
                again.add_summary(session.run(merged, fed), step)
            again.add_session_log(v1.SessionLog(status=v1.SessionLog.STOP), global_step=STEPS)
            again.close()


def tensor_of(dtype):
    """Two elements of a type."""
    if dtype == "string":
        return tf.constant(["a", "b\0c"])
    if dtype == "bool":
        return tf.constant([True, False])
    return tf.cast(tf.constant([0, 3]), dtype)


def log_tf2(folder):
    """Everything that tf.summary and TensorBoard's plugins for it log."""
    with tf.summary.create_file_writer(folder).as_default():
        tf.summary.trace_on(graph=True)
        tf.function(lambda x: x * 2)(tf.constant(1.0))
        tf.summary.trace_export("traced", step=0)
        for step in range(STEPS):
            values = tf.range(24, dtype=tf.float32) + step
            tf.summary.scalar("loss", 1 / (step + 1), step, description="how *bad* it is")
            tf.summary.histogram("weights", values, step, buckets=5)
            tf.summary.image("image", tf.reshape(values / 32, [2, 3, 4, 1]), step)
            tf.summary.audio("sound", tf.reshape(values / 32, [2, 12, 1]), 8000, step)
            tf.summary.text("words", ["some *text*", "ünïcode"], step)
            mesh_v2.mesh("mesh", tf.reshape(values[:12], [1, 4, 3]), step=step)
        for dtype in TENSORS:
            tf.summary.write(f"tensor/{dtype}", tensor_of(dtype), step=0)
            tf.summary.write(f"number/{dtype}", tensor_of(dtype)[1], step=0)
        tf.summary.write("empty", tf.zeros([0, 3]), step=0)
        hp.hparams({"lr": 0.1, "layers": 3, "name": "x", "on": True}, trial_id="trial", start_time_secs=1.0)


def main():
    shutil.rmtree(EVENTS, ignore_errors=True)
    for name, log in (("tf1", log_tf1), ("tf2", log_tf2)):
        with tempfile.TemporaryDirectory() as folder:
            log(folder)
            target = EVENTS / name
            target.mkdir(parents=True)
            for number, path in enumerate(sorted(Path(folder).iterdir())):
                # the machine's name and the process are not for a repository
                ending = path.name.rpartition(".")[2] if name == "tf1" and number else "v2" * (name == "tf2")
                shutil.copy(
                    path, target / f"events.out.tfevents.{number + 1}.host.1.{number}.{ending}".rstrip(".")
                )


main()
