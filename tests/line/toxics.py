"""What can befall one exchange between a terminal and its platform; each drawn with its own accidents.

A maker takes a seeded generator and gives a toxic; the same seed gives the same accidents.  Seconds are by the
terminal's clock.
"""

from __future__ import annotations

import asyncio
import gzip
import random
from collections.abc import Callable

import zstandard

from tests.line.chaos_line import PASSES, Exchange, Toxic, passes

Maker = Callable[[random.Random], Toxic]

_BOMB_BYTES = 8 * 1024 * 1024
_HANDOVER_S = 6.0
"""How long an answer waits for another to pass it."""
_AFTER = ("99999999999", "Fri, 31 Dec 9999 23:59:59 GMT", "-5", "soon", "0", "1e9", "7")
_SCHEMAS = (b"{}", b"[]", b'{"epoch": 1}', b"null", b"", b"\xff\xfe", b'{"results": []}')


def _page(status: str, content_type: str, body: bytes, *more: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {content_type}", f"Content-Length: {len(body)}", *more]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def _canned(name: str, answer: bytes) -> Toxic:
    async def play(exchange: Exchange) -> bool:
        await exchange.body()
        await exchange.send(b"" if exchange.method == "HEAD" and not answer else answer)
        return False

    return Toxic(name, play)


def late(draw: random.Random) -> Toxic:
    """Two to ten seconds on the way, unevenly."""
    there_s, back_s = draw.uniform(0.5, 5), draw.uniform(0.5, 5)

    async def play(exchange: Exchange) -> bool:
        await exchange.pause(there_s)
        answer = await exchange.ask()
        await exchange.pause(back_s)
        await exchange.send(answer)
        return True

    return Toxic("late", play)


def drip(draw: random.Random) -> Toxic:
    """The answer in small pieces with pauses; sometimes too slow for any deadline."""
    size, pause_s = draw.choice((1, 7, 60)), draw.uniform(0.05, 2.0)

    async def play(exchange: Exchange) -> bool:
        answer = await exchange.ask()
        for start in range(0, len(answer), size):
            await exchange.send(answer[start : start + size])
            await exchange.pause(pause_s)
        return True

    return Toxic("drip", play)


def cut_request(draw: random.Random) -> Toxic:
    """The platform sees the first bytes of a request, then both sides see a reset."""
    share = draw.random()

    async def play(exchange: Exchange) -> bool:
        size = len(exchange.head) + exchange.length
        most = int(size * share)
        part = exchange.head[:most] + await exchange.body(max(most - len(exchange.head), 0))
        await exchange.begin_and_break(part)
        exchange.reset()
        return False

    return Toxic("cut_request", play)


def cut_answer(draw: random.Random) -> Toxic:
    """The terminal sees the first bytes of an answer, then an end or a reset."""
    share, politely = draw.random(), draw.random() < 0.5

    async def play(exchange: Exchange) -> bool:
        answer = await exchange.ask()
        await exchange.send(answer[: int(len(answer) * share)])
        if not politely:
            exchange.reset()
        return False

    return Toxic("cut_answer", play)


def lost_answer(draw: random.Random) -> Toxic:
    """The platform committed; its answer never arrives: a reset, an end, or silence."""
    how = draw.choice(("reset", "end", "silence"))

    async def play(exchange: Exchange) -> bool:
        await exchange.ask()
        if how == "reset":
            exchange.reset()
        elif how == "silence":
            await exchange.until_given_up()
        return False

    return Toxic("lost_answer", play)


def doubled(draw: random.Random) -> Toxic:
    """The request arrives twice, one after the other or at once; either answer comes back."""
    at_once, first = draw.random() < 0.5, draw.random() < 0.5

    async def play(exchange: Exchange) -> bool:
        request = exchange.head + await exchange.body()
        if at_once:
            answers = list(await asyncio.gather(exchange.ask(request), exchange.ask(request)))
        else:
            answers = [await exchange.ask(request), await exchange.ask(request)]
        await exchange.send(answers[0 if first else 1])
        return True

    return Toxic("doubled", play)


def corrupt_request(draw: random.Random) -> Toxic:
    """A few bytes of the request are others than were sent."""
    places = [draw.random() for _ in range(draw.randint(1, 3))]

    async def play(exchange: Exchange) -> bool:
        body = bytearray(await exchange.body())
        for place in places:
            if body:
                body[int(len(body) * place)] ^= 0x20
        await exchange.send(await exchange.ask(exchange.head + bytes(body)))
        return True

    return Toxic("corrupt_request", play)


def meddled(draw: random.Random) -> Toxic:
    """A proxy on the way drops or rewrites a header that it does not know."""
    name, value = draw.choice(
        (
            (b"content-encoding", b""),
            (b"content-encoding", b"identity"),
            (b"content-encoding", b"gzip"),
            (b"content-type", b"application/octet-stream"),
            (b"content-type", b""),
            (b"linban-clock", b"1970-01-01T00:00:00Z"),
            (b"linban-terminal", b"nobody"),
            (b"user-agent", b"proxy/1.0"),
        )
    )

    async def play(exchange: Exchange) -> bool:
        lines = exchange.head.removesuffix(b"\r\n\r\n").split(b"\r\n")
        kept = [one for one in lines if not one.lower().startswith(name + b":")]
        if value and len(kept) < len(lines):
            kept.append(name + b": " + value)
        head = b"\r\n".join(kept) + b"\r\n\r\n"
        await exchange.send(await exchange.ask(head + await exchange.body()))
        return True

    return Toxic("meddled", play)


def corrupt_answer(draw: random.Random) -> Toxic:
    """A few bytes of the answer, its head included, are others than were sent."""
    places = [draw.random() for _ in range(draw.randint(1, 3))]

    async def play(exchange: Exchange) -> bool:
        answer = bytearray(await exchange.ask())
        for place in places:
            answer[int(len(answer) * place)] ^= 0x01
        await exchange.send(bytes(answer))
        return False

    return Toxic("corrupt_answer", play)


def blackhole(draw: random.Random) -> Toxic:
    """Everything is swallowed."""

    async def play(exchange: Exchange) -> bool:
        await exchange.until_given_up()
        return False

    return Toxic("blackhole", play)


def half_open(draw: random.Random) -> Toxic:
    """This exchange works; whatever follows on its connection meets nobody."""

    async def play(exchange: Exchange) -> bool:
        await passes(exchange)
        await exchange.until_given_up()
        return False

    return Toxic("half_open", play)


def refused(draw: random.Random) -> Toxic:
    """A reset before anything was read."""

    async def play(exchange: Exchange) -> bool:
        exchange.reset()
        return False

    return Toxic("refused", play)


def portal(draw: random.Random) -> Toxic:
    """Somebody's sign-in page."""
    html = b"<!DOCTYPE html><html><body>Please sign in</body></html>"
    where = "Location: http://127.0.0.1:9/login"
    pages = (
        _page("200 OK", "text/html; charset=utf-8", html),
        _page("200 OK", "application/json", html),
        _page("302 Found", "text/html", b"", where),
        _page("307 Temporary Redirect", "text/html", b"", where),
        _page("511 Network Authentication Required", "text/html", html),
    )
    return _canned("portal", draw.choice(pages))


def endless(draw: random.Random) -> Toxic:
    """A body without end, or one announced as such."""
    announced = draw.random() < 0.3

    async def play(exchange: Exchange) -> bool:
        await exchange.body()
        length = "Content-Length: 10000000000" if announced else "Transfer-Encoding: chunked"
        await exchange.send(f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{length}\r\n\r\n".encode())
        piece = b"x" * 65536
        for _ in range(10_000):
            await exchange.send(piece if announced else b"10000\r\n" + piece + b"\r\n")
        return False

    return Toxic("endless", play)


def bomb(draw: random.Random) -> Toxic:
    """A few kilobytes that unpack into megabytes."""
    name = draw.choice(("gzip", "zstd"))
    return _canned("bomb", _page("200 OK", "application/json", _BOMBS[name], f"Content-Encoding: {name}"))


_BOMBS = {
    "gzip": gzip.compress(bytes(_BOMB_BYTES)),
    "zstd": zstandard.ZstdCompressor().compress(bytes(_BOMB_BYTES)),
}


def trouble(draw: random.Random) -> Toxic:
    """A server or a gateway apologises, before or after the platform has committed."""
    status, after = draw.choice(("500 Oops", "502 Bad Gateway", "504 Gateway Timeout")), draw.random() < 0.5

    async def play(exchange: Exchange) -> bool:
        if after:
            await exchange.ask()
        else:
            await exchange.body()
        await exchange.send(_page(status, "text/plain", b"upstream failed"))
        return False

    return Toxic("trouble", play)


def wait_please(draw: random.Random) -> Toxic:
    """429 or 503, with a time to wait that makes sense or not."""
    status = draw.choice(("429 Too Many Requests", "503 Service Unavailable"))
    return _canned("wait_please", _page(status, "text/plain", b"", f"Retry-After: {draw.choice(_AFTER)}"))


def another_schema(draw: random.Random) -> Toxic:
    """200, JSON, and no answer of the platform."""
    return _canned("another_schema", _page("200 OK", "application/json", draw.choice(_SCHEMAS)))


def said_before(draw: random.Random) -> Toxic:
    """A true answer of the platform, given to an earlier request for the same thing."""

    async def play(exchange: Exchange) -> bool:
        place = f"{exchange.method} {exchange.target}"
        request = exchange.head + await exchange.body()
        earlier = exchange.line.last_answers.get(place)
        if earlier is None:
            exchange.line.last_answers[place] = earlier = await exchange.ask(request)
        await exchange.send(earlier)
        return True

    return Toxic("said_before", play)


def overtaken(draw: random.Random) -> Toxic:
    """This answer waits until a later exchange has had its own; sometimes the two are exchanged."""
    crossed = draw.random() < 0.5

    async def play(exchange: Exchange) -> bool:
        line = exchange.line
        mine = await exchange.ask()
        if line.held is not None:
            (waiting, theirs), line.held = line.held, None
            if not waiting.done():
                waiting.set_result(mine if crossed else theirs)
                await exchange.send(theirs if crossed else mine)
                return True
        waiting = asyncio.get_running_loop().create_future()
        line.held = waiting, mine
        try:
            mine = await asyncio.wait_for(waiting, _HANDOVER_S / line.pace)
        except TimeoutError:
            line.held = None
        await exchange.send(mine)
        return True

    return Toxic("overtaken", play)


MAKERS: dict[str, Maker] = {
    maker.__name__: maker
    for maker in (
        late, drip, cut_request, cut_answer, lost_answer, doubled, corrupt_request, meddled, corrupt_answer, blackhole,
        half_open, refused, portal, endless, bomb, trouble, wait_please, another_schema, said_before, overtaken,
    )
}  # fmt: skip

__all__ = ["MAKERS", "PASSES", "Maker"]
