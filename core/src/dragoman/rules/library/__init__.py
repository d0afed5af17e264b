"""The core's own rules, one a file; they register through the same hook as any plugin's."""

from __future__ import annotations

from dragoman.rules.library.fold_constants import FoldConstants
from dragoman.rules.library.fold_mean_into_bias import FoldMeanIntoBias
from dragoman.rules.library.fuse_batch_norm import FuseBatchNorm
from dragoman.rules.library.fuse_pad import FusePad
from dragoman.rules.library.fuse_scale import FuseScale
from dragoman.rules.library.merge_biases import MergeBiases
from dragoman.rules.library.merge_casts import MergeCasts
from dragoman.rules.library.merge_reshapes import MergeReshapes
from dragoman.rules.library.merge_transposes import AbsorbTranspose, MergeTransposes
from dragoman.rules.library.recognise_gelu import RecogniseGelu, RecogniseTanhGelu
from dragoman.rules.library.recognise_hswish import RecogniseHSwish
from dragoman.rules.library.recognise_mvn import RecogniseMVN
from dragoman.rules.library.remove_dead import RemoveDead, RemoveDeadLayers
from dragoman.rules.library.remove_identity import RemoveIdentity
from dragoman.rules.rule import Pass, Rule

_RULES: tuple[type[Rule] | type[Pass], ...] = (
    AbsorbTranspose,
    FoldConstants,
    FoldMeanIntoBias,
    FuseBatchNorm,
    FusePad,
    FuseScale,
    MergeBiases,
    MergeCasts,
    MergeReshapes,
    MergeTransposes,
    RecogniseGelu,
    RecogniseHSwish,
    RecogniseMVN,
    RecogniseTanhGelu,
    RemoveDead,
    RemoveDeadLayers,
    RemoveIdentity,
)


def core_rules() -> list[type[Rule] | type[Pass]]:
    """Every rule of the core."""
    return list(_RULES)
