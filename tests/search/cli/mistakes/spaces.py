"""Mistakes in search spaces."""

from __future__ import annotations

from tests.search.cli.mistakes.place import Command, Place, says
from tests.support.commands import TINY_SPACE


@says("{root}/mine.toml: cannot be read (No such file or directory); name a TOML file")
def a_space_that_is_missing(place: Place) -> Command:
    return place.launch("--space", place.root / "mine.toml")


@says("{root}/space.toml: not a TOML file: ...line 1...")
def a_space_that_is_no_toml(place: Place) -> Command:
    return place.with_space("architecture: cnn\n")


@says("{root}/space.toml: parameters.filters: low 64 is above high 32; swap them")
def a_space_whose_low_is_above_its_high(place: Place) -> Command:
    return place.with_parameters('filters = { type = "int", low = 64, high = 32 }')


@says("{root}/space.toml: parameters.dropout.step is nan; it has to be a number")
def a_space_whose_step_is_no_number(place: Place) -> Command:
    return place.with_parameters('dropout = { type = "float", low = 0.0, high = 0.5, step = nan }')


@says("{root}/space.toml: unknown key 'constant'; a space has architecture, fixed, seed, starts, parameters")
def a_space_with_an_unknown_key(place: Place) -> Command:
    return place.with_space(TINY_SPACE.replace("[fixed]", "[constant]"))


@says("{root}/space.toml: parameters.filtres: cnn has no hyperparameter 'filtres': did you mean 'filters'?")
def a_space_with_an_unknown_hyperparameter(place: Place) -> Command:
    return place.with_parameters('filtres = { type = "int", low = 8, high = 32 }')


@says("{root}/space.toml: parameters is empty; give at least one to search")
def a_space_without_parameters(place: Place) -> Command:
    return place.with_space('architecture = "cnn"\n[parameters]\n')


@says('{root}/space.toml: architecture is None; write architecture = "cnn" or "rnn"')
def a_space_without_architecture(place: Place) -> Command:
    return place.with_space('[parameters]\nfilters = { type = "int", low = 8, high = 32 }\n')


@says("{root}/space.toml: seed and fixed: architecture 'transformer' is unknown: choose one of cnn, rnn")
def a_space_of_an_unknown_architecture(place: Place) -> Command:
    return place.with_space(TINY_SPACE.replace("cnn", "transformer"))


@says("{root}/space.toml: parameters.dropout: dropout = 1.5: must be a number from 0 to 0.99")
def a_space_beyond_what_the_architecture_takes(place: Place) -> Command:
    return place.with_parameters('dropout = { type = "float", low = 0.1, high = 1.5 }')


@says("{root}/space.toml: parameters.pooling: pooling = 'mean': must be one of max, max+average, windows")
def a_space_with_a_misspelt_choice(place: Place) -> Command:
    return place.with_parameters('pooling = { type = "categorical", choices = ["max", "mean"] }')


@says("{root}/space.toml: parameters.pooling.choices is []; give a list with at least one value")
def a_space_with_no_choices(place: Place) -> Command:
    return place.with_parameters('pooling = { type = "categorical", choices = [] }')


@says(
    "{root}/space.toml: parameters.pooling.choices holds ['max']; only numbers, texts and true/false "
    "can be chosen"
)
def a_space_with_a_list_for_a_choice(place: Place) -> Command:
    return place.with_parameters('pooling = { type = "categorical", choices = ["max", ["max"]] }')


@says("{root}/space.toml: parameters.filters.choices is [32, 64, 32]; each value may stand there once")
def a_space_with_a_choice_twice(place: Place) -> Command:
    return place.with_parameters('filters = { type = "categorical", choices = [32, 64, 32] }')


@says(
    "{root}/space.toml: parameters.kernel_2.when names 'layers', which is neither fixed nor a "
    "parameter that stands above it"
)
def a_space_whose_condition_looks_ahead(place: Place) -> Command:
    later = 'layers = { type = "int", low = 1, high = 2 }'
    return place.with_parameters(
        f'kernel_2 = {{ type = "int", low = 3, high = 9, when = {{ layers = [2] }} }}\n{later}'
    )


@says("{root}/space.toml: parameters.kernel_2.when.layers is 2; give a list of values")
def a_space_whose_condition_is_no_list(place: Place) -> Command:
    first = 'layers = { type = "int", low = 1, high = 2 }'
    return place.with_parameters(
        f'{first}\nkernel_2 = {{ type = "int", low = 3, high = 9, when = {{ layers = 2 }} }}'
    )


@says("{root}/space.toml: parameters.filters.type is 'integer'; it has to be int, float or categorical")
def a_space_with_an_unknown_type(place: Place) -> Command:
    return place.with_parameters('filters = { type = "integer", low = 8, high = 32 }')


@says("{root}/space.toml: parameters.filters.min is not known for type int; it takes high, log, low, step")
def a_space_with_an_unknown_option(place: Place) -> Command:
    return place.with_parameters('filters = { type = "int", min = 8, max = 32 }')


@says("{root}/space.toml: parameters.filters.low is 8.5; it has to be a whole number")
def a_space_with_a_fraction_for_a_whole_number(place: Place) -> Command:
    return place.with_parameters('filters = { type = "int", low = 8.5, high = 32 }')


@says("{root}/space.toml: parameters.learning_rate: log needs low above 0 and no step; low is 0.0")
def a_space_with_a_logarithm_of_zero(place: Place) -> Command:
    return place.with_parameters('learning_rate = { type = "float", low = 0.0, high = 0.1, log = true }')


@says("{root}/space.toml: seed and fixed: motif_length = 80: must be a whole number from 1 to 41")
def a_space_whose_seed_cannot_be(place: Place) -> Command:
    return place.with_space(TINY_SPACE.replace("motif_length = 8", "motif_length = 80"))


@says("{root}/space.toml: a space of cnn, but --arch is rnn; leave --arch out")
def a_space_of_another_architecture_than_arch(place: Place) -> Command:
    return place.with_space(TINY_SPACE, "--arch", "rnn")
