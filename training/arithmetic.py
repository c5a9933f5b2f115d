"""How torch computes: with how many threads, how many digits, and how small numbers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch


def use_cores(*, all_of_them: bool) -> None:
    """As many as this process may use, or one: matrices of a head are so small that threads wait for each other.

    Said before each long computation, since sums depend on the number of threads, and building or searching an index sets
    it for torch, too (`retrieval.index`).
    """
    usable = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
    torch.set_num_threads(len(usable) if all_of_them else 1)


@contextmanager
def without_denormals() -> Iterator[None]:
    """Adam's moments decay to numbers that processors are slow with: 2.7 times. The thread has them again afterwards."""
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)


def has_fast_products() -> bool:
    """Whether the processor has instructions for bfloat16."""
    able = torch.cpu.get_capabilities()
    return bool(able.get("avx512_bf16") or able.get("amx_bf16"))


def fast_products(*, wanted: bool = True) -> torch.autocast:
    """Matrix products in bfloat16 where the processor has instructions for them; sums and all else stay in float32.

    In three pairs of runs fp32 took 1.1 to 2.1 times as long (docs/recipe.md).
    """
    return torch.autocast("cpu", dtype=torch.bfloat16, enabled=wanted and has_fast_products())
