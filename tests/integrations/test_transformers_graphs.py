"""add_graph of transformers' own models: tiny ones with random weights, called as their documentation calls them."""

import pytest
import tickertape
from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader
from tensorboard.compat.proto.graph_pb2 import GraphDef

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

SMALL = {"num_hidden_layers": 2, "hidden_size": 16, "num_attention_heads": 2, "intermediate_size": 32}
TOKENS = {
    "input_ids": torch.zeros(1, 5, dtype=torch.long),
    "attention_mask": torch.ones(1, 5, dtype=torch.long),
}
PIXELS = {"pixel_values": torch.zeros(1, 3, 32, 32)}


def encoded(tensors):
    """As a tokenizer returns it."""
    return transformers.BatchEncoding(tensors)


MODELS = {  # model and configuration, input, a part of the graph, a result
    "BERT": (
        "BertModel",
        "BertConfig",
        {**SMALL, "vocab_size": 20},
        encoded(TOKENS),
        "encoder",
        "last_hidden_state",
    ),
    "GPT-2": (
        "GPT2LMHeadModel",
        "GPT2Config",
        {"n_layer": 2, "n_embd": 16, "n_head": 2, "vocab_size": 20, "n_positions": 16},
        encoded(TOKENS),
        "lm_head",
        "logits",
    ),
    "Llama": (
        "LlamaForCausalLM",
        "LlamaConfig",
        {**SMALL, "vocab_size": 20, "num_key_value_heads": 2, "max_position_embeddings": 16},
        TOKENS["input_ids"],
        "lm_head",
        "logits",
    ),
    "ViT": (
        "ViTModel",
        "ViTConfig",
        {**SMALL, "image_size": 32, "patch_size": 16},
        PIXELS,
        "embeddings",
        "last_hidden_state",
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_graph(tmp_path, name):
    model_class, config_class, options, given, part, result = MODELS[name]
    torch.manual_seed(0)
    model = getattr(transformers, model_class)(getattr(transformers, config_class)(**options))
    with tickertape.SummaryWriter(tmp_path) as writer:
        writer.add_graph(model, given)
        path = writer.file_writer.event_writer.path
    (graph,) = [event.graph_def for event in LegacyEventFileLoader(path).Load() if event.graph_def]
    names = [node.name for node in GraphDef.FromString(graph).node]
    assert any(f"[{part}]" in name for name in names)
    assert f"output/{result}" in names
    if name in ("GPT-2", "Llama"):  # use_cache is on
        assert (
            sum(name.startswith("output/past_key_values") for name in names) == 4
        )  # keys and values of 2 layers
