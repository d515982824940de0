"""Reads a YAML file that a person writes as a Part; a mistake is told with the file, the line, the key and the fix."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from conf.errors import WrongUse
from conf.nearest import did_you_mean

Model = TypeVar("Model", bound=BaseModel)


def yaml_text(path: Path) -> str:
    """Returns the text of a YAML file, for `parse_yaml`. Raises WrongUse if it can't be read or is not UTF-8."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise WrongUse(f"{path} can't be read: {error.strerror}") from None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:  # a name with a letter replaced would match nothing, without a word
        line = content.count(b"\n", 0, error.start) + 1
        raise WrongUse(f"{path}:{line}: a letter there is not UTF-8", "Save the file as UTF-8") from None


def parse_yaml(
    model: type[Model],
    text: str,
    file: str,
    parts: Sequence[type[BaseModel]],
    what: str,
    *,
    all_texts: bool = False,
) -> Model:
    """Returns a YAML text as a `model`; error messages call the file `file`, and what it should be `what`.

    `parts` are the models whose keys may stand in the file: the nearest of them is suggested for an unknown key. With
    `all_texts`, no value is a number, a date or a truth value: `No` and `2016` are texts.

    Raises WrongUse, which names the file, the line, the key and the fix, if the text is not valid.
    """
    node, content = _read(text, file, yaml.BaseLoader if all_texts else _Values)
    if not isinstance(content, dict):
        required = [f"{name}:" for name, field in model.model_fields.items() if field.is_required()]
        raise WrongUse(f"{file}: is not a {what}", f"It must contain keys such as {' and '.join(required)}")
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise _as_wrong_use(error, node, file, parts, what) from None


class _Values(yaml.SafeLoader):
    """Reads plain values. A value that is none, such as the day 2016-02-30, is told with its line."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except ValueError as error:
            raise yaml.MarkedYAMLError(problem=str(error), problem_mark=node.start_mark) from None


def _read(text: str, file: str, loader: type[yaml.BaseLoader] | type[yaml.SafeLoader]) -> tuple[yaml.Node | None, Any]:
    """Returns the nodes of a YAML text, which know their lines, and its content."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        _refuse_repeated_keys(node, file)
        return node, yaml.load(text, Loader=loader)  # noqa: S506 - plain values
    except RecursionError:
        raise WrongUse(f"{file}: not valid YAML: it is nested too deeply", "Remove brackets") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        raise WrongUse(
            f"{file}{line}: not valid YAML: {getattr(error, 'problem', error)}",
            "Check the indentation and quotes there",
        ) from None


def _refuse_repeated_keys(root: yaml.Node | None, file: str) -> None:
    """Raises WrongUse if a key is there twice in one place: YAML would keep the last, and drop the other unseen."""
    waiting, seen = [root], set[int]()
    while waiting:
        node = waiting.pop()
        if id(node) in seen or not isinstance(node, yaml.CollectionNode):
            continue
        seen.add(id(node))
        if not isinstance(node, yaml.MappingNode):
            waiting.extend(node.value)
            continue
        keys = set[str]()
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in keys:
                raise WrongUse(f"{file}:{key.start_mark.line + 1}: {key.value}: is there twice", "Join the two")
            keys.add(str(key.value))
            waiting.append(value)


def _as_wrong_use(
    error: ValidationError, node: yaml.Node | None, file: str, parts: Sequence[type[BaseModel]], what: str
) -> WrongUse:
    first = error.errors(include_url=False)[0]
    where = first["loc"]
    key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in where).lstrip(".") or what
    message = first["msg"].removeprefix("Value error, ")
    fix = ""
    if first["type"] == "extra_forbidden":
        message, fix = "unknown key", _nearest_key(str(where[-1]), parts)
    elif first["type"] == "missing":
        message, fix = "is missing", "Add it"
    else:
        message = (
            f"{message} (found {_short(first['input'])})"
            if not isinstance(first["input"], dict | list | BaseModel)
            else message
        )
        if first["type"] == "string_type" and not isinstance(first["input"], dict | list | None):
            fix = "Put it in quotes"
    return WrongUse(f"{file}:{_line_of(node, where)}: {key}: {message}", fix)


def _nearest_key(key: str, parts: Sequence[type[BaseModel]]) -> str:
    names = sorted({name for part in parts for name in part.model_fields})
    return did_you_mean(key, names, "Remove it; the README lists the keys")


def _line_of(node: yaml.Node | None, where: tuple[Any, ...]) -> int:
    """Returns the line of a key in the file; for a key that is missing, the line of the nearest key around it."""
    line = 1
    for part in where:
        if isinstance(node, yaml.MappingNode):
            pairs = {key.value: (key, value) for key, value in node.value}
            if str(part) not in pairs:
                return line
            key, node = pairs[str(part)]
            line = key.start_mark.line + 1
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
    return line


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
