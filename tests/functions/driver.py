"""The child process of ``engine.py``: Microsoft's worker engine, told what to do by JSON lines.

Run as ``python driver.py APP_FOLDER`` with the app settings as environment. The first line it writes
tells how the start went; after that each line it reads is one invocation and each line it writes its outcome.
What the app prints or logs goes to standard error, so that it never mixes with the answers.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import logging
import os
import sys
import uuid
from base64 import b64decode, b64encode
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

Json = dict[str, Any]


class Message:
    """Stands in for a compiled protobuf message: it keeps the fields it is given."""

    def __init__(self, **fields: object) -> None:
        """Keep the fields."""
        self.__dict__.update(fields)


class StatusResult(Message):
    """The message with the verdict on a call, and its enum."""

    Failure, Success, Cancelled = 0, 1, 2


class BindingInfo(Message):
    """The message that describes one binding, and its enums."""

    undefined, string, binary, stream = 0, 1, 2, 3
    out, inout = 1, 2


class Data(Message):
    """A value of one kind, and a parameter that carries one: both say which field is filled."""

    def WhichOneof(self, group: str) -> str | None:  # noqa: N802 - named by protobuf
        """Return the name of the filled field, None for an empty value."""
        return next(iter(self.__dict__), None)


class Protos:
    """Stands in for the module of compiled messages: every name is a message."""

    StatusResult = StatusResult
    BindingInfo = BindingInfo
    TypedData = Data

    def __getattr__(self, name: str) -> type[Message]:
        """Make up the message classes that need no enum."""
        return type(name, (Message,), {})


class Worker:
    """The calls that a Functions host makes, in the order in which it makes them."""

    def __init__(self, app_folder: str) -> None:
        """Find the engine, and make the app importable as the shell around the engine does."""
        self._engine = importlib.import_module("azure_functions_runtime")
        self._folder = app_folder
        self._properties = {"protos": Protos(), "host": "127.0.0.1"}
        self._functions: dict[str, Any] = {}
        sys.path.insert(0, app_folder)

    async def start(self) -> Json:
        """Import and index the app, load its functions and describe them."""
        self._engine.start_threadpool_executor()
        fields = {"capabilities": {}, "function_app_directory": self._folder}
        answer = await self._call("worker_init_request", **fields)
        if answer.result.status != StatusResult.Success:
            return {"error": failure(answer.result)}
        answer = await self._call("functions_metadata_request")
        self._functions = {function.name: function for function in answer.function_metadata_results or ()}
        for function in self._functions.values():
            await self._call("function_load_request", function_id=function.function_id, metadata=function)
        return {"functions": [described(function) for function in self._functions.values()]}

    async def invoke(self, order: Json) -> Json:
        """Invoke one function with the data of its trigger."""
        function = self._functions[order["function"]]
        trigger = next(filter(is_trigger, map(json.loads, function.raw_bindings)))
        answer = await self._call(
            "invocation_request",
            invocation_id=str(uuid.uuid4()),
            function_id=function.function_id,
            input_data=[parameter(trigger["name"], order)],
            trigger_metadata={},
            trace_context=Message(trace_parent="", trace_state="", attributes={}),
            retry_context=Message(retry_count=0, max_retry_count=0, exception=None),
        )
        if answer.result.status != StatusResult.Success:
            return {"error": failure(answer.result)}
        put = {binding.name: json.loads(binding.data.json) for binding in answer.output_data or ()}
        return {"error": "", "put": put, **returned(answer.return_value)}

    async def _call(self, name: str, **fields: object) -> Any:
        """Make one of the engine's calls."""
        calls = SimpleNamespace(**{name: Message(**fields)})
        request = SimpleNamespace(request=calls, properties=self._properties)
        return await getattr(self._engine, name)(request)


def is_trigger(binding: Json) -> bool:
    """Tell the binding that starts the function from those that only serve it."""
    return str(binding["type"]).lower().endswith("trigger")


def parameter(name: str, order: Json) -> Data:
    """Return the trigger's data in the shape the host gives it."""
    return Data(data=trigger_data(order), name=name)


def trigger_data(order: Json) -> Data:
    """Return what the host hands to the function: text for a queue, JSON for a timer."""
    if "queue" in order:
        return Data(string=order["queue"])
    return Data(json=json.dumps(order["timer"])) if "timer" in order else http(order["http"])


def http(call: Json) -> Data:
    """Return an HTTP call as the host hands it over."""
    body = Data(bytes=b64decode(call.pop("body")))
    return Data(http=Message(**call, body=body))


def described(function: Any) -> Json:
    """Say what the engine found out about one function."""
    options = vars(function.retry_options) if function.retry_options else None
    bindings = [json.loads(binding) for binding in function.raw_bindings]
    return {"name": function.name, "bindings": bindings, "retry": options}


def returned(value: Any) -> Json:
    """Return what an HTTP function answered; nothing for other functions."""
    if value is None:
        return {}
    if value.WhichOneof("data") != "http":
        return {"status_code": 200, "headers": {}, "body": b64encode(str(value.string).encode()).decode()}
    answer = value.http
    body = b64encode(answer.body.bytes).decode()
    return {"status_code": int(answer.status_code), "headers": dict(answer.headers), "body": body}


def failure(result: Any) -> str:
    """Return the text of an exception with its stack."""
    return f"{result.exception.message}\n{result.exception.stack_trace}"


def plain(value: object) -> float:
    """Write the one type that JSON lacks: a delay, in seconds."""
    if isinstance(value, timedelta):
        return value.total_seconds()
    raise TypeError(type(value).__name__)


async def main(app_folder: str) -> None:
    """Serve until standard input ends."""
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as answers:
        os.dup2(2, 1)
        worker = Worker(app_folder)
        print(json.dumps(await worker.start(), default=plain), file=answers, flush=True)
        for order in sys.stdin:
            print(json.dumps(await worker.invoke(json.loads(order))), file=answers, flush=True)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, stream=sys.stderr)
    asyncio.run(main(sys.argv[1]))
