"""Messages and descriptors between two processes."""

import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from skydesk.backends.local_runner.channel import Channel, ChannelClosed


@pytest.fixture
def ends() -> Iterator[tuple[Channel, Channel]]:
    ours, theirs = Channel.pair()
    other = Channel(theirs)
    yield ours, other
    ours.close()
    other.close()


def test_messages_arrive_in_order_and_whole(ends: tuple[Channel, Channel]) -> None:
    ours, theirs = ends
    sent = [{"kind": "a", "text": "line\nbreak \u2028 ☆"}, {"kind": "b", "n": 1}]
    for message in sent:
        ours.send(message)
    assert [theirs.receive(1), theirs.receive(1)] == sent


def test_a_message_larger_than_the_socket_s_buffer_arrives(ends: tuple[Channel, Channel]) -> None:
    ours, theirs = ends
    message = {"sql": "x" * 10_000_000}
    sender = threading.Thread(target=ours.send, args=(message,))
    sender.start()
    assert theirs.receive(10) == message
    sender.join()


def test_many_threads_do_not_mix_their_messages(ends: tuple[Channel, Channel]) -> None:
    ours, theirs = ends
    senders = [threading.Thread(target=lambda n=n: [ours.send({"from": n, "pad": "x" * 5000}) for _ in range(20)]) for n in range(4)]
    for sender in senders:
        sender.start()
    got = [theirs.receive(5) for _ in range(80)]
    for sender in senders:
        sender.join()
    assert sorted(message["from"] for message in got) == sorted(list(range(4)) * 20)


def test_waiting_ends_when_the_time_is_over(ends: tuple[Channel, Channel]) -> None:
    assert ends[0].receive(0.01) is None


def test_a_descriptor_arrives_open(ends: tuple[Channel, Channel], tmp_path: Path) -> None:
    ours, theirs = ends
    with (tmp_path / "file").open("w") as file:
        ours.send({"kind": "job"}, [file.fileno()])
    assert theirs.receive(1) == {"kind": "job"}
    [descriptor] = theirs.take_descriptors()
    os.write(descriptor, b"through")
    os.close(descriptor)
    assert (tmp_path / "file").read_text() == "through"
    assert theirs.take_descriptors() == []


def test_a_message_that_was_heard_was_sent_though_the_other_side_is_gone_by_then() -> None:
    """Else a job that a quick worker has done would count as never given to it, and be run again."""
    theirs = []

    class HeardAtOnce(socket.socket):
        def sendmsg(self, *args: Any) -> int:
            sent = super().sendmsg(*args)
            theirs.append(other.receive(1))
            other.close()
            return sent

    ours, sock = socket.socketpair()
    other = Channel(sock)
    channel = Channel(HeardAtOnce(fileno=ours.detach()))
    try:
        channel.send({"kind": "job"}, [0])
        assert theirs == [{"kind": "job"}]
        with pytest.raises(ChannelClosed):
            channel.send({"kind": "stop"})
    finally:
        channel.close()


def test_a_message_that_was_cut_short_was_not_sent() -> None:
    class CutShort(socket.socket):
        def sendmsg(self, buffers: Any, *args: Any) -> int:
            [data] = buffers
            sent = super().sendmsg([data[:5]], *args)
            other.close()
            return sent

    ours, sock = socket.socketpair()
    other = Channel(sock)
    channel = Channel(CutShort(fileno=ours.detach()))
    with pytest.raises(ChannelClosed):
        channel.send({"kind": "job"}, [0])
    channel.close()


def test_descriptors_that_nobody_takes_are_closed_with_the_channel(tmp_path: Path) -> None:
    ours, sock = Channel.pair()
    theirs = Channel(sock)
    reading, writing = os.pipe()
    ours.send({}, [writing])
    os.close(writing)
    assert theirs.receive(1) == {}
    theirs.close()
    assert os.read(reading, 1) == b""
    os.close(reading)
    ours.close()


def test_the_end_of_the_other_side_is_heard_after_its_last_words(ends: tuple[Channel, Channel]) -> None:
    ours, theirs = ends
    theirs.send({"kind": "end"})
    theirs.close()
    assert ours.receive(1) == {"kind": "end"}
    with pytest.raises(ChannelClosed):
        ours.receive(1)
    with pytest.raises(ChannelClosed):
        ours.send({"kind": "stop"})


def test_a_channel_that_was_closed_here_says_so(ends: tuple[Channel, Channel]) -> None:
    ours, _ = ends
    ours.close()
    with pytest.raises(ChannelClosed):
        ours.receive(1)
