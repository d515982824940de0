"""The name that a person probably meant."""

from conf.nearest import did_you_mean, nearest


def test_the_nearest_known_name_is_suggested_whatever_the_case() -> None:
    assert nearest("CREATED_AT", ["id", "Created At", "Updated"]) == "Created At"
    assert nearest("xyz", ["id", "Created At"]) is None
    assert nearest("xyz", []) is None
    assert did_you_mean("brexti", ["ph2016", "brexit"], "Topics: …") == "Did you mean brexit?"
    assert did_you_mean("fr2022", ["ph2016", "brexit"], "Topics: …") == "Topics: …"
