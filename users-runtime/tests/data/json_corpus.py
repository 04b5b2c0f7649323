"""Makes json_corpus.jsonl: what Python's json module says about texts that are not JSON.

    python3.11 json_corpus.py > json_corpus.jsonl

One line per text: `[text, message, offset]`. Python 3.13 words a trailing comma differently.
"""

import json

TEXTS = [
    # nothing, or something before or after
    " ", "\n\n", "\ufeff{}", "x", "{} x", "{}{}", "1 2", "\"a\" \"b\"", "nul", "nulll", "True", "tru", "-", "+1", ".5", "01", "1.", "1.e5", "1e",
    "1e+", "0x10", "--1", "é", "\u00a0{}", "undefined", "'a'", "{}\u0000", "\u0000",
    # objects
    "{", "{ ", "{bad", "{\"a\"", "{\"a\" ", "{\"a\":", "{\"a\": ", "{\"a\":1", "{\"a\":1 ", "{\"a\":1,", "{\"a\":1, }", "{\"a\":1 \"b\":2}", "{\"a\" 1}", "{'a':1}",
    "{a:1}", "{1:2}", "{\"a\":}", "{,}", "{\"a\":1]", "{\"a\"::1}", "{null:1}", "{\"é\":é}", "{\"a\":{\"b\":[1,{\"c\":}]}}",
    # arrays
    "[", "[ ", "[1", "[1 ", "[1,", "[1,]", "[,1]", "[1 2]", "[1}", "]", "[[]", "[[],", "[\"a\"", "[nul]", "[1,,2]", "[01]", "[1.]", "[-]",
    # strings
    "\"", "\"abc", "\"a\nb\"", "\"a\tb\"", "\"\u0000\"", "\"\u001f\"", "\"\\", "\"\\\"", "\"\\x\"", "\"\\u\"", "\"\\u12\"", "\"\\u123\"", "\"\\u123g\"",
    "\"\\u1234", "\"\\U0001f600\"", "\"é\\q\"", "{\"é\nb\":1}", "{\"a\":\"b\\", "{\"a\":\"b\\u00", "\"😀\\x\"", "{\"a\\x\":1}",
]

if __name__ == "__main__":
    for text in TEXTS:
        try:
            json.loads(text)
        except json.JSONDecodeError as error:
            print(json.dumps([text, error.msg, error.pos], ensure_ascii=False))
        else:
            raise SystemExit(f"Python reads {text!r}")
