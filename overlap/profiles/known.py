"""The profiles. Each names where its rule was published, and what that leaves open."""

from __future__ import annotations

from overlap.errors import BadArgument
from overlap.profiles.profile import Profile

__all__ = ["PROFILES", "profile_of"]

_WORDS = "words are lower-cased Unicode alphanumerics; punctuation is replaced by a space"
_TOKENS = "the tokenizer is the one that you name"
_SHORT = "examples too short for an n-gram are counted apart, not as clean"

_ALL = (
    Profile(
        "gpt2",
        "percentage of the test set's 8-grams that the training set has; examples with any hit, and with more "
        "than 15 %",
        "Radford et al. 2019, Language Models are Unsupervised Multitask Learners, section 4",
        "paper",
        "alnum",
        (8,),
        ("the paper does not say whether it counts occurrences or distinct 8-grams: both", _WORDS, _SHORT),
    ),
    Profile(
        "gpt3",
        "dirty: any n-gram collision, or the whole example where it is shorter than n; n is the 5th percentile of the "
        "data set's example lengths, from 8 to 13; examples under 8 words are ignored",
        "Brown et al. 2020, arXiv 2005.14165, section 4 and appendix C (measurement; the filter of the training text "
        "is clean --rule cut)",
        "paper",
        "alnum",
        (),
        ("the percentile is the largest length that 95 % of the examples have", _WORDS,
         "an example that is shorter than n is dirty where one training document has it whole, word by word"),
        whole_from=8,
    ),
    Profile(
        "palm",
        "contaminated: at least 70 % of the example's 8-grams are in the training set",
        "Chowdhery et al. 2022, arXiv 2204.02311, section 8",
        "secondary",
        "alnum",
        (8,),
        ("8-grams of what, is not published: words", "all named fields are measured together", _SHORT),
    ),
    Profile(
        "llama2",
        "share of tokens in spans of at least L tokens that one training document has, with at most 4 "
        "substitutions, none "
        "in the first 10 tokens or at the end; clean < 20 %, not clean >= 20 %, not dirty < 80 %, dirty >= 80 %",
        "Touvron et al. 2023, arXiv 2307.09288, appendix A.6",
        "paper",
        "tokens",
        (10,),
        (_TOKENS, "the paper says both longer than 10 tokens and L = 10: L is the least length, inclusive",
         "give the fields in the order of the verbalised prompt; the verbalisation is not published", _SHORT),
        by_document=True,
        budget=4,
    ),
    Profile(
        "llama3",
        "token coverage: share of the example's tokens in 8-grams of tokens that the training set has",
        "Grattafiori et al. 2024, arXiv 2407.21783, section 5.1.4",
        "paper",
        "tokens",
        (8,),
        (_TOKENS, "the thresholds T_D are not published: overlap impact runs the sweep on your scores", _SHORT),
    ),
    Profile(
        "tulu3",
        "an example overlaps if more than 50 % of its tokens are in 8-grams shared with one and the same training "
        "instance; a training set is contaminated if more than 2 % of all examples overlap",
        "Lambert et al. 2024, arXiv 2411.15124, section 3.2, and open-instruct, decontamination/search.py",
        "paper",
        "alnum",
        (8,),
        ("the code's tokens are spaCy's, its index uses another analyser: here both are words", _WORDS,
         "the code asks for a limited number of hits; here every training document is compared",
         "the code takes the mean share of several fields; here they are one text: name the prompt's field only",
         "percentages are of all examples, as in the code: those under 8 words, shown apart, cannot overlap"),
        by_document=True,
    ),
    Profile(
        "gpt4",
        "contaminated: any of three random substrings of 50 characters, without spaces and symbols, is in the "
        "training set",
        "OpenAI 2023, arXiv 2303.08774, appendix C",
        "paper",
        "chars",
        (50,),
        ("the seed is ours, and printed; all windows, which miss nothing, are printed beside it",
         "examples under 50 characters are too short; the report looks for the whole string",
         "give the question's fields only: the report ignores answers"),
    ),
    Profile(
        "infinigram-mini",
        "share of the example's 50-character substrings, at a stride of one word, that the training set has: "
        "below 20 % "
        "clean, from 20 % suspicious, from 80 % dirty",
        "Xu et al. 2025, arXiv 2506.12229, section 4",
        "paper",
        "raw-chars",
        (50,),
        ("give the question's field only (the context's, for reading tasks)",
         "all examples are measured; the paper takes at most 1,000 of a benchmark", _SHORT),
    ),
    Profile(
        "contam-token",
        "TOKEN-MATCH: share of the example's tokens in matched 8-grams; the threshold by a sweep",
        "Singh et al. 2024, arXiv 2411.03923",
        "secondary",
        "tokens",
        (8,),
        (_TOKENS, "the paper lower-cases and strips punctuation first: take a tokenizer that does", _SHORT),
    ),
    Profile(
        "contam-ngram",
        "NGRAM-MATCH: share of the example's 8-grams of tokens that are matched; the threshold by a sweep",
        "Singh et al. 2024, arXiv 2411.03923",
        "secondary",
        "tokens",
        (8,),
        (_TOKENS, "the paper lower-cases and strips punctuation first: take a tokenizer that does", _SHORT),
    ),
    Profile(
        "contam-extend",
        "TOKEN-EXTEND: share of the example's tokens in 8-grams, extended in one training document; the "
        "threshold by a sweep",
        "Singh et al. 2024, arXiv 2411.03923",
        "secondary",
        "tokens",
        (8,),
        (_TOKENS, "skip budget 0, which the paper found to matter barely; spans are extended to the right", _SHORT),
        by_document=True,
    ),
    Profile(
        "contam-longest",
        "LONGEST-MATCH: share of the example in its longest span that one training document has; the threshold "
        "by a sweep",
        "Singh et al. 2024, arXiv 2411.03923",
        "secondary",
        "tokens",
        (8,),
        (_TOKENS, "skip budget 0, which the paper found to matter barely", _SHORT),
        by_document=True,
    ),
    Profile(
        "c4-exact",
        "exact match: the whole example stands in one training document, case and punctuation aside",
        "Dodge et al. 2021, arXiv 2104.08758, section 4.2",
        "secondary",
        "alnum",
        (8,),
        (_WORDS, "for input, and for input and label, name two test sets with these fields",
         "examples under 8 words are too short: matches of so few words say little"),
        by_document=True,
    ),
    Profile(
        "helm",
        "n of 5, 9 and 13; instances with any overlap, the mean share of n-grams, the mean share of tokens; "
        "parts apart",
        "HELM, scripts/data_overlap/compute_metrics_from_ngrams.py (Liang et al. 2022, arXiv 2211.09110)",
        "code",
        "alnum",
        (5, 9, 13),
        ("means are over all instances that have an n-gram; HELM's files hold only those with a hit",
         "without its weights of 1/count and its filter of n-grams that stand more than 10 times",
         "references are measured as they are named: --part input=... --part references=...", _WORDS),
    ),
    Profile(
        "s1",
        "a training document is removed if it shares any 8-gram with a question: lower-cased, split at white space",
        "Muennighoff et al. 2025, arXiv 2501.19393, and its code (ngram_size=8)",
        "code",
        "whitespace",
        (8,),
        ("give the question's field only; overlap clean --train removes the documents",),
        by_document=True,
    ),
    Profile(
        "open-r1",
        "a training document is removed if it shares any 8-gram with a question: lower-cased, split at white space",
        "huggingface/open-r1, scripts/decontaminate.py",
        "code",
        "whitespace",
        (8,),
        ("give the question's field only, of training as of test; overlap clean --train removes the documents",),
        by_document=True,
    ),
)  # fmt: skip
PROFILES = {profile.name: profile for profile in _ALL}


def profile_of(name: str) -> Profile:
    """The profile of this name. Raises ValueError for an unknown one."""
    if name not in PROFILES:
        raise BadArgument(f"no profile {name}; there are: {', '.join(PROFILES)} (overlap profiles says what each does)")
    return PROFILES[name]
