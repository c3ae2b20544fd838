"""Unlabelled text in, a checkpoint that has read it out.

Task-adaptive pretraining (Gururangan et al. 2020).
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from experiments.encoder.seesaw import seesaw
from experiments.encoder.transfer import pstance, vast
from harness.classifiers import checkpoints
from harness.classifiers.encoder.prediction import device
from harness.classifiers.encoder.training import in_bf16
from harness.classifiers.protocol import Labelled

EPOCHS = 2
LENGTH = 96


def adapted(train: Labelled, seed: int, place: Path) -> str:
    """Guess masked words of the training sentences and of other corpora; return the body's folder.

    Parameters
    ----------
    train : Labelled
        Its labels are not looked at. The other corpora are SEESAW, P-Stance and VAST.
    seed : int
    place : Path
        What is there already is taken as it is.
    """
    import transformers as t

    if (place / "config.json").is_file():
        return str(place.resolve())
    texts = sorted(
        {one.text for part in (train, seesaw(seed), pstance(seed), vast(seed)) for one in part.examples}
    )
    folder = checkpoints.resolve(checkpoints.MINILM)
    tokenizer = t.AutoTokenizer.from_pretrained(folder)
    t.set_seed(seed)
    model = t.AutoModelForMaskedLM.from_pretrained(folder)
    with tempfile.TemporaryDirectory() as scratch:
        settings = t.TrainingArguments(
            output_dir=scratch,
            num_train_epochs=EPOCHS,
            per_device_train_batch_size=32,
            learning_rate=1e-4,
            warmup_steps=100,
            bf16=in_bf16("auto"),
            use_cpu=device().type == "cpu",
            train_sampling_strategy="group_by_length",
            save_strategy="no",
            report_to="none",
            seed=seed,
        )
        collator = t.DataCollatorForLanguageModeling(tokenizer, mlm_probability=0.2)
        rows = tokenizer(texts, truncation=True, max_length=LENGTH)
        dataset = [{"input_ids": one} for one in rows["input_ids"]]
        t.Trainer(model=model, args=settings, train_dataset=dataset, data_collator=collator).train()
    model.base_model.save_pretrained(place)
    tokenizer.save_pretrained(place)
    return str(place.resolve())
