"""Caffe's messages as protobuf's own classes, made from our definitions: what protobuf reads is what we should read."""

from __future__ import annotations

import functools
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format

from dragoman_caffe.definitions import built_in

_KINDS = {"int": 3, "uint": 4, "bool": 8, "float": 2, "double": 1, "string": 9, "bytes": 12, "enum": 14, "message": 11}
_PACKAGE = "oracle"


@functools.cache
def net_parameter() -> Any:
    """The class of NetParameter; fields are numbered anew, which the text form does not show."""
    definitions = built_in()
    file = descriptor_pb2.FileDescriptorProto(name="oracle.proto", package=_PACKAGE, syntax="proto2")
    for name in definitions.messages:
        message = file.message_type.add(name=_flat(name))
        nested: set[str] = set()
        for number, field in enumerate(definitions.messages[name].values(), start=1):
            made = message.field.add(name=field.name, number=number, label=3 if field.repeated else 1)
            made.type = _KINDS[field.kind]
            if field.kind == "message":
                made.type_name = f".{_PACKAGE}.{_flat(field.type)}"
            elif field.kind == "enum":
                made.type_name = f".{_PACKAGE}.{_flat(name)}.{_flat(field.type)}"
                if field.type not in nested:
                    nested.add(field.type)
                    enum = message.enum_type.add(name=_flat(field.type))
                    for word, value in definitions.enums[field.type].items():
                        enum.value.add(name=word, number=value)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.NetParameter"))


def _flat(name: str) -> str:
    return name.replace(".", "_")


def read(text: str) -> dict[str, Any]:
    """The net as protobuf reads it, in the form of our messages; text_format.ParseError when it does not."""
    return _plain(text_format.Parse(text, net_parameter()()))


def _plain(message: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for field, value in message.ListFields():
        many = field.is_repeated if hasattr(field, "is_repeated") else field.label == field.LABEL_REPEATED
        found[field.name] = [_one(field, v) for v in value] if many else _one(field, value)
    return found


def _one(field: Any, value: Any) -> Any:
    if field.message_type is not None:
        return _plain(value)
    if field.enum_type is not None:
        return field.enum_type.values_by_number[value].name
    return value
