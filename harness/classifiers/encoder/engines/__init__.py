"""Ways to compute a fine-tuned encoder: exactly, or faster and almost equal.

==========  =====================================================================================
``fp32``    PyTorch in 32 bits: what scores come from, and what the others are held against
``bf16``    PyTorch with matrices in 16 bits, where the processor multiplies them faster
``int8``    ONNX Runtime with matrices in 8 bits, where the processor multiplies them faster
==========  =====================================================================================

A fast engine is part of a model only if it passed :mod:`.agreement` on held-out rows when the model was
packed. Where its two likeliest labels are close to each other, the row is computed once more, exactly; how
close, is measured at that time too. :mod:`.choice` measures which of them is the fastest here.
"""
