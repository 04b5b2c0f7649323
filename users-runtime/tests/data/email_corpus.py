"""Generates email_corpus.jsonl: the result of fastapi-users' e-mail validation for each address.

    pip install email-validator==2.3.0 pydantic==2.14.3
    python email_corpus.py > email_corpus.jsonl

One line per address, with its normal form or null. `internationalized` is Pydantic's `EmailStr`. `ascii` is email-validator
without SMTPUTF8, strict about the local part's length and without `Name <address>`, under Pydantic's own first checks; the
length of its input is limited to 320 characters.
"""

import json

import email_validator
from pydantic.networks import validate_email
from pydantic_core import PydanticCustomError

ADDRESSES = [
    # accepted by both
    "king.arthur@camelot.bt", "King.Arthur@Camelot.BT", "  a@camelot.bt  ", "\ta@camelot.bt", "a@example.com",
    "a+b@camelot.bt", "a.b.c@d.e.f.co", "!#$%&'*+-/=?^_`{|}~@camelot.bt", "1@1.com", "a@123.com", "a@b-c.com",
    "a@b--c.com", "INFO@camelot.bt", "Postmaster@Camelot.bt", "Infos@camelot.bt", "a@xn--bcher-kva.example.com",
    "a@bücher.com", "a@BÜCHER.com", "a@bu\u0308cher.com", "a@faß.de", "a@ｃａｍｅｌｏｔ.ｂｔ", "a@camelot。bt",
    "a@xn--fa-hia.de", "a@日本語.jp", "a@例え.テスト", "a@мир.рф", "a@xn--h1ahn.xn--p1ai", "a@XN--BCHER-KVA.com",
    "a@l·l.cat", "a@col·laboració.cat", "a@ドメイン・例.jp", "a@tests.com", "a@mytest.com", "a@localhosts.com",
    "a@" + "b" * 63 + ".com", "a" * 64 + "@camelot.bt", "a@" + ".".join(["b" * 60] * 4)[:240] + ".com",
    "a-@camelot.bt", "-a@camelot.bt", "a@a.museum", "a@c.travelersinsurance", "a@ελλάδα.gr", "a@σς.gr", "a@ΣΣ.gr",
    "a@Ⅷ.com", "a@①.com", "a@²x.com", "a@نامه.ir", "a@١٢.com", "a@क्ष.in",
    # accepted only as internationalized addresses
    "é@camelot.bt", "É@camelot.bt", "e\u0301@camelot.bt", "用户@例子.广告", "ß@camelot.bt", "a😀@camelot.bt", "Ⅷ@camelot.bt",
    "ﬁ@camelot.bt", "Arthur <a@camelot.bt>", "King Arthur <a@camelot.bt>", "<a@camelot.bt>", "\"King, Arthur\" <a@camelot.bt>",
    "\"a\" \"b\" <a@camelot.bt>", "Arthur<a@camelot.bt>", "K. Arthur <a@camelot.bt>", "Ärthur <a@camelot.bt>", " <a@camelot.bt> ",
    "\"<x@y.z>\" <a@camelot.bt>", "a" * 65 + "@camelot.bt", "a" * 200 + "@camelot.bt", "é" * 64 + "@camelot.bt",
    " " * 400 + "a@camelot.bt", "a@camelot.bt" + " " * 400,
    # no at-sign, empty parts, several at-signs
    "", " ", "a", "camelot.bt", "@", "@camelot.bt", "a@", "a@@camelot.bt", "a@b@camelot.bt", "a＠camelot.bt", "a﹫camelot.bt",
    "@@", "a@camelot.bt@", "<>", "a at camelot.bt", "\"a@camelot.bt",
    # periods and hyphens
    ".a@camelot.bt", "a.@camelot.bt", "a..b@camelot.bt", "a@.camelot.bt", "a@camelot.bt.", "a@camelot..bt", ".@camelot.bt", "..@x.bt",
    "a@-camelot.bt", "a@camelot.bt-", "a@camelot-.bt", "a@camelot.-bt", "a@ab--c.com", "a@x.ab--c.com", "a@xn--.com", "a@。com", "a@camelot。",
    "a@é..com", "a@-é.com", "a@é-.com",
    # characters of the local part
    "a b@camelot.bt", "a\tb@camelot.bt", "a\x00b@camelot.bt", "a\x7fb@camelot.bt", "a,b@camelot.bt", "a;b@camelot.bt", "(a)@camelot.bt",
    "a:b@camelot.bt", "a[b]@camelot.bt", "a\\b@camelot.bt", "a<b@camelot.bt", "a>b@camelot.bt", "a<b>@camelot.bt", "a\u00a0b@camelot.bt",
    "a\u200bb@camelot.bt", "a\u202eb@camelot.bt", "a\u0085b@camelot.bt", "\u200da@camelot.bt", "a\ufeff@camelot.bt", "a\ue000@camelot.bt",
    "a\u2028b@camelot.bt", "a\U000e0041b@camelot.bt", "a\uffffb@camelot.bt", "a, \x01;b@camelot.bt", "a\u3000b@camelot.bt", "\u2064a@camelot.bt",
    "a'b\"c@camelot.bt", "mailto:a@camelot.bt", "a\u037e@camelot.bt", "a\u1fefb@camelot.bt", "a\u212ab@camelot.bt", "<\u0338a@camelot.bt",
    # quoted
    "\"a\"@camelot.bt", "\"a b\"@camelot.bt", "\"a@b\"@camelot.bt", "\"a\"b@camelot.bt", "\"\"@camelot.bt", "\"a\\\"b\"@camelot.bt",
    "\"\x01\"@camelot.bt", "\"é\"@camelot.bt", "\"a\"\u00a0@camelot.bt",
    # the domain
    "a@camelot", "a@camelot_x.bt", "a@cam elot.bt", "a@cam!elot.bt", "a@127.0.0.1", "a@1.2", "a@camelot.123", "a@camelot.b1", "a@[127.0.0.1]",
    "a@[IPv6:::1]", "a@camelot.bt:25", "a@camelot.bt/x", "a@camelot.bt?x", "a@camelot,bt", "a@(x)camelot.bt", "a@camelot.bt(x)",
    "a@localhost", "a@x.localhost", "a@test", "a@x.test", "a@x.local", "a@x.invalid", "a@x.onion", "a@1.0.0.127.in-addr.arpa", "a@arpa",
    "a@X.TEST", "a@local", "a@☺.com", "a@i❤.ws", "a@😀.com", "a@xn--74h.com", "a@xn--0.com", "a@xn--a.com", "a@xn--é.com", "a@℀.com", "a@⒈com",
    "a@a\u200db.com", "a@a\u00adb.com", "a@a\u2024b.com", "a@a．b.com", "a@a\u2025b.com", "a@\u0301a.com", "a@a\u0000.com", "a@a\u200b.com", "a@×.com",
    "a@a\u0600.com", "a@·l.cat", "a@l·.cat", "a@・.jp", "a@a・b.com", "a@١۱.com", "a@ᄀ.com", "a@ـ.com", "a@\u1fef.com", "a@≠.com", "a@a\ue000.com",
    "a@אa.com", "a@1א.com", "a@ａ/ｂ.com", "a@a＠b.com", "a@www.\uff0e.com",
    # lengths
    "a@" + "b" * 64 + ".com", "a@" + "b" * 70 + ".com", "a@" + "é" * 60 + ".com", "a@" + ".".join(["b" * 60] * 5) + ".com",
    "a" * 244 + "@camelot.bt", "a" * 243 + "@camelot.bt", "é" * 122 + "@camelot.bt", "é" * 130 + "@camelot.bt", "a" * 60 + "@" + ".".join(["é" * 40] * 4) + ".com",
    "x" * 2048, "x" * 2049, "a@b.co" + "m" * 200, "a" * 320, "a" * 321, "日" * 90 + "@camelot.bt", "a" * 60 + "@" + "b" * 60 + "." + "c" * 60 + "." + "d" * 60 + ".comx",
    # header injection
    "a@camelot.bt\r\nBcc: x@y.z", "a@camelot.bt\n", "\na@camelot.bt", "a\r@camelot.bt", "a@camelot.bt%0aBcc", "a%0d%0ab@camelot.bt",
    "a@camelot.bt\x0bBcc:x", "a@camelot.bt\u2028Bcc:x", "a@camelot.bt\u0085", "a@camelot.bt, b@camelot.bt", "a@camelot.bt;b@camelot.bt",
    "a@camelot.bt b@camelot.bt", "x <a@camelot.bt>, y <b@camelot.bt>", "x <a@camelot.bt> y", "x,y <a@camelot.bt>", "x <a@camelot.bt", "x <<a@camelot.bt>>",
    "x <\"a\"@camelot.bt>", "x <>", "x < a@camelot.bt >", "\"\" <a@camelot.bt>", "\"x <a@camelot.bt>", "x\u0301 <a@camelot.bt>",
]


def normal(check, text):
    try:
        return check(text)
    except (PydanticCustomError, email_validator.EmailNotValidError):
        return None


def ascii_only(text):
    if len(text) > 320:
        raise email_validator.EmailSyntaxError("Length must not exceed 320 characters")
    if "\r" in text or "\n" in text:
        raise email_validator.EmailSyntaxError("Carriage return and line feed characters are not allowed")
    return email_validator.validate_email(
        text.strip(), check_deliverability=False, allow_smtputf8=False, strict=True
    ).normalized


if __name__ == "__main__":
    for address in ADDRESSES:
        line = {
            "input": address,
            "internationalized": normal(lambda text: validate_email(text)[1], address),
            "ascii": normal(ascii_only, address),
        }
        print(json.dumps(line, ensure_ascii=False))
