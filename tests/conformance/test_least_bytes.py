"""An event file of scalars has the fewest bytes that the format allows: each Event as protobuf serialises it."""

import os
from collections import Counter

import tickertape
from support import oracle

TAGS = [f"metrics/{index}" for index in range(20)]
STEPS = 50_000  # 1 M scalars
RECORD = 16  # of a TFRecord besides its data: length, its CRC, the data's CRC


def test_a_million_scalars_of_twenty_tags(tmp_path):
    with tickertape.SummaryWriter(tmp_path) as writer:
        for step in range(STEPS):
            for tag in TAGS:
                writer.add_scalar(tag, 0.5, step)
    path = oracle.only_file(tmp_path)
    # Only the length of the tag and of the step's varint changes an Event's size.
    kinds = Counter((len(tag), step.bit_length()) for tag in TAGS for step in range(STEPS))
    with path.open("rb") as file:
        opening = RECORD + int.from_bytes(file.read(8), "little")
    scalars = sum(count * record_bytes(*kind) for kind, count in kinds.items())
    assert path.stat().st_size == opening + scalars
    with path.open("rb") as file:  # the last record is what protobuf makes of it
        file.seek(-record_bytes(len(TAGS[-1]), (STEPS - 1).bit_length()), os.SEEK_END)
        record = file.read()
    event = oracle.Event.FromString(record[12:-4])
    assert (event.step, event.summary.value[0].tag) == (STEPS - 1, TAGS[-1])
    assert oracle.frame(event.SerializeToString()) == record


def record_bytes(tag_length, step_bits):
    """The size of a record whose Event protobuf has serialised."""
    event = oracle.Event(wall_time=1.5, step=2**step_bits - 1)
    event.summary.value.add(tag="t" * tag_length, simple_value=0.5)
    return RECORD + len(event.SerializeToString())
