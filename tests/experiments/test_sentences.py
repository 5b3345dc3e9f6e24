"""The first sentence of an answer: decimals, abbreviations and initials do not end it."""

import pytest

from experiments.reporting.sentences import first_sentence


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("Yes. And more.", "Yes."),
        ("The weight is 0.644 of 272. More.", "The weight is 0.644 of 272."),
        ("It is 3.5. Then 4.", "It is 3.5."),
        ("Some methods, e.g. ECR, agree. Others do not.", "Some methods, e.g. ECR, agree."),
        ("It agrees, cf. Fig. 2 and Roeder et al. 1990. More.", "It agrees, cf. Fig. 2 and Roeder et al. 1990."),
        ("A. P. Dempster was right. Yes.", "A. P. Dempster was right."),
        ("It holds for every K. The rest follows.", "It holds for every K."),
        ("No (not at K = 5. Nor at 6.): it runs away. Then.", "No (not at K = 5. Nor at 6.): it runs away."),
        ("Is it? It is.", "Is it?"),
        ("The answer is no. Then.", "The answer is no."),
        ("See no. 5 for it. Then.", "See no. 5 for it."),
        ('It says "no." Then.', 'It says "no."'),
        ("vs. nothing there is one sentence", "vs. nothing there is one sentence"),
        ("Two\nlines here. More.", "Two lines here."),
        ("It took 3 s. 5 were lost.", "It took 3 s."),
        ("", ""),
        ("No end", "No end"),
    ],
)
def test_the_first_sentence(text: str, sentence: str) -> None:
    assert first_sentence(text) == sentence
