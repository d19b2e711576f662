"""Names of routers, without their code."""

SERVABLE = ("semantic", "bert", "stack", "knn")
"""What may win and be packaged; the LLM router is compared only."""

EMBEDDING = ("semantic", "knn")
"""What scores by the sentence embeddings that all share."""

ENCODED = (*EMBEDDING, "stack")
"""What scores by a frozen encoder: that one, or its own."""

COMPARED = ("random", "length", "knn", "always_weak", "always_strong", "oracle", "shuffled")
"""What is always computed beside the routers that conf lists."""
