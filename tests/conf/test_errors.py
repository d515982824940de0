"""An error as one line."""

from conf.errors import MOST_TEXT, one_line


def test_an_error_is_one_line_that_names_its_innermost_cause() -> None:
    java = "\n".join(
        [
            "An error occurred while calling o42.collect.",
            f": org.apache.spark.SparkException: Job aborted {'x' * 400}",
            *["\tat org.apache.spark.Some.place(Some.scala:1)"] * 50,
            "Caused by: java.io.IOException: Failed to write statements",
            "\tat com.datastax.Other.place(Other.scala:1)",
            "Caused by: java.lang.IllegalStateException: the disk is full",
            "\t... 12 more",
        ]
    )
    said = one_line(RuntimeError(java))
    assert said.startswith("RuntimeError: An error occurred while calling o42.collect. : org.apache.spark")
    assert said.endswith("; caused by: java.lang.IllegalStateException: the disk is full")
    assert len(said) == MOST_TEXT == 300
    assert one_line(ValueError("two\nlines")) == "ValueError: two lines"
    assert len(one_line(ValueError("x" * 999))) == MOST_TEXT
    assert one_line(KeyError()) == "KeyError"
