"""What a worker holds when its broker goes."""

import logging
from typing import Any

import pytest
import redis

from sidebar_project.celery import app


def test_a_message_outlives_its_connection() -> None:
    """Acknowledging it is no error that a worker has to die of."""
    connection = app.connection_for_write()
    errors = connection.connection_errors + connection.channel_errors
    queue = connection.SimpleQueue("test-broker")
    queue.put({"id": 1})
    message = queue.get(timeout=5)
    channel: Any = message.channel
    channel._disconnect_pools()  # as both happen when Redis hangs up
    connection._do_close_transport()
    message.ack_log_error(logging.getLogger(__name__), errors)
    with pytest.raises(redis.ConnectionError):
        channel._connparams()
    channel.qos._on_collect.cancel()  # it would try once more when the interpreter ends


def test_publishing_has_one_attempt() -> None:
    """A page that enqueues something never waits for a broker to come back."""
    assert app.conf.broker_transport_options["max_retries"] == 0
    assert app.conf.broker_connection_max_retries is None
