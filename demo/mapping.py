"""What the demo syncs, said once: for the driver, which makes the syncs, and for the comparison, which checks them."""

# sync, source table, target table, {source column: target column}, {source column: (referenced source table, nullable)}
SYNCS = [
    ("currencies", "currency", "monies", {"code": "iso_code", "number": "iso_number", "name": "label"}, {}),
    (
        "languages",
        "language",
        "tongues",
        {"alpha3": "code3", "alpha2": "code2", "name": "title", "scope": "scope", "type": "kind"},
        {},
    ),
    (
        "countries",
        "country",
        "nations",
        {
            "alpha2": "iso2",
            "alpha3": "iso3",
            "number": "iso_number",
            "name": "title",
            "official_name": "long_title",
            "flag": "Flag",
        },
        {},
    ),
    (
        "subdivisions",
        "subdivision",
        "regions",
        {"code": "iso_code", "name": "title", "type": "kind", "country_id": "nation_no", "parent_id": "within_no"},
        {"country_id": "country", "parent_id": "subdivision"},
    ),
]

# sync, {source column: (target column, directory below the shop's files)}: they lead to files, whose paths differ.
FILES = {"countries": {"flag_file": ("flag_image", "flags")}}

# Rows that the shop had before, by their codes.
SHOPS_OWN = {"monies": ("iso_code", {"PTS"}), "tongues": ("code3", {"qsh"}), "nations": ("iso2", {"XS", "XW"}), "regions": ("iso_code", {"XS-1"})}
