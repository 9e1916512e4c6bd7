"""Mistakes in names: proteins and experiments."""

from __future__ import annotations

from tests.search.cli.mistakes.place import Command, Place, says

PUM = "Motif_ID,Protein_name,Species\n" + "".join(
    f"RNCMPT0010{number},PUM,{species}\n"
    for number, species in enumerate(
        ("Homo_sapiens", "Homo_sapiens", "Mus_musculus", "Xenopus", "Fly", "Fly")
    )
)


@says(
    "'pum' has 6 experiments; give one of their ids: RNCMPT00100 (Homo_sapiens), RNCMPT00101 "
    "(Homo_sapiens), RNCMPT00102 (Mus_musculus), RNCMPT00103 (Xenopus), RNCMPT00104 (Fly), "
    "RNCMPT00105 (Fly)"
)
def a_name_with_six_experiments(place: Place) -> Command:
    return place.with_sheet(PUM, "pum")


@says("no experiment is called 'RBFOX'; did you mean RBFOX1?")
def a_name_that_is_nearly_right(place: Place) -> Command:
    return place.with_sheet("Motif_ID,Protein_name,Species\nRNCMPT00168,RBFOX1,Homo_sapiens\n", "RBFOX")


@says("no experiment is called 'QQQQ'; `rbptune proteins` lists what there is")
def a_name_of_nothing(place: Place) -> Command:
    return place.launch(name="QQQQ")


@says("no experiment is called ''; `rbptune proteins` lists what there is")
def an_empty_name(place: Place) -> Command:
    return place.launch(name="")


@says("no protein named; give names, RNCMPT ids, --proteins or --all")
def no_name(place: Place) -> Command:
    return ["launch", "--data", place.simulated]


@says("{root}/data/norm_data.txt: no column RNCMPT00168 (RBFOX1); rbptune proteins lists what was measured")
def an_experiment_that_was_not_measured(place: Place) -> Command:
    return place.with_sheet("Motif_ID,Protein_name,Species\nRNCMPT00168,RBFOX1,Homo_sapiens\n", "RBFOX1")


@says("{root}/list.txt: cannot be read (No such file or directory); give a text file, one protein a line")
def a_list_of_proteins_that_is_missing(place: Place) -> Command:
    return ["launch", "--data", place.simulated, "--proteins", place.root / "list.txt"]


NO_COLUMN = (
    "{root}/data/metadata.csv: its ids (RNCMPT90001_seed, RNCMPT2) are no columns of norm_data.txt "
    "(RNCMPT..., RNCMPT..., RNCMPT... and 3 more); make them agree"
)
SEEDS = "Motif_ID,Protein_name,Species\nRNCMPT90001_seed,SIMFOX,Homo_sapiens\nRNCMPT2,SIMPUM,Homo_sapiens\n"


@says(NO_COLUMN)
def all_of_a_sheet_that_knows_no_column(place: Place) -> Command:
    return [*place.with_sheet(SEEDS, "SIMFOX"), "--all"]


@says(NO_COLUMN)
def a_list_of_a_sheet_that_knows_no_column(place: Place) -> Command:
    place.with_sheet(SEEDS, "SIMFOX")
    return ["proteins", "--data", place.root / "data"]


@says("{root}/list.txt: line 2 is no UTF-8 (byte 0xe9); save it as UTF-8 text")
def a_list_of_proteins_in_another_encoding(place: Place) -> Command:
    (place.root / "list.txt").write_bytes("SIMFOX\nSIMé\n".encode("latin-1"))
    return ["launch", "--data", place.simulated, "--proteins", place.root / "list.txt"]
