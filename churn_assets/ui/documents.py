"""The operations of a GraphQL document, parsed by the library that will execute it."""

from __future__ import annotations

MAX_TOKENS = 50_000  # the longest query of the UI has about 2,000


class UnreadableDocument(ValueError):
    """A text is no GraphQL document, or one that nothing here sends."""


def operations(text: str) -> set[str]:
    """The kinds of all its operations (query, mutation, subscription), whichever of them is asked for by name.

    Raises UnreadableDocument.
    """
    from graphql import (  # noqa: PLC0415 - 1 s, and only the UI, which has it anyway, needs it
        FragmentDefinitionNode,
        GraphQLError,
        OperationDefinitionNode,
        parse,
    )

    try:
        definitions = parse(text, no_location=True, max_tokens=MAX_TOKENS).definitions
    except GraphQLError as error:
        raise UnreadableDocument(error.message) from error
    except RecursionError as error:
        raise UnreadableDocument("it is nested too deeply") from error
    kinds = set()
    for definition in definitions:
        if isinstance(definition, OperationDefinitionNode):
            kinds.add(definition.operation.value)
        elif not isinstance(definition, FragmentDefinitionNode):
            raise UnreadableDocument(f"{definition.kind} does not belong into a request")
    return kinds
