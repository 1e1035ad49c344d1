"""Fills the database `atlas` with the records of Debian's package iso-codes."""

import json
import os
import shutil

from psycopg2.extras import execute_values

ISO_CODES = "/usr/share/iso-codes/json"
FLAGS = "/usr/share/flags/countries/16x11"


def _records(standard, key):
    with open(f"{ISO_CODES}/iso_{standard}.json", encoding="utf-8") as file:
        return json.load(file)[key]


def _parent_code(record):
    """iso-codes names a parent by its whole code or by the part after the dash."""
    parent = record.get("parent")
    if parent is None or "-" in parent:
        return parent
    return record["code"].split("-")[0] + "-" + parent


def _flag(country, directory):
    """Puts the country's flag among the files of atlas; its path there, or None where there is no picture of it."""
    name = country["alpha_2"].lower() + ".png"
    if not os.path.exists(f"{FLAGS}/{name}"):
        return None
    os.makedirs(f"{directory}/flags", exist_ok=True)
    shutil.copyfile(f"{FLAGS}/{name}", f"{directory}/flags/{name}")
    return f"flags/{name}"


def load(connection, directory):
    """Returns the number of records by table, and of files. `directory` has the files of atlas."""
    countries = _records("3166-1", "3166-1")
    subdivisions = _records("3166-2", "3166-2")
    languages = _records("639-3", "639-3")
    currencies = _records("4217", "4217")
    with connection, connection.cursor() as cursor:
        execute_values(
            cursor,
            "INSERT INTO currency (code, number, name) VALUES %s",
            [(c["alpha_3"], c.get("numeric"), c["name"]) for c in currencies],
        )
        execute_values(
            cursor,
            "INSERT INTO language (alpha3, alpha2, name, scope, type) VALUES %s",
            [(c["alpha_3"], c.get("alpha_2"), c["name"], c["scope"], c["type"]) for c in languages],
        )
        ids = execute_values(
            cursor,
            "INSERT INTO country (alpha2, alpha3, number, name, official_name, flag, flag_file) VALUES %s RETURNING alpha2, id",
            [
                (
                    c["alpha_2"],
                    c["alpha_3"],
                    int(c["numeric"]),
                    c["name"],
                    c.get("official_name"),
                    c.get("flag"),
                    _flag(c, directory),
                )
                for c in countries
            ],
            fetch=True,
        )
        country_ids = dict(ids)
        numbers = {record["code"]: number for number, record in enumerate(subdivisions, start=1)}
        execute_values(
            cursor,
            "INSERT INTO subdivision (id, code, name, type, country_id, parent_id) VALUES %s",
            [
                (
                    numbers[s["code"]],
                    s["code"],
                    s["name"],
                    s["type"],
                    country_ids[s["code"].split("-")[0]],
                    numbers.get(_parent_code(s)),
                )
                for s in subdivisions
            ],
        )
        cursor.execute("SELECT count(flag_file) FROM country")
        flags = cursor.fetchone()[0]
        cursor.execute("SELECT setval(pg_get_serial_sequence('subdivision', 'id'), max(id)) FROM subdivision")
    return {
        "countries": len(countries),
        "subdivisions": len(subdivisions),
        "languages": len(languages),
        "currencies": len(currencies),
        "flags": flags,
    }
