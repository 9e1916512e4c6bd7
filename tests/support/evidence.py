"""Evidence of a study that never was, with something of every kind in it."""

from __future__ import annotations

from search.evidence.evidence import (
    Baselines,
    Ceiling,
    Ceilings,
    Evidence,
    FirstTrial,
    Missing,
    Published,
    RankScore,
    Ridge,
    Scores,
    Verdict,
)
from search.evidence.motif_records import DataMotif, Filter, Known, Motif, Similar, Word, WordMotif

PWM = ((0.02, 0.02, 0.02, 0.94), (0.02, 0.02, 0.94, 0.02), (0.02, 0.94, 0.02, 0.02), (0.4, 0.1, 0.1, 0.4))
EVIDENCE = Evidence(
    Ceilings(Ceiling(41, 0.81, (0.83, 0.87), (0.88, 0.91)), Missing("no sequence stands twice in it")),
    Baselines(Ridge(3.16, Scores(0.41, 0.52), Scores(0.4, 0.51)), FirstTrial(RankScore(0.45))),
    Published("RNCMPT00168", {"MultiRBP": 0.82, "DeepBind": 0.71}, "Karin et al. 2021, table S3"),
    (Motif("UGCW", 0.8, PWM, 120), Motif("GCAU", 0.1, PWM[::-1], 30)),
    WordMotif("UGC", PWM[:3], ("UGCAUGU", "UGCAUGC")),
    (Filter(3, "UGC", 0.4, PWM[:3]),),
    DataMotif((Word("UGCAUGU", 21.5), Word("GCAUGUA", 14.0)), (Word("UGCAUGU", 20.1),)),
    Known("UGCAUG", "Ray et al. 2013", "sites", 1e-5, 0, 4),
    (Similar("UGCAUG", ("RBFOX1",), ("RNCMPT00168",), 1e-5),),
    Verdict("green", ("It reaches 0.54 of a possible 0.87.", "Its members agree.", "Its motif is known.")),
)
