from bot.imports.mining_slots import template_of
from bot.imports.mining_wording import choose_wording, facts_of, open_ended


def test_ever_new_values_are_open_ended_and_a_few_facts_are_not() -> None:
    assert open_ended([("1",), ("2",), ("3",), ("4",)])
    assert not open_ended([("30",), ("30",), ("30",), ("14",)])  # one half or more is one fact
    assert not open_ended([("3",), ("3",), ("5",), ("5",), ("7",), ("7",)])  # nothing seen only once
    assert not open_ended([("3",), ("5",)])
    assert not open_ended([()])


def test_facts_are_compared_without_quotes_and_case() -> None:
    assert facts_of(template_of("Choose 'Exchange' within 14 days.")) == ("exchange", "14")


def test_the_frequent_reply_wins_and_among_equals_the_well_formed_one() -> None:
    replies = [
        ("returns take 5 days", 1.0),
        ("Returns take 5 working days.", 1.0),
        ("returns take 5 days", 0.1),
    ]
    assert choose_wording(replies, with_slots=False) == "Returns take 5 working days."
    many = [("u can send it back free", 9.0), ("You can send it back for free.", 1.0)]
    assert choose_wording(many, with_slots=False) == "u can send it back free"


def test_personal_parts_are_taken_out_and_values_become_slots() -> None:
    assert choose_wording([("Your order 88123456 ships from the north.", 1.0)], with_slots=False) == (
        "Your order {order_number} ships from the north."
    )
    replies = [("Your balance is 4062 in credit.", 1.0), ("Your balance is 17 in credit.", 1.0)]
    assert choose_wording(replies, with_slots=True) == "Your balance is {number} in credit."
