"""A connection to a Dask cluster."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from em.sources.optional import distributed

CONNECT_SECONDS = 10.0
"""Seconds after which an address counts as unreachable."""


class UnreachableCluster(ConnectionError, ValueError):
    """No scheduler answered at the address."""


def connect(address: str, timeout: float = CONNECT_SECONDS) -> Any:
    """A `distributed.Client` of the scheduler at `address` ("tcp://host:8786"); Dask arrays are then fitted there.

    Workers need this library in the same version. The client is active until it is closed.
    Raises UnreachableCluster (a ConnectionError, and a ValueError) if none answers within `timeout` seconds, and
    ImportError without the extra `dask`.
    """
    if not isinstance(address, str) or not address.strip():
        raise ValueError(f"address must be text such as 'tcp://host:8786', not {address!r}")
    if not timeout > 0.0:
        raise ValueError(f"timeout must be a positive number of seconds, not {timeout}")
    module = distributed()
    try:
        with ThreadPoolExecutor(1) as thread:  # the calling thread may have a running event loop of its own
            thread.submit(asyncio.run, _greet(module, address, timeout)).result()
        return module.Client(address, timeout=timeout)
    except Exception as error:  # of any kind: what answers there need not speak Dask's language
        raise UnreachableCluster(
            f"no Dask scheduler answered at {address!r} within {timeout:g} seconds{_reason(error)}. Check that it runs"
            " (`dask scheduler`), that the address and port are the ones it printed, and that no firewall is between."
        ) from error


def _reason(error: Exception) -> str:
    if isinstance(error, OSError | ValueError):
        return f" ({error})" if str(error) else ""
    return ": what answered is something else"


async def _greet(module: Any, address: str, timeout: float) -> None:
    """Connect and part again; a client alone would wait for ever for a server that accepts and then stays silent."""
    arguments = module.Security().get_connection_args("client")
    async with asyncio.timeout(timeout):
        comm = await module.comm.connect(address, timeout=timeout, **arguments)
        await comm.close()
