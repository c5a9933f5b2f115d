import pytest

from bot.imports.mining_slots import slot_names, template_of


@pytest.mark.parametrize(
    ("text", "skeleton", "values"),
    [
        ("Your balance is 4062 in credit.", "Your balance is {number} in credit.", ("4062",)),
        (
            "Your table at the Blue Heron is booked for Monday, 7 pm.",
            "Your table at the {name} is booked for {time}.",
            ("Blue Heron", "Monday", "7 pm"),
        ),
        ("Ask Dr. Gray or call 555-0199.", "Ask {name} or call {number}.", ("Dr. Gray", "555-0199")),
        ("See https://shop.example/help for it.", "See {link} for it.", ("https://shop.example/help",)),
        ("Choose 'Exchange' in the menu.", "Choose {name} in the menu.", ("'Exchange'",)),
        ("您的订单A12345将于周三送达。", "您的订单{number}将于{time}送达。", ("A12345", "周三")),
        ("两天内发货，3-5个工作日送达。", "{number}天内发货，{number}个工作日送达。", ("两", "3-5")),
        ("请点击“换货”。", "请点击{name}。", ("“换货”",)),
    ],
)
def test_what_varies_becomes_a_slot(text: str, skeleton: str, values: tuple[str, ...]) -> None:
    template = template_of(text)
    assert (template.skeleton, template.values) == (skeleton, values)


@pytest.mark.parametrize(
    "text",
    [
        "I think the PIN is not needed.",
        "It's free. You don't pay. The VAT is included.",
        "Really? Yes.",
        "不需要寄回。",
    ],
)
def test_sentence_starts_and_abbreviations_are_no_names(text: str) -> None:
    assert template_of(text).skeleton == text


def test_a_template_is_its_own_template() -> None:
    once = template_of("Dear guest, room 12 at the Old Mill is ready at 3 pm.").skeleton
    assert template_of(once).skeleton == once == "Dear guest, room {number} at the {name} is ready at {time}."


def test_slot_names_are_listed_in_order() -> None:
    names = slot_names("Order {order_number} for {name}, not [email], {name}")
    assert list(names) == ["order_number", "name", "email", "name"]


def test_label_of_a_link_is_no_slot() -> None:
    text = "It is [here](https://shop.example/x), or ask [name]."

    assert list(slot_names(text)) == ["name"]
    assert template_of(text).skeleton == "It is [here]({link}), or ask [name]."
