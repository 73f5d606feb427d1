"""Reads C++ just far enough for tools/tidy: includes, code without comments and strings, functions."""
import re


def includes(text):
    """(line, header, quoted) of every #include."""
    found = []
    for number, line in enumerate(text.split("\n"), 1):
        match = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
        if match:
            found.append((number, match[2], match[1] == '"'))
    return found


TEXT_LINE = "\x01\n"
_TOKEN = re.compile(
    r'//[^\n]*|/\*.*?\*/'
    r'|(?:u8|[uUL])?R"(?P<tag>[^()\\ ]{0,16})\(.*?\)(?P=tag)"'
    r'|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'", re.DOTALL)


def without_comments(text):
    """The same text, line for line, with comments gone and strings emptied (includes kept)."""
    def blank(match):
        if text[text.rfind("\n", 0, match.start()) + 1:match.start()].lstrip().startswith("#"):
            return match[0] if match[0][0] == '"' else "\n" * match[0].count("\n")
        quotes = "" if match[0].startswith("/") else '""' if '"' in match[0][:4] else "' '"
        # Lines inside a raw string (SQL, YAML) are text, not code: marked, so that lengths can leave them out.
        return quotes + (TEXT_LINE if match["tag"] is not None else "\n") * match[0].count("\n")
    return _TOKEN.sub(blank, text)


_SCOPE = re.compile(r"\b(namespace|class|struct|union|enum|extern)\b")


def functions(code):
    """(name, first line, length in lines) of every function body; lambdas count within their function."""
    found, stack, start = [], [], 0
    depth_of_function = None
    for match in re.finditer(r"[{};]|^\s*#.*$", code, re.MULTILINE):
        mark, here = match[0], match.start()
        if mark == "{":
            head = code[start:here]
            is_body = depth_of_function is None and _is_function(head)
            stack.append((is_body, start + len(head) - len(head.lstrip()), head, start))
            if is_body:
                depth_of_function = len(stack)
        elif mark == "}" and stack:
            is_body, first, head, before = stack.pop()
            if is_body:
                depth_of_function = None
                line = code.count("\n", 0, first) + 1
                length = code.count("\n", first, here) + 1 - code.count(TEXT_LINE, first, here)
                found.append((_name(head), line, length))
            elif depth_of_function is None and not _is_scope(head.rstrip()):
                start = before  # an initializer in the middle of a head: `Foo() : a_{1} {`, `f(int a = {}) {`
                continue
        if depth_of_function is None:
            start = match.end()
    return found


def _is_function(head):
    """Whether a `{` after this text opens a body: not a scope's, not an initializer's."""
    text = head.rstrip()
    member_initializer = re.search(r"\)\s*(noexcept\s*)?:(?!:)", text) and re.search(r"[\w>]$", text)
    return "(" in text and not text.endswith(("=", "(", "]", ",")) and not _is_scope(text) and not member_initializer


def _is_scope(head):
    match = _SCOPE.search(re.sub(r"template\s*<[^{}]*?>\s*(?=\w)", "", head))
    return bool(match) and "(" not in head[:match.start()]  \
        and not re.search(r"\b(struct|class|enum)\s+\w+\s*[*&]?\s*\w+\s*\(", head)


def _name(head):
    match = re.search(r"([~\w:]+|operator\s*\S+?)\s*\(", head)
    return match[1].rpartition("::")[2] if match else "function"
