"""Ops of the family: detection."""

from __future__ import annotations

from dragoman.ops.define import Bool, ElementType, Enum, Float, Floats, In, Int, Ints, Op, Str, op


@op("DetectionOutput", "opset1")
class DetectionOutputV1(Op):
    """DetectionOutput (opset1)."""

    box_logits = In()
    class_preds = In()
    proposals = In()
    aux_class_preds = In(optional=True)
    aux_box_preds = In(optional=True)
    num_classes = Int(0)
    background_label_id = Int(0)
    top_k = Int(-1)
    variance_encoded_in_target = Bool(False)
    keep_top_k = Ints(())
    code_type = Str("caffe.PriorBoxParameter.CORNER")
    share_location = Bool(True)
    nms_threshold = Float(0.0)
    confidence_threshold = Float(0.0)
    clip_after_nms = Bool(False)
    clip_before_nms = Bool(False)
    decrease_label_id = Bool(False)
    normalized = Bool(False)
    input_height = Int(1)
    input_width = Int(1)
    objectness_score = Float(0.0)


@op("DetectionOutput", "opset8")
class DetectionOutput(Op):
    """DetectionOutput (opset8)."""

    box_logits = In()
    class_preds = In()
    proposals = In()
    aux_class_preds = In(optional=True)
    aux_box_preds = In(optional=True)
    background_label_id = Int(0)
    top_k = Int(-1)
    variance_encoded_in_target = Bool(False)
    keep_top_k = Ints(())
    code_type = Str("caffe.PriorBoxParameter.CORNER")
    share_location = Bool(True)
    nms_threshold = Float(0.0)
    confidence_threshold = Float(0.0)
    clip_after_nms = Bool(False)
    clip_before_nms = Bool(False)
    decrease_label_id = Bool(False)
    normalized = Bool(False)
    input_height = Int(1)
    input_width = Int(1)
    objectness_score = Float(0.0)


@op("PriorBox", "opset1")
class PriorBoxV1(Op):
    """PriorBox (opset1)."""

    layer_shape = In()
    image_shape = In()
    min_size = Floats(())
    max_size = Floats(())
    aspect_ratio = Floats(())
    density = Floats(())
    fixed_ratio = Floats(())
    fixed_size = Floats(())
    clip = Bool(False)
    flip = Bool(False)
    step = Float(0.0)
    offset = Float(0.0)
    variance = Floats(())
    scale_all_sizes = Bool(True)


@op("PriorBox", "opset8")
class PriorBox(Op):
    """PriorBox (opset8)."""

    layer_shape = In()
    image_shape = In()
    min_size = Floats(())
    max_size = Floats(())
    aspect_ratio = Floats(())
    density = Floats(())
    fixed_ratio = Floats(())
    fixed_size = Floats(())
    clip = Bool(False)
    flip = Bool(False)
    step = Float(0.0)
    offset = Float(0.0)
    variance = Floats(())
    scale_all_sizes = Bool(True)
    min_max_aspect_ratios_order = Bool(True)


@op("PriorBoxClustered", "opset1")
class PriorBoxClustered(Op):
    """PriorBoxClustered (opset1)."""

    output_size = In()
    image_size = In()
    step = Float(0.0)
    step_w = Float(0.0)
    step_h = Float(0.0)
    width = Floats(())
    height = Floats(())
    clip = Bool(True)
    offset = Float(0.0)
    variance = Floats(())


@op("Proposal", "opset1")
class ProposalV1(Op):
    """Proposal (opset1)."""

    class_probs = In()
    bbox_deltas = In()
    image_shape = In()
    base_size = Int(0)
    pre_nms_topn = Int(0)
    post_nms_topn = Int(0)
    nms_thresh = Float(0.0)
    feat_stride = Int(1)
    min_size = Int(1)
    ratio = Floats(())
    scale = Floats(())
    clip_before_nms = Bool(True)
    clip_after_nms = Bool(False)
    normalize = Bool(False)
    box_size_scale = Float(1.0)
    box_coordinate_scale = Float(1.0)
    framework = Str("")


