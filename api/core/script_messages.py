"""The messages of the app's scripts: the sentences in their source, said in another language as those of templates are.

A message is a text in quotes that people read, or one in backquotes with its `${expressions}`; texts that are put
together with + are one. What names a class, a key, an address or a part of a page is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from api.core.message_check import FIELD, Broken, check, is_read
from api.core.messages import Say

_TOKEN = re.compile(
    r"(?P<comment>//[^\n]*|/\*.*?\*/)|(?P<quoted>\"(?:[^\"\\\n]|\\.)*\")|(?P<back>`)"
    # A pattern, which may hold quotes, stands where no division can.
    r"|(?<=[(,=:!&|?\[])\s*/(?![/*])(?:[^/\\\n\[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/[a-z]*"
    r"|[A-Za-z_$][\w$]*|\s+|.",
    re.DOTALL,
)
_NO_WORDS = re.compile(
    r"[\[\]{}<>=#_|]|^[.:/%]\S|^[a-z]+:\S|\w\.\w|^[A-Z][a-z]+[A-Z]|^[A-Z]+$|^--|^\d|^[a-z]+-[a-z]+ |^\w+\.$"
)
_KEYS = frozenset(
    {
        "Accept",
        "Backspace",
        "Ctrl Z",
        "Ctrl+z",
        "Del",
        "Delete",
        "End",
        "Enter",
        "Esc",
        "Escape",
        "Home",
        "PageDown",
        "PageUp",
        "Range",
        "Tab",
    }
)
"""The names of keys and headers, which look like words."""
_KEY_BEFORE = re.compile(
    r"(class|className|type|role|kind|for|id|href|lang|mode|name|method|headers)\s*[:=]\s*$|(===|!==|\bcase|\bin)\s*$|"
    r"(find|querySelector|querySelectorAll|closest|matches|getElementById|addEventListener|fact|setFact|hidden|hide|"
    r"fetch|toggle|contains|split|join)\(\s*$"
)
_KEY_AFTER = re.compile(r"\s*(===|!==|:|in\b)")
_COUNTED = re.compile(
    r"\bcount\((?P<given>(?:[^()\"`]|\([^()]*\))*), \"(?P<one>[a-z ]+)\"(?:, \"(?P<many>[a-z ]+)\")?\)"
)
"""`count(number, "entry", "entries")`; without its last word, that is the one before with an s."""
_EITHER = re.compile(r"\? \"(?P<one>[^\"]+)\" : \"(?P<other>[^\"]+)\"")


class Literal(NamedTuple):
    """A text in a script: where it begins and ends, and its words, with what is put into it as `${…}`."""

    start: int
    end: int
    words: str


def said_script(source: str, say: Say) -> str:
    """The same script with its messages in another language."""
    done: list[str] = []
    at = 0
    for literal in _messages(source):
        message = literal.words.strip()
        said = say(message)
        if said == message:
            continue
        check(message, said)
        if re.search(r"[`\\\n]", FIELD.sub("", said)):
            raise Broken("A translation in a script holds no ` and no \\.")
        lead = literal.words[: len(literal.words) - len(literal.words.lstrip())]
        trail = literal.words[len(literal.words.rstrip()) :]
        done += [source[at : literal.start], _written(lead + said + trail, say)]
        at = literal.end
    whole = "".join([*done, source[at:]])
    return _COUNTED.sub(lambda call: _counted(call, say), whole)


def words_of_script(source: str) -> list[str]:
    """Every message of a script, with the words that are put into one."""
    found: list[str] = []
    for literal in _messages(source):
        found.append(literal.words.strip())
        found += [words for both in _EITHER.finditer(literal.words) for words in (both["one"], both["other"])]
    for call in _COUNTED.finditer(source):
        found += [call["one"], call["many"] or f"{call['one']}s"]
    return found


def _counted(call: re.Match[str], say: Say) -> str:
    """A call that counts something, with what is counted in both numbers."""
    one, many = call["one"], call["many"] or f"{call['one']}s"
    both = say(one), say(many)
    return call[0] if both == (one, many) else f'count({call["given"]}, "{both[0]}", "{both[1]}")'


def _written(words: str, say: Say) -> str:
    """A text as it stands in a script, with the words that are put into it."""
    if not FIELD.search(words):
        return f'"{words}"'
    inside = FIELD.sub(
        lambda field: _EITHER.sub(lambda both: f'? "{say(both["one"])}" : "{say(both["other"])}"', field[0]), words
    )
    return f"`{inside}`"


def _messages(source: str) -> Iterator[Literal]:
    """The texts in a script that people read, in their order."""
    found = list(_texts(source))
    at = 0
    while at < len(found):
        first = last = found[at]
        words = first.words
        while at + 1 < len(found) and re.fullmatch(r"\s*\+\s*", source[last.end : found[at + 1].start]):
            at += 1
            last = found[at]
            words += last.words
        at += 1
        if _is_message(words, source[: first.start], source[last.end :]):
            yield Literal(first.start, last.end, words)


def _texts(source: str) -> Iterator[Literal]:
    """Every text in quotes or backquotes."""
    at = 0
    while at < len(source):
        match = _TOKEN.match(source, at)
        assert match is not None, "every letter is a token"
        end = _end_of_template(source, match.end()) if match["back"] else match.end()
        if match["back"] or match["quoted"]:
            yield Literal(at, end, source[at + 1 : end - 1])
        at = end


def _end_of_template(source: str, at: int) -> int:
    """Where a text in backquotes ends, whatever stands in what is put into it."""
    depth = 0
    while at < len(source):
        letter = source[at]
        if source.startswith("${", at) or (depth and letter == "{"):
            depth += 1
            at += 1 + (letter == "$")
        elif letter == "\\":
            at += 2
        elif depth and letter == "`":
            at = _end_of_template(source, at + 1)
        elif letter == "`":
            return at + 1
        else:
            depth -= bool(depth and letter == "}")
            at += 1
    return at


def _is_message(words: str, before: str, after: str) -> bool:
    """Whether people read a text, by what it says and by what stands around it."""
    bare = FIELD.sub(" ", words)
    text = bare.strip()
    if any(letter in bare for letter in "`{}\\") or not is_read(bare) or _NO_WORDS.search(text) or text in _KEYS:
        return False
    is_key = _KEY_BEFORE.search(before[-60:]) or _KEY_AFTER.match(after)
    if is_key and not re.search(r"\?\s*$", before[-20:]):
        return False
    return bool(re.match(r"[A-Z][a-z]+|A [a-z]", text) or re.search(r"[a-z]{2,} |^[a-z]+ \S|[.,?!]$", text))
