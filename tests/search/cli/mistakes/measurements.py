"""Mistakes in the files of measurements."""

from __future__ import annotations

import gzip
import re

from tests.search.cli.mistakes.place import Command, Place, says


@says("{root}/nowhere: no such folder; check --data, or get data by `rbptune fetch` or `rbptune simulate`")
def a_data_folder_that_is_missing(place: Place) -> Command:
    return place.launch(data=place.root / "nowhere")


@says("{data}/norm_data.txt: is a file; give the folder that holds norm_data.txt and the master sheet")
def a_data_folder_that_is_a_file(place: Place) -> Command:
    return place.launch(data=place.simulated / "norm_data.txt")


@says("{root}/data: holds no intensity matrix; put norm_data.txt or norm_data.txt.gz there")
def a_data_folder_without_measurements(place: Place) -> Command:
    (place.root / "data").mkdir()
    return place.launch(data=place.root / "data")


@says(
    "{root}/data: holds no master sheet; put metadata.xlsx, metadata.csv, metadata.tsv or "
    "SupplementaryData1_RNAcompete_master_file.xlsx there"
)
def a_data_folder_without_master_sheet(place: Place) -> Command:
    place.with_matrix(lambda text: text)
    (place.root / "data" / "metadata.xlsx").unlink()
    return place.launch(data=place.root / "data")


@says(
    "{root}/data/metadata.csv: has no column Protein_name, only Motif_ID, Gene; "
    "it needs Motif_ID, Protein_name, Species"
)
def a_sheet_without_its_columns(place: Place) -> Command:
    return place.with_sheet("Motif_ID,Gene\nRNCMPT90001,SIMFOX\n", "SIMFOX")


@says("{root}/data/metadata.xlsx: is no readable table (...); save it again")
def a_sheet_that_is_no_workbook(place: Place) -> Command:
    command = place.with_matrix(lambda text: text)
    (place.root / "data" / "metadata.xlsx").write_text("Motif_ID,Protein_name,Species\n")
    return command


@says("{root}/data/metadata.csv: lists RNCMPT90001 twice; keep one row an experiment")
def a_sheet_that_lists_an_experiment_twice(place: Place) -> Command:
    row = "RNCMPT90001,SIMFOX,Homo_sapiens\n"
    return place.with_sheet(f"Motif_ID,Protein_name,Species\n{row}{row}", "SIMFOX")


@says(
    "{root}/data/norm_data.txt: line 3001 has 3 cells where the header has 9; the file is cut or "
    "damaged, get it again"
)
def a_matrix_cut_in_the_middle_of_a_row(place: Place) -> Command:
    return place.with_matrix(lambda text: text[: text.rindex("\t", 0, -40)])


@says("{root}/data/norm_data.txt.gz: ends in the middle of the compressed data; get it again")
def a_matrix_cut_in_the_middle_of_its_gzip_stream(place: Place) -> Command:
    return place.with_matrix(lambda text: gzip.compress(text.encode())[:100_000], compress=True)


@says("{root}/data/norm_data.txt.gz: is not compressed by gzip, or damaged; get it again")
def a_matrix_that_is_only_called_gz(place: Place) -> Command:
    return place.with_matrix(lambda text: text, compress=True)


@says("{root}/data/norm_data.txt: has no column RNA_Seq; it must be tab separated, with a header")
def a_matrix_without_sequences(place: Place) -> Command:
    return place.with_matrix(lambda text: text.replace("RNA_Seq", "Sequence", 1))


@says("{root}/data/norm_data.txt: is empty; get it again")
def an_empty_matrix(place: Place) -> Command:
    return place.with_matrix(lambda text: "")


@says("{root}/data/norm_data.txt: has a header but no probe; get the file again")
def a_matrix_without_rows(place: Place) -> Command:
    return place.with_matrix(lambda text: text.splitlines()[0] + "\n")


@says(
    "{root}/data/norm_data.txt: line 9 (probe SIM_000008) has 'high' in RNCMPT90001, no finite "
    "number; correct it, or leave it empty if it was not measured"
)
def text_for_an_intensity(place: Place) -> Command:
    return place.with_column(lambda row, value: "high" if row == 7 else value)


@says(
    "{root}/data/norm_data.txt: line 9 (probe SIM_000008) has 'inf' in RNCMPT90001, no finite "
    "number; correct it, or leave it empty if it was not measured"
)
def an_infinite_intensity(place: Place) -> Command:
    return place.with_column(lambda row, value: "inf" if row == 7 else value)


@says(
    "{root}/data/norm_data.txt: RNCMPT90001 (SIMFOX), training probes: 2 measured, at least 100 "
    "needed; choose another experiment"
)
def three_measured_probes(place: Place) -> Command:
    return place.with_column(lambda row, value: str(row) if row < 3 else "")


@says(
    "{root}/data/norm_data.txt: RNCMPT90001 (SIMFOX), training probes: all measured 1.5; choose "
    "another experiment"
)
def intensities_that_are_all_the_same(place: Place) -> Command:
    return place.with_column(lambda row, value: "1.5")


@says(
    "{root}/data/norm_data.txt: line 2 (probe SIM_000001) has a bad RNA_Seq: 'M' in 'MKVLA' is no "
    "RNA letter; use A, C, G, U, T or N"
)
def a_probe_with_protein_letters(place: Place) -> Command:
    return place.with_matrix(lambda text: re.sub(r"Set([AB])\t\w+", r"Set\1\tMKVLA", text, count=1))


@says("{root}/data/norm_data.txt: line 2 (probe SIM_000001) has the Probe_Set 'SetC'; use SetA or SetB")
def a_probe_of_a_third_set(place: Place) -> Command:
    return place.with_matrix(lambda text: text.replace("\tSetA\t", "\tSetC\t", 1))
