"""Unlabelled text in, a checkpoint that was pretrained on it out.

Task-adaptive pretraining (Gururangan et al. 2020): masked words of the text are predicted.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from experiments.encoder.seesaw import seesaw
from experiments.encoder.transfer import pstance, vast
from harness.classifiers import checkpoints
from harness.classifiers.encoder.prediction import device
from harness.classifiers.encoder.training import uses_bf16
from harness.classifiers.protocol import Labelled

EPOCHS = 2
LENGTH = 96


def adapted(train: Labelled, seed: int, folder: Path) -> str:
    """Predict masked words of the training sentences and of other corpora; return the body's folder.

    Parameters
    ----------
    train : Labelled
        Its labels are not used. The other corpora are SEESAW, P-Stance and VAST.
    seed : int
    folder : Path
        Written, unless it holds a checkpoint already.
    """
    import transformers as t

    if (folder / "config.json").is_file():
        return str(folder.resolve())
    parts = (train, seesaw(seed), pstance(seed), vast(seed))
    texts = sorted({example.text for part in parts for example in part.examples})
    source = checkpoints.resolve(checkpoints.MINILM)
    tokenizer = t.AutoTokenizer.from_pretrained(source)
    t.set_seed(seed)
    model = t.AutoModelForMaskedLM.from_pretrained(source)
    with tempfile.TemporaryDirectory() as scratch:
        settings = t.TrainingArguments(
            output_dir=scratch,
            num_train_epochs=EPOCHS,
            per_device_train_batch_size=32,
            learning_rate=1e-4,
            warmup_steps=100,
            bf16=uses_bf16("auto"),
            use_cpu=device().type == "cpu",
            train_sampling_strategy="group_by_length",
            save_strategy="no",
            report_to="none",
            seed=seed,
        )
        collator = t.DataCollatorForLanguageModeling(tokenizer, mlm_probability=0.2)
        rows = tokenizer(texts, truncation=True, max_length=LENGTH)
        dataset = [{"input_ids": tokens} for tokens in rows["input_ids"]]
        t.Trainer(model=model, args=settings, train_dataset=dataset, data_collator=collator).train()
    model.base_model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder.resolve())
