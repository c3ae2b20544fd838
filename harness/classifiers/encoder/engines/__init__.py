"""Ways to compute a fine-tuned encoder: exactly, or faster and almost equal.

==========  =====================================================================================
``fp32``    PyTorch in 32 bits: what scores come from, and what the others are compared with
``onnx``    ONNX Runtime in 32 bits: the same to the fifth digit, without loading PyTorch
``bf16``    PyTorch with matrices in 16 bits, where the processor multiplies them faster
``int8``    ONNX Runtime with matrices in 8 bits, where the processor multiplies them faster
==========  =====================================================================================

A fast engine is part of a model only if it passed :mod:`.acceptance` on held-out rows when the model was
packed. A row whose two likeliest labels are close to each other is computed once more, exactly; how close, is
measured when the model is packed. :mod:`.choice` measures which engine is the fastest on this machine.
"""
