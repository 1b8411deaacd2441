"""Functions of strings."""

from tests.backends.oracle_sql.statements.group import Group, _

SOURCE = "SQL Language Reference 19c, chapter 7, Functions"

GROUPS = [
    Group(
        "CONCAT",
        SOURCE,
        values=[
            ("concat(concat('a', 1), null)", "a1"),
        ],
        answers=[
            ("select concat('a', null) from dual", [("a",)]),
        ],
    ),
    Group(
        "SUBSTR",
        SOURCE,
        values=[
            ("substr('ABCDEFG', 3, 4)", "CDEF"),
            ("substr('ABCDEFG', -5, 4)", "CDEF"),
            ("substr('ABCDEFG', 0, 2)", "AB"),
            ("substr('ABCDEFG', -8, 2)", _),
            ("substr('ABCDEFG', 8)", _),
            ("substr('ABCDEFG', 3, 0)", _),
            ("substr('ABCDEFG', 3, -1)", _),
            ("substr('ABCDEFG', 2.9, 1.9)", "B"),
            ("substr('ABCDEFG', null)", _),
            ("substr('Ünï', 2, 1)", "n"),
        ],
        answers=[
            ("select substr('ABCDEFG', 3, 4), substr('ABCDEFG', -5, 4) from dual", [("CDEF", "CDEF")]),
            ("select substr('ABC', 0, 2), substr('ABC', 0), substr('ABC', -1), substr('ABC', 2.9) from dual", [("AB", "ABC", "C", "BC")]),
            ("select substr('ABC', 4), substr('ABC', -4), substr('ABC', 1, 0), substr('ABC', 1, -1) from dual", [(_, _, _, _)]),
        ],
    ),
    Group(
        "INSTR",
        SOURCE,
        values=[
            ("instr('CORPORATE FLOOR', 'OR')", 2),
            ("instr('CORPORATE FLOOR', 'OR', 1, 9)", 0),
            ("instr('abc', 'z')", 0),
            ("instr('abc', '')", _),
            ("instr('hello', 'l', -1)", 4),
            ("instr('hello', 'l', 0)", 0),
            ("instr('aaaa', 'aa', 1, 2)", 2),
        ],
        answers=[
            ("select instr('CORPORATE FLOOR', 'OR', 3, 2) from dual", [(14,)]),
            ("select instr('CORPORATE FLOOR', 'OR', -3, 2) from dual", [(2,)]),
            ("select instr('abc', 'c'), instr('abc', 'z'), instr('abc', ''), instr('abcabc', 'b', 3) from dual", [(3, 0, _, 5)]),
        ],
        faults=[
            ("instr('abc', 'b', 1, 0)", "ORA-01428"),
        ],
    ),
    Group(
        "LPAD",
        SOURCE,
        values=[
            ("lpad('Page 1', 15, '*.')", "*.*.*.*.*Page 1"),
            ("lpad('abc', 2)", "ab"),
            ("lpad('abc', 0)", _),
            ("lpad('abc', -1)", _),
            ("lpad('abc', 5, '')", _),
            ("rpad('MORRISON', 12, 'ab')", "MORRISONabab"),
            ("rpad('abc', 2.9, 'x')", "ab"),
        ],
        answers=[
            (
                "select lpad('Page 1', 15, '*.'), lpad('abc', 2), lpad('abc', 0), rpad('a', 3) || '|' from dual",
                [("*.*.*.*.*Page 1", "ab", _, "a  |")],
            ),
        ],
        refusals=[
            ("lpad('x', 5000)", "LPAD to 5000 characters", "4000"),
        ],
    ),
    Group(
        "LTRIM",
        SOURCE,
        values=[
            ("ltrim('xyxXxyLAST WORD', 'xy')", "XxyLAST WORD"),
            ("ltrim('  x')", "x"),
            ("rtrim('BROWNING: ./=./=', '/=.')", "BROWNING: "),
            ("rtrim('abc', '')", _),
        ],
        answers=[
            (
                "select ltrim('<=====>BROWNING<=====>', '<>='), rtrim('BROWNING: ./=./=./=./=', '/=.') from dual",
                [("BROWNING<=====>", "BROWNING: ")],
            ),
        ],
    ),
    Group(
        "TRIM",
        SOURCE,
        values=[
            ("trim(leading '0' from '00120')", "120"),
            ("trim(trailing from 'a  ')", "a"),
            ("trim(both 'x' from 'xxaxx')", "a"),
            ("trim('x' from 'x')", _),
        ],
        answers=[
            ("select trim('  a '), trim(leading '0' from '0012'), trim(both 'x' from 'xax'), trim('  ') from dual", [("a", "12", "a", _)]),
        ],
        faults=[
            ("trim('ab' from 'abc')", "ORA-30001"),
        ],
    ),
    Group(
        "REPLACE",
        SOURCE,
        values=[
            ("replace('JACK and JUE', 'J', 'BL')", "BLACK and BLUE"),
            ("replace('abcb', 'b')", "ac"),
            ("replace('abc', '', 'x')", "abc"),
            ("replace('', 'a', 'b')", _),
        ],
        answers=[
            (
                "select replace('JACK and JUE', 'J', 'BL'), replace('abcb', 'b'), replace('b', 'b', '') from dual",
                [("BLACK and BLUE", "ac", _)],
            ),
        ],
    ),
    Group(
        "TRANSLATE",
        SOURCE,
        values=[
            ("translate('abc', 'abc', 'x')", "x"),
            ("translate('abc', 'a', '')", _),
            ("translate('aabb', 'aa', 'xy')", "xxbb"),
        ],
        answers=[
            ("select translate('SQL*Plus User''s Guide', ' */''', '___') from dual", [("SQL_Plus_Users_Guide",)]),
        ],
    ),
    Group(
        "UPPER",
        SOURCE,
        answers=[
            (
                "select upper('Large'), lower('MR. SCOTT'), length('CANDIDE'), chr(67), ascii('Q') from dual",
                [("LARGE", "mr. scott", 7, "C", 81)],
            ),
        ],
    ),
    Group(
        "LENGTH",
        SOURCE,
        values=[
            ("length('CANDIDE')", 7),
            ("length('  ')", 2),
            ("length(123.50)", 5),
            ("lengthb('é')", 2),
        ],
        answers=[
            ("select length('é') from dual", [(1,)]),
        ],
        refusals=[
            ("length(date '2020-01-01')", "session's format", "TO_CHAR(d"),
        ],
    ),
    Group(
        "REGEXP_LIKE",
        SOURCE,
        answers=[
            (r"select id from e where regexp_like(txt, '^\w+%$')", [(5,)]),
            ("select id from e where regexp_like(txt, '^[[:upper:]]')", [(5,)]),
            ("select id from s where regexp_like(tilename, '^DES[0-9]{4}-') order by id", [(1,), (2,)]),
            ("select 1 from dual where regexp_like('ABC', 'b', 'i') and not regexp_like('ABC', 'b')", [(1,)]),
            ("select 1 from dual where regexp_like('Steven', '^Ste(v|ph)en$')", [(1,)]),
            ("select id from e where regexp_like(txt, '^[0-9]+$')", [(4,)]),
            ("select 1 from dual where regexp_like('ABC', 'b', 'i') and not regexp_like('ABC', 'b', 'c')", [(1,)]),
            ("select 1 from dual where regexp_like('a' || chr(10) || 'b', 'a.b')", []),
            ("select 1 from dual where regexp_like('a' || chr(10) || 'b', 'a.b', 'n')", [(1,)]),
        ],
        refusals=[
            ("select 1 from dual where regexp_like('a', 'a', 'm')", "the match parameter 'm'", "'i'"),
            (r"select 1 from dual where regexp_like('aa', '(a)\1')", "back-references", "LIKE"),
        ],
    ),
    Group(
        "REGEXP_REPLACE",
        SOURCE,
        values=[
            (
                "regexp_replace('500   Oracle     Parkway,    Redwood  Shores, CA', '( ){2,}', ' ')",
                "500 Oracle Parkway, Redwood Shores, CA",
            ),
            (r"regexp_replace('515.123.4567', '([[:digit:]]{3})\.([[:digit:]]{3})\.([[:digit:]]{4})', '(\1) \2-\3')", "(515) 123-4567"),
            ("regexp_replace('abcabc', 'b', 'X', 1, 1)", "aXcabc"),
            ("regexp_replace('aXa', 'x', '-', 1, 0, 'i')", "a-a"),
            ("regexp_replace('abc', 'b')", "ac"),
        ],
        answers=[
            ("select regexp_replace('500   Oracle     Parkway', '( ){2,}', ' ') from dual", [("500 Oracle Parkway",)]),
            (r"select regexp_replace('5551234', '([0-9]{3})([0-9]{4})', '\1-\2') from dual", [("555-1234",)]),
        ],
        refusals=[
            ("regexp_replace('abc', 'x*', '-')", "matches nothing at all", "take +"),
            ("regexp_replace('abc', 'b', 'X', 2)", "another position", "SUBSTR"),
        ],
    ),
    Group(
        "REGEXP_SUBSTR",
        SOURCE,
        values=[
            ("regexp_substr('Ünï x', '[[:alpha:]]+')", "Ünï"),
            ("regexp_substr('500 Oracle Parkway, Redwood Shores, CA', ',[^,]+,')", ", Redwood Shores,"),
            (r"regexp_substr('http://www.example.com/products', 'http://([[:alnum:]]+\.?){3,4}/?')", "http://www.example.com/"),
            ("regexp_substr('1234567890', '(123)(4(56)(78))', 1, 1, 'i', 1)", "123"),
            ("regexp_substr('1234567890', '(123)(4(56)(78))', 1, 1, 'i', 4)", "78"),
            ("regexp_substr('abc', 'x')", _),
            ("regexp_substr('a1b22', '[0-9]+', 1, 2)", "22"),
            ("regexp_substr('a1b22', '[0-9]', 3)", "2"),
        ],
        answers=[
            ("select regexp_substr('a1b22', '[0-9]+', 1, 2), regexp_substr('a', '[0-9]') from dual", [("22", _)]),
        ],
        refusals=[
            ("regexp_substr('ab', 'a|ab')", "alternatives", "one by one"),
            ("regexp_substr('aab', 'x*', 1, 2)", "matches nothing at all", "take +"),
        ],
    ),
    Group(
        "REGEXP_COUNT",
        SOURCE,
        values=[
            ("regexp_count('123123123123123', '(12)3', 1, 'i')", 5),
            ("regexp_count('123123123123', '123', 3, 'i')", 3),
            ("regexp_count('abc', 'x')", 0),
            ("regexp_count('', 'x')", _),
        ],
        answers=[
            ("select regexp_count('123123123123', '123') from dual", [(4,)]),
        ],
    ),
    Group(
        "INITCAP",
        SOURCE,
        values=[
            ("initcap('the soap')", "The Soap"),
            ("initcap('o''NEIL-smith 1ST')", "O'Neil-Smith 1st"),
            ("initcap('élan vital')", "Élan Vital"),
            ("initcap('')", _),
        ],
    ),
    Group(
        "CHR",
        SOURCE,
        values=[
            ("chr(67) || chr(65) || chr(84)", "CAT"),
            ("ascii('Q')", 81),
        ],
        refusals=[
            ("chr(233)", "depends on the database's character set", "write the character"),
        ],
    ),
    Group(
        "REGEXP_INSTR",
        SOURCE,
        values=[
            ("regexp_instr('a1b2', '[[:alpha:]][[:digit:]]', 1, 2)", 3),
            ("regexp_instr('500 Oracle Parkway, Redwood Shores, CA', '[^ ]+', 1, 6)", 37),
            ("regexp_instr('500 Oracle Parkway, Redwood Shores, CA', '[s|r|p][[:alpha:]]{6}', 3, 2, 1, 'i')", 28),
            ("regexp_instr('abc', 'x')", 0),
            ("regexp_instr('', 'x')", _),
        ],
    ),
    Group(
        "SOUNDEX",
        SOURCE,
        refusals=[
            ("soundex('a')", "no function SOUNDEX", "the strings themselves"),
        ],
    ),
]
