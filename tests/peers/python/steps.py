"""One line of JSON for every command of a day's work: what it is called, how it went, and a word about it.

The day is told in the variable PEERS. A command is `ok`, `refused` (as it has to be), `absent` (the client or the
controller has no such thing, and why) or `failed`.
"""

import asyncio
import json
import os
import time
import traceback

DAY = json.loads(os.environ["PEERS"])
# So many seconds a command may take.
LONGEST = 30


class Absent(Exception):
    """This client or this generation of controllers has no such thing."""


def say(command, result, detail=""):
    line = {"command": command, "result": result, "detail": " ".join(str(detail).split())[:2000]}
    print(json.dumps(line), flush=True)


def check(truth, told):
    if not truth:
        raise AssertionError(f"not as it should be: {told}")


def until(truth, told):
    """Waits for what comes by itself; what it is then."""
    end = time.monotonic() + DAY["patience"]
    while not (given := truth()):
        check(time.monotonic() < end, f"{told}, after {DAY['patience']} s")
        time.sleep(0.2)
    return given


def judge(command, error, texts):
    """A command that had to be refused, and how it ended."""
    if error is None:
        say(command, "failed", "it was not refused")
    elif all(text in str(error) for text in texts):
        say(command, "refused", error)
    else:
        say(command, "failed", f"refused, but not with {texts}: {error!r}")


def failed(command, error):
    trace = traceback.extract_tb(error.__traceback__)[-1]
    say(command, "failed", f"{error!r} at {trace.name}:{trace.lineno} {getattr(error, 'stderr', '')}")


def step(command, body):
    """Runs a command that has to succeed; what it gives."""
    try:
        given = body()
    except Absent as absent:
        say(command, "absent", absent)
    except Exception as error:  # whatever it is, it is told
        failed(command, error)
    else:
        say(command, "ok")
        return given


def refused(command, body, *texts):
    """Runs a command that has to be refused, with these texts in what it tells."""
    try:
        body()
    except Exception as error:
        judge(command, f"{error} {getattr(error, 'stderr', '')}", texts)
    else:
        judge(command, None, texts)


async def astep(command, awaitable):
    try:
        given = await asyncio.wait_for(awaitable, LONGEST)
    except Absent as absent:
        say(command, "absent", absent)
    except Exception as error:
        failed(command, error)
    else:
        say(command, "ok")
        return given


async def arefused(command, awaitable, *texts):
    try:
        await asyncio.wait_for(awaitable, LONGEST)
    except Exception as error:
        judge(command, error, texts)
    else:
        judge(command, None, texts)
