"""DuckDB macros that do what Oracle's functions do and DuckDB's do not."""

__all__ = ["SETUP"]

_MACROS = {
    "ora_divide(a, b)": (
        "CASE WHEN b = 0 AND a IS NOT NULL THEN error('ORA-01476: divisor is equal to zero') ELSE CAST(a AS DOUBLE) / b END"
    ),
    "ora_digits(x)": "14 - CAST(floor(log10(greatest(abs(x), 1e-300))) AS INTEGER)",
    "ora_15(x)": "round(x, ora_digits(x))",
    "ora_rest(x, a)": "round(x, ora_digits(a)) + 0.0",
    "ora_round(x, n)": "ora_15(round(ora_15(x) * (1 + 1e-15), n)) + 0.0",
    "ora_ratio(a, b)": (
        "CASE WHEN b = 0 AND a IS NOT NULL THEN error('RATIO_TO_REPORT of values whose sum is zero') ELSE CAST(a AS DOUBLE) / b END"
    ),
    "ora_mod(a, b)": "CASE WHEN b = 0 THEN a ELSE a % b END",
    "ora_number_mod(a, b)": "CASE WHEN b = 0 THEN a ELSE ora_rest(a - b * trunc(ora_15(a / b)), a) END",
    "ora_finite(x, name)": (
        "CASE WHEN isfinite(x) THEN x WHEN x IS NOT NULL THEN error('ORA-01428: argument of ' || name || ' is out of range') END"
    ),
    "ora_whole(x)": "CAST(trunc(x) AS BIGINT)",
    "ora_remainder(a, b)": (
        "CASE WHEN b = 0 AND a IS NOT NULL THEN error('ORA-01476: divisor is equal to zero') "
        "ELSE ora_rest(a - b * round_even(ora_15(a / b), 0), a) END"
    ),
    "ora_ieee_remainder(a, b)": (
        "CASE WHEN b = 0 OR isinf(CAST(a AS DOUBLE)) THEN CASE WHEN a IS NOT NULL AND b IS NOT NULL THEN CAST('nan' AS DOUBLE) END "
        "WHEN isinf(CAST(b AS DOUBLE)) THEN a ELSE a - b * round_even(CAST(a AS DOUBLE) / b, 0) END"
    ),
    "ora_trunc(x, r, step, n)": "CASE WHEN abs(r) <= abs(x) THEN r ELSE round(r - sign(x) * step, n) END",
    "ora_to_number(s)": (
        r"CASE WHEN s IS NULL THEN NULL "
        r"WHEN NOT regexp_full_match(trim(s), '[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?') "
        r"THEN error('ORA-01722: ''' || s || ''' is not a number') "
        r"WHEN length(regexp_replace(regexp_replace(trim(s), '[eE].*$', ''), '^[+-]?0*|\.', '', 'g')) > 15 "
        r"THEN error('the number ''' || s || ''' has more than 15 digits: compare it as a string') "
        r"ELSE CAST(trim(s) AS DOUBLE) END"
    ),
    "ora_decimal_text(x)": (
        r"CASE WHEN x = 0 THEN '0' ELSE "
        r"regexp_replace(regexp_replace(regexp_replace(CAST(x AS VARCHAR), '(\.[0-9]*?)0+$', '\1'), '\.$', ''), '^(-?)0\.', '\1.') END"
    ),
    "ora_initcap(s)": (
        r"array_to_string(list_transform(regexp_extract_all(s, '[\p{L}\p{N}]+|[^\p{L}\p{N}]+'), "
        "lambda w: upper(w[1]) || lower(w[2:])), '')"
    ),
    "ora_listed(s)": (
        "CASE WHEN strlen(s) > 4000 THEN error('ORA-01489: result of string concatenation is too long') ELSE nullif(s, '') END"
    ),
    "ora_correlation(r, sxx, syy)": "CASE WHEN sxx = 0 OR syy = 0 THEN NULL ELSE ora_finite(r, 'CORR or REGR') END",
    "ora_substr(s, p)": (
        "nullif(CASE WHEN p > 0 THEN substr(s, p) WHEN p = 0 THEN s WHEN -p <= length(s) THEN substr(s, length(s) + p + 1) END, '')"
    ),
    "ora_substr3(s, p, n)": (
        "nullif(CASE WHEN n < 1 THEN NULL WHEN p > 0 THEN substr(s, p, n) WHEN p = 0 THEN substr(s, 1, n) "
        "WHEN -p <= length(s) THEN substr(s, length(s) + p + 1, n) END, '')"
    ),
    "ora_instr(s, sub, p, occurrence)": (
        "CASE WHEN s IS NULL OR sub IS NULL THEN NULL WHEN p = 0 THEN 0 ELSE coalesce(list_filter("
        "CASE WHEN p > 0 THEN range(p, length(s) - length(sub) + 2) "
        "ELSE list_reverse(range(1, least(length(s) + p + 1, length(s) - length(sub) + 1) + 1)) END, "
        "lambda i: substr(s, i, length(sub)) = sub)[occurrence], 0) END"
    ),
    "ora_replace(s, a, b)": "nullif(CASE WHEN a IS NULL THEN s ELSE replace(s, a, coalesce(b, '')) END, '')",
    "ora_pad(s, n, padded)": "CASE WHEN n < 1 OR s IS NULL THEN NULL ELSE padded END",
    "ora_ascii(s)": "CASE WHEN ascii(s) > 127 THEN error('ASCII of a character that is not ASCII') ELSE ascii(s) END",
    "ora_sysdate()": "date_trunc('second', CAST(now() AT TIME ZONE 'UTC' AS TIMESTAMP))",
    "ora_localtimestamp()": "CAST(now() AT TIME ZONE 'UTC' AS TIMESTAMP)",
    "ora_calendar(t)": (
        "CASE WHEN t > TIMESTAMP '9999-12-31 23:59:59.999999' THEN error('ORA-01841: the year must be 9999 at the most') "
        "WHEN t < TIMESTAMP '1582-10-15' THEN error('dates before 15 October 1582, which Oracle counts in the Julian calendar') ELSE t END"
    ),
    "ora_add_days(d, n)": "ora_calendar(d + to_microseconds(CAST(round(n * 86400.0) AS BIGINT) * 1000000))",
    "ora_plus_seconds(d, n)": (
        "CASE WHEN n % 1000000 <> 0 THEN error('fractions of a second added to a DATE: write CAST(d AS TIMESTAMP)') "
        "ELSE ora_calendar(d + to_microseconds(n)) END"
    ),
    "ora_plus_months(d, n)": (
        "CASE WHEN day(d) > day(last_day(d + to_months(CAST(n AS INTEGER)))) "
        "THEN error('ORA-01839: date not valid for month specified') "
        "ELSE ora_calendar(d + to_months(CAST(n AS INTEGER))) END"
    ),
    "ora_span(n, unit, name)": (
        "CASE WHEN unit < 1000000 AND n * unit <> round(n * unit) THEN error(name || ' of parts of a month') "
        "ELSE CAST(round(CAST(n AS DOUBLE) * unit) AS BIGINT) END"
    ),
    "ora_days_between(a, b)": "(epoch_us(a) - epoch_us(b)) / 86400000000.0",
    "ora_time(d)": "to_microseconds(epoch_us(d) - epoch_us(date_trunc('day', d)))",
    "ora_last_day(d)": "CAST(last_day(d) AS TIMESTAMP) + ora_time(d)",
    "ora_add_months(d, n)": (
        "CASE WHEN last_day(d) = CAST(d AS DATE) THEN ora_last_day(ora_calendar(d + to_months(CAST(trunc(n) AS INTEGER)))) "
        "ELSE ora_calendar(d + to_months(CAST(trunc(n) AS INTEGER))) END"
    ),
    "ora_month_seconds(d)": "(epoch_us(d) - epoch_us(date_trunc('month', d))) / 1000000.0",
    "ora_months_between(a, b)": (
        "(year(a) - year(b)) * 12 + month(a) - month(b) + CASE WHEN day(a) = day(b) "
        "OR (last_day(a) = CAST(a AS DATE) AND last_day(b) = CAST(b AS DATE)) THEN 0.0 "
        "ELSE (ora_month_seconds(a) - ora_month_seconds(b)) / 2678400.0 END"
    ),
    "ora_week(d)": "date_trunc('day', d) - to_days(CAST((dayofyear(d) - 1) % 7 AS INTEGER))",
    "ora_round_quarter(d)": (
        "date_trunc('quarter', CASE WHEN month(d) % 3 = 0 OR (month(d) % 3 = 2 AND day(d) >= 16) THEN d + to_months(3) ELSE d END)"
    ),
    "ora_width_bucket(x, low, high, n)": (
        "CASE WHEN x IS NULL OR low IS NULL OR high IS NULL THEN NULL WHEN isnan(CAST(x AS DOUBLE)) THEN error('WIDTH_BUCKET of NaN') "
        "WHEN low = high THEN error('ORA-30494: the bounds of WIDTH_BUCKET are equal') "
        "WHEN low < high THEN CASE WHEN x < low THEN 0 WHEN x >= high THEN n + 1 "
        "ELSE CAST(floor(ora_15(CAST(x - low AS DOUBLE) * n / (high - low))) AS BIGINT) + 1 END "
        "WHEN x > low THEN 0 WHEN x <= high THEN n + 1 "
        "ELSE CAST(floor(ora_15(CAST(low - x AS DOUBLE) * n / (low - high))) AS BIGINT) + 1 END"
    ),
    "ora_comma(x, n)": "CASE WHEN length(x) > n THEN substr(x, 1, length(x) - n) || ',' || right(x, n) ELSE x END",
    "ora_exponent(s)": "CAST(substr(s, instr(s, 'e') + 1) AS INTEGER)",
    "ora_mantissa(s, n)": "round(CAST(substr(s, 1, instr(s, 'e') - 1) AS DECIMAL(18, 14)), n)",
    "ora_power_text(m, e, n)": (
        "CASE WHEN n = 0 THEN split_part(CAST(m AS VARCHAR), '.', 1) ELSE rpad(CAST(m AS VARCHAR), n + 2, '0') END "
        "|| 'E' || CASE WHEN e < 0 THEN '-' ELSE '+' END || CASE WHEN abs(e) < 10 THEN '0' ELSE '' END || CAST(abs(e) AS VARCHAR)"
    ),
    "ora_scientific(x, n)": (
        "CASE WHEN x < 0 THEN '-' ELSE '' END || CASE WHEN ora_mantissa(printf('%.14e', abs(x)), n) >= 10 "
        "THEN ora_power_text(1.0, ora_exponent(printf('%.14e', abs(x))) + 1, n) "
        "ELSE ora_power_text(ora_mantissa(printf('%.14e', abs(x)), n), ora_exponent(printf('%.14e', abs(x))), n) END"
    ),
}

SETUP: tuple[str, ...] = tuple(f"CREATE OR REPLACE TEMP MACRO {head} AS {body}" for head, body in _MACROS.items())
"""DuckDB statements that make the macros which translated statements call; needs no right to write to the catalogue."""