@op("Proposal", "opset4")
class Proposal(Op):
    """Proposal (opset4)."""

    class_probs = In()
    bbox_deltas = In()
    image_shape = In()
    base_size = Int(0)
    pre_nms_topn = Int(0)
    post_nms_topn = Int(0)
    nms_thresh = Float(0.0)
    feat_stride = Int(1)
    min_size = Int(1)
    ratio = Floats(())
    scale = Floats(())
    clip_before_nms = Bool(True)
    clip_after_nms = Bool(False)
    normalize = Bool(False)
    box_size_scale = Float(1.0)
    box_coordinate_scale = Float(1.0)
    framework = Str("")
    outputs = 2


@op("RegionYolo", "opset1")
class RegionYolo(Op):
    """RegionYolo (opset1)."""

    input = In()
    anchors = Floats(())
    axis = Int(0)
    coords = Int(0)
    classes = Int(0)
    end_axis = Int(0)
    num = Int(0)
    do_softmax = Bool(False)
    mask = Ints(())


@op("ROIPooling", "opset2")
class ROIPooling(Op):
    """ROIPooling (opset2)."""

    input = In()
    coords = In()
    output_size = Ints((0, 0))
    output_roi = Ints((0, 0))
    pooled_h = Int(0)
    pooled_w = Int(0)
    spatial_scale = Float(0.0)
    method = Str("max")


@op("PSROIPooling", "opset1")
class PSROIPooling(Op):
    """PSROIPooling (opset1)."""

    input = In()
    coords = In()
    output_dim = Int(0)
    group_size = Int(0)
    spatial_scale = Float(0.0)
    mode = Str("")
    spatial_bins_x = Int(0)
    spatial_bins_y = Int(0)


@op("DeformablePSROIPooling", "opset1")
class DeformablePSROIPooling(Op):
    """DeformablePSROIPooling (opset1)."""

    feature_maps = In()
    coords = In()
    offsets = In(optional=True)
    output_dim = Int(0)
    spatial_scale = Float(0.0)
    group_size = Int(1)
    mode = Str("bilinear_deformable")
    spatial_bins_x = Int(1)
    spatial_bins_y = Int(1)
    trans_std = Float(1.0)
    part_size = Int(1)


@op("ROIAlign", "opset3")
class ROIAlignV3(Op):
    """ROIAlign (opset3)."""

    data = In()
    rois = In()
    batch_indices = In()
    pooled_h = Int(0)
    pooled_w = Int(0)
    sampling_ratio = Int(0)
    spatial_scale = Float(0.0)
    mode = Enum("avg", "max", default="avg")


@op("ROIAlign", "opset9")
class ROIAlign(Op):
    """ROIAlign (opset9)."""

    data = In()
    rois = In()
    batch_indices = In()
    pooled_h = Int(0)
    pooled_w = Int(0)
    sampling_ratio = Int(0)
    spatial_scale = Float(0.0)
    mode = Enum("avg", "max", default="avg")
    aligned_mode = Enum("asymmetric", "half_pixel", default="asymmetric")


@op("ROIAlignRotated", "opset15")
class ROIAlignRotated(Op):
    """ROIAlignRotated (opset15)."""

    data = In()
    rois = In()
    batch_indices = In()
    pooled_h = Int(0)
    pooled_w = Int(0)
    sampling_ratio = Int(0)
    spatial_scale = Float(0.0)
    clockwise_mode = Bool(False)


@op("GenerateProposals", "opset9")
class GenerateProposals(Op):
    """GenerateProposals (opset9)."""

    im_info = In()
    anchors = In()
    deltas = In()
    scores = In()
    min_size = Float(0.0)
    nms_threshold = Float(0.0)
    post_nms_count = Int(0)
    pre_nms_count = Int(0)
    normalized = Bool(True)
    nms_eta = Float(1.0)
    roi_num_type = ElementType("i64")
    outputs = 3
