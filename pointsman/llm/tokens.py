"""How many tokens a prompt has, as far as is known before a model counts them."""

from pointsman.llm.types import Request

_CHARS_PER_TOKEN = 4  # of English and of code


def prompt_tokens(request: Request) -> int:
    """An estimate: four characters of ASCII a token, and any other character one of its own, as in Chinese."""
    texts = [str(message.get("content", "")) for message in request.messages]
    plain = sum(len(text) if text.isascii() else sum(map(str.isascii, text)) for text in texts)
    return plain // _CHARS_PER_TOKEN + sum(map(len, texts)) - plain
