"""Mistakes with what came out: exports, tables, predictions, pages."""

from __future__ import annotations

import json

from tests.search.cli.mistakes.place import Command, Place, says
from tests.support.commands import rbptune


@says("no cnn study of 'SIMPTB' in this workspace; rbptune status lists what there is")
def the_export_of_an_unknown_study(place: Place) -> Command:
    place.done()
    return ["export", "SIMPTB", "--out", place.root / "model"]


@says("no rnn study of 'SIMFOX' in this workspace; rbptune status lists what there is")
def the_export_of_the_other_architecture(place: Place) -> Command:
    place.done()
    return ["export", "SIMFOX", "--arch", "rnn", "--out", place.root / "model"]


@says(
    "study SIMFOX/RNCMPT90001/cnn is not done: no "
    "rbptune-workspace/artifacts/SIMFOX/RNCMPT90001/cnn/result.json; see rbptune status, and launch it again "
    "to go on"
)
def the_export_of_an_unfinished_study(place: Place) -> Command:
    assert rbptune(*place.launch("--detach")).code == 0
    return ["export", "SIMFOX", "--out", place.root / "model"]


@says("{root}/thesis: holds other files; give a new or empty folder to --out")
def an_export_onto_other_files(place: Place) -> Command:
    place.done()
    (place.root / "thesis").mkdir()
    (place.root / "thesis" / "chapter1.txt").write_text("RNA")
    return ["export", "SIMFOX", "--out", place.root / "thesis"]


@says("--format xlsx: is no text; give the file to write with --out")
def a_spreadsheet_on_the_terminal(place: Place) -> Command:
    place.done()
    return ["leaderboard", "--format", "xlsx"]


@says("--format 'pdf': is not one of 'table', 'csv', 'tsv', 'json', 'xlsx'; see rbptune leaderboard --help")
def an_unknown_format(place: Place) -> Command:
    return ["leaderboard", "--format", "pdf"]


@says("{data}/config.json: no such file or directory; give the folder of an exported model, complete")
def a_prediction_without_export(place: Place) -> Command:
    return place.predict(">a\nACGU\n", place.simulated)


@says("{root}/model/weights-1.safetensors: damaged or not written by rbptune; restore it or make it anew")
def a_prediction_with_damaged_weights(place: Place) -> Command:
    weights = place.export() / "weights-1.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    return place.predict(">a\nACGU\n", place.root / "model")


@says("{root}/model/config.json: format 99, this version reads 1 and 2; update rbptune")
def a_prediction_with_a_config_of_another_version(place: Place) -> Command:
    path = place.export() / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": 99}))
    return place.predict(">a\nACGU\n", place.root / "model")


@says("{root}/new.fasta: no such file; give FASTA, a table separated by tabs, or a sequence a line")
def a_fasta_that_is_missing(place: Place) -> Command:
    return place.predict(None)


@says(
    "{root}/new.fasta: record 'protein' has the letter 'L' in line 5; only A, C, G, U, T, N and ambiguous "
    "bases (R, Y, ...) can be scored"
)
def a_fasta_with_protein_letters(place: Place) -> Command:
    return place.predict(">rna\nACGU\n>protein\nACGU\nMKVLAAG\n")


@says("{root}/new.fasta: holds no sequence; give FASTA, a table separated by tabs, or a sequence a line")
def an_empty_fasta(place: Place) -> Command:
    return place.predict("")


@says("{root}/new.fasta: line 1 is no sequence; this looks like a table with commas, save it with tabs")
def sequences_between_commas(place: Place) -> Command:
    return place.predict("name,sequence\na,ACGU\n")


@says(
    "{root}/new.fasta: has 3 columns, and none is called sequence; call it so in a header, or give two "
    "columns, name and sequence"
)
def a_table_that_does_not_say_where_the_sequences_are(place: Place) -> Command:
    return place.predict("a\tb\tACGU\n")


@says("--threshold: is for the peaks of --track; give that, too")
def a_threshold_of_no_peaks(place: Place) -> Command:
    return [*place.predict(">a\nACGU\n"), "--threshold", "1"]


@says("{root}/new.fasta: is the input {root}/new.fasta itself; write to another file")
def a_track_onto_its_own_input(place: Place) -> Command:
    return [*place.predict(">a\nACGU\n"), "--track", place.root / "new.fasta"]


@says("--threads '0': should be greater than or equal to 1; see rbptune predict --help")
def no_threads(place: Place) -> Command:
    return [*place.predict(">a\nACGU\n"), "--threads", 0]


@says("{root}/new.fasta: record 'a' has no sequence; complete it or remove it")
def a_record_without_sequence(place: Place) -> Command:
    return place.predict(">a\n>b\nACGU\n")


@says(
    "{root}/new.fasta: has the ambiguous letter 'R' in line 2, record 'a'; without --strict it is read as N"
)
def an_ambiguous_letter_where_none_is_wanted(place: Place) -> Command:
    return [*place.predict(">a\nACRU\n"), "--strict"]


