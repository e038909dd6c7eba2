"""How the app writes days and amounts, wherever its people are."""

from tests.web.test_services import printed


def test_a_day_is_the_one_people_have() -> None:
    lines = printed("""
      process.env.TZ = "Pacific/Auckland";
      const { day, dayOf, moment } = await import("../app/src/words.ts");
      console.log(day("2027-12-31"));
      console.log(dayOf("2027-12-30T20:00:00+00:00"));
      console.log(moment("2023-03-04T20:00:00+00:00"));
    """)
    assert [" ".join(words) for words in lines] == [
        "31 Dec 2027",
        "31 Dec 2027",
        "5 Mar 2023, 09:00",
    ]


def test_what_is_paid_for_all_of_it_is_not_paid_by_piece() -> None:
    lines = printed("""
      const { rate } = await import("../app/src/words.ts");
      for (const rate_unit of ["day", "fixed", null])
        console.log(`${rate({ rate: 1450.5, rate_unit, currency: "EUR" })}.`);
    """)
    assert [" ".join(words) for words in lines] == ["€1,450.50 / day.", "€1,450.50 fixed.", "."]
