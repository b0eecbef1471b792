"""transformers' Trainer on a tiny BERT made from its configuration; nothing is fetched."""

import os

import stack
import torch

os.environ["TENSORBOARD_LOGGING_DIR"] = str(stack.DIRECTORY)
from tickertape import SummaryWriter
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments
from transformers.integrations import TensorBoardCallback

config = BertConfig(
    vocab_size=20,
    hidden_size=16,
    num_hidden_layers=1,
    num_attention_heads=2,
    intermediate_size=16,
    num_labels=3,
)
generator = torch.Generator().manual_seed(3)
words = torch.randint(3, 20, (48, 6), generator=generator)
data = [{"input_ids": row, "labels": int(row[0]) % 3} for row in words]
options = TrainingArguments(
    output_dir="out",
    report_to=[] if stack.HANDED else ["tensorboard"],
    logging_steps=1,
    max_steps=4,
    eval_strategy="steps",
    eval_steps=2,
    save_strategy="no",
    per_device_train_batch_size=8,
    use_cpu=True,
    disable_tqdm=True,
    seed=7,
)
trainer = Trainer(
    BertForSequenceClassification(config),
    options,
    train_dataset=data,
    eval_dataset=data[:8],
    callbacks=[TensorBoardCallback(tb_writer=SummaryWriter(stack.DIRECTORY))] if stack.HANDED else [],
)
(callback,) = [c for c in trainer.callback_handler.callbacks if isinstance(c, TensorBoardCallback)]
seen = []
end = callback.on_train_end
callback.on_train_end = lambda *args, **kwargs: (seen.append(callback.tb_writer), end(*args, **kwargs))[1]
trainer.train()
assert stack.is_ours(*seen)
stack.no_thread_is_left_over()