@says("{root}/new.fasta: is the input {root}/new.fasta itself; write to another file")
def a_prediction_onto_its_own_input(place: Place) -> Command:
    return [*place.predict(">a\nACGU\n"), "--out", place.root / "new.fasta"]


@says("link.tsv: is the input {root}/new.fasta itself; write to another file")
def a_prediction_onto_a_link_to_its_input(place: Place) -> Command:
    command = place.predict(">a\nACGU\n")
    (place.root / "link.tsv").hardlink_to(place.root / "new.fasta")
    return [*command, "--out", "link.tsv"]


@says("link.tsv: is the input {root}/model/config.json itself; write to another file")
def a_prediction_onto_a_part_of_its_model(place: Place) -> Command:
    command = place.predict(">a\nACGU\n")
    (place.root / "link.tsv").symlink_to("model/config.json")
    return [*command, "--out", "link.tsv"]


@says("s.xlsx: predictions are text; end the name in .tsv or .csv")
def a_prediction_into_a_spreadsheet(place: Place) -> Command:
    return [*place.predict(">a\nACGU\n"), "--out", "s.xlsx"]


@says("s.tsv.bz2: .bz2 cannot be written; end the name in .gz, or compress it later")
def a_prediction_in_another_compression(place: Place) -> Command:
    return [*place.predict(">a\nACGU\n"), "--out", "s.tsv.bz2"]


@says("{root}/link.db: is the input ...studies.db itself; write to another file")
def a_leaderboard_onto_the_database(place: Place) -> Command:
    (place.root / "link.db").symlink_to(place.done() / "studies.db")
    return ["leaderboard", "--out", place.root / "link.db"]


@says("board.csv: ends in .csv, but --format is xlsx; change one of them")
def a_leaderboard_of_two_formats(place: Place) -> Command:
    place.done()
    return ["leaderboard", "--format", "xlsx", "--out", "board.csv"]


@says("board.xlsx.gz: a workbook is compressed already; end the name in .xlsx")
def a_leaderboard_that_is_compressed_twice(place: Place) -> Command:
    place.done()
    return ["leaderboard", "--out", "board.xlsx.gz"]


@says("{root}: is a folder; give the name of a file")
def an_output_that_is_a_folder(place: Place) -> Command:
    return [*place.predict(">a\nACGU\n"), "--out", place.root]


@says(".: is a folder; give the name of a file")
def a_leaderboard_into_a_folder(place: Place) -> Command:
    return ["leaderboard", "--workspace", place.done(), "--format", "csv", "--out", "."]


@says(
    "--host 'no.such.host.invalid': cannot be served on (...); give localhost or an address of this machine"
)
def a_host_that_is_none(place: Place) -> Command:
    place.done()
    return ["dashboard", "--host", "no.such.host.invalid"]


@says(
    "{root}/v.tsv: line 2: ref is 'C', but 'A' stands there in 'a' of {root}/new.fasta; correct position or "
    "ref"
)
def a_variant_of_another_sequence(place: Place) -> Command:
    return place.variants("name\tpos\tref\talt\na\t1\tC\tG\n")


@says("{root}/v.tsv: line 1: position 5 is out of range; 'a' has 4 letters in {root}/new.fasta")
def a_variant_beyond_the_end(place: Place) -> Command:
    return place.variants("a\t5\tC\tG\n")


@says("{root}/v.tsv: holds no variant; give a table of name, position, ref and alt, separated by tabs")
def a_table_without_variants(place: Place) -> Command:
    return place.variants("")


@says("{root}/v.tsv: line 1: alt is 'J'; only letters A, C, G, U and T can be scored")
def a_variant_of_an_unknown_letter(place: Place) -> Command:
    return place.variants("a\t1\tA\tJ\n")


@says("standard input cannot be both, sequences and table; give one of them as a file")
def everything_on_standard_input(place: Place) -> Command:
    return ["variants", place.export(), "-", "-"]


@says("--picture map.gif: end the name in .svg or .png")
def a_picture_of_another_kind(place: Place) -> Command:
    return ["mutate", place.export(), "ACGU", "--picture", "map.gif"]


@says("ACGJ: no such file; give FASTA, a table separated by tabs, or a sequence a line")
def a_sequence_of_unknown_letters(place: Place) -> Command:
    return ["mutate", place.export(), "ACGJ"]


@says("combine: give two exports or more")
def a_single_export_to_combine(place: Place) -> Command:
    return ["combine", place.export(), "--out", place.root / "both"]


@says("{root}/model: holds other files; give a new or empty folder to --out")
def exports_combined_onto_one_of_them(place: Place) -> Command:
    return ["combine", place.export(), place.root, "--out", place.root / "model"]


@says("{root}/model/both: lies in the export {root}/model; give a folder outside of it to --out")
def exports_combined_inside_one_of_them(place: Place) -> Command:
    model = place.export()
    return ["combine", model, place.root, "--out", model / "both"]
