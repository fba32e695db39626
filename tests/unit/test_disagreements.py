"""Two numbers for the same thing are found, in both languages; two numbers for two things are not."""

import pytest

from bot.disagreements import Text, disagreement

NEAR = 0.75
RETURN = ("How long do I have to return something?", "You have **30 days** from delivery to return it.")
REFUND = ("How long does a refund take?", "Refunds are made within 5 business days.")
WARRANTY = ("How long is the warranty?", "All products have a 2-year warranty.")
RETURN_ZH = ("退货期限是多久？", "签收后 30 天内可以退货。")
REFUND_ZH = ("退款多久到账？", "退款在 5 个工作日内到账。")


@pytest.mark.parametrize(
    ("mine", "theirs", "numbers"),
    [
        (RETURN, ("Returns policy › Period", "Goods may be returned within 14 days of delivery."),
         ("30 days", "14 days")),
        (REFUND, ("Refunds", "We make refunds within 10 business days after check-in."),
         ("5 business days", "10 business days")),
        (("What does a return cost?", "A return label costs €4.95."),
         ("Returns policy › Costs", "The return label is €6.95 and is deducted from the refund."), ("€4.95", "€6.95")),
        (("When are you open?", "Our customer service is open from 9:00 to 18:00."),
         ("Contact", "Customer service is open Monday to Friday 8:00-17:00."), ("9:00", "8:00")),
        (WARRANTY, ("Warranty policy", "All products carry a warranty of 3 years."), ("2-year", "3 years")),
        (RETURN_ZH, ("退货政策 › 期限", "商品可在签收后 14 天内退货。"), ("30 天内", "14 天内")),
        (REFUND_ZH, ("退款政策", "退款将在 10 个工作日内到账。"), ("5 个工作日内", "10 个工作日内")),
    ],
)  # fmt: skip
def test_two_numbers_for_the_same_thing_disagree(mine: Text, theirs: Text, numbers: tuple[str, str]) -> None:
    found = disagreement(mine, theirs, NEAR)
    assert found is not None
    assert (found.mine, found.theirs) == numbers
    assert found.mine in found.my_sentence.replace("**", "")
    assert found.theirs in found.their_sentence
    back = disagreement(theirs, mine, NEAR)
    assert back is not None
    assert (back.theirs, back.mine) == numbers


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        # other countries, products, services
        (("What does shipping to Norway cost?", "Shipping to Norway costs €14.95."),
         ("What does shipping to Germany cost?", "Shipping to Germany costs €5.95.")),
        (("How long is the warranty on power banks?", "Power banks have 3 years of warranty."),
         ("How long is the warranty on tents?", "Tents have 5 years of warranty.")),
        (("Ashley Hotel: check-in time?", "Check-in time is from 15:00."),
         ("Acorn House: check-in time?", "Check-in time is from 14:00.")),
        (("Express", "Express delivery costs €12.95."), ("Standard", "Standard delivery costs €5.95.")),
        (("寄到挪威运费多少？", "寄往挪威的运费为 €14.95。"), ("寄到德国运费多少？", "寄往德国的运费为 €5.95。")),
        (("充电宝保修多久？", "充电宝保修 3 年。"), ("帐篷保修多久？", "帐篷保修 5 年。")),
        # a special case
        (("How long can I return headphones?", "Headphones can be returned within 14 days."),
         ("How long do I have to return something?", "You can return items within 30 days.")),
        (("How long does express delivery take?", "Express delivery takes 1 business day."),
         ("How long does delivery take?", "Delivery takes 2-4 business days.")),
        (("耳机可以退吗？", "耳机 14 天内可以退货。"), ("退货期限是多久？", "商品 30 天内可以退货。")),
        # the opposite
        (("What time is check-in?", "Check in is at 15:00."), ("What time is check-out?", "Check out is at 11:00.")),
        (("Returns inside the EU", "A return costs €4.95."), ("Returns outside the EU", "A return costs €9.95.")),
        # another measure, an example, a list that holds both
        (RETURN, ("Return a parcel", "A return parcel may weigh 30 kg after delivery.")),
        (("Refunds", "A refund takes 5 days."), ("Refunds", "For example, a refund of March takes 9 days.")),
        (RETURN, ("Returns", "Returns: 30 days from delivery for tents, 14 days from delivery for earphones.")),
        # the same, otherwise said
        (RETURN, ("Return period", "Goods may be returned for thirty days from delivery.")),
        (("How long does it take?", "It takes 2 weeks to repair it."), ("Repairs", "It takes 14 days to repair it.")),
        (REFUND, ("Refunds", "Refunds are made quickly.")),
    ],
)  # fmt: skip
def test_two_numbers_for_two_things_do_not(mine: Text, theirs: Text) -> None:
    assert disagreement(mine, theirs, 0.85) is None
    assert disagreement(theirs, mine, 0.85) is None


def test_the_farther_apart_two_passages_are_the_more_alike_they_must_be_worded() -> None:
    loose = ("Money back", "Refunds then usually reach customers of ours in 9 business days.")
    assert disagreement(REFUND, loose, 0.95) is not None
    assert disagreement(REFUND, loose, 0.3) is None
