"""The messages of a template: what of its source people read, cut out so that it can stand there in another language.

A message is a run of text with the inline tags and the `{{ expressions }}` in it, between blocks and statements. A tag
is written in it by its name alone, `<a>`, or `<a 1>` and `<a 2>` where there are more with different attributes, so
that a catalogue can say where a link stands and never where it leads. The words in an expression that are shown, as in
`{{ "child" if one else "children" }}`, are messages of their own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from jinja2 import Environment, TemplateSyntaxError, nodes

from api.core.message_check import check, is_read, pieces
from api.core.message_runs import Part, bounds, number_tags, side_by_side

Say = Callable[[str], str]
"""What a message is in the language of the reader; the message itself where nobody has said."""

INLINE = frozenset(
    {"a", "abbr", "b", "bdi", "cite", "code", "em", "i", "kbd", "mark", "q", "s", "small", "span", "strong", "sub"}
    | {"sup", "time", "u"}
)
SHOWN = re.compile(r"(?<=\s)(placeholder|title|alt|label|aria-label)=\"([^\"]*)\"")
"""The attributes whose values people read, or hear."""

_JINJA = re.compile(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", re.DOTALL)
_HIDDEN = re.compile("\x00(\\d+)\x01")
_PIECE = re.compile(
    r"<(?P<opaque>script|style|svg|pre|code)\b.*?</(?P=opaque)\s*>|<!--.*?-->|<![^>]*>"
    r"|<(?P<end>/?)(?P<tag>[a-zA-Z][a-zA-Z0-9-]*)(?:\"[^\"]*\"|'[^']*'|[^'\">])*>|(?P<jinja>\x00\d+\x01)"
    # The name of the program in the title of a page is no part of what the page is called.
    r"|(?P<name> · AP Ledger)|<|(?:(?! · AP Ledger)[^<\x00])+",
    re.DOTALL,
)


class Reader:
    """Reads templates, as they are after `Compact`, and says each message in them."""

    _environment = Environment()
    """Reads expressions, and loads nothing."""

    def said(self, source: str, say: Say) -> str:
        """The same template with its messages in another language."""
        hidden: list[str] = []

        def hide(match: re.Match[str]) -> str:
            hidden.append(match[0])
            return f"\x00{len(hidden) - 1}\x01"

        text = _JINJA.sub(hide, source)
        return self._run(text, hidden, say)

    def _run(self, text: str, hidden: list[str], say: Say) -> str:
        done: list[str] = []
        run: list[Part] = []
        for match in _PIECE.finditer(text):
            part = self._part(match, hidden, say)
            if isinstance(part, str):
                done += [self._message(run, say), part]
                run = []
            else:
                run.append(part)
        return "".join([*done, self._message(run, say)])

    def _part(self, match: re.Match[str], hidden: list[str], say: Say) -> Part | str:
        """A part of the message that is being read; or what ends it, as it is in the end."""
        whole = match[0]
        if match["jinja"]:
            statement = hidden[int(whole[1:-1])]
            if not statement.startswith("{{"):
                return statement
            # What is an empty text or a space in the source only keeps tags apart.
            if re.fullmatch(r"\{\{-?\s*(\"\s*\"|'\s*')\s*-?\}\}", statement):
                return statement
            return Part("expression", statement, " ".join(statement.split()))
        if match["opaque"] and match["opaque"] != "code":
            return _restored(whole, hidden)
        if match["opaque"]:
            whole = _restored(whole, hidden)
            return Part("expression", whole, " ".join(whole.split()))
        if match["name"]:
            return whole
        if not match["tag"]:
            return _restored(whole, hidden) if whole.startswith("<!") else Part("text", whole, whole)
        attributes = SHOWN.sub(lambda value: f'{value[1]}="{self._run(value[2], hidden, say)}"', whole)
        tag = _restored(attributes, hidden)
        name = match["tag"].lower()
        if name not in INLINE:
            return tag
        return Part("close" if match["end"] else "open", tag, name)

    def _message(self, run: list[Part], say: Say) -> str:
        """A run of parts as it is said."""
        first, last = bounds(run)
        middle = run[first:last]
        texts = [part.source for part in middle if part.kind == "text"]
        # What holds a brace is a style or an address, and no sentence.
        if not any(map(is_read, texts)) or any("{" in text or "}" in text for text in texts):
            return "".join(self._shown(part, say) for part in run)
        if (apart := side_by_side(middle)) is not None:
            inner = "".join(self._message(element, say) for element in apart)
        else:
            inner = self._sentence(middle, say)
        before = "".join(self._shown(part, say) for part in run[:first])
        after = "".join(self._shown(part, say) for part in run[last:])
        return before + inner + after

    def _sentence(self, parts: list[Part], say: Say) -> str:
        """What is one message, as it is said, with the spaces around it."""
        number_tags(parts)
        written = "".join(part.written for part in parts)
        message = " ".join(written.split())
        said = say(message)
        if said == message:
            return "".join(self._shown(part, say) for part in parts)
        lead, trail = _edges(written)
        return lead + self._put(said, parts, say) + trail

    def _put(self, said: str, parts: list[Part], say: Say) -> str:
        """A translation with the tags and expressions of its message. Raises Broken."""
        check("".join(part.written for part in parts), said)
        waiting: dict[str, list[Part]] = {}
        for part in parts:
            if part.kind != "text":
                waiting.setdefault(part.written, []).append(part)
        return "".join(
            piece.text if piece.text else self._shown(waiting[piece.written].pop(0), say) for piece in pieces(said)
        )

    def _shown(self, part: Part, say: Say) -> str:
        return self._words_in(part.source, say) if part.kind == "expression" else part.source

    def _words_in(self, expression: str, say: Say) -> str:
        """An expression with those words of it that are shown in another language."""
        if not expression.startswith("{{") or not re.search(r"[\"']", expression):
            return expression
        shown = {words: said for words in self.words_of(expression) if (said := _within(words, say)) != words}
        if not shown:
            return expression
        made: list[str] = []
        for before, (kind, source), after in _with_neighbours(list(self._tokens(expression))):
            words = _literal(source) if kind == "string" else None
            compared = before in {"==", "!=", "in", "[", "(", ","} or after in {"==", "!=", "in", "]"}
            if before == "(" and after in {"if", "~"}:
                compared = False
            made.append(_quoted(shown[words]) if words in shown and words is not None and not compared else source)
        return "".join(made)

    def _tokens(self, expression: str) -> Iterator[tuple[str, str]]:
        for _, kind, source in self._environment.lexer.tokeniter(expression, None):
            yield kind, source

    def words_of(self, expression: str) -> list[str]:
        """The words in an expression that are shown as they stand."""
        try:
            output = self._environment.parse(expression).body
        except TemplateSyntaxError:
            return []
        found: list[str] = []
        for part in output:
            if isinstance(part, nodes.Output):
                for shown in part.nodes:
                    found += _shown_words(shown)
        return [words for words in found if is_read(words)]

    def macro_words(self, source: str, parameters: dict[str, list[str]]) -> list[str]:
        """The words that a template hands to macros which say them; `parameters` of each by its name, in order.

        An empty name stands for a parameter that is not said.
        """
        found: list[str] = []
        for call in self._environment.parse(source).find_all(nodes.Call):
            name = call.node.name if isinstance(call.node, nodes.Name) else getattr(call.node, "attr", "")
            named = parameters.get(name, [])
            given = [*zip(named, call.args, strict=False), *((pair.key, pair.value) for pair in call.kwargs)]
            for parameter, value in given:
                if parameter and parameter in named:
                    found += _shown_words(value)
        return [words for words in found if is_read(words)]

    def filtered_words(self, source: str) -> list[str]:
        """The words of a template that are said where they stand: `"Choose" | say`."""
        filters = self._environment.parse(source).find_all(nodes.Filter)
        return [
            words
            for filtered in filters
            if filtered.name == "say" and filtered.node is not None
            for words in _shown_words(filtered.node)
            if is_read(words)
        ]

    def said_parameters(self, source: str) -> dict[str, list[str]]:
        """The macros of a template with the parameters that they say: `{{ label | say }}`."""
        made: dict[str, list[str]] = {}
        for macro in self._environment.parse(source).find_all(nodes.Macro):
            said = {
                name.name
                for filtered in macro.find_all(nodes.Filter)
                if filtered.name == "say"
                for name in filtered.find_all(nodes.Name)
            }
            made[macro.name] = [argument.name if argument.name in said else "" for argument in macro.args]
        return made


def _edges(written: str) -> tuple[str, str]:
    """The spaces before and after a message."""
    return written[: len(written) - len(written.lstrip())], written[len(written.rstrip()) :]


def _within(words: str, say: Say) -> str:
    """Words as they are said, with the spaces around them."""
    lead, trail = _edges(words)
    return lead + say(words.strip()) + trail


def _restored(text: str, hidden: list[str]) -> str:
    return _HIDDEN.sub(lambda match: hidden[int(match[1])], text)


def _shown_words(node: nodes.Node) -> list[str]:
    """The words in an expression that end on the page, and no key, condition or name of anything."""
    match node:
        case nodes.Const():
            return [node.value] if isinstance(node.value, str) else []
        case nodes.CondExpr():
            return _shown_words(node.expr1) + (_shown_words(node.expr2) if node.expr2 else [])
        case nodes.Or() | nodes.Add():
            return _shown_words(node.left) + _shown_words(node.right)
        case nodes.Concat():
            return [words for part in node.nodes for words in _shown_words(part)]
        case nodes.Filter() if node.node is not None and node.name in ("capitalize", "lower", "say"):
            return _shown_words(node.node)
        case nodes.Getitem() if isinstance(node.node, nodes.Dict):
            return [words for pair in node.node.items for words in _shown_words(pair.value)]
    return []


Neighbours = tuple[str, tuple[str, str], str]


def _with_neighbours(tokens: list[tuple[str, str]]) -> Iterator[Neighbours]:
    """Each token of an expression with the ones before and after it that are no space."""
    for at, token in enumerate(tokens):
        before = next((source for kind, source in reversed(tokens[:at]) if kind != "whitespace"), "")
        after = next((source for kind, source in tokens[at + 1 :] if kind != "whitespace"), "")
        yield before, token, after


def _literal(source: str) -> str:
    return source[1:-1].encode("ascii", "backslashreplace").decode("unicode-escape")


def _quoted(words: str) -> str:
    escaped = words.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
