"""Data sets of the Hugging Face hub, through the ``datasets`` library.

``hf:NAME[:CONFIG[:SPLIT]][@REVISION]``: downloaded (or taken from the library's cache) and read from there;
``hf-stream:`` reads without keeping. Without a network what is cached works; a revision that was asked for is
checked, since the library itself takes whatever version is cached.
"""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

from overlap.corpus.addresses import HubAddress, parse_hub, without_secrets
from overlap.corpus.objects import NamedSplit
from overlap.errors import CorpusError

__all__ = ["load"]

_log = logging.getLogger("overlap")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_OFFLINE = ("ConnectionError", "OfflineModeIsEnabled", "LocalEntryNotFoundError", "ConnectError", "TimeoutException")
_MOST_REASON = 300


def load(path: str) -> list[NamedSplit]:
    """The splits that a hub address stands for: the one it names, or all. Raises CorpusError, ValueError."""
    address = parse_hub(path)
    with _errors(address), _quiet():
        builder = _builder(address)
        config = builder.config.name
        if not address.streaming:
            builder.download_and_prepare()
            data = builder.as_dataset(split=address.split or None)
        else:
            data = builder.as_streaming_dataset(split=address.split or None)
    splits = {address.split: data} if address.split else dict(data)
    return [_split(replace(address, config=config, split=str(split)), splits[split], builder) for split in splits]


def _split(address: HubAddress, data: Any, builder: Any) -> NamedSplit:
    revision = builder.hash if _COMMIT.fullmatch(builder.hash or "") else address.revision
    pinned = str(replace(address, revision=revision))
    if address.streaming:
        return NamedSplit(str(address), data, f"revision:{pinned}", pinned)
    fingerprint = f"fingerprint:{data._fingerprint}"
    return NamedSplit(str(address), data, fingerprint, f"{pinned} {fingerprint}")


def _builder(address: HubAddress) -> Any:
    import datasets

    name = address.name
    if Path(name).exists():  # the library would take a folder of this name instead
        name = f"hf://datasets/{name}"
    builder = datasets.load_dataset_builder(name, address.config or None, revision=address.revision or None)
    if type(builder).__module__.endswith("packaged_modules.cache.cache"):
        builder = _of_revision(address, builder)
        _log.info("%s: the hub was not reached; revision %s from the cache", address, builder.hash)
    return builder


def _of_revision(address: HubAddress, builder: Any) -> Any:
    """The builder for the revision that was asked for: without the hub the library takes what was cached last."""
    wanted = _commit_of(address)
    if not address.revision or wanted == builder.hash:
        return builder
    place = Path(builder.cache_dir)
    if not wanted or not (place.parent / wanted).is_dir():
        raise CorpusError(
            f"cached is revision {builder.hash}, and the hub cannot be asked for {address.revision}: name the revision "
            "that is cached, or load it once with a network",
            str(address),
        )
    return type(builder)(
        repo_id=address.name,
        dataset_name=builder.dataset_name,
        config_name=builder.config.name,
        version=place.parent.name,
        hash=wanted,
    )


def _commit_of(address: HubAddress) -> str:
    """The commit that a revision was when the hub was last asked; empty where that is not known."""
    if _COMMIT.fullmatch(address.revision):
        return address.revision
    from huggingface_hub import constants

    folder = Path(constants.HF_HUB_CACHE, "datasets--" + address.name.replace("/", "--"), "refs")
    try:
        return (folder / address.revision).read_text(encoding="ascii", errors="replace").strip()
    except (OSError, ValueError):
        return ""


@contextmanager
def _errors(address: HubAddress) -> Iterator[None]:
    """Whatever the library raises as one CorpusError that names the data set."""
    try:
        yield
    except CorpusError:
        raise
    except Exception as error:
        raise _explained(error, address) from error


def _explained(error: Exception, address: HubAddress) -> CorpusError:
    chain: list[BaseException] = [error]
    while (cause := chain[-1].__cause__ or chain[-1].__context__) is not None and cause not in chain:
        chain.append(cause)
    names = {kind.__name__ for item in chain for kind in type(item).__mro__}
    reason = " ".join(without_secrets(str(error)).split())[:_MOST_REASON] or type(error).__name__
    where = str(address)
    uncached = "Couldn't find cache" in reason
    if uncached or isinstance(error, ConnectionError) or (isinstance(error, OSError) and names & set(_OFFLINE)):
        there = f" ({reason.rpartition('Available configs in the cache: ')[2]} is)" if "Available" in reason else ""
        return CorpusError(
            f"not in the cache{there}, and the hub cannot be reached: load it once with a network, or set HF_HOME to "
            "where the cache is",
            where,
        )
    if "DatasetNotFoundError" in names or "RepositoryNotFoundError" in names:
        return CorpusError(f"no such data set on the hub, or no access to it (HF_TOKEN): {reason}", where)
    if isinstance(error, (ValueError, KeyError)):  # an unknown config or split, with those that there are
        return CorpusError(f"no such config or split: {reason}; write hf:NAME:CONFIG:SPLIT", where)
    return CorpusError(f"this data set cannot be loaded: {type(error).__name__}: {reason}", where)


@contextmanager
def _quiet() -> Iterator[None]:
    """The libraries' warnings, logs and progress bars kept from the user's terminal, for as long as this takes."""
    import datasets

    hub: Any = import_module("huggingface_hub.utils")

    loggers = (datasets.utils.logging, hub.logging)
    levels = [library.get_verbosity() for library in loggers]
    bars = not datasets.are_progress_bars_disabled(), not hub.are_progress_bars_disabled()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for library in loggers:
                library.set_verbosity(logging.CRITICAL)
            datasets.disable_progress_bars()
            hub.disable_progress_bars()
            yield
    finally:
        for library, level in zip(loggers, levels, strict=True):
            library.set_verbosity(level)
        if bars[0]:
            datasets.enable_progress_bars()
        if bars[1]:
            hub.enable_progress_bars()
